"""Orders of electricity, over the fake doors and over a vault: the same promises hold for both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from nabostrom_world import ADDRESS, BORN, COMPANY, EMAIL, FIRST, LAST, SIX, PowerCase, input_names

from policies.model import RecordId, SubjectId
from policies.oslo import oslo_date
from products import nabostrom
from products.errors import ContractRequires, StepRefused
from vault.errors import Conflict, Invalid

# -- private ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-01")
async def test_an_order_makes_somebody_new_with_a_contract_and_a_token_and_asks_for_no_consent(
    power: PowerCase,
) -> None:
    made = await power.order()
    assert made.token is not None
    assert not made.replayed
    seen = await power.mine()
    assert (seen["person.first_name"], seen["person.last_name"], seen["person.birth_date"]) == (FIRST, LAST, BORN)
    assert (seen["power_contract.address"], seen["person.email"], seen["person.mobile"]) == (
        ADDRESS,
        EMAIL,
        "+4740612345",
    )
    purposes = power.doors.policy.purposes
    assert purposes["power_supply"].basis.value == purposes["metering"].basis.value == "contract"
    assert all("power_supply" not in consent.purposes for consent in power.doors.policy.consents.values())


@pytest.mark.clause("NAB-02")
def test_the_private_order_has_room_for_the_six_and_for_no_national_id() -> None:
    assert input_names(nabostrom.OrderPower) == {"contract", *SIX}
    assert not [kind for kind in vars(nabostrom).values() if isinstance(kind, type) and hasattr(kind, "national_id")]


@pytest.mark.clause("NAB-11")
@pytest.mark.parametrize("left_out", sorted(SIX))
async def test_without_any_one_of_the_six_there_is_no_contract_and_nothing_is_stored(
    power: PowerCase, left_out: str
) -> None:
    with pytest.raises(ContractRequires) as caught:
        await power.order(by=None, key=None, contract=None, **{left_out: None})
    assert caught.value.fields == (SIX[left_out],)
    assert power.customer is None


@pytest.mark.clause("NAB-02")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birth_date", "2001-02-29"),
        ("birth_date", "29.02.2000"),
        ("birth_date", "2099-01-01"),
        ("birth_date", ""),
        ("mobile", "+4721234567"),
        ("mobile", "68050001"),
        ("mobile", "+46701740605"),
        ("mobile", "4061234"),
        ("email", "ase@"),
        ("first_name", "  "),
        ("last_name", "12"),
        ("address", ""),
    ],
)
async def test_a_value_that_is_none_of_its_kind_stores_nothing_and_is_not_quoted(
    power: PowerCase, name: str, value: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await power.order(by=None, key=None, contract=None, **{name: value})
    assert caught.value.field == SIX[name]
    assert not value.strip() or value not in str(caught.value)
    assert power.customer is None


@pytest.mark.clause("NAB-02")
async def test_nobody_is_born_today(power: PowerCase) -> None:
    with pytest.raises(Invalid):
        await power.order(birth_date=oslo_date(power.clock()).isoformat())


async def test_a_customer_orders_for_another_home_and_gives_only_what_is_not_known(power: PowerCase) -> None:
    await power.order()
    first = power.contract
    made = await power.order(by=await power.me(), address="Fjordgløtt 2, 0001 Testby", email=None, mobile=None)
    assert (made.subject, made.token) == (power.subject, None)
    assert made.contract != first


async def test_one_request_sent_twice_has_one_effect_and_one_token(power: PowerCase) -> None:
    visitor = await power.somebody("visitor")
    first = await power.order(by=visitor, key="the same")
    second = await power.order(by=visitor, key="the same")
    assert (second.subject, second.contract, second.replayed, second.token) == (
        first.subject,
        first.contract,
        True,
        None,
    )
    with pytest.raises(Conflict):
        await power.order(by=visitor, key="the same", email="another@example.no")


async def test_staff_order_for_somebody_and_get_no_token_of_theirs(power: PowerCase) -> None:
    made = await power.order(by=await power.somebody("customer_service"))
    assert made.token is None


@pytest.mark.parametrize("role", ["meter_ingest", "billing", "advisor", "operator", "register_lookup"])
async def test_nobody_else_orders(power: PowerCase, role: str) -> None:
    with pytest.raises(StepRefused):
        await power.order(by=await power.somebody(role))


async def test_an_order_is_cancelled_until_supply_begins_and_not_twice(power: PowerCase) -> None:
    await power.order()
    await power.cancel()
    with pytest.raises(StepRefused):
        await power.cancel()
    power.customer = None
    await power.until_started(oslo_date(power.clock()))
    with pytest.raises(StepRefused):
        await power.cancel()


@pytest.mark.clause("NAB-01")
async def test_no_consent_is_needed_for_supply_and_withdrawing_none_stops_it(power: PowerCase) -> None:
    await power.until_started(oslo_date(power.clock()))
    service = await power.somebody("meter_ingest")
    assert await power.seen(service, "metering", "meter_ingest", "metering_point.id")


# -- subscription ----------------------------------------------------------------------------------------------------


async def test_supply_neither_begins_nor_ends_ahead_of_its_day(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    today = oslo_date(power.clock())
    with pytest.raises(Invalid):
        await power.start(today + timedelta(days=1))
    await power.start(today)
    with pytest.raises(Invalid):
        await power.end(today + timedelta(days=2))
    await power.end(today + timedelta(days=1))
    seen = await power.mine()
    assert seen["power_contract.supply_from"] == today.isoformat()
    assert seen["power_contract.supply_until"] == (today + timedelta(days=1)).isoformat()


@pytest.mark.clause("NAB-08")
async def test_a_private_subscription_does_not_begin_without_a_national_id(power: PowerCase) -> None:
    await power.order()
    with pytest.raises(ContractRequires) as caught:
        await power.start(oslo_date(power.clock()))
    assert "power_contract.national_id" in caught.value.fields
    await power.identify()
    await power.start(oslo_date(power.clock()))


async def test_after_the_final_bill_nobody_reads_or_writes_for_metering(power: PowerCase) -> None:
    await power.until_started(oslo_date(power.clock()))
    await power.end(oslo_date(power.clock()))
    service = await power.somebody("meter_ingest")
    assert await power.seen(service, "metering", "meter_ingest", "metering_point.id")
    await power.settle()
    assert not await power.seen(service, "metering", "meter_ingest", "metering_point.id")


# -- companies -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-03")
async def test_a_companys_order_holds_site_organisation_and_contact_and_nothing_private(power: PowerCase) -> None:
    assert input_names(nabostrom.OrderForCompany) == {*COMPANY, "sole_proprietorship"}
    made = await power.order_for_company()
    assert made.token is not None
    seen = await power.mine()
    assert seen["company_contract.organisation_number"] == "923609016"
    assert not {name for name in seen if name.startswith(("power_contract.", "metering_point."))}


@pytest.mark.clause("NAB-03")
@pytest.mark.parametrize("number", ["310072500", "92360901", "974760670"])
async def test_an_organisation_number_whose_digit_does_not_check_stores_nothing(power: PowerCase, number: str) -> None:
    with pytest.raises(Invalid) as caught:
        await power.order_for_company(organisation_number=number)
    assert caught.value.field == "company_contract.organisation_number"
    assert number not in str(caught.value)


@pytest.mark.clause("NAB-03")
async def test_a_sole_proprietorship_orders_as_the_person_it_is(power: PowerCase) -> None:
    with pytest.raises(Invalid) as caught:
        await power.order_for_company(sole_proprietorship=True)
    assert "private customer" in caught.value.rule


@pytest.mark.parametrize("left_out", sorted(COMPANY))
async def test_without_any_one_of_the_seven_a_company_has_no_contract(power: PowerCase, left_out: str) -> None:
    with pytest.raises(ContractRequires) as caught:
        await power.order_for_company(by=None, sole_proprietorship=False, **{left_out: None})
    assert caught.value.fields == (f"company_contract.{left_out}",)


@pytest.mark.clause("NAB-08")
async def test_a_companys_contract_is_given_no_national_id(power: PowerCase) -> None:
    await power.order_for_company()
    with pytest.raises(StepRefused):
        await power.identify()
    assert power.registers.asked == []


@pytest.mark.clause("NAB-04")
async def test_a_contact_person_is_a_subject_of_its_own_and_sees_its_own_data_alone(power: PowerCase) -> None:
    await power.until_started(oslo_date(power.clock()))
    private = power.subject
    power.customer = None
    await power.order_for_company()
    assert power.subject != private
    assert {name.split(".")[0] for name in await power.mine()} == {"company_contract"}


@pytest.mark.clause("NAB-04")
async def test_a_contact_person_that_is_replaced_is_gone_at_once(power: PowerCase) -> None:
    await power.order_for_company()
    replaced = await power.replace_contact(contact_first_name="Sølvi", contact_email="solvi@example.no")
    assert await power.mine() == {}
    assert replaced.subject != power.subject
    with pytest.raises(StepRefused):
        await power.replace_contact()
    power.subject, power.contract = replaced.subject, replaced.contract
    power.customer = await power.somebody("self", subject=replaced.subject)
    assert (await power.mine())["company_contract.contact_first_name"] == "Sølvi"


async def test_nobody_is_replaced_in_a_contract_that_is_not_there(power: PowerCase) -> None:
    await power.order_for_company()
    power.contract = RecordId(SubjectId(power.ids()))
    with pytest.raises(StepRefused):
        await power.replace_contact()
    assert (await power.mine())["company_contract.contact_first_name"] == "Bjørn"
