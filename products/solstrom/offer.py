"""The offer, the contract and how it is paid (SOL-15 … SOL-18)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from policies.model import Principal, RecordId
from products.doors import Doors
from products.solstrom.inputs import AcceptOffer, ChooseFinancing, DeclineOffer, MakeOffer, SignContract
from products.solstrom.step import PROJECT, Step, access, facts, given, own_access, own_subject, taking
from vault.request import Change, RequestKey, Sealed


async def make_offer(
    vault: Doors,
    who: Principal,
    offer: MakeOffer,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """An advisor makes the formal offer.

    Raises:
        Invalid: the amount is negative or the document is none.
        StepRefused: nobody asked for an offer, or the case is not this advisor's.
    """
    step = Step.MAKE_OFFER
    change = Change(
        subject=offer.subject,
        record=offer.project,
        parent=RecordId(offer.subject),
        entity=PROJECT,
        values=given(
            {"project.offer_amount_nok": offer.amount_nok, "project.contract_document": offer.document},
        ),
    )
    happened = facts(offer.subject, offer.project, clock(), "offer.made")
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (change,), happened, request)


async def accept_offer(
    vault: Doors, who: Principal, wish: AcceptOffer, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """The customer accepts. Raises `NotACustomer`, or `StepRefused` where no offer stands."""
    return await _customer_says(vault, who, Step.ACCEPT_OFFER, wish.project, request, clock, "offer.accepted")


async def decline_offer(
    vault: Doors, who: Principal, wish: DeclineOffer, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """The customer declines. Raises `NotACustomer`, or `StepRefused` where no offer stands."""
    return await _customer_says(vault, who, Step.DECLINE_OFFER, wish.project, request, clock, "offer.declined")


async def sign_contract(
    vault: Doors, who: Principal, wish: SignContract, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """The customer has signed: from now on the contract is the basis (SOL-02).

    Raises:
        ContractRequires: neither the offer nor this call carries the contract document.
        Invalid: the document is none.
        NotACustomer: the principal is bound to no subject.
        StepRefused: the offer is not accepted.
    """
    step = Step.SIGN_CONTRACT
    subject = own_subject(who, step)
    values = given({"project.contract_document": wish.document})
    change = Change(subject=subject, record=wish.project, parent=RecordId(subject), entity=PROJECT, values=values)
    happened = facts(subject, wish.project, clock(), "contract.signed")
    with taking(step.label):
        return await vault.seal(who, own_access(step), (change,) if values else (), happened, request)


async def choose_financing(
    vault: Doors, who: Principal, wish: ChooseFinancing, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """A solar loan or cash. Raises `NotACustomer`, or `StepRefused` before the contract."""
    fact = "financing.solar_loan" if wish.solar_loan else "financing.cash"
    return await _customer_says(vault, who, Step.CHOOSE_FINANCING, wish.project, request, clock, fact)


async def _customer_says(
    vault: Doors,
    who: Principal,
    step: Step,
    project: RecordId,
    request: RequestKey,
    clock: Callable[[], datetime],
    fact: str,
) -> Sealed:
    """One fact of the customer's own case, and no values."""
    subject = own_subject(who, step)
    with taking(step.label):
        return await vault.seal(who, own_access(step), (), facts(subject, project, clock(), fact), request)
