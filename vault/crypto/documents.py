"""Sealed documents: standing, events, receipts, the sealed parts of ledger entries. Whole bytes in, whole bytes out.

    offset  bytes
    0       1     version, 0x01
    1       12    nonce
    13      64·n  ciphertext
    …       16    tag

Bound by `associated(label, *parts)`, padded to a multiple of 64 bytes so that lengths tell little of how much has
happened to somebody. What the bytes mean is their owner's business. Specification: `docs/formats/sealed-form.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vault.address import Label, associated
from vault.crypto.aead import BROKEN, NONCE_BYTES, Sealer
from vault.crypto.padding import pad, unpad
from vault.errors import BrokenSeal

VERSION: Final = b"\x01"
MULTIPLE: Final = 64
_CIPHERTEXT_AT: Final = 1 + NONCE_BYTES


def seal_document(sealer: Sealer, label: Label, parts: Sequence[bytes], plain: bytes, nonce: bytes) -> bytes:
    """`plain` sealed for the place that `label` and `parts` name.

    Args:
        sealer: the key of this sort of document.
        label: which sort of document.
        parts: where it belongs: subject, version, month, … as bytes.
        plain: any bytes.
        nonce: 12 fresh random bytes.
    """
    return VERSION + nonce + sealer.seal(nonce, pad(plain, MULTIPLE), associated(label, *parts))


def open_document(sealer: Sealer, label: Label, parts: Sequence[bytes], sealed: bytes) -> bytes:
    """What was sealed. It is plaintext: whoever asks parses it at once and passes on values.

    Raises:
        BrokenSeal: not a sealed document, or not the one of this place.
    """
    if sealed[:1] != VERSION:
        raise BrokenSeal(BROKEN)
    padded = sealer.open(sealed[1:_CIPHERTEXT_AT], sealed[_CIPHERTEXT_AT:], associated(label, *parts))
    return unpad(padded, MULTIPLE)
