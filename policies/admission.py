"""May this field be stored? `admit` is total: `Admit`, or the first rule that refuses. Events: `event_admission.py`.

    `policy.field`     the field exists and is not computed
    `record`           the record is this subject's and of the field's kind
    `collect`          some `collect` row is for a role of the principal

Then row by row, in the field's order: the first row that passes admits, else the first row's refusal counts.

    `token.purpose`    a partner's token writes for its one purpose only
    `second_factor`    the role demands one and it was proven
    `reach`            `self`: is the subject; `visitor`: the subject is born in this call; a partner: a live assignment
                       for the row's purpose reaches a lane of the record; staff, officers, services: always
    `when:<cond>`      in such a lane all conditions of the row hold
    `basis.contract` | `basis.consent`, `objection`   as in `decision.py`, for the row's purpose
    `restriction`      neither the record nor one above is restricted, unless the subject itself writes or the purpose
                       says why it goes on. What is there already stays stored: that needs nobody's admission
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from policies.decision import Refusal, refuse
from policies.model import Collect, PolicySet, Principal, RecordId, Role, RoleKind
from policies.standing import Lane, Standing, views
from policies.weighing import assigned, lane_rule, marked, restriction_rule, subject_rule


@dataclass(frozen=True, slots=True)
class Admit:
    """It may be stored: the role acted in and, for a field, the purpose it is collected for."""

    role: str
    purpose: str | None


Admission = Admit | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Who writes, of whom, when. `born`: the subject is new with this call."""

    policy: PolicySet
    principal: Principal
    standing: Standing
    born: bool
    now: datetime


def admit(
    policy: PolicySet,
    principal: Principal,
    field: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
    *,
    born: bool,
) -> Admission:
    """Whether the principal may give this field of this record. `standing` is that after the events of the call."""
    declared = policy.fields.get(field)
    if declared is None or policy.categories[declared.category].computed:
        return refuse("policy.field")
    node = standing.records.get(record)
    if node is None or node.kind != declared.record:
        return refuse("record")
    writing = Writing(policy=policy, principal=principal, standing=standing, born=born, now=now)
    rows = [row for row in declared.collect if row.by in principal.roles]
    return first([_by_row(writing, row, record) for row in rows]) if rows else refuse("collect")


def first(admissions: Sequence[Admission]) -> Admission:
    """The first that admits, else the first refusal."""
    return next((found for found in admissions if isinstance(found, Admit)), admissions[0])


def proof_rule(writing: Writing, role: Role) -> str | None:
    """`second_factor`: the role demands one."""
    return "second_factor" if role.second_factor and not writing.principal.second_factor else None


def in_person(writing: Writing, role: Role) -> bool:
    """Whether the role may write of this subject at all. A partner also needs an assignment: `marks`."""
    match role.kind:
        case RoleKind.SUBJECT:
            return writing.principal.subject == writing.standing.subject
        case RoleKind.VISITOR:
            return writing.born
        case RoleKind.STAFF | RoleKind.OFFICER | RoleKind.PARTNER | RoleKind.SERVICE:
            return True
        case _:
            assert_never(role.kind)


def marks(writing: Writing, purpose: str | None) -> frozenset[RecordId]:
    """The records assigned to a partner for this purpose."""
    if purpose is None:
        return frozenset()
    return marked(writing.principal, purpose, writing.principal.recipient, writing.standing, writing.now)


def _by_row(writing: Writing, row: Collect, record: RecordId) -> Admission:
    policy, standing, carried = writing.policy, writing.standing, writing.principal.purpose
    role, purpose = policy.roles[row.by], policy.purposes[row.purpose]
    if carried != row.purpose and (carried is not None or role.kind is RoleKind.PARTNER):
        return refuse("token.purpose")
    if (rule := proof_rule(writing, role)) is not None:
        return refuse(rule)
    reached = _reached(writing, role, row.purpose, record)
    if not reached:
        return refuse("reach")
    rule = (
        lane_rule(policy, purpose, "when", row.when, reached)
        or subject_rule(purpose, standing)
        or (None if role.kind is RoleKind.SUBJECT else restriction_rule(purpose, record, standing))
    )
    return Admit(row.by, row.purpose) if rule is None else refuse(rule)


def _reached(writing: Writing, role: Role, purpose: str, record: RecordId) -> Sequence[Lane]:
    if not in_person(writing, role):
        return ()
    if role.kind is RoleKind.PARTNER:
        return assigned(marks(writing, purpose), record, writing.standing)
    return views(writing.standing, record)
