"""Rows of an old backup of contents, joined with the living control: those alone that a head of a living person names.

Whatever the age of the backup, what a tombstone says is gone does not come back, not even sealed: nothing names it any
more. Row by row beside what is there; nothing is overwritten, and a run that was killed is run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from vault.backups.archive import Archive
from vault.backups.control import Progress
from vault.backups.shelf import Backup, digest_of
from vault.errors import BackupRefused
from vault.house import House
from vault.storage.restoring import NAMINGS, Place, blobs_there, bring_back, heads_after, known_names, stage

LINES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Returned:
    """`returned` rows were missing and are there again; `missing` groups have a head and still no blob."""

    returned: int
    missing: int


async def return_contents(house: House, archive: Archive, backup: Backup, progress: Progress) -> Returned:
    """Bring back from a backup of contents what the living control knows. The house is started, as the owner.

    Raises:
        BackupRefused: the file was changed since it was written; nothing was brought back.
        Unavailable, Misconfigured: see `Archive`.
    """
    if await asyncio.to_thread(digest_of, backup.rows) != backup.manifest.digest:
        raise BackupRefused(f"`{backup.name}` was changed since it was written; take another")
    returned = 0
    for table in NAMINGS:
        async for columns, lines in _chunks(archive, backup.rows, table):
            returned += await _return(house, table, columns, lines)
            progress("bring back", returned)
    return Returned(returned, await _missing(house, progress))


async def _chunks(archive: Archive, file: Path, table: str) -> AsyncIterator[tuple[Sequence[str], bytes]]:
    columns: Sequence[str] = ()
    chunk: list[bytes] = []
    async for line in archive.lines(file, table):
        if not columns:
            columns = line.decode().split()
            continue
        chunk.append(line)
        if len(chunk) == LINES:
            yield columns, b"".join(chunk)
            chunk.clear()
    if chunk:
        yield columns, b"".join(chunk)


async def _return(house: House, table: str, columns: Sequence[str], lines: bytes) -> int:
    async with house.contents.transaction() as connection:
        names = await stage(connection, table, columns, lines)
        async with house.control.connection() as control:
            known = await known_names(control, table, names)
        return await bring_back(connection, table, known)


async def _missing(house: House, progress: Progress) -> int:
    """Groups whose blob is nowhere: written after the backup and before the loss."""
    after: Place = UUID(int=0), UUID(int=0), 0
    missing = looked = 0
    while True:
        async with house.control.connection() as control:
            page = await heads_after(control, after)
        if not page:
            return missing
        async with house.contents.connection() as contents:
            missing += len(page) - await blobs_there(contents, [(place[0], blob) for place, blob in page])
        after, looked = page[-1][0], looked + len(page)
        progress("look", looked)
