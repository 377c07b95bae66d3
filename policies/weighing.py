"""The rules that read a standing, one by one, shared by opening (`decision.py`) and storing (`admission.py`).

Each names the rule that refuses, or `None`. The order between them is their callers'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from policies.model import Basis, Condition, Objection, PolicySet, Principal, Purpose, RecordId
from policies.retention import KeptByConsent, hold, lapsed
from policies.standing import Lane, Standing, consented, distinct, facts_in_lane, holds, in_force, lanes, live, path


def text(condition: Condition) -> str:
    """A condition as the policy writes it."""
    return condition.fact if condition.holds else f"not {condition.fact}"


def first_failing(conditions: Sequence[Condition], lane: Lane) -> Condition | None:
    """The first condition that does not hold in the lane."""
    for condition in conditions:
        if not holds(condition, lane):
            return condition
    return None


def marked(
    principal: Principal, purpose: str, recipient: str | None, standing: Standing, now: datetime
) -> frozenset[RecordId]:
    """The records with a live assignment for this purpose to the principal's account or to this recipient."""
    return frozenset(
        made.record
        for made in standing.assignments
        if made.purpose == purpose
        and (made.account == principal.account or (recipient is not None and made.recipient == recipient))
        and live(made, now)
    )


def assigned(marks: frozenset[RecordId], record: RecordId, standing: Standing) -> Sequence[Lane]:
    """The lanes of the record that these marks reach: one is on the lane's record or above it."""
    if not marks:
        return ()
    reached = (at for at in lanes(standing, record) if not marks.isdisjoint(path(standing, at)))
    return distinct(facts_in_lane(standing, at) for at in reached)


def lane_rule(
    policy: PolicySet, purpose: Purpose, word: str, conditions: Sequence[Condition], reached: Sequence[Lane]
) -> str | None:
    """`<word>:<condition>` or `basis.contract`: one lane reached meets all conditions, its contract in force."""
    passing = [lane for lane in reached if first_failing(conditions, lane) is None] if conditions else reached
    if not passing:
        failing = next(found for lane in reached if (found := first_failing(conditions, lane)) is not None)
        return f"{word}:{text(failing)}"
    if purpose.contract is None:
        return None
    contract = policy.states[purpose.contract]
    return None if any(in_force(contract, lane) for lane in passing) else "basis.contract"


def subject_rule(purpose: Purpose, standing: Standing) -> str | None:
    """`basis.consent` or `objection`: what the subject said about the purpose."""
    if purpose.consent is not None and not consented(standing, purpose.consent):
        return "basis.consent"
    objected = purpose.objection is not Objection.NOT_APPLICABLE and purpose.name in standing.objections
    return "objection" if objected else None


def restriction_rule(purpose: Purpose, record: RecordId, standing: Standing) -> str | None:
    """`restriction`: the record or one above is restricted, and the purpose does not say why it goes on (18(2))."""
    if not standing.restricted or purpose.despite_restriction is not None:
        return None
    return "restriction" if any(at in standing.restricted for at in path(standing, record)) else None


def retention_rule(
    policy: PolicySet, purpose: Purpose, category: str, record: RecordId, standing: Standing, now: datetime
) -> str | None:
    """`retention:<rule>`: what is kept by a consent, or by a hold alone, is kept for other purposes."""
    found = lapsed(policy, category, record, standing, now)
    if found is None or (isinstance(found, KeptByConsent) and purpose.name in found.purposes):
        return None
    if purpose.basis is Basis.LEGAL_OBLIGATION and hold(policy, category, record, standing, now) is not None:
        return None
    return f"retention:{found.rule}"
