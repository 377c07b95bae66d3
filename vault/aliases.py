"""What a recipient knows a subject by: an alias of its own for every recipient.

The alias is a keyed hash, so two recipients who compare what they hold find nothing in common, and nobody outside tells
an alias from a random number. It needs no row: it can be made again from the random id of a subject, also after all of
the subject was erased here, which is how an erasure goes on at a processor.
"""

from __future__ import annotations

from uuid import UUID

from policies.model import SubjectId
from vault.address import Label
from vault.crypto.derive import keyed_hash
from vault.house import House


class Aliases:
    """Makes aliases. The key lives on across rolls, so an alias stays what it is."""

    def __init__(self, house: House) -> None:
        self._house = house

    def of(self, subject: SubjectId, recipient: str) -> UUID:
        """What `recipient` (its name in the policy) knows `subject` by."""
        key = self._house.keys.system("idempotency")
        return UUID(bytes=keyed_hash(key, Label.ALIAS, subject.bytes, recipient.encode())[:16], version=4)
