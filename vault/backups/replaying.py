"""What was erased after a backup was written, erased again in what was restored from it.

The tombstone is put back as it was, so the person's receipt stays the person's receipt; it counts from the epoch that
is current now, in which the keys had come back. What the erasure rewrote is rewritten from what is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from vault.draft import NOBODY, Draft, Rows
from vault.house import House, Loaded
from vault.killing import history, kill, victims
from vault.series.lanes import series_keys
from vault.storage.restoring import known_tombstones
from vault.storage.writing import (
    SubjectWrite,
    TombstoneRow,
    destroy_subject,
    insert_tombstone,
    write_subjects,
)


async def replay(house: House, stones: Sequence[TombstoneRow]) -> int:
    """Erase again what these say and the house does not know of; returns how many there were.

    Nobody else may be at the house. Killed in between, the next run finds the rest.
    """
    async with house.control.connection() as connection:
        known = await known_tombstones(connection)
    missing = [stone for stone in stones if stone.id not in known]
    for stone in missing:
        await _again(house, stone)
    return len(missing)


async def _again(house: House, stone: TombstoneRow) -> None:
    rows = await house.subjects([stone.subject])
    row = rows.get(stone.subject)
    write = None
    if row is not None and not stone.whole:
        write = await _pruned(house, house.standing(row), stone)
    async with house.control.transaction() as connection:
        epoch = house.keys.current.number
        if write is not None:
            await write_subjects(connection, epoch, [write])
            return
        await insert_tombstone(connection, epoch, stone)
        if row is not None and stone.whole:
            await destroy_subject(connection, stone.subject)


async def _pruned(house: House, loaded: Loaded, stone: TombstoneRow) -> SubjectWrite | None:
    """What a partial erasure writes; None where the backup knows none of the keys that died."""
    series = [each.key for each in await series_keys(house, loaded)]
    dying = [victim for victim in victims(house.policy, loaded, series) if victim.key.id in stone.keys]
    if not dying:
        return None
    rows = Rows(Draft(house, NOBODY, stone.subject, loaded, house.clock()), {})
    write = kill(rows, rows.write(), loaded, dying, await history(house, loaded), series)
    write.tombstone = stone
    return write
