"""Gathers a package through the doors, as the person, a batch of records at a time: memory holds one batch.

Readings come five years at a time, entries of the ledger a hundred at a time, each with its proof. Whatever a door
refuses is told as withheld. An erasure that comes in between ends the package: the next door knows nobody.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from policies.model import SELF, Access, Basis, FieldPolicy, FieldType, PolicySet, Principal, RecordId, SubjectId
from rights.doors import Desk
from rights.package.parts import (
    AccessPart,
    ConsentPart,
    Head,
    Held,
    Part,
    Reading,
    RecipientPart,
    RecordPart,
    SeriesPart,
    What,
    WithheldPart,
)
from rights.registering import own_subject
from rights.request import OWN
from vault.audit import AccessEntry
from vault.errors import Unknown
from vault.request import MAX_PAGE, FieldMask, Opened, RecordFilter, Secret, Value
from vault.series.axis import instant
from vault.series.readings import Quality
from vault.series.request import Series

HOLDINGS: Final = "person.holdings"
APART: Final = frozenset({HOLDINGS, "person.accesses", "person.recipients", "person.consent_history"})
"""Views that make a part of their own."""

FULL: Final = Access("own_copy", None, SELF)
NOTHING: Final = Opened((), {}, {}, (), more=False, entry=UUID(int=0))
FIRST_YEAR: Final = 2000
"""Nothing was measured for us before."""

WINDOW_YEARS: Final = 5
"""As far as one opening of series reaches."""

AHEAD: Final = timedelta(days=1)
CHUNK: Final = 744
BATCH: Final = 10
"""Records opened at once: each may hold a document of a mebibyte."""


@dataclass(slots=True)
class _Entry:
    """One record as the holdings name it."""

    record: RecordId
    kind: str
    parent: RecordId | None
    held: Sequence[Held] = field(default=())


async def gather(desk: Desk, who: Principal, what: What) -> AsyncIterator[Part]:
    """The parts of the person's package, in order.

    Raises:
        RequestRefused: the principal is nobody's own.
        Unknown: there is no such person any more.
        Refused, TokenRefused, BrokenSeal, Unavailable: by the doors.
    """
    subject = own_subject(who)
    records = await _holdings(desk, who, subject)
    yield Head(what, subject, desk.clock())
    wanted = fields_of(desk.vault.policy, what)
    withheld: set[tuple[str, str]] = set()
    for begin in range(0, len(records), BATCH):
        batch = records[begin : begin + BATCH]
        opened = [await _opened(desk, who, subject, mask, batch, access) for access, mask in _masks(who, wanted)]
        withheld |= {(each.field, each.rule) for some in opened for each in some.withheld}
        for part in _records(wanted, batch, opened):
            yield part
    async for series in _series(desk, who, subject, records, wanted):
        yield series
    yield WithheldPart(tuple(sorted(withheld)))
    if what is What.ACCESS:
        async for each in _on_record(desk, who, subject):
            yield each


def fields_of(policy: PolicySet, what: What) -> Mapping[str, FieldPolicy]:
    """The fields of a package: all the person may see of itself, or those it gave."""
    own = {
        name: declared
        for name, declared in policy.fields.items()
        if any((use.purpose, use.to) == (OWN.purpose, OWN.recipient) for use in declared.uses)
    }
    return own if what is What.ACCESS else {name: each for name, each in own.items() if portable(policy, each)}


def portable(policy: PolicySet, declared: FieldPolicy) -> bool:
    """Whether the person gave it, on consent or for a contract (Article 20(1)); its meters' readings count."""
    bases = {policy.purposes[row.purpose].basis for row in declared.collect}
    given = declared.source == "subject" or declared.type is FieldType.SERIES
    return given and bool(bases & {Basis.CONSENT, Basis.CONTRACT})


async def _holdings(desk: Desk, who: Principal, subject: SubjectId) -> list[_Entry]:
    opened = await desk.vault.open(who, OWN, [subject], frozenset({HOLDINGS}))
    values = [record.values[HOLDINGS] for record in opened.records if HOLDINGS in record.values]
    if not values:
        raise Unknown("no such person")
    return [_entry(entry) for entry in json.loads(str(values[0].reveal()))]


def _entry(entry: dict[str, Any]) -> _Entry:
    parent = None if entry["parent"] is None else RecordId(UUID(entry["parent"]))
    held = [
        Held(
            category=each["category"],
            why=each["why"],
            rule=each["rule"],
            law=each["law"],
            until=None if each["until"] is None else datetime.fromisoformat(each["until"]),
        )
        for each in entry["categories"]
    ]
    return _Entry(RecordId(UUID(entry["record"])), entry["kind"], parent, held)


def _masks(who: Principal, wanted: Mapping[str, FieldPolicy]) -> list[tuple[Access, FieldMask]]:
    """What is opened as the person's own view, and what the package shows in full.

    A token that fetches the package of a letter carries one purpose: its package masks what a person's pages mask.
    """
    kept = frozenset(name for name, each in wanted.items() if each.type is not FieldType.SERIES) - APART
    if who.purpose is not None:
        return [(OWN, kept)]
    full = frozenset(name for name, each in wanted.items() if any(use.purpose == FULL.purpose for use in each.uses))
    return [(OWN, kept - full), (FULL, full)]


async def _opened(
    desk: Desk, who: Principal, subject: SubjectId, fields: FieldMask, batch: Sequence[_Entry], access: Access
) -> Opened:
    kinds = {each.kind for each in batch}
    mask = frozenset(name for name in fields if name.partition(".")[0] in kinds)
    chosen = RecordFilter(records=frozenset(each.record for each in batch))
    return await desk.vault.open(who, access, [subject], mask, chosen) if mask else NOTHING


def _records(
    wanted: Mapping[str, FieldPolicy], batch: Sequence[_Entry], opened: Sequence[Opened]
) -> Iterator[RecordPart]:
    values: dict[RecordId, dict[str, Secret[Value]]] = {}
    for record in (record for some in opened for record in some.records):
        values.setdefault(record.record, {}).update(record.values)
    for each in batch:
        found = values.get(each.record, {})
        listed = [(wanted[name], found[name]) for name in sorted(found)]
        if listed or each.held:
            yield RecordPart(each.record, each.kind, each.parent, listed, each.held)


async def _series(
    desk: Desk, who: Principal, subject: SubjectId, records: Sequence[_Entry], wanted: Mapping[str, FieldPolicy]
) -> AsyncIterator[SeriesPart]:
    for each in records:
        names = frozenset(name for name, it in wanted.items() if it.type is FieldType.SERIES and it.record == each.kind)
        if names:
            async for part in _windows(desk, who, subject, each.record, names):
                yield part


async def _windows(
    desk: Desk, who: Principal, subject: SubjectId, record: RecordId, names: FieldMask
) -> AsyncIterator[SeriesPart]:
    """The readings of one record, a window after the other; those of a field in order."""
    chosen, end = RecordFilter(records=frozenset({record})), desk.clock() + AHEAD
    for year in range(FIRST_YEAR, end.year + 1, WINDOW_YEARS):
        window = datetime(year, 1, 1, tzinfo=UTC), min(datetime(year + WINDOW_YEARS, 1, 1, tzinfo=UTC), end)
        opened = await desk.vault.series(who, OWN, [subject], names, *window, chosen)
        for found in opened.series:
            for part in _chunks(found):
                yield part


def _chunks(found: Series) -> Iterator[SeriesPart]:
    """A month of hours at a time; intervals nobody read are left out."""
    readings = found.readings.reveal()
    for begin in range(0, len(readings.wh), CHUNK):
        part = slice(begin, begin + CHUNK)
        rows = zip(readings.wh[part].tolist(), readings.quality[part].tolist(), strict=True)
        listed = [
            Reading(instant(readings.resolution, readings.first + number), wh, Quality(quality).name.lower())
            for number, (wh, quality) in enumerate(rows, begin)
            if quality != Quality.MISSING
        ]
        if listed:
            yield SeriesPart(found.record, found.field, listed)


async def _on_record(desk: Desk, who: Principal, subject: SubjectId) -> AsyncIterator[Part]:
    consents = await desk.vault.consents(who, subject)
    for each in consents.entries:
        yield ConsentPart(each, consents.key)
    got = Gotten(frozenset(desk.vault.policy.recipients))
    after: UUID | None = None
    more = True
    while more:
        page = await desk.vault.accesses(who, subject, after, MAX_PAGE, proofs=True)
        for entry in page.entries:
            got.note(entry)
            yield AccessPart(entry)
        more = page.more
        after = page.entries[-1].id if page.entries else None
    for part in got.parts():
        yield part


@dataclass(slots=True)
class Gotten:
    """Who outside got what, added up over entries that come newest first: a size of recipients by fields, no more."""

    outside: frozenset[str]
    fields: dict[str, dict[str, tuple[datetime, datetime]]] = field(default_factory=dict)

    def note(self, entry: AccessEntry) -> None:
        """Add one entry."""
        if entry.kind == "opened" and entry.recipient in self.outside:
            fields = self.fields.setdefault(str(entry.recipient), {})
            for name in entry.fields:
                fields[name] = entry.at, fields[name][1] if name in fields else entry.at

    def parts(self) -> Iterator[RecipientPart]:
        """One for each recipient."""
        for recipient, fields in sorted(self.fields.items()):
            yield RecipientPart(recipient, [(name, *times) for name, times in sorted(fields.items())])
