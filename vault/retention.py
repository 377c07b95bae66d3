"""DOOR to nowhere, by the calendar: what is over, what will be, and the run that destroys it.

`run` is a loop over pages in the order of their dates; each page is one transaction (`expiring.py`). Nothing is kept
about how far it came: what a page did is due no longer, so a run killed anywhere is finished by the next, and a second
run finds nothing. It begins by looking at the clock (`ticking.py`) and holds a lock, so that of many workers one
runs. First it gathers those of whom something is to be detached, since that takes ten at once (`detaching.py`).

`forecast` asks of a day to come what `run` will ask on that day. Both read the index of months, so what is not due soon
is not opened; what has no date (an anchor is missing, a state or a consent keeps it) is found by `missing` and
`verdicts` only, which open standings one by one.

Who may: the house itself on its schedule (`who` None), and whom the purpose `erasure` lets reach everybody. One person
is enough: there is nothing to decide. Reading is on record as `explained`: no contents are opened.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias, TypeVar

from policies.ending import Ending
from policies.model import Access, Principal, Reach, RecordId, Sequel, SubjectId
from policies.oslo import oslo_date
from policies.retention import NoAnchor, due
from policies.retention import Retention as Answer
from vault.detaching import batches, detaches
from vault.errors import BrokenSeal, Contended, Invalid, Refused, Unknown
from vault.expiring import Expiring, Reached
from vault.house import House
from vault.judging import Tally, pieces
from vault.ledger.book import Act, Kind, Outcome
from vault.request import MAX_PAGE, Withheld
from vault.series.lanes import series_keys
from vault.storage.expiring import EXPIRY_LOCK, Month, Place, due_page, months_page, people_page
from vault.ticking import PURPOSE, Alarm, acknowledge, alarm, tick

T = TypeVar("T")
P = TypeVar("P")
Fetch: TypeAlias = Callable[[Any, T, P | None, int], Awaitable[list[P]]]

PAGE: Final = 100
"""Subjects of one transaction: few enough that nobody waits long for their locks."""
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Ends:
    """What of one subject is over."""

    subject: SubjectId
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class EndsPage:
    """In the order of the subjects' ids. `more`: go on behind `last`. `damaged` ones did not open."""

    found: tuple[Ends, ...]
    damaged: tuple[SubjectId, ...]
    last: SubjectId | None
    more: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What keeps one category of one record, or that nothing does."""

    subject: SubjectId
    record: RecordId
    category: str
    period: datetime | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """In the order of the subjects' ids. `more`: go on behind `last`. `damaged` ones did not open."""

    found: tuple[Verdict, ...]
    damaged: tuple[SubjectId, ...]
    last: SubjectId | None
    more: bool


def _silent(_step: str, _done: int) -> None:
    """No progress."""


def _nowhere(_point: str) -> None:
    """Nobody waits at a point."""


class Retention:
    """The rules of the policy, carried out."""

    def __init__(self, house: House) -> None:
        self._house = house

    # -- what is over, and what will be --------------------------------------------------------------------------------

    async def forecast(
        self, who: Principal | None, at: datetime, after: SubjectId | None = None, first: int = PAGE
    ) -> EndsPage:
        """What a run would destroy at `at` if nothing else happens until then; with `at` now, what is due.

        Raises:
            Refused: this principal may not.
            TokenRefused: the principal's token is no longer live.
        """
        access = await self._access(who, f"forecast for {oslo_date(at)}")
        size = max(1, min(first, MAX_PAGE))
        async with self._house.control.connection() as connection:
            page = await people_page(connection, _month(at), self._last_month(at), after, size + 1)
        tally = Tally()
        judged = await Expiring(self._house, _nowhere).judge(page[:size], at, tally)
        found = tuple(
            Ends(each.subject, tuple(end for _, end in (*each.dying, *each.summed)))
            for each in sorted(judged, key=lambda each: each.subject)
            if each.dying or each.summed
        )
        await self._note(who, access, [each.subject for each in found])
        return EndsPage(found, tuple(tally.damaged), page[:size][-1] if page else None, more=len(page) > size)

    async def verdicts(self, who: Principal | None, subject: SubjectId, at: datetime) -> Sequence[Verdict]:
        """What keeps each thing stored of one subject at `at`.

        Raises:
            Refused, TokenRefused: as `forecast`.
            Unknown: there is no such subject.
            BrokenSeal: its standing does not open.
        """
        access = await self._access(who, f"what is kept on {oslo_date(at)}")
        rows = await self._house.subjects([subject], heads=False)
        if subject not in rows:
            raise Unknown("no such subject")
        found = await self._verdicts(subject, at)
        await self._note(who, access, [subject])
        return found

    async def missing(
        self, who: Principal | None, at: datetime, after: SubjectId | None = None, first: int = PAGE
    ) -> VerdictPage:
        """What has no date because its anchor is missing: kept, never silently. Opens every standing of the page.

        Raises:
            Refused, TokenRefused: as `forecast`.
        """
        access = await self._access(who, "anchors that are missing")
        size = max(1, min(first, MAX_PAGE))
        async with self._house.control.connection() as connection:
            page = await people_page(connection, None, 0, after, size + 1)
        found: list[Verdict] = []
        damaged: list[SubjectId] = []
        for subject in page[:size]:
            try:
                verdicts = await self._verdicts(subject, at)
            except BrokenSeal:
                damaged.append(subject)
            else:
                found += [verdict for verdict in verdicts if isinstance(verdict.answer, NoAnchor)]
        await self._note(who, access, list(dict.fromkeys(verdict.subject for verdict in found)))
        return VerdictPage(tuple(found), tuple(damaged), page[:size][-1] if page else None, more=len(page) > size)

    async def _verdicts(self, subject: SubjectId, at: datetime) -> list[Verdict]:
        rows = await self._house.subjects([subject], heads=False)
        found: list[Verdict] = []
        for row in rows.values():
            loaded = self._house.standing(row)
            for piece in pieces(self._house.policy, loaded, await series_keys(self._house, loaded)):
                record, category = piece.place
                answer = due(self._house.policy, category, record, loaded.standing, at, period=piece.period)
                found.append(Verdict(subject, record, category, piece.period, answer))
        return found

    # -- the run -------------------------------------------------------------------------------------------------------

    async def run(
        self,
        who: Principal | None,
        *,
        until: datetime | None = None,
        subject: SubjectId | None = None,
        told: Told = _silent,
        reached: Reached = _nowhere,
    ) -> Tally:
        """Destroy what is over now, or was at `until`; of everybody, or of one subject.

        Raises:
            Refused: this principal may not.
            TokenRefused: its token is no longer live.
            Invalid: `until` has not come yet.
            ClockJumped: the clock cannot be believed; nothing was destroyed.
            Contended: another process runs.
            Unavailable: a database or the key service does not answer; run it again.
        """
        access = await self._access(who, "retention")
        if until is not None and until > self._house.clock():
            raise Invalid("until", "that day has not come; `forecast` tells what will be over by then")
        async with self._alone():
            now = await tick(self._house)
            at = now if until is None else until
            expiring, tally = Expiring(self._house, reached), Tally()
            for batch in await self._gathered(expiring, at, subject, told):
                tally.add(await expiring.expire(who, access, batch, at, batch=True))
                told("detach", tally.detached)
            reached("gathered")
            async for page in self._pages(at, subject):
                tally.add(await expiring.expire(who, access, page, at))
                reached("paged")
                told("destroy", tally.subjects)
        return tally

    async def _gathered(
        self, expiring: Expiring, at: datetime, subject: SubjectId | None, told: Told
    ) -> list[list[SubjectId]]:
        """Batches of those of whom something is to go on; none if there are too few, or one person is asked for."""
        rules = self._house.policy.retention.values()
        if subject is not None or not any(rule.then is Sequel.DETACH for rule in rules):
            return []
        people: list[SubjectId] = []
        weighed = 0
        async for page in self._pages(at, None):
            judged = await expiring.judge(page, at, Tally())
            people += [each.subject for each in judged if detaches(self._house, each)]
            weighed += len(page)
            told("gather", weighed)
        return batches(people, self._house.entropy)

    async def _pages(self, at: datetime, subject: SubjectId | None) -> AsyncGenerator[list[SubjectId], None]:
        """By their dates; then, for what arrives without one, by the months of series."""
        if subject is not None:
            yield [subject]
            return
        place: Place | None = None
        while page := await self._page(due_page, _month(at), place):
            yield [subject for _, subject in page]
            place = page[-1]
        month: Month | None = None
        while months := await self._page(months_page, self._last_month(at), month):
            yield list(dict.fromkeys(subject for _, subject in months))
            month = months[-1]

    async def _page(self, fetch: Fetch[T, P], last: T, after: P | None) -> list[P]:
        async with self._house.control.connection() as connection:
            return await fetch(connection, last, after, PAGE)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        guard = await self._house.control.dedicated()
        try:
            if not await guard.fetchval("select pg_try_advisory_lock($1)", EXPIRY_LOCK):
                raise Contended("another process is running the retention")
            yield
        finally:
            await guard.close()

    # -- the clock -----------------------------------------------------------------------------------------------------

    async def alarm(self) -> Alarm | None:
        """See `vault.ticking.alarm`."""
        return await alarm(self._house)

    async def acknowledge(self, who: Principal | None, day: date) -> None:
        """See `vault.ticking.acknowledge`; who may run may say that the clock is right."""
        await self._access(who, "the clock is right")
        await acknowledge(self._house, who, day)

    # -- who may -------------------------------------------------------------------------------------------------------

    def _last_month(self, at: datetime) -> int:
        """The number of the last month of a series that a rule coarsens at `at`; 0: none does."""
        rules = [rule for rule in self._house.policy.retention.values() if rule.then is Sequel.COARSEN]
        keep = [rule.keep.months for rule in rules if rule.keep is not None]
        if not self._house.sums or not keep:
            return 0
        day = oslo_date(at)
        return 12 * day.year + day.month - 2 - min(keep)

    async def _access(self, who: Principal | None, reason: str) -> Access:
        if who is None:
            return Access(PURPOSE, reason, "retention")
        access = Access(PURPOSE, reason, min(who.roles, default="retention"))
        await self._house.token_is_live(who)
        rule = self._rule(who)
        if rule is None:
            return access
        withheld = Withheld(PURPOSE, rule, personal=False)
        act = Act(Kind.REFUSED, who, access, {}, (), frozenset({withheld}))
        await self._house.committer.record(await self._house.book.entry(act))
        raise Refused([withheld])

    def _rule(self, who: Principal) -> str | None:
        policy = self._house.policy
        purpose = policy.purposes.get(PURPOSE)
        acting = [role for role in who.roles if purpose and purpose.roles.get(role) is Reach.POPULATION]
        if not acting:
            return "role"
        unproven = not who.second_factor and any(policy.roles[role].second_factor for role in acting)
        return "second_factor" if unproven else None

    async def _note(self, who: Principal | None, access: Access, subjects: Sequence[SubjectId]) -> None:
        outcomes = {subject: Outcome(frozenset(), frozenset()) for subject in subjects}
        entry = await self._house.book.entry(Act(Kind.EXPLAINED, who, access, outcomes, (), frozenset()))
        if not await self._house.committer.record(entry) and who is not None:
            await self._house.token_is_live(who)


def _month(at: datetime) -> date:
    return oslo_date(at).replace(day=1)
