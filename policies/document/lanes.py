"""Which facts can ever be seen together, judged from the kinds of records alone.

A lane (`standing.py`) is a record with its ancestors. Seen from a record, the lanes are its own and those of the
records below it, so a fact of a sibling kind is in none of them: a rule that waits for one waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.document.tree import Finding, Path
from policies.model import Condition, PolicySet


@dataclass(frozen=True, slots=True)
class Lanes:
    """The record kinds of a policy whose tree is sound, and what follows from its facts' `after`."""

    policy: PolicySet
    above: Mapping[str, frozenset[str]]  # a kind and its ancestors

    def together(self, kind: str, facts: Iterable[str], others: Iterable[str] = ()) -> bool:
        """Whether one lane of a record of `kind` can hold all these facts and these other record kinds."""
        needed = {self.policy.facts[fact].record for fact in facts} | set(others)
        return any(needed <= lane for lane in self.above.values() if kind in lane)

    def implied(self, fact: str) -> frozenset[str]:
        """The facts that are on record in every lane where `fact` is, itself included."""
        found: set[str] = set()
        waiting = [fact]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                rule = self.policy.facts[name]
                waiting += [c.fact for c in rule.after if c.holds and self.visible(c.fact, rule.record)]
        return frozenset(found)

    def contradictions(self, path: Path, conditions: tuple[Condition, ...]) -> Iterator[Finding]:
        """Conditions that no history can meet at once, each at the fact that must not be."""
        demanded = [condition.fact for condition in conditions if condition.holds]
        for number, condition in enumerate(conditions):
            against = [fact for fact in demanded if condition.fact in self.implied(fact)]
            if against and not condition.holds:
                message = f"remove `not {condition.fact}`, `{against[0]}` is demanded and never stands without it"
                yield Finding((*path, number), message)

    def visible(self, fact: str, kind: str) -> bool:
        """Whether a fact is in the own lane of every record of `kind`: recorded there or above."""
        return self.policy.facts[fact].record in self.above[kind]


def lanes(policy: PolicySet) -> Lanes:
    """The lanes of a policy whose records form a tree."""
    above: dict[str, frozenset[str]] = {}
    for kind in policy.records:
        line = [kind]
        while (parent := policy.records[line[-1]].parent) is not None:
            line.append(parent)
        above[kind] = frozenset(line)
    return Lanes(policy, above)
