"""From what is new to rows: keys for periods that begin, sealed segments, heads that list them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np

from policies.model import SubjectId
from vault.crypto.aead import KEY_BYTES, NONCE_BYTES, Sealer
from vault.house import House
from vault.request import Secret
from vault.series.axis import Resolution, number
from vault.series.codec import Form, width_of
from vault.series.layout import Kind, Pages, blocks, segments
from vault.series.merging import Merged, Placed
from vault.series.periods import Lane, Period
from vault.series.readings import Numbers, Versions, joined
from vault.series.sealed import Place, listed, prove, seal_segment, wrap_key
from vault.storage.rows import fast_id
from vault.storage.series import SeriesHeadRow

Segment = tuple[SubjectId, UUID, int, int, bytes]

NUMBER_BYTES: Final = 8
ID_BYTES: Final = 16
DRAWN_BYTES: Final = 6_000
WIDTH_OF_SUMS: Final = 8


@dataclass(slots=True)
class Written:
    """Rows to store: segments in contents, heads in control."""

    segments: list[Segment] = field(default_factory=list)
    new_heads: list[SeriesHeadRow] = field(default_factory=list)
    changed_heads: list[SeriesHeadRow] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A period while it is written: its key, and the numbers of segments to be listed."""

    lane: Lane
    place: Place
    sealer: Sealer
    key: UUID
    wrapped: bytes
    version: int
    width: int
    loose: bool
    listed: list[int]


def written(house: House, lanes: Sequence[Lane], found: Merged) -> Written:
    """Rows for everything that is new."""
    writer = _Writer(house, lanes, found)
    for kind, places in _kinds(lanes, found).items():
        writer.write(kind, places)
    return writer.rows()


def needed_widths(lanes: Sequence[Lane], found: Merged) -> dict[int, int]:
    """The width that each lane's new values need."""
    largest = dict.fromkeys(range(len(lanes)), 0)
    for place, readings in found.whole:
        largest[place] = max(largest[place], int(readings.wh.max(initial=0)))
    grouped = np.zeros(len(lanes), np.int64)
    np.maximum.at(grouped, found.lanes, found.versions.wh)
    return {place: _first_width(lane, max(largest[place], int(grouped[place]))) for place, lane in enumerate(lanes)}


def _kinds(lanes: Sequence[Lane], found: Merged) -> dict[Kind, list[int]]:
    """Lanes by what they must share to be written together. A new series gets the width its first values need."""
    needed = needed_widths(lanes, found)
    kinds: dict[Kind, list[int]] = {}
    for place, lane in enumerate(lanes):
        width = max(found.widths.get(place, 0), needed[place])
        kinds.setdefault(Kind(lane.resolution, width, lane.instance), []).append(place)
    return kinds


def _first_width(lane: Lane, largest: int) -> int:
    return WIDTH_OF_SUMS if lane.resolution is Resolution.MONTH else width_of(largest)


class _Writer:
    def __init__(self, house: House, lanes: Sequence[Lane], found: Merged) -> None:
        self._house = house
        self._lanes = lanes
        self._found = found
        self._open: dict[tuple[int, int], _Open] = {}
        self._made = Written()
        self._drawn, self._at = b"", 0
        self._above: dict[SubjectId, Sealer] = {}

    def write(self, kind: Kind, places: Sequence[int]) -> None:
        """Everything new of the lanes of a kind."""
        mine = set(places)
        owners: list[Numbers] = [np.zeros(0, np.int64)]
        rest: list[Versions] = []
        for alike in _alike([placed for placed in self._found.whole if placed[0] in mine]):
            of = np.array([place for place, _ in alike], np.int64)
            for page in blocks(kind, of, [readings for _, readings in alike]):
                if isinstance(page, Pages):
                    self._seal(kind, page)
                else:
                    owners.append(page[0])
                    rest.append(page[1])
        chosen = np.isin(self._found.lanes, np.array(places, np.int64))
        owners.append(self._found.lanes[chosen])
        rest.append(self._found.versions.take(chosen))
        lanes, versions = np.concatenate(owners), joined(rest)
        closed = 0 if self._found.closed is None else number(kind.resolution, self._found.closed)
        over = versions.at < closed
        for folded, part in ((True, over), (False, ~over)):
            for page in segments(kind, lanes[part], versions.take(part), self._found.compacted, folded=folded):
                self._seal(kind, page)

    def _seal(self, kind: Kind, page: Pages) -> None:
        count = len(page.octets)
        drawn = self._house.entropy(count * (NUMBER_BYTES + NONCE_BYTES))
        deliveries = struct.unpack(f">{count}q", drawn[: count * NUMBER_BYTES])
        plain, size = page.octets.tobytes(), page.octets.shape[1]
        at = count * NUMBER_BYTES
        form, width, store = page.form, kind.width, self._made.segments.append
        where = zip(page.lane.tolist(), page.period.tolist(), strict=True)
        for row, ((lane, period), delivery) in enumerate(zip(where, deliveries, strict=True)):
            into = self._open.get((lane, period)) or self._begin(lane, period, width)
            inside, nonce = plain[row * size : (row + 1) * size], drawn[at : at + NONCE_BYTES]
            at += NONCE_BYTES
            sealed = seal_segment(into.sealer, into.place, delivery, form, width, inside, nonce)
            store((into.lane.subject, into.lane.series, period, delivery, sealed))
            into.listed.append(delivery)
            into.loose |= form is Form.DAY

    def _begin(self, lane: int, period: int, width: int) -> _Open:
        there = self._found.periods.get((lane, period))
        made = self._new(self._lanes[lane], period, width) if there is None else self._again(there, lane, width)
        self._open[lane, period] = made
        return made

    def _new(self, lane: Lane, period: int, width: int) -> _Open:
        if lane.subject not in self._above:
            self._above[lane.subject] = self._house.keys.subject_key(lane.loaded.row)
        drawn = self._draw(KEY_BYTES + NONCE_BYTES + ID_BYTES)
        key, place = Secret(drawn[:KEY_BYTES]), lane.place(period)
        nonce, name = drawn[KEY_BYTES : KEY_BYTES + NONCE_BYTES], fast_id(drawn[-ID_BYTES:])
        wrapped = wrap_key(self._above[lane.subject], key, place, lane.loaded.row.generation, nonce)
        return _Open(lane, place, Sealer(key), name, wrapped, version=0, width=width, loose=False, listed=[])

    def _again(self, there: Period, lane: int, width: int) -> _Open:
        head, kept = there.head, lane not in self._found.replacing
        return _Open(
            there.lane,
            there.place,
            there.sealer,
            head.key,
            head.wrapped,
            version=head.version,
            width=width,
            loose=head.loose and kept,
            listed=list(there.numbers) if kept else [],
        )

    def _draw(self, size: int) -> bytes:
        """So many random bytes, drawn by the kilobyte: a year of meters needs them by the hundred thousand."""
        if self._at + size > len(self._drawn):
            self._drawn, self._at = self._house.entropy(DRAWN_BYTES), 0
        self._at += size
        return self._drawn[self._at - size : self._at]

    def rows(self) -> Written:
        """Heads for every period written to."""
        nonces, known = self._house.entropy(NONCE_BYTES * len(self._open)), self._found.periods
        new, changed = self._made.new_heads.append, self._made.changed_heads.append
        for at, (name, each) in enumerate(self._open.items()):
            lane, version, accepted = each.lane, each.version + 1, listed(each.listed)
            nonce = nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES]
            proof = prove(each.sealer, each.place, version, each.width, accepted, nonce)
            row = SeriesHeadRow(
                lane.subject, lane.series, name[1], version, each.width, each.loose, each.key,
                lane.loaded.row.generation, each.wrapped, accepted, proof,
            )  # fmt: skip
            (changed if name in known else new)(row)
        return self._made


def _alike(whole: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Arrivals over the same intervals, together."""
    groups: dict[tuple[int, int], list[Placed]] = {}
    for place, readings in whole:
        if len(readings.wh):
            groups.setdefault((readings.first, len(readings.wh)), []).append((place, readings))
    yield from groups.values()
