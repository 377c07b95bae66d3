"""Segments sealed for their place, and the head that says which of them count.

A segment, 30 bytes more than what is inside:

    offset  bytes
    0       1     version, 0x01
    1       1     form (`codec.Form`)
    2       12    nonce
    14      n     ciphertext
    14 + n  16    tag

bound to (subject, series, period, delivery, form, width). `series` names the record, the field and the resolution;
`delivery` is the segment's own random number. The key is one per series and period, wrapped under the subject's key,
and bound to (subject, series, period, generation): it stands in the head, and dies with it.

A head lists the numbers of the segments that count, 8 bytes each in ascending order, and proves the list: an empty
plaintext sealed under the period's key, written as nonce and tag, bound to (subject, series, period, version, width,
list). An older list does not fit the version, a list of somebody else's does not fit the key. A segment that is not
listed does not exist. Specification: `docs/formats/series.md`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from policies.model import RecordId, SubjectId
from vault.address import Label, associated, packer
from vault.crypto.aead import BROKEN, NONCE_BYTES, TAG_BYTES, Sealer
from vault.crypto.wrap import unwrap_at, wrap_at
from vault.errors import BrokenSeal
from vault.request import Secret
from vault.series.axis import Resolution
from vault.series.codec import Form
from vault.storage.rows import fast_id

VERSION: Final = 1
_CIPHERTEXT_AT: Final = 2 + NONCE_BYTES
_FORMS: Final = {form.value: form for form in Form}
_PREFIX: Final = {form: bytes((VERSION, form)) for form in Form}

_BIND_SEGMENT: Final = packer(Label.SEGMENT, 16, 16, 4, 8, 1, 1)
_BIND_KEY: Final = packer(Label.SERIES_KEY, 16, 16, 4, 4)
_INT: Final = struct.Struct(">i")
_LONG: Final = struct.Struct(">q")


@lru_cache(maxsize=1 << 16)
def series_id(record: RecordId, field: str, resolution: Resolution) -> UUID:
    """Which series a record's field at this resolution is: the first 16 bytes of a hash of the three."""
    named = associated(Label.SERIES, record.bytes, field.encode(), bytes((resolution,)))
    return fast_id(sha256(named).digest()[:16])


class Place(NamedTuple):
    """Where a period of a series belongs, as bytes ready to bind to."""

    subject: bytes
    series: bytes
    period: bytes

    @classmethod
    def of(cls, subject: SubjectId, series: UUID, period: int) -> Place:
        """The place of a row. The period is signed: whatever a damaged row holds gives a place (a wrong one)."""
        return cls(subject.bytes, series.bytes, packed(period))


@lru_cache(maxsize=4096)
def packed(number: int) -> bytes:
    """A period, a version or a generation, as signed 32 bits."""
    return _INT.pack(number)


# -- segments ----------------------------------------------------------------------------------------------------------


def seal_segment(
    sealer: Sealer, place: Place, delivery: int, form: Form, width: int, plain: bytes, nonce: bytes
) -> bytes:
    """`plain` sealed as the segment `delivery` of a period."""
    bound = _BIND_SEGMENT(*place, _LONG.pack(delivery), *_one(form, width))
    return b"".join((_PREFIX[form], nonce, sealer.seal(nonce, plain, bound)))


def form_of(sealed: bytes) -> Form:
    """What a segment says it holds; true only if it opens.

    Raises:
        BrokenSeal: another version, or a form that is none.
    """
    form = _FORMS.get(sealed[1]) if len(sealed) > _CIPHERTEXT_AT + TAG_BYTES and sealed[0] == VERSION else None
    if form is None:
        raise BrokenSeal(BROKEN)
    return form


def open_segment(sealer: Sealer, place: Place, delivery: int, form: Form, width: int, sealed: bytes) -> bytes:
    """What was sealed in a segment of this `form_of`.

    Raises:
        BrokenSeal: not the segment of this place.
    """
    bound = _BIND_SEGMENT(*place, _LONG.pack(delivery), *_one(form, width))
    return sealer.open(sealed[2:_CIPHERTEXT_AT], sealed[_CIPHERTEXT_AT:], bound)


@lru_cache(maxsize=16)
def _one(form: Form, width: int) -> tuple[bytes, bytes]:
    return bytes((form,)), bytes((width & 0xFF,))


# -- keys and heads ----------------------------------------------------------------------------------------------------


def wrap_key(subject_key: Sealer, key: Secret[bytes], place: Place, generation: int, nonce: bytes) -> bytes:
    """The key of a period under the subject's key of this generation."""
    return wrap_at(subject_key, key, nonce, _BIND_KEY(*place, packed(generation)))


def unwrap_key(subject_key: Sealer, wrapped: bytes, place: Place, generation: int) -> Secret[bytes]:
    """The key of a period.

    Raises:
        BrokenSeal: not the key of this place.
    """
    bound = _BIND_KEY(*place, packed(generation))
    return unwrap_at(subject_key, wrapped, bound)


def listed(deliveries: list[int]) -> bytes:
    """The list of a head."""
    if len(deliveries) == 1:  # a month that is one block: nearly all of them
        return _LONG.pack(deliveries[0])
    return struct.pack(f">{len(deliveries)}q", *sorted(deliveries))


def numbers_of(accepted: bytes) -> tuple[int, ...]:
    """The segments that a list names.

    Raises:
        BrokenSeal: it is no list.
    """
    if len(accepted) % 8:
        raise BrokenSeal(BROKEN)
    return struct.unpack(f">{len(accepted) // 8}q", accepted)


def prove(sealer: Sealer, place: Place, version: int, width: int, accepted: bytes, nonce: bytes) -> bytes:
    """The proof of a head: 28 bytes."""
    return nonce + sealer.seal(nonce, b"", _bind_head(place, version, width, accepted))


def check(sealer: Sealer, place: Place, version: int, width: int, accepted: bytes, proof: bytes) -> None:
    """Return if the head is the one of this version.

    Raises:
        BrokenSeal: the list, the version or the width was changed.
    """
    sealer.open(proof[:NONCE_BYTES], proof[NONCE_BYTES:], _bind_head(place, version, width, accepted))


def _bind_head(place: Place, version: int, width: int, accepted: bytes) -> bytes:
    return _bind_list(len(accepted))(*place, packed(version), bytes((width & 0xFF,)), accepted)


@lru_cache(maxsize=256)
def _bind_list(size: int) -> Callable[..., bytes]:
    """For a list of so many bytes: most are of one block, or of as many segments as the day of the month."""
    return packer(Label.SERIES_HEAD, 16, 16, 4, 4, 1, size)
