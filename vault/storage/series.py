"""Statements of series: heads in control, segments in contents. Rows come and go as columns: there are many.

A segment is inserted under a number drawn for it and never changed; one that no head lists is invisible. A head is
inserted if nobody was first, or updated if it is still of the version that was read: `insert_heads` and `update_heads`
do all of their rows or raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from vault.storage.engine import Collision

INCOMING: Final = (
    "create temporary table if not exists incoming_segment"
    " (subject uuid, series uuid, period integer, delivery bigint, sealed bytea)"
    " with (toast_tuple_target = 8160) on commit delete rows"
)
TAKE_IN: Final = (
    "insert into segment (subject, series, period, delivery, sealed)"
    " select subject, series, period, delivery, sealed from incoming_segment on conflict do nothing"
)
COLUMNS: Final = "h.version, h.width, h.generation, h.wrapped, h.accepted, h.proof"
CHANGED: Final = "a series changed since it was read"


@dataclass(frozen=True, slots=True)
class SeriesHeadRow:
    """A period of a series: its wrapped key, the segments that count, and the proof of that list."""

    subject: SubjectId
    series: UUID
    period: int
    version: int
    width: int
    generation: int
    wrapped: bytes
    accepted: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A sealed segment to store."""

    subject: SubjectId
    series: UUID
    period: int
    delivery: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class HeadWrite:
    """A head as it is to become. `loose`: there is something to compact."""

    row: SeriesHeadRow
    loose: bool


Key = tuple[SubjectId, UUID, int]


async def fetch_heads_in(
    connection: Any, series: Sequence[tuple[SubjectId, UUID]], ranges: Sequence[tuple[int, int]]
) -> list[SeriesHeadRow]:
    """Heads of these series whose period is in one of two ranges (months and years), both ends included."""
    (low, high), (lower, higher) = ranges
    rows = await connection.fetch(
        f"select w.subject, w.series, h.period, {COLUMNS} from unnest($1::uuid[], $2::uuid[]) as w(subject, series)"  # noqa: S608  names above
        " join series_head h on h.subject = w.subject and h.series = w.series"
        " and (h.period between $3 and $4 or h.period between $5 and $6)",
        [subject for subject, _ in series], [name for _, name in series], low, high, lower, higher,
    )  # fmt: skip
    return [SeriesHeadRow(*row) for row in rows]


async def fetch_heads(connection: Any, keys: Sequence[Key]) -> list[SeriesHeadRow]:
    """The heads there are of these periods."""
    rows = await connection.fetch(
        f"select h.subject, h.series, h.period, {COLUMNS}"  # noqa: S608  names above
        " from unnest($1::uuid[], $2::uuid[], $3::int[]) as w(subject, series, period)"
        " join series_head h on h.subject = w.subject and h.series = w.series and h.period = w.period",
        *_columns(keys, 3),
    )
    return [SeriesHeadRow(*row) for row in rows]


async def fetch_widths(connection: Any, series: Sequence[tuple[SubjectId, UUID]]) -> dict[tuple[SubjectId, UUID], int]:
    """The width of each of these series that has a head."""
    rows = await connection.fetch(
        "select w.subject, w.series, h.width from unnest($1::uuid[], $2::uuid[]) as w(subject, series) cross join"
        " lateral (select width from series_head h where h.subject = w.subject and h.series = w.series limit 1) h",
        *_columns(series, 2),
    )
    return {(subject, name): width for subject, name, width in rows}


async def fetch_segments(connection: Any, keys: Sequence[Key]) -> list[tuple[int, int, bytes]]:
    """All segments of these periods: (place of the period in `keys`, delivery, sealed)."""
    rows = await connection.fetch(
        "select w.place::int4, s.delivery, s.sealed"
        " from unnest($1::uuid[], $2::uuid[], $3::int[]) with ordinality as w(subject, series, period, place)"
        " join segment s on s.subject = w.subject and s.series = w.series and s.period = w.period",
        *_columns(keys, 3),
    )
    return [(place - 1, delivery, sealed) for place, delivery, sealed in rows]


async def insert_segments(connection: Any, rows: Iterable[tuple[SubjectId, UUID, int, int, bytes]], count: int) -> None:
    """Store segments: (subject, series, period, delivery, sealed). Within the caller's transaction.

    Raises:
        Collision: a number drawn was taken, by a segment left over from a write that was not committed.
    """
    await connection.execute(INCOMING)
    await connection.copy_records_to_table(
        "incoming_segment", records=rows, columns=["subject", "series", "period", "delivery", "sealed"]
    )
    if await connection.execute(TAKE_IN) != f"INSERT 0 {count}":
        raise Collision("the number of a segment is taken")


async def insert_heads(connection: Any, writes: Sequence[HeadWrite]) -> None:
    """Store the first head of each of these periods, if the key above it is still the subject's.

    Raises:
        Collision: somebody else was first, or a roll renewed the subject's key since it was read.
    """
    if not writes:
        return
    tag = await connection.execute(
        "insert into series_head (subject, series, period, version, width, generation, wrapped, accepted, proof, loose)"
        " select w.* from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::smallint[], $6::int[], $7::bytea[],"
        " $8::bytea[], $9::bytea[], $10::bool[])"
        " as w(subject, series, period, version, width, generation, wrapped, accepted, proof, loose)"
        " join subject s on s.subject = w.subject and s.generation = w.generation and s.state = 1"
        " on conflict do nothing",
        *_head_columns(writes),
    )
    if tag != f"INSERT 0 {len(writes)}":
        raise Collision(CHANGED)


async def update_heads(connection: Any, writes: Sequence[HeadWrite]) -> None:
    """Replace these heads; each must still be of the version before.

    Raises:
        Collision: one was changed, or is gone.
    """
    if not writes:
        return
    tag = await connection.execute(
        "update series_head h set version = w.version, width = w.width, wrapped = w.wrapped, accepted = w.accepted,"
        " proof = w.proof, loose = w.loose"
        " from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::smallint[], $6::int[], $7::bytea[],"
        " $8::bytea[], $9::bytea[], $10::bool[])"
        " as w(subject, series, period, version, width, generation, wrapped, accepted, proof, loose)"
        " where h.subject = w.subject and h.series = w.series and h.period = w.period"
        " and h.version = w.version - 1 and h.generation = w.generation",
        *_head_columns(writes),
    )
    if tag != f"UPDATE {len(writes)}":
        raise Collision(CHANGED)


async def fetch_wrapped(connection: Any, subject: SubjectId) -> list[tuple[UUID, int, int, bytes]]:
    """(series, period, generation, wrapped key) of all of a subject's periods."""
    rows = await connection.fetch(
        "select series, period, generation, wrapped from series_head where subject = $1", subject
    )
    return [tuple(row) for row in rows]


async def rewrap_heads(
    connection: Any, subject: SubjectId, generation: int, rows: Sequence[tuple[UUID, int, bytes]]
) -> None:
    """Put the keys of these periods under the subject's key of another generation: (series, period, wrapped)."""
    await connection.execute(
        "update series_head h set generation = $2, wrapped = w.wrapped"
        " from unnest($3::uuid[], $4::int[], $5::bytea[]) as w(series, period, wrapped)"
        " where h.subject = $1 and h.series = w.series and h.period = w.period",
        subject, generation, *_columns(rows, 3),
    )  # fmt: skip


def _head_columns(writes: Sequence[HeadWrite]) -> list[list[object]]:
    ordered = sorted(writes, key=lambda write: (write.row.subject.bytes, write.row.series.bytes, write.row.period))
    rows = [write.row for write in ordered]
    return [
        [row.subject for row in rows],
        [row.series for row in rows],
        [row.period for row in rows],
        [row.version for row in rows],
        [row.width for row in rows],
        [row.generation for row in rows],
        [row.wrapped for row in rows],
        [row.accepted for row in rows],
        [row.proof for row in rows],
        [write.loose for write in ordered],
    ]


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[row[n] for row in rows] for n in range(count)]
