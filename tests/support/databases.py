"""Real PostgreSQL for tests: one server for every run in this tree, one migrated template, a fresh pair per test.

The server lives in `.pgtest/` and is shared by all workers and runs that go on at once; the last to finish stops it,
and a run that was killed leaves it to the next. It runs without `fsync`, which is for power failures, not for crashes.
Templates are named after the migrations they were made from. A test that stops or kills a server makes one of its own
(`private_server`).
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

import asyncpg

from hvelv import cluster
from hvelv.embedded import EmbeddedPostgres
from hvelv.errors import NotRunning

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / ".pgtest"
QUICK: Final = {"fsync": "off", "synchronous_commit": "on", "max_connections": "200", "shared_buffers": "64MB"}
KINDS: Final = ("control", "contents")

_numbers = itertools.count(1)


class Connection(Protocol):
    """The part of asyncpg's connection that tests use, with the types it does not declare."""

    async def execute(self, query: str, *values: object) -> str: ...

    async def fetch(self, query: str, *values: object) -> list[Mapping[str, Any]]: ...

    async def fetchval(self, query: str, *values: object) -> object: ...

    async def close(self) -> None: ...


async def connect(dsn: str) -> Connection:
    """A connection outside every pool."""
    return cast("Connection", await asyncpg.connect(dsn))


@dataclass(frozen=True, slots=True)
class Databases:
    """A migrated pair. Attributes are addresses for the role `hvelv_app` unless they name another."""

    server: EmbeddedPostgres
    control_name: str
    contents_name: str

    def address(self, role: str, kind: str) -> str:
        """The address of `control` or `contents` for a role, say `hvelv_gateway`."""
        return self.server.dsn(role, {"control": self.control_name, "contents": self.contents_name}[kind])

    @property
    def control(self) -> str:
        """For the application."""
        return self.address("hvelv_app", "control")

    @property
    def contents(self) -> str:
        """For the application."""
        return self.address("hvelv_app", "contents")

    @property
    def owner_control(self) -> str:
        """For migrations, and for tests that break in."""
        return self.address(cluster.OWNER, "control")

    @property
    def owner_contents(self) -> str:
        """For migrations, and for tests that break in."""
        return self.address(cluster.OWNER, "contents")

    @property
    def sweeper_control(self) -> str:
        """For the sweeper and the roll."""
        return self.address("hvelv_sweeper", "control")

    @property
    def sweeper_contents(self) -> str:
        """For the sweeper."""
        return self.address("hvelv_sweeper", "contents")

    @property
    def gateway_control(self) -> str:
        """For the device gateway."""
        return self.address("hvelv_gateway", "control")


@contextmanager
def shared_server() -> Generator[EmbeddedPostgres, None, None]:
    """The server of this tree, started by the first that asks and stopped by the last."""
    PLACE.mkdir(mode=0o711, exist_ok=True)
    server = EmbeddedPostgres(PLACE / "data", settings=QUICK)
    with (PLACE / "users").open("a") as users:
        with _turn():
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                server.attach()
            except NotRunning:
                server.start()
                server.leave()
        try:
            yield server
        finally:
            with _turn():
                _stop_if_last(server, users.fileno())


@contextmanager
def private_server(settings: dict[str, str] | None = None) -> Generator[EmbeddedPostgres, None, None]:
    """A server of the test's own, which it may stop, kill and start; everything is removed afterwards."""
    PLACE.mkdir(mode=0o711, exist_ok=True)
    server = EmbeddedPostgres(PLACE / f"private-{os.getpid()}-{next(_numbers)}", settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.discard()


@asynccontextmanager
async def fresh_pair(server: EmbeddedPostgres) -> AsyncGenerator[Databases, None]:
    """A pair cloned from the template, dropped afterwards with whatever is still connected to it."""
    templates = await _templates(server)
    number = f"{os.getpid()}_{next(_numbers)}"
    pair = Databases(server, f"t_control_{number}", f"t_contents_{number}")
    admin = await _admin(server)
    try:
        for kind, name in zip(KINDS, (pair.control_name, pair.contents_name), strict=True):
            await admin.execute(f"create database {name} template {templates[kind]} strategy file_copy")
            for statement in cluster.admission(name, cluster.DATABASES[f"hvelv_{kind}"]):
                await admin.execute(statement)
        yield pair
    finally:
        for name in (pair.control_name, pair.contents_name):
            await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


async def _templates(server: EmbeddedPostgres) -> dict[str, str]:
    """The names of the migrated templates; the first that needs them makes them and drops what is out of date."""
    from vault.storage.migrate import migrate  # noqa: PLC0415  tests without a database never load the storage

    names = {kind: f"template_{kind}_{_fingerprint()}" for kind in KINDS}
    with _turn():
        admin = await _admin(server)
        try:
            made = {row["datname"] for row in await admin.fetch("select datname from pg_database where datistemplate")}
            if not made.issuperset(names.values()):
                await _drop_leftovers(admin)
                for name in names.values():
                    await admin.execute(f"create database {name}")
                await migrate(*(server.dsn(cluster.OWNER, names[kind]) for kind in KINDS))
                for name in names.values():
                    await admin.execute(f"alter database {name} is_template true")
        finally:
            await admin.close()
    return names


async def _drop_leftovers(admin: Connection) -> None:
    """Templates of other migrations, half-made ones, and pairs of runs that were killed."""
    rows = await admin.fetch("select datname, datistemplate from pg_database where datname ~ '^(template|t)_con'")
    for row in rows:
        if row["datname"].startswith("t_") and _process_lives(int(row["datname"].split("_")[2])):
            continue
        if row["datistemplate"]:
            await admin.execute(f"alter database {row['datname']} is_template false")
        await admin.execute(f"drop database {row['datname']} with (force)")


async def _admin(server: EmbeddedPostgres) -> Connection:
    return await connect(server.dsn(cluster.OWNER, "postgres"))


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted((ROOT / "vault" / "storage").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _turn() -> Generator[None, None, None]:
    """One process at a time looks after the server and its templates."""
    with (PLACE / "turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _stop_if_last(server: EmbeddedPostgres, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    server.start()
    server.stop()
