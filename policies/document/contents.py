"""What a field, a category, a retention rule and a hold must say, given what else they say.

A category's nature decides much of its fields: a computed one stores nothing, a special one is opened by staff only for
a stated reason (ACC-01).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.document.references import OWN_KINDS
from policies.document.tree import Finding, Path
from policies.model import (
    Category,
    FieldPolicy,
    FieldType,
    HoldRule,
    Index,
    Mask,
    Period,
    PolicySet,
    RetentionRule,
    RoleKind,
)

LOOKED_UP: Final = frozenset({FieldType.EMAIL, FieldType.PHONE, FieldType.METERING_POINT, FieldType.TEXT})
"""Types that identify a person or a thing at the door; nothing else is indexed, and a national id never."""

AT_ONCE: Final = Period(months=0, days=0)


def findings(policy: PolicySet) -> Iterator[Finding]:
    """Retention rules, holds, categories and fields, each by itself."""
    for rule in policy.retention.values():
        yield from _rule(("retention", rule.name), rule)
    for hold in policy.holds.values():
        yield from _hold(("holds", hold.name), hold, policy)
    yield from _categories(policy)
    for field in policy.fields.values():
        path = ("fields", field.name)
        yield from _type(path, field)
        yield from _rows(path, field, policy)
        if (category := policy.categories.get(field.category)) is not None:
            yield from _nature(path, field, category)
            yield from _special(path, field, category, policy)


def _rule(path: Path, rule: RetentionRule) -> Iterator[Finding]:
    """`from` and `keep`, or `with`, or `until`."""
    said = [
        key
        for key, there in (
            ("from", bool(rule.anchor) or rule.keep is not None),
            ("with", rule.with_person),
            ("until", rule.until is not None),
        )
        if there
    ]
    if len(said) != 1:
        yield Finding(path, "say either `from` and `keep`, or `with`, or `until`", on_key=True)
    if bool(rule.anchor) != (rule.keep is not None):
        yield Finding(path, f"add the key `{'keep' if rule.anchor else 'from'}`", on_key=True)
    if rule.keep == AT_ONCE and rule.unless:
        yield Finding((*path, "unless"), "remove `unless`, `P0D` keeps nothing", on_key=True)


def _hold(path: Path, hold: HoldRule, policy: PolicySet) -> Iterator[Finding]:
    if (hold.anchor is None) != (hold.keep is None):
        missing = "from" if hold.anchor is None else "keep"
        yield Finding(path, f"add the key `{missing}`, or remove the other for an explicit hold", on_key=True)
    for number, name in enumerate(hold.categories):
        category = policy.categories.get(name)
        if category is not None and category.computed:
            yield Finding((*path, "categories", number), f"remove `{name}`, nothing of a computed category is stored")


def _categories(policy: PolicySet) -> Iterator[Finding]:
    numbered: dict[int, str] = {}
    for category in policy.categories.values():
        path = ("categories", category.name)
        first = numbered.setdefault(category.number, category.name)
        if first != category.name:
            yield Finding((*path, "number"), f"choose another number, `{first}` has `{category.number}`")
        if category.computed and category.retention:
            yield Finding((*path, "retention"), "write `[]`, nothing of a computed category is stored")
        if not category.computed and not category.retention:
            yield Finding((*path, "retention"), "name at least one retention rule")


def _type(path: Path, field: FieldPolicy) -> Iterator[Finding]:
    if field.type is FieldType.CHOICE and not field.choices:
        yield Finding(path, "add the key `choices`, the type is `choice`", on_key=True)
    if field.type is not FieldType.CHOICE and field.choices:
        yield Finding((*path, "choices"), f"remove `choices`, the type is `{field.type.value}`", on_key=True)
    if field.index is Index.EXACT and field.type is FieldType.NATIONAL_ID:
        yield Finding((*path, "index"), "write `none`, a national id is never looked up")
    elif field.index is Index.EXACT and field.type not in LOOKED_UP:
        yield Finding((*path, "index"), f"write `none`, a value of type `{field.type.value}` is not looked up")


def _rows(path: Path, field: FieldPolicy, policy: PolicySet) -> Iterator[Finding]:
    """Rows of `uses` and `collect` that say the same twice, or what nobody may."""
    seen: set[tuple[str, str]] = set()
    for number, use in enumerate(field.uses):
        at = (*path, "uses", number)
        if (use.purpose, use.to) in seen:
            yield Finding(at, f"remove the second row for purpose `{use.purpose}` to `{use.to}`")
        seen.add((use.purpose, use.to))
        if field.type is FieldType.SECRET and use.sees is not Mask.PRESENCE:
            yield Finding((*at, "sees"), "write `presence`, a secret is never shown")
    for number, row in enumerate(field.collect):
        role = policy.roles.get(row.by)
        if role is not None and role.kind is RoleKind.PARTNER and field.source == "subject":
            message = f"remove the row, or name `{role.recipient}` as the `source`: a partner gives what is its own"
            yield Finding((*path, "collect", number, "by"), message)


def _nature(path: Path, field: FieldPolicy, category: Category) -> Iterator[Finding]:
    """Computed fields are views: of type `standing`, never collected. All others must come from somewhere."""
    if category.computed and field.type is not FieldType.STANDING:
        yield Finding((*path, "type"), f"write `standing`, the category `{category.name}` is computed")
    if not category.computed and field.type is FieldType.STANDING:
        yield Finding((*path, "type"), f"choose another type, the category `{category.name}` is not computed")
    if category.computed and field.collect:
        yield Finding((*path, "collect"), f"write `[]`, the category `{category.name}` is computed")
    if not category.computed and not field.collect:
        yield Finding((*path, "collect"), "add a row, a field nobody gives is always empty")
    if category.computed and field.required_for is not None:
        yield Finding((*path, "required_for"), "remove `required_for`, a computed field is never given", on_key=True)


def _special(path: Path, field: FieldPolicy, category: Category, policy: PolicySet) -> Iterator[Finding]:
    """ACC-01: who works here opens the special categories only for a reason that is stated."""
    for number, use in enumerate(field.uses):
        role, purpose = policy.roles.get(use.to), policy.purposes.get(use.purpose)
        if role is None or purpose is None or role.kind not in OWN_KINDS - {RoleKind.SERVICE}:
            continue
        if category.special and not purpose.reason_required:
            message = f"add `reason: required` to `{purpose.name}`, it opens special contents to `{role.name}`"
            yield Finding((*path, "uses", number, "purpose"), message)
