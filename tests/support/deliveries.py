"""Deliveries for tests, in our own JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def jsonl(
    point: str,
    start: datetime,
    energy_wh: Sequence[int | None],
    *,
    registered: datetime,
    direction: str = "consumption",
) -> bytes:
    """One line of hourly readings from `start` on."""
    line = {
        "kind": "series", "point": point, "direction": direction, "resolution": "PT1H", "start": _instant(start),
        "end": _instant(start + timedelta(hours=len(energy_wh))), "registered": _instant(registered),
        "quality": "measured", "energy_wh": list(energy_wh),
    }  # fmt: skip
    return json.dumps(line).encode() + b"\n"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
