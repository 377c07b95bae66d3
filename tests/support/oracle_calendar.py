"""The calendar of the independent evaluator: Norwegian civil time from first principles, no time-zone database.

Central European Time is UTC+1; summer time, UTC+2, lasts from 01:00 UTC on the last Sunday of March to 01:00 UTC on
the last Sunday of October. Good for the years from 1996. Source: Directive 2000/84/EC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

from policies.model import Period

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 400 == 0 or (year % 4 == 0 and year % 100 != 0)


def length_of_month(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else LENGTHS[month - 1]


@cache
def last_sunday(year: int, month: int) -> int:
    """The day of the month, by counting days from Sunday 31 December of the year 0."""
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400
    days += sum(length_of_month(year, earlier) for earlier in range(1, month + 1))
    return length_of_month(year, month) - days % 7


def is_summer_midnight(year: int, month: int, day: int) -> bool:
    """Whether summer time is in force at 00:00 of this day; both changes come later in their day."""
    begins, ends = (3, last_sunday(year, 3)), (10, last_sunday(year, 10))
    return begins < (month, day) <= ends


@cache
def civil_day(at: datetime) -> tuple[int, int, int]:
    """The day it is in Norway at this instant."""
    begins = datetime(at.year, 3, last_sunday(at.year, 3), 1, tzinfo=UTC)
    ends = datetime(at.year, 10, last_sunday(at.year, 10), 1, tzinfo=UTC)
    there = at.astimezone(UTC) + timedelta(hours=2 if begins <= at < ends else 1)
    return there.year, there.month, there.day


def civil_date(at: datetime) -> date:
    return date(*civil_day(at))


def civil_midnight(year: int, month: int, day: int) -> datetime:
    """00:00 in Norway, in UTC."""
    hours = 2 if is_summer_midnight(year, month, day) else 1
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=hours)


@cache
def later(anchor: datetime, period: Period) -> datetime:
    """When a period from `anchor` is over: days at the exact instant, months at midnight of the clamped civil day."""
    if period.months == 0:
        return anchor + timedelta(days=period.days)
    year, month, day = civil_day(anchor)
    for _ in range(period.months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return civil_midnight(year, month, min(day, length_of_month(year, month)))
