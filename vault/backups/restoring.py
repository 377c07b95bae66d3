"""DOOR back: control from its newest backup, closed to everybody until every tombstone holds again.

 1. `look`     refuse a backup that is too old, of a root that is gone, of another schema, or changed since
 2. `close`    no role may connect any more; whoever is in has to leave. From here until 5 the database stays closed,
               also when this dies: run it again
 3. `collect`  the tombstones of what is in place now are put beside the backups, if anything there can still be read
 4. `load`     everything in one transaction. Killed: what was there
 5. `replay`   what was erased after the backup is erased again; if entries of the ledger were lost, a new log begins
               that embeds the last checkpoint seen; every token is refused, erasures that wait begin
               to wait again, since some may have been taken back; all of it is on record
 6. `open`     the roles may connect

Contents is left alone: blobs written after the backup have no head and are swept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from policies.model import Access
from vault.backups.archive import Archive
from vault.backups.control import LIFE, Progress
from vault.backups.erasures import Erasures
from vault.backups.logs import go_on, newest_note
from vault.backups.replaying import replay
from vault.backups.shelf import CONTROL, Backup, Shelf, digest_of
from vault.errors import BackupRefused, Contended, VaultError
from vault.house import House
from vault.ledger.book import Act, Kind
from vault.storage.cooling import begin_again
from vault.storage.engine import translating
from vault.storage.migrate import expected
from vault.storage.restoring import open_up, revoke_tokens, shut, tombstones, visitors

LEAVE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.2
PURPOSE: Final = "restore"
"""What the ledger names a restore after; not a purpose that opens anything."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: erasures done again, tokens refused.

    `readable`: what was in place could still tell its tombstones, so that none is missing. `new_log`: entries of the
    ledger were lost, and a new log begun.
    """

    backup: Backup
    erased_again: int
    tokens_refused: int
    readable: bool
    new_log: bool


class Restoring:
    """Restores control. `house` has the owner's addresses and is not started.

    `witnessed` are checkpoints of the ledger that others hold.
    """

    def __init__(
        self,
        house: House,
        archive: Archive,
        shelf: Shelf,
        progress: Progress,
        *,
        witnessed: Sequence[str] = (),
        leave_seconds: float = LEAVE_SECONDS,
    ) -> None:
        self._house = house
        self._archive = archive
        self._shelf = shelf
        self._progress = progress
        self._witnessed = witnessed
        self._leave_seconds = leave_seconds

    async def control(self, backup: Backup) -> Restored:
        """Put control back as it was when the backup was written, and erase again what was erased since.

        Raises:
            BackupRefused: this backup is not restored; says why.
            Contended: somebody is still in the database.
            Unavailable: a database or the key service does not answer. Where it had closed the database, it stays so.
        """
        await self._look(backup)
        guard = await self._house.control.dedicated()
        try:
            async with translating():
                await shut(guard)
                await self._alone(guard)
                readable = await self._collect(guard)
                self._progress("load", 0)
                await self._archive.load(CONTROL, backup.rows)
                done = await self._again(backup, readable=readable)
                await open_up(guard)
        finally:
            await guard.close()
        return done

    async def _look(self, backup: Backup) -> None:
        manifest = backup.manifest
        if manifest.taken_at < self._house.clock() - LIFE:
            raise BackupRefused(f"`{backup.name}` is older than {LIFE.days} days: what was erased since would be back")
        if manifest.root_version not in await self._house.key_service.versions():
            raise BackupRefused(
                f"`{backup.name}` was written before the last roll: its root is destroyed and it opens nothing; "
                "take the one the roll wrote"
            )
        if frozenset(manifest.migrations) != expected(CONTROL):
            raise BackupRefused(
                f"`{backup.name}` has another schema than this code; restore with the code that wrote it"
            )
        self._progress("check", manifest.size)
        if await asyncio.to_thread(digest_of, backup.rows) != manifest.digest:
            raise BackupRefused(f"`{backup.name}` was changed since it was written; take another")

    async def _alone(self, guard: Any) -> None:
        waited = 0.0
        while count := await visitors(guard):
            if waited >= self._leave_seconds:
                await open_up(guard)
                raise Contended(f"{count} sessions are still in control: stop every process of Hvelv, then restore")
            await asyncio.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    async def _collect(self, guard: Any) -> bool:
        """Save the tombstones of what is in place; False where it is too damaged to tell."""
        now = self._house.clock()
        with suppress(VaultError):
            Erasures(self._shelf.folder).write(await tombstones(guard, now - LIFE), await newest_note(guard), now)
            return True
        return False

    async def _again(self, backup: Backup, *, readable: bool) -> Restored:
        house, seen = self._house, Erasures(self._shelf.folder).read()
        await house.start()
        try:
            self._progress("erase again", len(seen.stones))
            count = await replay(house, seen.stones)
            new_log = await go_on(house, [*seen.checkpoints, *self._witnessed])
            async with house.control.transaction() as connection:
                tokens = await revoke_tokens(connection, house.clock())
                await begin_again(connection, house.clock())
            outcome = f"control of {backup.manifest.taken_at.isoformat()}, {count} erased again"
            act = Act(Kind.ADMINISTERED, None, Access(PURPOSE, outcome, "vault"), {}, (), frozenset())
            await house.committer.record(await house.book.entry(act))
        finally:
            await house.stop()
        return Restored(backup, count, tokens, readable, new_log)
