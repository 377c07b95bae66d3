"""What was withheld, as errors: one per selected field and rule, however many rows it concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.selection import Selection
from resolvers.translation import Problem, Reader, shown
from schema.errors import Code
from vault.request import Withheld

PathPart = str | int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What one opening withheld of one selection at one place of the answer."""

    path: tuple[PathPart, ...]
    selection: Selection
    counts: Mapping[Withheld, int]

    def errors(self, reader: Reader) -> list[dict[str, Any]]:
        """The entries for `errors`, a rule that may not be named to the reader left out of its entry."""
        by_field: dict[str, dict[str | None, int]] = {}
        for withheld, count in self.counts.items():
            rules = by_field.setdefault(withheld.field, {})
            rule = withheld.rule if reader.told(withheld) else None
            rules[rule] = rules.get(rule, 0) + count
        return [
            self._error(leaf.path, name, rule, count)
            for leaf in self.selection.leaves
            for name in leaf.by
            for rule, count in sorted(by_field.get(name, {}).items(), key=lambda item: item[0] or "")
        ]

    def _error(self, path: tuple[str, ...], name: str, rule: str | None, count: int) -> dict[str, Any]:
        named = {"rule": rule} if rule is not None else {}
        error = shown(Problem(Code.WITHHELD, {"field": name, **named, "count": count}))
        return {**error, "path": [*self.path, *path]}


def summed(of: Sequence[Mapping[Withheld, int]]) -> dict[Withheld, int]:
    """The counts of several subjects together."""
    total: dict[Withheld, int] = {}
    for counts in of:
        for withheld, count in counts.items():
            total[withheld] = total.get(withheld, 0) + count
    return total
