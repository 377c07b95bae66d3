"""The one calendar: Europe/Oslo dates of UTC instants, and when a duration that began then is over.

Years and months are counted from the Oslo date, clamped to the last day of the month (2024-02-29 + P5Y = 2029-02-28),
and are over at 00:00 in Oslo. Days are 24 hours each, to the microsecond. Instants are aware; results are UTC. At the
ends of the calendar results stop at the first or last instant there is instead of raising.

The zone comes from the system's tables, else from the `tzdata` package.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from policies.model import Period

OSLO: Final = ZoneInfo("Europe/Oslo")
LAST: Final = datetime.max.replace(tzinfo=UTC)


def oslo_date(at: datetime) -> date:
    """The day it is in Oslo."""
    try:
        return at.astimezone(OSLO).date()
    except OverflowError:
        return at.date()


def midnight(day: date) -> datetime:
    """When this day begins in Oslo. There is one such instant: the clocks change at night, but later."""
    try:
        return datetime(day.year, day.month, day.day, tzinfo=OSLO).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def over(since: datetime, keep: Period) -> datetime:
    """When the duration that began at `since` is over: the first instant at which nothing is kept any more."""
    return _over(since, keep.months, keep.days)


@lru_cache(maxsize=1 << 14)  # of bare instants: whose they are is not in it
def _over(since: datetime, months: int, days: int) -> datetime:
    if not months:
        try:
            return since + timedelta(days=days)
        except OverflowError:
            return LAST
    day = oslo_date(since)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > MAXYEAR:
        return LAST
    return midnight(date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])))
