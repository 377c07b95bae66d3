"""Readings as bytes of fixed size, many at a time: what is inside a sealed segment.

Integers are big-endian. Three forms; each begins with

    offset  bytes
    0       1     resolution (`axis.Resolution`)
    1       1     width w: bytes of a value, 2, 4 or 8; the same in all segments of a series
    2       2     offset: interval of place 0, counted from the first interval of the period

A block (places = `axis.PLACES`) and a day (places = `axis.DAY_PLACES`) hold one version of each place:

    4         4·r  registration times, seconds since 1970: time g is that of places p·g to p·(g + 1) − 1; zero where
                   none of them has a value
    4 + 4·r   w·n  values; zero where missing
    …         3·⌈n/8⌉  qualities (`readings.Quality`): all lowest bits, then all middle ones, then all highest ones, the
                   first place in the highest bit of the first byte

with p = 24 hours, 96 quarters, 12 days or 1 month in a block, so r = ⌈n/p⌉; a day has one time, r = 1.

An overlay holds up to 32 versions, of intervals anywhere in the period:

    4         2·32  intervals, counted from the first interval of the period
    68        w·32  values
    …         32    qualities; zero where there is no version
    …         4·32  registration times

The size depends on form, resolution and width alone, never on what is inside. What was registered at another time than
its neighbours is left over, and goes into overlays. Specification: `docs/formats/series.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal
from vault.series.axis import DAY_PLACES, PLACES, Resolution
from vault.series.readings import Flags, Numbers, Qualities, Seconds, Wh

Octets = npt.NDArray[np.uint8]

HEADER_BYTES: Final = 4
ENTRIES: Final = 32
NO_QUALITY: Final = 7
WIDTHS: Final = (2, 4, 8)
SHARING: Final = {Resolution.QUARTER: 96, Resolution.HOUR: 24, Resolution.DAY: 12, Resolution.MONTH: 1}
"""How many places of a block share a registration time."""
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
    def sharing(self) -> int:
        """How many places share a registration time."""
        return SHARING[self.resolution] if self.form is Form.BLOCK else self.places

    @property
    def times(self) -> int:
        """How many registration times there are."""
        return -(-self.places // self.sharing)

    @property
    def size(self) -> int:
        """Bytes."""
        if self.form is Form.OVERLAY:
            return HEADER_BYTES + (2 + self.width + 1 + 4) * ENTRIES
        return HEADER_BYTES + 4 * self.times + self.width * self.places + 3 * -(-self.places // 8)


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


def encode(
    layout: Layout, offsets: Numbers, wh: np.ndarray[Any, Any], quality: Qualities, registered: Seconds
) -> tuple[Octets, Flags]:
    """Blocks or days as bytes.

    Args:
        layout: form block or day.
        offsets: (rows,) interval of place 0, counted from the first of the period.
        wh: (rows, places) of any integer type; fits the width; zero where missing.
        quality: (rows, places); zero where missing.
        registered: (rows, places); zero where missing.

    Returns:
        (rows, size) bytes, and (rows, places) what is left over: registered at another time than most around it.
    """
    rows, places = wh.shape
    octets = _headed(layout, offsets)
    table, left = _times(layout, quality, registered)
    if left.any():
        wh, quality = np.where(left, 0, wh), np.where(left, np.uint8(0), quality)
    values_at = HEADER_BYTES + 4 * layout.times
    marks_at = values_at + layout.width * places
    octets[:, HEADER_BYTES:values_at] = table.astype(">u4").view(np.uint8).reshape(rows, -1)
    octets[:, values_at:marks_at] = wh.astype(f">u{layout.width}").view(np.uint8).reshape(rows, -1)
    octets[:, marks_at:] = np.concatenate([np.packbits(quality >> bit & 1, axis=1) for bit in range(3)], axis=1)
    return octets, left


def _headed(layout: Layout, offsets: Numbers) -> Octets:
    octets = np.zeros((len(offsets), layout.size), np.uint8)
    octets[:, 0] = layout.resolution
    octets[:, 1] = layout.width
    octets[:, 2:4] = offsets.astype(">u2").view(np.uint8).reshape(-1, 2)
    return octets


def _times(layout: Layout, quality: Qualities, registered: Seconds) -> tuple[Seconds, Flags]:
    """The times (rows, times), and what is left over (rows, places)."""
    present = quality != 0
    latest = registered.max(axis=1, initial=0)
    earliest = (registered if present.all() else np.where(present, registered, NEVER)).min(axis=1)
    used = _grouped(layout, present).any(axis=2)
    table = np.where(used, latest[:, None], 0)
    left = np.zeros(quality.shape, np.bool_)
    uneven = np.flatnonzero(earliest < latest)
    if len(uneven):
        table[uneven] = _commonest(_grouped(layout, registered[uneven]))
        shared = np.repeat(table[uneven], layout.sharing, axis=1)[:, : layout.places]
        left[uneven] = present[uneven] & (shared != registered[uneven])
    return table, left


def _grouped(layout: Layout, column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(rows, times, sharing), filled up with zeros."""
    padded = np.zeros((len(column), layout.times * layout.sharing), column.dtype)
    padded[:, : layout.places] = column
    return padded.reshape(len(column), layout.times, layout.sharing)


def _commonest(groups: np.ndarray[Any, Any]) -> Seconds:
    """Of each group the commonest time that is not zero."""
    table: Seconds = groups.max(axis=2)
    uneven = np.argwhere(np.where(groups == 0, NEVER, groups).min(axis=2) < table)
    for row, group in uneven:
        times, counts = np.unique(groups[row, group][groups[row, group] != 0], return_counts=True)
        table[row, group] = times[np.argmax(counts)]
    return table


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
    size = layout.size
    if any(len(each) != size for each in plain):
        raise BrokenSeal(BROKEN)
    octets = np.frombuffer(b"".join(plain), np.uint8).reshape(len(plain), size)
    if (octets[:, 0] != layout.resolution).any() or (octets[:, 1] != layout.width).any():
        raise BrokenSeal(BROKEN)
    sheets = _overlays(layout, octets) if layout.form is Form.OVERLAY else _columns(layout, octets)
    if int(sheets.quality.max(initial=0)) >= NO_QUALITY:
        raise BrokenSeal(BROKEN)
    return sheets


def _columns(layout: Layout, octets: Octets) -> Sheets:
    values_at = HEADER_BYTES + 4 * layout.times
    marks_at = values_at + layout.width * layout.places
    offsets = _numbers(octets[:, 2:4], 2)
    table = _numbers(octets[:, HEADER_BYTES:values_at], 4)
    planes = np.unpackbits(octets[:, marks_at:].reshape(len(octets), 3, -1), axis=2, count=layout.places)
    quality = (planes[:, 0] | planes[:, 1] << 1 | planes[:, 2] << 2).astype(np.uint8)
    registered = np.repeat(table, layout.sharing, axis=1)[:, : layout.places]
    if not quality.all():
        registered = np.where(quality == 0, 0, registered)
    wh = _numbers(octets[:, values_at:marks_at], layout.width)
    return Sheets(layout, offsets + _places(layout.places), wh, quality, registered)


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
