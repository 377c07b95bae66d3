"""What goes through the doors of series: arrivals in, columns out. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from policies.model import RecordId, SubjectId
from vault.request import Secret, Withheld
from vault.series.readings import Readings, Versions


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """Readings of one field of one record as they came from outside. Does not print.

    `readings` may have gaps (quality `MISSING`), cover any number of months, and repeat what is there already. Each
    value carries the second its source registered it; where a source does not say, the time of receipt.
    """

    subject: SubjectId
    record: RecordId
    field: str
    readings: Readings


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one arrival, in intervals, or the rule that refused it whole.

    Attributes:
        accepted: had no value before.
        corrected: had one, and the new one counts now.
        superseded: an older version than the one that counts; kept in the history.
        duplicate: were there already.
        rule: why nothing of it was stored; None if it was.
    """

    accepted: int = 0
    corrected: int = 0
    superseded: int = 0
    duplicate: int = 0
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a call: one `Taken` per arrival, in order. `replayed`: an earlier call with this key did it."""

    taken: tuple[Taken, ...]
    entry: UUID
    replayed: bool

    @property
    def refused(self) -> Sequence[tuple[int, str]]:
        """(place of the arrival, rule) of those refused."""
        return [(place, each.rule) for place, each in enumerate(self.taken) if each.rule is not None]

    def total(self) -> Taken:
        """All arrivals together."""
        return Taken(
            sum(each.accepted for each in self.taken),
            sum(each.corrected for each in self.taken),
            sum(each.superseded for each in self.taken),
            sum(each.duplicate for each in self.taken),
        )


@dataclass(frozen=True, slots=True)
class Series:
    """One field of one record, at one resolution, over what is kept of the range asked for.

    A record whose meter changed from hours to quarters has two series of the field. `earlier` are the versions that no
    longer count, where they were asked for.
    """

    subject: SubjectId
    record: RecordId
    field: str
    readings: Secret[Readings]
    earlier: Secret[Versions] | None


@dataclass(frozen=True, slots=True)
class SeriesOpened:
    """What an opening gave; `withheld`, `by_subject`, `found`, `more` and `entry` as in `vault.request.Opened`."""

    series: Sequence[Series]
    withheld: Mapping[Withheld, int]
    by_subject: Mapping[SubjectId, Mapping[Withheld, int]]
    found: Sequence[SubjectId]
    more: bool
    entry: UUID


@dataclass(frozen=True, slots=True)
class Folded:
    """What a compaction did: periods looked at, segments before and after, and whether there is more to do."""

    periods: int
    before: int
    after: int
    more: bool
    entry: UUID | None


@dataclass(frozen=True, slots=True)
class Coarsened:
    """What a coarsening did to one subject: periods whose fine values are gone; the receipt that proves it."""

    subject: SubjectId
    periods: int
    receipt: UUID | None
