"""The suppression list in memory, under the contract of `vault.suppression.Suppression`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vault.request import Secret
from vault.suppression import suppression_entry


@dataclass
class MemorySuppression:
    """Entries in a set, under a key of zeros."""

    entries: set[bytes] = field(default_factory=set)

    def entry(self, address: Secret[str]) -> bytes:
        return suppression_entry(Secret(bytes(32)), address)

    async def add(self, entries: Sequence[bytes]) -> None:
        self.entries.update(entries)

    async def among(self, entries: Sequence[bytes]) -> frozenset[bytes]:
        return frozenset(self.entries.intersection(entries))

    async def lift(self, entry: bytes) -> None:
        self.entries.discard(entry)
