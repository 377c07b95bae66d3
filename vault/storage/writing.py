"""The writing transaction: every row of every subject, or none.

Locks are taken in one order everywhere: the current epoch, the idempotency key, the token, the subjects by id. The
subject's row is the lock of all the subject has; its version and generation must still be the ones that were read,
otherwise nothing is written and the caller decides again. Blobs were stored before: one without a head is invisible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from policies.model import RecordId, SubjectId
from vault.storage.engine import Collision
from vault.storage.epochs import DROPPED, SLOT_COUNT, slot
from vault.storage.rows import ERASED, LIVE, DataKeyRow, HeadRow, SubjectKeyRow

ALL_SLOTS: Final = list(range(SLOT_COUNT))


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An index token to add: as stored in its epoch."""

    token: bytes
    record: RecordId
    field: str


@dataclass(frozen=True, slots=True)
class TokenGone:
    """Index tokens to take away: of this field of this record, or of one assignee (`token` as stored per epoch)."""

    record: RecordId
    field: str
    tokens: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True)
class TombstoneRow:
    """Proof of an erasure, written with it and never changed.

    `keys` are the data keys that died, by their random ids; none where the whole subject did. A restored older control
    is pruned by them (`vault/backups/replaying.py`).
    """

    id: UUID
    subject: SubjectId
    whole: bool
    at: datetime
    month: date
    sealed: bytes
    keys: tuple[UUID, ...] = ()


@dataclass(slots=True, kw_only=True)
class SubjectWrite:
    """All rows to change of one subject. `read_version` 0 means it is born now."""

    subject: SubjectId
    read_version: int
    generation: int
    next_due: date | None
    standing_key: UUID
    standing: bytes
    events_total: int
    events: Sequence[tuple[int, bytes]] = ()
    subject_key: SubjectKeyRow | None = None
    data_keys: list[DataKeyRow] = field(default_factory=list)
    dead_keys: list[UUID] = field(default_factory=list)
    dead_series: list[UUID] = field(default_factory=list)
    heads: list[HeadRow] = field(default_factory=list)
    dead_heads: list[tuple[RecordId, int]] = field(default_factory=list)
    tokens: list[TokenRow] = field(default_factory=list)
    tokens_gone: list[TokenGone] = field(default_factory=list)
    tombstone: TombstoneRow | None = None


async def take_request(connection: Any, key: bytes, body: bytes, outcome: bytes, at: datetime) -> bool:
    """Claim an idempotency key. Waits for whoever else is claiming it; False: it has been used."""
    taken = await connection.fetchval(
        "insert into idempotency (key, body, outcome, at) values ($1, $2, $3, $4)"
        " on conflict do nothing returning true",
        key, body, outcome, at,
    )  # fmt: skip
    return bool(taken)


async def request_outcome(connection: Any, key: bytes) -> tuple[bytes, bytes] | None:
    """What an idempotency key stands for: (body, outcome)."""
    row = await connection.fetchrow("select body, outcome from idempotency where key = $1", key)
    return None if row is None else (row[0], row[1])


async def lock_subjects(connection: Any, expected: dict[SubjectId, tuple[int, int]]) -> None:
    """Lock existing subjects in the order of their ids; (version, generation) must be as read.

    Raises:
        Collision: one of them changed, or was erased.
    """
    if not expected:
        return
    rows = await connection.fetch(
        "select subject, version, generation from subject where subject = any($1::uuid[]) and state = 1"
        " order by subject for no key update",
        list(expected),
    )
    if {row[0]: (row[1], row[2]) for row in rows} != expected:
        msg = "a subject changed since it was read"
        raise Collision(msg)


async def write_subjects(connection: Any, epoch: int, writes: Sequence[SubjectWrite]) -> None:
    """Write all rows. The caller holds the locks and the transaction."""
    await _subjects(connection, epoch, writes)
    await _keys(connection, epoch, writes)
    await _standings(connection, writes)
    await _heads(connection, writes)
    await _tokens(connection, epoch, writes)
    for write in writes:
        if write.tombstone is not None:
            await insert_tombstone(connection, epoch, write.tombstone)
            await connection.execute("select pg_notify($1, $2)", DROPPED, str(write.subject))


async def _many(connection: Any, query: str, rows: Iterable[Sequence[object]]) -> None:
    found = list(rows)
    if found:
        await connection.executemany(query, found)


async def _subjects(connection: Any, epoch: int, writes: Sequence[SubjectWrite]) -> None:
    await _many(
        connection,
        "insert into subject (subject, version, state, generation, next_due) values ($1, $2, $3, $4, $5)",
        ((w.subject, 1, LIVE, w.generation, w.next_due) for w in writes if not w.read_version),
    )
    await _many(
        connection,
        "update subject set version = version + 1, next_due = $2,"
        " dirty_since = case when $3 then coalesce(dirty_since, $4) else dirty_since end where subject = $1",
        ((w.subject, w.next_due, bool(w.dead_keys), epoch) for w in writes if w.read_version),
    )


async def _keys(connection: Any, epoch: int, writes: Sequence[SubjectWrite]) -> None:
    await _many(
        connection,
        "insert into subject_key (slot, subject, epoch, generation, wrapped) values ($1, $2, $3, $4, $5)",
        (
            (slot(epoch), w.subject, epoch, w.subject_key.generation, w.subject_key.wrapped)
            for w in writes
            if w.subject_key is not None
        ),
    )
    await _many(
        connection,
        "delete from data_key where subject = $1 and id = $2",
        ((w.subject, key) for w in writes for key in w.dead_keys),
    )
    await _many(
        connection,
        "delete from series_head where subject = $1 and (key = any($2::uuid[]) or series = any($3::uuid[]))",
        ((w.subject, w.dead_keys, w.dead_series) for w in writes if w.dead_keys),
    )
    await _many(
        connection,
        "insert into data_key (subject, id, category, instance, generation, wrapped) values ($1, $2, $3, $4, $5, $6)",
        ((w.subject, k.id, k.category, k.instance, k.generation, k.wrapped) for w in writes for k in w.data_keys),
    )


async def _standings(connection: Any, writes: Sequence[SubjectWrite]) -> None:
    await _many(
        connection,
        "insert into standing (subject, key, sealed, events) values ($1, $2, $3, $4)"
        " on conflict (subject) do update set key = excluded.key, sealed = excluded.sealed, events = excluded.events",
        ((w.subject, w.standing_key, w.standing, w.events_total) for w in writes),
    )
    await _many(
        connection,
        "insert into event (subject, number, key, sealed) values ($1, $2, $3, $4)"
        " on conflict (subject, number) do update set key = excluded.key, sealed = excluded.sealed",
        ((w.subject, number, w.standing_key, sealed) for w in writes for number, sealed in w.events),
    )
    await _many(
        connection,
        "delete from event where subject = $1 and number > $2",
        ((w.subject, w.events_total) for w in writes if w.dead_keys),
    )


async def _heads(connection: Any, writes: Sequence[SubjectWrite]) -> None:
    await _many(
        connection,
        "delete from head where subject = $1 and record = $2 and category = $3",
        ((w.subject, record, category) for w in writes for record, category in w.dead_heads),
    )
    await _many(
        connection,
        "insert into head (subject, record, category, version, field_set, key, blob, tag)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (subject, record, category) do update set"
        ""
        " version = excluded.version, field_set = excluded.field_set, key = excluded.key, blob = excluded.blob,"
        " tag = excluded.tag",
        (
            (w.subject, h.record, h.category, h.version, h.field_set, h.key, h.blob, h.tag)
            for w in writes
            for h in w.heads
        ),
    )


async def _tokens(connection: Any, epoch: int, writes: Sequence[SubjectWrite]) -> None:
    await _many(
        connection,
        "delete from index_token where slot = any($1::smallint[]) and subject = $2 and record = $3 and field = $4"
        " and ($5::bytea[] is null or token = any($5))",
        ((ALL_SLOTS, w.subject, gone.record, gone.field, gone.tokens) for w in writes for gone in w.tokens_gone),
    )
    await _many(
        connection,
        "insert into index_token (slot, token, subject, record, field, epoch) values ($1, $2, $3, $4, $5, $6)"
        " on conflict do nothing",
        ((slot(epoch), t.token, w.subject, t.record, t.field, epoch) for w in writes for t in w.tokens),
    )


async def insert_tombstone(connection: Any, epoch: int, row: TombstoneRow) -> None:
    """Append the proof of an erasure."""
    await connection.execute(
        "insert into tombstone (id, subject, whole, epoch, at, month, sealed, keys)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        row.id, row.subject, row.whole, epoch, row.at, row.month, row.sealed, list(row.keys),
    )  # fmt: skip


async def destroy_subject(connection: Any, subject: SubjectId) -> None:
    """Take a whole subject's key and index tokens away, however much data hangs below. The caller holds the lock.

    Groups, data keys, heads and standing stay unreadable where they are until the sweeper removes them.
    """
    await connection.execute(
        "with gone as (delete from subject_key where slot = any($2::smallint[]) and subject = $1),"
        " unindexed as (delete from index_token where slot = any($2::smallint[]) and subject = $1)"
        " update subject set state = $3, version = version + 1, next_due = null, dirty_since = null where subject = $1",
        subject, ALL_SLOTS, ERASED,
    )  # fmt: skip
    await connection.execute("select pg_notify($1, $2)", DROPPED, str(subject))


async def insert_blobs(connection: Any, blobs: Sequence[tuple[SubjectId, UUID, bytes]]) -> None:
    """Store sealed groups in contents. Durable on return; invisible until a head names them."""
    await connection.execute(
        "insert into blob (subject, id, sealed) select * from unnest($1::uuid[], $2::uuid[], $3::bytea[])",
        *([row[n] for row in blobs] for n in range(3)),
    )
