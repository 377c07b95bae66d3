"""Every place where the policy names another of its entries: unknown names, and entries nobody names.

`references` lists them all once; `unknown` and `unused` read the list. A reference *counts* when something happens
because of it: a purpose is used by a `uses` or `collect` row, not by the consent that carries it; a category by a
field, not by a hold; a fact by a rule, not by its own `after`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from policies.document.tree import Finding, Path
from policies.model import SELF, Condition, FieldPolicy, PolicySet, Purpose, RetentionRule, RoleKind

CONSENT: Final = "consent"
"""In `unless`: any consent in force."""

DOOR_PURPOSES: Final = frozenset({"audit", "erasure"})
"""Purposes the vault itself demands, for reading its ledger and for erasing; no field needs to name them."""

OWN_KINDS: Final = frozenset({RoleKind.STAFF, RoleKind.OFFICER, RoleKind.SERVICE})
"""Roles inside the company; a use may name one as the recipient."""

_SECTIONS: Final = {
    "role": "roles",
    "record kind": "records",
    "fact": "facts",
    "consent": "consents",
    "state": "states",
    "purpose": "purposes",
    "recipient": "recipients",
    "retention rule": "retention",
    "category": "categories",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """At `path` stands `name`, which should be one of the entries of `kind`."""

    path: Path
    kind: str
    name: str
    counts: bool = True
    on_key: bool = False


def unknown(policy: PolicySet) -> Iterator[Finding]:
    """References to what is not there."""
    known = _entries(policy)
    for reference in references(policy):
        if reference.name not in known[reference.kind]:
            yield _unknown(reference, known[reference.kind])


def unused(policy: PolicySet) -> Iterator[Finding]:
    """Entries nothing refers to. Officers are used by the rule of two persons."""
    used = {
        (reference.kind, reference.name)
        for reference in references(policy)
        if reference.counts and reference.path[:2] != (_SECTIONS[reference.kind], reference.name)
    }
    chains = {_top(policy, name) for kind, name in used if kind == "recipient"}
    used |= {("recipient", name) for name in policy.recipients if _top(policy, name) in chains}
    used |= {("role", name) for name, role in policy.roles.items() if role.kind is RoleKind.OFFICER}
    used |= {("purpose", name) for name in DOOR_PURPOSES}
    for kind, entries in _entries(policy).items():
        for name in entries:
            if (kind, name) not in used:
                yield Finding((_SECTIONS[kind], name), f"use the {kind} `{name}` somewhere or remove it", on_key=True)


def _top(policy: PolicySet, name: str) -> str:
    """The processor at the end of a chain: whoever gives something to one of a chain, gives it to all of them."""
    while (parent := policy.recipients[name].parent) is not None:
        name = parent
    return name


def references(policy: PolicySet) -> Iterator[Reference]:
    """Every reference in the file."""
    yield from _of_roles_and_records(policy)
    yield from _of_facts(policy)
    yield from _of_consents_and_states(policy)
    for name, purpose in policy.purposes.items():
        yield from _of_purpose(("purposes", name), purpose)
    for name, recipient in policy.recipients.items():
        if recipient.parent is not None:
            yield Reference(("recipients", name, "parent"), "recipient", recipient.parent, counts=False)
    for name, rule in policy.retention.items():
        yield from _of_rule(("retention", name), rule)
    yield from _of_holds_and_categories(policy)
    for name, field in policy.fields.items():
        yield from _of_field(policy, ("fields", name), field)


def _entries(policy: PolicySet) -> Mapping[str, Collection[str]]:
    return {kind: getattr(policy, section) for kind, section in _SECTIONS.items()}


def _unknown(reference: Reference, known: Collection[str]) -> Finding:
    near = get_close_matches(reference.name, known, n=1)
    instead = f"write `{near[0]}` or " if near else ""
    section = _SECTIONS[reference.kind]
    message = f"unknown {reference.kind} `{reference.name}`, {instead}declare it under `{section}`"
    return Finding(reference.path, message, on_key=reference.on_key)


def _each(path: Path, kind: str, names: Collection[str], *, counts: bool = True) -> Iterator[Reference]:
    for number, name in enumerate(names):
        yield Reference((*path, number), kind, name, counts)


def _facts(path: Path, conditions: Collection[Condition]) -> Iterator[Reference]:
    return _each(path, "fact", [condition.fact for condition in conditions])


def _addressee(policy: PolicySet, path: Path, name: str) -> Reference:
    """Who receives: the subject, a role inside the company, or a recipient."""
    role = policy.roles.get(name)
    inside = name == SELF or (role is not None and role.kind in OWN_KINDS)
    return Reference(path, "role" if inside else "recipient", name)


def _of_roles_and_records(policy: PolicySet) -> Iterator[Reference]:
    for name, role in policy.roles.items():
        if role.recipient is not None:
            yield Reference(("roles", name, "recipient"), "recipient", role.recipient)
    for name, record in policy.records.items():
        if record.parent is not None:
            yield Reference(("records", name, "parent"), "record kind", record.parent)


def _of_facts(policy: PolicySet) -> Iterator[Reference]:
    for name, fact in policy.facts.items():
        path = ("facts", name)
        yield Reference((*path, "record"), "record kind", fact.record)
        yield from _each((*path, "by"), "role", fact.by)
        yield from _facts((*path, "after"), fact.after)
        if fact.assigns is not None:
            yield _addressee(policy, (*path, "assigns", "recipient"), fact.assigns.recipient)
            yield Reference((*path, "assigns", "purpose"), "purpose", fact.assigns.purpose, counts=False)
            yield Reference(("purposes", fact.assigns.purpose), "fact", name)  # recording it has an effect of its own


def _of_consents_and_states(policy: PolicySet) -> Iterator[Reference]:
    for name, consent in policy.consents.items():
        yield from _each(("consents", name, "purposes"), "purpose", consent.purposes, counts=False)
    for name, state in policy.states.items():
        yield Reference(("states", name, "from"), "fact", state.begins)
        yield from _each(("states", name, "to"), "fact", state.ends)


def _of_purpose(path: Path, purpose: Purpose) -> Iterator[Reference]:
    for role in purpose.roles:
        yield Reference((*path, "roles", role), "role", role, on_key=True)
    yield from _each((*path, "assigned_by"), "role", purpose.assigned_by)
    yield from _facts((*path, "while"), purpose.conditions)
    if purpose.consent is not None:
        yield Reference((*path, "consent"), "consent", purpose.consent)
    if purpose.contract is not None:
        yield Reference((*path, "contract"), "state", purpose.contract)


def _of_rule(path: Path, rule: RetentionRule) -> Iterator[Reference]:
    yield from _each((*path, "from", "last" if rule.latest else "first"), "fact", rule.anchor)
    for key, fact in (("applies_after", rule.applies_after), ("until", rule.until)):
        if fact is not None:
            yield Reference((*path, key), "fact", fact)
    for number, name in enumerate(rule.unless):
        if name != CONSENT:
            yield Reference((*path, "unless", number), "state", name)
    yield from _each((*path, "also_on"), "consent", rule.also_on, counts=False)


def _of_holds_and_categories(policy: PolicySet) -> Iterator[Reference]:
    for name, hold in policy.holds.items():
        yield from _each(("holds", name, "categories"), "category", hold.categories, counts=False)
        if hold.anchor is not None:
            yield Reference(("holds", name, "from"), "fact", hold.anchor)
    for name, category in policy.categories.items():
        yield from _each(("categories", name, "retention"), "retention rule", category.retention)


def _of_field(policy: PolicySet, path: Path, field: FieldPolicy) -> Iterator[Reference]:
    yield Reference(path, "record kind", field.record, on_key=True)
    yield Reference((*path, "category"), "category", field.category)
    if field.required_for is not None:
        yield Reference((*path, "required_for"), "fact", field.required_for)
    for number, row in enumerate(field.collect):
        at = (*path, "collect", number)
        yield Reference((*at, "by"), "role", row.by)
        yield Reference((*at, "purpose"), "purpose", row.purpose)
        yield from _facts((*at, "when"), row.when)
    for number, use in enumerate(field.uses):
        at = (*path, "uses", number)
        yield Reference((*at, "purpose"), "purpose", use.purpose)
        yield _addressee(policy, (*at, "to"), use.to)
