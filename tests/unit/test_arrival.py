"""Readings belong to a supply from its first midnight to its last; they are awaited ten days, and taken afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from metering import batch

from ingest.arrival import Lateness, lateness, of_supply
from ingest.oslo import expected_starts
from ingest.readings import Quality, Resolution

DAY = date(2026, 3, 29)


@pytest.mark.clause("NAB-15")
@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, Lateness.NOT_OVER),
        (1, Lateness.WAITING),
        (3, Lateness.WAITING),
        (10, Lateness.WAITING),
        (11, Lateness.OVERDUE),
        (40, Lateness.OVERDUE),
    ],
)
def test_a_day_is_waited_for_until_its_tenth_day_and_overdue_on_the_eleventh(days: int, expected: Lateness) -> None:
    assert lateness(DAY, datetime(2026, 3, 29, 12, tzinfo=UTC) + timedelta(days=days)) is expected


@pytest.mark.clause("NAB-15")
def test_the_eleventh_day_begins_at_midnight_in_oslo() -> None:
    assert lateness(DAY, datetime(2026, 4, 8, 21, 59, tzinfo=UTC)) is Lateness.WAITING
    assert lateness(DAY, datetime(2026, 4, 8, 22, 0, tzinfo=UTC)) is Lateness.OVERDUE


@pytest.mark.clause("NAB-12")
def test_readings_before_the_first_or_after_the_last_midnight_of_a_supply_are_not_of_it() -> None:
    starts = expected_starts(DAY - timedelta(days=1), DAY + timedelta(days=2), Resolution.HOUR).tolist()
    readings = batch([(start, 1, Quality.MEASURED, None) for start in starts])
    inside, outside = of_supply(readings, first=DAY, last=DAY)
    assert inside.start.tolist() == expected_starts(DAY, DAY + timedelta(days=1), Resolution.HOUR).tolist()
    assert (len(inside), len(outside)) == (23, 48)


@pytest.mark.clause("NAB-12")
def test_a_supply_that_goes_on_has_no_last_day() -> None:
    readings = batch([(start, 1, Quality.MEASURED, None) for start in (0, 2_000_000_000 // 3600 * 3600)])
    inside, outside = of_supply(readings, first=DAY, last=None)
    assert (len(inside), len(outside)) == (1, 1)
