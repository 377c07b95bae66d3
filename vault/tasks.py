"""What a request of a data subject wants of other systems: one row a system, kept until the request is complete.

A facade over the table `task`, like `vault.tokens` over tokens. A task is done by program or by a person. It holds the
random id of the subject and no value; the failure of an attempt is one word of ours, never what a system answered.

`waiting` and `tick` are for principals and on record in the ledger; the other calls belong to the program that carries
requests out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, unique
from typing import Any, Final
from uuid import UUID

from policies.model import Access, PolicySet, Principal, Reach, SubjectId
from vault.errors import Refused, Unknown
from vault.house import House
from vault.ledger.book import Act as LedgerAct
from vault.ledger.book import Kind, TimeOrderedIds
from vault.request import MAX_PAGE, Withheld

FIELD: Final = "rights_request.kind"
"""What a refusal names: tasks follow from requests."""
OVERSEES: Final = "audit"
HANDLES: Final = "rights"

COLUMNS: Final = "id, request, subject, act, system, manual, state, responsible, due, attempts, failure, changed_at"
ADD: Final = """
INSERT INTO task (id, request, subject, act, system, manual, state, responsible, due, attempts, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, 0, $9) ON CONFLICT (request, act, system) DO NOTHING
"""
TRIED: Final = """
UPDATE task SET state = $2, attempts = attempts + 1, failure = $3, changed_at = $4
WHERE id = $1 AND state <> 'done' AND NOT manual
"""
TICK: Final = """
UPDATE task SET state = 'done', changed_at = CASE WHEN state = 'done' THEN changed_at ELSE $2 END
WHERE id = $1 AND manual AND responsible = $3 RETURNING
"""
PAGE: Final = """
WHERE state <> 'done' AND ($1::uuid IS NULL OR responsible = $1) AND ($2::uuid IS NULL OR id > $2)
ORDER BY id LIMIT $3
"""


@unique
class Act(Enum):
    """What is wanted of a system."""

    ACCESS = "access"
    ERASE = "erase"


@unique
class State(Enum):
    """How a task stands. `FAILED`: the last attempt did not work, and it is tried again."""

    OPEN = "open"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """A task to make: who answers for it, and by which day."""

    request: UUID
    subject: SubjectId
    act: Act
    system: str
    manual: bool
    responsible: UUID
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands."""

    id: UUID
    request: UUID
    subject: SubjectId
    act: Act
    system: str
    manual: bool
    state: State
    responsible: UUID
    due: date
    attempts: int
    failure: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Oldest first. `more`: later ones follow the last."""

    tasks: Sequence[Task]
    more: bool


class Tasks:
    """The task table. Safe to share between tasks of the loop: it keeps nothing in memory."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ids = TimeOrderedIds(house.entropy)

    async def add(self, specs: Sequence[TaskSpec]) -> None:
        """Make tasks. A system that has one for this request and act keeps it: sending a request twice adds nothing."""
        now = self._house.clock()
        async with self._house.control.transaction() as connection:
            for each in specs:
                await connection.execute(
                    ADD, self._ids(now), each.request, each.subject, each.act.value, each.system, each.manual,
                    each.responsible, each.due, now,
                )  # fmt: skip

    async def of_request(self, request: UUID) -> Sequence[Task]:
        """Every task of a request, oldest first."""
        rows = await self._house.control.fetch(
            f"SELECT {COLUMNS} FROM task WHERE request = $1 ORDER BY id",  # noqa: S608  (a constant)
            request,
        )
        return [_task(row) for row in rows]

    async def tried(self, task: UUID, failure: str | None) -> None:
        """Put down how an attempt of the program ended; without a failure the task is done. Done stays done."""
        state = State.DONE if failure is None else State.FAILED
        await self._house.control.execute(TRIED, task, state.value, failure, self._house.clock())

    async def waiting(self, who: Principal, reason: str | None, after: UUID | None, first: int) -> TaskPage:
        """Tasks that are not done: all of them for whoever audits, their own for staff who handle requests.

        Raises:
            Refused: neither purpose is this principal's, a second factor was not proven, or a reason is missing.
        """
        purpose, own = await self._purpose(who, reason)
        await self._note(who, Kind.OPENED, purpose, reason, None)
        size = max(1, min(first, MAX_PAGE))
        rows = await self._house.control.fetch(
            f"SELECT {COLUMNS} FROM task {PAGE}",  # noqa: S608  (constants)
            who.account if own else None, after, size + 1,
        )  # fmt: skip
        return TaskPage([_task(row) for row in rows[:size]], more=len(rows) > size)

    async def tick(self, who: Principal, task: UUID, reason: str | None) -> Task:
        """Say that a manual task is done; only its responsible can. Idempotent.

        Raises:
            Refused: as `waiting`.
            Unknown: no such manual task of theirs.
        """
        purpose, _ = await self._purpose(who, reason)
        await self._note(who, Kind.ADMINISTERED, purpose, reason, None)
        row = await self._house.control.fetchrow(f"{TICK} {COLUMNS}", task, self._house.clock(), who.account)
        if row is None:
            raise Unknown("no such task")
        return _task(row)

    async def _purpose(self, who: Principal, reason: str | None) -> tuple[str, bool]:
        """By which purpose the principal sees tasks, and whether only their own."""
        found = overseeing(self._house.policy, who, reason)
        if isinstance(found, Withheld):
            await self._note(who, Kind.REFUSED, HANDLES, None, found)
            raise Refused([found])
        return found

    async def _note(
        self, who: Principal, kind: Kind, purpose: str, reason: str | None, refused: Withheld | None
    ) -> None:
        """On record before anything is shown or changed, and only while the token is live."""
        access = Access(purpose, reason, min(who.roles, default="nobody"))
        stopped = frozenset({refused} if refused else ())
        while not await self._house.committer.record(
            await self._house.book.entry(LedgerAct(kind, who, access, {}, (), stopped))
        ):
            await self._house.token_is_live(who)


def overseeing(policy: PolicySet, who: Principal, reason: str | None) -> tuple[str, bool] | Withheld:
    """By which purpose a principal sees tasks and whether only their own, or the rule that keeps them from it."""
    for purpose, own in ((OVERSEES, False), (HANDLES, True)):
        if acting := _reaching(policy, who, purpose):
            if not who.second_factor and any(policy.roles[role].second_factor for role in acting):
                return Withheld(FIELD, "second_factor", personal=False)
            if policy.purposes[purpose].reason_required and not reason:
                return Withheld(FIELD, "reason", personal=False)
            return purpose, own
    return Withheld(FIELD, "role", personal=False)


def _reaching(policy: PolicySet, who: Principal, purpose: str) -> list[str]:
    """The principal's staff and officer roles that reach everybody with this purpose."""
    known = policy.purposes.get(purpose)
    return [role for role in sorted(who.roles) if known and known.roles.get(role) is Reach.POPULATION]


def _task(row: Any) -> Task:
    return Task(
        id=row["id"],
        request=row["request"],
        subject=SubjectId(row["subject"]),
        act=Act(row["act"]),
        system=row["system"],
        manual=row["manual"],
        state=State(row["state"]),
        responsible=row["responsible"],
        due=row["due"],
        attempts=row["attempts"],
        failure=row["failure"],
        changed_at=row["changed_at"],
    )
