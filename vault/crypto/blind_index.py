"""Exact look-up without plaintext: tokens of values, and tokens as they are stored.

A token is HMAC-SHA-256 of the normalised value under a key of its field, cut to 16 bytes. It lives as long as the index
key. What is stored is the token encrypted under a key of the epoch: without that, an old copy of the table and the live
index key would recover every phone number by trying them all. At each roll stored tokens are decrypted and encrypted
anew.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Sequence
from typing import Final, final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from vault.address import Label
from vault.crypto.aead import KEY_BYTES
from vault.crypto.derive import derive_key
from vault.request import Secret

TOKEN_BYTES: Final = 16


@final
class BlindIndex:
    """The index key, with the key of each field derived once. Does not print, does not pickle."""

    __slots__ = ("_fields", "_key")

    def __init__(self, key: Secret[bytes]) -> None:
        self._key = key
        self._fields: dict[str, hmac.HMAC] = {}

    def __repr__(self) -> str:
        return "BlindIndex()"

    def __reduce__(self) -> str:
        raise TypeError("a blind index cannot be pickled")

    def token(self, field: str, normalised: str) -> bytes:
        """16 bytes, equal for equal values of one field and unrelated otherwise.

        Args:
            field: its name in the policy, such as `person.email`.
            normalised: the value in the one spelling the door gives it; text that is not valid Unicode has no token.
        """
        keyed = self._fields.get(field)
        if keyed is None:
            key = derive_key(self._key, Label.INDEX_FIELD, field.encode())
            keyed = self._fields[field] = hmac.new(key.reveal(), digestmod="sha256")
        # a copy starts where the key has been taken in, so the prepared one stays as it is
        token = keyed.copy()
        token.update(normalised.encode())
        return token.digest()[:TOKEN_BYTES]


def encrypt_tokens(key: Secret[bytes], tokens: Sequence[bytes]) -> list[bytes]:
    """Each token as it is stored in the epoch of `key` (derived with `Label.INDEX_TOKENS`), in order."""
    return _split(_cipher(key).encryptor().update(_join(tokens)))


def decrypt_tokens(key: Secret[bytes], stored: Sequence[bytes]) -> list[bytes]:
    """The tokens behind what is stored, in order. Nothing is authenticated: whoever looks up opens what it finds."""
    return _split(_cipher(key).decryptor().update(_join(stored)))


def _cipher(key: Secret[bytes]) -> Cipher[ECB]:
    if len(key.reveal()) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    # One token is one block, and AES on one block is a pseudorandom permutation: without the key it tells of equal
    # tokens that they are equal and nothing more, which an index for exact look-up has to tell anyhow. What makes ECB
    # unsafe is a message of several blocks; here are many messages of one block each, side by side only for speed.
    return Cipher(AES(key.reveal()), ECB())  # noqa: S305 - see above


def _join(tokens: Sequence[bytes]) -> bytes:
    if not set(map(len, tokens)) <= {TOKEN_BYTES}:
        raise ValueError("a token has 16 bytes")
    return b"".join(tokens)


def _split(joined: bytes) -> list[bytes]:
    return list(struct.unpack(f"{TOKEN_BYTES}s" * (len(joined) // TOKEN_BYTES), joined))
