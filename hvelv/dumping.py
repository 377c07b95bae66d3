"""PostgreSQL's own dump and restore, as a backup needs them.

`pg_dump` and `pg_restore` come with the embedded server or from the system. Addresses travel in the environment of the
child, never on its command line, where every account of the machine could read them. What a program says is shown by
its first error line alone: the lines behind it may show rows.
"""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from hvelv.errors import NoPrograms
from hvelv.programs import ENVIRONMENT, Account, find
from hvelv.settings import Addresses
from vault.errors import Misconfigured, Unavailable, VaultError

DUMP: Final = ("--format=custom", "--compress=1", "--lock-wait-timeout=10s", "--no-password")
LOAD: Final = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--no-password", "--file=-")
AFRESH: Final = b"""drop schema public cascade;
create schema public authorization pg_database_owner;
grant usage on schema public to public;
"""
"""Everything of ours is in this schema. `pg_restore --clean` cannot drop the keys of partitions."""
AWAY: Final = "connection to server"
BLOCK: Final = 1 << 20
END: Final = b"\\.\n"
LONGEST_LINE: Final = 1 << 28
"""Of a row in text form: a document is at most 10 MB and takes two characters a byte."""


class PgArchive:
    """`vault.backups.archive.Archive` over two addresses, the owner's."""

    def __init__(self, where: Addresses) -> None:
        self._where = {"control": where.control, "contents": where.contents or ""}
        self._folder = programs()

    async def dump(self, database: str, file: Path, without: Sequence[str]) -> None:
        """See `Archive.dump`."""
        excluded = [f"--exclude-table-data=public.{table}" for table in without]
        await self._run("pg_dump", *DUMP, *excluded, f"--file={file}", database=database)

    async def load(self, database: str, file: Path) -> None:
        """See `Archive.load`."""
        script = ("--file=-", str(file))
        source = await asyncio.create_subprocess_exec(
            str(self._folder / "pg_restore"), *script, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT
        )
        target = await self._child("psql", *LOAD, database=database, stdin=PIPE)
        try:
            await _pour(source, target)
        finally:
            await _ended(source)
            words = await _ended(target)
        if source.returncode or target.returncode:
            raise _refused("psql", words)

    async def lines(self, file: Path, table: str) -> AsyncIterator[bytes]:
        """See `Archive.lines`."""
        child = await asyncio.create_subprocess_exec(
            str(self._folder / "pg_restore"), "--data-only", f"--table={table}", "--file=-", str(file),
            stdout=PIPE, stderr=PIPE, env=ENVIRONMENT, limit=LONGEST_LINE,
        )  # fmt: skip
        if child.stdout is None:
            raise Misconfigured("`pg_restore` has no output")
        reading = False
        async for line in child.stdout:
            if line.startswith(b"COPY ") and not reading:
                reading = True
                yield line[line.index(b"(") + 1 : line.index(b")")].replace(b",", b"")
            elif reading and (reading := line != END):
                yield line
        words = await _ended(child)
        if child.returncode:
            raise _refused("pg_restore", words)

    async def _run(self, name: str, *arguments: str, database: str) -> None:
        child = await self._child(name, *arguments, database=database, stdin=DEVNULL)
        words = await _ended(child)
        if child.returncode:
            raise _refused(name, words)

    async def _child(self, name: str, *arguments: str, database: str, stdin: int) -> Process:
        environment = {**ENVIRONMENT, **libpq(self._where[database])}
        return await asyncio.create_subprocess_exec(
            str(self._folder / name),
            *arguments,
            stdin=stdin,
            stdout=DEVNULL,
            stderr=PIPE,
            env=environment,
            umask=0o077,
        )


async def _pour(source: Process, target: Process) -> None:
    """The script of one program into the other, behind what makes room for it.

    Only when the whole script has been read does the other see its end, and commit: a source that dies half-way takes
    the target along.
    """
    if source.stdout is None or target.stdin is None:
        raise Misconfigured("the programs of postgresql have no input and output")
    with suppress(BrokenPipeError, ConnectionResetError):  # it refused and ended; its words say why
        target.stdin.write(AFRESH)
        while block := await source.stdout.read(BLOCK):
            target.stdin.write(block)
            await target.stdin.drain()
    if await source.wait():
        target.kill()
    target.stdin.close()


async def _ended(child: Process) -> bytes:
    """What it said, once it has ended; it ends now if we are told to."""
    try:
        words = await child.stderr.read() if child.stderr else b""
        await child.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.terminate()
        raise
    return words


def programs() -> Path:
    """The folder of `pg_dump` and `pg_restore`: the embedded server's, else the system's.

    Raises:
        NoPrograms: neither is there.
    """
    try:
        return find(Account.choose(None, Path("/nowhere"))).folder
    except NoPrograms:
        on_path = shutil.which("pg_dump")
        if on_path is None:
            raise NoPrograms("no `pg_dump` found; install the client programs of postgresql") from None
        return Path(on_path).resolve().parent


def libpq(address: str) -> Mapping[str, str]:
    """An address as the environment variables that PostgreSQL's programs read."""
    parts = urlsplit(address)
    named = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port) if parts.port else None,
        "PGUSER": unquote(parts.username) if parts.username else None,
        "PGPASSWORD": unquote(parts.password) if parts.password else None,
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    more = {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query)}
    return {name: value for name, value in {**named, **more}.items() if value}


def _refused(name: str, words: bytes) -> VaultError:
    lines = words.decode(errors="replace").splitlines()
    first = next((line for line in lines if "error:" in line), next(iter(lines), "it said nothing"))
    if AWAY in first:
        return Unavailable(f"`{name}` does not reach the database")
    return Misconfigured(f"`{name}` refused: {first.removeprefix(f'{name}: ').strip()}")
