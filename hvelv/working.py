"""The process that works in the background: it takes jobs from the queue and puts those that the clock asks for.

As many of these may run as there are machines; each job is done by one of them. What a job cannot do is logged, by
class and place.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from hvelv.house import open_house
from hvelv.logs import configure
from hvelv.settings import Settings
from rights import erasure
from rights.erasure import Carried
from vault import House, Vault
from vault.cooling import Pending
from vault.errors import ClockJumped
from vault.ledger.retiring import retire
from vault.queue import Scheduled, Work, Worker
from vault.retention import Retention
from vault.sweeping import sweep
from vault.ticking import tick

RETENTION: Final = "retention"
ERASURES: Final = "erasures"
LEFTOVERS: Final = "leftovers"
AUDIT_KEYS: Final = "audit_keys"
SCHEDULE: Final = (
    Scheduled(RETENTION, "5 * * * *"),
    Scheduled(ERASURES, "15 * * * *"),
    Scheduled(AUDIT_KEYS, "25 3 * * *"),
    Scheduled(LEFTOVERS, "35 3 * * *"),
)
"""Every hour what the rules and what people asked for; in the night the keys of old months of the ledger, then what
nobody can read any more. In UTC."""

_log = structlog.get_logger("hvelv.worker")


def jobs(house: House) -> Mapping[str, Work]:
    """What this process can do."""
    can = {RETENTION: _retention, ERASURES: _erasures, AUDIT_KEYS: _audit_keys, LEFTOVERS: _leftovers}
    return {name: partial(work, house) for name, work in can.items()}


async def _retention(house: House, _: UUID | None) -> None:
    tally = await Retention(house).run(None)
    _log.info("retention.run", count=sum(tally.dead.values()))
    if tally.damaged:
        _log.error("retention.damaged", count=len(tally.damaged))


async def _erasures(house: House, _: UUID | None) -> None:
    carried = await carry_out(house, lambda _: None)
    _log.info("erasures.run", count=len(carried.receipts))
    if carried.failed:
        _log.error("erasures.failed", count=len(carried.failed))


async def _audit_keys(house: House, _: UUID | None) -> None:
    await tick(house)  # by a clock that cannot be believed no key dies
    _log.info("audit_keys.retired", count=len(await retire(house)))


async def _leftovers(house: House, _: UUID | None) -> None:
    swept = await sweep(house)
    _log.info("leftovers.swept", count=swept.subjects + swept.blobs + swept.requests)


async def carry_out(house: House, told: Callable[[Pending], None]) -> Carried:
    """Carry out the erasures people asked for, if the clock can be believed: what dies too early is gone.

    Raises:
        ClockJumped: an operator has to say what day it is; nothing died.
    """
    await tick(house)
    return await erasure.run(Vault(house), told)


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
