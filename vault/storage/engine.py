"""One connection pool per database, and the only translation of driver errors.

Unique and not-null violations carry values in their texts, so no driver exception leaves this module: what leaves is
named by SQLSTATE alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import asyncpg
from piccolo.engine.postgres import PostgresEngine

from vault.errors import Misconfigured, Unavailable, VaultError
from vault.storage.migrate import expected

RETRY: Final = frozenset({"40001", "40P01"})
SETTINGS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "application_name": "hvelv",
    # every lookup is by key; a plan per execution costs more than it finds
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}


class Collision(VaultError):
    """Somebody else changed or took the same row first: read again and decide again. Never leaves the vault."""


def translated(error: Exception) -> VaultError:
    """The vault's own error for a driver error, without any of its text."""
    state = getattr(error, "sqlstate", None)
    if state == "23505" or state in RETRY:
        return Collision(f"sqlstate `{state}`")
    if isinstance(
        error,
        (
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.ClientConfigurationError,
            asyncpg.InvalidCatalogNameError,
            asyncpg.UndefinedTableError,
            asyncpg.InsufficientPrivilegeError,
        ),
    ):
        return Misconfigured(f"the database refuses with sqlstate `{state}`; check the url and run `hvelv migrate`")
    return Unavailable(f"the database does not answer (sqlstate `{state or type(error).__name__}`)")


@asynccontextmanager
async def translating() -> AsyncGenerator[None, None]:
    """Run driver calls; whatever they raise leaves translated, without cause or text."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise translated(error) from None


class _Engine(PostgresEngine):
    """Piccolo's engine without its greeting, which connects while it is made and prints addresses when it cannot."""

    async def check_version(self) -> None:
        """Whether the schema fits is checked by `Database.open_pool`."""

    async def prep_database(self) -> None:
        """No extension is needed."""


async def _as_it_is(_connection: object) -> None:
    """What the driver asks the server before a connection goes back to the pool: nothing, for nothing is left over.

    An open transaction is rolled back by the driver all the same. Settings change within transactions only, and session
    locks, LISTEN and cursors live on `dedicated` connections; the driver's own four statements cost a round trip each
    time a door touches the database.
    """


class Database:
    """A pool on one database, opened by `open_pool` and closed by `close`."""

    def __init__(self, name: str, dsn: str) -> None:
        self.name = name
        self._engine = _Engine(config={"dsn": dsn}, log_queries=False, extensions=())

    async def open_pool(self, *, size: int = 8) -> None:
        """Connect, and refuse a database whose schema is not the one this code was written for.

        Raises:
            Unavailable: nothing answers at the address.
            Misconfigured: wrong database or an older or newer schema.
        """
        async with translating():
            await self._engine.start_connection_pool(
                min_size=0, max_size=size, command_timeout=20, timeout=10, server_settings=SETTINGS, reset=_as_it_is
            )
        if await self._migrations() != expected(self.name):
            await self.close()
            msg = f"database `{self.name}` has another schema version than this code; run `hvelv migrate`"
            raise Misconfigured(msg)

    async def _migrations(self) -> frozenset[str]:
        found = await self.fetchrow("select to_regclass('public.migration')")
        if found is None or found[0] is None:
            return frozenset()
        rows = await self.fetch("select name from public.migration where app_name = $1", f"hvelv_{self.name}")
        return frozenset(row["name"] for row in rows)

    async def close(self) -> None:
        """Close the pool; harmless when it is closed already."""
        if self._engine.pool is not None:
            await self._engine.close_connection_pool()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Any, None]:
        """A pooled connection; driver errors leave translated."""
        async with translating():
            pool = self._engine.pool
            if pool is None:
                msg = "pool is closed"
                raise asyncpg.InterfaceError(msg)
            async with cast("Any", pool).acquire() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Any, None]:
        """A READ COMMITTED transaction: all of it or nothing, also when the process dies in the middle."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *values: object) -> list[Any]:
        """All rows of one statement."""
        async with self.connection() as connection:
            rows: list[Any] = await connection.fetch(query, *values)
            return rows

    async def fetchrow(self, query: str, *values: object) -> Any:
        """The first row of one statement, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(query, *values)

    async def execute(self, query: str, *values: object) -> str:
        """Run one statement; returns its command tag."""
        async with self.connection() as connection:
            tag: str = await connection.execute(query, *values)
            return tag

    async def dedicated(self) -> Any:
        """A connection outside the pool, for session locks and LISTEN. The caller closes it."""
        async with translating():
            return await self._engine.get_new_connection()


async def retrying(pause: float) -> None:
    """Wait a little before deciding again, so that the winner of a race can finish."""
    await asyncio.sleep(pause)
