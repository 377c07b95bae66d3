"""One roll in a process of its own, as the sweeper runs it: readers of the other process feel only the database.

Started as `python -m benchmarks.roll_once` with addresses as JSON on standard input; prints when each step began and
what the roll reports.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground import Pair, made_house
from vault.keys.roll import Roll


@dataclass(frozen=True, slots=True)
class Rolled:
    """Seconds of a roll and of its steps, and its report."""

    seconds: float
    steps: Mapping[str, float]
    moved: int
    renewed: int
    damaged: int


async def rolled(pair: Pair) -> Rolled:
    """Roll these databases from another process."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.roll_once",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    given = {
        "control": pair.server.dsn("hvelv_sweeper", pair.control),
        "contents": pair.server.dsn("hvelv_sweeper", pair.contents),
        "keyring": str(pair.keyring),
    }
    said, _ = await child.communicate(json.dumps(given).encode())
    if child.returncode:
        raise RuntimeError("the roll failed")
    return Rolled(**json.loads(said))


async def _roll(given: dict[str, str]) -> dict[str, object]:
    house = made_house(given["control"], given["contents"], Path(given["keyring"]))
    await house.start()
    try:
        began: list[tuple[str, float]] = []

        def step(name: str, _done: int) -> None:
            if not began or began[-1][0] != name:
                began.append((name, time.perf_counter()))

        start = time.perf_counter()
        report = await Roll(house, step).run()
        ended = time.perf_counter()
    finally:
        await house.stop()
    # progress is told when the first chunk of a step is done; a step lasts until the next one is heard of
    steps = {name: following - at for (name, at), (_, following) in zip(began, [*began[1:], ("", ended)], strict=True)}
    return {
        "seconds": ended - start, "steps": steps, "moved": report.moved, "renewed": report.renewed,
        "damaged": len(report.damaged),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_roll(json.loads(sys.stdin.read())))))
