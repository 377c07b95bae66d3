"""What a policy says of each category, gathered once per policy version so that deciding looks nothing up twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from policies.model import Category, HoldRule, PolicySet, RetentionRule, StateRule

CONSENT: Final = "consent"
"""In `unless`: any consent in force. Everything else there names a state."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The rules and holds of one category, references followed. Two plans are equal only if they are one."""

    rules: tuple[tuple[RetentionRule, tuple[StateRule, ...]], ...]
    consents: Mapping[str, frozenset[str]]  # consent -> its purposes that some field of the category is used for
    holds: tuple[HoldRule, ...]
    follows: tuple[Plan, ...]  # the person's own categories, if a rule goes with the person
    reads: frozenset[str]  # every fact that its rules, their states and its holds look for


@lru_cache(maxsize=8)
def plans(policy: PolicySet) -> Mapping[str, Plan]:
    """The plan of each category."""
    person = tuple(_plan(policy, policy.categories[name], ()) for name in _persons_own(policy))
    return {name: _plan(policy, category, person) for name, category in policy.categories.items()}


def _plan(policy: PolicySet, category: Category, person: tuple[Plan, ...]) -> Plan:
    rules = [policy.retention[rule] for rule in category.retention]
    used = {use.purpose for field in policy.fields.values() if field.category == category.name for use in field.uses}
    states = {rule.name: tuple(policy.states[name] for name in rule.unless if name != CONSENT) for rule in rules}
    holds = tuple(rule for rule in policy.holds.values() if category.name in rule.categories)
    return Plan(
        rules=tuple((rule, states[rule.name]) for rule in rules),
        consents={name: frozenset(used.intersection(consent.purposes)) for name, consent in policy.consents.items()},
        holds=holds,
        follows=person if any(rule.with_person for rule in rules) else (),
        reads=frozenset(
            name
            for names in (
                *((*rule.anchor, rule.applies_after, rule.until) for rule in rules),
                *((state.begins, *state.ends) for each in states.values() for state in each),
                (hold.anchor for hold in holds),
            )
            for name in names
            if name is not None
        ),
    )


def _persons_own(policy: PolicySet) -> tuple[str, ...]:
    roots = {kind.name for kind in policy.records.values() if kind.parent is None}
    return tuple(
        dict.fromkeys(
            field.category
            for field in policy.fields.values()
            if field.record in roots and _clocks_only(policy, policy.categories[field.category])
        )
    )


def _clocks_only(policy: PolicySet, category: Category) -> bool:
    return not category.computed and all(policy.retention[rule].anchor for rule in category.retention)


def of_kind(policy: PolicySet, kind: str) -> frozenset[str]:
    """The categories that records of this kind have fields of."""
    return frozenset(field.category for field in policy.fields.values() if field.record == kind)
