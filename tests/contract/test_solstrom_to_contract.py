"""Solstrøm from lead to contract, over the fake doors and over a vault: the same promises hold for both."""

from __future__ import annotations

import pytest
from solstrom_world import DOCUMENT, EMAIL, NAME, PHONE, REASON, Case, readers, revealed, rules

from products.errors import ContractRequires, StepRefused
from vault.errors import Invalid
from vault.request import Secret

# -- the lead ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("SOL-06")
async def test_a_visitor_becomes_a_subject_with_one_case_and_a_token_of_its_own(case: Case) -> None:
    lead = await case.ask()
    assert not lead.replayed
    me = await case.doors.tokens.resolve(Secret(revealed(lead.token)))
    assert (me.subject, me.roles) == (lead.subject, frozenset({"self"}))
    assert await case.mine() == {"person.email": EMAIL, "project.address": (await case.mine())["project.address"]}


@pytest.mark.clause("SOL-03")
@pytest.mark.parametrize("option", [0, 3, -1, 12])
async def test_an_unknown_consent_option_stores_nothing(case: Case, option: int) -> None:
    with pytest.raises(Invalid) as caught:
        await case.ask(option=option)
    assert caught.value.field == "consent_option"
    assert case.customer is None


@pytest.mark.clause("SOL-04")
async def test_option_1_lets_no_newsletter_out(case: Case) -> None:
    await case.ask(option=1)
    assert await readers(case) == []


@pytest.mark.clause("SOL-05")
async def test_option_2_lets_the_newsletter_out_until_marketing_is_withdrawn(case: Case) -> None:
    await case.ask(option=2)
    assert await readers(case) == [EMAIL]
    await case.withdraw("marketing")
    assert await readers(case) == []
    assert (await case.mine())["person.email"] == EMAIL


async def test_a_customer_asking_in_its_own_name_for_somebody_new_is_refused(case: Case) -> None:
    await case.ask()
    case.people["visitor"] = await case.me()
    with pytest.raises(StepRefused) as caught:
        await case.ask(email="other@example.no")
    assert caught.value.step == "request_calculation"


@pytest.mark.parametrize(
    "email", ["", "kari", "kari@", "@example.no", "kari@example", "a b@example.no", "x" * 400 + "@a.no"]
)
async def test_a_malformed_email_stores_nothing_and_is_not_quoted(case: Case, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        await case.ask(email=email)
    assert caught.value.field == "person.email"
    assert not email or email not in str(caught.value)
    assert case.customer is None


@pytest.mark.clause("SOL-11")
async def test_the_roof_is_recorded_beside_the_case(case: Case) -> None:
    await case.ask()
    await case.roof()
    seen = await case.mine()
    assert (seen["roof.azimuth_deg"], seen["roof.tilt_deg"], seen["roof.source"]) == (
        180,
        30,
        "public building register",
    )


@pytest.mark.clause("SOL-11")
@pytest.mark.parametrize("wrong", [{"azimuth_deg": 361}, {"tilt_deg": -1}, {"area_dm2": 0}, {"height_cm": 0}])
async def test_an_impossible_roof_stores_nothing(case: Case, wrong: dict[str, int]) -> None:
    await case.ask()
    with pytest.raises(Invalid) as caught:
        await case.roof(**wrong)
    assert caught.value.field == f"roof.{next(iter(wrong))}"
    assert not {name for name in await case.mine() if name.startswith("roof.")}


async def test_nobody_but_the_engine_records_a_roof(case: Case) -> None:
    await case.ask()
    case.people["solar_engine"] = await case.somebody("advisor")
    with pytest.raises(StepRefused):
        await case.roof()


# -- the offer ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("SOL-14")
async def test_name_and_phone_come_with_the_wish_for_an_offer(case: Case) -> None:
    await case.ask()
    await case.proceed()
    seen = await case.mine()
    assert (seen["person.name"], seen["person.phone"]) == (NAME, f"+47{PHONE}")


@pytest.mark.clause("SOL-16")
@pytest.mark.parametrize(
    ("name", "phone", "missing"),
    [
        (None, PHONE, ("person.name",)),
        (NAME, None, ("person.phone",)),
        (None, None, ("person.name", "person.phone")),
    ],
)
async def test_without_name_and_phone_there_is_no_offer_and_the_calculation_stays(
    case: Case, name: str | None, phone: str | None, missing: tuple[str, ...]
) -> None:
    await case.ask()
    before = await case.mine()
    with pytest.raises(ContractRequires) as caught:
        await case.proceed(name=name, phone=phone)
    assert sorted(caught.value.fields) == sorted(missing)
    assert caught.value.field in missing
    assert await case.mine() == before


@pytest.mark.parametrize(
    "phone", ["", "12", "abcdefgh", "+47 12", "9" * 40, "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668"]
)
async def test_a_malformed_phone_stores_nothing(case: Case, phone: str) -> None:
    await case.ask()
    before = await case.mine()
    with pytest.raises(Invalid) as caught:
        await case.proceed(phone=phone)
    assert caught.value.field == "person.phone"
    assert not phone or phone not in str(caught.value)
    assert await case.mine() == before


@pytest.mark.clause("SOL-15")
async def test_an_advisor_sees_nothing_without_a_reason_nor_before_the_wish(case: Case) -> None:
    await case.ask()
    await case.assign("advisor", "offer")
    advisor = await case.somebody("advisor")
    assert await case.seen(advisor, "offer", reason=REASON) == {}
    await case.proceed()
    assert await case.seen(advisor, "offer", reason=None) == {}
    assert (await case.seen(advisor, "offer", reason=REASON))["person.phone"] == f"+47{PHONE}"


async def test_an_assignment_that_ended_shows_nothing_more(case: Case) -> None:
    await case.until_offer()
    advisor = await case.somebody("advisor")
    assert await case.seen(advisor, "offer", reason=REASON)
    await case.end_assignment("advisor", "offer")
    assert await case.seen(advisor, "offer", reason=REASON) == {}


async def test_an_assignment_nobody_made_does_not_end(case: Case) -> None:
    await case.ask()
    with pytest.raises(StepRefused) as caught:
        await case.end_assignment("advisor", "offer")
    assert caught.value.step == "end_assignment"


async def test_an_advisor_assigns_nobody(case: Case) -> None:
    await case.ask()
    case.people["sales_lead"] = await case.somebody("advisor")
    with pytest.raises(StepRefused) as caught:
        await case.assign("advisor", "offer")
    assert rules(caught.value) == {("assignment", "assignment.by")}


@pytest.mark.parametrize("amount", [-1, -149_000])
async def test_a_negative_offer_stores_nothing(case: Case, amount: int) -> None:
    await case.ask()
    await case.proceed()
    with pytest.raises(Invalid) as caught:
        await case.offer(amount_nok=amount)
    assert caught.value.field == "project.offer_amount_nok"


async def test_steps_out_of_order_are_refused_by_the_rule_they_miss(case: Case) -> None:
    await case.ask()
    for step, fact, rule in (
        (case.accept, "offer.accepted", "after:offer.made"),
        (case.decline, "offer.declined", "after:offer.requested"),
        (case.finance, "financing.solar_loan", "after:offer.made"),
        (case.design, "design.completed", "after:contract.signed"),
    ):
        with pytest.raises(StepRefused) as caught:
            await step()
        assert (fact, rule) in rules(caught.value)
    with pytest.raises(StepRefused) as caught:
        await case.sign()
    assert ("contract.signed", "after:offer.accepted") in rules(caught.value)
    assert not isinstance(caught.value, ContractRequires)


async def test_an_offer_declined_is_not_accepted_later(case: Case) -> None:
    await case.until_offer()
    await case.decline()
    with pytest.raises(StepRefused) as caught:
        await case.accept()
    assert caught.value.step == "accept_offer"


@pytest.mark.clause("SOL-16")
async def test_a_contract_without_its_document_is_not_signed(case: Case) -> None:
    await case.ask()
    await case.proceed()
    await case.assign("advisor", "offer")
    await case.offer(document=None)
    await case.accept()
    with pytest.raises(ContractRequires) as caught:
        await case.sign()
    assert caught.value.fields == ("project.contract_document",)
    await case.sign(document=DOCUMENT)
    assert (await case.mine())["project.contract_document"] == DOCUMENT


@pytest.mark.clause("SOL-02")
async def test_withdrawing_the_email_consent_leaves_contract_data(case: Case) -> None:
    await case.until_signed()
    await case.withdraw("calculation")
    seen = await case.mine()
    assert {"person.name", "person.phone", "project.address", "project.contract_document"} <= seen.keys()


@pytest.mark.clause("SOL-01")
async def test_a_lead_that_withdraws_its_consent_is_gone(case: Case) -> None:
    await case.ask()
    await case.withdraw("calculation")
    assert not await case.mine()


@pytest.mark.clause("SOL-27")
async def test_the_installer_sees_the_case_only_after_the_design(case: Case) -> None:
    await case.until_signed()
    installer = await case.somebody("installer", purpose="installation")
    assert await case.seen(installer, "installation") == {}
    await case.design()
    seen = await case.seen(installer, "installation")
    assert {"person.name", "person.phone", "project.address"} <= seen.keys()
    assert not {name for name in seen if name.startswith("loan.")}
