"""Group commit: one flusher per process records what many openings wait for with one statement and one disk flush.

What a waiter may rely on: when `record` returns True the entry is durable and every standing it was decided on was
current at that commit. False: decide again. An exception: the flush failed and nothing of it is recorded, for any of
its waiters; nothing may be opened. The queue is bounded, so a slow database slows callers instead of filling memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from vault.errors import Unavailable, VaultError
from vault.storage.engine import Database
from vault.storage.recording import Entry, record

MAX_SUBJECTS: Final = 500
MAX_WAITING: Final = 1_000
CLOSING: Final = "the ledger is closing"

Waiting = tuple[Entry, "asyncio.Future[bool]"]


class Committer:
    """Records entries in groups. `start` and `stop` it with the process; `group=False` records one by one."""

    def __init__(self, control: Database, clock: Callable[[], datetime], *, group: bool = True) -> None:
        self._control = control
        self._clock = clock
        self._group = group
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None
        self._carried: Waiting | None = None
        self._closed = False
        self.flushes = 0

    def start(self) -> None:
        """Begin flushing in the running loop."""
        self._closed = False
        self._task = asyncio.create_task(self._run(), name="ledger committer")

    async def stop(self) -> None:
        """Stop; whoever still waits is told that nothing was recorded."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        left, self._carried = [self._carried] if self._carried else [], None
        while not self._queue.empty():
            left.append(self._queue.get_nowait())
        _fail(left, Unavailable(CLOSING))

    async def record(self, entry: Entry) -> bool:
        """Record one entry; see the module docstring for what the answer means."""
        if not self._group:
            return entry.id in await self._flush([entry])
        if self._task is None or self._task.done():
            raise Unavailable("the ledger is closed")
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._closed:
            await self._queue.put((entry, future))
        if self._closed:  # also while this one waited for a place
            _fail([(entry, future)], Unavailable(CLOSING))
        return await future

    async def _run(self) -> None:
        while True:
            group = await self._gather()
            try:
                await self._answer(group)
            except VaultError as error:
                _fail(group, error)
            except BaseException:  # cancelled, or a fault of ours: nobody may wait for ever
                _fail(group, Unavailable(CLOSING))
                raise

    async def _answer(self, group: list[Waiting]) -> None:
        recorded = await self._flush([entry for entry, _ in group])
        for entry, future in group:
            if not future.done():
                future.set_result(entry.id in recorded)

    async def _gather(self) -> list[Waiting]:
        first = self._carried or await self._queue.get()
        self._carried = None
        group, subjects = [first], len(first[0].parts)
        while not self._queue.empty():
            following = self._queue.get_nowait()
            subjects += len(following[0].parts)
            if subjects > MAX_SUBJECTS:
                self._carried = following
                break
            group.append(following)
        return group

    async def _flush(self, entries: list[Entry]) -> frozenset[UUID]:
        self.flushes += 1
        async with self._control.connection() as connection:
            return await record(connection, entries, self._clock())


def _fail(group: Iterable[Waiting], error: VaultError) -> None:
    for _, future in group:
        if not future.done():  # whoever gave up waiting needs no answer
            future.set_exception(type(error)(*error.args))
