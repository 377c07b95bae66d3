"""Time as whole numbers: each resolution has an axis, an interval is a number on it, a period a range of numbers.

    resolution   interval number            period (what one key covers)      frame (what one block covers)
    QUARTER      seconds since 1970 / 900   Oslo month, or Oslo year          Oslo month, 2,980 places
    HOUR         seconds since 1970 / 3600  Oslo month, or Oslo year          Oslo month, 745 places
    DAY          proleptic ordinal of the Oslo date      Oslo year            Oslo year, 366 places
    MONTH        12 · year + month − 1, in Oslo          Oslo year            Oslo year, 12 places

Intervals begin where their number says and end where the next begins. A frame has as many places as its longest
month or year has intervals (October has 745 hours), whatever it holds. A month is the period 12 · year + month − 1, a
year the period `year`; the two ranges of numbers do not meet.

Years outside 1970 to 2105 have no readings: registration times are seconds in 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum, unique
from functools import lru_cache
from typing import Final

from policies.model import Instance
from policies.oslo import midnight, oslo_date

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2105
_MONTHS_BEGIN: Final = 12 * FIRST_YEAR


@unique
class Resolution(IntEnum):
    """How long an interval is. The number is in sealed bytes: it never changes its meaning."""

    QUARTER = 1
    HOUR = 2
    DAY = 3
    MONTH = 4


SECONDS: Final = {Resolution.QUARTER: 900, Resolution.HOUR: 3600}
PLACES: Final = {Resolution.QUARTER: 2980, Resolution.HOUR: 745, Resolution.DAY: 366, Resolution.MONTH: 12}
DAY_PLACES: Final = {Resolution.QUARTER: 100, Resolution.HOUR: 25}


@dataclass(frozen=True, slots=True)
class Span:
    """Intervals `first` up to and not including `stop`."""

    first: int
    stop: int

    @property
    def length(self) -> int:
        """How many intervals."""
        return max(0, self.stop - self.first)

    def meet(self, other: Span) -> Span:
        """The intervals of both."""
        return Span(max(self.first, other.first), min(self.stop, other.stop))


def number(resolution: Resolution, at: datetime) -> int:
    """The interval that contains this instant (aware)."""
    if resolution in SECONDS:
        return int(at.timestamp() // SECONDS[resolution])
    day = oslo_date(at)
    return day.toordinal() if resolution is Resolution.DAY else 12 * day.year + day.month - 1


def instant(resolution: Resolution, interval: int) -> datetime:
    """When this interval begins, UTC."""
    if resolution in SECONDS:
        return datetime.fromtimestamp(interval * SECONDS[resolution], UTC)
    if resolution is Resolution.DAY:
        return midnight(date.fromordinal(interval))
    return midnight(date(interval // 12, interval % 12 + 1, 1))


def begins(resolution: Resolution, at: datetime) -> bool:
    """Whether an interval begins at this very instant."""
    return instant(resolution, number(resolution, at)) == at


def between(resolution: Resolution, start: datetime, end: datetime) -> Span:
    """The intervals that begin in [start, end)."""
    return Span(_next(resolution, start), _next(resolution, end))


def _next(resolution: Resolution, at: datetime) -> int:
    inside = number(resolution, at)
    return inside if instant(resolution, inside) >= at else inside + 1


def lived() -> tuple[datetime, datetime]:
    """The first instant a reading may be of, and the first that is too late."""
    return midnight(date(FIRST_YEAR, 1, 1)), midnight(date(LAST_YEAR, 1, 1))


# -- periods and frames ------------------------------------------------------------------------------------------------


def period_of(resolution: Resolution, instance: Instance, interval: int) -> int:
    """The period whose key an interval is sealed under."""
    month = _month(resolution, interval)
    return month if by_month(resolution, instance) else month // 12


def by_month(resolution: Resolution, instance: Instance) -> bool:
    """Whether a period of such a series is a month: days and sums of months are kept by the year in any case."""
    return instance is Instance.MONTH and resolution in SECONDS


@lru_cache(maxsize=4096)
def period_bounds(period: int) -> tuple[datetime, datetime]:
    """When a period begins and ends, UTC."""
    if period >= _MONTHS_BEGIN:
        return instant(Resolution.MONTH, period), instant(Resolution.MONTH, period + 1)
    return midnight(date(period, 1, 1)), midnight(date(period + 1, 1, 1))


@lru_cache(maxsize=4096)
def period_span(resolution: Resolution, period: int) -> Span:
    """The intervals of a period."""
    start, end = period_bounds(period)
    return Span(number(resolution, start), number(resolution, end))


@lru_cache(maxsize=4096)
def frame_of(resolution: Resolution, interval: int) -> Span:
    """The intervals of the block that an interval belongs to."""
    month = _month(resolution, interval)
    return period_span(resolution, month if resolution in SECONDS else month // 12)


def frames(resolution: Resolution, span: Span) -> Iterator[Span]:
    """The frames that a span touches, in order."""
    at = span.first
    while at < span.stop:
        frame = frame_of(resolution, at)
        yield frame
        at = frame.stop


def days(resolution: Resolution, span: Span) -> Iterator[Span]:
    """The parts of a span of hours or quarters that lie in one Oslo day each."""
    at = span.first
    while at < span.stop:
        day = oslo_date(instant(resolution, at))
        stop = number(resolution, midnight(date.fromordinal(day.toordinal() + 1)))
        yield Span(at, min(stop, span.stop))
        at = stop


@lru_cache(maxsize=1 << 16)
def _month(resolution: Resolution, interval: int) -> int:
    day = oslo_date(instant(resolution, interval))
    return 12 * day.year + day.month - 1
