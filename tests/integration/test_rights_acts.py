"""Rectification, restriction, objection and withdrawal over the real vault: what stops, for whom, and who is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from behind import another_house, fetch
from databases import Databases
from people import SELF_SERVICE, email, name
from rights_desk import WHY, Office
from vault_house import NOON, Home, home

from policies.event import Hold
from policies.model import Access, RecordId, SubjectId
from rights import correcting, registering, stopping
from rights.errors import RequestRefused
from rights.request import (
    Answer,
    Assess,
    Lift,
    Object,
    Rectify,
    Restrict,
    State,
    Withdraw,
)
from vault.errors import Invalid, Refused, Unknown
from vault.request import ByValue, Everyone, Secret
from vault.sweeping import sweep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="rights") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def kept(house: Home) -> Office:
    return Office.of(house)


@pytest.fixture
def office(kept: Office) -> Office:
    kept.home.clock.set(NOON)
    kept.people.staff.clear()  # their tokens may be of another time
    return kept


def rules(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {each.rule for each in refused.value.rules}


# -- rectification -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-03")
async def test_a_correction_leaves_the_old_value_nowhere_and_names_who_got_it(office: Office) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    old, new = email(person.number), "kari.ny@example.no"
    (blob,) = await fetch(
        office.home.databases, "select blob from head where subject = $1 and category = 11", person.subject
    )
    wish = Rectify(subject=person.subject, record=None, request=None, field="person.email", value=new)
    await correcting.rectify(office.desk, office.me(person), wish)
    assert (await office.people.own(person))["person.email"] == new
    staff = await office.people.somebody("customer_service")
    access = Access("customer_service", WHY, "customer_service")
    for address, hits in ((old, []), (new, [person.subject])):
        opened = await office.desk.vault.open(
            staff, access, ByValue("person.email", Secret(address)), frozenset({"person.email"})
        )
        assert list(opened.found) == hits
    (request,) = [r for r in await office.mine(person) if r.values["kind"] == "rectification"]
    assert [(n.recipient, n.field) for n in request.notices] == [("bank", "person.email")]
    assert request.state is State.ANSWERED
    office.home.clock.set(datetime.now(UTC) + timedelta(hours=2))
    async with another_house(office.home, "sweeping", sweeper=True) as sweeper:
        while (await sweep(sweeper)).blobs:
            pass
    assert blob not in await fetch(office.home.databases, "select id from blob", kind="contents")


@pytest.mark.clause("RGT-03")
async def test_whoever_never_got_the_field_is_not_told(office: Office) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    wish = Rectify(subject=person.subject, record=None, request=None, field="person.phone", value="+4768059999")
    await correcting.rectify(office.desk, office.me(person), wish)
    (request,) = [r for r in await office.mine(person) if r.values["kind"] == "rectification"]
    assert request.notices == ()


@pytest.mark.clause("RGT-03")
async def test_staff_correct_what_a_verified_letter_asks_for_and_each_recipient_is_put_down(office: Office) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    unproven = await office.letter(person, "rectification", concerns="person.name")
    wish = Rectify(subject=person.subject, record=None, request=unproven, field="person.name", value="Kari Østby")
    with pytest.raises(RequestRefused, match="identity"):
        await correcting.rectify(office.desk, await office.staff(), wish)
    with pytest.raises(Invalid, match="request"):
        await correcting.rectify(
            office.desk,
            await office.staff(),
            Rectify(subject=person.subject, record=None, request=None, field="person.name", value="Kari"),
        )
    request = await office.verified(person, "rectification")
    for field, given in (("person.name", "Kari Østby"), ("person.email", "ny@example.no")):
        wish = Rectify(subject=person.subject, record=None, request=request, field=field, value=given)
        await correcting.rectify(office.desk, await office.staff(), wish)
    found = await office.look(person, request)
    assert [(n.recipient, n.field) for n in found.notices] == [("bank", "person.email"), ("bank", "person.name")]
    assert all(n.first <= n.last for n in found.notices)
    assert (await office.people.own(person))["person.name"] == "Kari Østby"
    done = Answer(subject=person.subject, request=request, outcome="granted", answer=None)
    await registering.answer(office.desk, await office.staff(), done)
    with pytest.raises(RequestRefused, match="answered"):
        await correcting.rectify(office.desk, await office.staff(), wish)


@pytest.mark.parametrize(
    ("field", "given", "error"),
    [
        ("person.email", "ikke en adresse", Invalid),
        ("person.shoe_size", "43", Invalid),
        ("project.offer_amount_nok", "1", Invalid),  # no record is named
        ("person.consents", "[]", Refused),
        ("loan.household_income_nok", "mye", Invalid),
        ("loan.applied", "kanskje", Invalid),
    ],
)
async def test_what_is_no_value_or_nobodys_to_correct_changes_nothing(
    office: Office, field: str, given: str, error: type[Exception]
) -> None:
    person = await office.people.borrower()
    record = person.loans[0] if field.startswith("loan.") else None
    before = await office.people.own(person)
    with pytest.raises(error):
        await correcting.rectify(
            office.desk,
            office.me(person),
            Rectify(subject=person.subject, record=record, request=None, field=field, value=given),
        )
    assert await office.people.own(person) == before
    assert await office.mine(person) == ()


# -- restriction -------------------------------------------------------------------------------------------------------


async def newsletter_reads(office: Office) -> set[SubjectId]:
    service = await office.people.somebody("newsletter")
    opened = await office.desk.vault.open(
        service, Access("newsletter", None, "mailchimp"), Everyone(None, 500), frozenset({"person.email"})
    )
    return set(opened.found)


@pytest.mark.clause("RGT-04")
async def test_a_restricted_person_is_used_by_nobody_sees_itself_and_may_lift_it(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    assert person.subject in await newsletter_reads(office)
    await stopping.restrict(office.desk, office.me(person), Restrict(subject=person.subject, request=None))
    assert person.subject not in await newsletter_reads(office)
    assert (await office.people.own(person))["person.email"] == email(person.number)
    (request,) = await office.mine(person)
    assert (request.values["outcome"], request.state) == ("served", State.ANSWERED)
    await stopping.lift(office.desk, office.me(person), Lift(subject=person.subject, request=None))
    assert person.subject in await newsletter_reads(office)


@pytest.mark.clause("RGT-04")
async def test_a_restriction_names_everybody_outside_who_got_anything(office: Office) -> None:
    person = await office.people.borrower()
    await office.bank_reads(person)
    await stopping.restrict(office.desk, office.me(person), Restrict(subject=person.subject, request=None))
    (request,) = await office.mine(person)
    assert {(n.recipient, n.field) for n in request.notices} == {
        ("bank", "person.name"), ("bank", "person.email"), ("bank", "loan.national_id"),
    }  # fmt: skip


@pytest.mark.clause("RGT-04")
async def test_an_officer_restricts_for_a_verified_letter_and_lifts_only_what_was_announced(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    unproven = await office.letter(person, "restriction")
    with pytest.raises(RequestRefused, match="identity"):
        await stopping.restrict(office.desk, await office.dpo(), Restrict(subject=person.subject, request=unproven))
    with pytest.raises(Invalid):
        await stopping.restrict(office.desk, await office.dpo(), Restrict(subject=person.subject, request=None))
    request = await office.verified(person, "restriction")
    dpo = await office.dpo()
    done = await stopping.restrict(office.desk, dpo, Restrict(subject=person.subject, request=request))
    again = await stopping.restrict(office.desk, dpo, Restrict(subject=person.subject, request=request))
    assert (done.replayed, again.replayed) == (False, True)
    assert person.subject not in await newsletter_reads(office)
    wish = Lift(subject=person.subject, request=request)
    with pytest.raises(Refused) as unannounced:
        await stopping.lift(office.desk, await office.dpo(), wish)
    assert rules(unannounced) == {"after:restriction.lift_announced"}
    assert person.subject not in await newsletter_reads(office)
    await stopping.announce_lift(office.desk, await office.dpo(), wish)
    await stopping.lift(office.desk, await office.dpo(), wish)
    assert person.subject in await newsletter_reads(office)
    with pytest.raises(Refused) as staff:
        await stopping.restrict(
            office.desk,
            await office.staff(),
            Restrict(subject=person.subject, request=await office.verified(person, "restriction")),
        )
    assert rules(staff) == {"restriction.by"}


# -- objection and withdrawal ------------------------------------------------------------------------------------------


@pytest.mark.clause("SOL-13")
async def test_an_objection_holds_at_once_and_waits_for_its_assessment(office: Office) -> None:
    person = await office.people.customer()
    done = await stopping.object_to(
        office.desk, office.me(person), Object(subject=person.subject, purpose="customer_service", request=None)
    )
    staff = await office.people.somebody("customer_service")
    access = Access("customer_service", WHY, "customer_service")
    opened = await office.desk.vault.open(staff, access, [person.subject], frozenset({"person.name"}))
    assert {w.rule for w in opened.withheld} == {"objection"}
    request = RecordId(done.request)
    weighed = Assess(subject=person.subject, request=request, purpose="customer_service", holds=False, assessment="  ")
    with pytest.raises(Invalid):
        await stopping.assess(office.desk, await office.dpo(), weighed)
    weighed = Assess(
        subject=person.subject, request=request, purpose="customer_service", holds=False, assessment="et rettskrav"
    )
    await stopping.assess(office.desk, await office.dpo(), weighed)
    opened = await office.desk.vault.open(staff, access, [person.subject], frozenset({"person.name"}))
    assert [r.values["person.name"].reveal() for r in opened.records] == [name(person.number)]
    (mine,) = await office.mine(person)
    assert (mine.values["outcome"], mine.values["answer"]) == ("refused", "et rettskrav")


@pytest.mark.clause("SOL-10")
async def test_an_objection_to_direct_marketing_is_absolute(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    done = await stopping.object_to(
        office.desk, office.me(person), Object(subject=person.subject, purpose="newsletter", request=None)
    )
    assert person.subject not in await newsletter_reads(office)
    (mine,) = await office.mine(person)
    assert mine.state is State.ANSWERED
    weighed = Assess(
        subject=person.subject, request=RecordId(done.request), purpose="newsletter", holds=False, assessment="salg"
    )
    with pytest.raises(RequestRefused, match="absolute"):
        await stopping.assess(office.desk, await office.dpo(), weighed)


@pytest.mark.parametrize(("purpose", "state"), [("newsletter", State.ANSWERED), ("customer_service", State.VERIFIED)])
async def test_an_officer_puts_down_an_objection_that_came_by_letter(
    office: Office, purpose: str, state: State
) -> None:
    person = await office.people.lead(marketing=True)
    request = await office.verified(person, "objection", purpose)
    wish = Object(subject=person.subject, purpose=purpose, request=request)
    await stopping.object_to(office.desk, await office.dpo(), wish)
    assert (await office.look(person, request)).state is state
    weighed = Assess(subject=person.subject, request=request, purpose=purpose, holds=True, assessment="ja")
    if state is State.VERIFIED:
        await stopping.assess(office.desk, await office.dpo(), weighed)
        (mine,) = await office.mine(person)
        assert mine.values["outcome"] == "granted"


async def test_there_is_no_objection_to_a_contract(office: Office) -> None:
    person = await office.people.customer()
    with pytest.raises(Refused) as refused:
        await stopping.object_to(
            office.desk, office.me(person), Object(subject=person.subject, purpose="offer", request=None)
        )
    assert rules(refused) == {"objection.purpose"}


@pytest.mark.clause("SOL-10")
async def test_a_consent_is_withdrawn_by_letter_too(office: Office) -> None:
    person = await office.people.lead(marketing=True)
    request = await office.verified(person, "withdrawal", "marketing")
    wish = Withdraw(subject=person.subject, request=request, consent="marketing")
    await stopping.withdraw_for(office.desk, await office.dpo(), wish)
    assert person.subject not in await newsletter_reads(office)
    (mine,) = await office.mine(person)
    assert mine.values["outcome"] == "granted"


@pytest.mark.clause("RGT-04")
async def test_a_legal_hold_stops_no_request(office: Office) -> None:
    person = await office.people.customer()
    dpo = await office.people.somebody("dpo")
    hold = Hold(subject=person.subject, record=person.root, hold="legal_claim", on=True, at=office.home.clock())
    await office.desk.vault.seal(dpo, Access("audit", None, "dpo"), [], [hold])
    await office.asks(person, "access")
    wish = Rectify(subject=person.subject, record=None, request=None, field="person.name", value="Kari Ny")
    await correcting.rectify(office.desk, office.me(person), wish)
    opened = await office.desk.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.holdings"}))
    (record,) = opened.records
    assert "GDPR Articles 17(3)(e)" in str(record.values["person.holdings"].reveal())
    await stopping.restrict(office.desk, office.me(person), Restrict(subject=person.subject, request=None))
    assert len(await office.mine(person)) == 3
    assert (await office.people.own(person))["person.name"] == "Kari Ny"


@pytest.mark.clause("RGT-03")
async def test_who_received_what_is_told_to_the_person_and_to_customer_service_alone(office: Office) -> None:
    person, other = await office.people.borrower(), await office.people.lead()
    await office.bank_reads(person)
    vault, own = office.home.vault, SELF_SERVICE
    mine = await vault.received(person.me, own, person.subject)
    staff = await office.people.somebody("customer_service")
    theirs = await vault.received(staff, Access("rights", WHY, "customer_service"), person.subject)
    assert [(each.recipient, each.field) for each in mine] == [(each.recipient, each.field) for each in theirs]
    advisor = await office.people.somebody("advisor")
    with pytest.raises(Refused):
        await vault.received(advisor, Access("rights", WHY, "advisor"), person.subject)
    for who, access, subject in (
        (other.me, own, person.subject),
        (staff, Access("rights", WHY, "customer_service"), SubjectId(office.home.ids())),
    ):
        with pytest.raises(Unknown):
            await vault.received(who, access, subject)
