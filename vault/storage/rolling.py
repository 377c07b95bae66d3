"""Statements of the roll: bulk copies from one epoch's slot to the next by COPY, and what guards them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault.storage.epochs import EPOCH_LOCK, slot

CHUNK: Final = 10_000
FIRST: Final = UUID(int=0)
"""Before every subject: ids are random and of version 4, which this is not."""


class KeyToRoll(NamedTuple):
    """A subject's key in the old epoch, and the version its subject had in the same snapshot."""

    subject: UUID
    version: int
    generation: int
    wrapped: bytes


class TokenToRoll(NamedTuple):
    """An index token in the old epoch."""

    token: bytes
    subject: UUID
    record: UUID
    field: str


async def walk_by_key(connection: Any) -> None:
    """For this transaction: take rows along the keys of tables.

    The planner knows nothing yet of the partition that a roll is filling; it would take it for empty and read it whole
    for every row.
    """
    await connection.execute("select set_config('enable_seqscan', 'off', true)")


async def keys_to_roll(connection: Any, old: int, new: int, after: UUID | None) -> list[KeyToRoll]:
    """The next chunk of clean live subjects whose key is not in the new epoch yet, by subject id."""
    # all three are walked along their keys from where the last chunk ended: the planner does not infer it
    rows = await connection.fetch(
        "select s.subject, s.version, k.generation, k.wrapped"
        " from subject_key k join subject s on s.subject = k.subject"
        " where k.slot = $1 and k.epoch = $2 and k.subject > $4 and s.subject > $4"
        " and s.state = 1 and (s.dirty_since is null or s.dirty_since > $2)"
        " and not exists (select from subject_key n where n.slot = $3 and n.subject > $4 and n.subject = k.subject)"
        " order by k.subject limit $5",
        slot(old), old, slot(new), after or FIRST, CHUNK,
    )  # fmt: skip
    return [KeyToRoll(*row) for row in rows]


async def tokens_to_roll(connection: Any, old: int, subjects: Collection[UUID]) -> list[TokenToRoll]:
    """The index tokens of these subjects in the old epoch.

    Read as a range and sifted here: of a chunk nearly all in the range are wanted, and a list of ten thousand ids would
    be searched again for every row.
    """
    if not subjects:
        return []
    rows = await connection.fetch(
        "select token, subject, record, field from index_token where slot = $1 and subject between $2 and $3",
        slot(old), min(subjects), max(subjects),
    )  # fmt: skip
    wanted = frozenset(subjects)
    return [TokenToRoll(*row) for row in rows if row[1] in wanted]


async def copy_keys(connection: Any, new: int, rows: Sequence[tuple[UUID, int, bytes]]) -> None:
    """(subject, generation, wrapped) into the new epoch's partition."""
    await connection.copy_records_to_table(
        f"subject_key_{slot(new)}",
        columns=["slot", "subject", "epoch", "generation", "wrapped"],
        records=[(slot(new), subject, new, generation, wrapped) for subject, generation, wrapped in rows],
    )


async def copy_tokens(connection: Any, new: int, rows: Sequence[tuple[bytes, TokenToRoll]]) -> None:
    """(token as stored in the new epoch, row) into the new epoch's partition."""
    await connection.copy_records_to_table(
        f"index_token_{slot(new)}",
        columns=["slot", "token", "subject", "record", "field", "epoch"],
        records=[(slot(new), token, row.subject, row.record, row.field, new) for token, row in rows],
    )


async def changed_since(connection: Any, versions: dict[UUID, int]) -> list[UUID]:
    """Which of these subjects changed, were erased or made dirty since their version was read."""
    rows = await connection.fetch(
        "select v.subject from unnest($1::uuid[], $2::bigint[]) as v(subject, version)"
        " left join subject s on s.subject = v.subject and s.version = v.version and s.state = 1"
        " where s.subject is null",
        list(versions), list(versions.values()),
    )  # fmt: skip
    return [row[0] for row in rows]


async def take_back(
    connection: Any, new: int, subjects: Sequence[UUID], copied: Sequence[tuple[bytes, TokenToRoll]]
) -> None:
    """Remove what was copied of these subjects into the new epoch: it is copied again.

    Only that: what a writer put there in the meantime is nowhere else.
    """
    await connection.execute(
        "delete from subject_key where slot = $1 and subject = any($2::uuid[])", slot(new), list(subjects)
    )
    gone = set(subjects)
    await connection.executemany(
        "delete from index_token where slot = $1 and token = $2 and subject = $3 and record = $4 and field = $5",
        [(slot(new), token, row.subject, row.record, row.field) for token, row in copied if row.subject in gone],
    )


async def stop_writers(connection: Any) -> None:
    """Wait for the writers under way and hold new ones until this transaction ends. Readers go on."""
    await connection.execute("select from epoch where state = 'current' for update")


async def without_key(connection: Any, old: int, new: int) -> set[UUID]:
    """Live subjects that the old epoch opens and the new one does not.

    One that neither opens was damaged in an earlier roll and loses nothing more in this one.
    """
    rows = await connection.fetch(
        "select s.subject from subject s join subject_key o on o.slot = $1 and o.subject = s.subject where s.state = 1"
        " and not exists (select from subject_key k where k.slot = $2 and k.subject = s.subject)",
        slot(old), slot(new),
    )  # fmt: skip
    return {row[0] for row in rows}


async def dirty_subjects(connection: Any, old: int) -> list[UUID]:
    """Live subjects of whom a part died while the old epoch was current."""
    rows = await connection.fetch(
        "select subject from subject where state = 1 and dirty_since <= $1 order by subject", old
    )
    return [row[0] for row in rows]


async def others_hold(connection: Any, epoch: int) -> bool:
    """Whether another process still has the epoch open."""
    free = await connection.fetchval("select pg_try_advisory_lock($1, $2)", EPOCH_LOCK, epoch)
    if free:
        await connection.execute("select pg_advisory_unlock($1, $2)", EPOCH_LOCK, epoch)
    return not free


async def forget_epoch(connection: Any, old: int, at: datetime) -> None:
    """After its root is destroyed: the rows of an epoch that opens nothing, and the mark that completes receipts."""
    await connection.execute(f"truncate subject_key_{slot(old)}, index_token_{slot(old)}")
    await connection.execute("delete from system_key where epoch = $1", old)
    await connection.execute("delete from audit_key where epoch = $1", old)
    await connection.execute(
        "update epoch set state = 'destroyed', wrapped = null, destroyed_at = $2 where number = $1", old, at
    )
