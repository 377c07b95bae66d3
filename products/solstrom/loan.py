"""The solar loan: what the bank needs while it decides, and what remains when it has (SOL-18 … SOL-24)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.model import Principal, RecordId
from products.doors import Doors
from products.solstrom.inputs import ApplyForLoan, CloseLoan
from products.solstrom.step import LOAN, Step, access, facts, given, own_access, own_subject, taking
from vault.request import Change, RequestKey, Sealed, Value


@dataclass(frozen=True, slots=True)
class LoanApplication:
    """The record of the application. A replay gives the first one's."""

    loan: RecordId
    replayed: bool


async def apply_for_loan(
    vault: Doors,
    who: Principal,
    wish: ApplyForLoan,
    request: RequestKey,
    *,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> LoanApplication:
    """One application on a record of its own, so that two loans die apart; the fact assigns it to the bank.

    Raises:
        Invalid: the national id does not check, an amount is negative.
        NotACustomer: the principal is bound to no subject.
        StepRefused: the case is not financed by a solar loan.
    """
    step = Step.APPLY_FOR_LOAN
    subject, loan = own_subject(who, step), RecordId(ids())
    values: dict[str, Value | None] = {
        "loan.national_id": wish.national_id,
        "loan.household_income_nok": wish.household_income_nok,
        "loan.household_loans_nok": wish.household_loans_nok,
        "loan.applied": True,
    }
    change = Change(subject=subject, record=loan, parent=wish.project, entity=LOAN, values=given(values))
    happened = facts(subject, loan, clock(), "loan.submitted")
    with taking(step.label):
        sealed = await vault.seal(who, own_access(step), (change,), happened, request)
    return LoanApplication(loan=sealed.records[0], replayed=sealed.replayed)


async def close_loan(
    vault: Doors,
    who: Principal,
    closing: CloseLoan,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """Paid out, aborted or rejected: what the bank needed dies in this transaction, that and how it ended remains.

    The bank, the customer who thinks again, or an operator says so. The loan stands already, so the change names no
    parent: an unknown loan is not added here.

    Raises:
        Invalid: the outcome is not one of the policy's choices.
        StepRefused: no application stands open.
    """
    step = Step.CLOSE_LOAN
    values = given({"loan.result": closing.outcome})
    change = Change(subject=closing.subject, record=closing.loan, parent=None, entity=LOAN, values=values)
    happened = facts(closing.subject, closing.loan, clock(), "loan.closed")
    stated = access(vault.policy, who, step.purpose, reason)
    with taking(step.label):
        return await vault.seal(who, stated, (change,), happened, request)
