"""The group committer: openings at once share flushes, and whoever is not recorded opens nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from behind import another_house, execute, value
from databases import Databases
from people import OWN, SELF_SERVICE, People, email
from vault_house import home

from vault import Vault
from vault.errors import Unavailable
from vault.ledger.committer import MAX_WAITING
from vault.storage.recording import record

pytestmark = pytest.mark.slow


async def test_openings_at_once_share_flushes(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        persons = await people.leads(40)
        before = at_home.house.committer.flushes
        answers = await asyncio.gather(*(people.own(person) for person in persons))
        assert [each["person.email"] for each in answers] == [email(person.number) for person in persons]
        assert at_home.house.committer.flushes - before < 20
        assert await value(databases, "select count(*) from ledger_entry where kind = 'opened'") == 40


async def test_a_flush_that_fails_fails_everybody_in_it_and_opens_nothing(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        persons = await people.leads(20)
        real = record

        async def failing(connection: Any, *given: Any) -> Any:
            await execute(databases, "select pg_terminate_backend($1)", connection.get_server_pid())
            return await real(connection, *given)

        monkeypatch.setattr("vault.ledger.committer.record", failing)
        monkeypatch.setattr("vault.opening.fetch_blobs", None)
        answers = await asyncio.gather(*(people.own(person) for person in persons), return_exceptions=True)
        assert {type(each) for each in answers} == {Unavailable}
        assert await value(databases, "select count(*) from ledger_entry where kind = 'opened'") == 0


async def test_one_opening_decided_on_an_old_standing_does_not_hold_up_its_group(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        persons = await people.leads(20, marketing=True)
        answers = await asyncio.gather(
            *(people.own(person) for person in persons), *(people.withdraws(each, "marketing") for each in persons[:10])
        )
        assert len(answers) == 30


async def test_the_queue_is_bounded_and_a_closing_ledger_answers_everybody(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        ledger = at_home.house.committer
        queue = ledger._queue  # pyright: ignore[reportPrivateUsage]  (nobody else asks how full it is)
        stuck = asyncio.Event()

        async def never(*_: Any) -> Any:
            await stuck.wait()

        monkeypatch.setattr("vault.ledger.committer.record", never)
        waiting = [asyncio.create_task(people.own(person)) for _ in range(MAX_WAITING + 300)]
        while not queue.full():  # noqa: ASYNC110  (no event tells)
            await asyncio.sleep(0.01)
        assert queue.qsize() == MAX_WAITING
        await ledger.stop()
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
        assert {type(each) for each in answers} == {Unavailable}
        with pytest.raises(Unavailable):
            await asyncio.wait_for(people.own(person), 5)


async def test_a_process_stops_twice_and_starts_again(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        async with another_house(at_home, "again") as other:
            await other.stop()
            with pytest.raises(Unavailable):
                await Vault(other).open(person.me, SELF_SERVICE, [person.subject], frozenset(OWN))
            await other.start()
            assert (await people.own(person, vault=Vault(other)))["person.email"] == email(person.number)
