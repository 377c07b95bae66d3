"""The bytes of an event and of a standing, before they are sealed. One value has one encoding.

Both begin with a version byte (1); the rest is one canonical CBOR array (RFC 8949 §4.2.1: shortest integers, definite
lengths) without maps or tags. Ids are 16 bytes, instants are microseconds since 1970-01-01T00:00Z.

*Event*: `[tag, subject, at, …]`, then by tag: 1 record, kind, parent? · 2 record, name · 3 name, given, policy digest ·
4 record, purpose, account?, recipient?, ends · 5 purpose, made · 6 record, on · 7 record, hold, on. Absent is null.
Decoding refuses every byte that encoding would have written otherwise.

*Standing*: `[ids, instants, records, facts, consents, assignments, objections, restricted, held]`. `ids` is one byte
string, 16 bytes an id, the subject first; `instants` are integers. The others are flat lists of rows, each naming an id
or an instant by its place in those two, counted from 1. Absent is 0, an absent recipient is empty. The rows are

    records       id, kind, parent?                         consents     name, given, withdrawn?, policy digest
    facts         record, a list of (name, first, last)     objections   purpose, since
    assignments   record, purpose, account?, recipient?,    restricted   record, since
                  start, end?                               held         hold, record, start, end?

in the order of the standing; a parent stands before its children. A standing is read for every subject of an opening:
each id and each instant is made once. Decoding refuses wrong types, places that are not there, rows cut short or said
twice, and trailing bytes; it does not insist on shortest integers, for what it reads was sealed after `to_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from cbor2 import CBORDecodeError, dumps, load

from policies.errors import PolicyError
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import RecordId, SubjectId
from policies.standing import Assigned, ConsentState, Held, Node, Standing, Times

T = TypeVar("T")
K = TypeVar("K")

_VERSION: Final = b"\x01"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REFUSED: Final = (CBORDecodeError, KeyError, TypeError, ValueError, OverflowError)


class BadEncoding(PolicyError):
    """Bytes that no event or standing has. The message does not say which: they are the subject's."""


def encode(event: Event) -> bytes:
    """The bytes of an event."""
    return _dump([*_tagged(event)])


def decode(data: bytes) -> Event:
    """The event of these bytes.

    Raises:
        BadEncoding: they are not exactly what `encode` gives for some event.
    """
    try:
        event = _event(_load(data))
        exact = encode(event) == data
    except _REFUSED as e:
        raise BadEncoding("these bytes are no event") from e
    if not exact:
        raise BadEncoding("these bytes are no event")
    return event


def to_bytes(standing: Standing) -> bytes:
    """The bytes of a standing that `fold` made."""
    ids, at = _Places[UUID](standing.subject), _Places[datetime]()
    tables = (
        [(ids[record], node.kind, ids[node.parent]) for record, node in standing.records.items()],
        [
            (ids[record], [item for name, t in own.items() for item in (name, at[t.first], at[t.last])])
            for record, own in standing.facts.items()
        ],
        [(name, at[c.given_at], at[c.withdrawn_at], c.policy_digest) for name, c in standing.consents.items()],
        [
            (ids[a.record], a.purpose, ids[a.account], a.recipient or "", at[a.start], at[a.end])
            for a in standing.assignments
        ],
        [(purpose, at[since]) for purpose, since in standing.objections.items()],
        [(ids[record], at[since]) for record, since in standing.restricted.items()],
        [(h.hold, ids[h.record], at[h.start], at[h.end]) for h in standing.held],
    )
    flat = [[item for row in table for item in row] for table in tables]
    return _dump([b"".join(i.bytes for i in ids.placed()), [_micros(i) for i in at.placed()], *flat])


def _plain(raw: bytes) -> UUID:
    return UUID(int=int.from_bytes(raw, "big"))


def from_bytes(data: bytes, make_id: Callable[[bytes], UUID] = _plain) -> Standing:
    """The standing of these bytes. `make_id` builds an id of its 16 bytes, where the caller knows a faster way.

    Raises:
        BadEncoding: they are not of a standing.
    """
    try:
        return _standing(_load(data), make_id)
    except _REFUSED as e:
        raise BadEncoding("these bytes are no standing") from e


def _dump(items: list[Any]) -> bytes:
    return _VERSION + dumps(items, canonical=True)


def _load(data: bytes) -> list[Any]:
    if data[:1] != _VERSION:
        raise ValueError("version")
    rest = BytesIO(data)
    rest.seek(1)
    items: object = load(rest, allow_indefinite=False)
    if not isinstance(items, list) or rest.tell() != len(data):  # `loads` would not tell of what comes after
        raise ValueError("array")
    return items  # pyright: ignore[reportUnknownVariableType]  (items are typed where they are read)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)


def _tagged(event: Event) -> tuple[object, ...]:
    whose = event.subject.bytes, _micros(event.at)
    match event:
        case RecordAdded(record=record, kind=kind, parent=parent):
            return 1, *whose, record.bytes, kind, _bytes(parent)
        case Consent():
            return 3, *whose, event.name, event.given, event.policy_digest
        case Objection():
            return 5, *whose, event.purpose, event.made
        case _:
            return _tagged_on_record(event, *whose)


def _tagged_on_record(event: Fact | Assignment | Restriction | Hold, subject: bytes, at: int) -> tuple[object, ...]:
    record = event.record.bytes
    match event:
        case Fact(name=name):
            return 2, subject, at, record, name
        case Assignment(purpose=purpose, account=account, recipient=recipient, ends=ends):
            return 4, subject, at, record, purpose, _bytes(account), recipient, ends
        case Restriction(on=on):
            return 6, subject, at, record, on
        case _:
            return 7, subject, at, record, event.hold, event.on


def _bytes(of: UUID | None) -> bytes | None:
    return None if of is None else of.bytes


def _uuid(raw: bytes) -> UUID:
    if type(raw) is not bytes:  # `UUID` would assert, and quote it
        raise TypeError("id")
    return UUID(bytes=raw)


def _event(items: list[Any]) -> Event:
    tag, subject, micros, *rest = items
    whose, at = SubjectId(_uuid(subject)), _instant(micros)
    match tag, rest:
        case 3, [str(name), bool(given), bytes(digest)]:
            return Consent(subject=whose, name=name, given=given, policy_digest=digest, at=at)
        case 5, [str(purpose), bool(made)]:
            return Objection(subject=whose, purpose=purpose, made=made, at=at)
        case _, [bytes(record), *more]:
            return _event_on_record(tag, whose, at, RecordId(_uuid(record)), more)
        case _:
            raise ValueError("event")


def _event_on_record(tag: object, subject: SubjectId, at: datetime, record: RecordId, rest: list[Any]) -> Event:
    match tag, rest:
        case 1, [str(kind), parent]:
            above = None if parent is None else RecordId(_uuid(parent))
            return RecordAdded(subject=subject, record=record, kind=kind, parent=above, at=at)
        case 2, [str(name)]:
            return Fact(subject=subject, record=record, name=name, at=at)
        case 6, [bool(on)]:
            return Restriction(subject=subject, record=record, on=on, at=at)
        case 7, [str(hold), bool(on)]:
            return Hold(subject=subject, record=record, hold=hold, on=on, at=at)
        case _:
            return _assignment(tag, subject, at, record, rest)


def _assignment(tag: object, subject: SubjectId, at: datetime, record: RecordId, rest: list[Any]) -> Assignment:
    match tag, rest:
        case 4, [str(purpose), account, str() | None as to, bool(ends)]:
            who = None if account is None else _uuid(account)
            return Assignment(
                subject=subject, record=record, purpose=purpose, account=who, recipient=to, ends=ends, at=at
            )
        case _:
            raise ValueError("event")


class _Places(Generic[T]):
    """Values by place, counted from 1 as they come; `None` has place 0."""

    def __init__(self, *first: T) -> None:
        self._places: dict[T | None, int] = {None: 0}
        for value in first:
            self._places[value] = len(self._places)

    def __getitem__(self, value: T | None) -> int:
        return self._places.setdefault(value, len(self._places))

    def placed(self) -> Iterator[T]:
        return (value for value in self._places if value is not None)


def _standing(tables: list[Any], make_id: Callable[[bytes], UUID]) -> Standing:
    raw_ids, raw_instants, raw_records, raw_facts, *rest = tables
    ids, at = _ids(raw_ids, make_id), _instants(raw_instants)
    raw_consents, raw_assignments, raw_objections, raw_restricted, raw_held = rest
    until: Mapping[int, datetime | None] = {0: None, **at}
    consents = _rows(raw_consents, str, int, int, bytes)
    assignments = _rows(raw_assignments, int, str, int, str, int, int)
    objections = _rows(raw_objections, str, int)
    restricted = _rows(raw_restricted, int, int)
    return Standing(
        SubjectId(ids[1]),
        _records(_rows(raw_records, int, str, int), ids),
        _facts(_rows(raw_facts, int, list), ids, at),
        _all(consents, {name: ConsentState(at[given], until[end], shown) for name, given, end, shown in consents}),
        tuple(
            [
                Assigned(ids[r], purpose, ids[who] if who else None, to or None, at[start], until[end])
                for r, purpose, who, to, start, end in assignments
            ]
        ),
        _all(objections, {purpose: at[since] for purpose, since in objections}),
        _all(restricted, {ids[r]: at[since] for r, since in restricted}),
        tuple([Held(hold, ids[r], at[t], until[end]) for hold, r, t, end in _rows(raw_held, str, int, int, int)]),
    )


def _rows(flat: list[Any], *kinds: type) -> Collection[Any]:
    """The rows of a flat list, each item exactly of its kind (`True` is no integer here)."""
    if flat == []:
        return ()
    count, cut = divmod(len(flat), len(kinds))
    if cut or type(flat) is not list or tuple(map(type, flat)) != kinds * count:
        raise TypeError("row")
    return [*zip(*[iter(flat)] * len(kinds), strict=True)]


def _ids(flat: bytes, make_id: Callable[[bytes], UUID]) -> Mapping[int, RecordId]:
    if type(flat) is not bytes or len(flat) % 16:
        raise TypeError("ids")
    return {n // 16 + 1: RecordId(make_id(flat[n : n + 16])) for n in range(0, len(flat), 16)}


def _instants(flat: list[Any]) -> Mapping[int, datetime]:
    if type(flat) is not list or not set(map(type, flat)) <= {int}:
        raise TypeError("instants")
    return {n: _EPOCH + timedelta(0, 0, micros) for n, micros in enumerate(flat, 1)}


def _records(rows: Collection[Any], ids: Mapping[int, RecordId]) -> Mapping[RecordId, Node]:
    records: dict[RecordId, Node] = {}
    for record, kind, parent in rows:
        if parent and ids[parent] not in records:
            raise ValueError("parent")
        records[ids[record]] = Node(kind, ids[parent] if parent else None)
    return _all(rows, records)


def _facts(
    rows: Collection[Any], ids: Mapping[int, RecordId], at: Mapping[int, datetime]
) -> Mapping[RecordId, Mapping[str, Times]]:
    facts: dict[RecordId, Mapping[str, Times]] = {}
    for record, flat in rows:
        own = _rows(flat, str, int, int)
        facts[ids[record]] = _all(own, {name: Times(at[first], at[last]) for name, first, last in own})
    return _all(rows, facts)


def _all(rows: Collection[Any], found: Mapping[K, T]) -> Mapping[K, T]:
    """What was found, if no row spoke of the same thing as another."""
    if len(found) != len(rows):
        raise ValueError("twice")
    return found
