"""Readings are awaited ten days, in Oslo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.arrival import Lateness, lateness

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
