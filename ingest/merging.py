"""Which of several readings of one interval stands.

The newest registration stands. Of those registered at the same time the more certain quality stands, so that an
estimate replaces a final value only when it was registered later; and of those the larger energy, which
`contradictions` finds. Readings whose registration is not told are older than all others. The vault's series merge by
the same order.

This is a total order of (registration, quality, energy), and what stands is its maximum. Therefore it does not matter
in which order deliveries come, how they were split or merged, or how often each came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Batch, seconds


def concatenated(batches: Sequence[Batch]) -> Batch:
    """All readings of some batches of one series, one batch after another."""
    if len({batch.series for batch in batches}) != 1:
        raise ValueError("batches of one series are merged, and at least one")
    return Batch(
        series=batches[0].series,
        start=np.concatenate([batch.start for batch in batches]),
        energy_wh=np.concatenate([batch.energy_wh for batch in batches]),
        quality=np.concatenate([batch.quality for batch in batches]),
        registered=np.concatenate([batch.registered for batch in batches]),
        line=np.concatenate([batch.line for batch in batches]),
    )


def merged(*batches: Batch) -> Batch:
    """What stands of these readings of one series: one for each interval, by start."""
    together = concatenated(batches)
    order = _order(together)
    start = together.start[order]
    last = np.ones(len(start), dtype=np.bool_)
    last[:-1] = start[1:] != start[:-1]
    return together.select(order[last])


def history(*batches: Batch) -> Batch:
    """Every different reading of every interval, the one that stands last: what billing may ask about."""
    together = concatenated(batches)
    sorted_rows = together.select(_order(together))
    different = np.ones(len(sorted_rows), dtype=np.bool_)
    columns = (sorted_rows.start, sorted_rows.registered, sorted_rows.quality, sorted_rows.energy_wh)
    different[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return sorted_rows.select(different)


def as_of(batch: Batch, at: datetime) -> Batch:
    """What stood at an instant: the merge of what had been registered by then."""
    return merged(batch.select(batch.registered <= seconds(at)))


def contradictions(*batches: Batch) -> NDArray[np.bool_]:
    """For each row of `history` whether another value was registered for the same interval at the same time."""
    rows = history(*batches)
    same = (rows.start[1:] == rows.start[:-1]) & (rows.registered[1:] == rows.registered[:-1])
    differs = same & (rows.energy_wh[1:] != rows.energy_wh[:-1])
    contradicted = np.zeros(len(rows), dtype=np.bool_)
    contradicted[1:] |= differs
    contradicted[:-1] |= differs
    return contradicted


def _order(batch: Batch) -> NDArray[np.intp]:
    """Row numbers by interval, and within an interval from the least standing to what stands."""
    return np.lexsort((batch.energy_wh, batch.quality, batch.registered, batch.start))
