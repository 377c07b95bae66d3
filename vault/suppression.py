"""Addresses nobody may write a newsletter to, kept as keyed hashes of nobody's (COM-07).

An entry is a hash of the address in the form the blind index has it, so no spelling of case or space escapes it. It has
no subject: it survives the erasure of the person, says nothing to whoever copies the table, and is lifted only by
whoever proves anew that the address is theirs. When it was made is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policies.model import FieldType
from policies.values import index_form
from vault.address import Label
from vault.crypto.derive import keyed_hash
from vault.house import House
from vault.request import Secret

CHUNK: Final = 10_000
ADD: Final = "insert into suppression (address) select unnest($1::bytea[]) on conflict do nothing"
AMONG: Final = "select address from suppression where address = any($1::bytea[])"
LIFT: Final = "delete from suppression where address = $1"


class Suppression:
    """The table. Safe to share: it keeps nothing in memory."""

    def __init__(self, house: House) -> None:
        self._house = house

    def entry(self, address: Secret[str]) -> bytes:
        """What an address is in the table: 32 bytes that only this house can make."""
        return suppression_entry(self._house.keys.system("index"), address)

    async def add(self, entries: Sequence[bytes]) -> None:
        """Durable when it returns; what is there already stays."""
        for start in range(0, len(entries), CHUNK):
            await self._house.control.execute(ADD, list(entries[start : start + CHUNK]))

    async def among(self, entries: Sequence[bytes]) -> frozenset[bytes]:
        """Which of these are suppressed now."""
        found: set[bytes] = set()
        for start in range(0, len(entries), CHUNK):
            rows = await self._house.control.fetch(AMONG, list(entries[start : start + CHUNK]))
            found.update(row["address"] for row in rows)
        return frozenset(found)

    async def lift(self, entry: bytes) -> None:
        """Take an address off. Only for whoever has just proven that it is theirs and wants to be written to."""
        await self._house.control.execute(LIFT, entry)


def suppression_entry(key: Secret[bytes], address: Secret[str]) -> bytes:
    """The keyed hash of an address under the index key; equal for any two spellings that reach one mailbox."""
    return keyed_hash(key, Label.SUPPRESSION, index_form(FieldType.EMAIL, address.reveal()).encode("utf-8", "replace"))
