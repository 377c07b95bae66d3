"""A plant through GraphQL: for its owner, against what could be expected, and its maker sees three things of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from graphql_world import Answered, World, key
from solstrom_world import REASON

from policies.event import Fact
from policies.model import Access, Principal, RecordId
from policies.oslo import midnight
from vault.request import Change, Removed, Secret, Value
from vault.series.axis import Resolution, number
from vault.series.readings import Quality, Readings
from vault.series.request import Arrival

NOW = datetime(2026, 7, 20, 9, tzinfo=UTC)
PLANT = """query P($s: UUID!, $id: UUID!, $f: Date!, $t: Date!) %s { plant(subject: $s, id: $id, from: $f, to: $t) {
  starts actual expected performance { actualWh expectedWh ratio coverage }
  findings { kind severity since until evidence } chart } }"""
CALCULATE = """mutation C($k: String!, $s: UUID!, $p: UUID!) {
  calculateRoof(idempotencyKey: $k, subject: $s, project: $p) { record } }"""
ACTUAL = """query P($s: UUID!, $id: UUID!, $f: Date!, $t: Date!) %s { plant(subject: $s, id: $id, from: $f, to: $t) {
  starts actual } }"""
SERIAL = "31280017"


class Plant:
    """A customer whose plant produces, and everybody around it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vault: Any = world.vault
        self.record = RecordId(world.ids())

    async def build(self, *, roof: bool = True) -> None:
        case, world = self.world.case, self.world
        world.clock.set(NOW - timedelta(days=120))
        await case.until_signed()
        if roof:
            await case.roof()
            engine = await world.bearer("solar_engine")
            assert (await world.ask(CALCULATE, engine, k=key(), s=case.subject, p=case.project)).errors == []
        await case.assign("project_engineer", "delivery")
        await case.design()
        engineer = await case.somebody("project_engineer")
        values: dict[str, Value | Removed] = {
            "plant.peak_power_w": 5_600, "plant.inverter_make": "Prøveverk", "plant.inverter_serial": SERIAL,
        }  # fmt: skip
        change = Change(subject=case.subject, record=self.record, parent=case.project, entity="plant", values=values)
        happened = [
            Fact(subject=case.subject, record=case.project, name=name, at=world.clock())
            for name in ("pv.installed", "pv.operational")
        ]
        await self.vault.seal(engineer, Access("delivery", REASON, "project_engineer"), [change], happened)
        world.clock.set(NOW)

    async def produces(self, start: date, days: int, *, missing: range = range(0)) -> None:
        first = number(Resolution.HOUR, midnight(start))
        hours = np.arange(days * 24)
        wh = np.maximum(0, 2_800 * np.sin((hours % 24 - 4) * np.pi / 16)).astype(np.int64)
        wh = np.where((hours % 24 < 4) | (hours % 24 > 20), 0, wh)
        gone = np.isin(hours // 24, list(missing))
        quality = np.where(gone, 0, int(Quality.MEASURED)).astype(np.uint8)
        registered = np.where(gone, 0, int(NOW.timestamp()))
        readings = Readings(Resolution.HOUR, first, np.where(gone, 0, wh), quality, registered)
        arrival = Arrival(self.world.case.subject, self.record, "plant.production", readings)
        service = await self.world.case.somebody("inverter_ingest")
        done = await self.vault.append(service, Access("production_monitoring", None, "inverter_ingest"), [arrival])
        assert done.refused == []

    async def ask(
        self, first: date, after: date, document: str = PLANT, bearer: str | None = None, said: str = ""
    ) -> Answered:
        case = self.world.case
        bearer = bearer or await self.world.bearer("self", subject=case.subject)
        return await self.world.ask(
            document % said, bearer, s=case.subject, id=self.record, f=first.isoformat(), t=after.isoformat()
        )

    async def seen_by(self, who: Principal, purpose: str) -> set[str]:
        fields = frozenset(name for name, each in self.vault.policy.fields.items() if each.type.value != "series")
        access = Access(purpose, None, who.recipient or "self")
        opened = await self.vault.open(who, access, [self.world.case.subject], fields)
        return {name for record in opened.records for name in record.values}


@pytest.fixture
async def plant(world: World) -> Plant:
    made = Plant(world)
    await made.build()
    return made


@pytest.mark.clause("SOL-33")
async def test_the_owner_sees_actual_beside_expected_and_a_gap_is_a_gap(plant: Plant) -> None:
    await plant.produces(date(2026, 6, 1), 30, missing=range(10, 14))
    answer = await plant.ask(date(2026, 6, 1), date(2026, 7, 1))
    assert answer.errors == []
    found = answer.data["plant"]
    assert (len(found["starts"]), len(found["actual"]), len(found["expected"])) == (30, 30, 30)
    assert found["actual"][9] is not None
    assert found["actual"][10:14] == [None] * 4
    assert found["performance"]["coverage"] == pytest.approx(26 / 30, abs=0.01)
    assert found["performance"]["actualWh"] == sum(each for each in found["actual"] if each is not None)
    missing = [each for each in found["findings"] if each["kind"] == "missing"]
    assert len(missing) == 1
    assert missing[0]["since"] < "2026-06-11T08" < missing[0]["until"]


@pytest.mark.clause("SOL-33")
async def test_the_chart_is_whole_svg_without_script_and_hatches_what_nobody_read(plant: Plant) -> None:
    await plant.produces(date(2026, 6, 1), 30, missing=range(10, 14))
    chart = (await plant.ask(date(2026, 6, 1), date(2026, 7, 1))).data["plant"]["chart"]
    root = ET.fromstring(chart)  # noqa: S314  (our own)
    kinds = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert not kinds & {"script", "image", "use", "a", "foreignObject"}
    assert "http" not in chart.replace("http://www.w3.org/2000/svg", "")
    hatched = [each for each in root.iter() if each.get("fill") == "url(#gap)" and each.get("height") == "240"]
    assert len(hatched) == 4


async def test_hours_that_have_not_ended_are_not_missing(plant: Plant) -> None:
    await plant.produces(date(2026, 7, 1), 19)
    found = (await plant.ask(date(2026, 7, 1), date(2026, 8, 1))).data["plant"]
    assert len(found["actual"]) == 20
    assert [each["kind"] for each in found["findings"] if each["kind"] == "missing"] == []


@pytest.mark.clause("SOL-33")
async def test_somebody_elses_plant_is_not_there(plant: Plant) -> None:
    await plant.produces(date(2026, 6, 1), 2)
    stranger = await plant.world.bearer("self", subject=plant.world.ids())
    assert (await plant.ask(date(2026, 6, 1), date(2026, 7, 1), bearer=stranger)).codes == ["NOT_FOUND"]


async def test_who_asks_for_production_alone_has_no_roof_opened(plant: Plant) -> None:
    bearer = await plant.world.bearer("self", subject=plant.world.case.subject)
    me = await plant.vault.tokens.resolve(Secret(bearer))
    await plant.produces(date(2026, 6, 1), 2)
    answer = await plant.ask(date(2026, 6, 1), date(2026, 6, 3), ACTUAL)
    assert answer.errors == []
    (latest,) = (await plant.vault.accesses(me, plant.world.case.subject, None, 1)).entries
    assert not {name for name in latest.fields if name.startswith("roof.")}
    assert len(answer.data["plant"]["actual"]) == 2


async def test_a_plant_without_a_roof_is_told_so_and_a_range_has_an_end(world: World) -> None:
    made = Plant(world)
    await made.build(roof=False)
    await made.produces(date(2026, 6, 1), 2)
    (error,) = (await made.ask(date(2026, 6, 1), date(2026, 6, 3))).errors
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID", "roof")
    for after in (date(2026, 6, 1), date(2032, 6, 1)):
        (error,) = (await made.ask(date(2026, 6, 1), after)).errors
        assert error["extensions"]["field"] == "to"


@pytest.mark.clause("SOL-30")
@pytest.mark.clause("SOL-31")
async def test_the_maker_of_the_inverter_sees_production_serial_and_fault_only(plant: Plant) -> None:
    await plant.produces(date(2026, 6, 1), 2)
    case = plant.world.case
    maker = await case.somebody("inverter_manufacturer", purpose="diagnostics")
    assert await plant.seen_by(maker, "diagnostics") <= {"plant.inverter_serial", "plant.fault_codes"}
    bearer = await plant.world.bearer("inverter_manufacturer", purpose="diagnostics")
    answer = await plant.ask(date(2026, 6, 1), date(2026, 6, 3), ACTUAL, bearer)
    assert answer.errors == []
    assert all(answer.data["plant"]["actual"])
    whole = await plant.ask(date(2026, 6, 1), date(2026, 6, 3), PLANT, bearer)
    assert whole.data["plant"]["expected"] is None
    assert whole.data["plant"]["chart"] is None
    assert {field for field, _ in whole.rules} == {
        "roof.azimuth_deg", "roof.tilt_deg", "roof.area_dm2", "project.grid_cell", "plant.peak_power_w",
    }  # fmt: skip


@pytest.mark.clause("SOL-32")
async def test_only_the_inverter_and_the_hub_bring_production(plant: Plant) -> None:
    advisor = await plant.world.case.somebody("advisor", again=True)
    readings = Readings(
        Resolution.HOUR, number(Resolution.HOUR, midnight(date(2026, 6, 1))), np.ones(1, np.int64),
        np.full(1, int(Quality.MEASURED), np.uint8), np.full(1, int(NOW.timestamp()), np.int64),
    )  # fmt: skip
    arrival = Arrival(plant.world.case.subject, plant.record, "plant.production", readings)
    done = await plant.vault.append(advisor, Access("production_monitoring", None, "advisor"), [arrival])
    assert [place for place, _ in done.refused] == [0]
