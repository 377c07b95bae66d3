"""The roll: everything moves under a new root, and what was erased stays behind and dies with the old one.

Steps, each found again from what the database says, so that a roll killed anywhere goes on where it was:

 1. `begin`    new root version; in one transaction the new epoch becomes current and the old one retiring.
               Killed before the commit: a root version nobody uses. From here both epochs open.
 2. `copy`     every clean subject's key rewrapped, every index token encrypted again, by chunks: COPY, then with
               writers held for a moment take back the copies of subjects that changed meanwhile, commit. Killed: the
               chunk is as if never copied.
 3. `renew`    each dirty subject gets a new subject key, its surviving data keys under it; one transaction each
 4. `keep`     the old epoch is marked moved and everybody told; a backup of control is written under the new root and
               opened from its file. It fails: the old root lives, the next run begins here
 5. `wait`     until no other process has the old epoch open, at most a minute
 6. `destroy`  the old root version dies in the key service. Killed after it: the next run does 7
 7. `forget`   the old epoch's rows go, receipts become `erased`, backups under the old root are removed

A row that does not open is set aside and reported; it opened nothing before either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from policies.model import Access, SubjectId
from vault.crypto.aead import Sealer
from vault.crypto.blind_index import decrypt_tokens, encrypt_tokens
from vault.crypto.wrap import rewrap_many, unwrap_at, wrap_at
from vault.errors import BrokenSeal, Contended
from vault.house import House
from vault.keys.epoch import LoadedEpoch, make_epoch
from vault.keys.tree import data_key_place, subject_key_place
from vault.ledger.book import Act, Kind
from vault.series.renewal import renew_series
from vault.storage.engine import Collision
from vault.storage.epochs import (
    CHANGED,
    DROPPED,
    MOVED,
    RETIRING,
    ROLL_LOCK,
    EpochRow,
    insert_epoch,
    mark,
    slot,
    unfinished_epochs,
)
from vault.storage.rolling import (
    KeyToRoll,
    TokenToRoll,
    changed_since,
    copy_keys,
    copy_tokens,
    dirty_subjects,
    forget_epoch,
    keys_to_roll,
    others_hold,
    stop_writers,
    take_back,
    tokens_to_roll,
    walk_by_key,
    without_key,
)
from vault.storage.rows import DataKeyRow, SubjectRow, fetch_subjects

WAIT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.2
PURPOSE: Final = "key_rotation"
"""What the ledger names a roll after; not a purpose that opens anything."""
BATCH: Final = 1_000

Progress = Callable[[str, int], None]


@dataclass(slots=True)
class Report:
    """What a roll did. `damaged` are subjects whose keys did not open; they are reported, never in a receipt."""

    old: int
    new: int
    moved: int = 0
    renewed: int = 0
    damaged: list[UUID] = field(default_factory=list)
    waited_in_vain: bool = False


def _silent(_step: str, _done: int) -> None:
    """No progress."""


class Keeping(Protocol):
    """Keeps backups of control: `vault.backups.control.Backups`."""

    async def keep(self) -> object:
        """Write one of the epoch everybody has moved to, and open it. What raises leaves the old root alive."""
        ...

    async def prune(self) -> None:
        """Remove those of destroyed roots."""
        ...


class Roll:
    """Rolls the epoch of a house that runs with the sweeper's role. One roll at a time in all processes.

    `backups` None: no copy is kept, as in a demonstration that ends with its databases.
    """

    def __init__(
        self,
        house: House,
        progress: Progress = _silent,
        *,
        wait_seconds: float = WAIT_SECONDS,
        backups: Keeping | None = None,
    ) -> None:
        self._house = house
        self._backups = backups
        self._progress = progress
        self._wait_seconds = wait_seconds

    async def run(self) -> Report:
        """Finish the roll that was begun, or do a whole one.

        Raises:
            Contended: another process is rolling.
            Unavailable: a database or the key service does not answer; run it again.
        """
        guard = await self._house.control.dedicated()
        try:
            if not await guard.fetchval("select pg_try_advisory_lock($1)", ROLL_LOCK):
                msg = "another process is rolling the epoch"
                raise Contended(msg)
            return await self._run(guard)
        finally:
            await guard.close()

    async def _run(self, guard: Any) -> Report:
        old, new = await self._begin()
        report = Report(old.number, new.number)
        if old.state == RETIRING:
            await self._move(report)
        if self._backups is not None:
            await self._backups.keep()
        report.waited_in_vain = not await self._wait(guard, old.number)
        self._progress("destroy", 0)
        await self._house.key_service.destroy_root(old.root_version)
        async with self._house.control.transaction() as connection:
            await forget_epoch(connection, old.number, self._house.clock())
            await connection.execute("select pg_notify($1, '')", CHANGED)
        if self._backups is not None:
            await self._backups.prune()
        outcome = f"epoch {report.old} to {report.new}, {report.moved} moved, {report.renewed} renewed"
        act = Act(Kind.ROLLED, None, Access(PURPOSE, outcome, "vault"), {}, (), frozenset())
        await self._house.committer.record(await self._house.book.entry(act))
        return report

    async def _move(self, report: Report) -> None:
        loaded = {epoch.number: epoch for epoch in self._house.keys.loaded}
        old, new = loaded[report.old], loaded[report.new]
        while await self._copy(old, new, report):
            pass  # subjects that changed while they were copied
        await self._renew(old, report)
        async with self._house.control.transaction() as connection:
            left = await without_key(connection, old.number, new.number)
            if not left <= set(report.damaged):
                # never destroy the only root that opens somebody: this cannot happen, and costs one look
                raise Contended("subjects were left behind; run the roll again")
            await mark(connection, old.number, MOVED)
            await connection.execute("select pg_notify($1, '')", CHANGED)
        await self._house.reload()

    # -- 1: begin ------------------------------------------------------------------------------------------------------

    async def _begin(self) -> tuple[EpochRow, EpochRow]:
        rows = await self._live()
        if len(rows) == 1:
            await self._open_new_epoch(rows[-1])
            rows = await self._live()
        await self._house.reload()
        return rows[0], rows[-1]

    async def _live(self) -> list[EpochRow]:
        async with self._house.control.connection() as connection:
            return await unfinished_epochs(connection)

    async def _open_new_epoch(self, current: EpochRow) -> None:
        self._progress("begin", current.number + 1)
        root = await self._house.key_service.create_root()
        async with self._house.control.transaction() as connection:
            await stop_writers(connection)
            await self._house.keys.load()  # with the audit keys of this moment: whoever makes one waits for us
            made = await make_epoch(
                self._house.key_service, current.number + 1, root, self._house.keys.current, self._house.entropy
            )
            await mark(connection, current.number, RETIRING)
            await insert_epoch(connection, made[0], made[1], self._house.clock())
            await connection.execute("select pg_notify($1, '')", CHANGED)

    # -- 2: copy -------------------------------------------------------------------------------------------------------

    async def _copy(self, old: LoadedEpoch, new: LoadedEpoch, report: Report) -> int:
        """One pass over everybody not copied yet; returns how many have to be copied again."""
        after: UUID | None = None
        again = 0
        while True:
            try:
                async with self._house.control.transaction() as connection:
                    await walk_by_key(connection)
                    chunk = await keys_to_roll(connection, old.number, new.number, after)
                    stale = await self._copy_chunk(connection, old, new, chunk, report) if chunk else 0
            except Collision:
                continue  # a writer put the same row there first: read the chunk again
            if not chunk:
                return again
            again += stale
            report.moved += len(chunk) - stale
            after = chunk[-1].subject
            self._progress("copy", report.moved)

    async def _copy_chunk(
        self,
        connection: Any,
        old: LoadedEpoch,
        new: LoadedEpoch,
        chunk: Sequence[KeyToRoll],
        report: Report,
    ) -> int:
        wrapped = await _rewrapped(old, new, chunk, self._house)
        moved = [(key, fresh) for key, fresh in zip(chunk, wrapped, strict=True) if fresh is not None]
        damaged = [key.subject for key, fresh in zip(chunk, wrapped, strict=True) if fresh is None]
        report.damaged += [subject for subject in damaged if subject not in report.damaged]
        subjects = [key.subject for key, _ in moved]
        await copy_keys(connection, new.number, [(key.subject, key.generation, fresh) for key, fresh in moved])
        tokens = await self._copy_tokens(connection, old, new, subjects)
        await stop_writers(connection)
        stale = await changed_since(connection, {key.subject: key.version for key, _ in moved})
        if stale:
            await take_back(connection, new.number, stale, tokens)
        return len(stale)

    async def _copy_tokens(
        self, connection: Any, old: LoadedEpoch, new: LoadedEpoch, subjects: Sequence[UUID]
    ) -> list[tuple[bytes, TokenToRoll]]:
        """Copy the index tokens of these subjects, but for those a writer has put into the new epoch already."""
        tokens = await tokens_to_roll(connection, old.number, subjects)
        plain = decrypt_tokens(old.system["index_tokens"], [row.token for row in tokens])
        fresh = zip(encrypt_tokens(new.system["index_tokens"], plain), tokens, strict=True)
        there = {
            (row.token, row.subject, row.record, row.field)
            for row in await tokens_to_roll(connection, new.number, subjects)
        }
        copied = [(token, row) for token, row in fresh if (token, row.subject, row.record, row.field) not in there]
        await copy_tokens(connection, new.number, copied)
        return copied

    # -- 3: renew ------------------------------------------------------------------------------------------------------

    async def _renew(self, old: LoadedEpoch, report: Report) -> None:
        async with self._house.control.connection() as connection:
            dirty = await dirty_subjects(connection, old.number)
        for subject in dirty:
            try:
                whole = await self._renew_one(SubjectId(subject), old.number)
            except BrokenSeal:
                whole = False
            if not whole:
                report.damaged.append(subject)
            report.renewed += whole
            self._progress("renew", report.renewed)

    async def _renew_one(self, subject: SubjectId, old: int) -> bool:
        """A new subject key over the data keys that survived, in one transaction under the subject's lock.

        False: some of them were damaged, or the standing is missing; what does not open stays behind.
        """
        keys = self._house.keys
        async with self._house.control.transaction() as connection:
            await connection.execute("select from epoch where state = 'current' for share")
            locked = await connection.fetchval(
                "select true from subject where subject = $1 and state = 1 and dirty_since <= $2 for no key update",
                subject, old,
            )  # fmt: skip
            if not locked:
                return True
            found = await fetch_subjects(connection, [subject])
            if subject not in found:
                return False
            row = found[subject]
            generation = row.generation + 1
            before = Sealer(keys.open_subject_key(subject, row.generation, row.subject_keys))
            key, fresh = keys.new_subject_key(subject, generation)
            rewrapped = _under(before, Sealer(key), row, generation, self._house)
            await connection.execute("delete from subject_key where subject = $1", subject)
            await connection.execute(
                "insert into subject_key (slot, subject, epoch, generation, wrapped) values ($1, $2, $3, $4, $5)",
                slot(fresh.epoch), subject, fresh.epoch, generation, fresh.wrapped,
            )  # fmt: skip
            await connection.executemany(
                "update data_key set generation = $3, wrapped = $4 where subject = $1 and id = $2",
                [(subject, item.id, generation, item.wrapped) for item in rewrapped],
            )
            await connection.execute(
                "update subject set generation = $2, dirty_since = null where subject = $1", subject, generation
            )
            whole = await renew_series(connection, self._house, subject, before, Sealer(key), generation)
            await self._move_tokens(connection, subject)
            await connection.execute("select pg_notify($1, $2)", DROPPED, str(subject))
            return whole and len(rewrapped) == len(row.data_keys)

    async def _move_tokens(self, connection: Any, subject: SubjectId) -> None:
        keys = self._house.keys
        new, retired = keys.current, [epoch for epoch in keys.loaded if epoch.number != keys.current.number]
        for old in retired:
            tokens = await tokens_to_roll(connection, old.number, [subject])
            plain = decrypt_tokens(old.system["index_tokens"], [row.token for row in tokens])
            fresh = encrypt_tokens(new.system["index_tokens"], plain)
            await connection.execute(
                "delete from index_token where slot = $1 and subject = $2", slot(old.number), subject
            )
            await connection.executemany(
                "insert into index_token (slot, token, subject, record, field, epoch) values ($1, $2, $3, $4, $5, $6)"
                " on conflict do nothing",
                [
                    (slot(new.number), token, row.subject, row.record, row.field, new.number)
                    for token, row in zip(fresh, tokens, strict=True)
                ],
            )

    # -- 5: wait -------------------------------------------------------------------------------------------------------

    async def _wait(self, guard: Any, old: int) -> bool:
        """False: somebody still has the old epoch open and will find its keys gone."""
        self._progress("wait", 0)
        waited = 0.0
        while await others_hold(guard, old):
            if waited >= self._wait_seconds:
                return False
            await asyncio.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        return True


async def _rewrapped(
    old: LoadedEpoch, new: LoadedEpoch, chunk: Sequence[KeyToRoll], house: House
) -> list[bytes | None]:
    """The chunk's keys under the new epoch; the loop gets a turn between batches, so that readers are served."""
    wrapped: list[bytes | None] = []
    for start in range(0, len(chunk), BATCH):
        rows = [
            (
                key.wrapped,
                subject_key_place(key.subject, old.number, key.generation),
                subject_key_place(key.subject, new.number, key.generation),
            )
            for key in chunk[start : start + BATCH]
        ]
        wrapped += rewrap_many(old.sealer, new.sealer, rows, house.entropy)
        await asyncio.sleep(0)
    return wrapped


def _under(before: Sealer, after: Sealer, row: SubjectRow, generation: int, house: House) -> list[DataKeyRow]:
    """The data keys that open, under the new subject key. One that does not stays behind, and with it only its own."""
    fresh: list[DataKeyRow] = []
    for item in row.data_keys.values():
        try:
            key = unwrap_at(before, item.wrapped, data_key_place(row.subject, item))
        except BrokenSeal:
            continue
        moved = DataKeyRow(item.id, item.category, item.instance, generation, b"")
        wrapped = wrap_at(after, key, house.keys.nonce(), data_key_place(row.subject, moved))
        fresh.append(DataKeyRow(moved.id, moved.category, moved.instance, generation, wrapped))
    return fresh
