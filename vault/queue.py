"""Jobs in the control database, worked by as many processes as there are; facade over PgQueuer, its only home.

A job is a name and at most one random id, so a row of the queue says nothing of anybody: what is to be done is decided
again when it is done. `put` joins the caller's transaction, so a job exists exactly if what it follows from happened.
Of many workers one takes a job; when that one dies, another takes it over after half a minute, so every job must bear
being done twice. A schedule is kept in the database as well: of many workers one puts its job, and none while the last
is not done.

The library keeps the traceback of a job that failed. What a job raises may quote anything, so it never gets there: the
worker tells `failed` about it and raises the class's name alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job, Schedule
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel, QueueExecutionMode

from vault.errors import Contended, Unavailable, VaultError
from vault.storage.engine import Database, translating

NAMES: Final = DBSettings(
    prefix="", db_schema=None, channel=Channel("ch_pgqueuer"), function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics", queue_status_type="pgqueuer_status", queue_table="pgqueuer",
    queue_table_log="pgqueuer_log", trigger="tg_pgqueuer_changed", schedules_table="pgqueuer_schedules",
)  # fmt: skip
"""As the migration made them, whatever the environment says."""
POLL: Final = timedelta(seconds=5)
ATTEMPTS: Final = 5
"""How often a job is tried that finds something unavailable."""
LONGEST_PAUSE: Final = timedelta(minutes=5)

Work = Callable[[UUID | None], Awaitable[None]]
"""Does a job; the id is the one that was put. May be called twice for one job."""
Failed = Callable[[str, Exception], None]
"""Told of a job that failed, before its exception is thrown away."""


class JobFailed(VaultError):
    """Names the class of what went wrong, and nothing else."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job that is put by the clock. `when` is a cron expression in UTC, to the minute or with seconds as sixth."""

    job: str
    when: str


async def put(connection: Any, job: str, of: UUID | None = None, *, once: bool = False) -> None:
    """Add a job within the caller's transaction on control. `once`: unless the same one waits or is being done."""
    key = f"{job} {of or ''}" if once else None
    payload = None if of is None else of.bytes
    await _queries(connection).enqueue(job, payload, dedupe_key=key, on_conflict="skip")


class Worker:
    """Does the jobs of one process. `run` until `stop`; many at once are fine."""

    def __init__(
        self, control: Database, jobs: Mapping[str, Work], schedule: tuple[Scheduled, ...], failed: Failed
    ) -> None:
        self._control = control
        self._jobs = jobs
        self._schedule = schedule
        self._failed = failed
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no further job; what is being done is finished first."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            Unavailable: the database does not answer; nothing that was taken is lost.
        """
        connection = await self._control.dedicated()
        try:
            queue = self._queue(connection)
            for each in self._schedule:
                queue.schedule(each.job, each.when, clean_old=False)(self._putting(each.job))
            waiting = asyncio.create_task(self._stop(queue), name="hvelv worker stops")
            try:
                async with translating():
                    await queue.run(dequeue_timeout=POLL)
            finally:
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
        finally:
            await connection.close(timeout=2)

    async def drain(self) -> None:
        """Do what is waiting now, then return."""
        connection = await self._control.dedicated()
        try:
            await self._queue(connection).qm.run(mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
        finally:
            await connection.close(timeout=2)

    def _queue(self, connection: Any) -> PgQueuer:
        queries = _queries(connection)
        queue = PgQueuer(queries.driver, queries=queries)
        for name, work in self._jobs.items():
            queue.entrypoint(name, accepts_context=False)(self._doing(name, work))
        return queue

    async def _stop(self, queue: PgQueuer) -> None:
        await self._stopping.wait()
        queue.shutdown.set()

    def _doing(self, name: str, work: Work) -> Callable[[Job], Awaitable[None]]:
        async def do(job: Job) -> None:
            trouble = await self._tried(name, work, job)
            if trouble is None:
                return
            if isinstance(trouble, Unavailable | Contended) and job.attempts < ATTEMPTS:
                pause = min(timedelta(seconds=2**job.attempts), LONGEST_PAUSE)
                raise RetryRequested(delay=pause, reason=type(trouble).__name__)
            raise JobFailed(type(trouble).__name__)

        return do

    async def _tried(self, name: str, work: Work, job: Job) -> Exception | None:
        try:
            await work(None if job.payload is None else UUID(bytes=job.payload))
        except Exception as error:  # noqa: BLE001  (it must not reach the library, which would keep it)
            self._failed(name, error)
            return error
        return None

    def _putting(self, name: str) -> Callable[[Schedule], Awaitable[None]]:
        async def by_the_clock(_schedule: Schedule) -> None:
            async with self._control.transaction() as connection:
                await put(connection, name, once=True)

        return by_the_clock


def _queries(connection: Any) -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )
