"""Readings through GraphQL: hours to years in Oslo, what is not there, and who sees which, in memory and for real."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from deliveries import jsonl
from graphql_world import Answered, World
from nabostrom_world import POINT, SERVICE, entry

from ingest.doors import Doors
from ingest.formats import Options
from ingest.pipeline import Pipeline
from policies.model import Access, SubjectId
from policies.oslo import midnight

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
SERIES = """query S($s: UUID!, $p: UUID!, $f: Date!, $t: Date!, $k: SeriesKind!, $r: SeriesResolution!) %s {
  meteringPoint(subject: $s, id: $p) { series(kind: $k, from: $f, to: $t, resolution: $r) {
    first energyWh qualities totalWh coverage preliminary
    counts { measured estimated temporary waiting overdue } } } }"""
BASIS = """query B($s: UUID!, $p: UUID!, $f: Date!, $t: Date!) @access(purpose: BILLING) {
  meteringPoint(subject: $s, id: $p) { billingBasis(from: $f, to: $t) {
    months { month consumptionWh exportWh coverage preliminary } volumes { readOn energyWh } } } }"""


class Metered:
    """A world with one customer who is supplied and feeds in, and the means to deliver."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.point = ""

    async def deliver(self, start: date, wh: Sequence[int | None], direction: str = "consumption") -> None:
        vault: Any = self.world.vault
        doors: Doors = vault
        pipeline = Pipeline(doors, await self.world.power.somebody(*SERVICE))
        data = jsonl(POINT, midnight(start), wh, registered=midnight(start) + timedelta(days=40), direction=direction)
        report = await pipeline.take(BytesIO(data), Options(now=self.world.clock()))
        assert report.refused == 0, report.plain()

    async def ask(
        self,
        first: date,
        after: date,
        resolution: str,
        kind: str = "CONSUMPTION",
        bearer: str | None = None,
        said: str = "",
    ) -> Answered:
        bearer = bearer or await self.world.bearer("self", subject=self.world.power.subject)
        return await self.world.ask(
            SERIES % said, bearer, s=self.world.power.subject, p=self.point, f=first.isoformat(), t=after.isoformat(),
            k=kind, r=resolution,
        )  # fmt: skip


@pytest.fixture
async def metered(world: World) -> Metered:
    world.clock.set(NOW)
    made = Metered(world)
    power = world.power
    power.registers.meters = [entry(feeds_in=True)]
    await power.until_started(date(2024, 1, 1))
    vault: Any = world.vault
    opened = await vault.open(
        await power.somebody("self", subject=power.subject), Access("self_service", None, "self"), [power.subject],
        frozenset({"metering_point.id"}),
    )  # fmt: skip
    made.point = str(next(record.record for record in opened.records if record.kind == "metering_point"))
    return made


def series(answer: Answered) -> dict[str, Any]:
    assert answer.errors == [], answer.text
    found: dict[str, Any] = answer.data["meteringPoint"]["series"]
    return found


@pytest.mark.clause("NAB-14")
@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2025-10-26", 25), ("2026-01-15", 24)])
async def test_a_day_has_as_many_hours_as_it_had_in_oslo(metered: Metered, day: str, hours: int) -> None:
    first = date.fromisoformat(day)
    await metered.deliver(first, [100 + n for n in range(hours)])
    found = series(await metered.ask(first, first + timedelta(days=1), "HOUR"))
    assert found["energyWh"] == [100 + n for n in range(hours)]
    assert datetime.fromisoformat(found["first"]) == midnight(first)
    daily = series(await metered.ask(first, first + timedelta(days=1), "DAY"))
    assert (daily["energyWh"], daily["coverage"]) == ([sum(100 + n for n in range(hours))], 1.0)


@pytest.mark.clause("NAB-14")
async def test_missing_is_never_zero_at_any_resolution(metered: Metered) -> None:
    await metered.deliver(date(2026, 5, 1), [0] * 12 + [None] * 12 + [None] * 24 + [7] * 24)
    hourly = series(await metered.ask(date(2026, 5, 1), date(2026, 5, 4), "HOUR"))
    assert hourly["energyWh"] == [0] * 12 + [None] * 36 + [7] * 24
    assert hourly["qualities"] == "M" * 12 + "-" * 36 + "M" * 24
    daily = series(await metered.ask(date(2026, 5, 1), date(2026, 5, 4), "DAY"))
    assert (daily["energyWh"], daily["qualities"]) == ([0, None, 168], "I-M")
    assert (daily["totalWh"], daily["coverage"], daily["preliminary"]) == (168, 0.5, False)
    assert daily["counts"] == {"measured": 36, "estimated": 0, "temporary": 0, "waiting": 0, "overdue": 36}


@pytest.mark.clause("NAB-15")
async def test_hours_of_the_last_ten_days_are_waited_for_and_make_a_sum_preliminary(metered: Metered) -> None:
    answer = series(await metered.ask(date(2026, 6, 20), date(2026, 7, 2), "DAY"))
    assert answer["preliminary"]
    assert answer["counts"]["overdue"] == 24  # the 20th
    assert answer["counts"]["waiting"] == 10 * 24 + 11  # the 21st to this hour
    assert answer["energyWh"] == [None] * 12
    assert (answer["totalWh"], answer["coverage"]) == (None, 0.0)


async def test_months_and_years_are_those_of_oslo_and_sum_exactly(metered: Metered) -> None:
    first = date(2025, 12, 30)
    await metered.deliver(first, list(range(96)))  # four days over the turn of the year
    months = series(await metered.ask(date(2025, 12, 1), date(2026, 2, 1), "MONTH"))
    assert months["energyWh"] == [sum(range(48)), sum(range(48, 96))]
    years = series(await metered.ask(date(2025, 1, 1), date(2027, 1, 1), "YEAR"))
    assert years["energyWh"] == [sum(range(48)), sum(range(48, 96))]
    assert years["totalWh"] == sum(range(96))


@pytest.mark.clause("NAB-16")
async def test_consumption_and_export_are_two_answers_never_netted(metered: Metered) -> None:
    day = date(2026, 5, 1)
    await metered.deliver(day, [10] * 24)
    await metered.deliver(day, [25] * 24, direction="export")
    assert series(await metered.ask(day, day + timedelta(days=1), "DAY"))["energyWh"] == [240]
    assert series(await metered.ask(day, day + timedelta(days=1), "DAY", "EXPORT"))["energyWh"] == [600]


async def test_points_say_the_same_as_the_column(metered: Metered) -> None:
    await metered.deliver(date(2026, 5, 1), [1, None, 3])
    document = SERIES.replace("first energyWh", "starts energyWh points { start energyWh quality coverage }")
    answer = await metered.world.ask(
        document % "", await metered.world.bearer("self", subject=metered.world.power.subject),
        s=metered.world.power.subject, p=metered.point, f="2026-05-01", t="2026-05-02", k="CONSUMPTION", r="HOUR",
    )  # fmt: skip
    found = series(answer)
    assert [point["energyWh"] for point in found["points"]] == found["energyWh"]
    assert [int(datetime.fromisoformat(p["start"]).timestamp()) for p in found["points"]] == found["starts"]
    assert [point["quality"] for point in found["points"][:3]] == ["measured", None, "measured"]
    assert [point["coverage"] for point in found["points"][:3]] == [1.0, 0.0, 1.0]


async def test_it_hangs_below_the_customer_as_well(metered: Metered) -> None:
    await metered.deliver(date(2026, 5, 1), [4] * 24)
    document = """{ me { powerContracts { meteringPoints { meteringPointId
      series(kind: CONSUMPTION, from: "2026-05-01", to: "2026-05-02", resolution: DAY) { energyWh } } } } }"""
    bearer = await metered.world.bearer("self", subject=metered.world.power.subject)
    (contract,) = (await metered.world.ask(document, bearer)).data["me"]["powerContracts"]
    assert contract["meteringPoints"] == [{"meteringPointId": POINT, "series": {"energyWh": [96]}}]


# -- who sees what -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-12")
async def test_billing_sees_what_it_bills_by_and_no_name(metered: Metered) -> None:
    await metered.deliver(date(2026, 5, 1), [10] * 24 * 31)
    await metered.deliver(date(2026, 5, 1), [20] * 24, direction="export")
    bearer = await metered.world.bearer("billing")
    answer = await metered.world.ask(
        BASIS, bearer, s=metered.world.power.subject, p=metered.point, f="2026-05-01", t="2026-07-01"
    )
    assert answer.errors == [], answer.text
    may, june = answer.data["meteringPoint"]["billingBasis"]["months"]
    assert may == {
        "month": "2026-05", "consumptionWh": 10 * 24 * 31, "exportWh": 480, "coverage": 1.0, "preliminary": False,
    }  # fmt: skip
    assert (june["consumptionWh"], june["coverage"], june["preliminary"]) == (None, 0.0, True)
    both = await metered.world.ask(
        BASIS.replace("billingBasis(", "meterNumber billingBasis(", 1), bearer,
        s=metered.world.power.subject, p=metered.point, f="2026-05-01", t="2026-06-01",
    )  # fmt: skip
    assert both.rules == {("metering_point.meter_number", "use")}
    assert both.data["meteringPoint"]["meterNumber"] is None
    assert both.data["meteringPoint"]["billingBasis"]["months"][0]["exportWh"] == 480
    name = await metered.world.ask(
        "query N($s: UUID!) @access(purpose: BILLING) { customer(id: $s) { firstName } }",
        bearer, s=metered.world.power.subject,
    )  # fmt: skip
    assert name.data["customer"] is None


async def test_a_stranger_and_an_unknown_point_are_told_alike(metered: Metered) -> None:
    await metered.deliver(date(2026, 5, 1), [10] * 24)
    await metered.world.case.ask()
    stranger = await metered.world.bearer("self", subject=metered.world.case.subject)
    answers = [await metered.ask(date(2026, 5, 1), date(2026, 5, 2), "DAY", bearer=stranger)]
    metered.world.power.subject = SubjectId(metered.world.ids())
    answers.append(await metered.ask(date(2026, 5, 1), date(2026, 5, 2), "DAY", bearer=stranger))
    assert [(a.codes, a.data["meteringPoint"]["series"]) for a in answers] == [(["NOT_FOUND"], None)] * 2


@pytest.mark.parametrize(
    ("role", "purpose"),
    [("customer_service", "POWER_SUPPLY"), ("operator", "LEGAL_RETENTION"), ("dpo", "AUDIT"), ("advisor", "OFFER")],
)
async def test_nobody_else_sees_a_reading(metered: Metered, role: str, purpose: str) -> None:
    await metered.deliver(date(2026, 5, 1), [4321] * 24)
    said = f'@access(purpose: {purpose}, reason: "curious")'
    bearer = await metered.world.bearer(role)
    answer = await metered.ask(date(2026, 5, 1), date(2026, 5, 2), "HOUR", bearer=bearer, said=said)
    assert "4321" not in answer.text
    assert set(answer.codes) <= {"WITHHELD", "NOT_FOUND"}
    assert answer.codes


@pytest.mark.parametrize(
    ("first", "after", "resolution"),
    [
        ("2026-05-02", "2026-05-02", "HOUR"),
        ("2026-05-02", "2026-05-01", "DAY"),
        ("2024-01-01", "2026-01-01", "HOUR"),
        ("2000-01-01", "2026-01-01", "YEAR"),
    ],
)
async def test_a_range_that_is_none_or_too_long_is_named(
    metered: Metered, first: str, after: str, resolution: str
) -> None:
    answer = await metered.ask(date.fromisoformat(first), date.fromisoformat(after), resolution)
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["field"] == "to"
