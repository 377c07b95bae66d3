"""A process that appends days and folds them, and is killed by the kernel at a named point of its third write.

Reads what it needs as JSON from standard input, says `ack N` after day N was acknowledged and `folded` after a
compaction. `stored`: segments are in contents, no head lists them. `committing`: heads are written, the transaction is
open. `committed`: all is durable and nobody was told.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from behind import Addresses
from determinism import VirtualClock
from power import CONSUMPTION, FOLDING, METERING, at, readings
from vault_house import NOON, build_house

from policies.model import RecordId, SubjectId
from vault import Vault
from vault.request import Secret
from vault.series import arriving, coarsening, folding
from vault.series.request import Arrival

POINTS: Final = ("stored", "committing", "committed")
MODULES: Final = {"append": arriving, "compact": folding, "coarsen": coarsening}
DEADLY: Final = 3
JUNE: Final = at("2025-06-01T00:00+02:00")


def dying(real: Callable[..., Awaitable[object]], nth: int) -> Callable[..., Awaitable[object]]:
    """Do it, and at the nth time die right after it."""
    calls = 0

    async def done(*arguments: object) -> object:
        nonlocal calls
        found = await real(*arguments)
        calls += 1
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return done


def arm(what: str, point: str) -> None:
    """Set the trap."""
    module = cast("Any", MODULES[what])
    name = {"stored": "hold_current_epoch", "committing": "update_heads"}.get(point)
    if name is not None:
        setattr(module, name, dying(getattr(module, name), DEADLY if what == "append" else 1))


async def main() -> None:
    """Append days until killed, or fold them and be killed."""
    told = json.load(sys.stdin)
    what, point = told["what"], told["point"]
    addresses: Any = Addresses(told["control"], told["contents"])
    clock = VirtualClock(NOON if what != "coarsen" else at("2029-03-01T00:00"))
    house = build_house(addresses, Path(told["keyring"]), clock, seed=told["seed"])
    subject, record = SubjectId(UUID(told["subject"])), RecordId(UUID(told["record"]))
    async with Vault(house) as vault:
        who = await vault.tokens.resolve(Secret(told["token"]))
        arm(what, point)
        if what == "append":
            for day in range(5):
                begin = JUNE + timedelta(days=day)
                values = readings(begin, begin + timedelta(days=1))
                await vault.append(who, METERING, [Arrival(subject, record, CONSUMPTION, values)])
                if point == "committed" and day == DEADLY - 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                sys.stdout.write(f"ack {day}\n")
                sys.stdout.flush()
        elif what == "compact":
            await vault.compact(who, FOLDING)
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            await vault.coarsen(who, FOLDING, subject, record, {CONSUMPTION: told["sums"]}, clock())
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main())
