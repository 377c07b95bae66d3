"""How good the judging is: precision and recall of each kind of finding on plants whose faults are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from solar.diagnosis.judging import Finding, Kind, judged
from solar.diagnosis.simulated import DAYS, Simulated


@dataclass(frozen=True, slots=True)
class Score:
    """Of one kind: plants that had it, of them found; findings where there was none."""

    kind: Kind
    plants: int
    found: int
    false: int

    @property
    def recall(self) -> float:
        """The share of the faults that were found."""
        return self.found / self.plants if self.plants else 1.0

    @property
    def precision(self) -> float:
        """The share of the plants pointed at that had it."""
        said = self.found + self.false
        return self.found / said if said else 1.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Of all kinds; and findings a year on plants without a fault."""

    by_kind: tuple[Score, ...]
    plants: int
    false_a_year: float


def scored(plants: Iterable[Simulated]) -> Scores:
    """Judge them all. A finding counts where it meets the fault in kind and time; every other one is false."""
    had, found, false = Counter[Kind](), Counter[Kind](), Counter[Kind]()
    healthy = alarms = count = 0
    for plant in plants:
        count += 1
        said = judged(plant.actual_wh, plant.expected)
        right = [each for each in said if _hits(each, plant)]
        false.update({each.kind for each in said if each not in right})
        if plant.fault is None:
            healthy, alarms = healthy + 1, alarms + len(said)
        else:
            had[plant.fault] += 1
            found[plant.fault] += bool(right)
    by_kind = tuple(Score(kind, had[kind], found[kind], false[kind]) for kind in Kind)
    return Scores(by_kind, count, alarms / (healthy * DAYS / 365) if healthy else 0.0)


def _hits(finding: Finding, plant: Simulated) -> bool:
    return finding.kind is plant.fault and finding.first < plant.after and plant.first < finding.after
