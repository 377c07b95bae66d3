"""The hours of Norway, in columns: local wall-clock time to UTC and back, days of 23, 24 and 25 hours, months.

Instants are seconds since 1970-01-01 UTC; a *wall* column is what a clock in Oslo shows, as if it were UTC. The rules
come from the system's time zone tables through `zoneinfo`, a year at a time, and hold for the years 2000 to 2099.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Resolution, Seconds, seconds
from policies.oslo import OSLO, midnight

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
_HOUR: Final = 3600
_DAY: Final = 86_400
_SUMMER: Final = 2 * _HOUR
_WINTER: Final = _HOUR


@dataclass(frozen=True, slots=True)
class Placed:
    """Wall-clock times on the time line.

    `start` is the instant, the first of the two where there are two; `twice` marks those, `skipped` marks times that no
    clock showed, whose `start` means nothing.
    """

    start: Seconds
    twice: NDArray[np.bool_]
    skipped: NDArray[np.bool_]


def offsets(at: Seconds) -> Seconds:
    """How many seconds clocks in Oslo are ahead of UTC at these instants."""
    changes, after = _changes()
    if not len(at):
        return at
    first, last = np.searchsorted(changes, (at.min(), at.max()), side="right").tolist()
    if first == last:
        return np.full(len(at), after[first])
    return after[np.searchsorted(changes, at, side="right")]


def wall(at: Seconds) -> Seconds:
    """What clocks in Oslo show at these instants."""
    return at + offsets(at)


def placed(walls: Seconds) -> Placed:
    """When clocks in Oslo show these times."""
    in_summer, in_winter = walls - _SUMMER, walls - _WINTER
    is_summer = offsets(in_summer) == _SUMMER
    is_winter = offsets(in_winter) == _WINTER
    return Placed(
        start=np.where(is_summer, in_summer, in_winter),
        twice=is_summer & is_winter,
        skipped=~is_summer & ~is_winter,
    )


def days(at: Seconds) -> Seconds:
    """The Oslo day of each instant, in days since 1970-01-01."""
    return np.floor_divide(wall(at), _DAY)


def day(at: int) -> int:
    """The Oslo day of one instant, in days since 1970-01-01."""
    changes, after = _change_list()
    return (at + after[bisect_right(changes, at)]) // _DAY


def intervals_of_day(on: date, resolution: Resolution) -> int:
    """23, 24 or 25 hours; 92, 96 or 100 quarters."""
    return _intervals(on, on + timedelta(days=1), resolution)


def intervals_of_month(year: int, month: int, resolution: Resolution) -> int:
    """672 to 745 hours; four times as many quarters."""
    after = date(year + month // 12, month % 12 + 1, 1)
    return _intervals(date(year, month, 1), after, resolution)


def expected_starts(first: date, after: date, resolution: Resolution) -> Seconds:
    """The starts of all intervals from the beginning of `first` to the beginning of `after`."""
    return np.arange(seconds(midnight(first)), seconds(midnight(after)), int(resolution), dtype=np.int64)


def _intervals(first: date, after: date, resolution: Resolution) -> int:
    return (seconds(midnight(after)) - seconds(midnight(first))) // int(resolution)


@lru_cache(maxsize=1)
def _changes() -> tuple[Seconds, Seconds]:
    """The instants at which clocks change, and the offset before the first and after each of them."""
    changes: list[int] = []
    after = [_offset(seconds(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)))]
    for month in range(FIRST_YEAR * 12, (LAST_YEAR + 1) * 12):
        begins = seconds(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC))
        ends = seconds(datetime((month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC))
        if _offset(ends) != after[-1]:  # at most one change in a month
            changes.append(_change(begins, ends))
            after.append(_offset(ends))
    return np.array(changes, dtype=np.int64), np.array(after, dtype=np.int64)


@lru_cache(maxsize=1)
def _change_list() -> tuple[list[int], list[int]]:
    changes, after = _changes()
    return changes.tolist(), after.tolist()


def _change(begins: int, ends: int) -> int:
    """The first second with the offset that holds at the end."""
    last = _offset(ends)
    while ends - begins > 1:
        middle = (begins + ends) // 2
        begins, ends = (begins, middle) if _offset(middle) == last else (middle, ends)
    return ends


def _offset(at: int) -> int:
    ahead = datetime.fromtimestamp(at, OSLO).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())
