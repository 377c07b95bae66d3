"""Ed25519 signatures (RFC 8032): ledger checkpoints, outgoing notices. The 32-byte seed is a key like any other."""

from __future__ import annotations

from typing import final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal
from vault.request import Secret


@final
class SigningKey:
    """Signs. Made from a seed of 32 random bytes (`aead.new_key`), which is what is wrapped and stored."""

    __slots__ = ("_key",)

    def __init__(self, seed: Secret[bytes]) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed.reveal())

    def __repr__(self) -> str:
        return "SigningKey()"

    def public(self) -> bytes:
        """The 32 bytes that verify."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same for the same message. Two sorts of message need two beginnings: see `associated`."""
        return self._key.sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Return if the holder of the seed of `public` signed `message`.

    Raises:
        BrokenSeal: it did not, or these are not a key and a signature.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise BrokenSeal(BROKEN) from None
