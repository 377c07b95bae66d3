"""Requests of data subjects over the real vault: every channel, deadlines, who may do what, who is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from behind import value
from databases import Databases
from people import email
from rights_desk import WHY, Office, key
from vault_house import NOON, Home, home

from policies.model import Access, RecordId, SubjectId
from rights import correcting, registering
from rights.errors import RequestRefused
from rights.listing import open_requests
from rights.request import (
    Answer,
    By,
    Extend,
    Make,
    Rectify,
    Register,
    State,
    Verify,
)
from vault.errors import Conflict, Invalid, Refused, Unknown
from vault.request import ByValue, RequestKey, Secret

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


# -- arrival -----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-06")
async def test_a_person_asks_in_self_service_and_reads_by_when_it_is_answered(office: Office) -> None:
    person = await office.people.lead()
    done = await office.asks(person, "access", text="alt dere har")
    (found,) = await office.mine(person)
    assert (found.id, found.state, found.received_on) == (done.request, State.VERIFIED, date(2026, 3, 2))
    assert (found.due_on, found.values["channel"]) == (date(2026, 4, 2), "account")
    assert found.values["text"] == "alt dere har"


@pytest.mark.clause("RGT-06")
async def test_a_letter_is_due_from_the_day_it_came_not_from_the_day_it_was_registered(office: Office) -> None:
    office.home.clock.set(datetime(2024, 2, 20, 9, tzinfo=UTC))
    person = await office.people.lead()
    request = await office.letter(person, "access", date(2024, 1, 31))
    found = await office.look(person, request)
    assert (found.due_on, found.state) == (date(2024, 2, 29), State.RECEIVED)
    assert not found.overdue(date(2024, 2, 29))
    assert found.overdue(date(2024, 3, 1))
    longer = Extend(subject=person.subject, request=request, why="mange henvendelser")
    await registering.extend(office.desk, await office.staff(), longer)
    assert (await office.look(person, request)).due_on == date(2024, 4, 30)
    (mine,) = await office.mine(person)
    assert mine.values["extension_reason"] == "mange henvendelser"


@pytest.mark.clause("RGT-06")
async def test_time_is_extended_only_within_the_first_month_only_once_and_with_a_reason(office: Office) -> None:
    office.home.clock.set(datetime(2024, 2, 29, 12, tzinfo=UTC))
    person = await office.people.lead()
    request = await office.letter(person, "access", date(2024, 1, 31))
    longer = Extend(subject=person.subject, request=request, why="")
    with pytest.raises(Invalid):
        await registering.extend(office.desk, await office.staff(), longer)
    office.home.clock.set(datetime(2024, 2, 29, 23, tzinfo=UTC))  # 1 March in Oslo
    longer = Extend(subject=person.subject, request=request, why="kompleks")
    with pytest.raises(RequestRefused, match="deadline"):
        await registering.extend(office.desk, await office.staff(), longer)
    office.home.clock.set(datetime(2024, 2, 29, 22, tzinfo=UTC))
    await registering.extend(office.desk, await office.dpo(), longer)
    with pytest.raises(Refused) as twice:
        await registering.extend(office.desk, await office.staff(), longer)
    assert rules(twice) == {"after:not request.extended"}


async def test_a_letter_of_tomorrow_and_of_nobody_is_not_registered(office: Office) -> None:
    person = await office.people.lead()
    with pytest.raises(RequestRefused, match="received_on"):
        await office.letter(person, "access", office.today + timedelta(days=1))
    nobody = Register(
        subject=SubjectId(uuid4()), kind="access", channel="letter", received_on=office.today, concerns=None, text=None
    )
    before = await value(office.home.databases, "select count(*) from subject")
    with pytest.raises(Unknown):
        await registering.register(office.desk, await office.staff(), nobody)
    assert await value(office.home.databases, "select count(*) from subject") == before


async def test_nobody_asks_for_somebody_else(office: Office) -> None:
    person, other = await office.people.lead(), await office.people.lead()
    for asker in (By(who=await office.people.somebody("advisor"), key=key(), reason=WHY), await office.dpo()):
        with pytest.raises(RequestRefused, match="role"):
            await registering.make(office.desk, asker, Make(kind="access", concerns=None, text=None))
    letter = Register(
        subject=other.subject, kind="access", channel="email", received_on=office.today, concerns=None, text=None
    )
    with pytest.raises(Unknown):
        await registering.register(office.desk, office.me(person), letter)
    assert await office.mine(other) == ()


async def test_an_advisor_registers_and_answers_nothing(office: Office) -> None:
    person = await office.people.lead()
    advisor = By(who=await office.people.somebody("advisor"), key=key(), reason=WHY)
    letter = Register(
        subject=person.subject, kind="access", channel="email", received_on=office.today, concerns=None, text=None
    )
    with pytest.raises(Unknown):
        await registering.register(office.desk, advisor, letter)
    request = await office.verified(person, "access")
    with pytest.raises(RequestRefused, match="request"):
        await registering.answer(
            office.desk, advisor, Answer(subject=person.subject, request=request, outcome="granted", answer=None)
        )


async def test_the_same_request_twice_is_one_request(office: Office) -> None:
    person = await office.people.lead()
    mine = office.me(person)
    wish = Make(kind="copy", concerns=None, text=None)
    first = await registering.make(office.desk, mine, wish)
    again = await registering.make(office.desk, mine, wish)
    other_key = await office.asks(person, "copy")
    assert {first.request, again.request, other_key.request} == {first.request}
    assert (first.replayed, again.replayed, other_key.replayed) == (False, True, True)
    assert (await office.asks(person, "access")).request != first.request


async def test_a_letter_registered_twice_under_one_key_is_one_and_another_letter_conflicts(office: Office) -> None:
    person = await office.people.lead()
    staff = await office.staff()
    given = Register(
        subject=person.subject, kind="access", channel="letter", received_on=office.today, concerns=None, text=None
    )
    first = await registering.register(office.desk, staff, given)
    assert (await registering.register(office.desk, staff, given)).request == first.request
    other = By(who=staff.who, key=RequestKey(staff.key.key, b"another"), reason=WHY)
    with pytest.raises(Conflict):
        await registering.register(office.desk, other, given)
    assert len(await office.mine(person)) == 1


async def test_two_identities_of_one_person_are_two_persons_until_somebody_proves_otherwise(office: Office) -> None:
    one, two = await office.people.lead(), await office.people.lead()
    wish = Rectify(subject=two.subject, record=None, request=None, field="person.email", value=email(one.number))
    await office.people.proceeds(two)
    await correcting.rectify(office.desk, office.me(two), wish)
    both = ByValue("person.email", Secret(email(one.number)))
    staff = await office.people.somebody("customer_service")
    found = await office.desk.vault.open(
        staff, Access("customer_service", WHY, "customer_service"), both, frozenset({"person.email"})
    )
    assert set(found.found) == {one.subject, two.subject}
    await office.asks(one, "access")
    assert await office.mine(two) == tuple(r for r in await office.mine(two) if r.subject == two.subject)
    assert {r.subject for r in await office.mine(one)} == {one.subject}


# -- identity and answers ----------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-06")
async def test_nothing_is_granted_and_nothing_answered_before_the_identity_was_looked_at(office: Office) -> None:
    person = await office.people.lead()
    request = await office.letter(person, "access")
    granted = Answer(subject=person.subject, request=request, outcome="granted", answer=None)
    with pytest.raises(RequestRefused, match="identity"):
        await registering.answer(office.desk, await office.staff(), granted)
    refused = Answer(subject=person.subject, request=request, outcome="refused", answer="vi vet ikke hvem du er")
    with pytest.raises(Refused) as unseen:
        await registering.answer(office.desk, await office.staff(), refused)
    assert rules(unseen) == {"required:rights_request.identity"}
    check = Verify(subject=person.subject, request=request, identity="not_proven")
    await registering.verify(office.desk, await office.staff(), check)
    with pytest.raises(RequestRefused, match="identity"):
        await registering.answer(office.desk, await office.staff(), granted)
    await registering.answer(office.desk, await office.staff(), refused)
    assert (await office.look(person, request)).state is State.ANSWERED
    with pytest.raises(Refused) as again:
        await registering.answer(office.desk, await office.staff(), refused)
    assert rules(again) == {"after:not request.answered"}


async def test_a_request_that_is_not_there_is_worked_on_by_nobody(office: Office) -> None:
    person = await office.people.lead()
    for by in (await office.staff(), await office.dpo()):
        with pytest.raises(RequestRefused, match="request"):
            await registering.extend(
                office.desk, by, Extend(subject=person.subject, request=RecordId(uuid4()), why="lang")
            )


# -- lists -------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("RGT-07")
async def test_the_officer_sees_by_when_and_nothing_else_until_it_is_answered(office: Office) -> None:
    office.home.clock.set(datetime(2026, 1, 5, 12, tzinfo=UTC))
    late, early, quiet = [await office.people.lead() for _ in range(3)]
    await office.asks(late, "erasure", text="alt skal bort")
    office.home.clock.set(datetime(2026, 2, 20, 12, tzinfo=UTC))
    request = await office.verified(early, "access")
    dpo, staff = (await office.dpo()).who, (await office.staff()).who
    for who, kinds in ((dpo, {None}), (staff, {"erasure", "access"})):
        page = await open_requests(office.desk.vault, who, None, 500)
        found = [r for r in page.requests if r.subject in {late.subject, early.subject, quiet.subject}]
        assert [r.subject for r in found] == [late.subject, early.subject]
        assert [r.overdue(office.today) for r in found] == [True, False]
        assert {r.values.get("kind") for r in found} == kinds
        assert not {"text", "concerns", "answer"} & {name for r in found for name in r.values}
        assert page.after is None
    await registering.answer(
        office.desk,
        await office.staff(),
        Answer(subject=early.subject, request=request, outcome="granted", answer=None),
    )
    left = await open_requests(office.desk.vault, dpo, None, 500)
    assert early.subject not in {r.subject for r in left.requests}


async def test_the_list_is_paged_by_person_and_closed_to_others(office: Office) -> None:
    for _ in range(3):
        await office.asks(await office.people.lead(), "access")
    dpo = (await office.dpo()).who
    everybody = {r.subject for r in (await open_requests(office.desk.vault, dpo, None, 500)).requests}
    seen: set[SubjectId] = set()
    after: SubjectId | None = None
    while True:
        page = await open_requests(office.desk.vault, dpo, after, 2)
        assert not seen & {r.subject for r in page.requests}
        seen |= {r.subject for r in page.requests}
        if (after := page.after) is None:
            break
    assert seen == everybody
    advisor = await office.people.somebody("advisor")
    with pytest.raises(Refused) as refused:
        await open_requests(office.desk.vault, advisor, None, 10)
    assert rules(refused) == {"use"}
