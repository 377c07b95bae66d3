"""DOOR to a backup of control: written in one snapshot, opened from its file under the living root, then kept.

Two are kept at most, none is older than seven days, none is of an epoch whose root is gone: such a one opens nothing,
and while its root lives it would bring back what was erased since. Written while nobody rolls (or by the roll itself,
once everything has moved): between, an epoch has not everybody's key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from vault.backups.archive import Archive
from vault.backups.erasures import Erasures
from vault.backups.logs import newest_note
from vault.backups.shelf import CONTENTS, CONTROL, ROWS, Backup, Manifest, Shelf, digest_of
from vault.backups.testing import Tested, open_test
from vault.errors import Contended
from vault.house import House
from vault.storage.epochs import MOVED, ROLL_LOCK, SLOT_COUNT, EpochRow, slot, unfinished_epochs
from vault.storage.migrate import expected
from vault.storage.restoring import tombstones

LIFE: Final = timedelta(days=7)
KEPT: Final = 2

Progress = Callable[[str, int], None]


class Backups:
    """Writes and keeps the backups of a house that was started."""

    def __init__(self, house: House, archive: Archive, shelf: Shelf, progress: Progress) -> None:
        self._house = house
        self._archive = archive
        self._shelf = shelf
        self._progress = progress

    async def control(self) -> Backup:
        """A backup of control that was opened, on the shelf.

        Raises:
            Contended: a roll is under way or was not finished.
            BrokenSeal: what was written does not open; nothing was kept.
            Unavailable, Misconfigured: see `Archive`.
        """
        guard = await self._house.control.dedicated()
        try:
            if not await guard.fetchval("select pg_try_advisory_lock($1)", ROLL_LOCK):
                raise Contended("another process is rolling the epoch, or writes a backup")
            if len(await self._unfinished()) > 1:
                raise Contended("a roll was begun and not finished; `hvelv keys roll` goes on with it and writes one")
            backup = await self.keep()
        finally:
            await guard.close()
        await self.prune()
        return backup

    async def keep(self) -> Backup:
        """The same for the roll, which holds the lock, once everything has moved. Nothing older is removed yet."""
        epochs = await self._unfinished()
        if any(epoch.state != MOVED for epoch in epochs[:-1]):
            raise Contended("not everybody has moved to the new epoch")
        unfinished, taken_at = self._shelf.begin(CONTROL), self._house.clock()
        here = slot(epochs[-1].number)
        self._progress("back up", 0)
        await self._archive.dump(
            CONTROL,
            unfinished / ROWS,
            [f"{table}_{n}" for table in ("subject_key", "index_token") for n in range(SLOT_COUNT) if n != here],
        )
        self._progress("test", 0)
        tested = await open_test(self._house.key_service, self._archive, unfinished / ROWS)
        self._progress("test", tested.keys)
        return await self._finish(unfinished, CONTROL, tested, taken_at=taken_at)

    async def contents(self) -> Backup:
        """A backup of contents on the shelf. It may be kept for years: without control nobody opens a blob."""
        guard = await self._house.contents.dedicated()
        try:
            if not await guard.fetchval("select pg_try_advisory_lock($1)", ROLL_LOCK):
                raise Contended("another process writes a backup of contents")
            unfinished, taken_at = self._shelf.begin(CONTENTS), self._house.clock()
            self._progress("back up", 0)
            await self._archive.dump(CONTENTS, unfinished / ROWS, ())
            current = self._house.keys.current
            none = Tested(current.number, current.root_version)
            return await self._finish(unfinished, CONTENTS, none, taken_at=taken_at)
        finally:
            await guard.close()

    async def prune(self) -> None:
        """Remove the backups of control, and lists of tombstones, that must not be kept any longer."""
        living, oldest = set(await self._house.key_service.versions()), self._house.clock() - LIFE
        kept = 0
        for backup in reversed(self._shelf.backups(CONTROL)):
            manifest = backup.manifest
            if manifest.root_version in living and manifest.taken_at >= oldest and kept < KEPT:
                kept += 1
            else:
                self._shelf.remove(backup)
        Erasures(self._shelf.folder).prune(oldest)

    async def _unfinished(self) -> list[EpochRow]:
        async with self._house.control.connection() as connection:
            return await unfinished_epochs(connection)

    async def _finish(self, unfinished: Path, database: str, tested: Tested, *, taken_at: datetime) -> Backup:
        rows = unfinished / ROWS
        manifest = Manifest(
            database=database,
            taken_at=taken_at,
            epoch=tested.epoch,
            root_version=tested.root_version,
            migrations=tuple(sorted(expected(database))),
            size=rows.stat().st_size,
            digest=await asyncio.to_thread(digest_of, rows),
            keys=tested.keys,
        )
        return self._shelf.finish(unfinished, manifest)


async def keep_erasures(house: House, shelf: Shelf) -> int:
    """Put the tombstones that a restored backup could lack beside the backups, and the ledger's newest checkpoint."""
    now = house.clock()
    async with house.control.connection() as connection:
        stones = await tombstones(connection, now - LIFE)
        checkpoint = await newest_note(connection)
    erasures = Erasures(shelf.folder)
    erasures.write(stones, checkpoint, now)
    erasures.prune(now - LIFE)
    return len(stones)
