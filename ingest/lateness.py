"""When a reading that is not there is late (NAB-15).

Readings come three to ten days after the day they are of. Until day 10 has passed there is nothing to worry about; from
day 11 on they are overdue, and taken all the same when they come. Days are counted in Oslo from the day of the reading.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from policies.oslo import midnight, oslo_date

NORMAL_DAYS: Final = 10


@unique
class Lateness(StrEnum):
    """What it means that a reading is not there."""

    WAITING = "waiting"
    OVERDUE = "overdue"


def overdue_before(now: datetime) -> datetime:
    """Readings that are missing are overdue if they are of an interval before this instant, else still waited for."""
    return midnight(oslo_date(now) - timedelta(days=NORMAL_DAYS))


def lateness(start: datetime, now: datetime) -> Lateness:
    """Of a missing reading whose interval begins at `start`."""
    return Lateness.OVERDUE if start < overdue_before(now) else Lateness.WAITING
