"""Old copies of contents: of any age, and nothing that was erased comes back with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from backing_up import backing_up, returned, shelf_in
from behind import execute, fetch, roll
from databases import Databases
from people import People
from vault_house import home

from vault.backups import returning
from vault.errors import BackupRefused, BrokenSeal
from vault.storage import restoring as closing

pytestmark = pytest.mark.slow


@pytest.mark.clause("SOL-22")
async def test_an_old_backup_of_contents_brings_back_the_living_and_nothing_erased(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_in(tmp_path)
    monkeypatch.setattr(returning, "LINES", 2)  # several batches, the last one not full
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, part, gone = [await people.borrower() for _ in range(3)]
        async with backing_up(at_home, shelf) as backups:
            backup = await backups.contents()
        await people.erase(gone)
        await people.bank_closes(part, part.loans[0])
        await roll(at_home)
        seen = await people.own(kept)
        await execute(databases, "delete from blob", kind="contents")
        with pytest.raises(BrokenSeal):
            await people.own(kept)
        assert (await returned(at_home, backup)).missing == 1  # the outcome of the loan, said after the backup
        assert await people.own(kept) == seen
        named = {blob for (blob,) in await fetch(databases, "select blob from head")}
        there = await fetch(databases, "select subject, id from blob", kind="contents")
        assert {blob for _, blob in there} < named
        assert gone.subject not in {subject for subject, _ in there}
        assert (await returned(at_home, backup)).returned == 0


async def test_every_table_of_contents_is_brought_back_by_what_names_it(databases: Databases) -> None:
    tables = await fetch(databases, "select relname from pg_class where relkind = 'r' and relname <> 'migration'"
                         " and relnamespace = 'public'::regnamespace", kind="contents")  # fmt: skip
    assert {name for (name,) in tables} == closing.NAMINGS.keys()


@pytest.mark.clause("NAB-19")
async def test_segments_of_series_come_back_where_a_head_of_a_living_person_names_them(
    databases: Databases, tmp_path: Path
) -> None:
    segment = "insert into segment (subject, series, period, delivery, sealed) select $1, $2, 1, n, 'x'"
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        kept, gone = await people.lead(), await people.lead()
        named, unnamed = at_home.ids(), at_home.ids()
        for person, series in ((kept, named), (kept, unnamed), (gone, named)):
            await execute(databases, f"{segment} from generate_series(1, 3) n", person.subject, series, kind="contents")
        for person in (kept, gone):
            head = "insert into series_head values ($1, $2, 1, 1, 2, false, $3, 1, '', '', '')"
            await execute(databases, head, person.subject, named, at_home.ids())
        async with backing_up(at_home, shelf_in(tmp_path)) as backups:
            backup = await backups.contents()
        await people.erase(gone)
        await execute(
            databases, "delete from segment where delivery > 1 or subject = $1", gone.subject, kind="contents"
        )
        assert (await returned(at_home, backup)).returned == 2
        rows = await fetch(databases, "select subject, series from segment order by delivery", kind="contents")
        assert sorted(rows) == sorted([*[(kept.subject, named)] * 3, (kept.subject, unnamed)])


async def test_an_empty_backup_of_contents_brings_nothing_back_and_one_that_was_changed_is_refused(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        async with backing_up(at_home, shelf_in(tmp_path)) as backups:
            backup = await backups.contents()
        assert await returned(at_home, backup) == returning.Returned(0, 0)
        backup.rows.write_bytes(b"?")
        with pytest.raises(BackupRefused, match="was changed since"):
            await returned(at_home, backup)
