"""The house's own side of a case: who works on it, and the design after which the installer may see it (SOL-27)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from policies.event import Assignment
from policies.model import Principal
from products.doors import Doors
from products.solstrom.inputs import Assign, CompleteDesign, EndAssignment
from products.solstrom.step import Step, access, facts, taking
from vault.request import RequestKey, Sealed


async def complete_design(
    vault: Doors,
    who: Principal,
    design: CompleteDesign,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """The detailed design is done; the fact assigns the case to the installer. Raises `StepRefused`."""
    step = Step.COMPLETE_DESIGN
    stated = access(vault.policy, who, step.purpose, reason)
    happened = facts(design.subject, design.project, clock(), "design.completed")
    with taking(step.label):
        return await vault.seal(who, stated, (), happened, request)


async def assign(
    vault: Doors,
    who: Principal,
    assignment: Assign,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """A record is this member of staff's for this purpose, from now. Raises `StepRefused`."""
    event = _assignment(assignment, ends=False, at=clock())
    return await _assigning(vault, who, event, request, reason)


async def end_assignment(
    vault: Doors,
    who: Principal,
    assignment: EndAssignment,
    request: RequestKey,
    *,
    reason: str | None,
    clock: Callable[[], datetime],
) -> Sealed:
    """It is no longer. Raises `StepRefused`."""
    event = _assignment(assignment, ends=True, at=clock())
    return await _assigning(vault, who, event, request, reason)


def _assignment(given: Assign | EndAssignment, *, ends: bool, at: datetime) -> Assignment:
    return Assignment(
        subject=given.subject,
        record=given.record,
        purpose=given.purpose,
        account=given.account,
        recipient=None,
        ends=ends,
        at=at,
    )


async def _assigning(
    vault: Doors, who: Principal, event: Assignment, request: RequestKey, reason: str | None
) -> Sealed:
    stated = access(vault.policy, who, event.purpose, reason)
    with taking("end_assignment" if event.ends else "assign"):
        return await vault.seal(who, stated, (), (event,), request)
