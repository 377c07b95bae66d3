"""The subscription [start, end): when supply began and ended, by days in Oslo, and the final bill (NAB-12, NAB-18)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from policies.model import Principal, RecordId, SubjectId
from policies.oslo import midnight, oslo_date
from products.doors import Doors
from products.nabostrom.inputs import EndSupply, SettleSupply, StartSupply
from products.nabostrom.step import POWER_CONTRACT, Step
from products.step import access, facts, own_subject, taking
from vault.errors import Invalid
from vault.request import Change, RequestKey, Sealed


async def start_supply(
    vault: Doors,
    who: Principal,
    wish: StartSupply,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """Supply began. It is recorded when it has: a day ahead is none yet.

    Raises:
        ContractRequires: the national id was not fetched yet (NAB-08).
        Invalid: the day lies ahead.
        StepRefused: nobody ordered, the order is off, or supply began before.
    """
    now = clock()
    _not_ahead("power_contract.supply_from", wish.supply_from, latest=oslo_date(now))
    change = _contract(wish.subject, wish.contract, "power_contract.supply_from", wish.supply_from)
    happened = facts(wish.subject, wish.contract, min(now, midnight(wish.supply_from)), "power.started")
    stated = access(vault.policy, who, Step.START_SUPPLY.purpose, reason)
    with taking(Step.START_SUPPLY.label):
        return await vault.seal(who, stated, (change,), happened, request)


async def end_supply(
    vault: Doors,
    who: Principal,
    wish: EndSupply,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """Supply ended, at the coming midnight at the latest; five years later everything goes (NAB-19).

    Late and corrected readings of the days before are taken until the final bill (NAB-12).

    Raises:
        Invalid: the day lies beyond tomorrow.
        StepRefused: supply never began, or ended before.
    """
    step, now = Step.END_SUPPLY, clock()
    subject = wish.subject or own_subject(who, step)
    _not_ahead("power_contract.supply_until", wish.supply_until, latest=oslo_date(now) + timedelta(days=1))
    change = _contract(subject, wish.contract, "power_contract.supply_until", wish.supply_until)
    happened = facts(subject, wish.contract, min(now, midnight(wish.supply_until)), "power.ended")
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (change,), happened, request)


async def settle_supply(
    vault: Doors,
    who: Principal,
    wish: SettleSupply,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """The final bill is out. Raises `StepRefused` where supply has not ended."""
    step = Step.SETTLE_SUPPLY
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (), facts(wish.subject, wish.contract, clock(), "power.settled"), request)


def _not_ahead(field: str, day: date, *, latest: date) -> None:
    if day > latest:
        raise Invalid(field, "lies ahead: it is recorded when it has come")


def _contract(subject: SubjectId, contract: RecordId, field: str, day: date) -> Change:
    """No parent: an unknown contract is not added here."""
    return Change(subject=subject, record=contract, parent=None, entity=POWER_CONTRACT, values={field: day.isoformat()})
