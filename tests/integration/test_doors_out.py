"""The door out, on real PostgreSQL: decided, recorded, opened, in this order and never otherwise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from behind import execute, fetch, value
from databases import Databases
from people import CALCULATION, LOAN_FORM, OWN, SELF_SERVICE, People, email, name, phone, rules, values
from vault_house import Home, home

from policies.decision import Permit, Refusal
from policies.model import SELF, Access, SubjectId
from vault.errors import Invalid, TokenRefused, Unavailable, Unknown
from vault.request import ByValue, Cause, CauseKind, Everyone, RecordFilter, Scope, Secret
from vault.storage.recording import record
from vault.storage.rows import fetch_blobs

pytestmark = pytest.mark.slow

BANK = Access("loan_application", None, "bank")
OFFER = Access("offer", "the customer called", "advisor")
ADMIN = Access("customer_admin", "the customer called", "customer_service")
NEWSLETTER = Access("newsletter", None, "mailchimp")


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="doors out") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


async def entries(house: Home) -> int:
    return int(await value(house.databases, "select count(*) from ledger_entry"))


@pytest.mark.clause("ACC-02")
async def test_without_an_entry_there_is_no_plaintext(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await people.customer()
    fetched: list[object] = []

    async def fetching(*given: Any) -> Any:
        fetched.append(given)
        return await fetch_blobs(*given)

    monkeypatch.setattr("vault.opening.fetch_blobs", fetching)

    async def killed(connection: Any, *given: Any) -> frozenset[UUID]:
        await execute(house.databases, "select pg_terminate_backend($1)", connection.get_server_pid())
        return await record(connection, *given)

    monkeypatch.setattr("vault.ledger.committer.record", killed)
    before = await entries(house)
    with pytest.raises(Unavailable):
        await people.own(person)
    assert not fetched
    assert await entries(house) == before
    monkeypatch.setattr("vault.ledger.committer.record", record)
    assert (await people.own(person))["person.email"] == email(person.number)
    assert fetched


async def test_a_connection_that_dies_after_the_record_leaves_the_entry_and_no_plaintext(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await people.customer()
    before = await entries(house)

    async def killed(connection: Any, *given: Any) -> Any:
        await execute(house.databases, "select pg_terminate_backend($1)", connection.get_server_pid(), kind="contents")
        return await fetch_blobs(connection, *given)

    monkeypatch.setattr("vault.opening.fetch_blobs", killed)
    with pytest.raises(Unavailable):
        await people.own(person)
    assert await entries(house) == before + 1


async def test_a_refusal_is_on_record_and_the_subject_sees_it(house: Home, people: People) -> None:
    person = await people.lead()
    advisor = await people.somebody("advisor")
    answer = await house.vault.open(advisor, OFFER, [person.subject], frozenset({"person.email"}))
    assert not answer.records
    seen = await people.latest(person)
    assert (seen.kind, seen.purpose, seen.reason) == ("refused", "offer", OFFER.reason)
    assert seen.withheld == (("person.email", "reach"),)


async def test_an_unknown_and_a_forbidden_subject_answer_alike(house: Home, people: People) -> None:
    asked = frozenset({"person.email", "person.name", "loan.national_id", "person.nonsense"})
    stranger, other = await people.lead(), await people.borrower(2)
    answers = []
    for subject in (other.subject, SubjectId(house.ids())):
        opened = await house.vault.open(stranger.me, SELF_SERVICE, [subject], asked)
        answers.append((list(opened.records), list(opened.found), dict(opened.withheld), opened.by_subject[subject]))
        with pytest.raises(Unknown):
            await house.vault.explain(stranger.me, SELF_SERVICE, subject, asked)
        with pytest.raises(Unknown):
            await house.vault.accesses(stranger.me, subject, None, 10)
    assert answers[0] == answers[1]
    assert not answers[0][1]


async def test_looking_up_a_strangers_phone_tells_nothing(house: Home, people: People) -> None:
    stranger, other = await people.lead(), await people.customer()
    answers = [
        await house.vault.open(stranger.me, SELF_SERVICE, ByValue("person.phone", Secret(number)), frozenset(OWN))
        for number in (phone(other.number), phone(9_876))
    ]
    assert [(list(a.records), list(a.found), dict(a.withheld), dict(a.by_subject)) for a in answers] == [
        ([], [], {}, {})
    ] * 2


async def test_looking_up_by_value_finds_every_form_of_the_number(house: Home, people: People) -> None:
    person = await people.customer()
    local = phone(person.number).removeprefix("+47")
    for written in (local, f"+47 {local[:2]} {local[2:4]} {local[4:6]} {local[6:]}", f"0047{local}"):
        opened = await house.vault.open(
            person.me, SELF_SERVICE, ByValue("person.phone", Secret(written)), frozenset({"person.name"})
        )
        assert values(opened) == {"person.name": name(person.number)}


@pytest.mark.parametrize(
    ("field", "wanted"), [("person.phone", "nonsense"), ("person.name", "Kari"), ("loan.national_id", "17912099997")]
)
async def test_only_indexed_fields_and_real_values_are_looked_up(people: People, field: str, wanted: str) -> None:
    person = await people.lead()
    with pytest.raises(Invalid):
        await people.vault.open(person.me, SELF_SERVICE, ByValue(field, Secret(wanted)), frozenset({"person.name"}))


@pytest.mark.clause("SOL-05")
async def test_pages_of_a_population_hold_each_reached_person_once(house: Home, people: People) -> None:
    plain, willing = await people.leads(5), await people.leads(7, marketing=True)
    service = await people.somebody("newsletter")
    found: list[SubjectId] = []
    after, more = None, True
    while more:
        page = await house.vault.open(service, NEWSLETTER, Everyone(after, 3), frozenset({"person.email"}))
        assert len(page.found) <= 3
        found += page.found
        after, more = (page.found[-1] if page.found else None), page.more
    assert found == sorted(found)
    assert {each.subject for each in willing} == set(found)
    assert not {each.subject for each in plain} & set(found)


async def test_everyone_means_the_assignments_of_an_advisor_and_the_one_person_of_a_customer(
    house: Home, people: People
) -> None:
    advisor = await house.principal("advisor")
    mine = [await people.lead() for _ in range(3)]
    for person in mine:
        await people.proceeds(person)
        await people.assigns(person, advisor)
    page = await house.vault.open(advisor, OFFER, Everyone(None, 2), frozenset({"person.name"}))
    rest = await house.vault.open(advisor, OFFER, Everyone(page.found[-1], 2), frozenset({"person.name"}))
    assert page.more
    assert not rest.more
    assert [*page.found, *rest.found] == sorted(person.subject for person in mine)
    await people.assigns(mine[0], advisor, ends=True)
    page = await house.vault.open(advisor, OFFER, Everyone(None, 9), frozenset({"person.name"}))
    assert set(page.found) == {mine[1].subject, mine[2].subject}
    own = await house.vault.open(mine[0].me, SELF_SERVICE, Everyone(None, 9), frozenset({"person.name"}))
    assert own.found == [mine[0].subject]


@pytest.mark.clause("SOL-21")
async def test_the_bank_sees_the_number_and_the_customer_all_but_its_last_five_digits(people: People) -> None:
    person = await people.borrower()
    bank = await people.somebody("bank", "loan_application")
    number = people.national_id(person)
    opened = await people.vault.open(bank, BANK, [person.subject], frozenset(OWN))
    assert values(opened).keys() == LOAN_FORM | {"person.name", "person.email", "person.phone", "project.address"}
    assert values(opened)["loan.national_id"] == number
    assert rules(opened) == {field: {"use"} for field in ("loan.applied", "loan.result", "project.contract_document")}
    seen = str((await people.own(person))["loan.national_id"])
    assert seen.startswith(number[:6])
    assert number[6:] not in seen


async def test_record_filters_choose_records(people: People) -> None:
    person = await people.borrower(2)
    second = RecordFilter(records=frozenset({person.loans[1]}))
    opened = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset(OWN), second)
    assert [record.record for record in opened.records] == [person.loans[1]]
    kinds = RecordFilter(kinds=frozenset({"loan"}))
    opened = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset(OWN), kinds)
    assert {record.record for record in opened.records} == set(person.loans)


async def test_withheld_is_counted_per_record_and_per_subject(people: People) -> None:
    person, other = await people.borrower(2), await people.borrower(1)
    await people.bank_closes(person, person.loans[0])
    bank = await people.somebody("bank", "loan_application")
    opened = await people.vault.open(bank, BANK, [person.subject, other.subject], LOAN_FORM)
    (closed,) = {each for each in opened.withheld if each.field == "loan.national_id"}
    assert closed.rule == "while:not loan.closed"
    assert opened.withheld[closed] == 1
    assert opened.by_subject[person.subject][closed] == 1
    assert not opened.by_subject[other.subject]
    assert list(opened.found) == [person.subject, other.subject]


async def test_computed_fields_are_views_of_the_standing(people: People) -> None:
    person = await people.borrower()
    seen = await people.own(person, {"person.consents", "person.objections", "project.journey", "loan.journey"})
    assert '"consent":"calculation"' in str(seen["person.consents"])
    assert people.vault.policy.digest.hex() in str(seen["person.consents"])
    assert seen["person.objections"] == "{}"
    assert '"contract.signed":{"first":"2026-03-02T11:00:00+00:00"' in str(seen["project.journey"])
    assert '"loan.submitted"' in str(seen["loan.journey"])


@pytest.mark.parametrize("how", ["expired", "revoked", "foreign"])
async def test_a_dead_token_opens_no_door(people: People, how: str) -> None:
    vault, house = people.vault, people.home
    person, other = await people.customer(), await people.lead()
    me = await house.principal("self", subject=person.subject, lifetime=timedelta(seconds=1))
    visitor = await house.principal("visitor", lifetime=timedelta(seconds=1))
    dpo = await house.principal("dpo", lifetime=timedelta(seconds=1))
    receipt = await people.leave(person)
    if how == "expired":
        house.clock.advance(timedelta(seconds=2))
    elif how == "revoked":
        for who in (me, visitor, dpo):
            await vault.tokens.revoke(who.token)
    else:
        await execute(house.databases, "delete from token where id = any($1)", [me.token, visitor.token, dpo.token])
    doors: list[Awaitable[object]] = [
        vault.open(me, SELF_SERVICE, [person.subject], frozenset(OWN)),
        vault.open(me, Access("nonsense", None, SELF), [person.subject], frozenset(OWN)),
        vault.explain(me, SELF_SERVICE, person.subject, frozenset({"person.email"})),
        vault.seal(me, SELF_SERVICE, [], [people.consent(other, "marketing", given=True)]),
        vault.seal(visitor, CALCULATION, [], []),
        vault.erase(me, Cause(CauseKind.REQUEST, None, None), [Scope(other.subject)]),
        vault.accesses(me, person.subject, None, 1),
        vault.entries(dpo, None, 1),
        vault.entries(me, None, 1),
        vault.receipt(me, receipt.id),
        vault.record(me, SELF_SERVICE),
    ]
    before = await entries(house)
    for door in doors:
        with pytest.raises(TokenRefused):
            await door
    assert await entries(house) == before


async def test_explaining_answers_for_every_field_and_opens_nothing(house: Home, people: People) -> None:
    person = await people.lead()
    asked = frozenset({"person.email", "loan.national_id", "person.nonsense"})
    answers = await house.vault.explain(person.me, SELF_SERVICE, person.subject, asked)
    assert isinstance(answers["person.email"], Permit)
    assert answers["loan.national_id"] == Refusal("record", personal=False)
    assert answers["person.nonsense"] == Refusal("policy.field", personal=False)
    assert (await fetch(house.databases, "select kind from ledger_entry order by id desc limit 1")) == [("explained",)]


async def test_explaining_tells_the_rule_that_nobody_passes(house: Home, people: People) -> None:
    person = await people.lead()
    service = await people.somebody("customer_service")
    unreasoned = Access("customer_admin", None, "customer_service")
    for subject in (person.subject, SubjectId(house.ids())):
        answers = await house.vault.explain(service, unreasoned, subject, frozenset({"person.email"}))
        assert answers == {"person.email": Refusal("reason", personal=False)}
