"""May this be opened? `decide` is total: every input gets `Permit` or `Refusal`. What may be stored: `admission.py`.

`decide` weighs in this order and names the first rule that refuses, so the message never depends on chance:

 1. `policy.field`, `policy.purpose`   the field and the purpose exist
 2. `token.purpose`, `token.recipient` a partner's token carries one purpose and one recipient: nothing else passes
 3. `use`            one `uses` row of the field names this purpose and this recipient
 4. `role`           the principal has a role the purpose lists. For recipient `self` that is role `self`; for a staff,
                     officer or service role named as recipient that role itself; for an outside recipient a partner
                     role of it, or a service role (which composes what is pushed)
 5. `second_factor`  every such role that demands one was proven with one
 6. `recipient`      an outside recipient is valid on this day (`valid_from` <= Oslo date < `valid_to`)
 7. `reason`         a required reason is stated (not blank)
 -- so far nothing of a person was read: `screen` does these and is what callers may cache
    `record`         the record is this subject's and of the field's kind
 8. `reach`          some lane of the record (see `standing.py`) is reached: `self` is the subject; `assigned` a live
                     assignment for this purpose to this account or recipient, on the lane's record or an ancestor of
                     it; `population` always
 9. `while:<cond>`   in such a lane all conditions of the purpose hold; the message names the first that fails in the
                     first reached lane
10. `basis.consent` | `basis.contract`  consent in force for the subject; contract state in force in the lane
11. `objection`      no objection to a purpose that can be objected to (legitimate interest; direct marketing always)
12. `restriction`    neither the record nor an ancestor is restricted, unless recipient is `self` or the purpose says
                     why not
13. `retention:<rule>` the retention for this purpose is not over (`retention.py`): kept by clock, by a state, until a
                     fact or reported without anchor: yes; kept by a consent: only for that consent's purposes; kept by
                     a hold alone: only where the basis is a legal obligation; due: no

One lane has to pass 8, 9 and 10. A rule of 9 or 10 refuses when none of the lanes that passed so far passes it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from policies.model import (
    SELF,
    Access,
    Mask,
    PolicySet,
    Principal,
    Purpose,
    Reach,
    RecordId,
    Role,
    RoleKind,
    Use,
)
from policies.oslo import oslo_date
from policies.standing import Lane, Standing, views
from policies.weighing import assigned, lane_rule, marked, restriction_rule, retention_rule, subject_rule

_INSIDE: Final = (RoleKind.STAFF, RoleKind.OFFICER, RoleKind.SERVICE)
_PERSONAL: Final = frozenset({"objection", "restriction"})
_PERSONAL_KINDS: Final = ("basis.", "retention:")


@dataclass(frozen=True, slots=True)
class Permit:
    """The field opens, seen as `sees`."""

    sees: Mask


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that refused, by its name above. `personal` tells that the rule speaks of this person's standing.

    That is `basis.*`, `objection`, `restriction` and `retention:*`; the others are rules of the policy.
    """

    rule: str
    personal: bool


Decision = Permit | Refusal


@dataclass(frozen=True, slots=True)
class Screened:
    """An access to a field that passed every rule that reads nothing of a person.

    `acting` are the principal's roles that count here, with how far each reaches. Two fields with equal purpose and
    `acting` and one category weigh alike on one record.
    """

    use: Use
    purpose: Purpose
    acting: tuple[tuple[str, Reach], ...]


def refuse(rule: str) -> Refusal:
    """The refusal by this rule."""
    return Refusal(rule, rule in _PERSONAL or rule.startswith(_PERSONAL_KINDS))


def decide(
    policy: PolicySet,
    principal: Principal,
    access: Access,
    field: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
) -> Decision:
    """Rules 1 to 13. `now` is aware."""
    screened = screen(policy, principal, access, field, oslo_date(now))
    if isinstance(screened, Refusal):
        return screened
    declared = policy.fields[field]
    node = standing.records.get(record)
    if node is None or node.kind != declared.record:
        return refuse("record")
    reached = reach(principal, screened, record, standing, now)
    refusal = weigh(policy, screened, declared.category, record, standing, now, reached)
    return Permit(screened.use.sees) if refusal is None else refusal


def screen(policy: PolicySet, principal: Principal, access: Access, field: str, today: date) -> Screened | Refusal:
    """Rules 1 to 7, which read nothing of any person: the same for every record on this day (`today`, in Oslo)."""
    declared, purpose = policy.fields.get(field), policy.purposes.get(access.purpose)
    if declared is None or purpose is None:
        return refuse("policy.field" if declared is None else "policy.purpose")
    token = _token(policy, principal, access)
    if token is not None:
        return token
    use = next((u for u in declared.uses if u.purpose == access.purpose and u.to == access.recipient), None)
    if use is None:
        return refuse("use")
    acting = [
        role for name in purpose.roles if (role := _acting(policy, principal, name, access.recipient)) is not None
    ]
    rule = _unmet(policy, principal, access, acting, today)
    if rule is not None:
        return refuse(rule)
    return Screened(use, purpose, tuple((role.name, purpose.roles[role.name]) for role in acting))


def weigh(
    policy: PolicySet,
    screened: Screened,
    category: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
    reached: Sequence[Lane],
) -> Refusal | None:
    """Rules 8 to 13 on one record of the subject, for every field of `category` that was screened alike.

    `reached` is what `reach` answers for this record. That the record is of the field's kind is the caller's to see
    to; whether it is there is asked here.
    """
    purpose = screened.purpose
    if not reached:
        return refuse("reach" if record in standing.records else "record")
    rule = (
        lane_rule(policy, purpose, "while", purpose.conditions, reached)
        or subject_rule(purpose, standing)
        or (None if screened.use.to == SELF else restriction_rule(purpose, record, standing))
        or retention_rule(policy, purpose, category, record, standing, now)
    )
    return None if rule is None else refuse(rule)


def _token(policy: PolicySet, principal: Principal, access: Access) -> Refusal | None:
    carried = (
        (principal.purpose, access.purpose, "token.purpose"),
        (principal.recipient, access.recipient, "token.recipient"),
    )
    partner = any(role in policy.roles and policy.roles[role].kind is RoleKind.PARTNER for role in principal.roles)
    for carries, stated, rule in carried:
        if carries != stated and (partner or carries is not None):
            return refuse(rule)
    return None


def _acting(policy: PolicySet, principal: Principal, name: str, recipient: str) -> Role | None:
    """The role, if the principal has it and it may hand to this recipient."""
    role = policy.roles.get(name) if name in principal.roles else None
    if role is None:
        return None
    if recipient in policy.recipients:
        speaks = role.kind is RoleKind.SERVICE or (role.kind is RoleKind.PARTNER and role.recipient == recipient)
    else:
        speaks = name == recipient and (name == SELF or role.kind in _INSIDE)
    return role if speaks else None


def _unmet(policy: PolicySet, principal: Principal, access: Access, acting: Sequence[Role], today: date) -> str | None:
    """Rules 4 to 7."""
    if not acting:
        return "role"
    if not principal.second_factor and any(role.second_factor for role in acting):
        return "second_factor"
    outside = policy.recipients.get(access.recipient)
    if outside is not None and not outside.valid_from <= today < (outside.valid_to or date.max):
        return "recipient"
    reasoned = not policy.purposes[access.purpose].reason_required or (access.reason or "").strip()
    return None if reasoned else "reason"


def reach(
    principal: Principal, screened: Screened, record: RecordId, standing: Standing, now: datetime
) -> Sequence[Lane]:
    """The lanes of the record that rule 8 reaches: the same for every field of one access."""
    reaches = [reach for _, reach in screened.acting]
    if Reach.POPULATION in reaches or (Reach.SELF in reaches and principal.subject == standing.subject):
        return views(standing, record)
    if Reach.ASSIGNED in reaches:
        marks = marked(principal, screened.purpose.name, screened.use.to, standing, now)
        return assigned(marks, record, standing)
    return ()
