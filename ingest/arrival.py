"""When readings are late. Lateness is a property of a day, never an error.

Readings arrive three to ten days after they were made (NAB-15). A day is waited for until the tenth day after it in
Oslo, and overdue from the eleventh on; whenever it comes, it is taken.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from policies.oslo import midnight, oslo_date

WAITED_DAYS: Final = 10


@unique
class Lateness(StrEnum):
    """How a day without readings stands."""

    NOT_OVER = "not_over"
    WAITING = "waiting"
    OVERDUE = "overdue"


def lateness(day: date, now: datetime) -> Lateness:
    """How the Oslo day `day`, of which nothing has arrived, stands at the instant `now`."""
    since = (oslo_date(now) - day).days
    if since < 1:
        return Lateness.NOT_OVER
    return Lateness.WAITING if since <= WAITED_DAYS else Lateness.OVERDUE


def overdue_before(now: datetime) -> datetime:
    """The instant before which what has not arrived is overdue; what is of later is still waited for."""
    return midnight(oslo_date(now) - timedelta(days=WAITED_DAYS))
