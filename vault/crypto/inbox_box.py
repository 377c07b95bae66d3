"""Boxes for a public key: whoever drops something into the inbox cannot open what lies there.

HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; single shot, empty associated data.

    offset  bytes
    0       1     version, 0x01
    1       32    encapsulated key
    33      n     ciphertext
    33+n    16    tag

The inbox address goes into `info`. The ephemeral key is drawn by OpenSSL: its interface takes no entropy from outside.
A box says nothing about who sealed it; devices sign what they send. Specification: `docs/formats/sealed-form.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vault.address import Label, associated
from vault.crypto.aead import BROKEN, KEY_BYTES, Entropy
from vault.errors import BrokenSeal
from vault.request import Secret

VERSION: Final = b"\x01"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class InboxPair:
    """An inbox key pair: `private` is wrapped under the epoch key, `public` (32 bytes) goes to the gateway."""

    private: Secret[bytes]
    public: bytes


def generate_pair(entropy: Entropy) -> InboxPair:
    """A fresh pair."""
    private = Secret(entropy(KEY_BYTES))
    return InboxPair(private, X25519PrivateKey.from_private_bytes(private.reveal()).public_key().public_bytes_raw())


def seal_to(public: bytes, info: bytes, plaintext: bytes) -> bytes:
    """`plaintext` for the holder of the private half, bound to `info`: the address in the inbox."""
    key = X25519PublicKey.from_public_bytes(public)
    return VERSION + _SUITE.encrypt(plaintext, key, associated(Label.INBOX, info))


def open_from(private: Secret[bytes], info: bytes, sealed: bytes) -> bytes:
    """What was sealed to the public half of `private` under this `info`.

    Raises:
        BrokenSeal: not a box, or not for this key and address.
    """
    if sealed[:1] != VERSION:
        raise BrokenSeal(BROKEN)
    try:
        key = X25519PrivateKey.from_private_bytes(private.reveal())
        return _SUITE.decrypt(sealed[1:], key, associated(Label.INBOX, info))
    except InvalidTag:
        raise BrokenSeal(BROKEN) from None
