"""Statements that read the ledger and its tree to examine them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from vault.storage.tree import STEP

MOST: Final = 100
"""Rows without a leaf that are named; more are more of the same."""
LEAVES: Final = (
    "select l.position, l.hash, l.entry, l.subject, e.id, e.at, e.month, e.kind, e.actor, e.token, e.roles, e.purpose,"
    " e.recipient, e.policy, e.subjects, e.opened, e.withheld, e.sealed, e.commitment, p.month as part_month,"
    " p.sealed as part_sealed, p.commitment as part_commitment"
    " from ledger_leaf l left join ledger_entry e on e.id = l.entry"
    " left join ledger_subject p on p.entry = l.entry and p.subject = l.subject"
)


@dataclass(frozen=True, slots=True)
class Person:
    """What the tables say of a person: the version of its row (None: no row), dead or live, and its tombstone."""

    version: int | None
    dead: bool
    erased: bool


async def leaves_between(connection: Any, log: int, start: int, end: int) -> list[Any]:
    """The leaves of these positions with their rows, in order; the columns of `LEAVES`."""
    rows: list[Any] = await connection.fetch(
        f"{LEAVES} where l.log = $1 and l.position >= $2 and l.position < $3 order by l.position", log, start, end
    )
    return rows


async def checkpoints_between(connection: Any, log: int, start: int, end: int) -> list[Any]:
    """(size, root, note) of the checkpoints with more than `start` and at most `end` leaves."""
    rows: list[Any] = await connection.fetch(
        "select size, root, note from ledger_checkpoint where log = $1 and size > $2 and size <= $3 order by size",
        log, start, end,
    )  # fmt: skip
    return rows


async def nodes_between(connection: Any, log: int, start: int, end: int) -> dict[tuple[int, int], bytes]:
    """The kept nodes that become whole by the leaves from `start` to `end`."""
    rows = await connection.fetch(
        "select level, position, hash from ledger_node where log = $1 and level = any($2::smallint[])"
        " and ((position + 1) << level::int) > $3 and ((position + 1) << level::int) <= $4"
        " and position >= ($3 >> level::int) - 1 and position <= ($4 >> level::int)",
        log, list(range(STEP, 64, STEP)), start, end,
    )  # fmt: skip
    return {(row[0], row[1]): row[2] for row in rows}


async def uncovered(connection: Any, horizon: int) -> tuple[list[UUID], int]:
    """(some of the entries that ought to have a leaf, or whose parts ought to; how many are from before the tree)."""
    missing = await connection.fetch(
        "select e.id from ledger_entry e where e.xact < $1::text::xid8 and e.commitment <> '' and (not exists"
        " (select from ledger_leaf l where l.entry = e.id and l.subject is null) or exists (select from ledger_subject"
        " p where p.entry = e.id and not exists (select from ledger_leaf l where l.entry = p.entry and l.subject ="
        " p.subject))) order by e.id limit $2",
        str(horizon), MOST,
    )  # fmt: skip
    orphans = await connection.fetch(
        "select p.entry from ledger_subject p where not exists (select from ledger_entry e where e.id = p.entry)"
        " limit $1",
        MOST,
    )
    before = await connection.fetchval("select count(*) from ledger_entry where commitment = ''")
    return [UUID(int=row[0].int) for row in (*missing, *orphans)], before


async def persons(connection: Any, subjects: Sequence[UUID]) -> dict[UUID, Person]:
    """Of these subjects, those of whom there is a row or a whole tombstone."""
    rows = await connection.fetch(
        "select a.subject, s.version, coalesce(s.state = 2, false), t.subject is not null"
        " from unnest($1::uuid[]) as a(subject) left join subject s on s.subject = a.subject"
        " left join (select distinct subject from tombstone where whole and subject = any($1::uuid[])) t"
        " on t.subject = a.subject where s.subject is not null or t.subject is not null",
        list(subjects),
    )
    return {UUID(int=row[0].int): Person(*tuple(row)[1:]) for row in rows}
