"""Padding that hides how long a plaintext is: one byte 0x80, then zeros up to a multiple (ISO/IEC 7816-4).

It is removed only after the seal was found whole, so it cannot serve as an oracle.
"""

from __future__ import annotations

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal


def pad(plain: bytes, multiple: int) -> bytes:
    """`plain` with 1 to `multiple` bytes added."""
    return plain + b"\x80" + bytes(-(len(plain) + 1) % multiple)


def unpad(padded: bytes, multiple: int) -> bytes:
    """What `pad` was given.

    Raises:
        BrokenSeal: these are not bytes that `pad` makes with this `multiple`.
    """
    marked = padded.rstrip(b"\0")
    if not marked.endswith(b"\x80") or len(padded) - len(marked) >= multiple or len(padded) % multiple:
        raise BrokenSeal(BROKEN)
    return marked[:-1]
