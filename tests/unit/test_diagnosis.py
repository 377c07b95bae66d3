"""Findings on plants whose faults are known: what is found, how often falsely, and what is no fault."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from solar.chart import chart
from solar.diagnosis.expecting import Yearly, yearly
from solar.diagnosis.judging import Kind, Severity, judged
from solar.diagnosis.scoring import Scores, scored
from solar.diagnosis.simulated import DAYS, FIRST, fleet, plant
from solar.model.roof import Place, Plane

OSLO = Place(latitude_deg=59.9, longitude_deg=10.8)


@cache
def roof() -> Yearly:
    return yearly([Plane(azimuth_deg=180, tilt_deg=30, area_m2=50)], OSLO)


@cache
def scores() -> Scores:
    return scored(fleet(np.random.default_rng(20_261_124), 5))


@pytest.mark.clause("SOL-32")
@pytest.mark.parametrize("kind", list(Kind))
def test_faults_are_found_and_sound_plants_are_left_alone(kind: Kind) -> None:
    (score,) = [each for each in scores().by_kind if each.kind is kind]
    assert score.plants == 5
    assert score.recall >= 0.8
    assert score.precision >= 0.8


def test_a_sound_plant_is_seldom_called_ill() -> None:
    assert scores().false_a_year <= 0.1


def test_no_reading_is_missing_and_zero_is_none_of_it() -> None:
    expected = roof().over(FIRST + 150 * 24, 30 * 24)
    gone = expected.clear_wh.copy()
    gone[10 * 24 : 13 * 24] = np.nan
    assert [each.kind for each in judged(gone, expected)] == [Kind.MISSING]
    still = expected.clear_wh.copy()
    still[10 * 24 : 13 * 24] = 0
    (found,) = judged(still, expected)
    assert (found.kind, found.severity) == (Kind.OUTAGE, Severity.SERIOUS)
    assert found.first == expected.first + 10 * 24
    assert found.after == expected.first + 13 * 24


def test_a_night_is_never_missing_and_a_cloudless_plant_has_nothing_wrong() -> None:
    expected = roof().over(FIRST, DAYS * 24)
    actual = np.where(expected.clear_wh > 0, expected.clear_wh, np.nan)
    assert judged(actual, expected) == []


def test_twice_as_large_a_plant_is_judged_alike() -> None:
    broken = plant(np.random.default_rng(5), roof(), Kind.DEAD_STRING)
    large = yearly([Plane(azimuth_deg=180, tilt_deg=30, area_m2=100)], OSLO).over(FIRST, DAYS * 24)
    kinds = [(each.kind, each.first, each.after) for each in judged(broken.actual_wh, broken.expected)]
    assert [(each.kind, each.first, each.after) for each in judged(2 * broken.actual_wh, large)] == kinds


@pytest.mark.parametrize("hours", [1, 24, 5 * 24 + 7, 20 * 24, 31 * 24, 45 * 24 + 1, 61 * 24])
def test_a_range_too_short_to_tell_says_nothing_of_levels(hours: int) -> None:
    expected = roof().over(FIRST + 150 * 24 - 2, hours)
    assert judged(0.5 * expected.clear_wh, expected) == []


def test_an_hour_of_a_leap_day_is_that_of_the_day_before() -> None:
    leap = roof().over((19_782 + 0) * 24, 3 * 24)  # 29 February 2024 is day 19,782 since 1970
    before = roof().over(19_781 * 24, 24)
    assert leap.clear_wh[:24].tolist() == before.clear_wh.tolist()
    assert leap.clear_wh[24:48].tolist() != before.clear_wh.tolist()


def test_peak_power_of_what_was_built_scales_the_expectation() -> None:
    built = yearly([Plane(azimuth_deg=180, tilt_deg=30, area_m2=50)], OSLO, peak_power_w=roof().peak_wh / 2)
    assert built.clear_wh.sum() == pytest.approx(roof().clear_wh.sum() / 2)


@pytest.mark.parametrize(("days", "bars"), [(1, 1), (60, 60), (93, 14), (1_000, 34)])
def test_long_ranges_are_drawn_by_weeks_and_months_and_nothing_read_is_no_bar(days: int, bars: int) -> None:
    nothing = np.full(days, np.nan)
    ones = np.ones(days)
    drawn = chart(np.arange(days, dtype=np.int64) * 24, nothing, ones, ones, np.zeros(days, np.bool_))
    assert drawn.count('height="240" fill="url(#gap)"') == bars
    assert "nan" not in drawn
