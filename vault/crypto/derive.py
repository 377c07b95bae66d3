"""Keys from keys (HKDF-SHA-256, RFC 5869) and keyed hashes (HMAC-SHA-256, RFC 2104), each with a label of its own.

A derived key or hash says nothing about those made with another label, other parts or another key.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault.address import Label, associated
from vault.crypto.aead import KEY_BYTES
from vault.request import Secret

HASH_BYTES: Final = 32


def derive_key(secret: Secret[bytes], label: Label, *parts: bytes) -> Secret[bytes]:
    """A 256-bit key for one use.

    Args:
        secret: uniformly random key material; no salt is needed for it (RFC 5869 § 3.1).
        label: what the key is for.
        parts: which one of them.
    """
    return Secret(hkdf(secret.reveal(), salt=None, info=associated(label, *parts), length=KEY_BYTES))


def keyed_hash(key: Secret[bytes], label: Label, *parts: bytes) -> bytes:
    """32 bytes that only holders of `key` can compute or test a guess against.

    For subjects in the ledger, idempotency keys and the suppression list: equal parts can be found again, nothing
    else can be read out of them. Compare with `hmac.compare_digest` where the other side may be an attacker's.
    """
    return mac(key.reveal(), associated(label, *parts))


def hkdf(material: bytes, *, salt: bytes | None, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256 as RFC 5869 has it. Elsewhere use `derive_key`, which cannot forget the label."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 as RFC 2104 has it. Elsewhere use `keyed_hash`, which cannot forget the label."""
    return hmac.digest(key, message, "sha256")
