"""A retention run in a process of its own that kills itself (signal 9) at a named point. Reads JSON from its input.

`{"control", "contents", "keyring", "now", "point"}`; with a point it never reaches it ends with 0.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from determinism import VirtualClock
from vault_house import build_house

from vault.retention import Retention


@dataclass(frozen=True, slots=True)
class Addresses:
    """Two addresses, in the shape a house is built from."""

    control: str
    contents: str


async def run(told: dict[str, str]) -> None:
    """Run until the point, and no further."""

    def reached(point: str) -> None:
        if point == told["point"]:
            os.kill(os.getpid(), signal.SIGKILL)

    place = cast("Any", Addresses(told["control"], told["contents"]))
    clock = VirtualClock(datetime.fromisoformat(told["now"]))
    house = build_house(place, Path(told["keyring"]), clock, seed=f"dying at {told['point']}")
    await house.start()
    try:
        await Retention(house).run(None, reached=reached)
    finally:
        await house.stop()


if __name__ == "__main__":
    asyncio.run(run(json.load(sys.stdin)))
