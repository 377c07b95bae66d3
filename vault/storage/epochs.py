"""Statements about epochs and the keys that belong to no subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

CURRENT: Final = "current"
RETIRING: Final = "retiring"
MOVED: Final = "moved"
DESTROYED: Final = "destroyed"

SLOT_COUNT: Final = 4
FOUNDING_LOCK: Final = 0x48760001
ROLL_LOCK: Final = 0x48760002
EPOCH_LOCK: Final = 0x48760003  # first key of a pair; the second is the epoch's number
CHANGED: Final = "hvelv_epoch"
DROPPED: Final = "hvelv_dropped"
COLUMNS: Final = "select number, state, root_version, wrapped, inbox_public from epoch"


def slot(epoch: int) -> int:
    """The partition an epoch's subject keys and index tokens live in."""
    return epoch % SLOT_COUNT


@dataclass(frozen=True, slots=True)
class EpochRow:
    """An epoch as stored: its key wrapped under its root version."""

    number: int
    state: str
    root_version: int
    wrapped: bytes
    inbox_public: bytes


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """The wrapped keys of one epoch that belong to no subject."""

    system: dict[str, bytes]
    audit: dict[date, bytes]


async def live_epochs(connection: Any) -> list[EpochRow]:
    """Every epoch that somebody may need to open something, oldest first."""
    rows = await connection.fetch(COLUMNS + " where state in ('current', 'retiring') order by number")
    return [EpochRow(*row) for row in rows]


async def unfinished_epochs(connection: Any) -> list[EpochRow]:
    """Every epoch whose root may still exist, oldest first: the current one, and one that a roll has not finished."""
    rows = await connection.fetch(COLUMNS + " where state <> 'destroyed' order by number")
    return [EpochRow(*row) for row in rows]


async def mark(connection: Any, number: int, state: str) -> None:
    """Move an epoch to its next state."""
    await connection.execute("update epoch set state = $2 where number = $1", number, state)


async def epoch_keys(connection: Any, number: int) -> EpochKeys:
    """The wrapped system and audit keys of an epoch."""
    system = await connection.fetch("select name, wrapped from system_key where epoch = $1", number)
    audit = await connection.fetch("select month, wrapped from audit_key where epoch = $1", number)
    return EpochKeys(dict(map(tuple, system)), dict(map(tuple, audit)))


async def insert_epoch(connection: Any, row: EpochRow, keys: EpochKeys, at: datetime) -> None:
    """A new current epoch with its keys; within the caller's transaction."""
    await connection.execute(
        "insert into epoch (number, state, root_version, wrapped, inbox_public, started_at)"
        " values ($1, $2, $3, $4, $5, $6)",
        row.number, row.state, row.root_version, row.wrapped, row.inbox_public, at,
    )  # fmt: skip
    await connection.executemany(
        "insert into system_key (epoch, name, wrapped) values ($1, $2, $3)",
        [(row.number, name, wrapped) for name, wrapped in keys.system.items()],
    )
    for month, wrapped in keys.audit.items():
        await insert_audit_key(connection, row.number, month, wrapped)


async def insert_audit_key(connection: Any, epoch: int, month: date, wrapped: bytes) -> None:
    """Store a month's audit key unless another process was first."""
    await connection.execute(
        "insert into audit_key (month, epoch, wrapped) values ($1, $2, $3) on conflict do nothing",
        month,
        epoch,
        wrapped,
    )


async def hold_current_epoch(connection: Any) -> int | None:
    """The current epoch's number, held until the transaction ends: a roll switches only between writers."""
    number: int | None = await connection.fetchval("select number from epoch where state = 'current' for share")
    return number
