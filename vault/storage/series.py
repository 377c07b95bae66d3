"""Statements of series: heads in control, segments in contents. Rows come and go as columns: there are many.

A segment is inserted under a number drawn for it and never changed; one that no head lists is invisible. A head is
inserted if nobody was first, or updated if it is still of the version that was read: `insert_heads` and `update_heads`
do all of their rows or raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from policies.model import SubjectId
from vault.storage.engine import Collision
from vault.storage.epochs import DROPPED

SEGMENT: Final = ("subject", "series", "period", "delivery", "sealed")
COLUMNS: Final = "h.version, h.width, h.loose, h.key, h.generation, h.wrapped, h.accepted, h.proof"
HEAD: Final = "subject, series, period, version, width, loose, key, generation, wrapped, accepted, proof"
GIVEN: Final = (
    "unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::smallint[], $6::bool[], $7::uuid[], $8::int[],"
    " $9::bytea[], $10::bytea[], $11::bytea[])"
)
CHANGED: Final = "a series changed since it was read"


class SeriesHeadRow(NamedTuple):
    """A period of a series: its wrapped key, the segments that count, and the proof of that list.

    A tuple in the order of `HEAD`: a year of meters makes them by the hundred thousand, and the driver copies tuples
    as they are. `loose`: there may be something to compact.
    """

    subject: SubjectId
    series: UUID
    period: int
    version: int
    width: int
    loose: bool
    key: UUID
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


async def fetch_heads_between(
    connection: Any, wanted: Sequence[tuple[SubjectId, UUID, int, int]]
) -> list[SeriesHeadRow]:
    """Heads of series, each from one period to another, both included: a year is one line of the question."""
    rows = await connection.fetch(
        f"select h.subject, h.series, h.period, {COLUMNS}"  # noqa: S608  names above
        " from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) as w(subject, series, low, high)"
        " join series_head h on h.subject = w.subject and h.series = w.series and h.period between w.low and w.high",
        *_columns(wanted, 4),
    )
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


async def insert_segments(connection: Any, rows: Sequence[tuple[SubjectId, UUID, int, int, bytes]]) -> None:
    """Store segments: (subject, series, period, delivery, sealed). One statement: all of them or none.

    A number drawn that is taken, by a segment left over from a write that was not committed, leaves as `Collision`.
    """
    await connection.copy_records_to_table("segment", records=rows, columns=SEGMENT)


async def insert_heads(connection: Any, rows: Sequence[SeriesHeadRow]) -> None:
    """Store the first head of each of these periods, if the key above it is still the subject's.

    The caller holds the rows of the subjects: what is found here of their keys stays so until it commits.

    Raises:
        Collision: a roll renewed a subject's key since it was read. That somebody else was first leaves as the same.
    """
    if not rows:
        return
    above = {(row.subject, row.generation) for row in rows}
    found = await connection.fetchval(
        "select count(*) from unnest($1::uuid[], $2::int[]) as w(subject, generation)"
        " join subject s on s.subject = w.subject and s.generation = w.generation and s.state = 1",
        *_columns(list(above), 2),
    )
    if found != len(above):
        raise Collision(CHANGED)
    await connection.copy_records_to_table("series_head", records=_in_order(rows), columns=HEAD.split(", "))


async def update_heads(connection: Any, rows: Sequence[SeriesHeadRow]) -> None:
    """Replace these heads; each must still be of the version before.

    Raises:
        Collision: one was changed, or is gone.
    """
    if not rows:
        return
    tag = await connection.execute(
        "update series_head h set version = w.version, width = w.width, loose = w.loose, accepted = w.accepted,"  # noqa: S608  names above
        f" proof = w.proof from {GIVEN} as w({HEAD})"
        " where h.subject = w.subject and h.series = w.series and h.period = w.period"
        " and h.version = w.version - 1 and h.key = w.key and h.generation = w.generation",
        *zip(*_in_order(rows), strict=True),
    )
    if tag != f"UPDATE {len(rows)}":
        raise Collision(CHANGED)


async def fetch_wrapped(connection: Any, subject: SubjectId) -> list[tuple[UUID, int, int, bytes]]:
    """(series, period, generation, wrapped key) of all of a subject's periods."""
    rows = await connection.fetch(
        "select series, period, generation, wrapped from series_head where subject = $1", subject
    )
    return [tuple(row) for row in rows]


async def fetch_series_keys(
    connection: Any, subjects: Sequence[SubjectId]
) -> list[tuple[SubjectId, UUID, int, UUID, int]]:
    """(subject, series, period, id of the key, generation) of all periods of these subjects."""
    rows = await connection.fetch(
        "select subject, series, period, key, generation from series_head where subject = any($1::uuid[])",
        list(subjects),
    )
    return [tuple(row) for row in rows]


async def loose_heads(
    connection: Any, ranges: Sequence[tuple[int, int]], after: Key | None, limit: int
) -> list[SeriesHeadRow]:
    """The next heads with something to compact whose period is in one of two ranges, by period, subject, series."""
    (low, high), (lower, higher) = ranges
    subject, series, period = after or (None, None, None)
    rows = await connection.fetch(
        f"select h.subject, h.series, h.period, {COLUMNS} from series_head h where h.loose"  # noqa: S608  names above
        " and (h.period between $1 and $2 or h.period between $3 and $4)"
        " and ($5::int is null or (h.period, h.subject, h.series) > ($5, $6::uuid, $7::uuid))"
        " order by h.period, h.subject, h.series limit $8",
        low, high, lower, higher, period, subject, series, limit,
    )  # fmt: skip
    return [SeriesHeadRow(*row) for row in rows]


async def delete_heads(connection: Any, rows: Sequence[SeriesHeadRow]) -> None:
    """Destroy the keys of these periods; each must still be of the version that was read.

    Raises:
        Collision: one was changed, or is gone.
    """
    tag = await connection.execute(
        "delete from series_head h using unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[])"
        " as w(subject, series, period, version)"
        " where h.subject = w.subject and h.series = w.series and h.period = w.period and h.version = w.version",
        [row.subject for row in rows], [row.series for row in rows], [row.period for row in rows],
        [row.version for row in rows],
    )  # fmt: skip
    if tag != f"DELETE {len(rows)}":
        raise Collision(CHANGED)


async def mark_dirty(connection: Any, subject: SubjectId, epoch: int) -> None:
    """The subject gets a new key at the next roll. The caller holds its lock."""
    await connection.execute(
        "update subject set dirty_since = coalesce(dirty_since, $2) where subject = $1",
        subject, epoch,
    )  # fmt: skip
    await connection.execute("select pg_notify($1, $2)", DROPPED, str(subject))


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


def _in_order(rows: Sequence[SeriesHeadRow]) -> list[SeriesHeadRow]:
    """As every writer takes them, so that two never wait for each other."""
    return sorted(rows, key=itemgetter(0, 1, 2))


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[row[n] for row in rows] for n in range(count)]


async def old_segments(
    connection: Any, before: datetime, after: tuple[Key, int] | None, limit: int
) -> list[tuple[Key, int]]:
    """The next segments stored before this time, in the order of their keys."""
    (subject, series, period), delivery = after or ((None, None, None), None)
    rows = await connection.fetch(
        "select subject, series, period, delivery from segment where stored_at < $1 and"
        " ($2::uuid is null or (subject, series, period, delivery) > ($2, $3::uuid, $4::int, $5::bigint))"
        " order by subject, series, period, delivery limit $6",
        before, subject, series, period, delivery, limit,
    )  # fmt: skip
    return [((subject, series, period), delivery) for subject, series, period, delivery in rows]


async def delete_segments(connection: Any, gone: Sequence[tuple[Key, int]]) -> None:
    """Remove these."""
    await connection.execute(
        "delete from segment s using unnest($1::uuid[], $2::uuid[], $3::int[], $4::bigint[])"
        " as w(subject, series, period, delivery) where s.subject = w.subject and s.series = w.series"
        " and s.period = w.period and s.delivery = w.delivery",
        *_columns([(*key, delivery) for key, delivery in gone], 4),
    )
