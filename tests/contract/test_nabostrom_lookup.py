"""The national id and the metering point from their registers, over the fake doors and over a vault."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from nabostrom_world import (
    BORN,
    METER_NUMBER,
    NATIONAL_ID,
    POINT,
    SECOND_POINT,
    SERVICE,
    PowerCase,
    entry,
    person,
)

from policies.oslo import oslo_date
from products.errors import RegisterMalformed, StepRefused
from products.nabostrom import BirthDateDiffers, Identified, KeysMissing, NotFound, PointFound, Several

# -- who may be asked about ------------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-05")
async def test_without_an_order_or_a_power_of_attorney_nothing_is_asked(power: PowerCase) -> None:
    await power.order()
    await power.cancel()
    for asking in (power.look_up, power.identify):
        with pytest.raises(StepRefused):
            await asking()
    assert power.registers.asked == []


@pytest.mark.clause("NAB-05")
@pytest.mark.parametrize("role", ["customer_service", "billing", "operator", "visitor"])
async def test_nobody_but_the_service_looks_up(power: PowerCase, role: str) -> None:
    await power.order()
    for asking in (power.look_up, power.identify):
        with pytest.raises(StepRefused):
            await asking(by=await power.somebody(role))
    with pytest.raises(StepRefused):
        await power.look_up(by=await power.me())
    assert power.registers.asked == []


@pytest.mark.clause("NAB-05")
async def test_a_power_of_attorney_lets_us_look_up_by_postcode_and_meter_number_until_withdrawn(
    power: PowerCase,
) -> None:
    await power.attorney()
    assert isinstance(await power.look_up(), KeysMissing)
    assert isinstance(await power.look_up(meter_number=METER_NUMBER), PointFound)
    assert power.registers.asked == [("meteringPoints", {"postcode": "0002", "meterNumber": METER_NUMBER})]
    assert (await power.mine())["metering_point.id"] == POINT


async def test_a_power_of_attorney_becomes_the_contract_that_is_ordered_on_it(power: PowerCase) -> None:
    given = await power.attorney()
    made = await power.order(by=await power.me(), contract=given.contract)
    assert made.contract == given.contract
    with pytest.raises(StepRefused):
        await power.order(by=await power.me(), contract=given.contract)


# -- the population register -----------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-09")
async def test_the_national_id_is_fetched_with_its_time_and_shown_to_nobody_whole(power: PowerCase) -> None:
    await power.order()
    assert isinstance(await power.identify(), Identified)
    seen = await power.mine()
    assert seen["power_contract.national_id"] == NATIONAL_ID[:6] + "•••••"
    assert str(seen["power_contract.national_id_fetched_at"]).startswith(power.clock().date().isoformat())
    assert power.doors.policy.fields["power_contract.national_id"].source == "Folkeregisteret"
    for role in ("customer_service", "operator", "developer", "dpo", "register_lookup"):
        staff = await power.somebody(role)
        for purpose in ("power_supply", "end_user_identity", "customer_service"):
            assert await power.seen(staff, purpose, role, "power_contract.national_id") == {}


@pytest.mark.clause("NAB-09")
async def test_the_register_is_asked_with_name_birth_date_and_address_alone(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    ((name, question),) = power.registers.asked
    assert (name, set(question)) == ("persons", {"firstName", "lastName", "birthDate", "address"})
    assert question["birthDate"] == BORN


@pytest.mark.clause("NAB-09")
async def test_nobody_and_two_persons_are_no_identity(power: PowerCase) -> None:
    await power.order()
    power.registers.persons = []
    assert isinstance(await power.identify(), NotFound)
    power.registers.persons = [person(), person(national_id="05840399895")]
    assert await power.identify() == Several(2)
    assert "power_contract.national_id" not in await power.mine()


@pytest.mark.clause("NAB-09")
async def test_a_register_that_has_another_birth_date_is_for_a_human_to_look_at(power: PowerCase) -> None:
    """The date is the register's own field: digits of the id that say another day change nothing."""
    await power.order()
    power.registers.persons = [person(answered_birth_date="1994-02-13")]
    assert isinstance(await power.identify(), BirthDateDiffers)
    assert "power_contract.national_id" not in await power.mine()
    power.registers.persons = [person(national_id="05840399895")]
    assert isinstance(await power.identify(), Identified)


@pytest.mark.clause("NAB-08")
async def test_a_d_number_is_an_identity(power: PowerCase) -> None:
    await power.order()
    power.registers.persons = [person(national_id="57912075186")]
    assert isinstance(await power.identify(), Identified)


# -- the metering point register -------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-05")
@pytest.mark.clause("NAB-06")
async def test_the_one_metering_point_that_fits_is_kept_with_number_and_reading_form(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    assert isinstance(await power.look_up(), PointFound)
    seen = await power.mine()
    assert seen["metering_point.id"] == POINT
    assert seen["metering_point.meter_number"] == METER_NUMBER  # leading zeros kept
    assert seen["metering_point.reading_form"] == "ams"
    assert power.registers.asked[-1][1] == {
        "endUserId": NATIONAL_ID, "postcode": "0002", "street": "Bjørkelia", "houseNumber": "7",
    }  # fmt: skip


@pytest.mark.clause("NAB-05")
async def test_none_is_told_and_several_ask_the_customer_for_the_meter_number(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    power.registers.meters = []
    assert isinstance(await power.look_up(), NotFound)
    power.registers.meters = [entry(), entry(metering_point=SECOND_POINT, meter_number="77")]
    assert await power.look_up() == Several(2)
    assert "metering_point.id" not in await power.mine()
    assert isinstance(await power.look_up(meter_number="77"), PointFound)
    assert (await power.mine())["metering_point.id"] == SECOND_POINT


async def test_looked_up_again_a_new_meter_takes_the_place_of_the_old_on_the_same_record(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    first = await power.look_up()
    power.registers.meters = [entry(meter_number="new")]
    second = await power.look_up()
    assert isinstance(first, PointFound)
    assert isinstance(second, PointFound)
    assert first.metering_point == second.metering_point
    assert (await power.mine())["metering_point.meter_number"] == "new"
    assert power.registers.asked[-1][1] == {"endUserId": NATIONAL_ID, "meteringPointId": POINT}


@pytest.mark.clause("NAB-06")
async def test_two_points_may_carry_one_meter_number(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    await power.look_up()
    power.customer = None
    power.registers.meters = [entry(metering_point=SECOND_POINT)]
    await power.order()
    await power.identify()
    assert isinstance(await power.look_up(), PointFound)
    assert (await power.mine())["metering_point.meter_number"] == METER_NUMBER


@pytest.mark.clause("NAB-06")
@pytest.mark.parametrize(
    "bad",
    [
        {"metering_point": "707057500012345678"},
        {"metering_point": "70705750000000001"},
        {"meter_number": "1234567890123456789"},
        {"meter_number": ""},
        {"reading_form": "guessed"},
    ],
)
async def test_an_entry_that_does_not_check_is_an_error_and_nothing_is_kept(
    power: PowerCase, bad: dict[str, str]
) -> None:
    await power.order()
    await power.identify()
    power.registers.meters = [entry(**bad)]
    with pytest.raises(RegisterMalformed) as caught:
        await power.look_up()
    assert not any(value and value in str(caught.value) for value in bad.values())
    assert not {name for name in await power.mine() if name.startswith("metering_point.")}


@pytest.mark.clause("NAB-07")
async def test_only_a_manual_meter_has_a_last_reading_and_never_one_that_lies_ahead(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    today = oslo_date(power.clock())
    power.registers.meters = [entry(last_reading_date=today.isoformat())]
    await power.look_up()
    assert "metering_point.last_reading_on" not in await power.mine()
    power.registers.meters = [entry(reading_form="manual", last_reading_date=today.isoformat())]
    await power.look_up()
    assert (await power.mine())["metering_point.last_reading_on"] == today.isoformat()
    power.registers.meters = [entry(reading_form="manual", last_reading_date=(today + timedelta(days=1)).isoformat())]
    with pytest.raises(RegisterMalformed):
        await power.look_up()


async def test_a_look_up_sent_twice_is_one_metering_point(power: PowerCase) -> None:
    await power.order()
    await power.identify()
    service = await power.somebody(*SERVICE)
    first = await power.look_up(by=service, key="the same")
    second = await power.look_up(by=service, key="the same")
    assert isinstance(first, PointFound)
    assert second == PointFound(first.metering_point, replayed=True)


async def test_supply_begins_on_a_day_in_oslo(power: PowerCase) -> None:
    await power.until_started(oslo_date(power.clock()))
    assert date.fromisoformat(str((await power.mine())["power_contract.supply_from"])) == oslo_date(power.clock())
