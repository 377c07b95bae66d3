"""What an arrival must be before anybody asks whether it may be stored; and when a period is a sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from shipped_policy import shipped

from policies.model import RecordId, SubjectId
from vault.series.axis import Resolution
from vault.series.checking import LONGEST, coarsens_at, outlived, problem, touched
from vault.series.codec import Form, Layout, width_of
from vault.series.readings import Quality, Readings
from vault.series.request import Appended, Arrival, Taken

POLICY = shipped()
HOURLY = "metering_point.consumption_hourly"
FIRST = 490_000


def readings(size: int = 4, resolution: Resolution = Resolution.HOUR, first: int = FIRST) -> Readings:
    return Readings(
        resolution, first, np.full(size, 5, np.int64), np.full(size, Quality.MEASURED, np.uint8),
        np.full(size, 1_760_000_000, np.int64),
    )  # fmt: skip


def arrival(values: Readings, field: str = HOURLY) -> Arrival:
    return Arrival(SubjectId(UUID(int=1)), RecordId(UUID(int=2)), field, values)


def changed(**columns: Any) -> Readings:
    return replace(readings(), **columns)


BAD: dict[str, Callable[[], Readings]] = {
    "readings.shape": lambda: changed(wh=np.zeros(3, np.int64)),
    "readings.long": lambda: readings(LONGEST[Resolution.HOUR] + 1),
    "readings.time": lambda: readings(first=-10),
    "readings.quality": lambda: changed(quality=np.full(4, 7, np.uint8)),
    "readings.negative": lambda: changed(wh=np.array([1, -1, 1, 1], np.int64)),
    "readings.large": lambda: changed(wh=np.full(4, 1 << 32, np.int64)),
}


@pytest.mark.parametrize("rule", BAD)
def test_an_arrival_that_is_none_is_refused_by_its_rule(rule: str) -> None:
    assert problem(POLICY, arrival(BAD[rule]())) == rule


def test_a_registration_time_is_one_of_32_bits() -> None:
    for wrong in (0, 1 << 32):
        assert problem(POLICY, arrival(changed(registered=np.full(4, wrong, np.int64)))) == "readings.time"


def test_a_column_of_another_type_is_refused() -> None:
    assert problem(POLICY, arrival(changed(wh=np.zeros(4, np.float64)))) == "readings.shape"


def test_only_fields_of_type_series_take_readings() -> None:
    assert problem(POLICY, arrival(readings(), "metering_point.meter_number")) == "policy.field"
    assert problem(POLICY, arrival(readings(), "nobody.declared_this")) == "policy.field"


def test_nothing_at_all_and_nothing_but_gaps_are_no_mistake() -> None:
    gaps = changed(quality=np.zeros(4, np.uint8))
    for harmless in (readings(0), gaps, readings()):
        assert problem(POLICY, arrival(harmless)) is None
    assert outlived(POLICY, arrival(gaps), datetime(2050, 1, 1, tzinfo=UTC)) is None
    assert touched(gaps).span.length == 0


def test_sums_of_months_may_be_larger_than_any_hour() -> None:
    large = replace(readings(resolution=Resolution.MONTH, first=24_300), wh=np.full(4, 1 << 40, np.int64))
    assert problem(POLICY, arrival(large, "metering_point.consumption_monthly")) is None
    assert width_of(1 << 40) == 8


def test_gaps_hold_nothing_and_ends_are_trimmed() -> None:
    holes = changed(quality=np.array([0, 6, 0, 6], np.uint8))
    found = touched(holes)
    assert (found.first, found.wh.tolist(), found.registered.tolist()) == (
        FIRST + 1, [5, 0, 5], [1_760_000_000, 0, 1_760_000_000],
    )  # fmt: skip


@pytest.mark.clause("NAB-14")
def test_hours_become_sums_three_years_after_their_month_and_production_never() -> None:
    end = datetime(2023, 1, 31, 23, tzinfo=UTC)
    assert coarsens_at(POLICY, HOURLY, end) == ("hourly_then_monthly", datetime(2026, 1, 31, 23, tzinfo=UTC))
    assert coarsens_at(POLICY, "plant.production", end) is None


def test_an_overlay_has_no_table_of_times() -> None:
    layout = Layout(Form.OVERLAY, Resolution.HOUR, 2)
    assert (layout.places, layout.times, layout.size) == (32, 1, 292)


def test_counts_of_a_call_add_up() -> None:
    whole = Appended((Taken(1, 2, 3, 4), Taken(rule="unknown"), Taken(5)), UUID(int=3), replayed=False)
    assert whole.total() == Taken(6, 2, 3, 4)
    assert whole.refused == [(1, "unknown")]
