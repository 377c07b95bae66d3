"""A request is complete when every system has done its part, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid5

import pytest
from determinism import VirtualClock
from identity_house import principal
from memory_tasks import MemoryTasks
from shipped_policy import shipped

from outreach.errors import SystemFailed
from outreach.fanout import Complete, FanOut, Found, Outstanding, Request
from policies.model import SubjectId
from vault.errors import Unknown
from vault.request import Secret
from vault.tasks import Act, State

SUBJECT = SubjectId(UUID(int=5))
RESPONSIBLE = principal("customer_service")
WHY = "request of 24 November"
MANUAL = {"idfy", "installer", "g_suite"}
API = {"zendesk", "smooch", "slack", "twilio", "mailchimp"}


def alias(subject: SubjectId, system: str) -> UUID:
    return uuid5(subject, system)


@dataclass
class Kept:
    """A system that keeps texts by alias, and fails as often as told."""

    name: str
    texts: dict[UUID, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.failures:
            raise SystemFailed(self.name, self.failures.pop(0))

    async def search(self, alias: UUID) -> Sequence[Found]:
        self._called("search")
        return [Found(self.name, "message", "2026-11-24T10:00:00Z", Secret(t)) for t in self.texts.get(alias, [])]

    async def erase(self, alias: UUID) -> None:
        self._called("erase")
        self.texts.pop(alias, None)


@dataclass
class Systems:
    """Zendesk and Smooch with something of one person, and the tasks."""

    tasks: MemoryTasks = field(default_factory=lambda: MemoryTasks(shipped(), VirtualClock()))
    zendesk: Kept = field(default_factory=lambda: Kept("zendesk", {alias(SUBJECT, "zendesk"): ["a letter"]}))
    smooch: Kept = field(default_factory=lambda: Kept("smooch", {alias(SUBJECT, "smooch"): ["hello", "thanks"]}))

    def fanout(self) -> FanOut:
        return FanOut(shipped(), self.tasks, {"zendesk": self.zendesk, "smooch": self.smooch}, alias)

    async def tick_all(self) -> None:
        for task in (await self.tasks.waiting(RESPONSIBLE, WHY, None, 100)).tasks:
            if task.manual:
                await self.tasks.tick(RESPONSIBLE, task.id, WHY)


def request(act: Act = Act.ERASE, number: int = 1) -> Request:
    return Request(
        id=UUID(int=number), subject=SUBJECT, act=act, responsible=RESPONSIBLE.account, due=date(2026, 12, 24)
    )


@pytest.mark.clause("INT-04")
async def test_a_request_makes_a_manual_task_with_a_person_and_a_date_and_waits_for_its_tick() -> None:
    systems = Systems()
    standing = await systems.fanout().carry(request())
    assert isinstance(standing, Outstanding)
    by_hand = {task.system: task for task in standing.tasks}
    assert by_hand.keys() >= MANUAL
    assert by_hand["g_suite"].responsible == RESPONSIBLE.account
    assert by_hand["g_suite"].due == date(2026, 12, 24)
    await systems.tick_all()
    assert isinstance(await systems.fanout().standing(request()), Complete)


async def test_one_manual_task_left_unticked_keeps_the_request_open() -> None:
    systems = Systems()
    await systems.fanout().carry(request())
    waiting = (await systems.tasks.waiting(RESPONSIBLE, WHY, None, 100)).tasks
    for task in waiting[1:]:
        await systems.tasks.tick(RESPONSIBLE, task.id, WHY)
    standing = await systems.fanout().carry(request())
    assert isinstance(standing, Outstanding)
    assert [task.id for task in standing.tasks] == [waiting[0].id]


async def test_a_processor_without_an_adapter_becomes_a_task_of_a_person_and_is_not_forgotten() -> None:
    standing = await Systems().fanout().carry(request())
    assert isinstance(standing, Outstanding)
    assert {task.system for task in standing.tasks if task.manual} == MANUAL | (API - {"zendesk", "smooch"})


@pytest.mark.clause("COM-03", "COM-04")
async def test_erasing_reaches_both_channels_and_the_failure_of_one_keeps_the_request_open_and_visible() -> None:
    systems = Systems()
    systems.smooch.failures = ["timeout"]
    standing = await systems.fanout().carry(request())
    assert isinstance(standing, Outstanding)
    failed = [task for task in standing.tasks if not task.manual]
    assert [(t.system, t.state, t.failure, t.attempts) for t in failed] == [("smooch", State.FAILED, "timeout", 1)]
    officer = principal("dpo")
    assert failed[0].id in {task.id for task in (await systems.tasks.waiting(officer, None, None, 100)).tasks}
    await systems.tick_all()
    assert isinstance(await systems.fanout().carry(request()), Complete)
    assert systems.zendesk.texts == systems.smooch.texts == {}
    assert systems.zendesk.calls == ["erase"], "what is done is not done again"


@pytest.mark.clause("COM-04")
async def test_access_brings_both_channels_back() -> None:
    systems = Systems()
    await systems.fanout().carry(request(Act.ACCESS))
    await systems.tick_all()
    standing = await systems.fanout().carry(request(Act.ACCESS))
    assert isinstance(standing, Complete)
    assert {(each.system, each.text.reveal()) for each in standing.found} == {
        ("zendesk", "a letter"), ("smooch", "hello"), ("smooch", "thanks"),
    }  # fmt: skip


async def test_a_package_is_never_called_complete_when_a_system_did_not_answer_this_time() -> None:
    systems = Systems()
    await systems.fanout().carry(request(Act.ACCESS))
    await systems.tick_all()
    systems.zendesk.failures = ["broken"]
    standing = await systems.fanout().carry(request(Act.ACCESS))
    assert isinstance(standing, Outstanding)
    assert [task.system for task in standing.tasks] == ["zendesk"]


async def test_carrying_twice_makes_no_second_task() -> None:
    systems = Systems()
    await systems.fanout().carry(request())
    before = set(systems.tasks.rows)
    await systems.fanout().carry(request())
    assert set(systems.tasks.rows) == before


async def test_access_and_erasure_of_one_request_are_tasks_of_their_own() -> None:
    systems = Systems()
    await systems.fanout().carry(request(Act.ACCESS))
    await systems.tick_all()
    assert isinstance(await systems.fanout().carry(request(Act.ERASE)), Outstanding)


async def test_nobody_but_the_responsible_ticks_a_task_and_no_tick_finishes_what_a_program_does() -> None:
    systems = Systems()
    systems.smooch.failures = ["timeout"]
    standing = await systems.fanout().carry(request())
    assert isinstance(standing, Outstanding)
    other = principal("customer_service", account=8)
    for task in standing.tasks:
        with pytest.raises(Unknown):
            await systems.tasks.tick(other, task.id, WHY)
    automatic = next(task for task in standing.tasks if not task.manual)
    with pytest.raises(Unknown):
        await systems.tasks.tick(RESPONSIBLE, automatic.id, WHY)


async def test_before_anything_was_carried_a_request_is_not_complete() -> None:
    assert isinstance(await Systems().fanout().standing(request()), Outstanding)
