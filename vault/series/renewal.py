"""What a roll does with the series of a subject that gets a new key: the keys of periods go under it."""

from __future__ import annotations

from typing import Any

from policies.model import SubjectId
from vault.crypto.aead import Sealer
from vault.errors import BrokenSeal
from vault.house import House
from vault.series.sealed import Place, unwrap_key, wrap_key
from vault.storage.series import fetch_wrapped, rewrap_heads


async def renew_series(
    connection: Any, house: House, subject: SubjectId, before: Sealer, after: Sealer, generation: int
) -> bool:
    """Every period's key from under `before` to under `after`, within the transaction that holds the subject's lock.

    False: one of them was damaged and stays behind, and with it only its own period.
    """
    rows = await fetch_wrapped(connection, subject)
    moved: list[tuple[Any, int, bytes]] = []
    for series, period, old, wrapped in rows:
        place = Place.of(subject, series, period)
        try:
            key = unwrap_key(before, wrapped, place, old)
        except BrokenSeal:
            continue
        moved.append((series, period, wrap_key(after, key, place, generation, house.keys.nonce())))
    await rewrap_heads(connection, subject, generation, moved)
    return len(moved) == len(rows)
