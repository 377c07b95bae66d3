"""An erasure among processes that read from warm caches, write, sweep and roll: acknowledged, it holds everywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from behind import another_house, execute, fetch, put_back, roll, value
from databases import Databases
from people import People
from races import acknowledged, race, task
from vault_house import Home, home

from vault.errors import BrokenSeal, Unknown
from vault.request import ReceiptStatus
from vault.storage.writing import insert_blobs
from vault.sweeping import sweep

pytestmark = pytest.mark.slow

OF_A_PERSON = ("subject_key", "index_token", "data_key", "head", "standing", "event", "series_head")


def too_late(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls that began after the acknowledgement of their subject's erasure, and still read or wrote something."""
    since = {each["subject"]: each["ended"] for each in said if each.get("does") == "erase" and "value" in each}
    others = [each for each in said if "began" in each and each["does"] != "erase" and each.get("value")]
    return [each for each in others if each["began"] > since.get(each["subject"], float("inf"))]


async def swept_clean(at_home: Home, seed: str) -> None:
    """Sweep until nothing is left to sweep.

    A write that was refused may have stored its blob behind a sweep. Nobody names it, and it goes once it is older than
    any write: here at once.
    """
    async with another_house(at_home, f"last {seed}", sweeper=True) as sweeper:
        while (await sweep(sweeper)).subjects:
            pass
        await execute(at_home.databases, "update blob set stored_at = '2000-01-01Z'", kind="contents")
        while (await sweep(sweeper)).blobs:
            pass


@pytest.mark.clause("RGT-05")
@pytest.mark.parametrize("seed", ["salt", "pepper", "cumin"])
async def test_after_the_acknowledgement_nothing_opens_in_any_process_and_no_row_comes_back(
    databases: Databases, tmp_path: Path, seed: str
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        runners = await people.leads(16)
        for person in runners:
            await people.proceeds(person)
        doomed = runners[:10]
        tasks = [
            *[await task(people, doomed, does, seed, seconds=3) for does in ("read", "read deaf", "person.phone")],
            await task(people, doomed, "erase", seed, seconds=3, pause=0.4),
            *[await task(people, [], does, seed, seconds=3) for does in ("sweep", "roll")],
        ]
        said = await race(at_home, tasks)
        gone = acknowledged(said, "erase")
        # a read that was decided before the erasure may find the blob swept away: a broken seal, and nothing opened
        assert [
            each["failed"]
            for each in said
            if "failed" in each and not (each["subject"] in gone and each["failed"].startswith("BrokenSeal"))
        ] == []
        assert len(gone) > 2
        reads = [each for each in said if each.get("does") in {"read", "read deaf"}]
        assert any(each.get("value") for each in reads if each["subject"] in gone)
        assert any(each["does"] == "read deaf" and not each.get("value") for each in reads)
        assert not too_late(said)
        await swept_clean(at_home, seed)
        erased = [person.subject for person in runners if str(person.subject) in gone]
        for table in OF_A_PERSON:
            assert await value(databases, f"select count(*) from {table} where subject = any($1)", erased) == 0
        assert await value(databases, "select count(*) from blob where subject = any($1)", erased, kind="contents") == 0
        stones = await fetch(databases, "select count(*), count(distinct subject) from tombstone")
        assert stones == [(len(erased), len(erased))]
        for person in runners[10:]:
            assert (await people.own(person)).keys() >= {"person.email", "person.name", "project.address"}


async def test_an_erasure_while_a_seal_is_between_its_blobs_and_its_commit_leaves_no_row(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        stored, erased = asyncio.Event(), asyncio.Event()

        async def waits(connection: Any, blobs: Any) -> None:
            await insert_blobs(connection, blobs)
            stored.set()
            await erased.wait()

        monkeypatch.setattr("vault.sealing.insert_blobs", waits)
        writing = asyncio.create_task(people.proceeds(person))
        await stored.wait()
        receipt = await people.leave(person)
        erased.set()
        with pytest.raises(Unknown, match="no such subject"):
            await writing
        assert not await people.own(person)
        for table in ("subject_key", "index_token"):
            assert await value(databases, f"select count(*) from {table} where subject = $1", person.subject) == 0
        assert (await people.leave(person)).id == receipt.id


@pytest.mark.clause("RGT-05")
async def test_rows_put_back_behind_the_vaults_back_open_nothing_once_the_epoch_is_gone(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        async with put_back(databases, "subject_key", person.subject), put_back(databases, "subject", person.subject):
            receipt = await people.leave(person)
            await roll(at_home)
        with pytest.raises(BrokenSeal):
            await people.own(person)
        assert (await people.vault.receipt(person.me, receipt.id)).status is ReceiptStatus.ERASED
