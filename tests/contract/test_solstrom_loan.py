"""The loan of a Solstrøm case, over the fake doors and over a vault: the same promises hold for both."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from solstrom_world import NATIONAL_ID, Case, rules

from policies.model import RecordId
from products.errors import StepRefused
from vault.errors import Invalid

IDENTIFIERS = Path(__file__).parents[1] / "fixtures" / "identifiers"
LOAN_FORM = {"loan.national_id", "loan.household_income_nok", "loan.household_loans_nok"}


@pytest.mark.clause("SOL-18", "SOL-20")
async def test_the_bank_reads_the_application_and_nothing_of_roof_or_offer(case: Case) -> None:
    await case.until_signed()
    await case.roof()
    await case.finance()
    await case.apply()
    bank = await case.somebody("bank", purpose="loan_application")
    seen = await case.seen(bank, "loan_application")
    assert seen.keys() >= LOAN_FORM
    assert seen.keys() <= LOAN_FORM | {"person.name", "person.phone", "person.email", "project.address"}
    assert seen["loan.national_id"] == NATIONAL_ID


@pytest.mark.clause("SOL-18")
async def test_cash_opens_no_loan_form(case: Case) -> None:
    await case.until_signed()
    await case.finance(solar_loan=False)
    with pytest.raises(StepRefused) as caught:
        await case.apply()
    assert ("loan.submitted", "after:financing.solar_loan") in rules(caught.value)
    assert not LOAN_FORM & (await case.mine()).keys()


def bad_national_ids() -> list[str]:
    with (IDENTIFIERS / "national_ids.csv").open(encoding="utf-8", newline="") as rows:
        table = [row["number"] for row in csv.DictReader(rows) if row["valid"] == "false"]
    arabic = NATIONAL_ID.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
    return [*table, arabic, "", "1791209999", NATIONAL_ID + "0", "31840399895"]


@pytest.mark.clause("SOL-20")
@pytest.mark.parametrize("number", bad_national_ids())
async def test_a_malformed_national_id_stores_nothing_and_is_not_quoted(case: Case, number: str) -> None:
    await case.until_signed()
    await case.finance()
    with pytest.raises(Invalid) as caught:
        await case.apply(national_id=number)
    assert caught.value.field == "loan.national_id"
    assert not number or number not in str(caught.value)
    assert not LOAN_FORM & (await case.mine()).keys()


@pytest.mark.clause("SOL-20")
@pytest.mark.parametrize(("income_nok", "loans_nok"), [(-1, 3_000_000), (900_000, -1)])
async def test_negative_income_or_loans_store_nothing(case: Case, income_nok: int, loans_nok: int) -> None:
    await case.until_signed()
    await case.finance()
    with pytest.raises(Invalid):
        await case.apply(income_nok=income_nok, loans_nok=loans_nok)
    assert not LOAN_FORM & (await case.mine()).keys()


@pytest.mark.clause("SOL-21")
async def test_the_customer_sees_its_national_id_with_five_digits_hidden(case: Case) -> None:
    await case.until_loan()
    shown = (await case.mine())["loan.national_id"]
    assert shown != NATIONAL_ID
    assert str(shown).startswith(NATIONAL_ID[:6])
    assert NATIONAL_ID[6:] not in str(shown)


@pytest.mark.clause("SOL-22", "SOL-23", "SOL-24")
@pytest.mark.parametrize("outcome", ["paid_out", "rejected", "aborted"])
async def test_a_closed_loan_keeps_that_it_was_asked_for_and_how_it_ended(case: Case, outcome: str) -> None:
    loan = await case.until_loan()
    case.clock.advance(timedelta(days=3))
    await case.close(loan, outcome, by=await case.me() if outcome == "aborted" else None)
    seen = {name: value for name, value in (await case.mine()).items() if name.startswith("loan.")}
    assert seen == {"loan.applied": True, "loan.result": outcome}
    bank = await case.somebody("bank", purpose="loan_application")
    assert not LOAN_FORM & (await case.seen(bank, "loan_application")).keys()


@pytest.mark.clause("SOL-22")
async def test_closing_one_loan_leaves_the_other_untouched(case: Case) -> None:
    first = await case.until_loan()
    second = await case.apply(income_nok=950_000)
    assert first != second
    case.clock.advance(timedelta(days=3))
    await case.close(first)
    seen = await case.mine()
    assert seen.keys() >= LOAN_FORM
    assert seen["loan.household_income_nok"] == 950_000


@pytest.mark.clause("SOL-23")
async def test_a_loan_is_closed_once(case: Case) -> None:
    loan = await case.until_loan()
    await case.close(loan, "aborted", by=await case.me())
    with pytest.raises(StepRefused) as caught:
        await case.close(loan, "paid_out")
    assert caught.value.step == "close_loan"


async def test_an_unknown_outcome_closes_nothing(case: Case) -> None:
    loan = await case.until_loan()
    with pytest.raises(Invalid) as caught:
        await case.close(loan, "vanished")
    assert caught.value.field == "loan.result"
    assert (await case.mine()).keys() >= LOAN_FORM


async def test_a_loan_nobody_applied_for_is_not_closed(case: Case) -> None:
    await case.until_loan()
    with pytest.raises(StepRefused):
        await case.close(RecordId(UUID(int=404)), by=await case.me())


async def test_a_bank_token_for_another_purpose_does_not_exist_and_an_advisor_closes_nothing(case: Case) -> None:
    loan = await case.until_loan()
    with pytest.raises(StepRefused):
        await case.close(loan, by=await case.somebody("advisor"))
