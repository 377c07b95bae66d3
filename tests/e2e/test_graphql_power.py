"""Orders of electricity through GraphQL, over a vault in memory and over the real one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from graphql_world import World, key
from nabostrom_world import ADDRESS, BORN, EMAIL, FIRST, LAST, MOBILE, NATIONAL_ID, POINT, SERVICE, entry

from policies.oslo import oslo_date
from vault.tokens import TokenSpec

ORDER = """mutation Order($k: String!, $o: PowerOrderInput!) {
  orderPower(idempotencyKey: $k, order: $o) { subject contract token replayed } }"""
SIX = {
    "address": ADDRESS, "firstName": FIRST, "lastName": LAST, "birthDate": BORN, "mobile": MOBILE, "email": EMAIL,
}  # fmt: skip
MINE = """{ me { firstName lastName birthDate mobile email powerContracts { address supplyFrom nationalId
  nationalIdFetchedAt meteringPoints { meteringPointId meterNumber readingForm lastReadingOn } } } }"""
LOOK_UP = """mutation L($k: String!, $s: UUID!, $c: UUID!, $m: String) {
  lookUpMeteringPoint(idempotencyKey: $k, subject: $s, contract: $c, meterNumber: $m) { outcome record } }"""
IDENTITY = """mutation I($k: String!, $s: UUID!, $c: UUID!) {
  fetchIdentity(idempotencyKey: $k, subject: $s, contract: $c) { outcome record } }"""
START = """mutation S($k: String!, $s: UUID!, $c: UUID!, $d: Date!) @access(purpose: METERING, reason: "start") {
  startSupply(idempotencyKey: $k, subject: $s, contract: $c, supplyFrom: $d) { record } }"""


async def ordered(world: World) -> tuple[str, str, str]:
    """The subject, the contract and the token of an order through the website."""
    made = (await world.ask(ORDER, await world.bearer("visitor"), k=key(), o=SIX)).data["orderPower"]
    world.clock.advance(timedelta(minutes=1))
    return made["subject"], made["contract"], made["token"]


async def service(world: World) -> str:
    """A bearer of the service that looks up."""
    spec = TokenSpec(account=world.ids(), roles=frozenset(SERVICE), lifetime=timedelta(hours=1))
    _, secret = await world.vault.tokens.issue(spec)
    return secret.reveal()


async def test_an_order_is_identified_looked_up_supplied_and_seen_by_the_customer(world: World) -> None:
    subject, contract, token = await ordered(world)
    worker = await service(world)
    found = await world.ask(IDENTITY, worker, k=key(), s=subject, c=contract)
    assert found.data["fetchIdentity"] == {"outcome": "FOUND", "record": contract}
    assert NATIONAL_ID not in found.text
    looked = await world.ask(LOOK_UP, worker, k=key(), s=subject, c=contract)
    assert looked.data["lookUpMeteringPoint"]["outcome"] == "FOUND"
    today = oslo_date(world.clock()).isoformat()
    started = await world.ask(START, await world.bearer("operator"), k=key(), s=subject, c=contract, d=today)
    assert started.data["startSupply"]["record"] == contract
    me = (await world.ask(MINE, token)).data["me"]
    (power,) = me["powerContracts"]
    assert (me["firstName"], me["birthDate"], me["email"]) == (FIRST, BORN, EMAIL)
    assert (power["address"], power["supplyFrom"], power["nationalId"]) == (ADDRESS, today, NATIONAL_ID[:6] + "•••••")
    assert power["meteringPoints"] == [
        {"meteringPointId": POINT, "meterNumber": "0069708050001", "readingForm": "ams", "lastReadingOn": None}
    ]


@pytest.mark.clause("NAB-02")
@pytest.mark.clause("NAB-09")
async def test_no_client_can_type_a_national_id_into_an_order(world: World) -> None:
    answer = await world.ask(ORDER, await world.bearer("visitor"), k=key(), o={**SIX, "nationalId": NATIONAL_ID})
    assert answer.codes == ["VARIABLES"]
    assert NATIONAL_ID not in answer.text


@pytest.mark.clause("NAB-11")
@pytest.mark.parametrize("left_out", sorted(SIX))
async def test_each_of_the_six_that_is_left_out_is_named(world: World, left_out: str) -> None:
    given = {name: value for name, value in SIX.items() if name != left_out}
    answer = await world.ask(ORDER, await world.bearer("visitor"), k=key(), o=given)
    (error,) = answer.errors
    assert error["extensions"]["code"] == "REFUSED"
    assert [name.split(".")[1].replace("_", "") for name in error["extensions"]["required"]] == [left_out.lower()]


async def test_several_meters_ask_for_the_number_and_a_stranger_is_told_nothing(world: World) -> None:
    subject, contract, _ = await ordered(world)
    worker = await service(world)
    await world.ask(IDENTITY, worker, k=key(), s=subject, c=contract)
    world.power.registers.meters = [entry(), entry(metering_point="707057500000000025", meter_number="77")]
    several = await world.ask(LOOK_UP, worker, k=key(), s=subject, c=contract)
    assert several.data["lookUpMeteringPoint"] == {"outcome": "SEVERAL", "record": None}
    assert POINT not in several.text
    one = await world.ask(LOOK_UP, worker, k=key(), s=subject, c=contract, m="77")
    assert one.data["lookUpMeteringPoint"]["outcome"] == "FOUND"
    await world.case.ask()
    stranger = await world.me("query Q($s: UUID!) { customer(id: $s) { email powerContracts { address } } }", s=subject)
    assert stranger.data["customer"] is None
    assert stranger.codes == ["NOT_FOUND"]


async def test_a_register_that_fails_is_said_to_and_nothing_is_stored(world: World) -> None:
    subject, contract, token = await ordered(world)
    worker = await service(world)
    await world.ask(IDENTITY, worker, k=key(), s=subject, c=contract)
    world.power.registers.meters = [entry(metering_point="707057500000000019")]
    answer = await world.ask(LOOK_UP, worker, k=key(), s=subject, c=contract)
    assert answer.codes == ["REGISTER"]
    assert (await world.ask(MINE, token)).data["me"]["powerContracts"][0]["meteringPoints"] == []


@pytest.mark.clause("NAB-03")
async def test_a_company_orders_through_its_contact_person(world: World) -> None:
    company = {
        "siteAddress": "Kirkegata 1, 0003 Øvingsnes", "organisationName": "Øvelse AS",
        "organisationNumber": "923609016", "contactFirstName": "Bjørn", "contactLastName": "Eksempel",
        "contactMobile": MOBILE, "contactEmail": "bjorn@example.no",
    }  # fmt: skip
    document = """mutation C($k: String!, $c: CompanyInput!, $sole: Boolean!) {
      orderForCompany(idempotencyKey: $k, company: $c, soleProprietorship: $sole) { token } }"""
    visitor = await world.bearer("visitor")
    made = await world.ask(document, visitor, k=key(), c=company, sole=False)
    token: Any = made.data["orderForCompany"]["token"]
    mine = await world.ask("{ me { companyContracts { organisationName contactFirstName } } }", token)
    assert mine.data["me"]["companyContracts"] == [{"organisationName": "Øvelse AS", "contactFirstName": "Bjørn"}]
    assert (await world.ask(document, visitor, k=key(), c=company, sole=True)).codes == ["INVALID"]
