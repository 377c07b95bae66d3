"""Backups: what is kept and for how long, what is restored, and that no restore brings back who was erased."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from backing_up import archive, back, backed_up, backing_up, owned, restored, shelf_in
from behind import another_house, another_vault, execute, fetch, value
from databases import Databases
from in_order import caught_up
from people import LOAN_FORM, People, name
from vault_house import Home, home

from vault.backups import testing
from vault.backups.control import Backups, keep_erasures
from vault.backups.shelf import CONTENTS, CONTROL, MANIFEST, Backup, Shelf
from vault.errors import BackupRefused, BrokenSeal, Contended, Misconfigured, TokenRefused
from vault.keys.roll import Report, Roll
from vault.ledger.examining import Examiner
from vault.ledger.sequencing import Sequencer
from vault.ledger.witness_file import FileWitness
from vault.ledger.witnessing import tell
from vault.request import ReceiptStatus, Scope
from vault.storage import restoring as closing

pytestmark = pytest.mark.slow


async def rolled(at_home: Home, shelf: Shelf, seed: str = "roll") -> Report:
    """A roll that keeps backups, as the operator's command does it."""
    async with another_house(at_home, f"{seed} {at_home.clock()}", sweeper=True) as house:
        backups = Backups(house, archive(at_home.databases), shelf, lambda _step, _done: None)
        return await Roll(house, wait_seconds=5, backups=backups).run()


# -- restoring control -----------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-05")
async def test_a_restored_control_has_everybody_but_those_erased_since(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, part, gone = await people.borrower(2), await people.borrower(2), await people.borrower()
        backup = await backed_up(at_home, shelf)
        assert backup.manifest.keys == 3
        whole = await people.erase(gone)
        lost = await people.erase(part, Scope(part.subject, record=part.loans[0]))
        later = await people.customer()
    done = await restored(at_home, shelf)
    assert (done.erased_again, done.readable) == (2, True)
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        with pytest.raises(TokenRefused):
            await people.own(kept, vault=vault)
        assert (await people.own(await back(vault, kept), vault=vault)).keys() >= LOAN_FORM
        seen = await people.own(await back(vault, part), vault=vault)
        assert seen["loan.household_income_nok"] == 700_000 + part.number
        assert seen["loan.applied"] is True
        for person in (gone, later):
            assert not await people.own(await back(vault, person), vault=vault)
        for person, receipt in ((gone, whole), (part, lost)):
            again = await vault.receipt((await back(vault, person)).me, receipt.id)
            assert (again.fates, again.entry, again.status) == (receipt.fates, receipt.entry, ReceiptStatus.PENDING)
    assert (await restored(at_home, shelf, backup)).erased_again == 2


async def test_after_the_next_roll_what_was_erased_again_is_erased(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, gone = await people.customer(), await people.customer()
        await backed_up(at_home, shelf)
        receipt = await people.erase(gone)
    await restored(at_home, shelf)
    assert not (await rolled(at_home, shelf)).damaged
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        assert (await vault.receipt((await back(vault, gone)).me, receipt.id)).status is ReceiptStatus.ERASED
        assert (await people.own(await back(vault, kept), vault=vault))["person.name"] == name(kept.number)


async def test_tombstones_of_people_and_records_the_backup_never_knew_are_put_back_too(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.borrower()
        await backed_up(at_home, shelf)
        receipts = [await people.erase(await people.lead())]
        await people.borrows(person)
        receipts.append(await people.erase(person, Scope(person.subject, record=person.loans[1])))
    monkeypatch.setattr(closing, "ROLES", (*closing.ROLES, "hvelv_of_another_version"))
    assert (await restored(at_home, shelf)).erased_again == 2
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        person = await back(vault, person)
        assert (await people.own(person, vault=vault))["loan.household_income_nok"] == 700_000 + person.number
        assert (await vault.receipt(person.me, receipts[1].id)).fates == receipts[1].fates


async def test_where_control_is_lost_the_tombstones_beside_the_backups_still_hold(
    databases: Databases, tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, gone, unknown = [await people.lead() for _ in range(3)]
        await backed_up(at_home, shelf)
        await people.erase(gone)
        assert await keep_erasures(at_home.house, shelf) == 1
        await people.erase(unknown)
    await execute(databases, "alter table tombstone drop column sealed")
    done = await restored(at_home, shelf)
    assert (done.erased_again, done.readable) == (1, False)
    await execute(databases, "drop schema public cascade")
    await execute(databases, "create schema public")
    assert (await restored(at_home, shelf)).erased_again == 1
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        assert not await people.own(await back(vault, gone), vault=vault)
        assert await people.own(await back(vault, kept), vault=vault)


async def test_a_restore_that_dies_leaves_the_database_closed_and_the_next_one_finishes(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, gone = await people.lead(), await people.lead()
        await backed_up(at_home, shelf)
        await people.erase(gone)

    async def dies(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("vault.backups.restoring.replay", dies)
        with pytest.raises(RuntimeError):
            await restored(at_home, shelf)
    with pytest.raises(Misconfigured):
        async with another_vault(databases, tmp_path / "keys", at_home, "too early"):
            pass
    assert (await restored(at_home, shelf)).erased_again == 1
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        assert not await people.own(await back(vault, gone), vault=vault)
        assert await people.own(await back(vault, kept), vault=vault)


async def test_a_dump_that_breaks_off_half_way_changes_nothing(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        everybody = await people.leads(30)
        backup = await backed_up(at_home, shelf)
        later = await people.lead()
        content = backup.rows.read_bytes()
        for part in (len(content) // 2, len(content) - 2_000):
            backup.rows.write_bytes(content[:part])
            with pytest.raises(Misconfigured, match="refused"):
                await archive(databases).load(CONTROL, backup.rows)
        for person in (*everybody[:3], later):
            assert await people.own(person)


async def test_nobody_is_restored_under_a_process_that_still_runs(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        await backed_up(at_home, shelf)
        with pytest.raises(Contended, match="sessions are still in control"):
            await restored(at_home, shelf, leave_seconds=0.3)
        async with another_vault(databases, tmp_path / "keys", at_home, "meanwhile") as vault:
            assert await people.own(person, vault=vault)


async def test_a_ledger_that_lost_entries_begins_a_new_log_that_embeds_the_last_checkpoint_seen(
    databases: Databases, tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        await people.lead()
        assert await caught_up(Sequencer(at_home.house))
        await backed_up(at_home, shelf)
        assert await keep_erasures(at_home.house, shelf) == 0
        whole = await value(databases, "select max(size) from ledger_checkpoint")
    assert not (await restored(at_home, shelf)).new_log
    async with owned(at_home, "writing") as house:
        last = await caught_up(Sequencer(house))
        assert last is not None
        assert last.size > whole
    assert (await restored(at_home, shelf)).new_log
    assert await fetch(databases, "select number from ledger_log order by 1") == [(1,), (2,)]
    (begins,) = (await fetch(databases, "select begins from ledger_log where number = 2"))[0]
    assert last.note in json.loads(begins).values()
    await execute(databases, "delete from ledger_checkpoint")
    assert (await restored(at_home, shelf)).new_log


async def test_what_only_a_witness_has_seen_counts_as_lost_too(databases: Databases, tmp_path: Path) -> None:
    shelf, witness = shelf_in(tmp_path), FileWitness(tmp_path / "witness")
    (tmp_path / "witness").mkdir()
    async with home(databases, tmp_path / "keys") as at_home:
        await People(at_home).lead()
        await caught_up(Sequencer(at_home.house))
        await backed_up(at_home, shelf)
        await People(at_home).lead()
    async with owned(at_home, "writing") as house:
        assert await caught_up(Sequencer(house))
        last = await tell(house, witness)
    assert last is not None
    await execute(databases, "drop table ledger_checkpoint")  # nothing in place tells
    assert (await restored(at_home, shelf, witnessed=await witness.heads())).new_log
    (begins,) = (await fetch(databases, "select begins from ledger_log where number = 2"))[0]
    assert json.loads(begins)["previous"] == last.note
    async with owned(at_home, "afterwards") as house:
        assert (await Examiner(house, [witness]).run()).faults == []
    at_home.clock.advance(timedelta(minutes=1))
    later = await backed_up(at_home, shelf, "again")
    assert not (await restored(at_home, shelf, later, witnessed=await witness.heads())).new_log


# -- what is refused --------------------------------------------------------------------------------------------------


async def test_a_backup_too_old_changed_or_of_another_schema_is_refused_and_says_why(
    databases: Databases, tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        await People(at_home).lead()
        backup = await backed_up(at_home, shelf)
        with pytest.raises(Misconfigured, match="no backup of contents in the folder"):
            shelf.named(CONTENTS, None)
        with pytest.raises(Misconfigured, match="of this name"):
            shelf.named(CONTROL, "yesterday")
    before = await value(databases, "select count(*) from subject")
    manifest = json.loads((backup.folder / MANIFEST).read_text())
    (backup.folder / MANIFEST).write_text(json.dumps({**manifest, "migrations": ["older"]}))
    with pytest.raises(BackupRefused, match="another schema"):
        await restored(at_home, shelf)
    (backup.folder / MANIFEST).write_text(json.dumps(manifest))
    content = backup.rows.read_bytes()
    backup.rows.write_bytes(content[:-1] + b"?")
    with pytest.raises(BackupRefused, match="was changed since"):
        await restored(at_home, shelf)
    backup.rows.write_bytes(content)
    at_home.clock.advance(timedelta(days=7, seconds=1))
    with pytest.raises(BackupRefused, match="older than 7 days"):
        await restored(at_home, shelf)
    assert await value(databases, "select count(*) from subject") == before


@pytest.mark.clause("RGT-05")
async def test_a_backup_from_before_the_last_roll_is_refused_removed_and_opens_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    shelf, safe = shelf_in(tmp_path), Shelf(tmp_path / "stolen")
    async with home(databases, tmp_path / "keys") as at_home:
        await People(at_home).lead()
        backup = await backed_up(at_home, safe)
        await backed_up(at_home, shelf)
        report = await rolled(at_home, shelf)
        (kept,) = shelf.backups(CONTROL)
        assert kept.manifest.epoch == report.new
        with pytest.raises(BackupRefused, match="before the last roll"):
            await restored(at_home, shelf, backup)
        with pytest.raises(BrokenSeal):
            await testing.open_test(at_home.house.key_service, archive(databases), backup.rows)


async def test_two_backups_of_control_are_kept_none_older_than_seven_days(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        await People(at_home).lead()
        made: list[Backup] = []
        for _ in range(3):
            made.append(await backed_up(at_home, shelf, f"{len(made)}"))
            await keep_erasures(at_home.house, shelf)
            at_home.clock.advance(timedelta(hours=1))
        assert [each.name for each in shelf.backups(CONTROL)] == [each.name for each in made[1:]]
        (shelf.folder / CONTROL / "unfinished-1").mkdir()
        (shelf.folder / CONTROL / "20200101T000000Z-epoch-1").mkdir()
        at_home.clock.advance(timedelta(days=7))
        last = await backed_up(at_home, shelf, "last")
        assert [each.name for each in shelf.backups(CONTROL)] == [last.name]
        assert not list((shelf.folder / CONTROL).glob("unfinished-*"))
        assert not list((shelf.folder / "erasures").glob("*.jsonl"))
        assert {file.stat().st_mode & 0o777 for file in last.folder.iterdir()} == {0o600}
        assert last.folder.stat().st_mode & 0o777 == 0o700


# -- the roll ---------------------------------------------------------------------------------------------------------


async def test_a_roll_whose_backup_does_not_open_destroys_nothing_and_the_next_one_finishes(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, gone = await people.lead(), await people.lead()
        receipt = await people.erase(gone)

        async def broken(*_: Any) -> None:
            raise BrokenSeal("broken seal")

        with monkeypatch.context() as patch:
            patch.setattr("vault.backups.control.open_test", broken)
            with pytest.raises(BrokenSeal):
                await rolled(at_home, shelf)
        assert len(await at_home.house.key_service.versions()) == 2
        assert not shelf.backups(CONTROL)
        dpo = await people.somebody("dpo")
        assert (await people.vault.receipt(dpo, receipt.id)).status is ReceiptStatus.PENDING
        with pytest.raises(Contended, match="begun and not finished"):
            await backed_up(at_home, shelf)
        report = await rolled(at_home, shelf, "again")
        assert (await people.vault.receipt(dpo, receipt.id)).completed_at == at_home.clock()
        assert await people.own(kept)
        (backup,) = shelf.backups(CONTROL)
        assert (backup.manifest.epoch, backup.manifest.keys) == (report.new, 1)
        assert len(await at_home.house.key_service.versions()) == 1


async def test_a_dump_without_a_current_epoch_is_no_backup(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home, backing_up(at_home, shelf_in(tmp_path)) as backups:
        await execute(databases, "update epoch set state = 'moved'")
        with pytest.raises(BrokenSeal):
            await backups.keep()


async def test_no_backup_is_written_while_not_everybody_has_moved_or_another_writes(
    databases: Databases, tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home, backing_up(at_home, shelf) as backups:
        guard = await at_home.house.control.dedicated()
        await guard.execute("select pg_advisory_lock($1)", 0x48760002)
        with pytest.raises(Contended, match="another process"):
            await backups.control()
        await guard.close()
        guard = await at_home.house.contents.dedicated()
        await guard.execute("select pg_advisory_lock($1)", 0x48760002)
        with pytest.raises(Contended, match="another process"):
            await backups.contents()
        await guard.close()
        await execute(databases, "update epoch set state = 'retiring'")
        await execute(
            databases,
            "insert into epoch select 2, 'current', root_version + 1, wrapped, inbox_public, started_at from epoch",
        )
        with pytest.raises(Contended, match="not everybody has moved"):
            await backups.keep()
        assert not shelf.backups(CONTROL)


async def test_a_damaged_person_does_not_stop_a_backup_and_is_not_counted(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        whole, keyless, damaged = [await people.lead() for _ in range(3)]
        broken = "update {} set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where subject = $1"
        await execute(databases, broken.format("subject_key"), keyless.subject)
        await execute(databases, broken.format("data_key"), damaged.subject)
        async with backing_up(at_home, shelf) as backups:
            backup = await backups.control()
            for size in (testing.BATCH, 1):  # in one batch, and in many with a sample that is full at once
                monkeypatch.setattr(testing, "BATCH", size)
                monkeypatch.setattr(testing, "SAMPLE", size + 1)
                tested = await testing.open_test(at_home.house.key_service, archive(databases), backup.rows)
                assert (tested.keys, tested.damaged, tested.epoch, len(tested.sample)) == (2, 1, 1, 2)
            monkeypatch.setattr(testing, "SAMPLE", 1)
            await testing.open_test(at_home.house.key_service, archive(databases), backup.rows)
            await execute(databases, broken.format("data_key"), whole.subject)
            with pytest.raises(BrokenSeal):
                await backups.control()
        assert [each.name for each in shelf.backups(CONTROL)] == [backup.name]
