"""The door in, on real PostgreSQL: nothing is stored that the policy does not admit, and nothing by halves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from behind import execute, row_counts, value
from databases import Databases
from people import CALCULATION, LOAN_FORM, SELF_SERVICE, People, email, name, phone, values
from vault_house import Home, home

from policies.event import Fact
from policies.model import SELF, Access, RecordId
from vault.errors import Invalid, Refused, Unknown
from vault.request import REMOVE, ByValue, Change, RequestKey, Secret, Value

pytestmark = pytest.mark.slow

LEDGER = ("ledger_entry", "ledger_subject")
RIGHTS = Access("rights", None, SELF)
LOAN = Access("loan_application", None, SELF)


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="doors in") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


async def test_fields_merge_into_the_group_that_is_there(people: People) -> None:
    person = await people.customer()
    await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.name": "Kari Annen"})])
    assert await people.own(person, {"person.name", "person.phone"}) == {
        "person.name": "Kari Annen",
        "person.phone": phone(person.number),
    }


async def test_a_changed_phone_is_found_and_the_old_one_is_not(people: People) -> None:
    person = await people.customer()
    await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.phone": "68059999"})])
    for number, found in ((phone(person.number), []), ("68059999", [person.subject])):
        opened = await people.vault.open(
            person.me, SELF_SERVICE, ByValue("person.phone", Secret(number)), frozenset({"person.name"})
        )
        assert opened.found == found


async def test_a_removed_field_is_gone_with_its_index_token_and_the_last_one_takes_the_group(
    house: Home, people: People
) -> None:
    person = await people.customer()
    where = "select count(*) from index_token where subject = $1 and field = 'person.phone'"
    assert await value(house.databases, where, person.subject) == 1
    await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.phone": REMOVE})])
    assert await people.own(person, {"person.name", "person.phone"}) == {"person.name": name(person.number)}
    assert await value(house.databases, where, person.subject) == 0
    heads = "select count(*) from head where subject = $1"
    before = await value(house.databases, heads, person.subject)
    await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.name": REMOVE})])
    assert await people.own(person, {"person.name", "person.phone"}) == {}
    assert await value(house.databases, heads, person.subject) == before - 1


async def test_two_loans_of_one_person_are_kept_apart(people: People) -> None:
    person = await people.borrower(2)
    change = Change(
        subject=person.subject, record=person.loans[1], parent=person.project, entity="loan",
        values={"loan.household_income_nok": 5},
    )  # fmt: skip
    await people.vault.seal(person.me, LOAN, [change])
    seen = await people.own(person, {"loan.household_income_nok", "loan.household_loans_nok"})
    assert seen["loan.household_income_nok"] == [700_000 + person.number, 5]
    assert seen["loan.household_loans_nok"] == [90_000 + person.number] * 2


@pytest.mark.parametrize("missing", sorted({*LOAN_FORM, "loan.applied"}))
async def test_a_second_loan_needs_its_own_form(people: People, missing: str) -> None:
    person = await people.borrower(1)
    form: dict[str, Value] = {
        "loan.national_id": people.national_id(person), "loan.household_income_nok": 1,
        "loan.household_loans_nok": 2, "loan.applied": True,
    }  # fmt: skip
    del form[missing]
    loan = RecordId(people.home.ids())
    change = Change(subject=person.subject, record=loan, parent=person.project, entity="loan", values=form)
    with pytest.raises(Refused) as refused:
        await people.vault.seal(person.me, LOAN, [change], [people.fact(person, loan, "loan.submitted")])
    assert [(each.field, each.rule) for each in refused.value.rules] == [("loan.submitted", f"required:{missing}")]


@pytest.mark.clause("SOL-24")
async def test_a_second_loan_is_not_closed_with_the_result_of_the_first(people: People) -> None:
    person = await people.borrower(2)
    await people.bank_closes(person, person.loans[0])
    bank = await people.somebody("bank", "loan_application")
    with pytest.raises(Refused, match=r"required:loan\.result"):
        await people.vault.seal(
            bank, Access("loan_application", None, "bank"), [], [people.fact(person, person.loans[1], "loan.closed")]
        )


@pytest.mark.clause("SOL-16")
@pytest.mark.parametrize("missing", ["person.name", "person.phone"])
async def test_no_offer_without_name_and_phone(house: Home, people: People, missing: str) -> None:
    person = await people.lead()
    given: dict[str, Value] = {"person.name": "Kari Prøve", "person.phone": "68050000"}
    del given[missing]
    before = await row_counts(house.databases, without=LEDGER)
    with pytest.raises(Refused, match=f"required:{missing}"):
        await people.says(person, "offer", "offer.requested", people.change(person, "person", given))
    assert await row_counts(house.databases, without=LEDGER) == before


BAD: list[tuple[str, Value]] = [
    ("person.email", "no address"), ("person.email", "a@b\x00c.no"), ("person.phone", "12"),
    ("person.phone", "+47680500001"),
    ("person.name", ""), ("person.name", "Kari\ud800"), ("person.phone", 68050000), ("person.name", b"Kari"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "bad"), BAD, ids=range(len(BAD)))
async def test_a_bad_value_is_named_and_nothing_is_stored(house: Home, people: People, field: str, bad: Value) -> None:
    person = await people.customer()
    before = await row_counts(house.databases)
    with pytest.raises(Invalid) as invalid:
        await people.vault.seal(
            person.me, RIGHTS, [people.change(person, "person", {field: bad})],
            [people.consent(person, "marketing", given=True)], RequestKey("bad", b"value"),
        )  # fmt: skip
    assert invalid.value.field == field
    assert str(bad) not in str(invalid.value) or not bad
    assert await row_counts(house.databases) == before


FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "17912099997")


@pytest.mark.clause("SOL-20")
@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("loan.national_id", "17912099998"), ("loan.national_id", "31842099999"), ("loan.national_id", FULL_WIDTH),
        ("loan.household_income_nok", -1), ("loan.household_income_nok", "much"), ("loan.household_loans_nok", True),
        ("loan.applied", "yes"),
    ],
)  # fmt: skip
async def test_a_bad_loan_form_is_named_and_nothing_is_stored(
    house: Home, people: People, field: str, bad: Value
) -> None:
    person = await people.customer()
    loan = RecordId(house.ids())
    form: dict[str, Value] = {
        "loan.national_id": people.national_id(person), "loan.household_income_nok": 1,
        "loan.household_loans_nok": 2, "loan.applied": True, field: bad,
    }  # fmt: skip
    change = Change(subject=person.subject, record=loan, parent=person.project, entity="loan", values=form)
    events = [people.fact(person, person.project, "financing.solar_loan"), people.fact(person, loan, "loan.submitted")]
    before = await row_counts(house.databases)
    with pytest.raises(Invalid) as invalid:
        await people.vault.seal(person.me, LOAN, [change], events)
    assert invalid.value.field == field
    assert await row_counts(house.databases) == before


OUT_OF_ORDER = [
    ("offer.accepted", "after:offer.made"), ("contract.signed", "after:offer.accepted"),
    ("financing.solar_loan", "after:offer.made"), ("calculation.requested", "after:not calculation.requested"),
    ("offer.made", "fact.by"), ("nonsense", "fact.unknown"), ("loan.closed", "fact.record"),
]  # fmt: skip


@pytest.mark.clause("SOL-02")
@pytest.mark.parametrize(("fact", "rule"), OUT_OF_ORDER)
async def test_a_step_out_of_order_is_refused_by_name_and_nothing_is_stored(
    house: Home, people: People, fact: str, rule: str
) -> None:
    person = await people.lead()
    before = await row_counts(house.databases, without=LEDGER)
    with pytest.raises(Refused) as refused:
        await people.says(person, "offer", fact)
    assert rule in {each.rule for each in refused.value.rules}
    assert await row_counts(house.databases, without=LEDGER) == before
    entry = await people.latest(person)
    assert entry.kind == "refused"
    assert rule in {each for _, each in entry.withheld}


async def test_facts_of_tomorrow_and_of_others_are_refused(people: People) -> None:
    person, other = await people.lead(), await people.lead()
    tomorrow = people.home.clock() + timedelta(days=1)
    early = Fact(subject=person.subject, record=person.project, name="lead.active", at=tomorrow)
    alien = Fact(subject=person.subject, record=other.project, name="lead.active", at=people.home.clock())
    foreign = people.fact(other, other.project, "lead.active")
    for event in (early, alien, foreign):
        with pytest.raises(Refused):
            await people.vault.seal(person.me, SELF_SERVICE, [], [event])


async def test_one_refusal_in_a_call_about_several_stores_nothing_of_any(house: Home, people: People) -> None:
    person, other = await people.lead(), await people.lead()
    before = await row_counts(house.databases, without=LEDGER)
    with pytest.raises(Refused):
        await people.vault.seal(
            person.me, SELF_SERVICE, [],
            [people.fact(person, person.project, "lead.active"), people.fact(other, other.project, "lead.active")],
        )  # fmt: skip
    assert await row_counts(house.databases, without=LEDGER) == before


async def test_a_record_is_not_taken_for_another_kind(people: People) -> None:
    person = await people.customer()
    change = Change(
        subject=person.subject, record=person.project, parent=person.root, entity="loan", values={"loan.applied": True}
    )
    with pytest.raises(Refused, match=r"record\.kind"):
        await people.vault.seal(person.me, LOAN, [change])


async def test_nobody_is_born_again(people: People) -> None:
    person = await people.lead()
    await people.leave(person)
    visitor = await people.somebody("visitor")
    for who in (person.me, visitor):
        with pytest.raises(Unknown):
            await people.vault.seal(who, CALCULATION, people.first_values(person), people.first_events(person))


async def test_a_blob_without_a_head_is_invisible(house: Home, people: People) -> None:
    person = await people.lead()
    await execute(
        house.databases, "insert into blob (subject, id, sealed) values ($1, $2, $3)",
        person.subject, house.ids(), b"garbage", kind="contents",
    )  # fmt: skip
    assert await people.own(person) == {
        "person.email": email(person.number),
        **(await people.own(person, {"project.address"})),
    }
    assert values(await people.vault.open(person.me, SELF_SERVICE, [], frozenset({"person.email"}))) == {}
