"""The task table in memory, under the contract of `vault.tasks.Tasks`; nothing is put on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from determinism import SeededIds, VirtualClock

from policies.model import PolicySet, Principal
from vault.errors import Refused, Unknown
from vault.request import Withheld
from vault.tasks import State, Task, TaskPage, TaskSpec, overseeing


@dataclass
class MemoryTasks:
    """Tasks in a dictionary."""

    policy: PolicySet
    clock: VirtualClock
    rows: dict[UUID, Task] = field(default_factory=dict)
    ids: SeededIds = field(default_factory=lambda: SeededIds("tasks"))

    async def add(self, specs: Sequence[TaskSpec]) -> None:
        known = {(row.request, row.act, row.system) for row in self.rows.values()}
        for each in specs:
            if (each.request, each.act, each.system) not in known:
                task = Task(
                    id=self.ids(), request=each.request, subject=each.subject, act=each.act, system=each.system,
                    manual=each.manual, state=State.OPEN, responsible=each.responsible, due=each.due, attempts=0,
                    failure=None, changed_at=self.clock(),
                )  # fmt: skip
                self.rows[task.id] = task

    async def of_request(self, request: UUID) -> Sequence[Task]:
        return [row for row in self.rows.values() if row.request == request]

    async def tried(self, task: UUID, failure: str | None) -> None:
        row = self.rows[task]
        if row.state is not State.DONE and not row.manual:
            state = State.DONE if failure is None else State.FAILED
            self.rows[task] = replace(row, state=state, attempts=row.attempts + 1, failure=failure)

    async def waiting(self, who: Principal, reason: str | None, after: UUID | None, first: int) -> TaskPage:
        own = self._own(who, reason)
        rows = [row for row in self.rows.values() if row.state is not State.DONE]
        rows = [row for row in rows if not own or row.responsible == who.account]
        start = next((number + 1 for number, row in enumerate(rows) if row.id == after), 0)
        return TaskPage(rows[start : start + first], more=len(rows) > start + first)

    async def tick(self, who: Principal, task: UUID, reason: str | None) -> Task:
        self._own(who, reason)
        row = self.rows.get(task)
        if row is None or not row.manual or row.responsible != who.account:
            raise Unknown("no such task")
        self.rows[task] = replace(row, state=State.DONE)
        return self.rows[task]

    def _own(self, who: Principal, reason: str | None) -> bool:
        found = overseeing(self.policy, who, reason)
        if isinstance(found, Withheld):
            raise Refused([found])
        return found[1]
