"""The root fields of mutations that belong to Nabostrøm. Docstrings are descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from policies.model import RecordId, SubjectId
from products import nabostrom
from products.nabostrom import inputs
from resolvers.asking import Ask
from resolvers.house import Registers
from resolvers.keys import request_key
from resolvers.translation import Declined
from schema.errors import Code
from schema.power_steps import CompanyInput, LookedUp, LookUpOutcome, NewPowerContract, PowerOrderInput
from schema.steps import StepTaken
from vault.request import Sealed


async def order_power(
    info: Ask, idempotency_key: str, order: PowerOrderInput, contract: UUID | None = None
) -> NewPowerContract | None:
    """Order electricity as a private person. `contract` is that of a power of attorney given before, if there is one.

    The national identity number is not asked for: it is fetched from Folkeregisteret.
    """
    house, who = info.context.house, info.context.who
    wish = inputs.OrderPower(
        contract=None if contract is None else RecordId(contract), address=order.address, first_name=order.first_name,
        last_name=order.last_name, birth_date=order.birth_date, mobile=order.mobile, email=order.email,
    )  # fmt: skip
    made = await nabostrom.order_power(
        house.vault, who, wish, request_key(idempotency_key, wish),
        reason=info.context.stated.reason, ids=house.ids, clock=house.clock,
    )  # fmt: skip
    return _new(made)


async def give_power_of_attorney(
    info: Ask, idempotency_key: str, address: str | None = None, email: str | None = None
) -> NewPowerContract | None:
    """Let the meter be looked up without ordering (fullmakt)."""
    house, who = info.context.house, info.context.who
    wish = inputs.GivePowerOfAttorney(address=address, email=email)
    made = await nabostrom.give_power_of_attorney(
        house.vault, who, wish, request_key(idempotency_key, wish),
        reason=info.context.stated.reason, ids=house.ids, clock=house.clock,
    )  # fmt: skip
    return _new(made)


async def order_for_company(
    info: Ask, idempotency_key: str, company: CompanyInput, *, sole_proprietorship: bool
) -> NewPowerContract | None:
    """Order electricity for a company. The owner of a sole proprietorship orders as a private person."""
    house, who = info.context.house, info.context.who
    wish = inputs.OrderForCompany(sole_proprietorship=sole_proprietorship, **_company(company))
    made = await nabostrom.order_for_company(
        house.vault, who, wish, request_key(idempotency_key, wish),
        reason=info.context.stated.reason, ids=house.ids, clock=house.clock,
    )  # fmt: skip
    return _new(made)


async def replace_contact(
    info: Ask, idempotency_key: str, subject: UUID, contract: UUID, company: CompanyInput
) -> NewPowerContract | None:
    """Another contact person speaks for the company. What was kept of the one before is destroyed with this."""
    house, who = info.context.house, info.context.who
    wish = inputs.ReplaceContact(subject=SubjectId(subject), contract=RecordId(contract), **_company(company))
    made = await nabostrom.replace_contact(
        house.vault, who, wish, request_key(idempotency_key, wish),
        reason=info.context.stated.reason, ids=house.ids, clock=house.clock,
    )  # fmt: skip
    return NewPowerContract(
        subject=made.subject, contract=made.contract, token=None, receipts=list(made.receipts), replayed=made.replayed
    )


async def cancel_order(
    info: Ask, idempotency_key: str, contract: UUID, subject: UUID | None = None
) -> StepTaken | None:
    """Cancel an order before supply begins. A customer leaves `subject` out."""
    wish = inputs.CancelOrder(subject=_subject(subject), contract=RecordId(contract))
    return await _taken(info, idempotency_key, wish, nabostrom.cancel_order, contract)


async def withdraw_power_of_attorney(
    info: Ask, idempotency_key: str, contract: UUID, subject: UUID | None = None
) -> StepTaken | None:
    """Withdraw a power of attorney. A customer leaves `subject` out."""
    wish = inputs.WithdrawPowerOfAttorney(subject=_subject(subject), contract=RecordId(contract))
    return await _taken(info, idempotency_key, wish, nabostrom.withdraw_power_of_attorney, contract)


async def start_supply(
    info: Ask, idempotency_key: str, subject: UUID, contract: UUID, supply_from: date
) -> StepTaken | None:
    """Supply began at the midnight in Oslo that opens this day. Needs the national identity number."""
    wish = inputs.StartSupply(subject=SubjectId(subject), contract=RecordId(contract), supply_from=supply_from)
    return await _taken(info, idempotency_key, wish, nabostrom.start_supply, contract)


async def end_supply(
    info: Ask, idempotency_key: str, contract: UUID, supply_until: date, subject: UUID | None = None
) -> StepTaken | None:
    """Supply ended at the midnight in Oslo that opens this day. A customer leaves `subject` out."""
    wish = inputs.EndSupply(subject=_subject(subject), contract=RecordId(contract), supply_until=supply_until)
    return await _taken(info, idempotency_key, wish, nabostrom.end_supply, contract)


async def settle_supply(info: Ask, idempotency_key: str, subject: UUID, contract: UUID) -> StepTaken | None:
    """The final bill is out: no reading is taken any more."""
    wish = inputs.SettleSupply(subject=SubjectId(subject), contract=RecordId(contract))
    return await _taken(info, idempotency_key, wish, nabostrom.settle_supply, contract)


async def end_company_supply(
    info: Ask, idempotency_key: str, contract: UUID, subject: UUID | None = None
) -> StepTaken | None:
    """A company's contract ended. The contact person leaves `subject` out."""
    wish = inputs.EndCompanySupply(subject=_subject(subject), contract=RecordId(contract))
    return await _taken(info, idempotency_key, wish, nabostrom.end_company_supply, contract)


async def fetch_identity(info: Ask, idempotency_key: str, subject: UUID, contract: UUID) -> LookedUp | None:
    """Fetch the national identity number of a private customer from Folkeregisteret. It is kept, and never answered."""
    house, who = info.context.house, info.context.who
    wish = inputs.FetchIdentity(subject=SubjectId(subject), contract=RecordId(contract))
    key = request_key(idempotency_key, wish)
    found = await nabostrom.fetch_identity(house.vault, who, _registers(info).persons, wish, key, clock=house.clock)
    match found:
        case nabostrom.Identified(replayed=replayed):
            return LookedUp(outcome=LookUpOutcome.FOUND, record=contract, replayed=replayed)
        case _:
            return LookedUp(outcome=OUTCOMES[type(found)], record=None, replayed=False)


async def look_up_metering_point(
    info: Ask, idempotency_key: str, subject: UUID, contract: UUID, meter_number: str | None = None
) -> LookedUp | None:
    """Look up the metering point of an order or a power of attorney. `meterNumber` helps where several fit."""
    house, who = info.context.house, info.context.who
    wish = inputs.LookUp(subject=SubjectId(subject), contract=RecordId(contract), meter_number=meter_number)
    key, points = request_key(idempotency_key, wish), _registers(info).points
    found = await nabostrom.look_up(house.vault, who, points, wish, key, ids=house.ids, clock=house.clock)
    match found:
        case nabostrom.PointFound(metering_point=record, replayed=replayed):
            return LookedUp(outcome=LookUpOutcome.FOUND, record=record, replayed=replayed)
        case _:
            return LookedUp(outcome=OUTCOMES[type(found)], record=None, replayed=False)


OUTCOMES: Final[Mapping[type, LookUpOutcome]] = {
    nabostrom.NotFound: LookUpOutcome.NONE,
    nabostrom.Several: LookUpOutcome.SEVERAL,
    nabostrom.BirthDateDiffers: LookUpOutcome.BIRTH_DATE_DIFFERS,
    nabostrom.KeysMissing: LookUpOutcome.KEYS_MISSING,
}
STEPS: Final[Mapping[str, Callable[..., Any]]] = {
    "order_power": order_power,
    "order_for_company": order_for_company,
    "give_power_of_attorney": give_power_of_attorney,
    "withdraw_power_of_attorney": withdraw_power_of_attorney,
    "replace_contact": replace_contact,
    "cancel_order": cancel_order,
    "fetch_identity": fetch_identity,
    "look_up_metering_point": look_up_metering_point,
    "start_supply": start_supply,
    "end_supply": end_supply,
    "settle_supply": settle_supply,
    "end_company_supply": end_company_supply,
}


async def _taken(info: Ask, key: str, wish: Any, journey: Callable[..., Any], record: UUID) -> StepTaken:
    house, asking = info.context.house, info.context
    sealed: Sealed = await journey(
        house.vault, asking.who, wish, request_key(key, wish), reason=asking.stated.reason, clock=house.clock
    )
    return StepTaken(record=record, receipts=list(sealed.receipts), replayed=sealed.replayed)


def _new(made: nabostrom.PowerOrder) -> NewPowerContract:
    token = None if made.token is None else made.token.reveal()
    return NewPowerContract(
        subject=made.subject, contract=made.contract, token=token, receipts=[], replayed=made.replayed
    )


def _subject(given: UUID | None) -> SubjectId | None:
    return None if given is None else SubjectId(given)


def _company(company: CompanyInput) -> dict[str, str | None]:
    return {
        "site_address": company.site_address,
        "organisation_name": company.organisation_name,
        "organisation_number": company.organisation_number,
        "contact_first_name": company.contact_first_name,
        "contact_last_name": company.contact_last_name,
        "contact_mobile": company.contact_mobile,
        "contact_email": company.contact_email,
    }


def _registers(info: Ask) -> Registers:
    registers = info.context.house.registers
    if registers is None:
        raise Declined(Code.REGISTER, rule="none is configured: set `HVELV_REGISTER_ADDRESS`")
    return registers
