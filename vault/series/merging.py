"""What of some arrivals is new: the periods they touch are opened, and every version is looked for in them.

An arrival that meets nothing, neither in the vault nor in the same call, passes as it is. What comes out is exactly the
set of versions to add, and counts to tell whoever sent them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from vault.house import House
from vault.series import axis
from vault.series.layout import LANE
from vault.series.periods import Lane, Period, opened, unlocked, versions_in, with_blocks
from vault.series.readings import Flags, Numbers, Readings, Versions, joined, strength, versions_of
from vault.series.request import Taken
from vault.storage.series import fetch_heads_between, fetch_widths

Placed = tuple[int, Readings]
"""The lane of an arrival, and its readings."""


@dataclass(slots=True)
class Merged:
    """What is to be added.

    Attributes:
        counts: for each arrival.
        whole: arrivals that meet nothing: to be written as they are.
        lanes: for each version in `versions`, its lane.
        versions: of the other arrivals, what is new.
        periods: those that exist already, by (lane, period).
        compacted: (lane, first interval of the frame) of frames with a block.
        widths: of the lanes that have segments.
        replacing: lanes of which `versions` are all there are in their periods: what was listed is listed no more.
        closed: months that end by then become blocks, whatever they hold.
    """

    counts: list[Taken] = field(default_factory=list)
    whole: list[Placed] = field(default_factory=list)
    lanes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    versions: Versions = field(default_factory=lambda: joined([]))
    periods: dict[tuple[int, int], Period] = field(default_factory=dict)
    compacted: set[tuple[int, int]] = field(default_factory=set)
    widths: dict[int, int] = field(default_factory=dict)
    replacing: set[int] = field(default_factory=set)
    closed: datetime | None = None


async def merged(house: House, lanes: Sequence[Lane], arrivals: Sequence[Placed]) -> Merged:
    """Compare arrivals with what counts in their periods.

    Raises:
        BrokenSeal: a period touched does not open.
        Collision: a period changed meanwhile.
    """
    found = Merged()
    await _fetch(house, lanes, arrivals, found)
    alone = _alone(lanes, arrivals, found)
    found.whole = [placed for placed, single in zip(arrivals, alone, strict=True) if single]
    others = [placed for placed, single in zip(arrivals, alone, strict=True) if not single]
    counts = iter(await _compared(house, others, found) if others else ())
    for (_, readings), single in zip(arrivals, alone, strict=True):
        found.counts.append(Taken(accepted=int(np.count_nonzero(readings.quality))) if single else next(counts))
    return found


async def _fetch(house: House, lanes: Sequence[Lane], arrivals: Sequence[Placed], found: Merged) -> None:
    """The heads of all periods touched, and the widths of the series."""
    touched: dict[int, set[int]] = {}
    for number, readings in arrivals:
        touched.setdefault(number, set()).update(_periods(lanes[number], readings))
    numbers = {(lanes[number].subject, lanes[number].series): number for number in touched}
    wanted = [
        (lanes[number].subject, lanes[number].series, min(periods), max(periods))
        for number, periods in touched.items()
        if periods
    ]
    async with house.control.connection() as connection:
        rows = await fetch_heads_between(connection, wanted)
        heads = [(numbers[head.subject, head.series], head) for head in rows]
        found.widths = {number: head.width for number, head in heads}
        unknown = {
            (lane.subject, lane.series): number for number, lane in enumerate(lanes) if number not in found.widths
        }
        if unknown:
            widths = await fetch_widths(connection, list(unknown))
            found.widths.update((unknown[series], width) for series, width in widths.items())
    heads = [(number, head) for number, head in heads if head.period in touched[number]]
    places = [(number, head.period) for number, head in heads]
    found.periods.update(zip(places, unlocked(house, ((lanes[n], head) for n, head in heads)), strict=True))


def _periods(lane: Lane, readings: Readings) -> range:
    span, resolution = readings.span, lane.resolution
    if not span.length:
        return range(0)
    first = axis.period_of(resolution, lane.instance, span.first)
    return range(first, axis.period_of(resolution, lane.instance, span.stop - 1) + 1)


def _alone(lanes: Sequence[Lane], arrivals: Sequence[Placed], found: Merged) -> list[bool]:
    """Whether an arrival is its lane's only one and finds none of its periods there."""
    often: dict[int, int] = {}
    for number, _ in arrivals:
        often[number] = often.get(number, 0) + 1
    there: dict[int, set[int]] = {}
    for number, period in found.periods:
        there.setdefault(number, set()).add(period)
    return [
        often[number] == 1 and (number not in there or there[number].isdisjoint(_periods(lanes[number], readings)))
        for number, readings in arrivals
    ]


async def _compared(house: House, arrivals: Sequence[Placed], found: Merged) -> list[Taken]:
    keys = list(found.periods)
    filed = await opened(house, [found.periods[key] for key in keys])
    owner, known = versions_in(filed, [number for number, _ in keys])
    found.compacted = {(keys[place][0], first) for place, first in with_blocks(filed)}
    parts = [versions_of(readings) for _, readings in arrivals]
    incoming = joined(parts)
    sizes = [len(part) for part in parts]
    lane = np.repeat(np.array([number for number, _ in arrivals], np.int64), sizes)
    came = np.repeat(np.arange(len(arrivals)), sizes)
    place = lane * LANE + incoming.at
    here = owner * LANE + known.at
    relevant = np.isin(here, place)
    fresh, counts = _told_apart(
        np.concatenate([here[relevant], place]),
        joined([known.take(relevant), incoming]),
        np.concatenate([np.full(int(relevant.sum()), -1), came]),
        len(arrivals),
    )
    new = fresh[int(relevant.sum()) :]
    found.lanes, found.versions = lane[new], incoming.take(new)
    return counts


def _told_apart(place: Numbers, versions: Versions, came: Numbers, arrivals: int) -> tuple[Flags, list[Taken]]:
    """Which versions are new, and counts per arrival.

    Args:
        place: where each version belongs, equal for versions of one interval of one lane.
        versions: known ones first.
        came: the arrival each came with; −1 for those known before.
        arrivals: how many.
    """
    force = strength(versions.quality, versions.registered)
    by_rank = np.lexsort((versions.wh, force))
    steps = np.ones(len(by_rank), np.bool_)
    steps[1:] = (np.diff(force[by_rank]) != 0) | (np.diff(versions.wh[by_rank]) != 0)
    rank = np.empty(len(by_rank), np.int64)
    rank[by_rank] = np.cumsum(steps)
    _, spot = np.unique(place, return_inverse=True)
    order = np.lexsort((came, rank, spot))
    fresh = np.ones(len(order), np.bool_)
    fresh[order[1:]] = (np.diff(spot[order]) != 0) | (np.diff(rank[order]) != 0)
    order = np.lexsort((came, spot))
    score = spot[order] * LANE + rank[order]
    best = np.maximum.accumulate(score)
    before = np.concatenate([[-1], best[:-1]])
    first = np.empty(len(order), np.bool_)
    newest = np.empty(len(order), np.bool_)
    first[order] = before < spot[order] * LANE
    newest[order] = score > before
    mine = came >= 0
    fates = (fresh & first, fresh & ~first & newest, fresh & ~newest, ~fresh)
    columns = [np.bincount(came[mine & fate], minlength=arrivals).tolist() for fate in fates]
    return fresh, [Taken(*each) for each in zip(*columns, strict=True)]
