"""The roll, killed anywhere, goes on where it was; damage is reported, and neither it nor a writer stops it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from behind import another_house, execute, fetch, roll, value
from crowds import all_open, crowd
from databases import Databases
from people import SELF_SERVICE, People, Person, name, phone
from vault_house import Home, home

from policies.model import Access, RecordId
from vault import House
from vault.errors import BrokenSeal, Contended
from vault.keys import roll as rolling
from vault.keys.roll import Report, Roll
from vault.request import ByValue, Receipt, ReceiptStatus, Scope, Secret

pytestmark = pytest.mark.slow


class Killed(Exception):
    """The process died here."""


@asynccontextmanager
async def sweeper(home: Home, seed: str = "sweeper") -> AsyncGenerator[House, None]:
    async with another_house(home, seed, sweeper=True) as house:
        yield house


STEPS = [
    "create_root",
    "insert_epoch",
    "copy_keys",
    "copy_tokens",
    "copy",
    "take_back",
    "renew",
    "mark",
    "destroy_root",
]
MORE_STEPS = ["after destroy_root", "forget_epoch"]


def kill_at(step: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die once, before this step or right after it."""
    place: Any = house.key_service if step.rsplit(maxsplit=1)[-1].endswith("_root") else rolling
    if step == "renew":
        real = Roll._move_tokens  # pyright: ignore[reportPrivateUsage]  (a step between two commits)
        monkeypatch.setattr(Roll, "_move_tokens", _dying(real, after=True))
        return
    name_of = {"copy": "changed_since", "take_back": "stop_writers"}.get(step, step.rsplit(maxsplit=1)[-1])
    monkeypatch.setattr(place, name_of, _dying(getattr(place, name_of), after=step.startswith("after")))


def _dying(real: Any, *, after: bool) -> Any:
    async def dies(*given: Any) -> Any:
        if after:
            await real(*given)
        raise Killed

    return dies


@pytest.fixture(scope="module")
async def shared(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[People, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="steps") as at_home:
        yield People(at_home)


@pytest.mark.parametrize("step", [*STEPS, *MORE_STEPS])
async def test_a_roll_killed_at_any_step_is_finished_by_the_next(
    shared: People, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    at_home, databases = shared.home, shared.home.databases
    everybody = await crowd(shared)
    gone = await shared.lead()
    receipt = await shared.leave(gone)
    async with sweeper(at_home, f"killed at {step}") as house:
        with monkeypatch.context() as patch:
            kill_at(step, house, patch)
            with pytest.raises(Killed):
                await Roll(house, wait_seconds=60).run()
    await all_open(shared, everybody)
    assert (await shared.vault.receipt(gone.me, receipt.id)).status is ReceiptStatus.PENDING
    report = await roll(at_home, f"after {step}")
    assert not report.damaged
    assert not report.waited_in_vain
    assert report.new == report.old + 1
    await all_open(shared, everybody)
    assert (await shared.vault.receipt(gone.me, receipt.id)).status is ReceiptStatus.ERASED
    assert await fetch(databases, "select distinct epoch from subject_key") == [(report.new,)]
    assert await fetch(databases, "select distinct epoch from index_token") == [(report.new,)]
    assert not await value(databases, "select count(*) from subject where dirty_since is not null")


async def test_damaged_people_are_set_aside_and_everybody_else_opens(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        clean, dirty = everybody[0], everybody[4]
        broken = "update subject_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where subject = $1"
        for person in (clean, dirty):
            await execute(databases, broken, person.subject)
        report = await roll(at_home)
        assert sorted(report.damaged) == sorted([clean.subject, dirty.subject])
        at_home.house.keys.cache.clear()
        whole = [person for person in everybody if person not in (clean, dirty)]
        await all_open(people, whole)
        calls = at_home.house.keys.service_calls
        for person in (clean, dirty):
            with pytest.raises(BrokenSeal):
                await people.own(person)
        assert at_home.house.keys.service_calls == calls
        again = await roll(at_home, "again")
        assert (again.old, again.new, again.moved + again.renewed) == (2, 3, len(whole))
        await all_open(people, whole)


async def test_somebody_whose_standing_is_missing_is_set_aside_and_stops_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        dirty = everybody[4]
        await execute(databases, "delete from standing where subject = $1", dirty.subject)
        report = await roll(at_home)
        assert report.damaged == [dirty.subject]
        at_home.house.keys.cache.clear()
        await all_open(people, [person for person in everybody if person != dirty])


async def test_one_damaged_data_key_costs_its_own_data_only(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.borrower(2)
        await people.bank_closes(person, person.loans[0])
        await execute(
            databases,
            "update data_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where category = 20",
        )
        report = await roll(at_home)
        assert report.damaged == [person.subject]
        at_home.house.keys.cache.clear()
        assert (await people.own(person, {"person.name"})) == {"person.name": name(person.number)}
        with pytest.raises(BrokenSeal):
            await people.own(person, {"project.address"})


async def test_two_rolls_at_once_are_one(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        async with sweeper(at_home, "one") as one, sweeper(at_home, "two") as two:
            done = await asyncio.gather(
                Roll(one, wait_seconds=60).run(), Roll(two, wait_seconds=10).run(), return_exceptions=True
            )
        assert sorted(type(each).__name__ for each in done) == ["Contended", "Report"]
        assert Contended in {type(each) for each in done}
        await all_open(people, everybody)


async def during_copy(at_home: Home, monkeypatch: pytest.MonkeyPatch, act: Any, at: str = "copy_keys") -> Report:
    """A roll with something happening between reading a chunk and closing it."""
    done: list[bool] = []
    real = getattr(rolling, at)

    async def meanwhile(*given: Any) -> Any:
        if not done:
            done.append(True)
            await act()
        return await real(*given)

    monkeypatch.setattr(rolling, at, meanwhile)
    try:
        return await asyncio.wait_for(roll(at_home), 30)
    finally:
        monkeypatch.setattr(rolling, at, real)


async def changes_phone(people: People, person: Person, number: str) -> None:
    await people.vault.seal(
        person.me, Access("rights", None, "self"), [people.change(person, "person", {"person.phone": number})]
    )


async def test_a_phone_changed_while_it_is_copied_is_found_afterwards(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        await during_copy(at_home, monkeypatch, lambda: changes_phone(people, everybody[0], "68059999"))
        await all_open(people, everybody[1:])
        for number, found in (("68059999", [everybody[0].subject]), (phone(everybody[0].number), [])):
            opened = await people.vault.open(
                everybody[0].me, SELF_SERVICE, ByValue("person.phone", Secret(number)), frozenset({"person.name"})
            )
            assert opened.found == found


async def test_an_assignment_made_again_during_the_roll_does_not_hold_it_up(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        advisor = await at_home.principal("advisor")
        await people.assigns(everybody[0], advisor)
        for at in ("keys_to_roll", "copy_tokens"):
            await during_copy(at_home, monkeypatch, lambda: people.assigns(everybody[0], advisor, "contract"), at)
        await all_open(people, everybody)
        found = await fetch(
            databases,
            "select count(*) from index_token where field = '@assigned' and subject = $1",
            everybody[0].subject,
        )
        assert found == [(1,)]


async def test_an_erasure_while_the_roll_copies_is_an_erasure(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        whole, part = everybody[0], everybody[6]
        receipts: list[Receipt] = []

        async def erasing() -> None:
            receipts.append(await people.leave(whole))
            receipts.append(await people.erase(part, Scope(part.subject, record=RecordId(part.loans[0]))))

        await during_copy(at_home, monkeypatch, erasing)
        assert await value(databases, "select count(*) from subject_key where subject = $1", whole.subject) == 0
        assert not await people.own(whole)
        await all_open(people, everybody[1:])
        await roll(at_home, "second")
        dpo = await people.somebody("dpo")
        for receipt in receipts:
            assert (await people.vault.receipt(dpo, receipt.id)).status is ReceiptStatus.ERASED
        await all_open(people, everybody[1:])
