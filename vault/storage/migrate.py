"""Runs the migrations of both databases, each in its own process, and tells whether a schema is current."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from vault.errors import Misconfigured, Unavailable

ROOT = Path(__file__).resolve().parents[2]


async def migrate(control_url: str, contents_url: str, *, direction: str = "forwards", target: str = "all") -> None:
    """Bring control and contents to `target`, as the owner role.

    Raises:
        Unavailable: a database does not answer or a migration failed; what failed was rolled back whole.
    """
    for database, url in (("control", control_url), ("contents", contents_url)):
        await _run(database, url, direction, target)


async def _run(database: str, url: str, direction: str, target: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vault.storage.migrating", database, direction, target,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    _, complaint = await child.communicate(url.encode() + b"\n")
    if child.returncode:
        # the last line names the error class; connection strings stay in the child
        last = (complaint.decode(errors="replace").strip().splitlines() or ["no message"])[-1].split(":")[0]
        msg = f"migration of `{database}` failed with `{last}`; run `hvelv doctor`"
        raise Unavailable(msg)


def expected(database: str) -> frozenset[str]:
    """The ids of the migrations that this code was written for."""
    folder = Path(__file__).parent / database / "migrations"
    ids = frozenset(
        line.split('"')[1]
        for file in folder.glob("*.py")
        for line in file.read_text().splitlines()
        if line.startswith("ID = ")
    )
    if not ids:
        msg = f"no migrations of `{database}` found beside the code; the installation is incomplete"
        raise Misconfigured(msg)
    return ids
