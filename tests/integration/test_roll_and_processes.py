"""The roll and the processes around it: served meanwhile, waited for, told; and those that were not told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from behind import another_house, fetch, roll, value
from crowds import all_open, crowd
from databases import Databases
from people import OWN, SELF_SERVICE, People, email, phone
from vault_house import home

from vault import House, Vault
from vault.request import ByValue, Secret

pytestmark = pytest.mark.slow


async def test_readers_and_writers_are_served_during_rolls(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        stop = asyncio.Event()
        reads = 0

        async def read() -> None:
            nonlocal reads
            while not stop.is_set():
                await all_open(people, everybody[:3])
                reads += 1

        async def write() -> None:
            while not stop.is_set():
                everybody.append(await people.lead())
                await people.proceeds(everybody[-1])

        tasks = [asyncio.create_task(each()) for each in (read, write, read)]
        for n in range(5):
            assert not (await roll(at_home, f"roll {n}")).waited_in_vain
        stop.set()
        await asyncio.gather(*tasks)
        assert reads
        await all_open(people, everybody)
        assert await fetch(databases, "select distinct epoch from subject_key") == [(6,)]


async def test_a_process_with_the_old_epoch_open_is_waited_for_and_told(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        async with another_house(at_home, "other") as other:
            held = "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and objid = 1"
            assert await value(databases, held) == 2
            report = await roll(at_home)
            assert not report.waited_in_vain
            assert await value(databases, held) == 0
            assert [epoch.number for epoch in other.keys.loaded] == [2]
            await all_open(people, everybody, Vault(other))


async def deaf(house: House) -> None:
    """The process hears no notification any more."""
    listener, house._listener = house._listener, None  # pyright: ignore[reportPrivateUsage]  (nothing else deafens it)
    assert listener is not None
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)


@pytest.mark.clause("RGT-05")
async def test_a_process_that_missed_every_notification_reads_on_and_opens_nothing_erased(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await crowd(people)
        gone = everybody[0]
        async with another_house(at_home, "deaf") as other:
            vault = Vault(other)
            await all_open(people, everybody, vault)
            await deaf(other)
            await people.erase(gone)
            assert not await people.own(gone, vault=vault)
            report = await roll(at_home, wait_seconds=0.3)
            assert report.waited_in_vain
            assert [epoch.number for epoch in other.keys.loaded] == [1]
            for field, given in (("person.phone", phone(gone.number)), ("person.email", email(gone.number))):
                opened = await vault.open(gone.me, SELF_SERVICE, ByValue(field, Secret(given)), frozenset(OWN))
                assert not opened.found
            assert not await people.own(gone, vault=vault)
            await all_open(people, everybody[1:], vault)
            assert [epoch.number for epoch in other.keys.loaded] == [2]


async def test_a_deaf_process_finds_by_value_after_the_roll(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        (person, *_) = await crowd(people)
        async with another_house(at_home, "deaf") as other:
            await deaf(other)
            await roll(at_home, wait_seconds=0.3)
            opened = await Vault(other).open(
                person.me, SELF_SERVICE, ByValue("person.phone", Secret(phone(person.number))), frozenset(OWN)
            )
            assert opened.found == [person.subject]


async def test_many_reloads_at_once_hold_each_epoch_once(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        await asyncio.gather(*(at_home.house.reload() for _ in range(12)))
        await asyncio.sleep(0.2)
        held = "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock'"
        assert await value(databases, held) == 1
        assert not (await roll(at_home)).waited_in_vain
