"""Statements of a restore: closing a database to everybody but its owner, and reading the tombstones it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from vault.storage.engine import translating
from vault.storage.writing import TombstoneRow

ROLES: Final = ("hvelv_app", "hvelv_sweeper", "hvelv_gateway")
PAGE: Final = 10_000
STONES: Final = "select id, subject, whole, at, month, sealed, keys from tombstone where at >= $1 order by at, id"


async def shut(connection: Any) -> None:
    """Let no role in any more but the owner. It lasts until `open_up`, also when the process dies."""
    await _each(connection, "revoke connect on database %I from {role}")


async def open_up(connection: Any) -> None:
    """Let the roles in again."""
    await _each(connection, "grant connect on database %I to {role}")


async def _each(connection: Any, statement: str) -> None:
    for role in ROLES:
        if await connection.fetchval("select true from pg_roles where rolname = $1", role):
            made = f"select format('{statement.format(role=role)}', current_database())"
            await connection.execute(await connection.fetchval(made))


async def visitors(connection: Any) -> int:
    """How many sessions of Hvelv's roles are still in the database."""
    count: int = await connection.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and usename = any($1::text[])",
        list(ROLES),
    )
    return count


async def tombstones(connection: Any, since: datetime) -> Sequence[TombstoneRow]:
    """Those set since then; none where there is no such table yet.

    Raises:
        Misconfigured, Unavailable: they are there and cannot be read.
    """
    async with translating():
        if await connection.fetchval("select to_regclass('public.tombstone')") is None:
            return []
        return [_stone(row) for row in await connection.fetch(STONES, since)]


def _stone(row: Any) -> TombstoneRow:
    number, subject, whole, at, month, sealed, keys = row
    dead = tuple(UUID(bytes=key.bytes) for key in keys)
    return TombstoneRow(UUID(bytes=number.bytes), SubjectId(UUID(bytes=subject.bytes)), whole, at, month, sealed, dead)


async def has_ledger(connection: Any) -> bool:
    """Whether the tables of the ledger's tree are there."""
    return await connection.fetchval("select to_regclass('public.ledger_checkpoint')") is not None


async def revoke_tokens(connection: Any, at: datetime) -> int:
    """Refuse every token: which were revoked since the backup is not known any more."""
    rows = await connection.fetch(
        "update token set revoked_at = $1 where revoked_at is null and expires_at > $1 returning true", at
    )
    return len(rows)


async def known_tombstones(connection: Any) -> set[UUID]:
    """The ids of all that are there."""
    return {UUID(bytes=row[0].bytes) for row in await connection.fetch("select id from tombstone")}


# -- contents ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naming:
    """By which columns rows of a table of contents are named, and which of such names control still knows."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    known: str

    @property
    def asked(self) -> str:
        """The names asked for, as a table `w` with these columns."""
        arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(self.types, 1))
        return f"unnest({arrays}) as w({', '.join(self.columns)})"


NAMINGS: Final[Mapping[str, Naming]] = {
    "blob": Naming(
        ("subject", "id"),
        ("uuid", "uuid"),
        "select h.subject, h.blob from head h join {asked} on h.subject = w.subject and h.blob = w.id"
        " join subject s on s.subject = h.subject and s.state = 1",
    ),
    "segment": Naming(
        ("subject", "series", "period"),
        ("uuid", "uuid", "integer"),
        "select distinct h.subject, h.series, h.period from series_head h join {asked}"
        " on h.subject = w.subject and h.series = w.series and h.period = w.period"
        " join subject s on s.subject = h.subject and s.state = 1",
    ),
}
"""Every table of contents. A person erased has no name left in control, and what died of one has none either."""

Name = tuple[object, ...]


async def stage(connection: Any, table: str, columns: Sequence[str], lines: bytes) -> list[Name]:
    """Rows of a backup, in PostgreSQL's text form, in a table of this transaction; returns their names."""
    await connection.execute(f"create temporary table arriving (like {table}) on commit drop")
    await connection.copy_to_table("arriving", source=BytesIO(lines), columns=list(columns), format="text")
    named = ", ".join(NAMINGS[table].columns)
    return [tuple(row) for row in await connection.fetch(f"select distinct {named} from arriving")]  # noqa: S608  names above


async def known_names(connection: Any, table: str, names: Sequence[Name]) -> list[Name]:
    """Those of these names that control knows of a living person."""
    naming = NAMINGS[table]
    rows = await connection.fetch(naming.known.format(asked=naming.asked), *_columns(naming, names))
    return [tuple(row) for row in rows]


async def bring_back(connection: Any, table: str, names: Sequence[Name]) -> int:
    """What was staged under these names, unless it is there; returns how many rows were not."""
    naming = NAMINGS[table]
    same = " and ".join(f"a.{column} = w.{column}" for column in naming.columns)
    rows = await connection.fetch(
        f"insert into {table} select a.* from arriving a join {naming.asked} on {same}"  # noqa: S608  names above
        " on conflict do nothing returning true",
        *_columns(naming, names),
    )
    return len(rows)


def _columns(naming: Naming, names: Sequence[Name]) -> list[list[object]]:
    return [[name[n] for name in names] for n in range(len(naming.columns))]


Place = tuple[UUID, UUID, int]
"""Of a head: subject, record, category."""


async def heads_after(connection: Any, after: Place) -> list[tuple[Place, UUID]]:
    """The next heads of living persons with the blobs they name."""
    rows = await connection.fetch(
        "select h.subject, h.record, h.category, h.blob from head h"
        " join subject s on s.subject = h.subject and s.state = 1"
        " where (h.subject, h.record, h.category) > ($1, $2, $3) order by 1, 2, 3 limit $4",
        *after, PAGE,
    )  # fmt: skip
    return [((row[0], row[1], row[2]), row[3]) for row in rows]


async def blobs_there(connection: Any, blobs: Sequence[tuple[UUID, UUID]]) -> int:
    """How many of these (subject, blob) contents has."""
    count: int = await connection.fetchval(
        "select count(*) from blob b join unnest($1::uuid[], $2::uuid[]) as w(subject, id)"
        " on b.subject = w.subject and b.id = w.id",
        [subject for subject, _ in blobs], [blob for _, blob in blobs],
    )  # fmt: skip
    return count
