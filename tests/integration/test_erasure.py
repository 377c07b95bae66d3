"""Erasure: what dies, what is kept and by which law, who may, and that nothing else is touched."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from behind import another_house, execute, fetch, roll, row_counts, value
from databases import Databases
from people import LOAN_FORM, OWN, SELF_SERVICE, People, address, email, name, phone
from vault_house import Home, home

from policies.event import Hold
from policies.model import SELF, Access
from vault.errors import Refused, TokenRefused, Unknown
from vault.request import ByValue, Cause, CauseKind, Change, Fate, ReceiptStatus, Scope, Secret
from vault.storage.writing import destroy_subject
from vault.sweeping import sweep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="erasure") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


@pytest.mark.clause("RGT-05")
async def test_an_erased_person_is_gone_at_once_and_for_everybody_after_the_roll(house: Home, people: People) -> None:
    person, other = await people.lead(), await people.customer()
    receipt = await people.leave(person)
    assert receipt.status is ReceiptStatus.PENDING
    assert {each.field for each in receipt.fates if each.fate is Fate.ERASED} >= {"person.email", "project.address"}
    opened = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset(OWN))
    assert not opened.found
    assert await value(house.databases, "select count(*) from subject_key where subject = $1", person.subject) == 0
    assert await value(house.databases, "select count(*) from index_token where subject = $1", person.subject) == 0
    assert (await people.leave(person)).id == receipt.id
    await roll(house)
    assert (await people.vault.receipt(person.me, receipt.id)).status is ReceiptStatus.ERASED
    assert (await people.own(other))["person.name"] == name(other.number)


@pytest.mark.clause("SOL-22")
@pytest.mark.parametrize("result", ["paid_out", "rejected"])
async def test_a_closed_loan_takes_its_form_along_in_the_same_transaction(
    house: Home, people: People, result: str
) -> None:
    person = await people.borrower(2)
    first, second = person.loans
    keys = "select instance from data_key where subject = $1 and category = 24"
    sealed = await people.bank_closes(person, first, result)
    assert await fetch(house.databases, keys, person.subject) == [(second,)]
    seen = await people.own(person)
    assert seen["loan.household_income_nok"] == 700_000 + person.number
    assert seen["loan.applied"] == [True, True]
    assert seen["loan.result"] == result
    (number,) = sealed.receipts
    receipt = await people.vault.receipt(person.me, number)
    assert {each.field for each in receipt.fates} == LOAN_FORM
    assert receipt.status is ReceiptStatus.PENDING
    await roll(house, f"loan {result}")
    assert (await people.vault.receipt(person.me, number)).status is ReceiptStatus.ERASED
    assert await people.own(person) == seen
    await people.bank_closes(person, second)
    assert not LOAN_FORM & (await people.own(person)).keys()


@pytest.mark.clause("SOL-23")
async def test_a_loan_the_customer_aborts_dies_as_well(people: People) -> None:
    person = await people.borrower()
    change = Change(
        subject=person.subject, record=person.loans[0], parent=person.project, entity="loan",
        values={"loan.result": "aborted"},
    )  # fmt: skip
    closed = people.fact(person, person.loans[0], "loan.closed")
    await people.vault.seal(person.me, Access("loan_application", None, SELF), [change], [closed])
    assert not LOAN_FORM & (await people.own(person)).keys()


@pytest.mark.clause("SOL-01")
async def test_a_lead_that_withdraws_takes_contact_and_address_along(house: Home, people: People) -> None:
    person = await people.lead()
    await people.proceeds(person)
    assert (await people.own(person)).keys() == {"person.email", "person.name", "person.phone", "project.address"}
    sealed = await people.withdraws(person, "calculation")
    assert sealed.receipts
    assert not await people.own(person)
    for field, given in (("person.phone", phone(person.number)), ("person.email", email(person.number))):
        found = await people.vault.open(person.me, SELF_SERVICE, ByValue(field, Secret(given)), frozenset(OWN))
        assert not found.found
    assert await value(house.databases, "select count(*) from head where subject = $1", person.subject) == 0


@pytest.mark.clause("SOL-09")
async def test_a_customer_that_withdraws_keeps_what_the_contract_needs(people: People) -> None:
    person = await people.customer()
    before = await people.own(person)
    sealed = await people.withdraws(person, "calculation")
    assert not sealed.receipts
    assert await people.own(person) == before


@pytest.mark.clause("SOL-40")
async def test_a_contract_in_force_keeps_against_the_customers_own_request(people: People) -> None:
    person = await people.borrower()
    receipt = await people.leave(person)
    kept = {each.field: each for each in receipt.fates if each.fate is Fate.KEPT}
    assert {"person.name", "person.phone", "project.address", "project.contract_document"} <= kept.keys()
    assert {(each.rule, each.law) for each in kept.values()} == {("contract.solstrom", "GDPR Article 6(1)(b)")}
    gone = {each.field for each in receipt.fates if each.fate is Fate.ERASED}
    assert gone >= LOAN_FORM
    seen = await people.own(person)
    assert not LOAN_FORM & seen.keys()
    assert seen["project.address"] == address(person.number)


@pytest.mark.clause("SOL-39")
async def test_a_hold_keeps_and_names_its_law(house: Home, people: People) -> None:
    person = await people.customer()
    hold = Hold(subject=person.subject, record=person.root, hold="legal_claim", on=True, at=house.clock())
    await people.vault.seal(await people.somebody("dpo"), Access("audit", None, "dpo"), [], [hold])
    receipt = await people.erase(person)
    kept = {each.field: each for each in receipt.fates if each.fate is Fate.KEPT}
    assert {each.law for each in kept.values()} == {"GDPR Articles 17(3)(e) and 18(2)"}
    assert {"person.name", "person.email", "project.address"} <= kept.keys()
    assert (await people.own(person))["person.email"] == email(person.number)


async def test_an_officer_erases_a_customer_whole_without_a_hold(house: Home, people: People) -> None:
    person = await people.customer()
    receipt = await people.erase(person)
    assert not [each for each in receipt.fates if each.fate is Fate.KEPT]
    assert not await people.own(person)
    assert await value(house.databases, "select state from subject where subject = $1", person.subject) == 2


async def test_a_part_can_be_erased_and_the_rest_still_opens(house: Home, people: People) -> None:
    person = await people.borrower(2)
    receipt = await people.erase(person, Scope(person.subject, record=person.loans[0]))
    assert {each.field for each in receipt.fates} == {*LOAN_FORM, "loan.applied", "loan.result"}
    seen = await people.own(person)
    assert seen["loan.household_income_nok"] == 700_000 + person.number
    assert seen["person.name"] == name(person.number)
    assert '"loan.submitted"' in str((await people.own(person, {"loan.journey"}))["loan.journey"])
    receipt = await people.erase(person, Scope(person.subject, product="solstrom"))
    assert (await people.own(person)).keys() == {"person.email", "person.name", "person.phone"}
    await roll(house, "part")
    assert (await people.own(person)).keys() == {"person.email", "person.name", "person.phone"}
    assert (await people.vault.receipt(person.me, receipt.id)).status is ReceiptStatus.ERASED


@pytest.mark.clause("RGT-05")
async def test_one_officer_alone_erases_nobody(house: Home, people: People) -> None:
    person = await people.lead()
    dpo = await people.somebody("dpo")
    account = house.ids()
    first = await house.principal("dpo", account=account)
    seconds = {
        "two_persons": (dpo, None),
        "two_persons.same_account": (first, await house.bearer("privacy_approver", account=account)),
        "two_persons.second_office": (dpo, await house.bearer("operator")),
        "two_persons.same_office": (dpo, await house.bearer("dpo")),
    }
    for rule, (who, second) in seconds.items():
        with pytest.raises(Refused) as refused:
            await people.vault.erase(who, Cause(CauseKind.OFFICER, "alone", second), [Scope(person.subject)])
        assert [each.rule for each in refused.value.rules] == [rule]
        seen = await people.latest(person)
        assert (seen.kind, seen.withheld) == ("refused", (("erasure", rule),))
    expired = await house.bearer("privacy_approver", lifetime=timedelta(seconds=-1))
    with pytest.raises(TokenRefused):
        await people.vault.erase(dpo, Cause(CauseKind.OFFICER, "late", expired), [Scope(person.subject)])
    assert await people.own(person)


async def test_nobody_erases_another_and_nobody_learns_of_one(house: Home, people: People) -> None:
    person, other = await people.lead(), await people.lead()
    before = await row_counts(house.databases, without=("ledger_entry", "ledger_subject"))
    for who in (other.me, await people.somebody("advisor"), await people.somebody("visitor")):
        with pytest.raises(Refused):
            await people.vault.erase(who, Cause(CauseKind.REQUEST, None, None), [Scope(person.subject)])
    assert await row_counts(house.databases, without=("ledger_entry", "ledger_subject")) == before
    receipt = await people.leave(person)
    for number in (receipt.id, house.ids()):
        with pytest.raises(Unknown, match="no such receipt"):
            await people.vault.receipt(other.me, number)


async def test_erasing_ten_groups_or_ten_thousand_is_the_same_statement(house: Home, people: People) -> None:
    touched = []
    for groups in (10, 10_000):
        person = await people.lead()
        await execute(
            house.databases,
            "insert into head select subject, gen_random_uuid(), category, version, field_set, key, blob, tag"
            f" from head, generate_series(1, {groups}) where subject = $1 and category = 20",
            person.subject,
        )
        await execute(house.databases, "delete from head where subject = $1 and category <> 20", person.subject)
        async with house.house.control.transaction() as connection:
            plan = await connection.fetchval(
                "select sum(n_tup_upd + n_tup_del + n_tup_ins) from pg_stat_xact_user_tables"
            )
            await destroy_subject(connection, person.subject)
            after = await connection.fetchval(
                "select sum(n_tup_upd + n_tup_del + n_tup_ins) from pg_stat_xact_user_tables"
            )
            touched.append(after - plan)
    assert touched[0] == touched[1] <= 4


async def test_the_sweeper_removes_what_nobody_can_read_and_nothing_else(house: Home, people: People) -> None:
    person, other = await people.customer(), await people.customer()
    await people.erase(person)
    async with another_house(house, "sweeping", sweeper=True) as sweeper:
        while (await sweep(sweeper)).subjects:
            pass
    for table in ("head", "data_key", "event", "standing"):
        assert await value(house.databases, f"select count(*) from {table} where subject = $1", person.subject) == 0
    blobs = "select count(*) from blob where subject = $1"
    assert await value(house.databases, blobs, person.subject, kind="contents") == 0
    assert (await people.own(other)).keys() == OWN - {*LOAN_FORM, "loan.applied", "loan.result"}
