"""Slips: links that let their bearer do one thing without signing in, and tell nobody else anything.

A slip is sealed, not merely signed: subject, record and address are inside, so the link in a mail names nobody and two
slips of one person have nothing in common. It is bound to what it is for; one to unsubscribe does not confirm. A slip
does not expire and is not kept: what it lets its bearer do must be harmless to do again.

    base64url of  nonce 12 bytes | ciphertext of (subject 16 | record 16 | suppression entry 32) | tag 16
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final
from uuid import UUID

from policies.model import RecordId, SubjectId
from vault.address import Label, associated
from vault.crypto.aead import NONCE_BYTES, Entropy, Sealer
from vault.crypto.derive import derive_key
from vault.errors import BrokenSeal, Unknown
from vault.request import Secret

PLAIN_BYTES: Final = 64
LONGEST: Final = 200
REFUSED: Final = "the link is not one of ours"


@unique
class For(Enum):
    """What a slip lets its bearer do."""

    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Slip:
    """What is inside: whose, which subscription, and the suppression entry of the address it was sent to."""

    subject: SubjectId
    record: RecordId
    address: bytes


class Slips:
    """Makes and reads slips. `key` gives the house's idempotency key, which lives on across rolls."""

    def __init__(self, key: Callable[[], Secret[bytes]], entropy: Entropy) -> None:
        self._key = key
        self._entropy = entropy

    def make(self, purpose: For, slip: Slip) -> Secret[str]:
        """A slip as text for a URL."""
        nonce = self._entropy(NONCE_BYTES)
        plain = slip.subject.bytes + slip.record.bytes + slip.address
        sealed = self._sealer().seal(nonce, plain, associated(Label.SLIP, purpose.value.encode()))
        return Secret(urlsafe_b64encode(nonce + sealed).decode("ascii").rstrip("="))

    def read(self, purpose: For, text: Secret[str]) -> Slip:
        """What a slip says.

        Raises:
            Unknown: it is not one of ours, or is for something else. Nothing tells those apart.
        """
        try:
            raw = _decoded(text.reveal())
            aad = associated(Label.SLIP, purpose.value.encode())
            plain = self._sealer().open(raw[:NONCE_BYTES], raw[NONCE_BYTES:], aad)
        except (BrokenSeal, ValueError):
            raise Unknown(REFUSED) from None
        subject, record = UUID(bytes=plain[:16]), UUID(bytes=plain[16:32])
        return Slip(SubjectId(subject), RecordId(record), plain[32:PLAIN_BYTES])

    def _sealer(self) -> Sealer:
        return Sealer(derive_key(self._key(), Label.SLIP_KEY))


def _decoded(text: str) -> bytes:
    if len(text) > LONGEST or not text.isascii():
        raise ValueError
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError from None
