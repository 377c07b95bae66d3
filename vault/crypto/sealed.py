"""The sealed form of one group: the fields of one category of one record.

    offset  bytes
    0       1     version, 0x01
    1       16    id of the data key
    17      12    nonce
    29      32·n  ciphertext
    …       16    tag

The plaintext is the `canonical` CBOR map from field name to value, padded to a multiple of 32 bytes. The associated
data are `Address.encode()`, which holds the key id: every byte of the form is authenticated or compared. Reading is
strict: exactly the bytes that `seal_group` makes open, nothing else. Specification: `docs/formats/sealed-form.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vault.address import Address
from vault.crypto.aead import BROKEN, NONCE_BYTES, TAG_BYTES, Sealer
from vault.crypto.canonical import decode, encode
from vault.crypto.padding import pad, unpad
from vault.errors import BrokenSeal
from vault.request import Value

VERSION: Final = b"\x01"
MULTIPLE: Final = 32
_NONCE_AT: Final = 17
_CIPHERTEXT_AT: Final = _NONCE_AT + NONCE_BYTES


def seal_group(sealer: Sealer, address: Address, values: Mapping[str, Value], nonce: bytes) -> bytes:
    """The sealed form of `values`, which opens under `address` and nowhere else.

    Args:
        sealer: of the data key whose id is `address.key`.
        address: where the group belongs.
        values: at least one field; names are ASCII; see `canonical` for values.
        nonce: 12 fresh random bytes.

    Raises:
        Invalid: a value has no sealed form (its field is named, the value is not).
        ValueError: there is no field, or a name is not ASCII: a caller's mistake.
    """
    ciphertext = sealer.seal(nonce, pad(encode(values), MULTIPLE), address.encode())
    return b"".join((VERSION, address.key.bytes, nonce, ciphertext))


def open_group(sealer: Sealer, address: Address, blob: bytes) -> Mapping[str, Value]:
    """The fields that were sealed, by name. They are plaintext: the door puts them into `Secret` at once.

    Raises:
        BrokenSeal: the bytes are not a sealed group, or not the one of this address and key.
    """
    if blob[:_NONCE_AT] != VERSION + address.key.bytes:
        raise BrokenSeal(BROKEN)
    padded = sealer.open(blob[_NONCE_AT:_CIPHERTEXT_AT], blob[_CIPHERTEXT_AT:], address.encode())
    return decode(unpad(padded, MULTIPLE))


def tag_of(blob: bytes) -> bytes:
    """The 16-byte tag, which the head keeps: an older blob of the same group has another.

    Raises:
        BrokenSeal: too short to be a sealed group.
    """
    if len(blob) < _CIPHERTEXT_AT + MULTIPLE + TAG_BYTES:
        raise BrokenSeal(BROKEN)
    return blob[-TAG_BYTES:]
