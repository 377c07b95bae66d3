"""From hours and quarters as they are kept to the hours, days, months and years of a clock in Oslo.

Missing is never zero: a sum is over what is there, `present` of `expected` intervals tell how much that is, and where
nothing is there the sum is no number. Quarters become hours where all are given; hours become days at the midnights of
Oslo, so a day has 23, 24 or 25 of them. Where hours have become monthly sums (three years, G-06) those stand for them,
in months that lie wholly in the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, unique
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policies.oslo import midnight
from vault.series.axis import Resolution
from vault.series.readings import FINAL, Quality, Readings

QUARTERS: Final = 4
_FINAL: Final = np.isin(np.arange(len(Quality)), [int(quality) for quality in FINAL])


@unique
class Step(Enum):
    """How long one value of an answer lasts."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Hours:
    """The hours of a range, one place each: `first` is hours since 1970, UTC. `quality` is 0 where nothing is."""

    first: int
    wh: NDArray[np.int64]
    quality: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Folded:
    """Values by step. `starts` in seconds since 1970, UTC.

    `present` and `expected` count hours that have ended by now; `final` of the present ones those that will not change.
    `summed` marks values that monthly sums stand for: of those no hours are counted.
    """

    starts: NDArray[np.int64]
    wh: NDArray[np.int64]
    quality: NDArray[np.uint8]
    present: NDArray[np.int64]
    expected: NDArray[np.int64]
    summed: NDArray[np.bool_]


def hours_of(series: Sequence[Readings], first: date, after: date) -> Hours:
    """All hours from the beginning of `first` to the beginning of `after`."""
    begin, end = _hour(first), _hour(after)
    hours = Hours(begin, np.zeros(end - begin, np.int64), np.zeros(end - begin, np.uint8))
    for readings in series:
        match readings.resolution:
            case Resolution.HOUR:
                _lay(hours, readings.first, readings.wh, readings.quality)
            case Resolution.QUARTER:
                _lay(hours, *_hourly(readings))
            case _:
                pass
    return hours


def folded(hours: Hours, sums: Sequence[Readings], first: date, after: date, step: Step, *, now_hour: int) -> Folded:
    """The hours by step. `sums` are monthly; `now_hour` is the hour it is, in hours since 1970."""
    if step is Step.HOUR:
        return _by_hour(hours, now_hour)
    edges = _edges(first, after, step)
    if step is Step.DAY or not sums:
        return _by_edges(hours, edges, now_hour)
    months = _edges(first, after, Step.MONTH)
    by_month = _by_edges(hours, months, now_hour)
    _stand_in(by_month, sums, months)
    return by_month if step is Step.MONTH else _years(by_month, months, edges)


def is_preliminary(hours: Hours, *, overdue_hour: int, now_hour: int) -> bool:
    """Whether something may still change or come: a value that is not final, or one that is still waited for."""
    ended = max(0, min(len(hours.quality), now_hour - hours.first))
    quality = hours.quality[:ended]
    waiting = max(0, overdue_hour - hours.first)
    return bool((~_FINAL[quality] & (quality != 0)).any() or (quality[waiting:] == 0).any())


def counts(hours: Hours, folds: Folded, *, overdue_hour: int, now_hour: int) -> dict[str, int]:
    """Hours by quality; the missing ones by whether they are still waited for or overdue (NAB-15)."""
    ended = max(0, min(len(hours.quality), now_hour - hours.first))
    by_quality = np.bincount(hours.quality[:ended], minlength=len(Quality))
    waiting = max(0, min(ended, overdue_hour - hours.first))
    found = {quality.name.lower(): int(by_quality[quality]) for quality in Quality if quality is not Quality.MISSING}
    overdue = int((hours.quality[:waiting] == 0).sum())
    if folds.summed.any():
        overdue = max(0, overdue - int(folds.expected[folds.summed].sum()))
    return {**found, "waiting": int((hours.quality[waiting:ended] == 0).sum()), "overdue": overdue}


def _hour(day: date) -> int:
    return int(midnight(day).timestamp()) // 3600


def _lay(hours: Hours, first: int, wh: NDArray[np.int64], quality: NDArray[np.uint8]) -> None:
    begin, end = max(first, hours.first), min(first + len(wh), hours.first + len(hours.wh))
    if begin >= end:
        return
    mine, theirs = slice(begin - hours.first, end - hours.first), slice(begin - first, end - first)
    better = quality[theirs] > hours.quality[mine]
    np.copyto(hours.wh[mine], wh[theirs], where=better)
    np.copyto(hours.quality[mine], quality[theirs], where=better)


def _hourly(readings: Readings) -> tuple[int, NDArray[np.int64], NDArray[np.uint8]]:
    """Hours of quarters: of some of the four the sum is incomplete, of none it is missing."""
    before = readings.first % QUARTERS
    behind = -(before + len(readings.wh)) % QUARTERS
    wh = np.pad(readings.wh, (before, behind)).reshape(-1, QUARTERS)
    quality = np.pad(readings.quality, (before, behind)).reshape(-1, QUARTERS)
    given: NDArray[np.int64] = (quality != 0).sum(axis=1)
    weakest: NDArray[np.uint8] = np.where(quality == 0, np.uint8(Quality.MEASURED), quality).min(axis=1)
    whole = np.where(given == QUARTERS, weakest, np.minimum(weakest, np.uint8(Quality.INCOMPLETE)))
    return readings.first // QUARTERS, wh.sum(axis=1), np.where(given == 0, 0, whole).astype(np.uint8)


def _by_hour(hours: Hours, now_hour: int) -> Folded:
    size = len(hours.wh)
    starts = (hours.first + np.arange(size, dtype=np.int64)) * 3600
    ended = (hours.first + np.arange(size) < now_hour).astype(np.int64)
    present = (hours.quality != 0).astype(np.int64)
    return Folded(starts, hours.wh, hours.quality, present, np.maximum(ended, present), np.zeros(size, np.bool_))


def _by_edges(hours: Hours, edges: NDArray[np.int64], now_hour: int) -> Folded:
    starts, at = edges[:-1], edges[:-1] - hours.first
    size = len(starts)
    if not size:
        empty = np.zeros(0, np.int64)
        return Folded(empty, empty, np.zeros(0, np.uint8), empty, empty, np.zeros(0, np.bool_))
    present = np.add.reduceat((hours.quality != 0).astype(np.int64), at)
    lasting = np.where(hours.quality == 0, np.uint8(Quality.MEASURED), hours.quality)
    weakest = np.minimum.reduceat(lasting, at)
    whole = present == np.diff(edges)
    quality = np.where(whole, weakest, np.minimum(weakest, np.uint8(Quality.INCOMPLETE)))
    ended = np.clip(now_hour - starts, 0, np.diff(edges))
    return Folded(
        starts * 3600,
        np.add.reduceat(np.where(hours.quality == 0, 0, hours.wh), at),
        np.where(present == 0, 0, quality).astype(np.uint8),
        present,
        np.maximum(ended, present),
        np.zeros(size, np.bool_),
    )


def _edges(first: date, after: date, step: Step) -> NDArray[np.int64]:
    """Where steps begin, in hours since 1970, and the end; the first and the last may be parts."""
    days = [first]
    while days[-1] < after:
        days.append(min(after, _next(days[-1], step)))
    return np.array([_hour(day) for day in days], np.int64)


def _next(day: date, step: Step) -> date:
    if step is Step.MONTH:
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date(day.year + 1, 1, 1) if step is Step.YEAR else day + timedelta(days=1)


def _stand_in(months: Folded, sums: Sequence[Readings], edges: NDArray[np.int64]) -> None:
    """Put monthly sums where no hour is left, in place."""
    begins = {int(edge): place for place, edge in enumerate(edges[:-1].tolist())}
    for readings in sums:
        for offset in np.flatnonzero(readings.quality).tolist():
            number = readings.first + offset
            begin = _hour(date(number // 12, number % 12 + 1, 1))
            end = _hour(date((number + 1) // 12, (number + 1) % 12 + 1, 1))
            place = begins.get(begin)
            if place is not None and months.present[place] == 0 and int(edges[place + 1]) == end:
                months.wh[place] = readings.wh[offset]
                months.quality[place] = readings.quality[offset]
                months.summed[place] = True


def _years(months: Folded, month_edges: NDArray[np.int64], edges: NDArray[np.int64]) -> Folded:
    at = np.searchsorted(month_edges[:-1], edges[:-1])
    here = months.quality != 0
    lasting = np.where(here, months.quality, np.uint8(Quality.MEASURED))
    whole = np.add.reduceat(here.astype(np.int64), at) == np.add.reduceat(np.ones(len(here), np.int64), at)
    weakest = np.minimum.reduceat(lasting, at)
    some = np.add.reduceat(here.astype(np.int64), at) > 0
    quality = np.where(whole, weakest, np.minimum(weakest, np.uint8(Quality.INCOMPLETE)))
    return Folded(
        edges[:-1] * 3600,
        np.add.reduceat(np.where(here, months.wh, 0), at),
        np.where(some, quality, 0).astype(np.uint8),
        np.add.reduceat(months.present + np.where(months.summed, months.expected, 0), at),
        np.add.reduceat(months.expected, at),
        np.zeros(len(edges) - 1, np.bool_),
    )
