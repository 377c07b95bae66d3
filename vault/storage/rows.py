"""The one statement that fetches what a decision and an opening need of many subjects, and its rows as values.

Per subject PostgreSQL packs keys and heads into one byte string each (fixed-width parts, network order), so that 100
subjects are 100 rows, not 1,000:

    subject key   epoch int4 | generation int4 | length int4 | wrapped
    data key      id uuid | category int2 | instance uuid | generation int4 | length int4 | wrapped
    head          record uuid | category int2 | version int4 | field set int2 | key uuid | blob uuid | tag 16 bytes
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from uuid import UUID

from asyncpg.pgproto import pgproto

from policies.model import RecordId, SubjectId

fast_id: Final[Callable[[bytes], UUID]] = cast("Callable[[bytes], UUID]", pgproto.UUID)
"""The driver's own UUID: equal to the standard one, but made and hashed in C. An opening makes thousands."""

LIVE: Final = 1
ERASED: Final = 2

_SUBJECT_KEY: Final = struct.Struct(">iii")
_DATA_KEY: Final = struct.Struct(">16sh16sii")
_HEAD: Final = struct.Struct(">16shih16s16s16s")

FETCH: Final = """
select s.subject, s.version, s.generation, s.dirty_since, st.key, st.sealed, st.events,
  (select string_agg(int4send(k.epoch) || int4send(k.generation) || int4send(length(k.wrapped)) || k.wrapped,
                     ''::bytea)
     from subject_key k where k.slot = any($2::smallint[]) and k.subject = s.subject),
  (select string_agg(uuid_send(d.id) || int2send(d.category) || uuid_send(d.instance) || int4send(d.generation)
                     || int4send(length(d.wrapped)) || d.wrapped, ''::bytea)
     from data_key d where d.subject = s.subject),
  (select string_agg(uuid_send(h.record) || int2send(h.category) || int4send(h.version) || int2send(h.field_set)
                     || uuid_send(h.key) || uuid_send(h.blob)
                     || case length(h.tag) when 16 then h.tag else uuid_send(h.subject) end, ''::bytea)
     from head h where h.subject = s.subject)
from subject s join standing st on st.subject = s.subject
where s.subject = any($1::uuid[]) and s.state = 1
"""
_HEADS: Final = FETCH[
    FETCH.index("  (select string_agg(uuid_send(h.record)") : FETCH.index("from subject s join standing")
]
FETCH_WITHOUT_HEADS: Final = FETCH.replace(_HEADS, "  null::bytea\n")
"""For whoever weighs standings by the thousand: of a large subject the heads are most of it."""
SLOTS: Final = [0, 1, 2, 3]


@dataclass(frozen=True, slots=True)
class SubjectKeyRow:
    """A subject's key, wrapped under an epoch key."""

    epoch: int
    generation: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class DataKeyRow:
    """The key of one category instance, wrapped under the subject key of `generation`."""

    id: UUID
    category: int
    instance: UUID
    generation: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class HeadRow:
    """Which blob is the present version of a record's group, and its tag."""

    record: RecordId
    category: int
    version: int
    field_set: int
    key: UUID
    blob: UUID
    tag: bytes


@dataclass(frozen=True)
class SubjectRow:
    """One live subject as control has it: nothing opened yet. Keys and heads are unpacked when they are asked for."""

    subject: SubjectId
    version: int
    generation: int
    dirty_since: int | None
    standing_key: UUID
    standing: bytes
    events: int
    packed_subject_keys: bytes
    packed_data_keys: bytes
    packed_heads: bytes

    @cached_property
    def subject_keys(self) -> Sequence[SubjectKeyRow]:
        """The subject's key, in each live epoch."""
        return _subject_keys(self.packed_subject_keys)

    @cached_property
    def data_keys(self) -> Mapping[UUID, DataKeyRow]:
        """The keys of its category instances."""
        return _data_keys(self.packed_data_keys)

    @cached_property
    def heads(self) -> Sequence[HeadRow]:
        """The present version of each of its groups."""
        return _heads(self.packed_heads)


def _subject_keys(packed: bytes) -> list[SubjectKeyRow]:
    rows: list[SubjectKeyRow] = []
    at = 0
    while at < len(packed):
        epoch, generation, length = _SUBJECT_KEY.unpack_from(packed, at)
        at += _SUBJECT_KEY.size
        rows.append(SubjectKeyRow(epoch, generation, packed[at : at + length]))
        at += length
    return rows


def _data_keys(packed: bytes) -> dict[UUID, DataKeyRow]:
    rows: dict[UUID, DataKeyRow] = {}
    at = 0
    while at < len(packed):
        key, category, instance, generation, length = _DATA_KEY.unpack_from(packed, at)
        at += _DATA_KEY.size
        name = fast_id(key)
        rows[name] = DataKeyRow(name, category, fast_id(instance), generation, packed[at : at + length])
        at += length
    return rows


def _heads(packed: bytes) -> list[HeadRow]:
    return [
        HeadRow(RecordId(fast_id(record)), category, version, field_set, fast_id(key), fast_id(blob), tag)
        for record, category, version, field_set, key, blob, tag in _HEAD.iter_unpack(packed)
    ]


async def fetch_subjects(
    connection: Any, subjects: Sequence[SubjectId], *, heads: bool = True
) -> dict[SubjectId, SubjectRow]:
    """Everything control has of these live subjects; unknown and erased ones are missing. One round trip."""
    rows = await connection.fetch(FETCH if heads else FETCH_WITHOUT_HEADS, list(subjects), SLOTS)
    found: dict[SubjectId, SubjectRow] = {}
    for subject, version, generation, dirty, key, standing, events, subject_keys, data_keys, packed in rows:
        name = SubjectId(subject)
        found[name] = SubjectRow(
            name,
            version,
            generation,
            dirty,
            key,
            standing,
            events,
            subject_keys or b"",
            data_keys or b"",
            packed or b"",
        )
    return found


async def fetch_heads_at(
    connection: Any, places: Sequence[tuple[SubjectId, RecordId, int]]
) -> list[tuple[SubjectId, HeadRow]]:
    """The heads there are of these (subject, record, category), whatever else the subjects have."""
    rows = await connection.fetch(
        "select h.subject, h.record, h.category, h.version, h.field_set, h.key, h.blob, h.tag"
        " from unnest($1::uuid[], $2::uuid[], $3::smallint[]) as w(subject, record, category)"
        " join head h on h.subject = w.subject and h.record = w.record and h.category = w.category",
        *([place[n] for place in places] for n in range(3)),
    )
    return [(SubjectId(row[0]), HeadRow(RecordId(row[1]), *row[2:])) for row in rows]


async def fetch_blobs(connection: Any, wanted: Sequence[tuple[SubjectId, UUID]]) -> dict[UUID, bytes]:
    """The sealed blobs by their random ids, from contents. Missing ones are missing."""
    rows = await connection.fetch(
        "select b.id, b.sealed from blob b join unnest($1::uuid[], $2::uuid[]) as w(subject, id)"
        " on b.subject = w.subject and b.id = w.id",
        [subject for subject, _ in wanted],
        [blob for _, blob in wanted],
    )
    return {row[0]: row[1] for row in rows}
