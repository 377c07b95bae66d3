"""Putting the ledger in order in a test, beside other tests on the same server."""

from __future__ import annotations

import asyncio
from typing import Final

from vault.ledger.notes import Checkpoint
from vault.ledger.sequencing import Sequencer

TURNS: Final = 200
PAUSE_SECONDS: Final = 0.05


async def caught_up(sequencer: Sequencer) -> Checkpoint | None:
    """`sequencer.catch_up()` once every transaction that ran when this was called has ended, or after ten seconds.

    What is recorded is put in order behind the oldest transaction of the whole server, and other tests have theirs.
    """
    control = sequencer._house.control  # pyright: ignore[reportPrivateUsage]  (a test looks at its server)
    row = await control.fetchrow("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    for _ in range(TURNS):
        oldest = await control.fetchrow("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        if oldest[0] >= row[0]:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    return await sequencer.catch_up()
