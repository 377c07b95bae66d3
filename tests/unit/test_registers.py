"""Registers of manual meters: differences, the end of a register, changed meters, and what has to be read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from metering import OTHER_POINT, POINT

from ingest.problems import Problem, Rule, Severity
from ingest.readings import Direction, PeriodVolume, RegisterReading
from ingest.registers import explains, steps_between, volume_between, volumes

FIRST = RegisterReading(
    point=POINT,
    direction=Direction.CONSUMPTION,
    meter="M1",
    digits=5,
    constant=1,
    at=datetime(2026, 4, 1, tzinfo=UTC),
    steps=99_412,
    registered_at=datetime(2026, 4, 2, tzinfo=UTC),
    line=1,
)


def later(steps: int, days: int = 75, **changes: Any) -> RegisterReading:
    changed: dict[str, Any] = {"steps": steps, "at": FIRST.at + timedelta(days=days), "line": days, **changes}
    return replace(FIRST, **changed)


def asked(found: object) -> Rule:
    assert isinstance(found, Problem)
    assert found.severity is Severity.QUESTION
    return found.rule


@pytest.mark.clause("NAB-13")
def test_a_register_that_passed_its_end_used_what_lies_beyond_it() -> None:
    volume = volume_between(FIRST, later(1238))
    assert isinstance(volume, PeriodVolume)
    assert volume.energy_wh == 1_826_000
    assert (volume.start, volume.end) == (FIRST.at, FIRST.at + timedelta(days=75))


@pytest.mark.clause("NAB-13")
def test_an_implausible_drop_asks_again_and_is_never_a_turn_of_the_register() -> None:
    assert asked(volume_between(replace(FIRST, steps=1238), later(1200))) is Rule.REGISTER_DROP
    assert steps_between(1238, 1200, 5) is Rule.REGISTER_DROP
    assert steps_between(75_000, 0, 5) == 25_000
    assert steps_between(74_999, 0, 5) is Rule.REGISTER_DROP


def test_the_constant_multiplies_each_step() -> None:
    volume = volume_between(replace(FIRST, steps=10, constant=40), later(13, constant=40))
    assert isinstance(volume, PeriodVolume)
    assert volume.energy_wh == 3 * 40 * 1000


def test_no_use_is_zero_and_not_missing() -> None:
    volume = volume_between(FIRST, later(FIRST.steps))
    assert isinstance(volume, PeriodVolume)
    assert volume.energy_wh == 0


@pytest.mark.clause("NAB-13")
def test_a_changed_meter_splits_the_period() -> None:
    old_ends, new_begins = later(99_500, 10), later(3, 10, meter="M2", digits=6, constant=10)
    found = list(volumes([FIRST, old_ends, new_begins, later(7, 20, meter="M2", digits=6, constant=10)]))
    assert [each.energy_wh for each in found if isinstance(each, PeriodVolume)] == [88_000, 40_000]
    assert len(found) == 2


def test_a_changed_meter_without_its_two_readings_is_asked_about() -> None:
    assert asked(volume_between(FIRST, later(7, meter="M2"))) is Rule.METER_CHANGE


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        (later(99_500, 0), Rule.REGISTER_ORDER),
        (later(99_500, -1), Rule.REGISTER_ORDER),
        (later(99_500, digits=6), Rule.REGISTER),
        (later(99_500, constant=2), Rule.REGISTER),
        (replace(later(0), steps=10**4, at=FIRST.at + timedelta(minutes=1)), Rule.ABSURD),
    ],
)
def test_a_reading_that_does_not_follow_is_asked_about(after: RegisterReading, rule: Rule) -> None:
    assert asked(volume_between(FIRST, after)) is rule


def test_a_misread_register_spoils_the_periods_beside_it_and_no_other() -> None:
    readings = [replace(FIRST, steps=100), later(120, 10), later(50_140, 20), later(160, 30), later(190, 40)]
    found = list(volumes(reversed(readings)))
    assert [type(each) for each in found] == [PeriodVolume, PeriodVolume, Problem, PeriodVolume]
    assert asked(found[2]) is Rule.REGISTER_DROP


def test_two_points_have_no_volume_between_them() -> None:
    with pytest.raises(ValueError, match="two series"):
        volume_between(FIRST, later(99_500, point=OTHER_POINT))
    with pytest.raises(ValueError, match="two series"):
        volume_between(FIRST, later(99_500, direction=Direction.EXPORT))


@pytest.mark.parametrize(
    ("start", "end", "volume", "explained"),
    [
        (100_000, 110_000, 10_000, True),
        (100_000, 110_000, 400_000, True),
        (100_000, 110_000, 15_000, False),
        (100_000, 100_000, 0, True),
        (100_000, 100_000, 1, False),
        (100_000, 110_000, 0, False),
        (99_412_000, 1_238_000, 1_826_000, True),
        (99_412_000, 1_238_000, 1_827_000, False),
        (0, 0, 0, True),
    ],
)
def test_a_volume_is_explained_by_its_registers_or_not(start: int, end: int, volume: int, explained: bool) -> None:  # noqa: FBT001  a parameter
    assert explains(start, end, volume) is explained
