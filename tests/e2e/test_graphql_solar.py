"""Roofs through GraphQL: for nobody and for a case; who may, what is kept, and what is refused with nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql_world import Answered, World, key
from memory_addresses import SOLVEIEN
from solstrom_world import ADDRESS

from policies.model import Access
from solar.engine import portfolio
from solar.model.estimate import VERSION

ESTIMATE = """query E($p: [PlaneInput!]!, $w: PlaceInput, $a: String) { estimate(planes: $p, place: $w, address: $a) {
  model weather peakPowerKw monthlyKwh yearKwh lowKwh highKwh specificKwhPerKw lossesPercent assumptions } }"""
CALCULATE = """mutation C($k: String!, $s: UUID!, $p: UUID!) {
  calculateRoof(idempotencyKey: $k, subject: $s, project: $p) { record replayed } }"""
MINE = """{ me { projects { gridCell estimate { model yearKwh monthlyKwh assumptions }
  roofs { id azimuthDeg tiltDeg areaDm2 heightCm source fetchedOn } } } }"""
ROOF = """query R($s: UUID!, $id: UUID!) { roof(subject: $s, id: $id) { azimuthDeg source fetchedOn } }"""
PLANE: dict[str, Any] = {"azimuthDeg": 180, "tiltDeg": 30, "areaM2": 40}
OSLO: dict[str, Any] = {"latitudeDeg": 59.94, "longitudeDeg": 10.72}


async def calculated(world: World, idempotency: str | None = None) -> Answered:
    return await world.ask(
        CALCULATE, await world.bearer("solar_engine"), k=idempotency or key(), s=world.case.subject,
        p=world.case.project,
    )  # fmt: skip


@pytest.mark.clause("SOL-12")
async def test_an_estimate_for_nobody_is_the_same_each_time_and_stores_nothing(world: World) -> None:
    vault: Any = world.vault
    before = len(vault.doors.people) if hasattr(vault, "doors") else 0
    visitor = await world.bearer("visitor")
    first = await world.ask(ESTIMATE, visitor, p=[PLANE], w=OSLO)
    assert first.errors == []
    assert first.data["estimate"]["model"] == VERSION
    assert 800 <= first.data["estimate"]["specificKwhPerKw"] <= 1_100
    by_address = await world.ask(ESTIMATE, visitor, p=[PLANE], a=ADDRESS)
    assert by_address.data == first.data
    if hasattr(vault, "doors"):
        assert (len(vault.doors.people), vault.doors.sealed, vault.doors.opened) == (before, [], [])


async def test_an_estimate_needs_a_token_and_one_way_to_say_where(world: World) -> None:
    assert (await world.ask(ESTIMATE, p=[PLANE], w=OSLO)).codes == ["UNAUTHENTICATED"]
    visitor = await world.bearer("visitor")
    both: dict[str, Any] = {"w": OSLO, "a": ADDRESS}
    nowhere: dict[str, Any] = {}
    for where in (nowhere, both):
        assert (await world.ask(ESTIMATE, visitor, p=[PLANE], **where)).codes == ["INVALID"]


@pytest.mark.clause("SOL-11")
@pytest.mark.parametrize(
    ("plane", "place", "field"),
    [
        ({"azimuthDeg": 361}, {}, "azimuth_deg"),
        ({"tiltDeg": 95}, {}, "tilt_deg"),
        ({"tiltDeg": -1}, {}, "tilt_deg"),
        ({"areaM2": 0}, {}, "area_m2"),
        ({"areaM2": 1e6}, {}, "area_m2"),
        ({"heightM": 0}, {}, "height_m"),
        ({"heightM": -3}, {}, "height_m"),
        ({"shadingShare": 1.5}, {}, "shading_share"),
        ({}, {"latitudeDeg": 48.1}, "latitude_deg"),
        ({}, {"longitudeDeg": 2.3}, "longitude_deg"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_limit(
    world: World, plane: dict[str, float], place: dict[str, float], field: str
) -> None:
    answer = await world.ask(ESTIMATE, await world.bearer("visitor"), p=[PLANE | plane], w=OSLO | place)
    (error,) = answer.errors
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID", field)
    assert "is a number" in error["extensions"]["rule"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_what_is_no_number_is_refused(world: World, number: str) -> None:
    body = json.dumps({"query": ESTIMATE, "variables": {"p": [PLANE], "w": OSLO}}).replace("59.94", number)
    headers = {"content-type": "application/json", "authorization": f"Bearer {await world.bearer('visitor')}"}
    answer = await world.client.post("/graphql", content=body, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] in {"BAD_REQUEST", "VARIABLES", "INVALID"}
    assert "yearKwh" not in answer.text


@pytest.mark.clause("SOL-12")
async def test_a_case_is_calculated_and_its_owner_sees_the_result_and_where_the_roof_data_came_from(
    world: World,
) -> None:
    await world.case.ask()
    await world.case.roof()
    assert (await calculated(world)).errors == []
    (project,) = (await world.me(MINE)).data["me"]["projects"]
    assert project["estimate"]["model"] == VERSION
    assert len(project["estimate"]["monthlyKwh"]) == 12
    assert project["gridCell"] == "59.9 10.8 0"
    (roof,) = project["roofs"]
    assert (roof["source"], roof["fetchedOn"]) == ("public building register", "2018-05-28")


@pytest.mark.clause("SOL-11")
async def test_the_place_is_kept_no_finer_than_the_sun_needs(world: World) -> None:
    await world.case.ask()
    await world.case.roof()
    await calculated(world)
    answer = await world.me(MINE)
    assert str(SOLVEIEN.lat) not in answer.text
    assert str(SOLVEIEN.lon) not in answer.text
    assert world.addresses.standing_in.asked == [{"sok": ADDRESS}]


async def test_the_same_request_twice_is_done_once(world: World) -> None:
    await world.case.ask()
    await world.case.roof()
    name = key()
    first, second = await calculated(world, name), await calculated(world, name)
    assert (first.data["calculateRoof"]["replayed"], second.data["calculateRoof"]["replayed"]) == (False, True)


async def test_a_case_without_a_roof_asks_nobody_and_stores_nothing(world: World) -> None:
    await world.case.ask()
    answer = await calculated(world)
    assert not world.addresses.standing_in.asked
    assert answer.data["calculateRoof"] is None
    assert (await world.me(MINE)).data["me"]["projects"] in ([], [{"gridCell": None, "estimate": None, "roofs": []}])


@pytest.mark.clause("SOL-12")
async def test_without_the_consent_nothing_opens_nothing_is_asked_and_nothing_stored(world: World) -> None:
    await world.case.ask()
    await world.case.roof()
    await world.case.proceed()
    await world.case.withdraw("calculation")
    answer = await calculated(world)
    assert answer.codes in (["REFUSED"], ["INVALID"])
    assert not world.addresses.standing_in.asked


@pytest.mark.parametrize("role", ["visitor", "advisor", "customer_service", "meter_ingest"])
async def test_nobody_but_the_engine_calculates_a_case(world: World, role: str) -> None:
    await world.case.ask()
    await world.case.roof()
    answer = await world.ask(CALCULATE, await world.bearer(role), k=key(), s=world.case.subject, p=world.case.project)
    assert answer.codes == ["REFUSED"]
    assert not world.addresses.standing_in.asked


async def test_an_address_nobody_knows_is_refused_and_nothing_stored(world: World) -> None:
    await world.case.ask()
    await world.case.roof()
    world.addresses.standing_in.entries.clear()
    answer = await calculated(world)
    assert answer.errors[0]["extensions"]["field"] == "address"
    (project,) = (await world.me(MINE)).data["me"]["projects"]
    assert project["estimate"] is None


async def test_one_roof_by_its_record_and_nothing_of_somebody_else(world: World) -> None:
    await world.case.ask()
    roof = await world.case.roof(azimuth_deg=135)
    answer = await world.me(ROOF, s=world.case.subject, id=roof)
    assert answer.data["roof"] == {
        "azimuthDeg": 135, "source": "public building register", "fetchedOn": "2018-05-28",
    }  # fmt: skip
    mine = world.case.subject
    await world.case.ask(email="ola@example.no")
    assert (await world.me(ROOF, s=mine, id=roof)).codes == ["NOT_FOUND"]


async def test_a_portfolio_is_calculated_in_pages_with_one_opening_each(world: World) -> None:
    vault: Any = world.vault
    for number in range(3):
        await world.case.ask(email=f"person{number}@example.no")
        await world.case.roof()
        await calculated(world)
    engine = await world.case.somebody("solar_engine")
    asked = len(world.addresses.standing_in.asked)
    before = await _openings(world)
    pages = [page async for page in portfolio(vault, engine, page=2)]
    assert sum(page.calculated for page in pages) == 3
    assert sum(page.refused for page in pages) == 0
    assert len(world.addresses.standing_in.asked) == asked
    assert len(pages) == 2
    assert await _openings(world) - before == len(pages)


async def _openings(world: World) -> int:
    vault: Any = world.vault
    found = await vault.entries(await world.case.somebody("dpo"), None, 100)
    return sum(1 for entry in found.entries if entry.kind == "opened" and "solar_engine" in entry.roles)


async def test_the_engine_opens_roof_and_place_and_nothing_else_of_a_person(world: World) -> None:
    vault: Any = world.vault
    await world.case.ask()
    await world.case.roof()
    await calculated(world)
    engine = await world.case.somebody("solar_engine")
    everything = frozenset(name for name, each in vault.policy.fields.items() if each.type.value != "series")
    opened = await vault.open(
        engine, Access("roof_calculation", None, "solar_engine"), [world.case.subject], everything
    )
    seen = {name for record in opened.records for name in record.values}
    assert seen <= {
        "project.address", "project.grid_cell", "project.estimate", "roof.azimuth_deg", "roof.tilt_deg",
        "roof.area_dm2", "roof.height_cm",
    }  # fmt: skip
