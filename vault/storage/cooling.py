"""Statements about erasures that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId

COLUMNS: Final = "select id, subject, state, asked_at, due_at, month, sealed, receipt from erasure_request"
MANY: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A row as stored."""

    id: UUID
    subject: SubjectId
    state: str
    asked_at: datetime
    due_at: datetime
    month: date
    sealed: bytes
    receipt: UUID | None


async def insert_row(connection: Any, row: Row) -> None:
    """Put one down, unless it is there."""
    await connection.execute(
        "insert into erasure_request (id, subject, state, asked_at, due_at, month, sealed)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        row.id, row.subject, row.state, row.asked_at, row.due_at, row.month, row.sealed,
    )  # fmt: skip


async def settle(connection: Any, number: UUID, state: str, receipt: UUID | None = None) -> bool:
    """End a pending one. False: it was not pending any more."""
    done = await connection.fetchval(
        "update erasure_request set state = $2, receipt = $3 where id = $1 and state = 'pending' returning true",
        number, state, receipt,
    )  # fmt: skip
    return bool(done)


async def row_of(connection: Any, number: UUID) -> Row | None:
    """The one of this id."""
    found = await connection.fetchrow(f"{COLUMNS} where id = $1", number)
    return None if found is None else _row(found)


async def rows_of(connection: Any, subject: SubjectId) -> Sequence[Row]:
    """Those of a person, the latest first."""
    rows = await connection.fetch(f"{COLUMNS} where subject = $1 order by asked_at desc, id limit {MANY}", subject)
    return [_row(row) for row in rows]


async def due_rows(connection: Any, now: datetime, first: int) -> Sequence[Row]:
    """The next pending ones whose time has come."""
    rows = await connection.fetch(
        f"{COLUMNS} where state = 'pending' and due_at <= $1 order by due_at, id limit $2", now, first
    )
    return [_row(row) for row in rows]


async def forget_rows(connection: Any, before: datetime) -> int:
    """Remove those that ended, and were due before then."""
    rows = await connection.fetch(
        "delete from erasure_request where state <> 'pending' and due_at < $1 returning true", before
    )
    return len(rows)


async def begin_again(connection: Any, now: datetime) -> int:
    """After a restore: each pending one waits its whole time once more, since some may have been cancelled."""
    rows = await connection.fetch(
        "update erasure_request set due_at = $1::timestamptz + (due_at - asked_at), asked_at = $1"
        " where state = 'pending' returning true",
        now,
    )
    return len(rows)


def _row(found: Any) -> Row:
    number, subject, state, asked_at, due_at, month, sealed, receipt = found
    return Row(
        UUID(bytes=number.bytes), SubjectId(UUID(bytes=subject.bytes)), state, asked_at, due_at, month, sealed,
        None if receipt is None else UUID(bytes=receipt.bytes),
    )  # fmt: skip
