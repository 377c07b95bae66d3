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
from vault.series.axis import Resolution
from vault.series.codec import Form, width_of
from vault.series.layout import Kind, Pages, blocks, segments
from vault.series.merging import Merged, Placed
from vault.series.periods import Lane, Period
from vault.series.readings import Numbers, Versions, joined
from vault.series.sealed import Place, listed, prove, seal_segment, wrap_key
from vault.storage.series import HeadWrite, SeriesHeadRow

Segment = tuple[SubjectId, UUID, int, int, bytes]

NUMBER_BYTES: Final = 8
WIDTH_OF_SUMS: Final = 8


@dataclass(slots=True)
class Written:
    """Rows to store: segments in contents, heads in control."""

    segments: list[Segment] = field(default_factory=list)
    new_heads: list[HeadWrite] = field(default_factory=list)
    changed_heads: list[HeadWrite] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A period while it is written: its key, and the numbers of segments to be listed."""

    lane: Lane
    place: Place
    number: int
    sealer: Sealer
    wrapped: bytes
    version: int
    width: int
    listed: list[int]
    forms: set[Form] = field(default_factory=set)


def written(house: House, lanes: Sequence[Lane], found: Merged) -> Written:
    """Rows for everything that is new."""
    writer = _Writer(house, lanes, found)
    for kind, numbers in _kinds(lanes, found).items():
        writer.write(kind, numbers)
    return writer.rows()


def _kinds(lanes: Sequence[Lane], found: Merged) -> dict[Kind, list[int]]:
    """Lanes by what they must share to be written together. A new series gets the width its first values need."""
    needed = dict.fromkeys(range(len(lanes)), 0)
    for number, readings in found.whole:
        needed[number] = max(needed[number], int(readings.wh.max(initial=0)))
    for number in np.unique(found.lanes):
        needed[int(number)] = max(needed[int(number)], int(found.versions.wh[found.lanes == number].max()))
    kinds: dict[Kind, list[int]] = {}
    for number, lane in enumerate(lanes):
        width = found.widths.get(number) or _first_width(lane, needed[number])
        kinds.setdefault(Kind(lane.resolution, width, lane.instance), []).append(number)
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

    def write(self, kind: Kind, numbers: Sequence[int]) -> None:
        """Everything new of the lanes of a kind."""
        mine = set(numbers)
        owners: list[Numbers] = [np.zeros(0, np.int64)]
        rest: list[Versions] = []
        for alike in _alike([placed for placed in self._found.whole if placed[0] in mine]):
            of = np.array([number for number, _ in alike], np.int64)
            for page in blocks(kind, of, [readings for _, readings in alike]):
                if isinstance(page, Pages):
                    self._seal(kind, page)
                else:
                    owners.append(page[0])
                    rest.append(page[1])
        chosen = np.isin(self._found.lanes, np.array(numbers, np.int64))
        owners.append(self._found.lanes[chosen])
        rest.append(self._found.versions.take(chosen))
        for page in segments(kind, np.concatenate(owners), joined(rest), self._found.compacted):
            self._seal(kind, page)

    def _seal(self, kind: Kind, page: Pages) -> None:
        count = len(page.octets)
        drawn = self._house.entropy(count * (NUMBER_BYTES + NONCE_BYTES))
        deliveries = struct.unpack(f">{count}q", drawn[: count * NUMBER_BYTES])
        plain, size = page.octets.tobytes(), page.octets.shape[1]
        at = count * NUMBER_BYTES
        for row, (lane, period) in enumerate(zip(page.lane.tolist(), page.period.tolist(), strict=True)):
            into = self._open.get((lane, period)) or self._begin(lane, period, kind.width)
            nonce = drawn[at : at + NONCE_BYTES]
            at += NONCE_BYTES
            inside = plain[row * size : (row + 1) * size]
            number = deliveries[row]
            sealed = seal_segment(into.sealer, into.place, number, page.form, kind.width, inside, nonce)
            self._made.segments.append((into.lane.subject, into.lane.series, period, number, sealed))
            into.listed.append(number)
            into.forms.add(page.form)

    def _begin(self, number: int, period: int, width: int) -> _Open:
        lane, there = self._lanes[number], self._found.periods.get((number, period))
        if there is not None:
            made = _again(there, period)
        else:
            row = lane.loaded.row
            place = Place.of(lane.subject, lane.series, period)
            drawn = self._house.entropy(KEY_BYTES + NONCE_BYTES)
            key = Secret(drawn[:KEY_BYTES])
            above = self._house.keys.subject_key(row)
            wrapped = wrap_key(above, key, place, row.generation, drawn[KEY_BYTES:])
            made = _Open(lane, place, period, Sealer(key), wrapped, 0, width, [])
        self._open[number, period] = made
        return made

    def rows(self) -> Written:
        """Heads for every period written to."""
        nonces = self._house.entropy(NONCE_BYTES * len(self._open))
        for place, ((number, period), each) in enumerate(self._open.items()):
            version = each.version + 1
            accepted = listed(each.listed)
            nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
            proof = prove(each.sealer, each.place, version, each.width, accepted, nonce)
            row = SeriesHeadRow(
                each.lane.subject, each.lane.series, period, version, each.width, each.lane.loaded.row.generation,
                each.wrapped, accepted, proof,
            )  # fmt: skip
            into = self._made.changed_heads if (number, period) in self._found.periods else self._made.new_heads
            into.append(HeadWrite(row, loose=len(each.listed) > 1 or Form.DAY in each.forms))
        return self._made


def _again(there: Period, period: int) -> _Open:
    head = there.head
    return _Open(
        there.lane, there.place, period, there.sealer, head.wrapped, head.version, head.width, list(there.numbers)
    )


def _alike(whole: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Arrivals over the same intervals, together."""
    groups: dict[tuple[int, int], list[Placed]] = {}
    for number, readings in whole:
        if len(readings.wh):
            groups.setdefault((readings.first, len(readings.wh)), []).append((number, readings))
    yield from groups.values()
