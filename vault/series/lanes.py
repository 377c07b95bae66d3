"""From what was decided to the series it is about, and from a subject to the keys of all its series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.model import FieldType, Mask, PolicySet, RecordId, SubjectId
from policies.standing import Standing
from vault.house import House, Loaded
from vault.opening import Decided
from vault.series import axis
from vault.series.axis import Resolution
from vault.series.periods import Lane
from vault.series.sealed import series_id
from vault.storage.rows import DataKeyRow
from vault.storage.series import fetch_series_keys


def lanes_of(decided: Decided) -> list[Lane]:
    """Every series that may be opened whole. A use that sees less than the plain value sees nothing of a series."""
    return [
        Lane.of(item.loaded, grant.record, field.name, resolution, grant.category.instance)
        for item in decided.plans
        for grant in item.grants
        for field, screened in grant.fields
        if screened.use.sees is Mask.PLAIN
        for resolution in Resolution
    ]


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """The key of one period of a series, in the shape of any other data key: `key.instance` is the record.

    Destroyed by its id with the others (`SubjectWrite.dead_keys`). `end` is when its period ends, UTC.
    """

    key: DataKeyRow
    series: UUID
    record: RecordId
    category: str
    field: str
    resolution: Resolution
    period: int

    @property
    def end(self) -> datetime:
        """When the period is over."""
        return axis.period_bounds(self.period)[1]


async def series_keys(house: House, loaded: Loaded) -> list[SeriesKey]:
    """The keys of all periods of all series of a subject, by period. Opens nothing.

    A head whose series is of no record of the standing is left out: nothing opens it.
    """
    return (await series_keys_of(house, [loaded]))[loaded.row.subject]


async def series_keys_of(house: House, people: Sequence[Loaded]) -> dict[SubjectId, list[SeriesKey]]:
    """The same of many, in one round trip; an empty list of whoever has no series."""
    named = {loaded.row.subject: _names(house.policy, loaded) for loaded in people}
    found: dict[SubjectId, list[SeriesKey]] = {subject: [] for subject in named}
    asked = [subject for subject, names in named.items() if names]
    if not asked:
        return found
    async with house.control.connection() as connection:
        rows = await fetch_series_keys(connection, asked)
    for of, series, period, key, generation in rows:
        subject = SubjectId(of)
        if series in named[subject]:
            record, field, resolution = named[subject][series]
            category = house.policy.categories[house.policy.fields[field].category]
            row = DataKeyRow(key, category.number, record, generation, b"")
            found[subject].append(SeriesKey(row, series, record, category.name, field, resolution, period))
    return {subject: sorted(keys, key=lambda each: each.end) for subject, keys in found.items()}


def _names(policy: PolicySet, loaded: Loaded) -> dict[UUID, tuple[RecordId, str, Resolution]]:
    return {
        series_id(record, field, resolution): (record, field, resolution)
        for record, field in _fields(policy, loaded)
        for resolution in Resolution
    }


def series_of(policy: PolicySet, standing: Standing, record: RecordId, category: str | None) -> list[UUID]:
    """Every series that a record can have, of one category or of all."""
    kind = standing.records[record].kind
    return [
        series_id(record, field.name, resolution)
        for field in policy.fields.values()
        if field.type is FieldType.SERIES and field.record == kind and category in {None, field.category}
        for resolution in Resolution
    ]


def _fields(policy: PolicySet, loaded: Loaded) -> Iterator[tuple[RecordId, str]]:
    """Every field of type series on every record of the subject that can have it."""
    kinds: dict[str, list[str]] = {}
    for field in policy.fields.values():
        if field.type is FieldType.SERIES:
            kinds.setdefault(field.record, []).append(field.name)
    for record, node in loaded.standing.records.items():
        for name in kinds.get(node.kind, ()):
            yield record, name
