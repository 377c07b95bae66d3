"""Packages over the real vault: everything of the person, nothing of anybody else, made by the person alone."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from databases import Databases
from in_order import caught_up
from packages import made, package, values
from people import Person, address, email, name, phone
from rights_desk import WHY, Office
from vault_house import NOON, Home, home

from identity.bearer import authenticate
from policies.event import Fact, Hold
from policies.model import SELF, Access, RecordId, SubjectId
from rights import exporting, registering
from rights.errors import RequestRefused
from rights.package.gathering import gather
from rights.package.parts import Language, Part, SeriesPart, What
from rights.request import Answer, Export, Make, State
from vault.errors import Refused, TokenRefused, Unknown
from vault.ledger.sequencing import Sequencer
from vault.request import Change, Secret

pytestmark = pytest.mark.slow


ORGANISATION = "987654325"


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


@pytest.mark.clause("RGT-01")
async def test_every_value_that_is_held_is_in_it_and_no_other_persons(office: Office) -> None:
    person, other = await office.people.borrower(2), await office.people.borrower()
    await office.asks(person, "access", text="alt om meg: æøå")
    found = await package(office, person.me)
    got = values(found)
    number = person.number
    assert got["person.email"] == [email(number)]
    assert got["person.name"] == [name(number)]
    assert got["person.phone"] == [phone(number)]
    assert got["project.address"] == [address(number)]
    assert got["loan.national_id"] == [office.people.national_id(person)] * 2
    assert got["loan.household_income_nok"] == [700_000 + number] * 2
    assert got["rights_request.text"] == ["alt om meg: æøå"]
    text = json.dumps(found, ensure_ascii=False)
    strange = email(other.number), name(other.number), phone(other.number), str(other.subject), str(other.project)
    assert [each for each in strange if each in text] == []
    assert office.people.national_id(other) not in text
    assert found["withheld"] == []


@pytest.mark.clause("RGT-01")
async def test_it_says_why_how_long_from_whom_who_saw_it_and_where_to_complain(office: Office) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    found = await package(office, person.me)
    assert found["controller"]["data_protection_officer"] == "privacy@otovo.com"
    assert "www.datatilsynet.no" in found["controller"]["complaint"]["nb"]
    assert {right["article"] for right in found["rights"]} == {7, 15, 16, 17, 18, 20, 21, 77}
    assert found["notice"]["digest"] == office.desk.vault.policy.digest.hex()
    named = {each["purpose"] for each in found["purposes"]}
    for record in found["records"]:
        for each in record["values"]:
            assert each["source"]
            assert set(each["purposes"]) <= named
    (bank,) = found["recipients"]
    assert (bank["name"], bank["country"]) == ("SpareBank 1", "NO")
    assert {each["field"] for each in bank["fields"]} == {"person.name", "person.email", "loan.national_id"}
    kinds = {(entry["kind"], entry["purpose"]) for entry in found["accesses"]}
    assert {("opened", "loan_application"), ("sealed", "roof_calculation")} <= kinds
    root = next(record for record in found["records"] if record["kind"] == "person")
    assert {(each["category"], each["why"]) for each in root["kept"]} == {("contact", "state"), ("email", "state")}


async def test_a_lead_reads_the_day_its_data_are_destroyed_and_a_hold_its_law(office: Office) -> None:
    person = await office.people.lead()
    (root, project) = (await package(office, person.me))["records"]
    assert root["kept"][0]["until"] == project["kept"][0]["until"] == "2028-03-01T23:00:00+00:00"
    hold = Hold(subject=person.subject, record=person.root, hold="legal_claim", on=True, at=office.home.clock())
    dpo = await office.people.somebody("dpo")
    await office.desk.vault.seal(dpo, Access("audit", None, "dpo"), [], [hold])
    (root, _) = (await package(office, person.me))["records"]
    assert [(each["why"], each["rule"]) for each in root["kept"]] == [("hold", "legal_claim")]
    assert "17(3)(e)" in root["kept"][0]["law"]


async def test_the_contact_person_of_a_company_gets_its_own_data_and_not_the_companys_readings(office: Office) -> None:
    visitor = await office.people.somebody("visitor")
    subject, contract = SubjectId(office.home.ids()), RecordId(office.home.ids())
    given = {
        "company_contract.organisation_name": "Prøve Tak AS",
        "company_contract.contact_first_name": "Åse",
        "company_contract.contact_last_name": "Østby",
        "company_contract.contact_email": "aase@example.no",
        "company_contract.contact_mobile": "+4768050043",
        "company_contract.organisation_number": ORGANISATION,
        "company_contract.site_address": "Prøveveien 8, 0170 Oslo",
    }
    change = Change(subject=subject, record=contract, parent=RecordId(subject), entity="company_contract", values=given)
    ordered = Fact(subject=subject, record=contract, name="company.ordered", at=office.home.clock())
    await office.desk.vault.seal(visitor, Access("company_supply", None, SELF), [change], [ordered])
    me = await office.home.principal("self", subject=subject)
    found = await package(office, me)
    got = values(found)
    assert got["company_contract.contact_first_name"] == ["Åse"]
    assert got["company_contract.contact_email"] == ["aase@example.no"]
    assert found["series"] == []


async def test_two_subjects_of_one_address_are_two_packages(office: Office) -> None:
    one, two = await office.people.lead(), await office.people.lead()
    first, second = await package(office, one.me), await package(office, two.me)
    assert address(two.number) not in json.dumps(first, ensure_ascii=False)
    assert address(one.number) not in json.dumps(second, ensure_ascii=False)


# -- who, and how often ------------------------------------------------------------------------------------------------


async def test_nobody_makes_the_package_of_somebody_else(office: Office) -> None:
    for role in ("dpo", "customer_service", "disclosure"):
        who = await office.people.somebody(role)
        with pytest.raises(RequestRefused, match="role"):
            await made(office, who, What.ACCESS, "json")


async def test_a_request_is_answered_by_the_package_that_was_fetched_whole(office: Office) -> None:
    person = await office.people.lead()
    await office.asks(person, "access")
    await office.asks(person, "copy")
    chunks = exporting.export(office.desk, person.me, What.ACCESS, "json", language=Language.NB)
    await anext(chunks)
    await chunks.aclose()
    assert {r.state for r in await office.mine(person)} == {State.VERIFIED}
    await package(office, person.me)
    states = {r.values["kind"]: r.state for r in await office.mine(person)}
    assert states == {"access": State.ANSWERED, "copy": State.VERIFIED}


async def test_an_erased_person_has_no_package(office: Office) -> None:
    person = await office.people.lead()
    await office.people.leave(person)
    with pytest.raises(Unknown):
        await package(office, person.me)


@pytest.mark.clause("RGT-05", "RGT-02")
async def test_two_officers_let_the_writer_of_a_letter_fetch_its_package_once_and_see_nothing(office: Office) -> None:
    person = await office.people.borrower()
    request = await office.verified(person, "access")
    wish = Export(subject=person.subject, request=request)
    second = await office.home.bearer("privacy_approver")
    dpo = await office.dpo()
    done = await exporting.approve(office.desk, dpo, wish, second)
    again = await exporting.approve(office.desk, dpo, wish, second)
    assert (done.replayed, again.replayed) == (False, True)
    pickup = frozenset({"rights_request.pickup"})
    for role in ("dpo", "privacy_approver", "customer_service"):
        who = await office.people.somebody(role)
        opened = await office.desk.vault.open(who, Access("rights", WHY, role), [person.subject], pickup)
        assert not opened.records
    sender = await office.people.somebody("disclosure")
    opened = await office.desk.vault.open(sender, Access("rights", WHY, "mailgun"), [person.subject], pickup)
    (secret,) = [str(value.reveal()) for record in opened.records for value in record.values.values()]
    fetcher = await authenticate(office.desk.vault.tokens, Secret(secret))
    with pytest.raises(Refused):  # it fetches the package and does nothing else
        await registering.make(office.desk, office.me(Person(0, person.subject, person.project, fetcher)), _make())
    got = values(await package(office, fetcher))
    assert got["person.email"] == [email(person.number)]
    assert got["loan.national_id"] == [f"{office.people.national_id(person)[:6]}•••••"]
    with pytest.raises(TokenRefused):
        await package(office, fetcher)


def _make() -> Make:
    return Make(kind="copy", concerns=None, text=None)


async def test_one_officer_alone_exports_nothing(office: Office) -> None:
    person = await office.people.lead()
    request = await office.verified(person, "access")
    wish = Export(subject=person.subject, request=request)
    for second in (None, await office.home.bearer("dpo"), await office.home.bearer("customer_service")):
        with pytest.raises(RequestRefused):
            await exporting.approve(office.desk, await office.dpo(), wish, second)
    approver = await office.home.bearer("privacy_approver")
    with pytest.raises(RequestRefused):
        await exporting.approve(office.desk, await office.staff(), wish, approver)
    unproven = Export(subject=person.subject, request=await office.letter(person, "access"))
    with pytest.raises(RequestRefused, match="identity"):
        await exporting.approve(office.desk, await office.dpo(), unproven, approver)


async def test_an_answered_request_opens_no_package(office: Office) -> None:
    person = await office.people.lead()
    request = await office.verified(person, "access")
    done = Answer(subject=person.subject, request=request, outcome="granted", answer=None)
    await registering.answer(office.desk, await office.staff(), done)
    live = await office.home.vault.tokens.list(live=True)
    with pytest.raises(Refused):
        await exporting.approve(
            office.desk,
            await office.dpo(),
            Export(subject=person.subject, request=request),
            await office.home.bearer("privacy_approver"),
        )
    after = await office.home.vault.tokens.list(live=True)
    assert [row for row in after.rows if row.purpose] == [row for row in live.rows if row.purpose]


async def ended(command: list[str]) -> int:
    """With which code a program of its own ends."""
    made = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    return await made.wait()


@pytest.mark.clause("RGT-01")
@pytest.mark.clause("ACC-01")
async def test_each_access_comes_with_the_proof_that_it_is_in_the_ledger(office: Office, tmp_path: Path) -> None:
    person, other = await office.people.borrower(), await office.people.lead()
    await office.bank_reads(person)
    await caught_up(Sequencer(office.home.house))
    found = await package(office, person.me)
    proven = [each for each in found["accesses"] if each["proof"] is not None]
    assert {("opened", "loan_application"), ("sealed", "offer")} <= {(e["kind"], e["purpose"]) for e in proven}
    answer = tmp_path / "access.json"
    answer.write_bytes(await made(office, person.me, What.ACCESS, "json"))
    script = Path(__file__).parents[2] / "docs" / "verify_ledger.py"
    check = [sys.executable, str(script), str(answer)]
    assert await ended(check) == 0
    text = answer.read_text(encoding="utf-8")
    answer.write_text(text.replace('"month":"', '"month":"1', 1), encoding="utf-8")
    assert await ended(check) == 1
    assert str(other.subject) not in text


async def test_more_records_than_a_batch_come_in_the_order_of_the_tree(office: Office) -> None:
    person = await office.people.borrower(12)
    parts: list[Part] = [part async for part in gather(office.desk, person.me, What.ACCESS)]
    assert not [part for part in parts if isinstance(part, SeriesPart)]
    found = await package(office, person.me)
    kinds = [record["kind"] for record in found["records"]]
    assert kinds == ["person", "project", *["loan"] * 12]
    assert len({record["record"] for record in found["records"]}) == 14
