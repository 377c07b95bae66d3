"""Keys under keys: a 32-byte key sealed under another, bound to the place in the key tree where it hangs.

    offset  bytes
    0       1     version, 0x01
    1       12    nonce
    13      32    ciphertext
    45      16    tag

The associated data are `associated(label, *parts)`: a wrapped key moved to another row, or taken for another sort of
key, does not open. Specification and vectors: `docs/formats/sealed-form.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from vault.address import Label, associated
from vault.crypto.aead import BROKEN, KEY_BYTES, NONCE_BYTES, TAG_BYTES, Entropy, Sealer
from vault.errors import BrokenSeal
from vault.request import Secret

VERSION: Final = b"\x01"
_FIRST: Final = VERSION[0]
WRAPPED_BYTES: Final = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES
_CIPHERTEXT_AT: Final = 1 + NONCE_BYTES


def wrap(sealer: Sealer, key: Secret[bytes], nonce: bytes, label: Label, *parts: bytes) -> bytes:
    """`key` under the key of `sealer`: 61 bytes.

    Args:
        sealer: the key above.
        key: 32 bytes.
        nonce: 12 fresh random bytes.
        label: which sort of key.
        parts: where it hangs: subject, category, instance, generation, epoch, … as bytes.
    """
    return wrap_at(sealer, key, nonce, associated(label, *parts))


def unwrap(sealer: Sealer, wrapped: bytes, label: Label, *parts: bytes) -> Secret[bytes]:
    """The key that was wrapped.

    Raises:
        BrokenSeal: not a wrapped key, or not the one of this place.
    """
    return unwrap_at(sealer, wrapped, associated(label, *parts))


def wrap_at(sealer: Sealer, key: Secret[bytes], nonce: bytes, place: bytes) -> bytes:
    """`wrap` with the associated data already made (`associated` or a `packer`)."""
    if len(key.reveal()) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return VERSION + nonce + sealer.seal(nonce, key.reveal(), place)


def unwrap_at(sealer: Sealer, wrapped: bytes, place: bytes) -> Secret[bytes]:
    """`unwrap` with the associated data already made (`associated` or a `packer`).

    Raises:
        BrokenSeal: not a wrapped key, or not the one of this place.
    """
    return Secret(_open(sealer, wrapped, place))


def rewrap_many(
    old: Sealer, new: Sealer, rows: Sequence[tuple[bytes, bytes, bytes]], entropy: Entropy
) -> list[bytes | None]:
    """Every key of `rows` taken from under `old` and put under `new`, in order; the keys stay in here.

    A row that does not open gives None and stops nothing: the roll sets it aside and reports it.

    Args:
        old: the key above so far.
        new: the key above from now on.
        rows: (wrapped key, associated data so far, associated data from now on); a `packer` makes them quickly.
        entropy: called once, for all nonces.
    """
    nonces = entropy(NONCE_BYTES * len(rows))
    open_old, seal_new = old.open, new.seal
    rewrapped: list[bytes | None] = []
    at = 0
    for wrapped, aad_old, aad_new in rows:
        nonce = nonces[at : at + NONCE_BYTES]
        at += NONCE_BYTES
        # `_open`, written out: at a hundred thousand rows its call is felt
        if len(wrapped) != WRAPPED_BYTES or wrapped[0] != _FIRST:
            rewrapped.append(None)
            continue
        try:
            key = open_old(wrapped[1:_CIPHERTEXT_AT], wrapped[_CIPHERTEXT_AT:], aad_old)
        except BrokenSeal:
            rewrapped.append(None)
        else:
            rewrapped.append(VERSION + nonce + seal_new(nonce, key, aad_new))
    return rewrapped


def unwrap_many(sealer: Sealer, rows: Iterable[tuple[bytes, bytes]]) -> list[Secret[bytes] | None]:
    """The keys of `(wrapped, associated data)` in order; None where a row does not open."""
    keys: list[Secret[bytes] | None] = []
    for wrapped, aad in rows:
        try:
            keys.append(Secret(_open(sealer, wrapped, aad)))
        except BrokenSeal:
            keys.append(None)
    return keys


def _open(sealer: Sealer, wrapped: bytes, aad: bytes) -> bytes:
    if len(wrapped) != WRAPPED_BYTES or wrapped[0] != _FIRST:
        raise BrokenSeal(BROKEN)
    return sealer.open(wrapped[1:_CIPHERTEXT_AT], wrapped[_CIPHERTEXT_AT:], aad)
