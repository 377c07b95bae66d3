"""The company's order and its contact person, who is a data subject of its own and replaceable (NAB-03, NAB-04).

What a company's meters read is nobody's personal data and is not kept under the contact person: an access request of
theirs gives their own data and no series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.issuing import first_token
from policies.model import Principal, RecordId, SubjectId
from products.doors import Doors
from products.nabostrom.checks import mobile
from products.nabostrom.inputs import Company, EndCompanySupply, OrderForCompany, ReplaceContact
from products.nabostrom.order import PowerOrder, is_visitor
from products.nabostrom.step import COMPANY_CONTRACT, Step
from products.step import access, facts, given, own_subject, taking
from vault.errors import Invalid
from vault.request import Change, RequestKey, Sealed


@dataclass(frozen=True, slots=True)
class ContactReplaced:
    """The new contact person and the company's record below them; `receipts` are of what was kept of the one before."""

    subject: SubjectId
    contract: RecordId
    receipts: tuple[UUID, ...]
    replayed: bool


async def order_for_company(
    vault: Doors,
    who: Principal,
    wish: OrderForCompany,
    request: RequestKey,
    *,
    reason: str | None,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> PowerOrder:
    """A company's contract under its contact person: somebody new, or the customer who asks.

    Raises:
        ContractRequires: one of the seven is missing; nothing is stored.
        Invalid: one of them is not of its type, or the company is a person: order as one.
        StepRefused: the principal may not order.
    """
    if wish.sole_proprietorship:
        rule = "a sole proprietorship (enkeltpersonforetak) is a person: order as a private customer"
        raise Invalid("company_contract.organisation_number", rule)
    step, subject = Step.ORDER_FOR_COMPANY, who.subject or SubjectId(ids())
    record = RecordId(ids())
    happened = facts(subject, record, clock(), "company.ordered")
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        sealed = await vault.seal(who, stated, (_company(wish, subject, record),), happened, request)
    token = await first_token(vault, sealed, account=ids()) if is_visitor(vault.policy, who) else None
    return PowerOrder(sealed.subjects[0], sealed.records[0], token, sealed.replayed)


async def replace_contact(
    vault: Doors,
    who: Principal,
    wish: ReplaceContact,
    request: RequestKey,
    *,
    reason: str | None,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> ContactReplaced:
    """The new contact person comes and what was kept of the old one goes, in one transaction.

    Raises:
        ContractRequires: one of the seven is missing; nothing changed.
        Invalid: one of them is not of its type.
        StepRefused: no such contract stands, or the principal may not.
    """
    step, now = Step.REPLACE_CONTACT, clock()
    subject, record = SubjectId(ids()), RecordId(ids())
    happened = (
        *facts(subject, record, now, "company.ordered"),
        *facts(wish.subject, wish.contract, now, "company.contact_replaced"),
    )
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        sealed = await vault.seal(who, stated, (_company(wish, subject, record),), happened, request)
    return ContactReplaced(sealed.subjects[0], sealed.records[0], sealed.receipts, sealed.replayed)


async def end_company_supply(
    vault: Doors,
    who: Principal,
    wish: EndCompanySupply,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """The company's contract ended. Raises `StepRefused` where none stands."""
    step = Step.END_COMPANY_SUPPLY
    subject = wish.subject or own_subject(who, step)
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (), facts(subject, wish.contract, clock(), "company.ended"), request)


def _company(wish: Company, subject: SubjectId, record: RecordId) -> Change:
    mobile("company_contract.contact_mobile", wish.contact_mobile)
    values = given(
        {
            "company_contract.site_address": wish.site_address,
            "company_contract.organisation_name": wish.organisation_name,
            "company_contract.organisation_number": wish.organisation_number,
            "company_contract.contact_first_name": wish.contact_first_name,
            "company_contract.contact_last_name": wish.contact_last_name,
            "company_contract.contact_mobile": wish.contact_mobile,
            "company_contract.contact_email": wish.contact_email,
        }
    )
    root = RecordId(subject)
    return Change(subject=subject, record=record, parent=root, entity=COMPANY_CONTRACT, values=values)
