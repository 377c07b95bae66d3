"""Removes what nobody can read any more, at leisure and with the sweeper's role.

Leftovers of erased subjects, blobs that no head names and segments that no head lists (an older version, a write not
committed), request keys past their use.

Everything here may be interrupted and repeated; a second run finds what the first left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from vault.house import House
from vault.series.sweeping import unlisted

LEFT: Final = ("head", "series_head", "data_key", "event", "standing")
FIND: Final = (
    "select s.subject from subject s join standing st on st.subject = s.subject"
    " where s.state = 2 order by s.subject limit $1"
)
WRITE_WINDOW: Final = timedelta(hours=1)
"""A blob is stored before its head; no write takes nearly as long as this."""
REQUEST_WINDOW: Final = timedelta(days=30)
"""How long a client may repeat a request under its key: as long as a customer's token lives."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: erased subjects' leftovers, unnamed blobs, request keys, unlisted segments."""

    subjects: int
    blobs: int
    requests: int
    segments: int


async def sweep(house: House, limit: int = 1_000) -> Swept:
    """Remove at most `limit` of each; run it again while there is more."""
    return Swept(
        await _leftovers(house, limit),
        await _unnamed(house, limit),
        await _requests(house, limit),
        await unlisted(house, limit),
    )


async def _leftovers(house: House, limit: int) -> int:
    """Contents go first: a crash in between loses nothing, the subject is found again and swept to the end."""
    gone = [row[0] for row in await house.control.fetch(FIND, limit)]
    if gone:
        for table in ("blob", "segment"):
            await house.contents.execute(f"delete from {table} where subject = any($1::uuid[])", gone)  # noqa: S608  names above
        async with house.control.transaction() as connection:
            for table in LEFT:
                await connection.execute(f"delete from {table} where subject = any($1::uuid[])", gone)  # noqa: S608  names above
    return len(gone)


async def _unnamed(house: House, limit: int) -> int:
    """Blobs older than any write that no head names. A head can only come to name a blob that was just stored."""
    removed, after = 0, UUID(int=0)
    while removed < limit:
        rows = await house.contents.fetch(
            "select subject, id from blob where stored_at < $1 and id > $2 order by id limit $3",
            house.clock() - WRITE_WINDOW, after, limit,
        )  # fmt: skip
        if not rows:
            break
        after = rows[-1][1]
        removed += await _drop_unnamed(house, [(row[0], row[1]) for row in rows])
    return removed


async def _drop_unnamed(house: House, blobs: Sequence[tuple[UUID, UUID]]) -> int:
    named = await house.control.fetch(
        "select blob from head where subject = any($1::uuid[])", list({subject for subject, _ in blobs})
    )
    unnamed = {blob for _, blob in blobs} - {row[0] for row in named}
    if unnamed:
        await house.contents.execute(
            "delete from blob where (subject, id) in (select * from unnest($1::uuid[], $2::uuid[]))",
            *zip(*(pair for pair in blobs if pair[1] in unnamed), strict=True),
        )
    return len(unnamed)


async def _requests(house: House, limit: int) -> int:
    rows = await house.control.fetch(
        "delete from idempotency where key in (select key from idempotency where at < $1 limit $2) returning true",
        house.clock() - REQUEST_WINDOW, limit,
    )  # fmt: skip
    return len(rows)
