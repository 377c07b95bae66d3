"""A series whose values outgrow its width is written anew, all of it, at the next width.

Blocks of one series never differ in size: a wider one would tell in which month somebody used much. It happens once or
twice in the life of a series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from vault.house import House
from vault.series.merging import Merged
from vault.series.periods import Lane, opened, unlocked, versions_in
from vault.series.readings import joined
from vault.storage.series import fetch_heads_in

EVER: Final = ((0, 1 << 30), (0, 1 << 30))


async def widened(house: House, lanes: Sequence[Lane], needed: Mapping[int, int], found: Merged) -> None:
    """Add to `found` all there is of the series that need another width than they have.

    Raises:
        BrokenSeal: a period of such a series does not open.
        Collision: a period changed meanwhile.
    """
    grown = {number for number, width in found.widths.items() if needed[number] > width}
    grown |= {number for (number, _), period in found.periods.items() if period.head.width != found.widths[number]}
    if not grown:
        return
    numbers = {(lanes[number].subject, lanes[number].series): number for number in grown}
    async with house.control.connection() as connection:
        heads = await fetch_heads_in(connection, list(numbers), EVER)
    of = [numbers[head.subject, head.series] for head in heads]
    pairs = [(lanes[number], head) for number, head in zip(of, heads, strict=True)]
    for number, period in zip(of, unlocked(house, pairs), strict=True):
        found.periods[number, period.head.period] = period
        found.widths[number] = max(found.widths[number], period.head.width)
    keys = [key for key in found.periods if key[0] in grown]
    filed = await opened(house, [found.periods[key] for key in keys])
    owner, known = versions_in(filed, [number for number, _ in keys])
    found.lanes, found.versions = np.concatenate([found.lanes, owner]), joined([found.versions, known])
    found.replacing |= grown
