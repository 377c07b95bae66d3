"""The whole ledger is examined, on real tables: what was changed behind the vault's back is found and named."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from behind import copies, execute, fetch, put_back, roll, transplant, value
from databases import Databases
from in_order import caught_up
from people import People
from vault_house import Home, build_house, home

from vault.errors import Tampered, Unknown
from vault.ledger.checking import Trouble
from vault.ledger.examining import Examiner, Verdict
from vault.ledger.notes import sign_checkpoint
from vault.ledger.retiring import ends, retire
from vault.ledger.sequencing import Sequencer, signing_key
from vault.ledger.witness_file import FileWitness
from vault.ledger.witnessing import tell
from vault.storage.tree import STEP

pytestmark = pytest.mark.slow


@pytest.fixture
async def at_home(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    """A home where five persons have done things, a sixth was erased, and everything is in the tree."""
    async with home(databases, tmp_path / "keys") as made:
        people = People(made)
        await people.customer()
        await people.leads(3)
        (gone,) = await people.leads(1)
        await people.leave(gone)
        await caught_up(Sequencer(made.house, entries=3))
        yield made


async def examined(at_home: Home, *kept: str, recent: int | None = None) -> Verdict:
    return await Examiner(at_home.house, chunk=7).run(kept, recent=recent)


async def troubles(at_home: Home, *kept: str) -> set[Trouble]:
    return {fault.trouble for fault in (await examined(at_home, *kept)).faults}


async def newest_note(at_home: Home) -> str:
    note = await value(at_home.databases, "select note from ledger_checkpoint order by log desc, size desc limit 1")
    return str(note.decode())


async def test_an_honest_ledger_is_whole(at_home: Home) -> None:
    told: list[tuple[str, int, int]] = []
    examiner = Examiner(at_home.house, (), lambda step, done, of: told.append((step, done, of)), chunk=10)
    verdict = await examiner.run([await newest_note(at_home)])
    assert verdict.faults == []
    leaves = await value(at_home.databases, "select count(*) from ledger_leaf")
    assert (verdict.leaves, verdict.unreadable, verdict.before, verdict.persons) == (leaves, 0, 0, 5)
    assert told[-1][0] == "persons"


NEW_PART = "insert into ledger_subject (entry, subject, month, sealed, commitment)"
NEW_ENTRY = (
    "insert into ledger_entry (id, at, month, kind, roles, policy, subjects, opened, withheld, sealed, commitment,"
    " xact)"
)
CHANGES = {
    "update ledger_entry set actor = gen_random_uuid() where kind = 'erased'": Trouble.CONTENT,
    "update ledger_entry set token = null where token is not null": Trouble.CONTENT,
    "update ledger_entry set at = at - interval '1 hour'": Trouble.CONTENT,
    "update ledger_entry set at = at - interval '90 days'": Trouble.CONTENT,
    "update ledger_entry set roles = '{dpo}'": Trouble.CONTENT,
    "update ledger_entry set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)": Trouble.CONTENT,
    "update ledger_entry set commitment = sha256(commitment)": Trouble.LEAF,
    "update ledger_entry set month = '2023-01-01'": Trouble.LEAF,
    "update ledger_entry set subjects = subjects + 1": Trouble.PARTS,
    "update ledger_subject set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)": Trouble.CONTENT,
    "update ledger_subject set commitment = sha256(commitment)": Trouble.LEAF,
    "delete from ledger_subject where entry in (select id from ledger_entry where kind = 'erased')": Trouble.ROW,
    "delete from ledger_entry where id = (select id from ledger_entry order by id limit 1)": Trouble.ROW,
    "delete from ledger_leaf where position = 2": Trouble.POSITION,
    "delete from ledger_leaf where position >= (select max(position) from ledger_leaf)": Trouble.SHORT,
    "update ledger_leaf set hash = sha256(hash) where position = 5": Trouble.ROOT,
    "update ledger_log set begins = convert_to(replace(convert_from(begins, 'UTF8'), 'null', '\"x\"'), 'UTF8')":
        Trouble.BEGINNING,
    "update ledger_checkpoint set root = sha256(root)": Trouble.ROOT,
    "update ledger_checkpoint set note = set_byte(note, 3, 120)": Trouble.SIGNATURE,
    "delete from audit_key": Trouble.KEY,
    f"{NEW_PART} values (gen_random_uuid(), '\\x00', '2026-03-01', '', '')": Trouble.UNCOVERED,
    f"{NEW_ENTRY} values (gen_random_uuid(), now(), '2026-03-01', 'opened', '{{}}', '', 0, 0, 0, '', '\\x00', '3')":
        Trouble.UNCOVERED,
    "delete from subject where state = 1": Trouble.SUBJECT,
    "delete from tombstone": Trouble.SUBJECT,
    "update subject set version = version - 1 where state = 1": Trouble.SUBJECT,
    "update subject set state = 1 where state = 2": Trouble.SUBJECT,
}  # fmt: skip
TABLES = (
    "ledger_entry", "ledger_subject", "ledger_log", "ledger_leaf", "ledger_node", "ledger_checkpoint", "audit_key",
    "subject", "tombstone",
)  # fmt: skip


async def test_what_was_changed_in_the_tables_is_found_and_named(at_home: Home) -> None:
    await execute(at_home.databases, "; ".join(f"create table saved_{name} as table {name}" for name in TABLES))
    back = "; ".join(f"delete from {name}; insert into {name} table saved_{name}" for name in TABLES)
    for statement, trouble in CHANGES.items():
        await execute(at_home.databases, statement)
        await at_home.house.reload()
        assert trouble in await troubles(at_home), statement
        await execute(at_home.databases, back)
        await at_home.house.reload()
    assert await troubles(at_home) == set()


async def test_an_entry_that_never_was_is_found_though_it_is_in_the_tree(at_home: Home) -> None:
    await execute(
        at_home.databases,
        "insert into ledger_entry (id, at, month, kind, roles, policy, subjects, opened, withheld, sealed, commitment)"
        " select gen_random_uuid(), at, month, kind, roles, policy, 0, opened, withheld, sealed, commitment"
        " from ledger_entry limit 1",
    )
    await caught_up(Sequencer(at_home.house))
    assert await troubles(at_home) == {Trouble.CONTENT}


async def test_a_part_given_to_somebody_else_is_found(at_home: Home) -> None:
    await execute(
        at_home.databases,
        "update ledger_subject set subject = '\\x00000000000000000000000000000000' where entry ="
        " (select entry from ledger_subject order by entry desc limit 1)",
    )
    assert Trouble.ROW in await troubles(at_home)


async def test_a_kept_node_that_was_changed_is_found(at_home: Home) -> None:
    people = People(at_home)
    while await value(at_home.databases, "select count(*) from ledger_node") == 0:
        await people.leads(20)
        await caught_up(Sequencer(at_home.house))
    assert await troubles(at_home) == set()
    await execute(at_home.databases, "update ledger_node set hash = sha256(hash)")
    assert Trouble.NODE in await troubles(at_home)
    assert STEP == 8


async def test_a_row_put_back_is_found_by_the_version_the_ledger_remembers(at_home: Home) -> None:
    people = People(at_home)
    person = await people.lead(marketing=True)
    async with (
        put_back(at_home.databases, "subject", person.subject),
        put_back(at_home.databases, "standing", person.subject),
    ):
        await people.own(person)
        await people.withdraws(person, "marketing")
    await caught_up(Sequencer(at_home.house))
    verdict = await examined(at_home)
    assert [(fault.trouble, fault.about) for fault in verdict.faults] == [(Trouble.SUBJECT, str(person.subject))]


async def test_a_start_sees_what_is_new_without_reading_all(at_home: Home) -> None:
    size = await value(at_home.databases, "select count(*) from ledger_leaf")
    for recent in (1, 2, 5, 9, size, size + 100):
        verdict = await examined(at_home, recent=recent)
        assert (verdict.faults, verdict.leaves) == ([], min(recent, size))
    await execute(
        at_home.databases,
        "update ledger_entry set actor = null where id = (select id from ledger_entry order by id desc limit 1)",
    )
    assert (await examined(at_home, recent=9)).faults


async def test_a_checkpoint_somebody_kept_is_compared(at_home: Home) -> None:
    kept = await newest_note(at_home)
    await People(at_home).lead()
    await caught_up(Sequencer(at_home.house))
    assert await troubles(at_home, kept) == set()
    key, origin = signing_key(at_home.house), kept.partition("\n")[0]
    assert await troubles(at_home, sign_checkpoint(origin, 5, bytes(32), key).note) == {Trouble.ROOT}
    assert await troubles(at_home, sign_checkpoint(origin, 10_000, bytes(32), key).note) == {Trouble.SHORT}
    assert await troubles(at_home, sign_checkpoint("hvelv/ledger/else", 5, bytes(32), key).note) == {Trouble.SHORT}
    with pytest.raises(Tampered):
        await examined(at_home, "not a checkpoint")


async def test_a_database_put_back_is_found_by_its_witness_and_begins_again(at_home: Home, tmp_path: Path) -> None:
    (tmp_path / "witness").mkdir()
    witness = FileWitness(tmp_path / "witness")
    await tell(at_home.house, witness)
    async with copies(at_home.databases, "old") as old:
        await at_home.house.reload()
        await People(at_home).leads(2)
        newer = await caught_up(Sequencer(at_home.house))
        assert newer is not None
        assert await tell(at_home.house, witness) == newer
        house = build_house(old, at_home.keyring, at_home.clock, seed="restored")
        await house.start()
        try:
            verdict = await Examiner(house, [witness]).run()
            assert [fault.trouble for fault in verdict.faults] == [Trouble.WITNESS]
            with pytest.raises(Tampered):
                await tell(house, witness)
            assert list(await witness.heads()) == [newer.note]
            await Sequencer(house).begin_again(newer.note)
            assert (await Examiner(house, [witness]).run()).faults == []
        finally:
            await house.stop()


async def test_tables_of_the_tree_put_back_are_found_by_the_witness(at_home: Home, tmp_path: Path) -> None:
    (tmp_path / "witness").mkdir()
    witness = FileWitness(tmp_path / "witness")
    await tell(at_home.house, witness)
    await execute(at_home.databases, "truncate ledger_log, ledger_leaf, ledger_node, ledger_checkpoint")
    await caught_up(Sequencer(at_home.house))
    assert await troubles(at_home) == set()
    verdict = await Examiner(at_home.house, [witness]).run()
    assert [fault.trouble for fault in verdict.faults] == [Trouble.WITNESS]


async def test_a_fork_is_refused_by_the_witness(at_home: Home, tmp_path: Path) -> None:
    (tmp_path / "witness").mkdir()
    witness = FileWitness(tmp_path / "witness")
    async with copies(at_home.databases, "other") as other:
        await at_home.house.reload()
        house = build_house(other, at_home.keyring, at_home.clock, seed="a fork")
        await house.start()
        try:
            await People(at_home).lead()
            await caught_up(Sequencer(at_home.house))
            await tell(at_home.house, witness)
            await transplant(other, other, "token")  # the copy lives on by itself
            fork = Home(at_home.vault, house, other, at_home.keyring, at_home.clock, at_home.ids)
            await execute(
                other,
                "insert into ledger_entry select gen_random_uuid(), at, month, kind, actor, token, roles,"
                " purpose, recipient, policy, subjects, opened, withheld, sealed, commitment from ledger_entry",
            )
            await caught_up(Sequencer(fork.house))
            with pytest.raises(Tampered):
                await tell(fork.house, witness)
        finally:
            await house.stop()


async def test_a_month_whose_key_died_in_time_stays_in_the_tree_and_says_nothing(at_home: Home) -> None:
    month = (await fetch(at_home.databases, "select month from audit_key"))[0][0]
    assert await retire(at_home.house) == []
    end = ends(at_home.vault.policy, month)
    assert end is not None
    at_home.clock.set(end - timedelta(seconds=1))
    assert await retire(at_home.house) == []
    at_home.clock.set(end)
    assert await retire(at_home.house) == [month]
    assert await retire(at_home.house) == []
    verdict = await examined(at_home)
    assert (verdict.faults, verdict.unreadable) == ([], verdict.leaves - 1)
    await roll(at_home)
    assert (await examined(at_home)).faults == []
    await execute(at_home.databases, "update ledger_subject set commitment = sha256(commitment)")
    assert Trouble.LEAF in await troubles(at_home)


async def test_a_log_that_does_not_name_the_one_before_is_found(at_home: Home) -> None:
    await Sequencer(at_home.house).begin_again(None)
    assert await troubles(at_home) == set()
    other = sign_checkpoint("hvelv/ledger/else", 5, bytes(32), signing_key(at_home.house)).note
    await Sequencer(at_home.house).begin_again(other)
    assert await troubles(at_home) == {Trouble.SUCCESSION}


async def test_rows_from_before_there_was_a_tree_are_counted(at_home: Home) -> None:
    await execute(
        at_home.databases,
        "insert into ledger_entry (id, at, month, kind, roles, policy, subjects, opened, withheld, sealed, commitment)"
        " values (gen_random_uuid(), now(), '2026-03-01', 'opened', '{}', '', 0, 0, 0, '', '')",
    )
    await People(at_home).lead()
    await caught_up(Sequencer(at_home.house))
    verdict = await examined(at_home)
    assert (verdict.faults, verdict.before) == ([], 1)


async def test_a_ledger_that_nobody_put_in_order_yet_has_nothing_wrong(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as made:
        (tmp_path / "witness").mkdir()
        witness = FileWitness(tmp_path / "witness")
        assert (await Examiner(made.house, [witness]).run()).faults == []
        me = await made.principal("dpo")
        assert await made.vault.checkpoint(me) is None
        with pytest.raises(Unknown):
            await made.vault.consistency(me, "hvelv/ledger/none", 1)
