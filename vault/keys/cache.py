"""Opened keys of subjects, for a little while: bounded in number and age, dropped when a subject is dropped.

This is hygiene. What keeps an erased subject closed is that its rows are read and its version is checked at every
opening, whatever a process still remembers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from policies.standing import Standing
from vault.crypto.aead import Sealer

LIFETIME: Final = timedelta(seconds=60)
MAX_SUBJECTS: Final = 10_000
MAX_QUESTIONS: Final = 4
MAX_PERIODS: Final = 14


@dataclass(slots=True)
class Cached:
    """One subject's opened keys. `generation` is that of its subject key.

    `standing` is the open standing together with the sealed bytes and the version it was opened from: it counts only
    for exactly those.
    """

    generation: int
    until: datetime
    subject_key: Sealer | None = None
    data_keys: dict[UUID, Sealer] = field(default_factory=dict)
    standing: tuple[int, bytes, Standing] | None = None
    weighed: dict[object, Any] = field(default_factory=dict)
    period_keys: dict[object, Sealer] = field(default_factory=dict)

    def remember_period(self, name: object, sealer: Sealer) -> None:
        """Keep the key of a period of a series, by the place and the wrapped bytes it was opened from, for a year."""
        while len(self.period_keys) >= MAX_PERIODS:
            del self.period_keys[next(iter(self.period_keys))]
        self.period_keys[name] = sealer

    def remember(self, question: object, answer: object) -> None:
        """Keep what was weighed for one question (`vault.planning`), of the few that are asked again and again."""
        while len(self.weighed) >= MAX_QUESTIONS:
            del self.weighed[next(iter(self.weighed))]
        self.weighed[question] = answer


class KeyCache:
    """Least recently used out first; nothing older than a minute is used."""

    def __init__(self, clock: Callable[[], datetime], *, size: int = MAX_SUBJECTS) -> None:
        self._clock = clock
        self._size = size
        self._kept: OrderedDict[SubjectId, Cached] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, subject: SubjectId, generation: int) -> Cached:
        """The place for this subject's keys, emptied when it is too old or of another generation."""
        now = self._clock()
        cached = self._kept.get(subject)
        if cached is None or cached.generation != generation or cached.until <= now:
            cached = self._kept[subject] = Cached(generation, now + LIFETIME)
        self._kept.move_to_end(subject)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return cached

    def drop(self, subject: SubjectId) -> None:
        """Forget one subject."""
        self._kept.pop(subject, None)

    def clear(self) -> None:
        """Forget everyone: after a roll, or when notifications may have been missed."""
        self._kept.clear()
