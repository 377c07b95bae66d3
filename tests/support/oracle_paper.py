"""The independent evaluator on paper: the rules that read the policy, the question and the day, but no person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from policies.model import Access, FieldPolicy, Mask, PolicySet, Principal, Purpose, Reach, RoleKind

INSIDE = frozenset({RoleKind.STAFF, RoleKind.OFFICER, RoleKind.SERVICE})


@dataclass(frozen=True)
class Admitted:
    """A question no rule on paper refuses: who may be meant by an assignment, and how far the roles reach."""

    field: FieldPolicy
    purpose: Purpose
    reach: frozenset[Reach]
    holders: frozenset[str]
    sees: Mask


@lru_cache(maxsize=200_000)
def on_paper(policy: PolicySet, who: Principal, access: Access, name: str, today: date) -> Admitted | str:
    """What is left to ask, or the first rule that refuses."""
    field = policy.fields.get(name)
    purpose = policy.purposes.get(access.purpose)
    if field is None or purpose is None:
        return "policy.field" if field is None else "policy.purpose"
    complaint = next(complaints(policy, who, access, field, today), None)
    if complaint is not None:
        return complaint
    reach = frozenset(purpose.roles[role] for role in capacities(policy, who, access, purpose))
    (sees,) = (use.sees for use in field.uses if (use.purpose, use.to) == (access.purpose, access.recipient))
    return Admitted(field, purpose, reach, frozenset({str(who.account), access.recipient}), sees)


def complaints(policy: PolicySet, who: Principal, access: Access, field: FieldPolicy, today: date) -> Iterator[str]:
    """In the order of the rules."""
    purpose = policy.purposes[access.purpose]
    partner = any(policy.roles[role].kind is RoleKind.PARTNER for role in who.roles & set(policy.roles))
    free = frozenset[str | None]() if partner else frozenset({None})
    outside = policy.recipients.get(access.recipient)
    broken: dict[str, Callable[[], bool]] = {
        "token.purpose": lambda: who.purpose not in free | {access.purpose},
        "token.recipient": lambda: who.recipient not in free | {access.recipient},
        "use": lambda: not any((use.purpose, use.to) == (access.purpose, access.recipient) for use in field.uses),
        "role": lambda: not capacities(policy, who, access, purpose),
        "second_factor": lambda: (
            not who.second_factor
            and any(policy.roles[role].second_factor for role in capacities(policy, who, access, purpose))
        ),
        "recipient": lambda: (
            outside is not None
            and (today < outside.valid_from or (outside.valid_to is not None and today >= outside.valid_to))
        ),
        "reason": lambda: purpose.reason_required and not (access.reason or "").split(),
    }
    return (rule for rule, is_broken in broken.items() if is_broken())


def capacities(policy: PolicySet, who: Principal, access: Access, purpose: Purpose) -> set[str]:
    """The roles in which this principal serves this recipient for this purpose."""
    ours = {name: role for name, role in policy.roles.items() if name in who.roles & set(purpose.roles)}
    if access.recipient in policy.recipients:
        partners = {name for name, role in ours.items() if role.recipient == access.recipient}
        return partners | {name for name, role in ours.items() if role.kind is RoleKind.SERVICE}
    inside = {name for name, role in ours.items() if role.kind in INSIDE} | {"self"}
    return {access.recipient} & inside & set(ours)
