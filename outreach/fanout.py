"""Access and erasure reach every system that keeps something of a person; what did not is seen until it has.

One request becomes one task a system: by program where there is an adapter, by hand with a person and a date where the
policy says `manual` or no adapter is set up. A request is complete when every task is done; an adapter that fails keeps
it open, and the data protection officer sees why (`systemTasks`).

Crash safety: the tasks are durable before the first system is called, every call is idempotent, and a call whose end
was not put down is made again. Systems know a person by an alias, never by an address, so erasing goes on after the
person's keys here are gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from outreach.errors import SystemFailed
from outreach.processors import reached_by
from policies.model import PolicySet, SubjectId
from policies.recipients import RequestPath
from vault.request import Secret
from vault.tasks import Act, State, Task, TaskSpec


@dataclass(frozen=True, slots=True)
class Found:
    """Something a system keeps of a person: what it is there, when it was made (ISO 8601), and what it says."""

    system: str
    kind: str
    at: str
    text: Secret[str]


class System(Protocol):
    """One processor as requests see it. Calls may run at once; each is bounded in time and raises `SystemFailed`."""

    async def search(self, alias: UUID) -> Sequence[Found]:
        """Everything kept under this alias, oldest first; nothing for an alias it never saw."""
        ...

    async def erase(self, alias: UUID) -> None:
        """Gone for good when this returns. Erasing twice, or what was never there, succeeds."""
        ...


class TaskRows(Protocol):
    """Where tasks are kept: `vault.tasks.Tasks`."""

    async def add(self, specs: Sequence[TaskSpec]) -> None:
        """Durable when it returns; a system that has its task keeps it."""
        ...

    async def of_request(self, request: UUID) -> Sequence[Task]:
        """Every task of a request."""
        ...

    async def tried(self, task: UUID, failure: str | None) -> None:
        """How an attempt ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Whose request, what is wanted, who answers for what is done by hand, and by which day."""

    id: UUID
    subject: SubjectId
    act: Act
    responsible: UUID
    due: date


@dataclass(frozen=True, slots=True)
class Complete:
    """Every system has answered and every manual task is ticked. `found` is what access brought back."""

    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is not done yet, failures and manual tasks alike; and what the others brought back already."""

    tasks: Sequence[Task]
    found: Sequence[Found]


class FanOut:
    """Carries requests to the systems. Safe to share; keeps nothing between calls."""

    def __init__(
        self,
        policy: PolicySet,
        tasks: TaskRows,
        systems: Mapping[str, System],
        alias: Callable[[SubjectId, str], UUID],
    ) -> None:
        self._tasks = tasks
        self._systems = systems
        self._alias = alias
        asked = reached_by(policy, RequestPath.API)
        self._by_program = [name for name in asked if name in systems]
        # nobody is forgotten for want of an adapter: a person does it until there is one
        self._by_hand = [
            *reached_by(policy, RequestPath.MANUAL),
            *(name for name in asked if name not in systems),
        ]

    async def carry(self, request: Request) -> Complete | Outstanding:
        """Take a request to every system, or to those that are left of it, and say how it stands.

        Call it again for what is outstanding: what is done is not done again, except that access asks again for what it
        brings back, since nothing of it is kept here.
        """
        await self._tasks.add(list(self._specs(request)))
        tasks = await self._tasks.of_request(request.id)
        wanted = [t for t in tasks if t.act is request.act and not t.manual and t.system in self._systems]
        wanted = [t for t in wanted if request.act is Act.ACCESS or t.state is not State.DONE]
        answers = await asyncio.gather(*(self._attempt(task) for task in wanted))
        found = [each for answer in answers for each in answer or ()]
        missed = {task.id for task, answer in zip(wanted, answers, strict=True) if answer is None}
        return await self._standing(request, found, missed)

    async def standing(self, request: Request) -> Complete | Outstanding:
        """How a request stands, without calling anybody."""
        return await self._standing(request, [], frozenset())

    async def _standing(
        self, request: Request, found: Sequence[Found], missed: Collection[UUID]
    ) -> Complete | Outstanding:
        """`missed` did not answer this time, though they may have before: what they keep is not in `found`."""
        tasks = [task for task in await self._tasks.of_request(request.id) if task.act is request.act]
        left = [task for task in tasks if task.state is not State.DONE or task.id in missed]
        return Outstanding(left, found) if left or not tasks else Complete(found)

    def _specs(self, request: Request) -> Sequence[TaskSpec]:
        names = [(name, False) for name in self._by_program] + [(name, True) for name in self._by_hand]
        return [
            TaskSpec(
                request=request.id, subject=request.subject, act=request.act, system=name, manual=manual,
                responsible=request.responsible, due=request.due,
            )
            for name, manual in names
        ]  # fmt: skip

    async def _attempt(self, task: Task) -> Sequence[Found] | None:
        """What the system brought back; `None` where it failed, which is put down."""
        system, alias = self._systems[task.system], self._alias(task.subject, task.system)
        found: Sequence[Found] = ()
        try:
            if task.act is Act.ACCESS:
                found = await system.search(alias)
            else:
                await system.erase(alias)
        except SystemFailed as failed:
            await self._tasks.tried(task.id, failed.why)
            return None
        await self._tasks.tried(task.id, None)
        return found
