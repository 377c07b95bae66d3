"""Moves one database forwards or backwards; a process of its own, because Piccolo resolves one engine per process.

`python -m vault.storage.migrating control forwards` reads the owner's DSN from standard input, so that no secret shows
in a process list. A session advisory lock makes replicas that start together take turns. Exit code 0: done.
"""

from __future__ import annotations

import asyncio
import os
import sys
from types import ModuleType

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

CONF = "hvelv_migration_conf"
LOCK = 0x4876656C  # "Hvel"
APPS = {"control": "vault.storage.control.piccolo_app", "contents": "vault.storage.contents.piccolo_app"}


def configure(database: str, dsn: str) -> PostgresEngine:
    """Make Piccolo find this database and its migrations in this process."""
    engine = PostgresEngine(config={"dsn": dsn}, log_queries=False, extensions=())
    conf = ModuleType(CONF)
    conf.__dict__.update(DB=engine, APP_REGISTRY=AppRegistry(apps=[APPS[database]]))
    sys.modules[CONF] = conf
    os.environ["PICCOLO_CONF"] = CONF  # noqa: TID251  Piccolo is told its configuration in no other way
    return engine


async def move(database: str, direction: str, target: str, dsn: str) -> bool:
    """Run the migrations under the lock. Returns whether Piccolo reports success."""
    engine = configure(database, dsn)
    from piccolo.apps.migrations.commands import backwards, forwards  # noqa: PLC0415  needs the configuration above

    lock = await engine.get_new_connection()
    try:
        await lock.execute("select pg_advisory_lock($1)", LOCK)
        if direction == "forwards":
            return (await forwards.run_forwards(app_name=f"hvelv_{database}", migration_id=target)).success
        return (
            await backwards.run_backwards(app_name=f"hvelv_{database}", migration_id=target, auto_agree=True)
        ).success
    finally:
        await lock.close()


if __name__ == "__main__":
    chosen, way, *rest = sys.argv[1:]
    done = asyncio.run(move(chosen, way, rest[0] if rest else "all", sys.stdin.readline().strip()))
    raise SystemExit(0 if done else 1)
