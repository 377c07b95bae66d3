"""What ends by itself, and what may be forgotten with it. Pure: the sweep and the forecast ask here, so they agree.

`ending` is what a run destroys: `due` and nothing else, with the instant from which it is so. Nothing that a run does
changes what `ending` says of the rest: keys die, and a record that lost everything is forgotten only if no rule, state
or hold of what is left looks at it (`forgettable`). Therefore the order and the times of runs make no difference, and
what `ending` says today of a day to come is what is gone on that day if nothing else happens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from policies.model import FieldType, PolicySet, RecordId, Sequel
from policies.plan import plans
from policies.retention import Due, due, free
from policies.standing import Standing, lanes, path

Stored = tuple[RecordId, str]
"""A record and a category of which something is stored."""

MEASURES = frozenset(
    {
        FieldType.BOOLEAN,
        FieldType.INTEGER,
        FieldType.AZIMUTH_DEG,
        FieldType.TILT_DEG,
        FieldType.AREA_DM2,
        FieldType.HEIGHT_CM,
        FieldType.ENERGY_WH,
        FieldType.POWER_W,
        FieldType.CHOICE,
    }
)
"""What may outlive a person under an id of its own: numbers and choices. Words and dates may name somebody."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A category of a record ends at `at` (UTC) by `rule`; `then` says how. `period` is the end of a month or year."""

    record: RecordId
    category: str
    at: datetime
    rule: str
    then: Sequel
    period: datetime | None = None


def ending(
    policy: PolicySet,
    category: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
    period: datetime | None = None,
) -> Ending | None:
    """How this is over `now`, if it is."""
    found = due(policy, category, record, standing, now, period=period)
    if not isinstance(found, Due):
        return None
    released = free(policy, category, record, standing, now)
    at = found.at if released is None else max(found.at, released)
    return Ending(record, category, at, found.rule, found.then, period)


def emptied(standing: Standing, dying: Collection[RecordId], filled: Collection[RecordId]) -> frozenset[RecordId]:
    """Records that lose their last group, with nothing below that still has one. The root stays."""
    return frozenset(
        record
        for record in {below for at in dying for below in lanes(standing, at)}
        if standing.records[record].parent is not None and not any(at in filled for at in lanes(standing, record))
    )


def forgettable(
    policy: PolicySet, standing: Standing, empty: Collection[RecordId], left: Collection[Stored]
) -> frozenset[RecordId]:
    """Of the records that are `emptied`, those by which nothing `left` is kept or ended."""
    watched = set(_watched(policy, standing, left))
    needed: set[RecordId] = set()
    for record in empty:
        above = list(path(standing, record))
        own = {name for at, name in watched if at in above}
        if not own.isdisjoint(standing.facts.get(record, ())) or _held(standing, record, above, left):
            needed.update(above)
    return frozenset(empty) - needed


def _watched(policy: PolicySet, standing: Standing, left: Collection[Stored]) -> Iterator[tuple[RecordId, str]]:
    """Each record above whose lanes something left looks for a fact, and that fact."""
    for record, category in left:
        plan = plans(policy)[category]
        yield from ((record, name) for name in plan.reads)
        yield from ((RecordId(standing.subject), name) for followed in plan.follows for name in followed.reads)


def _held(standing: Standing, record: RecordId, above: Collection[RecordId], left: Collection[Stored]) -> bool:
    """A hold not lifted, recorded here, reaches up to something left."""
    here = any(held.record == record and held.end is None for held in standing.held)
    return here and any(at in above for at, _ in left)


def detachable(policy: PolicySet, field: str) -> bool:
    """Whether the value may outlive the person under an id that leads to nobody."""
    return policy.fields[field].type in MEASURES


def objected(policy: PolicySet, category: str, standing: Standing) -> bool:
    """Whether the person objected to a purpose the category is used for: then nothing of it is carried on (SOL-13)."""
    return any(
        use.purpose in standing.objections
        for field in policy.fields.values()
        if field.category == category
        for use in field.uses
    )
