"""Retention that could never end, holds that could never begin.

`retention.py` keeps what has no anchor where a rule applies, so a rule whose anchor is in no lane of a category's
records would keep them for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from policies.document.entries import ROOT
from policies.document.lanes import Lanes
from policies.document.tree import Finding, Path
from policies.model import Category, PolicySet, RetentionRule


def findings(policy: PolicySet, seen: Lanes) -> Iterator[Finding]:
    """For each category and each kind of record its fields are of."""
    kinds: dict[str, dict[str, None]] = {name: {} for name in policy.categories}
    for field in policy.fields.values():
        kinds[field.category][field.record] = None
    for category in policy.categories.values():
        if not category.computed:
            yield from _category(("categories", category.name), category, list(kinds[category.name]), seen)
    yield from _holds(policy, kinds, seen)


def _holds(policy: PolicySet, kinds: Mapping[str, Collection[str]], seen: Lanes) -> Iterator[Finding]:
    """An anchored hold must be able to begin for each of its categories."""
    for hold in policy.holds.values():
        anchors = [hold.anchor] if hold.anchor is not None else []
        for number, name in enumerate(hold.categories):
            if kinds[name] and not any(seen.together(kind, anchors) for kind in kinds[name]):
                message = f"remove `{name}`, `{hold.anchor}` is never in reach of its records"
                yield Finding(("holds", hold.name, "categories", number), message)


def _category(path: Path, category: Category, kinds: list[str], seen: Lanes) -> Iterator[Finding]:
    rules = [seen.policy.retention[name] for name in category.retention]
    for kind in kinds:
        if not any(_starts(rule, kind, seen) for rule in rules):
            message = f"name a rule that can start on a `{kind}`, or move its fields to another category"
            yield Finding((*path, "retention"), message)
    for number, rule in enumerate(rules):
        for kind in kinds:
            if _applies(rule, kind, seen) and not _starts(rule, kind, seen):
                message = f"remove `{rule.name}`, on a `{kind}` it never starts and would keep for ever"
                yield Finding((*path, "retention", number), message)


def _applies(rule: RetentionRule, kind: str, seen: Lanes) -> bool:
    return rule.applies_after is None or seen.together(kind, [rule.applies_after])


def _starts(rule: RetentionRule, kind: str, seen: Lanes) -> bool:
    """Whether the rule can ever come to an end on a record of this kind."""
    if rule.with_person:
        return kind != ROOT  # the person's own categories are what it follows
    if rule.until is not None:
        return seen.together(kind, [rule.until])
    after = [rule.applies_after] if rule.applies_after is not None else []
    return any(seen.together(kind, [anchor, *after]) for anchor in rule.anchor)
