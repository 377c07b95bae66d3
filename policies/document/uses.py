"""Rows and roles that could never take effect: each would look like a rule and be none.

A use needs a role its purpose lists that may act for its recipient, that role a way to reach the record, and the
purpose's facts and contract a lane of the record in which they can stand together (`decision.py`, rules 4, 8 to 10).
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.document.lanes import Lanes
from policies.document.references import OWN_KINDS
from policies.document.tree import Finding, Path
from policies.model import SELF, FieldPolicy, PolicySet, Purpose, Reach, Role, RoleKind, Use

_ITSELF = frozenset({RoleKind.SUBJECT, RoleKind.VISITOR})


def findings(policy: PolicySet, seen: Lanes) -> Iterator[Finding]:
    """Purposes that contradict themselves or reach nobody; uses never permitted."""
    for purpose in policy.purposes.values():
        path = ("purposes", purpose.name)
        yield from seen.contradictions((*path, "while"), purpose.conditions)
        yield from _reaches(path, purpose, policy)
    for field in policy.fields.values():
        for number, use in enumerate(field.uses):
            yield from _use(("fields", field.name, "uses", number), field, use, seen)


def _reaches(path: Path, purpose: Purpose, policy: PolicySet) -> Iterator[Finding]:
    for name, reach in purpose.roles.items():
        role, at = policy.roles[name], (*path, "roles", name)
        if role.kind is RoleKind.SUBJECT and reach is not Reach.SELF:
            yield Finding(at, f"write `self`, `{name}` reaches its own records only")
        if role.kind not in _ITSELF and reach is Reach.SELF:
            yield Finding(at, f"write `assigned` or `population`, `{name}` has no records of its own")
        if reach is Reach.ASSIGNED and not assigned_on(role, purpose, policy):
            yield Finding(at, f"name who assigns to `{name}` in `assigned_by`, or let a fact assign `{purpose.name}`")
    if purpose.assigned_by and Reach.ASSIGNED not in purpose.roles.values():
        yield Finding((*path, "assigned_by"), "remove `assigned_by`, no role here reaches `assigned`", on_key=True)


def assigned_on(role: Role, purpose: Purpose, policy: PolicySet) -> frozenset[str | None]:
    """The kinds of records that can be assigned to this role for this purpose; `None` stands for any."""
    if purpose.assigned_by:
        return frozenset({None})
    return frozenset(
        fact.record
        for fact in policy.facts.values()
        if fact.assigns is not None
        and fact.assigns.purpose == purpose.name
        and fact.assigns.recipient in {role.name, role.recipient}
    )


def _use(path: Path, field: FieldPolicy, use: Use, seen: Lanes) -> Iterator[Finding]:
    policy = seen.policy
    purpose = policy.purposes[use.purpose]
    acting = [policy.roles[name] for name in purpose.roles if _acts_for(policy.roles[name], use.to, policy)]
    facts = standing_facts(purpose, policy)
    if not acting:
        wanted = _wanted(use.to, policy)
        yield Finding((*path, "to"), f"add {wanted} to the `roles` of purpose `{purpose.name}`, or remove this row")
    elif not seen.together(field.record, facts):
        yield Finding((*path, "purpose"), _never(purpose.name, field.record, facts))
    elif not any(_reachable(role, purpose, field, seen) for role in acting):
        message = f"remove this row, `{purpose.name}` is never assigned where a `{field.record}` would be reached"
        yield Finding((*path, "purpose"), message)


def standing_facts(purpose: Purpose, policy: PolicySet) -> list[str]:
    """The facts a purpose looks at: its `while` and what begins its contract."""
    begins = [policy.states[purpose.contract].begins] if purpose.contract is not None else []
    return [condition.fact for condition in purpose.conditions] + begins


def _never(purpose: str, kind: str, facts: list[str]) -> str:
    named = ", ".join(f"`{fact}`" for fact in facts)
    return f"remove this row, `{purpose}` looks at {named}, never together in reach of a `{kind}`"


def _reachable(role: Role, purpose: Purpose, field: FieldPolicy, seen: Lanes) -> bool:
    """Whether the role can reach a record of this kind while the purpose holds. Nobody assigns: said elsewhere."""
    if purpose.roles[role.name] is not Reach.ASSIGNED:
        return True
    kinds = assigned_on(role, purpose, seen.policy)
    facts = standing_facts(purpose, seen.policy)
    return not kinds or any(seen.together(field.record, facts, {kind} if kind else ()) for kind in kinds)


def _acts_for(role: Role, to: str, policy: PolicySet) -> bool:
    """Rule 4 of `decision.py`."""
    if to == SELF or _inside(to, policy):
        return role.name == to
    return role.recipient == to or role.kind is RoleKind.SERVICE


def _inside(to: str, policy: PolicySet) -> bool:
    return to in policy.roles and policy.roles[to].kind in OWN_KINDS


def _wanted(to: str, policy: PolicySet) -> str:
    if to == SELF or _inside(to, policy):
        return f"`{to}`"
    return f"a partner role of `{to}` or a service role"
