"""What readings mean: days and months of Norway, whole watt-hours, and which reading of an interval stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from metering import SERIES, batch, rows_of

from ingest import oslo
from ingest.energy import MOST_W, most_wh, watt_hours
from ingest.merging import as_of, concatenated, contradictions, history, merged
from ingest.problems import Rule
from ingest.readings import NO_ENERGY, Batch, Direction, Quality, Resolution, Series, metering_point, seconds
from policies.oslo import OSLO
from policies.values import BadValue


@pytest.mark.clause("NAB-14")
@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 6, 15), 24), (date(2026, 10, 25), 25)])
def test_a_day_has_23_24_or_25_hours_and_four_times_as_many_quarters(day: date, hours: int) -> None:
    assert oslo.intervals_of_day(day, Resolution.HOUR) == hours
    assert oslo.intervals_of_day(day, Resolution.QUARTER) == 4 * hours
    assert len(oslo.expected_starts(day, day + timedelta(days=1), Resolution.QUARTER)) == 4 * hours


@pytest.mark.parametrize(
    ("year", "month", "hours"), [(2026, 3, 743), (2026, 10, 745), (2026, 12, 744), (2024, 2, 696), (2025, 2, 672)]
)
def test_a_month_has_as_many_hours_as_its_days(year: int, month: int, hours: int) -> None:
    assert oslo.intervals_of_month(year, month, Resolution.HOUR) == hours
    assert oslo.intervals_of_month(year, month, Resolution.QUARTER) == 4 * hours


def test_instants_of_five_years_have_the_wall_time_that_the_zone_says() -> None:
    at = np.arange(
        seconds(datetime(2020, 1, 1, tzinfo=UTC)), seconds(datetime(2025, 1, 1, tzinfo=UTC)), 900 * 3, dtype=np.int64
    )
    shown = [
        seconds(datetime.fromtimestamp(each, OSLO).replace(tzinfo=UTC)) for each in at.tolist()
    ]  # the wall as if it were UTC
    assert oslo.wall(at).tolist() == shown
    assert [oslo.day(each) for each in at[::50].tolist()] == oslo.days(at[::50]).tolist()
    back = oslo.placed(oslo.wall(at))
    assert not back.skipped.any()
    assert set((at - back.start)[back.twice].tolist()) == {0, 3600}
    assert (at == back.start)[~back.twice].all()


def test_a_wall_time_that_was_skipped_is_none_and_one_that_came_twice_is_marked() -> None:
    walls = np.array(
        [
            seconds(datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
            seconds(datetime(2026, 10, 25, 2, tzinfo=UTC)),
            seconds(datetime(2026, 10, 25, 3, tzinfo=UTC)),
        ],
        dtype=np.int64,
    )
    placed = oslo.placed(walls)
    assert placed.skipped.tolist() == [True, False, False]
    assert placed.twice.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("written", "mark", "expected"),
    [
        ("0,436", ",", 436),
        ("12.5", ".", 12_500),
        ("7", ",", 7000),
        ("0.4360", ".", 436),
        ("-0.000", ".", 0),
        ("0.4365", ".", Rule.SUB_WATT_HOUR),
        ("-0.001", ".", Rule.NEGATIVE),
        ("0.436", ",", Rule.ENERGY),
        ("1e3", ".", Rule.ENERGY),
        ("nan", ".", Rule.ENERGY),
        ("", ".", Rule.ENERGY),
        ("٣", ".", Rule.ENERGY),
    ],
)
def test_kilowatt_hours_become_whole_watt_hours_or_are_refused(written: str, mark: str, expected: int | Rule) -> None:
    assert watt_hours(written, mark=mark) == expected


def test_what_is_absurd_grows_with_the_interval() -> None:
    assert most_wh(Resolution.HOUR) == MOST_W == 4 * most_wh(Resolution.QUARTER)


@pytest.mark.clause("NAB-06")
def test_a_metering_point_with_a_wrong_check_digit_or_of_another_country_is_none() -> None:
    assert metering_point("707057500000000018") == "707057500000000018"
    assert isinstance(metering_point("707057500000000019"), BadValue)
    assert isinstance(metering_point("571313104402686056"), BadValue)


def test_the_newest_registration_stands() -> None:
    old, new = (0, 500, Quality.MEASURED, 10), (0, 400, Quality.ESTIMATED, 11)
    assert rows_of(merged(batch([new, old]))) == [new]


def test_an_estimate_does_not_replace_a_final_value_of_the_same_registration() -> None:
    final, estimate = (0, 500, Quality.MEASURED, 10), (0, 400, Quality.ESTIMATED, 10)
    assert rows_of(merged(batch([final]), batch([estimate]))) == [final]
    assert rows_of(merged(batch([estimate]), batch([final]))) == [final]


def test_a_contradiction_is_named_and_resolved_alike_in_whatever_order() -> None:
    low, high = (0, 400, Quality.MEASURED, 10), (0, 500, Quality.MEASURED, 10)
    other = (3600, 1, Quality.MEASURED, 10)
    assert rows_of(merged(batch([high, low, other]))) == rows_of(merged(batch([low, high, other]))) == [high, other]
    assert contradictions(batch([high, low, other])).tolist() == [True, True, False]
    assert rows_of(history(batch([high, low, other, low]))) == [low, high, other]


def test_history_answers_what_stood_at_an_instant() -> None:
    first, second = (0, 400, Quality.ESTIMATED, 10), (0, 500, Quality.MEASURED, 20)
    kept = history(batch([second, first]))
    assert rows_of(as_of(kept, datetime(1970, 1, 1, 0, 0, 15, tzinfo=UTC))) == [first]
    assert rows_of(as_of(kept, datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC))) == [second]


def test_a_missing_reading_has_no_energy_and_zero_is_not_missing() -> None:
    missing, zero = batch([(0, None, Quality.MISSING, None)]), batch([(0, 0, Quality.MEASURED, None)])
    assert [each.energy_wh for each in missing.readings()] == [None]
    assert [each.energy_wh for each in zero.readings()] == [0]
    with pytest.raises(ValueError, match="missing"):
        batch([(0, 0, Quality.MISSING, None)])
    with pytest.raises(ValueError, match="missing"):
        batch([(0, NO_ENERGY, Quality.MEASURED, None)])


def test_columns_of_different_lengths_are_no_batch() -> None:
    whole = batch([(0, 1, Quality.MEASURED, None)])
    with pytest.raises(ValueError, match="lengths"):
        Batch(
            series=whole.series,
            start=whole.start,
            energy_wh=whole.energy_wh,
            quality=whole.quality,
            registered=whole.registered,
            line=whole.line[:0],
        )


def test_readings_without_registration_are_registered_when_received() -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC)
    both = batch([(0, 1, Quality.MEASURED, None), (3600, 1, Quality.MEASURED, 7)]).registered_by(received)
    assert both.registered.tolist() == [seconds(received), 7]


@pytest.mark.clause("NAB-16")
def test_two_series_of_a_point_are_never_merged_into_one() -> None:
    export = Series(point=SERIES.point, direction=Direction.EXPORT, resolution=Resolution.HOUR)
    with pytest.raises(ValueError, match="one series"):
        concatenated([batch([]), batch([], export)])
