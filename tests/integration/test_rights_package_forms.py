"""Packages in every form: copy in JSON and CSV, series of twenty years, a page to read in two languages."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from collections.abc import AsyncGenerator

import pytest
from databases import Databases
from packages import made, package, values
from people import Person
from power import CONSUMPTION, Metering, arrival, at, readings
from rights_desk import WHY, Office
from vault_house import NOON, Home, home

from policies.model import Access, RecordId
from rights import exporting
from rights.package.parts import Language, What
from vault.request import Change
from vault.series.request import Arrival

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="packages") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def kept(house: Home) -> Office:
    return Office.of(house)


@pytest.fixture
def office(kept: Office) -> Office:
    kept.home.clock.set(NOON)
    kept.people.staff.clear()
    return kept


# -- copy --------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-02")
async def test_a_copy_is_what_the_person_gave_alike_in_json_and_csv(office: Office) -> None:
    person = await office.people.borrower()
    found = await package(office, person.me, What.COPY)
    got = values(found)
    assert {"person.email", "person.name", "project.address", "loan.household_income_nok"} <= got.keys()
    assert not {"project.offer_amount_nok", "project.journey", "rights_request.kind"} & got.keys()
    assert all(each["portable"] for record in found["records"] for each in record["values"])
    table = (await made(office, person.me, What.COPY, "csv")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {(row["record"], row["field"], row["value"]) for row in rows} == {
        (
            record["record"],
            each["field"],
            each["value"] if isinstance(each["value"], str) else json.dumps(each["value"]),
        )
        for record in found["records"]
        for each in record["values"]
    }


@pytest.mark.clause("RGT-02")
async def test_what_was_exported_and_read_back_is_what_the_vault_holds(office: Office) -> None:
    person = await office.people.borrower()
    own = await office.people.own(person)
    got = values(await package(office, person.me, What.COPY))
    for field_name in ("person.email", "person.name", "person.phone", "project.address", "loan.household_loans_nok"):
        assert got[field_name] == [own[field_name]]


async def metered(office: Office) -> Person:
    """A power customer with every hour of a year."""
    meters = Metering(office.home)
    customer = await meters.customer()
    await meters.takes(arrival(customer, readings(at("2025-01-01T00:00"), at("2026-01-01T00:00"))))
    return Person(customer.number, customer.subject, customer.contract, customer.me)


async def produced(office: Office, years: int) -> Person:
    """A customer whose plant has reported every hour of so many years."""
    person = await office.people.customer()
    engineer = await office.people.somebody("project_engineer")
    built = [office.people.fact(person, person.project, name)
             for name in ("design.completed", "pv.installed", "pv.operational")]  # fmt: skip
    plant = RecordId(office.home.ids())
    made_of = Change(subject=person.subject, record=plant, parent=person.project, entity="plant",
                     values={"plant.peak_power_w": 9_800})  # fmt: skip
    await office.desk.vault.seal(engineer, Access("delivery", WHY, "project_engineer"), [made_of], built)
    inverter = await office.people.somebody("inverter_ingest")
    for year in range(2026 - years, 2026):
        hours = readings(at(f"{year}-01-01T00:00"), at(f"{year + 1}-01-01T00:00"))
        given = Arrival(person.subject, plant, "plant.production", hours)
        access = Access("production_monitoring", None, "inverter_ingest")
        taken = await office.home.vault.append(inverter, access, [given])
        assert taken.total().accepted == len(hours.wh)
    return person


@pytest.mark.clause("RGT-02")
async def test_twenty_years_of_hours_stream_in_bounded_memory(office: Office) -> None:
    person = await produced(office, 20)
    tracemalloc.start()
    try:
        length = count = 0
        chunks = exporting.export(office.desk, person.me, What.COPY, "json", language=Language.NB)
        base = tracemalloc.get_traced_memory()[0]
        async for chunk in chunks:
            length += len(chunk)
            count += chunk.count(b'"measured"')
        peak = tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()
    assert count == 20 * 365 * 24 + 5 * 24
    assert length > 8_000_000
    assert peak < 6_000_000


async def test_series_come_in_their_order_in_json_and_csv_and_as_a_count_in_the_pdf(office: Office) -> None:
    person = await metered(office)
    found = await package(office, person.me)
    hours = [reading for part in found["series"] for reading in part["readings"]]
    assert {part["field"] for part in found["series"]} == {CONSUMPTION}
    assert [hours[0][0], len(hours)] == ["2024-12-31T23:00:00+00:00", 8_760]
    assert hours == sorted(hours)
    table = (await made(office, person.me, What.COPY, "csv")).decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["field"] == CONSUMPTION]
    assert [(row["start"], int(row["value"])) for row in rows] == [(start, value) for start, value, _ in hours]
    assert (await made(office, person.me, What.ACCESS, "pdf")).startswith(b"%PDF-")


# -- PDF ---------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-01", "RGT-07")
@pytest.mark.parametrize("language", Language)
async def test_the_readable_package_is_accessible_in_both_languages(office: Office, language: Language) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    pdf = await made(office, person.me, What.ACCESS, "pdf", language=language)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfuaid:part" in pdf
    tag = {Language.NB: b"nb", Language.EN: b"en"}[language]
    assert re.search(rb"/Lang ?\(" + tag, pdf)


async def test_a_person_of_whom_nothing_but_the_person_is_left_still_gets_a_page(office: Office) -> None:
    person = await office.people.lead()
    await office.people.withdraws(person, "calculation")
    found = await package(office, person.me)
    assert found["controller"]["name"] == "Otovo"
    assert "person.email" not in values(found)
    assert (await made(office, person.me, What.ACCESS, "pdf")).startswith(b"%PDF-")
