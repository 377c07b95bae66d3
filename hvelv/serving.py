"""Serves an application on this machine: granian within the process that holds the vault."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from hvelv.app import AppSettings, create_app, deliveries_into, now
from hvelv.deputy import Deputy
from hvelv.errors import SettingsRefused
from hvelv.house import open_vault
from hvelv.newsletter import letters, one_click
from hvelv.registers import registers_of
from hvelv.reports import of_loop, watching
from hvelv.roofs import roofs_of
from hvelv.settings import Settings
from hvelv.tending import tended

READY_TRIES = 200
READY_PAUSE_SECONDS = 0.02
GARBAGE = 20_000
"""Objects made since the last collection before the next one. A large answer makes as many; most die by themselves."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(app: ASGIApp, host: str, port: int) -> AsyncGenerator[str, None]:
    """The application answering on `host:port` for as long as this lasts; gives its URL."""
    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    task = asyncio.create_task(server.serve(), name="granian")
    try:
        await _answering(task, host, port)
        gc.freeze()  # schema and policy live as long as the process: looking through them again and again finds nothing
        gc.set_threshold(GARBAGE)
        yield f"http://{host}:{port}"
    finally:
        stop: Callable[[], object] = server.stop
        stop()
        with suppress(asyncio.CancelledError):
            await task


async def _answering(task: asyncio.Task[None], host: str, port: int) -> None:
    for _ in range(READY_TRIES):
        if task.done():
            task.result()
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(READY_PAUSE_SECONDS)
    raise SettingsRefused(f"the server did not come up on port `{port}`; choose another `HVELV_PORT`")


async def until_stopped() -> None:
    """Return at the first interrupt or termination signal."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


async def _serve(settings: Settings) -> None:
    asyncio.get_running_loop().set_exception_handler(of_loop)
    async with (
        open_vault(settings) as vault,
        tended(vault, settings),
        registers_of(settings) as registers,
        roofs_of(settings) as solar,
    ):
        deliveries = deliveries_into(vault, Deputy(vault, settings), now)
        served_as = AppSettings(
            cool_off=settings.cool_off, beside=one_click(settings, vault), letters=letters(settings, vault)
        )
        app = create_app(vault, served_as, ready=vault.ready, registers=registers, deliveries=deliveries, solar=solar)
        async with served(app, settings.host, settings.port):
            await until_stopped()


def run(settings: Settings) -> None:
    """Serve GraphQL until interrupted."""
    with watching(settings):
        asyncio.run(_serve(settings))
