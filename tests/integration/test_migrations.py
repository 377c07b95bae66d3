"""Both schemas go forwards and backwards whole, and processes that start together take turns."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from databases import Databases, connect
from determinism import VirtualClock
from vault_house import NOON, build_house, home

from hvelv import cluster
from hvelv.embedded import EmbeddedPostgres
from vault.errors import Misconfigured, Unavailable
from vault.storage.migrate import expected, migrate

pytestmark = pytest.mark.slow

KINDS = ("control", "contents")
NAMES = tuple(f"t_{kind}_{os.getpid()}_migrated" for kind in KINDS)


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncGenerator[Databases]:
    """Two databases nobody has migrated."""
    admin = await connect(postgres.dsn(cluster.OWNER, "postgres"))
    for name, kind in zip(NAMES, KINDS, strict=True):
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"create database {name}")
        for statement in cluster.admission(name, cluster.DATABASES[f"hvelv_{kind}"]):
            await admin.execute(statement)
    yield Databases(postgres, *NAMES)
    for name in NAMES:
        await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def shape(databases: Databases) -> dict[str, list[tuple[object, ...]]]:
    """Every column, index and grant of both databases, but of Piccolo's own table."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for kind, address in zip(KINDS, (databases.owner_control, databases.owner_contents), strict=True):
        connection = await connect(address)
        for part in (
            "select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns",
            "select tablename, indexname, indexdef from pg_indexes",
            "select grantee, table_name, privilege_type from information_schema.role_table_grants",
        ):
            schema = "schemaname" if "pg_indexes" in part else "table_schema"
            table = "tablename" if "pg_indexes" in part else "table_name"
            rows = await connection.fetch(f"{part} where {schema} = 'public' and {table} <> 'migration' order by 1,2,3")
            found[f"{kind}: {part.split(' from ')[1]}"] = [tuple(row.values()) for row in rows]
        await connection.close()
    return found


async def back(databases: Databases) -> None:
    await migrate(databases.owner_control, databases.owner_contents, direction="backwards", target="all")


async def test_both_schemas_go_forwards_backwards_and_forwards_again(empty: Databases, tmp_path: Path) -> None:
    nothing = await shape(empty)
    await migrate(empty.owner_control, empty.owner_contents)
    made = await shape(empty)
    assert {"ledger_entry", "subject_key", "tombstone"} <= {
        row[0] for row in made["control: information_schema.columns"]
    }
    assert {row[0] for row in made["contents: information_schema.columns"]} == {"blob", "segment"}
    await migrate(empty.owner_control, empty.owner_contents)
    assert await shape(empty) == made
    await back(empty)
    assert await shape(empty) == nothing
    (tmp_path / "keys").mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match="hvelv migrate"):
        await build_house(empty, tmp_path / "keys", VirtualClock(NOON)).start()
    await migrate(empty.owner_control, empty.owner_contents)
    assert await shape(empty) == made
    async with home(empty, tmp_path / "keys") as at_home:
        assert at_home.vault.policy.fields


async def test_what_was_done_is_written_down_by_its_name(empty: Databases) -> None:
    await migrate(empty.owner_control, empty.owner_contents)
    for kind, address in zip(KINDS, (empty.owner_control, empty.owner_contents), strict=True):
        connection = await connect(address)
        done = {row["name"] for row in await connection.fetch("select name from migration")}
        await connection.close()
        assert done == expected(kind)


async def test_processes_that_migrate_at_once_take_turns(empty: Databases) -> None:
    await asyncio.gather(*(migrate(empty.owner_control, empty.owner_contents) for _ in range(3)))
    connection = await connect(empty.owner_control)
    assert await connection.fetchval("select count(*) from migration") == len(expected("control"))
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty: Databases) -> None:
    connection = await connect(empty.owner_control)
    await connection.execute("create table ledger_entry (in_the_way int)")
    before = await shape(empty)
    with pytest.raises(Unavailable, match="`control` failed"):
        await migrate(empty.owner_control, empty.owner_contents)
    assert await shape(empty) == before
    await connection.execute("drop table ledger_entry")
    await connection.close()
    await migrate(empty.owner_control, empty.owner_contents)
    assert "control: information_schema.columns" in await shape(empty)
