"""What every store of tasks guarantees: the table on PostgreSQL, and the one in memory that other tests use."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest
from databases import fresh_pair
from determinism import VirtualClock
from identity_house import principal
from memory_tasks import MemoryTasks
from shipped_policy import shipped
from vault_house import home

from hvelv.embedded import EmbeddedPostgres
from policies.model import Principal, SubjectId
from vault.errors import Refused, Unknown
from vault.tasks import Act, State, Task, TaskPage, TaskSpec

SUBJECT = SubjectId(UUID(int=5))
ADA, BO = UUID(int=101), UUID(int=102)
WHY = "request of 24 November"


class Store(Protocol):
    async def add(self, specs: Sequence[TaskSpec]) -> None: ...
    async def of_request(self, request: UUID) -> Sequence[Task]: ...
    async def tried(self, task: UUID, failure: str | None) -> None: ...
    async def waiting(self, who: Principal, reason: str | None, after: UUID | None, first: int) -> TaskPage: ...
    async def tick(self, who: Principal, task: UUID, reason: str | None) -> Task: ...


Of = Callable[[str, UUID], Awaitable[Principal]]


@dataclass
class World:
    store: Store
    of: Of


@pytest.fixture(params=["memory", pytest.param("table", marks=pytest.mark.slow)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World, None]:
    if request.param == "memory":

        async def known(role: str, account: UUID) -> Principal:
            return principal(role, account=account.int)

        yield World(MemoryTasks(shipped(), VirtualClock()), known)
        return
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    async with fresh_pair(server) as databases, home(databases, tmp_path / "keys") as at_home:

        async def issued(role: str, account: UUID) -> Principal:
            return await at_home.principal(role, account=account)

        yield World(at_home.vault.tasks, issued)


def spec(number: int = 1, system: str = "g_suite", *, manual: bool = True, responsible: UUID = ADA) -> TaskSpec:
    return TaskSpec(
        request=UUID(int=number), subject=SUBJECT, act=Act.ERASE, system=system, manual=manual,
        responsible=responsible, due=date(2026, 12, 24),
    )  # fmt: skip


async def only(world: World, number: int = 1) -> Task:
    (task,) = await world.store.of_request(UUID(int=number))
    return task


async def test_a_task_says_person_and_date_and_is_open_until_it_is_ticked(world: World) -> None:
    await world.store.add([spec()])
    task = await only(world)
    assert (task.responsible, task.due, task.state, task.attempts) == (ADA, date(2026, 12, 24), State.OPEN, 0)
    ticked = await world.store.tick(await world.of("customer_service", ADA), task.id, WHY)
    assert ticked.state is State.DONE
    assert (await only(world)).state is State.DONE


async def test_ticking_twice_is_ticking_once(world: World) -> None:
    await world.store.add([spec()])
    ada, task = await world.of("customer_service", ADA), await only(world)
    assert await world.store.tick(ada, task.id, WHY) == await world.store.tick(ada, task.id, WHY)


async def test_adding_a_task_again_keeps_the_first(world: World) -> None:
    await world.store.add([spec()])
    await world.store.add([spec(responsible=BO), spec(system="idfy")])
    tasks = await world.store.of_request(UUID(int=1))
    assert [(task.system, task.responsible) for task in tasks] == [("g_suite", ADA), ("idfy", ADA)]


async def test_a_failed_attempt_counts_and_is_seen_and_a_later_one_finishes(world: World) -> None:
    await world.store.add([spec(manual=False)])
    task = await only(world)
    await world.store.tried(task.id, "timeout")
    await world.store.tried(task.id, "throttled")
    failed = await only(world)
    assert (failed.state, failed.attempts, failed.failure) == (State.FAILED, 2, "throttled")
    await world.store.tried(task.id, None)
    await world.store.tried(task.id, "late answer")
    assert ((await only(world)).state, (await only(world)).failure) == (State.DONE, None)


async def test_an_attempt_of_the_program_never_finishes_what_a_person_answers_for(world: World) -> None:
    await world.store.add([spec()])
    await world.store.tried((await only(world)).id, None)
    assert (await only(world)).state is State.OPEN


async def test_staff_see_their_own_tasks_and_the_officer_all(world: World) -> None:
    await world.store.add([spec(1), spec(2, responsible=BO), spec(3, manual=False)])
    ada, officer = await world.of("customer_service", ADA), await world.of("dpo", UUID(int=103))
    own = (await world.store.waiting(ada, WHY, None, 10)).tasks
    assert {task.request.int for task in own} == {1, 3}
    assert {t.request.int for t in (await world.store.waiting(officer, None, None, 10)).tasks} == {1, 2, 3}


async def test_pages_give_every_task_once(world: World) -> None:
    await world.store.add([spec(number) for number in range(1, 6)])
    officer, seen, after = await world.of("dpo", UUID(int=103)), list[int](), None
    while True:
        page = await world.store.waiting(officer, None, after, 2)
        seen += [task.request.int for task in page.tasks]
        if not page.more:
            break
        after = page.tasks[-1].id
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("role", ["advisor", "developer", "bank", "visitor"])
async def test_who_neither_audits_nor_handles_requests_sees_and_ticks_nothing(world: World, role: str) -> None:
    await world.store.add([spec()])
    somebody = await world.of(role, ADA)
    with pytest.raises(Refused, match="role"):
        await world.store.waiting(somebody, WHY, None, 10)
    with pytest.raises(Refused, match="role"):
        await world.store.tick(somebody, (await only(world)).id, WHY)


async def test_staff_state_a_reason(world: World) -> None:
    await world.store.add([spec()])
    with pytest.raises(Refused, match="reason"):
        await world.store.tick(await world.of("customer_service", ADA), (await only(world)).id, None)


async def test_the_officer_sees_but_does_not_tick_for_another(world: World) -> None:
    await world.store.add([spec()])
    with pytest.raises(Unknown):
        await world.store.tick(await world.of("dpo", BO), (await only(world)).id, None)
