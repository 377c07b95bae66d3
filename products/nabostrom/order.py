"""The private customer's order, and the power of attorney that may come before one (NAB-01, NAB-02, NAB-11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.issuing import first_token
from policies.model import PolicySet, Principal, RecordId, RoleKind, SubjectId
from products.doors import Doors
from products.nabostrom.checks import mobile, past_day
from products.nabostrom.inputs import CancelOrder, GivePowerOfAttorney, OrderPower, WithdrawPowerOfAttorney
from products.nabostrom.step import POWER_CONTRACT, Step
from products.step import PERSON, access, facts, given, own_subject, taking
from vault.request import Change, Removed, RequestKey, Sealed, Secret, Value


@dataclass(frozen=True, slots=True)
class PowerOrder:
    """What an order made. `token` comes once, to somebody new who ordered by himself; a replay gives none."""

    subject: SubjectId
    contract: RecordId
    token: Secret[str] | None
    replayed: bool


async def order_power(
    vault: Doors,
    who: Principal,
    wish: OrderPower,
    request: RequestKey,
    *,
    reason: str | None,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> PowerOrder:
    """One contract on a record of its own: somebody new, or another contract of the customer who asks.

    Basis is the contract, so there is no consent to give and none to withdraw (NAB-01).

    Raises:
        ContractRequires: one of the six is missing; nothing is stored (NAB-11).
        Invalid: one of them is not of its type, the birth date is not past, the number is no Norwegian mobile.
        StepRefused: the principal may not order, or the contract was ordered before.
    """
    now = clock()
    past_day("person.birth_date", wish.birth_date, now)
    mobile("person.mobile", wish.mobile)
    person = given(
        {
            "person.first_name": wish.first_name,
            "person.last_name": wish.last_name,
            "person.birth_date": wish.birth_date,
            "person.mobile": wish.mobile,
            "person.email": wish.email,
        }
    )
    address = given({"power_contract.address": wish.address})
    opening = Opening(Step.ORDER_POWER, "power.ordered", person, address, wish.contract, now)
    return await _open_contract(vault, who, opening, request, reason=reason, ids=ids)


async def give_power_of_attorney(
    vault: Doors,
    who: Principal,
    wish: GivePowerOfAttorney,
    request: RequestKey,
    *,
    reason: str | None,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> PowerOrder:
    """Somebody lets us look up the meter before ordering; the record becomes the contract's if they order (G-20).

    Raises:
        Invalid: a value is not of its type.
        StepRefused: the principal may not give one.
    """
    person, address = given({"person.email": wish.email}), given({"power_contract.address": wish.address})
    opening = Opening(Step.GIVE_POWER_OF_ATTORNEY, "power_of_attorney.given", person, address, None, clock())
    return await _open_contract(vault, who, opening, request, reason=reason, ids=ids)


async def withdraw_power_of_attorney(
    vault: Doors,
    who: Principal,
    wish: WithdrawPowerOfAttorney,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """No look-up that begins after this returns uses it. Raises `StepRefused` where none stands."""
    return await says(
        vault, who, Step.WITHDRAW_POWER_OF_ATTORNEY, wish, request, reason, clock(), "power_of_attorney.withdrawn"
    )


async def cancel_order(
    vault: Doors,
    who: Principal,
    wish: CancelOrder,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """The order is off. Raises `StepRefused` where none stands or supply has begun."""
    return await says(vault, who, Step.CANCEL_ORDER, wish, request, reason, clock(), "power.cancelled")


async def says(
    vault: Doors,
    who: Principal,
    step: Step,
    wish: CancelOrder | WithdrawPowerOfAttorney,
    request: RequestKey,
    reason: str | None,
    now: datetime,
    fact: str,
) -> Sealed:
    """One fact of a contract and no values; of the customer's own where no subject is named."""
    subject = wish.subject or own_subject(who, step)
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (), facts(subject, wish.contract, now, fact), request)


def is_visitor(policy: PolicySet, who: Principal) -> bool:
    """Whether somebody unknown asks in person, and not a member of staff for somebody else."""
    return any(name in policy.roles and policy.roles[name].kind is RoleKind.VISITOR for name in who.roles)


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """How a contract's record comes to be: by which step and fact, with which values; `contract` if it is there."""

    step: Step
    fact: str
    person: Mapping[str, Value | Removed]
    values: Mapping[str, Value | Removed]
    contract: RecordId | None
    now: datetime


async def _open_contract(
    vault: Doors,
    who: Principal,
    opening: Opening,
    request: RequestKey,
    *,
    reason: str | None,
    ids: Callable[[], UUID],
) -> PowerOrder:
    """The person and one contract below it. A crash before the answer leaves an order whose client sends again."""
    step, subject = opening.step, who.subject or SubjectId(ids())
    record, root = opening.contract or RecordId(ids()), RecordId(subject)
    changes = (
        Change(subject=subject, record=root, parent=None, entity=PERSON, values=opening.person),
        Change(subject=subject, record=record, parent=root, entity=POWER_CONTRACT, values=opening.values),
    )
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        sealed = await vault.seal(who, stated, changes, facts(subject, record, opening.now, opening.fact), request)
    token = await first_token(vault, sealed, account=ids()) if is_visitor(vault.policy, who) else None
    made = next((each for each in sealed.records if each != sealed.subjects[0]), record)
    return PowerOrder(subject=sealed.subjects[0], contract=made, token=token, replayed=sealed.replayed)
