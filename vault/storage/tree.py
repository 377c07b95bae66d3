"""Statements on the ledger's tree: logs, leaves, nodes and checkpoints are added, never changed.

Nodes are kept for every eighth level only; the ones between are hashed again from at most 128 below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

TREE_LOCK: Final = 0x48764C47  # "HvLG"
STEP: Final = 8


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log: `begins` is what its first leaf says."""

    number: int
    origin: str
    begins: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint. Every entry written by a transaction before `horizon` is in the tree."""

    size: int
    root: bytes
    note: str
    at: datetime
    horizon: int


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf: of a header where `subject` is None, of a log's beginning where `entry` is None as well."""

    position: int
    entry: UUID | None
    subject: bytes | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fresh:
    """A row of the ledger that has no leaf yet."""

    entry: UUID
    subject: bytes | None
    month: date
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Transactions from `start` to before `end`; with `end` None every row that can be seen."""

    start: int
    end: int | None


async def take_turn(connection: Any) -> bool:
    """Be the only one who adds to the tree until the transaction ends. False: somebody else is."""
    taken: bool = await connection.fetchval("select pg_try_advisory_xact_lock($1)", TREE_LOCK)
    return taken


async def horizon(connection: Any) -> tuple[int, int]:
    """(every transaction before it has ended, no transaction from it on has begun)."""
    row = await connection.fetchrow(
        "select pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text from pg_current_snapshot() s"
    )
    return int(row[0]), int(row[1])


async def logs(connection: Any) -> list[LogRow]:
    """All logs, oldest first."""
    return [
        LogRow(*row) for row in await connection.fetch("select number, origin, begins from ledger_log order by number")
    ]


async def insert_log(connection: Any, row: LogRow, at: datetime) -> None:
    """Begin a log."""
    await connection.execute(
        "insert into ledger_log (number, origin, began_at, begins) values ($1, $2, $3, $4)",
        row.number, row.origin, at, row.begins,
    )  # fmt: skip


CHECKPOINTS: Final = "select size, root, note, at, horizon::text as horizon from ledger_checkpoint where log = $1"


async def newest(connection: Any, log: int) -> CheckpointRow | None:
    """The newest checkpoint of a log."""
    row = await connection.fetchrow(f"{CHECKPOINTS} order by size desc limit 1", log)
    return None if row is None else checkpoint_row(row)


async def checkpoint_at(connection: Any, log: int, size: int) -> CheckpointRow | None:
    """The first checkpoint of a log with at least so many leaves."""
    row = await connection.fetchrow(f"{CHECKPOINTS} and size >= $2 order by size limit 1", log, size)
    return None if row is None else checkpoint_row(row)


def checkpoint_row(row: Any) -> CheckpointRow:
    """A row of `CHECKPOINTS`."""
    return CheckpointRow(row["size"], row["root"], row["note"].decode(), row["at"], int(row["horizon"]))


async def insert_checkpoint(connection: Any, log: int, row: CheckpointRow) -> None:
    """Publish what was added."""
    await connection.execute(
        "insert into ledger_checkpoint (log, size, root, note, at, horizon)"
        " values ($1, $2, $3, $4, $5, $6::text::xid8)",
        log, row.size, row.root, row.note.encode(), row.at, str(row.horizon),
    )  # fmt: skip


async def edge(connection: Any, start: int, end: int, most: int) -> int:
    """Where a span ends that holds about `most` entries: whole transactions, at least one."""
    found = await connection.fetchval(
        "select xact::text from ledger_entry where xact >= $1::text::xid8 and xact < $2::text::xid8"
        " order by xact offset $3 limit 1",
        str(start), str(end), most,
    )  # fmt: skip
    return end if found is None else max(int(found), start + 1)


async def fresh_rows(connection: Any, span: Span) -> list[Fresh]:
    """The entries of a span that have no leaf, by id, each header before its parts; rows from before the tree aside."""
    where = "true" if span.end is None else "e.xact >= $1::text::xid8 and e.xact < $2::text::xid8"
    bounds = () if span.end is None else (str(span.start), str(span.end))
    rows = await connection.fetch(
        "with fresh as materialized (select e.id, e.month, e.commitment from ledger_entry e"  # noqa: S608  constants
        f" where {where} and e.commitment <> ''"
        " and not exists (select from ledger_leaf l where l.entry = e.id and l.subject is null))"
        " select id as entry, null::bytea as subject, month, commitment from fresh union all"
        " select p.entry, p.subject, p.month, p.commitment from fresh join ledger_subject p on p.entry = fresh.id"
        " order by entry, subject nulls first",
        *bounds,
    )
    return [Fresh(*row) for row in rows]


async def insert_leaves(connection: Any, log: int, rows: Sequence[LeafRow]) -> None:
    """Add leaves."""
    await connection.execute(
        "insert into ledger_leaf (log, position, entry, subject, hash)"
        " select $1, * from unnest($2::bigint[], $3::uuid[], $4::bytea[], $5::bytea[])",
        log, [r.position for r in rows], [r.entry for r in rows], [r.subject for r in rows], [r.hash for r in rows],
    )  # fmt: skip


async def insert_nodes(connection: Any, log: int, nodes: Sequence[tuple[tuple[int, int], bytes]]) -> None:
    """Keep those of these nodes that are kept."""
    kept = [(level, position, hashed) for (level, position), hashed in nodes if level % STEP == 0]
    await connection.execute(
        "insert into ledger_node (log, level, position, hash)"
        " select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])",
        log, *([row[n] for row in kept] for n in range(3)),
    )  # fmt: skip


async def leaf_hashes(connection: Any, log: int, spans: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """(0, position) to hash for these spans of leaves."""
    pairs = list(spans)
    rows = await connection.fetch(
        "select l.position, l.hash from unnest($2::bigint[], $3::bigint[]) as s(start, stop)"
        " join ledger_leaf l on l.log = $1 and l.position >= s.start and l.position < s.stop",
        log, [start for start, _ in pairs], [stop for _, stop in pairs],
    )  # fmt: skip
    return {(0, row[0]): row[1] for row in rows}


async def node_hashes(connection: Any, log: int, spans: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], bytes]:
    """(level, position) to hash for these spans (level, start, stop) of kept nodes."""
    triples = list(spans)
    rows = await connection.fetch(
        "select n.level, n.position, n.hash from unnest($2::smallint[], $3::bigint[], $4::bigint[])"
        " as s(level, start, stop) join ledger_node n"
        " on n.log = $1 and n.level = s.level and n.position >= s.start and n.position < s.stop",
        log, *([row[n] for row in triples] for n in range(3)),
    )  # fmt: skip
    return {(row[0], row[1]): row[2] for row in rows}


async def places(
    connection: Any, rows: Sequence[tuple[UUID, bytes | None]]
) -> dict[tuple[UUID, bytes | None], tuple[int, int]]:
    """(log, position) of the leaves of these rows, those that have one."""
    found = await connection.fetch(
        "select l.entry, l.subject, l.log, l.position from unnest($1::uuid[], $2::bytea[]) as r(entry, subject)"
        " join ledger_leaf l on l.entry = r.entry and l.subject is not distinct from r.subject",
        [entry for entry, _ in rows], [subject for _, subject in rows],
    )  # fmt: skip
    return {(UUID(int=row[0].int), row[1]): (row[2], row[3]) for row in found}
