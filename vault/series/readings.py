"""Columns of readings, and which version of an interval counts.

A *version* of an interval is a value with its quality and the second it was registered. Versions are ordered by
registration, then quality, then value; the last one counts. So the newest registration wins, and of two registered in
the same second a final value beats an estimate. What counts is the maximum of a set: deliveries give the same series in
whatever order, however split, however often.

Missing is no version: an interval nobody read has quality `MISSING`, and its value means nothing. Zero is a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

import numpy as np
import numpy.typing as npt

from vault.series.axis import Resolution, Span, instant

Wh = npt.NDArray[np.int64]
Qualities = npt.NDArray[np.uint8]
Seconds = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@unique
class Quality(IntEnum):
    """How a value was come by, weakest first: of two registered at once the stronger counts. Sealed as 3 bits."""

    MISSING = 0
    TEMPORARY = 1
    ESTIMATED = 2
    INCOMPLETE = 3  # a sum over intervals of which some are missing
    CALCULATED = 4
    FINAL_ESTIMATED = 5
    MEASURED = 6


FINAL: Final = frozenset({Quality.CALCULATED, Quality.FINAL_ESTIMATED, Quality.MEASURED})
QUALITY_BITS: Final = 3


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Readings:
    """What counts of a run of intervals, one place each. Does not print.

    Attributes:
        resolution: how long an interval is.
        first: number of the first interval on the axis of the resolution (`axis.py`).
        wh: int64, the values (Wh, or the unit of the field); 0 where missing.
        quality: uint8, `Quality` of each; 0 where missing.
        registered: int64, seconds since 1970 (UTC); 0 where missing.
    """

    resolution: Resolution
    first: int
    wh: Wh
    quality: Qualities
    registered: Seconds

    @property
    def span(self) -> Span:
        """The intervals it covers."""
        return Span(self.first, self.first + len(self.wh))

    @property
    def present(self) -> Flags:
        """Where there is a value."""
        return self.quality.astype(np.bool_)

    def starts(self) -> npt.NDArray[np.int64]:
        """When each interval begins: seconds since 1970, UTC."""
        return np.fromiter(
            (int(instant(self.resolution, number).timestamp()) for number in range(self.first, self.span.stop)),
            np.int64,
            len(self.wh),
        )

    def cut(self, span: Span) -> Readings:
        """The part of it within `span`."""
        part = self.span.meet(span)
        inside = slice(part.first - self.first, max(part.first, part.stop) - self.first)
        first = part.first if part.length else span.first
        return Readings(
            self.resolution, first, self.wh[inside], self.quality[inside], self.registered[inside]
        )  # fmt: skip


def nothing(resolution: Resolution, span: Span) -> Readings:
    """Intervals nobody read."""
    size = span.length
    return Readings(
        resolution, span.first, np.zeros(size, np.int64), np.zeros(size, np.uint8), np.zeros(size, np.int64)
    )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Versions:
    """Versions of intervals, in any number and order: columns of equal length. Does not print.

    Attributes:
        at: int64, interval numbers.
        wh: int64.
        quality: uint8, never missing.
        registered: int64, seconds since 1970.
    """

    at: Numbers
    wh: Wh
    quality: Qualities
    registered: Seconds

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: Flags | slice | Numbers) -> Versions:
        """Some of them."""
        return Versions(self.at[chosen], self.wh[chosen], self.quality[chosen], self.registered[chosen])


def versions_of(readings: Readings) -> Versions:
    """What is present, as versions."""
    places = np.flatnonzero(readings.quality)
    return Versions(
        places + readings.first, readings.wh[places], readings.quality[places], readings.registered[places]
    )  # fmt: skip


def joined(parts: Sequence[Versions]) -> Versions:
    """All of them after one another."""
    if not parts:
        return Versions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.int64))
    return Versions(
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.wh for part in parts]),
        np.concatenate([part.quality for part in parts]),
        np.concatenate([part.registered for part in parts]),
    )


def strength(quality: Qualities, registered: Seconds) -> Numbers:
    """The first two of the three things versions are ordered by, as one number; 0 where missing."""
    return (registered << QUALITY_BITS) | quality


def ordered(versions: Versions) -> Versions:
    """Each version once, by interval and within it from the weakest to the one that counts."""
    force = strength(versions.quality, versions.registered)
    order = np.lexsort((versions.wh, force, versions.at))
    at, wh, force = versions.at[order], versions.wh[order], force[order]
    fresh = np.ones(len(at), np.bool_)
    fresh[1:] = (at[1:] != at[:-1]) | (force[1:] != force[:-1]) | (wh[1:] != wh[:-1])
    return versions.take(order[fresh])


def layers(versions: Versions) -> Iterable[Versions]:
    """The same set as layers with at most one version of an interval each, the weakest first."""
    left = ordered(versions)
    while len(left):
        lowest = np.ones(len(left), np.bool_)
        lowest[1:] = left.at[1:] != left.at[:-1]
        yield left.take(lowest)
        left = left.take(~lowest)


def laid(into: Readings, more: Readings) -> None:
    """Lay `more` over `into`: what counts of both stays, in place. `more` may reach beyond: that part is left out."""
    part = into.span.meet(more.span)
    if not part.length:
        return
    mine = slice(part.first - into.first, part.stop - into.first)
    theirs = slice(part.first - more.first, part.stop - more.first)
    old = strength(into.quality[mine], into.registered[mine])
    new = strength(more.quality[theirs], more.registered[theirs])
    wins = (new > old) | ((new == old) & (more.wh[theirs] > into.wh[mine]))
    for column, source in ((into.wh, more.wh), (into.quality, more.quality), (into.registered, more.registered)):
        np.copyto(column[mine], source[theirs], where=wins, casting="no")


def counting(resolution: Resolution, span: Span, versions: Versions) -> Readings:
    """What counts of these versions, over `span`; versions outside are left out."""
    readings = nothing(resolution, span)
    inside = ordered(versions.take((versions.at >= span.first) & (versions.at < span.stop)))
    counts = np.ones(len(inside), np.bool_)
    counts[:-1] = inside.at[1:] != inside.at[:-1]
    last = inside.take(counts)
    places = last.at - span.first
    readings.wh[places] = last.wh
    readings.quality[places] = last.quality
    readings.registered[places] = last.registered
    return readings
