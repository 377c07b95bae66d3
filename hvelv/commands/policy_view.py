"""How a policy looks in a terminal, and as plain data for scripts. Nothing personal: only what the file declares."""

from __future__ import annotations

from typing import Final, TypedDict

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from policies.model import Condition, FieldPolicy, Period, PolicySet, Purpose, RetentionRule

OUT: Final = Console(highlight=False)


UseView = TypedDict(
    "UseView",
    {"purpose": str, "to": str, "sees": str, "basis": str, "article": str, "while": list[str]},
)


class CollectView(TypedDict):
    """One way a field may be given."""

    by: str
    purpose: str
    when: list[str]


class FieldView(TypedDict):
    """Everything the policy says of a field."""

    field: str
    type: str
    choices: list[str]
    record: str
    category: str
    special: bool
    source: str
    required_for: str | None
    index: str
    collect: list[CollectView]
    uses: list[UseView]
    retention: list[str]
    clauses: list[str]


def field_view(policy: PolicySet, name: str) -> FieldView:
    """What the policy says of one field, and of its category, its purposes and its retention."""
    field = policy.fields[name]
    category = policy.categories[field.category]
    return FieldView(
        field=name,
        type=field.type.value,
        choices=list(field.choices),
        record=field.record,
        category=category.name,
        special=category.special,
        source=field.source,
        required_for=field.required_for,
        index=field.index.value,
        collect=[CollectView(by=c.by, purpose=c.purpose, when=_conditions(c.when)) for c in field.collect],
        uses=_uses(policy, field),
        retention=[retention_text(policy.retention[rule]) for rule in category.retention],
        clauses=list(field.clauses),
    )


def _uses(policy: PolicySet, field: FieldPolicy) -> list[UseView]:
    return [
        {
            "purpose": use.purpose,
            "to": use.to,
            "sees": use.sees.value,
            "basis": _basis(policy.purposes[use.purpose]),
            "article": policy.purposes[use.purpose].article,
            "while": _conditions(policy.purposes[use.purpose].conditions),
        }
        for use in field.uses
    ]


def _basis(purpose: Purpose) -> str:
    by = purpose.consent or purpose.contract or purpose.law or purpose.balancing
    return f"{purpose.basis.value}: {by}"


def _conditions(conditions: tuple[Condition, ...]) -> list[str]:
    return [each.fact if each.holds else f"not {each.fact}" for each in conditions]


def retention_text(rule: RetentionRule) -> str:
    """One rule as a phrase: `solstrom_customer: 20 years after pv.installed, unless contract.solstrom; then erase`."""
    return f"{rule.name}: {_span(rule)}{_exceptions(rule)}; then {rule.then.value}"


def _span(rule: RetentionRule) -> str:
    if rule.with_person:
        return "as long as the person"
    if rule.until is not None:
        return f"until {rule.until}"
    anchor = f"the {'last' if rule.latest else 'first'} of {', '.join(rule.anchor)}"
    if rule.keep is None:
        return f"from {anchor}"
    return f"{period_text(rule.keep)} after {rule.anchor[0] if len(rule.anchor) == 1 else anchor}"


def _exceptions(rule: RetentionRule) -> str:
    parts = [
        f"where {rule.applies_after}" if rule.applies_after else "",
        f"unless {', '.join(rule.unless)}" if rule.unless else "",
        f"at once when {', '.join(rule.also_on)} is withdrawn" if rule.also_on else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def period_text(period: Period) -> str:
    """`20 years`, `3 years and 6 months`, `90 days`, `at once`."""
    years, months = divmod(period.months, 12)
    counted = [(years, "year"), (months, "month"), (period.days, "day")]
    parts = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in counted if number]
    return " and ".join(parts) or "at once"


def print_fields(policy: PolicySet) -> None:
    """All fields in one table: by which rules they are kept, and who may see them for anything at all."""
    table = Table(title=f"Policy of {policy.version.isoformat()}")
    for name in ("field", "category", "kept by", "seen by"):
        table.add_column(name, overflow="fold")
    for name in sorted(policy.fields):
        view = field_view(policy, name)
        seen = sorted({use["to"] for use in view["uses"]})
        rules = policy.categories[view["category"]].retention
        table.add_row(name, view["category"], ", ".join(rules) or "nothing stored", ", ".join(seen) or "nobody")
    OUT.print(table)


def print_field(policy: PolicySet, name: str) -> None:
    """One field in full, one line for each way in, each way out and each rule of retention."""
    view = field_view(policy, name)
    OUT.print(f"{name}: {view['type']}, category {view['category']}{', special' * view['special']}", style="bold")
    OUT.print(f"comes from: {view['source']}")
    OUT.print(f"clauses: {', '.join(view['clauses'])}")
    if view["required_for"]:
        OUT.print(f"required for: {view['required_for']}")
    _print_lines("given by", [_given(each) for each in view["collect"]])
    _print_lines("seen by", [_seen(each) for each in view["uses"]])
    _print_lines("kept", view["retention"])


def _given(collect: CollectView) -> str:
    return f"{collect['by']} for {collect['purpose']}" + _when("when", collect["when"])


def _seen(use: UseView) -> str:
    return f"{use['to']} for {use['purpose']}, {use['sees']}; {use['article']}, {use['basis']}" + _when(
        "while", use["while"]
    )


def _when(word: str, conditions: list[str]) -> str:
    return f"; {word} {', '.join(conditions)}" if conditions else ""


def _print_lines(title: str, lines: list[str]) -> None:
    OUT.print(f"{title}:", style="bold")
    for line in lines or ["nobody"]:
        OUT.print(Padding(line, (0, 0, 0, 2)))
