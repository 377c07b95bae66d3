"""Facts, states and conditions that could never come true, and data that could never be given.

A fact is admitted by the own lane of its record (`event_admission.py`), a field by any lane its record is seen in
(`admission.py`). An `after` that waits for itself, or for a fact of a record kind not in that lane, is never met.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.document.lanes import Lanes
from policies.document.tree import Finding, Path
from policies.document.uses import assigned_on
from policies.model import Collect, Condition, FactRule, FieldPolicy, PolicySet, Reach, RoleKind


def findings(policy: PolicySet, seen: Lanes) -> Iterator[Finding]:
    """Facts never recorded, states never over, fields never given."""
    for fact in policy.facts.values():
        path = ("facts", fact.name)
        yield from _after((*path, "after"), fact, seen)
        yield from _cycle(path, fact, policy)
        yield from _assigns(path, fact, policy)
    for state in policy.states.values():
        record = policy.facts[state.begins].record
        for number, name in enumerate(state.ends):
            if not seen.visible(name, record):
                message = f"name a fact of `{record}` or above, `{state.begins}` is recorded on a `{record}`"
                yield Finding(("states", state.name, "to", number), message)
    for field in policy.fields.values():
        yield from _given(("fields", field.name), field, seen)


def _after(path: Path, fact: FactRule, seen: Lanes) -> Iterator[Finding]:
    yield from seen.contradictions(path, fact.after)
    for number, condition in enumerate(fact.after):
        if not seen.visible(condition.fact, fact.record):
            yield Finding((*path, number), _out_of_reach(seen.policy.facts[condition.fact], fact.record))


def _when(path: Path, kind: str, conditions: tuple[Condition, ...], seen: Lanes) -> Iterator[Finding]:
    yield from seen.contradictions(path, conditions)
    apart = [n for n, condition in enumerate(conditions) if not seen.together(kind, [condition.fact])]
    for number in apart:
        yield Finding((*path, number), _out_of_reach(seen.policy.facts[conditions[number].fact], kind))
    if not apart and not seen.together(kind, [condition.fact for condition in conditions if condition.holds]):
        yield Finding(path, f"demand less, these facts are never together in reach of a `{kind}`")


def _out_of_reach(fact: FactRule, kind: str) -> str:
    return f"remove `{fact.name}`, a `{fact.record}` is never in reach of a `{kind}`"


def _cycle(path: Path, fact: FactRule, policy: PolicySet) -> Iterator[Finding]:
    """A fact that waits, through whichever others, for itself."""
    for number, condition in enumerate(fact.after):
        if condition.holds and fact.name in _waited_for(condition.fact, policy):
            message = f"remove `{condition.fact}`, it is never recorded before `{fact.name}`"
            yield Finding((*path, "after", number), message)


def _waited_for(fact: str, policy: PolicySet) -> set[str]:
    """The fact and all that must be recorded before it."""
    found: set[str] = set()
    waiting = [fact]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [condition.fact for condition in policy.facts[name].after if condition.holds]
    return found


def _assigns(path: Path, fact: FactRule, policy: PolicySet) -> Iterator[Finding]:
    """An assignment needs a role of its recipient that reaches `assigned` with its purpose."""
    if fact.assigns is None:
        return
    recipient, purpose = fact.assigns.recipient, policy.purposes[fact.assigns.purpose]
    reached = (policy.roles[name] for name, reach in purpose.roles.items() if reach is Reach.ASSIGNED)
    if not any(recipient in {role.name, role.recipient} for role in reached):
        message = f"let a role of `{recipient}` reach `assigned` with purpose `{purpose.name}`, or name another"
        yield Finding((*path, "assigns", "purpose"), message)


def _given(path: Path, field: FieldPolicy, seen: Lanes) -> Iterator[Finding]:
    policy = seen.policy
    if field.required_for is not None and not seen.together(field.record, [field.required_for]):
        record = policy.facts[field.required_for].record
        message = f"name another fact, a `{record}` is never in reach of a `{field.record}`"
        yield Finding((*path, "required_for"), message)
    for number, row in enumerate(field.collect):
        at = (*path, "collect", number)
        yield from _when((*at, "when"), field.record, row.when, seen)
        yield from _partner((*at, "by"), field, row, seen)
        purpose = policy.purposes[row.purpose]
        contract = policy.states[purpose.contract].begins if purpose.contract is not None else None
        if contract is not None and not seen.together(field.record, [contract]):
            message = f"name another purpose, its contract is never in reach of a `{field.record}`"
            yield Finding((*at, "purpose"), message)


def _partner(path: Path, field: FieldPolicy, row: Collect, seen: Lanes) -> Iterator[Finding]:
    """A partner gives what belongs to records assigned to it for this purpose."""
    role = seen.policy.roles[row.by]
    if role.kind is not RoleKind.PARTNER:
        return
    kinds = assigned_on(role, seen.policy.purposes[row.purpose], seen.policy)
    if not any(seen.together(field.record, [], {kind} if kind else ()) for kind in kinds):
        yield Finding(path, f"remove the row, `{row.purpose}` is never assigned to `{row.by}` near a `{field.record}`")
