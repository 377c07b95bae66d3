"""Whose step each is in a Solstrøm case, and how often a request has effect, over the fake doors and over a vault."""

from __future__ import annotations

from uuid import UUID

import pytest
from solstrom_world import EMAIL, NAME, Case, readers

from policies.model import RecordId, SubjectId
from products.errors import NotACustomer, StepRefused
from vault.errors import Conflict, Invalid


async def test_only_the_customer_takes_the_customers_steps(case: Case) -> None:
    await case.until_offer()
    case.customer = await case.somebody("advisor")
    for step in (case.proceed, case.accept, case.decline, case.sign, case.finance, case.apply):
        with pytest.raises(NotACustomer):
            await step()
    with pytest.raises(NotACustomer):
        await case.withdraw("calculation")


async def test_a_customer_takes_no_step_in_a_foreign_case(case: Case) -> None:
    await case.ask()
    foreign = case.project
    await case.ask(email="ola@example.no")
    case.project = foreign
    with pytest.raises(StepRefused):
        await case.proceed()


async def test_an_advisor_makes_no_offer_to_nobody(case: Case) -> None:
    await case.ask()
    case.subject, case.project = SubjectId(UUID(int=404)), RecordId(UUID(int=405))
    with pytest.raises(StepRefused):
        await case.offer()


async def test_an_unknown_consent_is_refused_by_name_only(case: Case) -> None:
    await case.ask()
    for step in (case.consent, case.withdraw):
        with pytest.raises(Invalid) as caught:
            await step("everything")
        assert caught.value.field == "consent"


async def test_a_consent_never_given_is_not_withdrawn(case: Case) -> None:
    await case.ask(option=1)
    with pytest.raises(StepRefused) as caught:
        await case.withdraw("marketing")
    assert caught.value.step == "withdraw_consent"


async def test_marketing_may_be_given_later_and_withdrawn_alone(case: Case) -> None:
    await case.until_signed()
    await case.consent("marketing")
    assert await readers(case) == [EMAIL]
    await case.withdraw("marketing")
    assert await readers(case) == []
    assert (await case.mine())["person.name"] == NAME


async def test_one_request_sent_twice_has_one_effect_and_one_token(case: Case) -> None:
    first = await case.ask(key="the same")
    second = await case.ask(key="the same")
    assert (second.subject, second.project) == (first.subject, first.project)
    assert second.replayed
    assert second.token is None


async def test_one_key_with_another_body_conflicts(case: Case) -> None:
    await case.ask(key="the same")
    with pytest.raises(Conflict):
        await case.ask(key="the same", email="ola@example.no")


async def test_an_application_sent_twice_is_one_loan(case: Case) -> None:
    await case.until_signed()
    await case.finance()
    assert await case.apply(key="loan") == await case.apply(key="loan")
    with pytest.raises(Conflict):
        await case.apply(key="loan", income_nok=1)
