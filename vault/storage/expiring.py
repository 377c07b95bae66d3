"""Statements of the retention run: who may have something due, and how many die in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from vault.storage.epochs import DROPPED
from vault.storage.rows import ERASED
from vault.storage.writing import ALL_SLOTS, TombstoneRow

EXPIRY_LOCK: Final = 0x48760004
"""One run at a time in all processes."""
TICK: Final = "select at, jumped_to from expiry_tick"
LOCKED_TICK: Final = f"{TICK} for update"

Place = tuple[date, SubjectId]
"""Where a page of the index of dates ended."""
Month = tuple[int, SubjectId]
"""Where a page of the months of series ended."""
FIRST_MONTH: Final = 23640
"""January 1970. Numbers below it are years."""


async def due_page(connection: Any, month: date, after: Place | None, limit: int) -> list[Place]:
    """The next subjects of whom something may be due in this month or before, the longest due first."""
    day, subject = after or (date.min, SubjectId(UUID(int=0)))
    rows = await connection.fetch(
        "select next_due, subject from subject where next_due <= $1 and (next_due, subject) > ($2, $3) and state = 1"
        " order by next_due, subject limit $4",
        month, day, subject, limit,
    )  # fmt: skip
    return [(row[0], SubjectId(row[1])) for row in rows]


async def months_page(connection: Any, last: int, after: Month | None, limit: int) -> list[Month]:
    """The next months of series up to `last` (12 · year + month - 1), and whose they are, the oldest first."""
    month, subject = after or (FIRST_MONTH, SubjectId(UUID(int=0)))
    rows = await connection.fetch(
        "select h.period, h.subject from series_head h where h.period >= 23640 and h.period <= $1"
        " and (h.period, h.subject) > ($2, $3) order by h.period, h.subject limit $4",
        last, month, subject, limit,
    )  # fmt: skip
    return [(row[0], SubjectId(row[1])) for row in rows]


async def people_page(
    connection: Any, due: date | None, month: int, after: SubjectId | None, limit: int
) -> list[SubjectId]:
    """The next subjects in the order of their ids: those of `due_page` and `months_page`, or with no `due` everybody.

    Ids that lead to nobody are left out: nothing of theirs has a date.
    """
    rows = await connection.fetch(
        "select s.subject from subject s where s.state = 1 and ($4::uuid is null or s.subject > $4)"
        " and ($1::date is null or s.next_due <= $1 or exists (select from series_head h where h.subject = s.subject"
        " and h.period >= $2 and h.period <= $3))"
        " and not exists (select from detached d where d.subject = s.subject) order by s.subject limit $5",
        due, FIRST_MONTH, month, after, limit,
    )  # fmt: skip
    return [SubjectId(row[0]) for row in rows]


async def destroy_subjects(connection: Any, subjects: Sequence[SubjectId]) -> None:
    """`destroy_subject` of many in one statement. The caller holds their locks."""
    if not subjects:
        return
    await connection.execute(
        "with gone as (delete from subject_key where slot = any($2::smallint[]) and subject = any($1::uuid[])),"
        " unindexed as (delete from index_token where slot = any($2::smallint[]) and subject = any($1::uuid[]))"
        " update subject set state = $3, version = version + 1, next_due = null, dirty_since = null"
        " where subject = any($1::uuid[])",
        list(subjects), ALL_SLOTS, ERASED,
    )  # fmt: skip
    await connection.execute("select pg_notify($1, s::text) from unnest($2::uuid[]) s", DROPPED, list(subjects))


async def insert_tombstones(connection: Any, epoch: int, rows: Sequence[TombstoneRow]) -> None:
    """Append the proofs of many erasures."""
    await connection.executemany(
        "insert into tombstone (id, subject, whole, epoch, at, month, sealed, keys)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(row.id, row.subject, row.whole, epoch, row.at, row.month, row.sealed, list(row.keys)) for row in rows],
    )


async def move_due(connection: Any, dates: Sequence[tuple[SubjectId, int, date | None]]) -> None:
    """Say when to look again at those (subject, version as weighed) of whom nothing died.

    Whoever changed meanwhile has a newer date already and keeps it. The version stays: no decision reads this.
    """
    await connection.execute(
        "update subject s set next_due = d.next_due"
        " from unnest($1::uuid[], $2::bigint[], $3::date[]) as d(subject, version, next_due)"
        " where s.subject = d.subject and s.version = d.version and s.next_due is distinct from d.next_due",
        *([row[n] for row in dates] for n in range(3)),
    )


async def insert_detached(connection: Any, subjects: Sequence[SubjectId]) -> None:
    """Say that these ids lead to nobody, so that nobody looks for their dates."""
    await connection.execute("insert into detached (subject) select * from unnest($1::uuid[])", list(subjects))


# -- the clock of the run ----------------------------------------------------------------------------------------------


async def last_tick(connection: Any, *, lock: bool = False) -> tuple[datetime, datetime | None] | None:
    """When a run last looked at the clock, and what the clock said when it had jumped; `None`: never."""
    row = await connection.fetchrow(LOCKED_TICK if lock else TICK)
    return None if row is None else (row[0], row[1])


async def write_tick(connection: Any, at: datetime, jumped_to: datetime | None) -> None:
    """Remember what the clock says, or that it jumped there from `at`."""
    await connection.execute(
        "insert into expiry_tick (one, at, jumped_to) values (true, $1, $2)"
        " on conflict (one) do update set at = excluded.at, jumped_to = excluded.jumped_to",
        at, jumped_to,
    )  # fmt: skip
