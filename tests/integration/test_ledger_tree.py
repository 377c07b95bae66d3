"""What is on record gets into the tree, once, whoever commits late; every checkpoint continues the one before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from behind import another_house, execute, fetch, owner, value
from databases import Databases
from people import People
from vault_house import Home, home

from vault.errors import Contended, Tampered
from vault.ledger.merkle import check_consistency, consistency, cover, joined
from vault.ledger.notes import check_checkpoint
from vault.ledger.sequencing import Sequencer, frontier, hashes, signing_key
from vault.storage.tree import TREE_LOCK

pytestmark = pytest.mark.slow


@pytest.fixture
async def at_home(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    async with home(databases, tmp_path / "keys") as made:
        yield made


async def uncovered(databases: Databases) -> int:
    """Headers and parts without a leaf."""
    return int(await value(
        databases,
        "select (select count(*) from ledger_entry e where not exists (select from ledger_leaf l where l.entry = e.id"
        " and l.subject is null)) + (select count(*) from ledger_subject p where not exists (select from ledger_leaf l"
        " where l.entry = p.entry and l.subject = p.subject))",
    ))  # fmt: skip


async def test_every_header_and_every_part_gets_one_leaf(at_home: Home) -> None:
    people = People(at_home)
    await people.leads(3)
    sequencer = Sequencer(at_home.house)
    made = await sequencer.catch_up()
    assert made is not None
    assert await uncovered(at_home.databases) == 0
    rows = await value(
        at_home.databases, "select (select count(*) from ledger_entry) + (select count(*) from ledger_subject)"
    )
    assert made.size == rows + 1  # and the log's own beginning
    assert await sequencer.turn() is None


async def test_each_checkpoint_is_signed_and_continues_the_one_before(at_home: Home) -> None:
    people = People(at_home)
    sequencer = Sequencer(at_home.house, entries=2)
    for _ in range(4):
        await people.customer()
        await sequencer.catch_up()
    notes = [
        row[0].decode() for row in await fetch(at_home.databases, "select note from ledger_checkpoint order by size")
    ]
    public = signing_key(at_home.house).public()
    points = [check_checkpoint(note, public) for note in notes]
    assert len(points) > 8
    async with at_home.house.control.connection() as connection:
        for old, new in pairwise(points):
            ranges = [cover(*each) for each in consistency(old.size, new.size)]
            known = await hashes(connection, 1, {node for nodes in ranges for node in nodes})
            path = [joined([known[node] for node in nodes]) for nodes in ranges]
            check_consistency((old.size, old.root), (new.size, new.root), path)


async def test_a_tree_of_thousands_is_read_from_its_kept_nodes(at_home: Home) -> None:
    await Sequencer(at_home.house).catch_up()
    await execute(
        at_home.databases,
        "insert into ledger_entry (id, at, month, kind, roles, policy, subjects, opened, withheld, sealed, commitment)"
        " select gen_random_uuid(), now(), '2026-03-01', 'opened', '{}', '', 0, 0, 0, '', '\\x00'"
        " from generate_series(1, 1500)",
    )
    made = await Sequencer(at_home.house, entries=400).catch_up()
    assert made is not None
    async with at_home.house.control.connection() as connection:
        assert (await frontier(connection, 1, made.size)).root() == made.root
        assert await connection.fetchval("select count(*) from ledger_node") == made.size // 256


async def test_a_late_commit_is_not_lost(at_home: Home) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house)
    await people.lead()
    await sequencer.catch_up()
    async with owner(at_home.databases) as late:
        await late.execute("begin; insert into ledger_entry (id, at, month, kind, roles, policy, subjects, opened,"
                           " withheld, sealed, commitment) values (gen_random_uuid(), now(), '2026-03-01', 'opened',"
                           " '{}', '', 0, 0, 0, '', '\\x00')")  # fmt: skip
        await people.lead()  # begins later, commits first
        await sequencer.catch_up()
        await late.execute("commit")
    await sequencer.catch_up()
    assert await uncovered(at_home.databases) == 0


async def test_writers_do_not_wait_for_the_tree_and_a_second_process_passes(at_home: Home) -> None:
    people = People(at_home)
    async with owner(at_home.databases) as other:
        await other.execute(f"begin; select pg_advisory_xact_lock({TREE_LOCK})")
        await people.lead()
        assert await Sequencer(at_home.house).turn() is None
        with pytest.raises(Contended):
            await Sequencer(at_home.house).begin_again(None)
        await other.execute("rollback")
    assert await Sequencer(at_home.house).turn() is not None


async def test_many_processes_at_once_add_everything_once(at_home: Home) -> None:
    people = People(at_home)
    async with another_house(at_home, "other") as other:

        async def adds(sequencer: Sequencer) -> None:
            for _ in range(20):
                await sequencer.turn()
                await asyncio.sleep(0)

        await asyncio.gather(people.leads(5), adds(Sequencer(at_home.house)), adds(Sequencer(other)))
        await Sequencer(other).catch_up()
    assert await uncovered(at_home.databases) == 0
    positions = await fetch(at_home.databases, "select position from ledger_leaf order by position")
    assert [row[0] for row in positions] == list(range(len(positions)))


async def test_a_new_log_embeds_the_last_checkpoint_of_the_old_one(at_home: Home) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house)
    await people.lead()
    old = await sequencer.catch_up()
    assert old is not None
    await people.lead()
    again = await sequencer.begin_again(None)
    assert again.origin != old.origin
    begins = json.loads(await value(at_home.databases, "select begins from ledger_log where number = 2"))
    assert (begins["previous"], begins["left"], begins["origin"]) == (old.note, old.size, again.origin)
    assert await uncovered(at_home.databases) == 0
    await people.lead()
    later = await sequencer.catch_up()
    assert later is not None
    assert (later.origin, later.size > again.size) == (again.origin, True)
    witnessed = await sequencer.begin_again(later.note)
    assert (
        json.loads(await value(at_home.databases, "select begins from ledger_log where number = 3"))["previous"]
        == later.note
    )
    assert witnessed.size == 1
    with pytest.raises(Tampered):
        await sequencer.begin_again("nothing of the sort")


async def test_transaction_numbers_of_another_server_do_not_hide_what_is_new(at_home: Home) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house)
    await people.lead()
    await sequencer.catch_up()
    # as a dump restored into a new server has it: larger numbers than any of this server's transactions
    await execute(at_home.databases, "update ledger_checkpoint set horizon = '9000000000'")
    await execute(at_home.databases, "update ledger_entry set xact = '8999999999'")
    at_home.clock.advance(timedelta(minutes=1))
    await people.lead()
    await sequencer.catch_up()
    await people.lead()
    await sequencer.catch_up()
    assert await uncovered(at_home.databases) == 0


async def test_rows_that_have_leaves_do_not_stop_what_comes_after_them(at_home: Home) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house, entries=2)
    await people.leads(4)
    await sequencer.catch_up()
    await execute(at_home.databases, "update ledger_checkpoint set horizon = '0'")
    await people.lead()
    await sequencer.catch_up()
    assert await uncovered(at_home.databases) == 0
