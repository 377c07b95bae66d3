"""Readings as bytes of fixed size, many at a time: what is inside a sealed segment.

Integers are big-endian. Three forms; each begins with

    offset  bytes
    0       1     resolution (`axis.Resolution`)
    1       1     width w: bytes of a value, 2, 4 or 8; the same in all segments of a series
    2       2     offset: interval of place 0, counted from the first interval of the period

A block (places = `axis.PLACES`) and a day (places = `axis.DAY_PLACES`) hold one version of each place:

    4         4·r  registration times, seconds since 1970, ascending, the rest zero; r = 32 in a block, 4 in a day
    4 + 4·r   w·n  values; zero where missing
    …         n    marks: number of the registration time · 8 + quality (`readings.Quality`); zero where missing

An overlay holds up to 32 versions, of intervals anywhere in the period:

    4         2·32  intervals, counted from the first interval of the period
    68        w·32  values
    …         32    qualities; zero where there is no version
    …         4·32  registration times

The size depends on form, resolution and width alone, never on what is inside. What has more different registration
times than the table has room for is left over, and goes into overlays. Specification: `docs/formats/series.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal
from vault.series.axis import DAY_PLACES, PLACES, Resolution
from vault.series.readings import Flags, Numbers, Qualities, Seconds, Wh

Octets = npt.NDArray[np.uint8]

HEADER_BYTES: Final = 4
ENTRIES: Final = 32
QUALITY_MASK: Final = 7
QUALITY_SHIFT: Final = 3
WIDTHS: Final = (2, 4, 8)
NEVER: Final = np.int64(1 << 40)


@unique
class Form(IntEnum):
    """What a segment holds. The number is in sealed bytes: it never changes its meaning."""

    BLOCK = 1
    DAY = 2
    OVERLAY = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Form, resolution and width: all that the size of a segment depends on."""

    form: Form
    resolution: Resolution
    width: int

    @property
    def places(self) -> int:
        """Intervals, or versions of an overlay."""
        if self.form is Form.OVERLAY:
            return ENTRIES
        return PLACES[self.resolution] if self.form is Form.BLOCK else DAY_PLACES[self.resolution]

    @property
    def times(self) -> int:
        """How many different registration times there is room for."""
        return 32 if self.form is Form.BLOCK else 4

    @property
    def size(self) -> int:
        """Bytes."""
        fixed = (2 + 4) * ENTRIES if self.form is Form.OVERLAY else 4 * self.times
        return HEADER_BYTES + fixed + (self.width + 1) * self.places


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sheets:
    """Many segments of one layout, opened: one row each. Does not print.

    Attributes:
        layout: of all of them.
        at: int64 (rows, places), interval of each place counted from the first of its period.
        wh: int64 (rows, places).
        quality: uint8 (rows, places); zero where there is nothing.
        registered: int64 (rows, places); zero where there is nothing.
    """

    layout: Layout
    at: Numbers
    wh: Wh
    quality: Qualities
    registered: Seconds


def width_of(largest: int) -> int:
    """The narrowest width that holds this value."""
    return next(width for width in WIDTHS if largest < 1 << 8 * width)


# -- to bytes --------------------------------------------------------------------------------------------------------


def encode(layout: Layout, offsets: Numbers, wh: Wh, quality: Qualities, registered: Seconds) -> tuple[Octets, Flags]:
    """Blocks or days as bytes.

    Args:
        layout: form block or day.
        offsets: (rows,) interval of place 0, counted from the first of the period.
        wh: (rows, places); fits the width; zero where missing.
        quality: (rows, places); zero where missing.
        registered: (rows, places); zero where missing.

    Returns:
        (rows, size) bytes, and (rows, places) what is left over because the table of times is full.
    """
    rows, places = wh.shape
    octets = _headed(layout, offsets)
    table, marks, left = _times(layout.times, quality, registered)
    values_at = HEADER_BYTES + 4 * layout.times
    marks_at = values_at + layout.width * places
    octets[:, HEADER_BYTES:values_at] = table.astype(">u4").view(np.uint8).reshape(rows, -1)
    kept = np.where(left, 0, wh) if left.any() else wh
    octets[:, values_at:marks_at] = kept.astype(f">u{layout.width}").view(np.uint8).reshape(rows, -1)
    octets[:, marks_at:] = marks
    return octets, left


def _headed(layout: Layout, offsets: Numbers) -> Octets:
    octets = np.zeros((len(offsets), layout.size), np.uint8)
    octets[:, 0] = layout.resolution
    octets[:, 1] = layout.width
    octets[:, 2:4] = offsets.astype(">u2").view(np.uint8).reshape(-1, 2)
    return octets


def _times(room: int, quality: Qualities, registered: Seconds) -> tuple[Seconds, Octets, Flags]:
    """Tables of times (rows, room), marks (rows, places), and what is left over."""
    present = quality != 0
    latest = registered.max(axis=1, initial=0)
    earliest = np.where(present, registered, NEVER).min(axis=1, initial=NEVER)
    table = np.zeros((len(quality), room), np.int64)
    table[:, 0] = latest
    marks = quality.copy()
    left = np.zeros(quality.shape, np.bool_)
    for row in np.flatnonzero(earliest < latest):
        here = np.flatnonzero(present[row])
        times, which, counts = np.unique(registered[row, here], return_inverse=True, return_counts=True)
        if len(times) > room:  # the commonest stay
            keep = np.sort(np.argsort(-counts, kind="stable")[:room])
            number = np.full(len(times), -1)
            number[keep] = np.arange(room)
            which, times = number[which], times[keep]
            left[row, here[which < 0]] = True
            marks[row, here[which < 0]] = 0
            here, which = here[which >= 0], which[which >= 0]
        table[row] = 0
        table[row, : len(times)] = times
        marks[row, here] |= (which << QUALITY_SHIFT).astype(np.uint8)
    return table, marks, left


def encode_overlays(layout: Layout, at: Numbers, wh: Wh, quality: Qualities, registered: Seconds) -> Octets:
    """Overlays as bytes; all columns (rows, 32), `at` counted from the first interval of the period."""
    rows = len(at)
    octets = _headed(layout, np.zeros(rows, np.int64))
    columns = (at.astype(">u2"), wh.astype(f">u{layout.width}"), quality, registered.astype(">u4"))
    start = HEADER_BYTES
    for column in columns:
        stop = start + column.itemsize * ENTRIES
        octets[:, start:stop] = np.ascontiguousarray(column).view(np.uint8).reshape(rows, -1)
        start = stop
    return octets


# -- from bytes ------------------------------------------------------------------------------------------------------


def decode(layout: Layout, plain: Sequence[bytes]) -> Sheets:
    """Segments of one layout.

    Raises:
        BrokenSeal: one of them is not of this layout, or has a quality that is none.
    """
    if any(len(each) != layout.size for each in plain):
        raise BrokenSeal(BROKEN)
    octets = np.frombuffer(b"".join(plain), np.uint8).reshape(len(plain), layout.size)
    if (octets[:, 0] != layout.resolution).any() or (octets[:, 1] != layout.width).any():
        raise BrokenSeal(BROKEN)
    sheets = _overlays(layout, octets) if layout.form is Form.OVERLAY else _columns(layout, octets)
    if (sheets.quality == QUALITY_MASK).any():
        raise BrokenSeal(BROKEN)
    return sheets


def _columns(layout: Layout, octets: Octets) -> Sheets:
    values_at = HEADER_BYTES + 4 * layout.times
    marks_at = values_at + layout.width * layout.places
    offsets = _numbers(octets[:, 2:4], 2)
    table = _numbers(octets[:, HEADER_BYTES:values_at], 4)
    marks = octets[:, marks_at:]
    quality = marks & np.uint8(QUALITY_MASK)
    number = marks >> np.uint8(QUALITY_SHIFT)
    if (number >= layout.times).any():
        raise BrokenSeal(BROKEN)
    if number.any():
        registered = np.take_along_axis(table, number.astype(np.intp), axis=1)
    else:
        registered = np.repeat(table[:, :1], layout.places, axis=1)
    registered[quality == 0] = 0
    return Sheets(
        layout,
        offsets + _places(layout.places),
        _numbers(octets[:, values_at:marks_at], layout.width),
        quality,
        registered,
    )


def _overlays(layout: Layout, octets: Octets) -> Sheets:
    columns: list[Octets] = []
    start = HEADER_BYTES
    for size in (2, layout.width, 1, 4):
        columns.append(octets[:, start : start + size * ENTRIES])
        start += size * ENTRIES
    at, wh, quality, registered = columns
    return Sheets(layout, _numbers(at, 2), _numbers(wh, layout.width), quality, _numbers(registered, 4))


def _numbers(octets: Octets, size: int) -> Numbers:
    """Big-endian integers of `size` bytes along the rows."""
    return np.ascontiguousarray(octets).view(f">u{size}").astype(np.int64)


@lru_cache(maxsize=16)
def _places(count: int) -> Numbers:
    return np.arange(count, dtype=np.int64)
