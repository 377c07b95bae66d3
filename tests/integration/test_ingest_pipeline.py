"""Deliveries of meter readings into a real vault: whose they are, what is refused, and that nothing counts twice."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from databases import fresh_pair
from deliveries import jsonl
from nabostrom_world import NATIONAL_ID, SERVICE, PowerCase, entry
from vault_house import Home, home

from hvelv.embedded import EmbeddedPostgres
from ingest.formats import Options
from ingest.pipeline import Pipeline
from ingest.readings import MeteringPoint
from ingest.report import Outcome, Refusal, Report
from ingest.sites import Deliverer
from policies.model import SELF, Access, Principal
from policies.oslo import midnight
from products.errors import StepRefused
from vault.request import Secret
from vault.series.axis import Resolution
from vault.tokens import TokenSpec

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
POINTS = {number: f"7070575000000000{number}" for number in ("18", "25", "32", "49", "56")}
HOURLY = "metering_point.consumption_hourly"
EXPORT = "metering_point.export_hourly"


@dataclass
class Grid:
    """One customer with a subscription, and whoever delivers its readings."""

    at_home: Home
    power: PowerCase
    who: Principal

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.at_home.vault, self.who)

    async def take(self, data: bytes, point: str | None = None, pipeline: Pipeline | None = None) -> Report:
        options = Options(now=self.at_home.clock(), point=None if point is None else MeteringPoint(point))
        return await (pipeline or self.pipeline).take(BytesIO(data), options)

    async def file(self, name: str, point: str | None = None) -> Report:
        return await self.take((FIXTURES / name).read_bytes(), point)

    async def stored(self, field: str = HOURLY) -> dict[int, tuple[int, int]]:
        """What the customer sees: value and quality by interval."""
        found: dict[int, tuple[int, int]] = {}
        me, own = await self.power.me(), Access("self_service", None, SELF)
        for year in range(2021, 2027, 3):  # a range is at most five years
            start, end = (midnight(date(each, 1, 1)) for each in (year, year + 3))
            opened = await self.at_home.vault.series(me, own, [self.power.subject], frozenset({field}), start, end)
            for series in opened.series:
                readings = series.readings.reveal()
                for place in np.flatnonzero(readings.quality).tolist():
                    key = (readings.first + place) * (1 if readings.resolution is not Resolution.QUARTER else 10**9)
                    found[key] = int(readings.wh[place]), int(readings.quality[place])
        return found

    async def sum_wh(self, field: str = HOURLY) -> int:
        return sum(wh for wh, _ in (await self.stored(field)).values())

    async def at(self, now: datetime) -> None:
        """The same later on, with tokens of that day."""
        self.at_home.clock.set(now)
        self.power.customer = await self.at_home.principal("self", subject=self.power.subject)
        self.who = await self.at_home.principal(*SERVICE)

    async def customer(self, point: str, supply_from: date = date(2021, 1, 1), **other: Any) -> None:
        """Somebody new at this point, supplied from that day on."""
        self.power.registers.meters = [entry(metering_point=point, **other)]
        self.power.customer = None
        await self.power.until_started(supply_from)
        self.power.customer = await self.at_home.principal("self", subject=self.power.subject)
        self.who = await self.at_home.principal(*SERVICE)


@asynccontextmanager
async def grid_over(server: EmbeddedPostgres, keyring: Path) -> AsyncGenerator[Grid]:
    async with fresh_pair(server) as databases, home(databases, keyring) as at_home:
        at_home.clock.set(NOW)
        power = PowerCase(at_home.vault, at_home.clock, at_home.ids)
        yield Grid(at_home, power, await at_home.principal(*SERVICE))


@pytest.fixture
async def grid(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[Grid]:
    async with grid_over(postgres, tmp_path / "keys") as made:
        yield made


# -- the published samples ---------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-14")
async def test_every_csv_sample_gives_its_expected_sum(grid: Grid) -> None:
    expected = json.loads((FIXTURES / "elhub_csv" / "expected.json").read_text("utf-8"))
    point = POINTS["18"]
    grid.at_home.clock.set(datetime(2021, 4, 10, 9, tzinfo=UTC))
    await grid.customer(point)
    for name, wanted in sorted(expected.items()):
        if "sum_kwh" not in wanted:
            continue
        year, month = (int(part) for part in name.split("_")[2].split("-")[:2])
        await grid.at(datetime(year, month, 28, 9, tzinfo=UTC) + timedelta(days=12))  # as files came, each in its time
        before = await grid.sum_wh()
        report = await grid.file(f"elhub_csv/{name}", point)
        assert (report.outcome, report.accepted) == (Outcome.TAKEN, wanted["rows"]), f"{name} {report.problems}"
        assert await grid.sum_wh() - before == round(float(wanted["sum_kwh"]) * 1000), name


async def test_hours_older_than_they_may_be_kept_are_not_taken(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    report = await grid.file("elhub_csv/A_synthetic_2021-03-28_spring.csv", POINTS["18"])
    assert (report.outcome, report.refused) == (Outcome.REFUSED, 23)
    assert [getattr(each, "detail", "") for each in report.problems] == ["retention:hourly_then_monthly"]


@pytest.mark.clause("NAB-16")
async def test_a_prosumer_has_two_series_that_are_never_netted_and_nobody_else_has_export(grid: Grid) -> None:
    await grid.customer(POINTS["18"], feeds_in=True)
    await grid.file("elhub_csv/D_synthetic_2026-06-15_pluskunde.csv", POINTS["18"])
    assert (await grid.sum_wh(), await grid.sum_wh(EXPORT)) == (14_525, 18_700)
    await grid.customer(POINTS["25"])
    report = await grid.file("elhub_csv/D_synthetic_2026-06-15_pluskunde.csv", POINTS["25"])
    assert (report.outcome, report.accepted, report.refused) == (Outcome.PARTLY, 24, 24)
    assert Refusal.EXPORT.value in report.by_rule
    assert await grid.stored(EXPORT) == {}


async def test_a_correction_in_one_file_counts_with_its_newest_registration(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    await grid.file("elhub_csv/D_synthetic_2026-06-15_correction.csv", POINTS["18"])
    assert await grid.sum_wh() == 26_185
    assert {quality for _, quality in (await grid.stored()).values()} == {6}


async def test_the_xml_samples_are_taken_and_the_short_one_is_not(grid: Grid) -> None:
    for number, name, wh in (("18", "consumption_24h_mixed_quality", 25_011), ("25", "consumption_23h_spring", 23_424)):
        await grid.customer(POINTS[number])
        assert (await grid.file(f"elhub_xml/{name}.xml")).outcome is Outcome.TAKEN
        assert await grid.sum_wh() == wh
    before = await grid.stored()
    report = await grid.file("elhub_xml/bad_23_of_24.xml")
    assert (report.outcome, report.accepted) == (Outcome.REFUSED, 0)
    assert await grid.stored() == before


@pytest.mark.clause("NAB-13")
async def test_a_manual_meter_has_volumes_between_readings_and_no_hours(grid: Grid) -> None:
    await grid.customer(POINTS["56"], reading_form="MANUAL")
    report = await grid.file("elhub_xml/manual_reading_rollover_5digit.xml")
    assert report.outcome is Outcome.TAKEN, report.plain()
    assert await grid.sum_wh("metering_point.period_volumes") == 1_826_000
    await grid.customer(POINTS["25"])
    data = (FIXTURES / "elhub_xml/manual_reading_rollover_5digit.xml").read_bytes()
    report = await grid.take(data.replace(POINTS["56"].encode(), POINTS["25"].encode()))
    assert Refusal.FORM.value in report.by_rule
    assert report.taken == 0


# -- idempotence -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-15")
async def test_split_merged_repeated_and_in_any_order_gives_one_series(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    start = midnight(date(2026, 6, 1))
    registered = datetime(2026, 6, 5, tzinfo=UTC)
    first = jsonl(POINTS["18"], start, [100 + n for n in range(24)], registered=registered)
    second = jsonl(POINTS["18"], start + timedelta(hours=12), [7] * 24, registered=registered + timedelta(days=1))
    third = jsonl(POINTS["18"], start + timedelta(hours=30), [9, None, 9], registered=registered - timedelta(days=1))
    seen: list[dict[int, tuple[int, int]]] = []
    async with grid_over(postgres, tmp_path / "keys") as grid:
        for order in list(permutations([first, second, third]))[::2]:
            await grid.customer(POINTS["18"])
            for part in order:
                await grid.take(part)
            again = await grid.take(b"".join([*order, first]))
            assert (again.accepted, again.corrected) == (0, 0)
            seen.append(await grid.stored())
            await grid.power.end(date(2026, 7, 1))
            await grid.power.settle()
    assert all(each == seen[0] for each in seen)
    assert len(seen[0]) == 36
    assert sum(wh for wh, _ in seen[0].values()) == sum(100 + n for n in range(12)) + 7 * 24


async def test_a_file_without_registrations_sent_three_times_is_one(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    name = "elhub_csv/C_synthetic_2024-01-01_hour.csv"
    assert (await grid.file(name, POINTS["18"])).accepted == 24
    before = await grid.stored()
    for _ in range(2):
        grid.at_home.clock.advance(timedelta(hours=1))
        again = await grid.file(name, POINTS["18"])
        assert (again.accepted, again.corrected, again.duplicate) == (0, 0, 24)
    assert await grid.stored() == before


# -- subscription ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-12")
async def test_only_intervals_within_the_subscription_are_taken_and_late_ones_too_until_the_final_bill(
    grid: Grid,
) -> None:
    await grid.customer(POINTS["18"], date(2026, 6, 2))
    start, registered = midnight(date(2026, 6, 1)), datetime(2026, 6, 5, tzinfo=UTC)
    report = await grid.take(jsonl(POINTS["18"], start, [1] * 72, registered=registered))
    assert (report.accepted, report.refused, report.problems[0].line) == (48, 24, 1)
    assert report.by_rule == {Refusal.OUTSIDE.value: 1}
    await grid.power.end(date(2026, 7, 1))
    grid.at_home.clock.advance(timedelta(days=40))
    grid.who = await grid.at_home.principal(*SERVICE)
    last = midnight(date(2026, 6, 30))
    late = await grid.take(jsonl(POINTS["18"], last, [2] * 48, registered=grid.at_home.clock() - timedelta(hours=1)))
    assert (late.accepted, late.refused) == (24, 24)
    await grid.power.settle()
    after = await grid.take(jsonl(POINTS["18"], last, [3] * 24, registered=grid.at_home.clock()))
    assert (after.taken, after.refused) == (0, 24)
    assert after.by_rule == {Refusal.NOBODY.value: 1}


async def test_a_point_that_nobody_ordered_is_refused_and_says_nothing_about_it(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    start = midnight(date(2026, 6, 1))
    report = await grid.take(jsonl(POINTS["49"], start, [1] * 24, registered=NOW - timedelta(days=1)))
    assert (report.outcome, report.refused) == (Outcome.REFUSED, 24)
    assert POINTS["49"] not in json.dumps(report.plain())


async def test_a_point_whose_customer_changed_gives_each_their_own_days(grid: Grid) -> None:
    await grid.customer(POINTS["18"], date(2026, 5, 1))
    await grid.power.end(date(2026, 6, 15))
    first, me = grid.power.subject, await grid.power.me()
    await grid.customer(POINTS["18"], date(2026, 6, 15))
    assert grid.power.subject != first
    whole = jsonl(POINTS["18"], midnight(date(2026, 6, 14)), [5] * 24 + [6] * 24, registered=NOW - timedelta(days=1))
    assert (await grid.take(whole)).accepted == 48
    assert {wh for wh, _ in (await grid.stored()).values()} == {6}
    grid.power.subject, grid.power.customer = first, me
    assert {wh for wh, _ in (await grid.stored()).values()} == {5}


# -- who delivers ------------------------------------------------------------------------------------------------------


async def deliverer(grid: Grid, purpose: str) -> Deliverer:
    spec = TokenSpec(
        account=grid.at_home.ids(), roles=frozenset({"grid_company"}), lifetime=timedelta(minutes=5),
        recipient="grid_company", purpose=purpose,
    )  # fmt: skip
    _, secret = await grid.at_home.vault.tokens.issue(spec)
    return Deliverer(await grid.at_home.vault.tokens.resolve(Secret(secret.reveal())))


@pytest.mark.clause("NAB-12")
async def test_a_grid_company_delivers_with_the_right_purpose_and_with_no_other(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    data = jsonl(POINTS["18"], midnight(date(2026, 6, 1)), [1] * 24, registered=NOW - timedelta(days=1))
    for purpose, taken in (("grid_registration", 0), ("meter_delivery", 24)):
        pipeline = Pipeline(grid.at_home.vault, grid.who, await deliverer(grid, purpose))
        assert (await grid.take(data, pipeline=pipeline)).taken == taken


async def test_a_grid_company_itself_opens_no_reading_and_stores_none(grid: Grid) -> None:
    await grid.customer(POINTS["18"])
    company = (await deliverer(grid, "meter_delivery")).principal
    data = jsonl(POINTS["18"], midnight(date(2026, 6, 1)), [1] * 24, registered=NOW - timedelta(days=1))
    report = await grid.take(data, pipeline=Pipeline(grid.at_home.vault, company))
    assert report.taken == 0
    with pytest.raises(StepRefused):
        await grid.power.look_up(by=company)


def test_the_national_id_of_the_case_is_synthetic() -> None:
    assert int(NATIONAL_ID[2:4]) > 80
