"""What became of one delivery: counts of readings, and which rule refused what, by line.

A report names lines and rules, never a metering point, a value or a person. It is made after everything it counts as
taken was durable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final

from ingest.problems import Problem, Severity
from vault.series.request import Taken

SHOWN: Final = 100
"""Problems that are listed one by one; of the others each rule is counted."""


@unique
class Refusal(StrEnum):
    """What the pipeline refuses, in words for the person who sent it. What a line itself breaks is `problems.Rule`."""

    NOBODY = "no subscription for this metering point, or none that you deliver for"
    OUTSIDE = "outside the days of the subscription"
    EXPORT = "export of a customer who does not feed into the grid"
    FORM = "readings of a register from a meter that is not manual"
    POLICY = "the policy does not take it now"


@unique
class Outcome(StrEnum):
    """How a delivery ended, taken as a whole."""

    TAKEN = "taken"  # everything in it, whether new or known
    PARTLY = "partly"  # something was refused or is questioned, the rest is taken
    REFUSED = "refused"  # nothing of it was taken
    NOTHING = "nothing"  # nothing was in it


@dataclass(slots=True)
class Report:
    """Counts are readings, except `warnings`. `missing` are intervals that the sender says it has no value for."""

    accepted: int = 0
    corrected: int = 0
    superseded: int = 0
    duplicate: int = 0
    refused: int = 0
    questioned: int = 0
    missing: int = 0
    warnings: int = 0
    problems: list[Problem | Placed] = field(default_factory=list)
    by_rule: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        """Readings that are stored, by this delivery or by an earlier one."""
        return self.accepted + self.corrected + self.superseded + self.duplicate

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        wrong = self.refused + self.questioned or any(each.severity is not Severity.WARNING for each in self.problems)
        if wrong:
            return Outcome.PARTLY if self.taken else Outcome.REFUSED
        return Outcome.TAKEN if self.taken or self.missing else Outcome.NOTHING

    def count(self, taken: Taken) -> None:
        """Add what the vault said of an arrival it took."""
        self.accepted += taken.accepted
        self.corrected += taken.corrected
        self.superseded += taken.superseded
        self.duplicate += taken.duplicate

    def note(self, problem: Problem | Placed) -> None:
        """Add a problem."""
        match problem.severity:
            case Severity.REFUSED:
                self.refused += problem.readings
            case Severity.QUESTION:
                self.questioned += problem.readings
            case Severity.WARNING:
                self.warnings += 1
        self.by_rule[problem.rule.value] += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)

    def plain(self) -> Mapping[str, Any]:
        """For JSON."""
        counts = ("accepted", "corrected", "superseded", "duplicate", "refused", "questioned", "missing", "warnings")
        return {
            "outcome": self.outcome.value,
            **{name: getattr(self, name) for name in counts},
            "problems": [
                {
                    "rule": each.rule.value,
                    "line": each.line,
                    "item": each.item,
                    "severity": each.severity.value,
                    "readings": each.readings,
                }
                for each in self.problems
            ],
            "problems_left_out": self.by_rule.total() - len(self.problems),
            "rules": dict(sorted(self.by_rule.items())),
        }


@dataclass(frozen=True, slots=True)
class Placed:
    """One refusal of the pipeline: from which line on, and how many readings."""

    rule: Refusal
    line: int
    readings: int
    item: int = 0
    severity: Severity = Severity.REFUSED
    detail: str = ""
