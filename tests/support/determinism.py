"""Time and chance for tests: a clock that stands still until moved, ids and entropy that repeat with their seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

BEGINNING = datetime(2018, 5, 28, 10, 0, tzinfo=UTC)


class VirtualClock:
    """Call it for the time; it moves only when told."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forwards and say what time it is then."""
        self._now += by
        return self._now

    def set(self, now: datetime) -> None:
        """Move to an instant, also backwards."""
        if now.tzinfo is None:
            msg = "an instant needs a time zone"
            raise ValueError(msg)
        self._now = now.astimezone(UTC)


class SeededEntropy:
    """Call it with a number of bytes. Never for anything but tests: who knows the seed knows all that follows."""

    def __init__(self, seed: int | str = 0) -> None:
        self._random = random.Random(seed)

    def __call__(self, size: int) -> bytes:
        return self._random.randbytes(size)


class SeededIds:
    """Call it for the next UUIDv4."""

    def __init__(self, seed: int | str = 0) -> None:
        self._entropy = SeededEntropy(seed)

    def __call__(self) -> UUID:
        return UUID(bytes=self._entropy(16), version=4)
