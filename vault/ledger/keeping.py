"""The background task of a process that serves: what was recorded gets into the tree, and witnesses are told of it.

Any number of processes may run it; those who do not get the turn pass. A witness that does not answer holds up nothing
but itself. What a witness refuses, and what keeps failing, is reported each time: nothing here ends by an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from vault.errors import Tampered, VaultError
from vault.house import House
from vault.ledger.notes import Checkpoint
from vault.ledger.sequencing import Sequencer
from vault.ledger.witnessing import Witness, compare, tell

PAUSE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 10.0
LEDGER: Final = "the ledger"

Report = Callable[[str, VaultError], None]
"""Told who failed (the ledger, or a witness by name) and how. `Tampered` is an alarm."""


class Keeper:
    """Keeps the tree up to date and the witnesses informed."""

    def __init__(self, house: House, witnesses: Sequence[Witness], report: Report) -> None:
        self._house = house
        self._witnesses = witnesses
        self._report = report
        self._sequencer = Sequencer(house)

    async def compare(self) -> None:
        """At the start: is what the witnesses hold in this database? One that does not answer is reported.

        Raises:
            Tampered: it is not. Do not serve.
        """
        for witness in self._witnesses:
            try:
                await compare(self._house, witness)
            except Tampered:
                raise
            except VaultError as error:
                self._report(witness.name, error)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep on for as long as this lasts; one last turn at the end, so that a stop leaves nothing waiting."""
        loops = [self._sequence(), *(self._inform(witness) for witness in self._witnesses)]
        tasks = [asyncio.create_task(loop, name="hvelv ledger keeper") for loop in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self.once()

    async def once(self) -> None:
        """Put everything in order and tell every witness."""
        await self._turn()
        for witness in self._witnesses:
            await self._show(witness, None)

    async def _turn(self) -> None:
        try:
            await self._sequencer.catch_up()
        except VaultError as error:
            self._report(LEDGER, error)

    async def _show(self, witness: Witness, told: Checkpoint | None) -> Checkpoint | None:
        """What the witness holds now; None: it failed."""
        try:
            return await tell(self._house, witness, told)
        except VaultError as error:
            self._report(witness.name, error)
            return None

    async def _sequence(self) -> None:
        while True:
            await self._turn()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _inform(self, witness: Witness) -> None:
        told: Checkpoint | None = None
        while True:
            told = await self._show(witness, told)
            await asyncio.sleep(RETRY_SECONDS if told is None else PAUSE_SECONDS)
