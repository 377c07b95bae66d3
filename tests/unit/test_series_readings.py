"""Time as numbers on an axis, and which version of an interval counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from policies.model import Instance
from vault.series.axis import (
    PLACES,
    Resolution,
    Span,
    begins,
    between,
    days,
    frame_of,
    frames,
    instant,
    lived,
    number,
    period_bounds,
    period_of,
    period_span,
)
from vault.series.readings import Quality, Readings, counting, joined, laid, layers, nothing, versions_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("month", "hours"),
    [("2026-03", 743), ("2026-10", 745), ("2026-04", 720), ("2024-02", 696), ("2026-01", 744)],
)
def test_a_month_in_oslo_has_its_true_number_of_hours_and_quarters(month: str, hours: int) -> None:
    start = at(f"{month}-10T12:00+01:00")
    assert frame_of(Resolution.HOUR, number(Resolution.HOUR, start)).length == hours
    assert frame_of(Resolution.QUARTER, number(Resolution.QUARTER, start)).length == 4 * hours


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_in_oslo_has_23_24_or_25_hours(day: str, hours: int) -> None:
    noon = number(Resolution.HOUR, at(f"{day}T12:00+02:00"))
    lengths = [
        part.length for part in days(Resolution.HOUR, Span(noon - 48, noon + 48)) if part.first <= noon < part.stop
    ]
    assert lengths == [hours]


@pytest.mark.parametrize("resolution", Resolution)
def test_no_frame_is_longer_than_its_places(resolution: Resolution) -> None:
    longest = 0
    start, end = at("2015-01-01T00:00+01:00"), at("2045-01-01T00:00+01:00")
    before: int | None = None
    for frame in frames(resolution, between(resolution, start, end)):
        assert before in {None, frame.first}
        before = frame.stop
        longest = max(longest, frame.length)
    assert longest == PLACES[resolution]


@pytest.mark.parametrize("resolution", Resolution)
def test_an_interval_begins_where_its_number_says(resolution: Resolution) -> None:
    for day in range(0, 800, 13):
        now = at("2025-01-31T23:10+01:00") + timedelta(days=day)
        inside = number(resolution, now)
        assert instant(resolution, inside) <= now < instant(resolution, inside + 1)
        assert begins(resolution, instant(resolution, inside))
        assert not begins(resolution, now)
        assert number(resolution, instant(resolution, inside)) == inside


def test_a_period_is_a_month_or_a_year_as_the_category_says() -> None:
    hour = number(Resolution.HOUR, at("2026-01-01T00:00+01:00"))
    assert period_of(Resolution.HOUR, Instance.MONTH, hour) == 12 * 2026
    assert period_of(Resolution.HOUR, Instance.MONTH, hour - 1) == 12 * 2026 - 1
    assert period_of(Resolution.HOUR, Instance.YEAR, hour) == 2026
    month = number(Resolution.MONTH, at("2026-05-01T00:00+02:00"))
    assert period_of(Resolution.MONTH, Instance.MONTH, month) == 2026
    assert period_span(Resolution.MONTH, 2026) == Span(month - 4, month + 8)
    assert period_bounds(2026) == (at("2026-01-01T00:00+01:00"), at("2027-01-01T00:00+01:00"))
    assert period_bounds(12 * 2026 + 2) == (at("2026-03-01T00:00+01:00"), at("2026-04-01T00:00+02:00"))


def test_the_intervals_of_a_range_are_those_that_begin_in_it() -> None:
    start = at("2026-03-02T10:30+01:00")
    first = number(Resolution.HOUR, start)
    assert between(Resolution.HOUR, start, start + timedelta(hours=2)) == Span(first + 1, first + 3)
    assert between(Resolution.HOUR, start, start).length == 0
    assert between(Resolution.HOUR, start, start - timedelta(days=1)).length == 0
    early, late = lived()
    assert early < start < late


# -- versions ----------------------------------------------------------------------------------------------------------


def readings(*values: tuple[int, Quality, int], first: int = 100) -> Readings:
    columns = list(zip(*values, strict=True))
    return Readings(
        Resolution.HOUR, first, np.array(columns[0], np.int64), np.array(columns[1], np.uint8),
        np.array(columns[2], np.int64),
    )  # fmt: skip


def test_the_newest_registration_counts_and_an_estimate_beats_a_final_value_only_if_registered_later() -> None:
    into = nothing(Resolution.HOUR, Span(100, 104))
    measured = readings(*[(10, Quality.MEASURED, 50)] * 4)
    estimated = readings(
        (11, Quality.ESTIMATED, 49), (11, Quality.ESTIMATED, 50), (11, Quality.ESTIMATED, 51), (0, Quality.MISSING, 0)
    )
    for order in ((measured, estimated), (estimated, measured), (estimated, estimated, measured, estimated)):
        into = nothing(Resolution.HOUR, Span(100, 104))
        for each in order:
            laid(into, each)
        assert into.wh.tolist() == [10, 10, 11, 10]


def test_missing_never_replaces_and_zero_is_a_value() -> None:
    into = nothing(Resolution.HOUR, Span(100, 102))
    laid(into, readings((0, Quality.MEASURED, 5), (0, Quality.MISSING, 0)))
    assert into.present.tolist() == [True, False]
    laid(into, readings((0, Quality.MISSING, 0), (0, Quality.MISSING, 0)))
    assert into.present.tolist() == [True, False]


def test_what_reaches_beyond_is_left_out() -> None:
    into = nothing(Resolution.HOUR, Span(100, 102))
    laid(into, readings((1, Quality.MEASURED, 5), (2, Quality.MEASURED, 5), first=101))
    laid(into, readings((7, Quality.MEASURED, 5), first=300))
    assert into.wh.tolist() == [0, 1]


def test_layers_hold_every_version_once_the_weakest_first() -> None:
    one = versions_of(readings((5, Quality.MEASURED, 7), (6, Quality.MEASURED, 7)))
    two = versions_of(readings((8, Quality.MEASURED, 9), (6, Quality.MEASURED, 7)))
    found = [layer.wh.tolist() for layer in layers(joined([two, one, two]))]
    assert found == [[5, 6], [8]]
    assert len(joined([])) == 0
    assert counting(Resolution.HOUR, Span(99, 102), joined([two, one])).wh.tolist() == [0, 8, 6]


def test_a_part_of_the_readings_is_cut_out() -> None:
    whole = readings((1, Quality.MEASURED, 5), (2, Quality.MEASURED, 5), (3, Quality.MEASURED, 5))
    assert whole.cut(Span(101, 200)).wh.tolist() == [2, 3]
    assert whole.cut(Span(101, 200)).first == 101
    empty = whole.cut(Span(500, 600))
    assert (len(empty.wh), empty.first) == (0, 500)
    assert whole.starts().tolist() == [360_000, 363_600, 367_200]
    assert "Readings(" not in repr(whole)
