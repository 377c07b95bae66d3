"""From versions to segments: which form holds which, and the bytes of all of them at once.

What spans eight days or more of a month becomes a block; what spans fewer becomes one segment per day; what comes to a
month that has its block already, and is little, becomes an overlay. Sums of months are blocks, days of the year
overlays or blocks. Nothing here is sealed yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from policies.model import Instance
from vault.series import axis
from vault.series.axis import Resolution, Span
from vault.series.codec import ENTRIES, Form, Layout, Octets, encode, encode_overlays
from vault.series.readings import Flags, Numbers, Qualities, Readings, Seconds, Versions, joined, ordered

BLOCK_DAYS: Final = 8
LANE: Final = 1 << 32
"""Lanes side by side on one axis: lane · 2^32 + interval."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What series must share to be written together."""

    resolution: Resolution
    width: int
    instance: Instance


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Pages:
    """Plain segments of one form: for each the lane, the period and the bytes. Does not print."""

    form: Form
    lane: Numbers
    period: Numbers
    octets: Octets


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where frames (or days) begin, the end included, with the period of each and its place in it."""

    bounds: Numbers
    periods: Numbers
    offsets: Numbers

    def of(self, at: Numbers) -> Numbers:
        """Which piece each interval is in."""
        return np.searchsorted(self.bounds, at, side="right") - 1


def _cuts(kind: Kind, pieces: Sequence[Span]) -> Cuts:
    periods = [axis.period_of(kind.resolution, kind.instance, piece.first) for piece in pieces]
    firsts = [axis.period_span(kind.resolution, period).first for period in periods]
    bounds = np.array([*(piece.first for piece in pieces), pieces[-1].stop], np.int64)
    return Cuts(bounds, np.array(periods, np.int64), bounds[:-1] - np.array(firsts, np.int64))


def _whole_frames(kind: Kind, span: Span) -> list[Span]:
    return list(axis.frames(kind.resolution, Span(axis.frame_of(kind.resolution, span.first).first, span.stop)))


def _whole_days(kind: Kind, span: Span) -> list[Span]:
    a_day = axis.DAY_PLACES[kind.resolution]  # a little more than any day has
    wide = Span(span.first - a_day, span.stop + a_day)
    return [day for day in axis.days(kind.resolution, wide) if day.stop > span.first and day.first < span.stop]


# -- many alike, new: whole blocks -----------------------------------------------------------------------------------


def blocks(kind: Kind, lanes: Numbers, stacked: Sequence[Readings]) -> Iterator[Pages | tuple[Numbers, Versions]]:
    """Segments of readings that cover the same intervals and meet nothing that is there.

    Yields pages of blocks, and (lanes, versions) for what does not make a block.
    """
    span = stacked[0].span
    wh = np.stack([each.wh for each in stacked]).astype(f"u{kind.width}")
    quality = np.stack([each.quality for each in stacked])
    registered = np.stack([each.registered for each in stacked])
    for frame in axis.frames(kind.resolution, span):
        part = frame.meet(span)
        columns = slice(part.first - span.first, part.stop - span.first)
        rows = np.flatnonzero(quality[:, columns].any(axis=1))
        if len(rows) == len(lanes):  # views, no copies
            piece = _Piece(part, lanes, wh[:, columns], quality[:, columns], registered[:, columns])
        else:
            piece = _Piece(part, lanes[rows], wh[rows, columns], quality[rows, columns], registered[rows, columns])
        if _is_block(kind, part):
            yield from _framed(kind, frame, piece)
        else:
            yield piece.flat()


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Piece:
    """The same intervals of several lanes."""

    part: Span
    lanes: Numbers
    wh: np.ndarray[Any, Any]
    quality: Qualities
    registered: Seconds

    def flat(self, chosen: Flags | None = None) -> tuple[Numbers, Versions]:
        rows, places = np.nonzero(self.quality if chosen is None else chosen)
        wh = self.wh[rows, places].astype(np.int64)
        return self.lanes[rows], Versions(
            places + self.part.first, wh, self.quality[rows, places], self.registered[rows, places]
        )


def _is_block(kind: Kind, part: Span) -> bool:
    if kind.resolution in axis.SECONDS:
        return part.length >= BLOCK_DAYS * 24 * 3600 // axis.SECONDS[kind.resolution]
    return kind.resolution is Resolution.MONTH or part.length > ENTRIES


def _framed(kind: Kind, frame: Span, piece: _Piece) -> Iterator[Pages | tuple[Numbers, Versions]]:
    layout = Layout(Form.BLOCK, kind.resolution, kind.width)
    cuts = _cuts(kind, [frame])
    at = piece.part.first - frame.first
    shape = len(piece.lanes), layout.places
    wh, quality, registered = np.zeros(shape, piece.wh.dtype), np.zeros(shape, np.uint8), np.zeros(shape, np.int64)
    columns = slice(at, at + piece.part.length)
    wh[:, columns], quality[:, columns], registered[:, columns] = piece.wh, piece.quality, piece.registered
    rows = np.zeros(len(piece.lanes), np.int64)
    octets, left = encode(layout, cuts.offsets[rows], wh, quality, registered)
    yield Pages(Form.BLOCK, piece.lanes, cuts.periods[rows], octets)
    if left.any():
        yield piece.flat(left[:, columns])


# -- anything --------------------------------------------------------------------------------------------------------


def segments(
    kind: Kind,
    lanes: Numbers,
    versions: Versions,
    compacted: Collection[tuple[int, int]],
    *,
    folded: bool = False,
) -> Iterator[Pages]:
    """Segments that together hold exactly these versions.

    Args:
        kind: of all lanes.
        lanes: the lane of each version.
        versions: any number of each interval, each once.
        compacted: (lane, first interval of the frame) of frames that have their block.
        folded: a block for each frame, whatever it holds, and what it does not hold in overlays or further blocks.
    """
    base = folded
    left = ordered(Versions(lanes * LANE + versions.at, versions.wh, versions.quality, versions.registered))
    while len(left):
        lowest = np.ones(len(left), np.bool_)
        lowest[1:] = left.at[1:] != left.at[:-1]
        yield from _layer(kind, left.take(lowest), compacted, base=base, folded=folded)
        left, base = left.take(~lowest), False


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Cut:
    """A layer in pieces: the frame and the day of each version, and which form takes it."""

    frames: Cuts
    frame: Numbers
    days: Cuts
    day: Numbers
    block: Flags
    overlay: Flags


def _layer(
    kind: Kind, layer: Versions, compacted: Collection[tuple[int, int]], *, base: bool, folded: bool
) -> Iterator[Pages]:
    """At most one version of an interval; `at` is lane and interval in one, in order. `base`: nothing but blocks."""
    cut = _cut(kind, layer, compacted, base=base, folded=folded)
    rest: list[Versions] = [layer.take(cut.overlay)]
    for form, cuts, piece, chosen in (
        (Form.BLOCK, cut.frames, cut.frame, cut.block),
        (Form.DAY, cut.days, cut.day, ~(cut.block | cut.overlay)),
    ):
        if chosen.any():
            page, left = _scattered(Layout(form, kind.resolution, kind.width), cuts, piece[chosen], layer.take(chosen))
            yield page
            rest.append(left)
    little = joined(rest)
    if len(little):
        yield _overlaid(kind, cut.frames, little)


def _cut(kind: Kind, layer: Versions, compacted: Collection[tuple[int, int]], *, base: bool, folded: bool) -> _Cut:
    lane, at = layer.at // LANE, layer.at % LANE
    span = Span(int(at.min()), int(at.max()) + 1)
    frames = _cuts(kind, _whole_frames(kind, span))
    frame = frames.of(at)
    group, member = np.unique(lane * LANE + frame, return_inverse=True)
    sizes = np.bincount(member)
    if kind.resolution not in axis.SECONDS:
        block = np.full(len(group), base or kind.resolution is Resolution.MONTH) | (sizes > ENTRIES)
        return _Cut(frames, frame, frames, frame, block[member], ~block[member])
    days = _cuts(kind, _whole_days(kind, span))
    day = days.of(at)
    seen = np.unique(np.stack([member, day]), axis=1)[0]
    block = base | (np.bincount(seen, minlength=len(group)) >= BLOCK_DAYS)
    done = np.array([(int(each // LANE), int(frames.bounds[each % LANE])) in compacted for each in group])
    overlay = ~block & (folded | (done & (sizes <= ENTRIES)))
    return _Cut(frames, frame, days, day, block[member], overlay[member])


def _scattered(layout: Layout, cuts: Cuts, piece: Numbers, layer: Versions) -> tuple[Pages, Versions]:
    """One segment per lane and piece; and what found no room."""
    lane, at = layer.at // LANE, layer.at % LANE
    group, row = np.unique(lane * LANE + piece, return_inverse=True)
    place = at - cuts.bounds[piece]
    shape = len(group), layout.places
    wh, quality, registered = np.zeros(shape, np.int64), np.zeros(shape, np.uint8), np.zeros(shape, np.int64)
    wh[row, place], quality[row, place], registered[row, place] = layer.wh, layer.quality, layer.registered
    of = group % LANE
    octets, left = encode(layout, cuts.offsets[of], wh, quality, registered)
    return Pages(layout.form, group // LANE, cuts.periods[of], octets), layer.take(left[row, place])


def _overlaid(kind: Kind, frames: Cuts, little: Versions) -> Pages:
    """Overlays of 32 versions, of one lane and period each."""
    lane, at = little.at // LANE, little.at % LANE
    period = frames.periods[frames.of(at)]
    order = np.lexsort((at, period, lane))
    lane, at, period, little = lane[order], at[order], period[order], little.take(order)
    begins = np.ones(len(at), np.bool_)
    begins[1:] = (lane[1:] != lane[:-1]) | (period[1:] != period[:-1])
    within = np.arange(len(at)) - np.maximum.accumulate(np.where(begins, np.arange(len(at)), 0))
    fresh = begins | (within % ENTRIES == 0)
    row, place = np.cumsum(fresh) - 1, within % ENTRIES
    shape = int(row[-1]) + 1, ENTRIES
    columns = [np.zeros(shape, np.int64) for _ in range(3)]
    quality = np.zeros(shape, np.uint8)
    starts = {int(each): axis.period_span(kind.resolution, int(each)).first for each in np.unique(period)}
    columns[0][row, place] = at - np.array([starts[int(each)] for each in period], np.int64)
    columns[1][row, place], columns[2][row, place], quality[row, place] = little.wh, little.registered, little.quality
    layout = Layout(Form.OVERLAY, kind.resolution, kind.width)
    octets = encode_overlays(layout, columns[0], columns[1], quality, columns[2])
    return Pages(Form.OVERLAY, lane[fresh], period[fresh], octets)
