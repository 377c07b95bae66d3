"""What of a subject is over: by data key and by period of a series, what becomes of each, and counts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from policies.ending import Ending, ending
from policies.model import PolicySet, RecordId, Sequel, SubjectId
from policies.retention import next_due
from vault.detaching import Detached
from vault.house import Loaded
from vault.killing import Victim, victims
from vault.request import Fate, FieldFate
from vault.series.lanes import SeriesKey
from vault.storage.rows import DataKeyRow


@dataclass(frozen=True, slots=True)
class Piece:
    """Something stored that dies alone: under a data key, or a period of a series that ended at `period`."""

    victim: Victim
    period: datetime | None

    @property
    def place(self) -> tuple[RecordId, str]:
        """Of which record and category."""
        return self.victim.record, self.victim.category


@dataclass(frozen=True, slots=True)
class Judged:
    """A subject as it was weighed: what dies and how, what becomes sums, what stays, and when to look again."""

    loaded: Loaded
    series: Sequence[DataKeyRow]
    dying: Sequence[tuple[Piece, Ending]]
    summed: Sequence[tuple[Piece, Ending]]
    staying: Sequence[Piece]
    look_again: date | None

    @property
    def subject(self) -> SubjectId:
        """Whose."""
        return self.loaded.row.subject

    @property
    def whole(self) -> bool:
        """Nothing stays."""
        return bool(self.dying) and not self.staying and not self.summed

    @property
    def victims(self) -> list[Victim]:
        """The keys that die."""
        return [piece.victim for piece, _ in self.dying]


@dataclass(slots=True)
class Tally:
    """What came of pages. `dead` counts key instances by category; the ids are of subjects to look into."""

    subjects: int = 0
    wholes: int = 0
    detached: int = 0
    coarsened: int = 0
    dead: dict[str, int] = field(default_factory=dict[str, int])
    receipts: list[UUID] = field(default_factory=list[UUID])
    damaged: list[SubjectId] = field(default_factory=list[SubjectId])
    contended: list[SubjectId] = field(default_factory=list[SubjectId])

    def add(self, other: Tally) -> None:
        """Add what came of another page."""
        self.subjects += other.subjects
        self.wholes += other.wholes
        self.detached += other.detached
        self.coarsened += other.coarsened
        for category, count in other.dead.items():
            self.dead[category] = self.dead.get(category, 0) + count
        self.receipts += other.receipts
        self.damaged += other.damaged
        self.contended += other.contended


def pieces(policy: PolicySet, loaded: Loaded, series: Sequence[SeriesKey]) -> list[Piece]:
    """Everything stored of a subject, by what dies alone."""
    ends = {each.key.id: each.end for each in series}
    found = victims(policy, loaded, [each.key for each in series])
    return [Piece(victim, ends.get(victim.key.id)) for victim in found]


def judged(policy: PolicySet, loaded: Loaded, series: Sequence[SeriesKey], now: datetime, *, sums: bool) -> Judged:
    """What of a subject is over `now`. Without `sums` what a rule coarsens stays as it is."""
    dying: list[tuple[Piece, Ending]] = []
    summed: list[tuple[Piece, Ending]] = []
    staying: list[Piece] = []
    for piece in pieces(policy, loaded, series):
        record, category = piece.place
        end = ending(policy, category, record, loaded.standing, now, piece.period)
        if end is None or (end.then is Sequel.COARSEN and not sums):
            staying.append(piece)
        elif end.then is Sequel.COARSEN:
            summed.append((piece, end))
        else:
            dying.append((piece, end))
    again = next_due(policy, loaded.standing, now, [piece.place for piece in staying])
    return Judged(loaded, [each.key for each in series], dying, summed, staying, again)


def fates(policy: PolicySet, each: Judged, new: Detached) -> tuple[FieldFate, ...]:
    """What becomes of every field of the categories that die."""
    kinds: dict[str, set[Fate]] = {}
    for victim in each.victims:
        fate = Fate.DETACHED if victim.key.id in new.carried else Fate.ERASED
        kinds.setdefault(victim.category, set()).add(fate)
    return tuple(
        FieldFate(name.name, fate, None, None, None)
        for name in policy.fields.values()
        for fate in sorted(kinds.get(name.category, ()), key=lambda fate: fate.value)
    )
