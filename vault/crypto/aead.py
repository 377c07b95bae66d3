"""AES-256-GCM under one key, made once and used many times.

A nonce is 96 random bits and used once per key. Random nonces are safe up to about 2^32 uses of one key (NIST SP
800-38D § 8.3); the busiest key here, an epoch's, wraps one key per subject.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import BrokenSeal
from vault.request import Secret

Entropy = Callable[[int], bytes]
"""So many bytes of cryptographic randomness. The composition root passes the operating system's."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
BROKEN: Final = "stored bytes do not open under their address"


def new_key(entropy: Entropy) -> Secret[bytes]:
    """A fresh 256-bit key."""
    return Secret(entropy(KEY_BYTES))


@final
class Sealer:
    """One key, ready for use. Setting up the cipher costs more than using it, so whoever holds a key caches this.

    It does not print and does not pickle. Safe to use from several threads.
    """

    __slots__ = ("_aead",)

    def __init__(self, key: Secret[bytes]) -> None:
        if len(key.reveal()) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        self._aead = AESGCM(key.reveal())

    def __repr__(self) -> str:
        return "Sealer()"

    def __reduce__(self) -> str:
        raise TypeError("a sealer cannot be pickled")

    def seal(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext followed by the 16-byte tag.

        Args:
            nonce: 12 bytes, fresh from `entropy`: a nonce used twice under one key gives both plaintexts away.
            plaintext: what to hide.
            aad: what the ciphertext is bound to, not hidden; see `vault.address.associated`.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce has 12 bytes")
        return self._aead.encrypt(nonce, plaintext, aad)

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext.

        Raises:
            BrokenSeal: anything is wrong: key, nonce, ciphertext, tag, associated data, a length.
        """
        if len(nonce) != NONCE_BYTES:
            raise BrokenSeal(BROKEN)
        try:
            return self._aead.decrypt(nonce, sealed, aad)
        except InvalidTag:
            raise BrokenSeal(BROKEN) from None
