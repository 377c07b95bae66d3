"""Behind the doors: what the tables hold, how to change it, a second house over the same databases, a roll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from databases import Connection, Databases, connect
from vault_house import Home, build_house

from hvelv import cluster
from policies.model import SubjectId
from vault import House, Vault
from vault.keys.roll import Report, Roll


@dataclass(frozen=True, slots=True)
class Addresses:
    """Two addresses, in the shape a house is built from."""

    control: str
    contents: str


@asynccontextmanager
async def owner(databases: Databases, kind: str = "control") -> AsyncGenerator[Connection, None]:
    """A connection that may do anything."""
    connection = await connect(databases.owner_control if kind == "control" else databases.owner_contents)
    try:
        yield connection
    finally:
        await connection.close()


async def fetch(databases: Databases, query: str, *values: object, kind: str = "control") -> list[Any]:
    async with owner(databases, kind) as connection:
        return [tuple(row.values()) for row in await connection.fetch(query, *values)]


async def value(databases: Databases, query: str, *values: object, kind: str = "control") -> Any:
    async with owner(databases, kind) as connection:
        return await connection.fetchval(query, *values)


async def execute(databases: Databases, query: str, *values: object, kind: str = "control") -> None:
    """Change something behind the vault's back."""
    async with owner(databases, kind) as connection:
        await connection.execute(query, *values)


async def row_counts(databases: Databases, *, without: Iterable[str] = ()) -> dict[str, int]:
    """Rows of every table of both databases."""
    counts: dict[str, int] = {}
    for kind in ("control", "contents"):
        async with owner(databases, kind) as connection:
            names = await connection.fetch(
                "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
            )
            for row in names:
                if row["relname"] not in without:
                    counts[row["relname"]] = int(
                        str(await connection.fetchval(f"select count(*) from {row['relname']}"))
                    )
    return counts


def sweepers(databases: Databases) -> Addresses:
    return Addresses(databases.sweeper_control, databases.sweeper_contents)


@asynccontextmanager
async def another_house(home: Home, seed: str, *, sweeper: bool = False) -> AsyncGenerator[House, None]:
    """A second process over the same databases and keyring, as far as anything in the vault can tell."""
    place: Any = sweepers(home.databases) if sweeper else home.databases
    house = build_house(place, home.keyring, home.clock, seed=seed)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


@asynccontextmanager
async def another_vault(databases: Any, keyring: Path, home: Home, seed: str) -> AsyncGenerator[Vault, None]:
    """A vault over any databases and keyring, with the clock of the home."""
    async with Vault(build_house(databases, keyring, home.clock, seed=seed)) as vault:
        yield vault


async def roll(home: Home, seed: str = "sweeper", *, wait_seconds: float = 60.0) -> Report:
    """A whole roll by a process of its own."""
    async with another_house(home, f"{seed} {home.clock()}", sweeper=True) as house:
        return await Roll(house, wait_seconds=wait_seconds).run()


@asynccontextmanager
async def put_back(
    databases: Databases, table: str, *subjects: SubjectId, kind: str = "control"
) -> AsyncGenerator[None, None]:
    """Whatever happens inside to these subjects' rows of a table, afterwards they are what they were."""
    mine = "subject = any(array[" + ", ".join(f"'{subject}'::uuid" for subject in subjects) + "])"
    await execute(databases, f"create table saved_{table} as select * from {table} where {mine}", kind=kind)
    try:
        yield
    finally:
        async with owner(databases, kind) as connection:
            await connection.execute(
                f"begin; delete from {table} where {mine}; insert into {table} select * from saved_{table};"
                f" drop table saved_{table}; commit"
            )


@asynccontextmanager
async def copies(databases: Databases, name: str) -> AsyncGenerator[Databases, None]:
    """Both databases as they are now, row for row: what a thief of a backup has."""
    made = Databases(databases.server, f"{databases.control_name}_{name}", f"{databases.contents_name}_{name}")
    admin = await connect(databases.server.dsn(cluster.OWNER, "postgres"))
    pairs = ((databases.control_name, made.control_name), (databases.contents_name, made.contents_name))
    try:
        for (old, new), kind in zip(pairs, ("control", "contents"), strict=True):
            await admin.execute(f"alter database {old} allow_connections false")
            await admin.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{old}'")
            await _until_alone(admin, old)
            await admin.execute(f"create database {new} template {old} strategy file_copy")
            await admin.execute(f"alter database {old} allow_connections true")
            for statement in cluster.admission(new, cluster.DATABASES[f"hvelv_{kind}"]):
                await admin.execute(statement)
        yield made
    finally:
        for _, new in pairs:
            await admin.execute(f"drop database if exists {new} with (force)")
        await admin.close()


async def _until_alone(admin: Connection, name: str) -> None:
    for _ in range(1_000):
        if not await admin.fetchval("select count(*) from pg_stat_activity where datname = $1", name):
            return
        await asyncio.sleep(0.01)


async def transplant(source: Databases, target: Databases, *tables: str) -> None:
    """Every row of these control tables of one database, in place of the other's."""
    async with owner(source) as there, owner(target) as here:
        for table in tables:
            rows = [tuple(row.values()) for row in await there.fetch(f"select * from {table}")]
            await here.execute(f"delete from {table}")
            for row in rows:
                places = ", ".join(f"${n + 1}" for n in range(len(row)))
                await here.execute(f"insert into {table} values ({places})", *row)
