"""Times programs side by side: they take turns, so that a noisy machine is noisy for all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

Program: TypeAlias = Callable[[], Awaitable[None]]
Times: TypeAlias = Mapping[str, Sequence[float]]


async def seconds(program: Program) -> float:
    """How long one run takes."""
    began = time.perf_counter()
    await program()
    return time.perf_counter() - began


async def alternating(programs: Mapping[str, Program], *, runs: int, warm_up: int = 2) -> Times:
    """Seconds of each run of each program, the programs taking turns; the first turns are not counted."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(warm_up + runs):
        for name, program in programs.items():
            taken = await seconds(program)
            if turn >= warm_up:
                times[name].append(taken)
    return times


def median(times: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(times)
