"""Segments that no head lists: of writes not committed, of days folded into blocks, of months that became sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from vault.house import House
from vault.series.sealed import numbers_of
from vault.storage.series import Key, delete_segments, fetch_heads, old_segments

WRITE_WINDOW: Final = timedelta(hours=1)
"""A segment is stored before its head; no write takes nearly as long as this."""
PAGE: Final = 2_000


async def unlisted(house: House, limit: int) -> int:
    """Remove segments older than any write that no head lists, at least `limit` if there are as many.

    A head can only come to list a segment that was just stored. Whoever read a head before and finds its segments gone
    reads the head again.
    """
    removed, after = 0, None
    while removed < limit:
        async with house.contents.connection() as connection:
            found = await old_segments(connection, house.clock() - WRITE_WINDOW, after, PAGE)
        if not found:
            break
        after = found[-1]
        removed += await _drop(house, found)
    return removed


async def _drop(house: House, found: Sequence[tuple[Key, int]]) -> int:
    async with house.control.connection() as connection:
        heads = await fetch_heads(connection, list(dict.fromkeys(key for key, _ in found)))
    listed = {
        ((head.subject, head.series, head.period), number) for head in heads for number in numbers_of(head.accepted)
    }
    gone = [each for each in found if each not in listed]
    if gone:
        async with house.contents.connection() as connection:
            await delete_segments(connection, gone)
    return len(gone)
