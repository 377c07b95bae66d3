"""A server process of its own for each of the three programs, so that none of them shares its processor with a client.

Started as `python -m benchmarks.serve ours|like|natural` with addresses as JSON on standard input; prints its URL and
serves until standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from benchmarks.ground import Pair, made_house
from benchmarks.like import PlainVault
from benchmarks.natural import application
from hvelv.app import AppSettings, create_app
from hvelv.logs import configure
from hvelv.serving import free_port, served
from vault import Vault


@asynccontextmanager
async def serving(program: str, pair: Pair, plain: str) -> AsyncGenerator[str, None]:
    """One of the programs in a process of its own; gives its URL."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.serve", program,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    given = {
        "control": pair.server.dsn("hvelv_app", pair.control),
        "contents": pair.server.dsn("hvelv_app", pair.contents),
        "keyring": str(pair.keyring),
        "plain": plain,
    }
    drain = asyncio.create_task(_drain(child.stderr))
    try:
        child.stdin.write(json.dumps(given).encode() + b"\n")
        await child.stdin.drain()
        url = (await child.stdout.readline()).decode().strip()
        if not url:
            complaint = await drain
            raise RuntimeError(f"`{program}` did not start: {complaint}")
        yield url
    finally:
        child.stdin.close()
        await child.wait()
        await drain


async def _drain(stream: asyncio.StreamReader) -> str:
    """Read what a server logs, so that it never waits for us; keep the last line."""
    last = b""
    async for line in stream:
        last = line if line.strip() else last
    return last.decode(errors="replace").strip()


async def _app(program: str, given: dict[str, str], stack: AsyncExitStack) -> ASGIApp:
    if program == "natural":
        return application(given["plain"])
    house = made_house(given["control"], given["contents"], Path(given["keyring"]))
    if program == "like":
        return create_app(await PlainVault.over(house, given["plain"]), AppSettings())
    return create_app(await stack.enter_async_context(Vault(house)), AppSettings())


async def _serve(program: str) -> None:
    configure()
    given: dict[str, str] = json.loads(sys.stdin.readline())
    async with AsyncExitStack() as stack:
        app = await _app(program, given, stack)
        url = await stack.enter_async_context(served(app, "127.0.0.1", free_port()))
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
    os._exit(0)  # the server's own threads have nothing left to do
