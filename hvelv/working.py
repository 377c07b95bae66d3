"""The process that works in the background: it takes jobs from the queue and puts those that the clock asks for.

As many of these may run as there are machines; each job is done by one of them. What a job cannot do is logged, by
class and place.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import structlog

from hvelv.house import open_house
from hvelv.logs import configure
from hvelv.settings import Settings
from vault import House
from vault.errors import ClockJumped
from vault.queue import Scheduled, Work, Worker
from vault.retention import Retention
from vault.sweeping import sweep

RETENTION: Final = "retention"
LEFTOVERS: Final = "leftovers"
SCHEDULE: Final = (Scheduled(RETENTION, "5 * * * *"), Scheduled(LEFTOVERS, "35 3 * * *"))
"""Every hour, five minutes after; and in the night what nobody can read any more. In UTC."""

_log = structlog.get_logger("hvelv.worker")


def jobs(house: House) -> Mapping[str, Work]:
    """What this process can do."""

    async def retention(_: UUID | None) -> None:
        tally = await Retention(house).run(None)
        _log.info("retention.run", count=sum(tally.dead.values()))
        if tally.damaged:
            _log.error("retention.damaged", count=len(tally.damaged))

    async def leftovers(_: UUID | None) -> None:
        swept = await sweep(house)
        _log.info("leftovers.swept", count=swept.subjects + swept.blobs + swept.requests)

    return {RETENTION: retention, LEFTOVERS: leftovers}


def failed(job: str, error: Exception) -> None:
    """Say it in the log. A clock that jumped is an alarm: nothing is destroyed until somebody looks."""
    event = "retention.clock_jumped" if isinstance(error, ClockJumped) else f"{job}.failed"
    _log.error(event, exc_info=error)


def worker(house: House) -> Worker:
    """The worker of this process, not running."""
    return Worker(house.control, jobs(house), SCHEDULE, failed)


async def _work(settings: Settings) -> None:
    async with open_house(settings, "sweeper") as house:
        working = worker(house)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, working.stop)
        _log.info("worker.started", count=len(SCHEDULE))
        await working.run()
        _log.info("worker.stopped")


def run(settings: Settings) -> None:
    """Work until interrupted."""
    configure()
    asyncio.run(_work(settings))
