"""Periods of series opened: the key out of the head, the list proven, the segments it names as columns.

Whoever calls this has decided and recorded. Nothing here is handed out of the vault as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from policies.model import Instance, RecordId, SubjectId
from vault.crypto.aead import BROKEN, Sealer
from vault.errors import BrokenSeal
from vault.house import House, Loaded
from vault.series.axis import Resolution, period_span
from vault.series.codec import Form, Layout, Sheets, decode
from vault.series.readings import Numbers, Versions, joined
from vault.series.sealed import Place, check, form_of, numbers_of, open_segment, packed, series_id, unwrap_key
from vault.storage.engine import Collision
from vault.storage.series import SeriesHeadRow, fetch_heads, fetch_segments

NUMBER_BITS: Final = 64  # of a segment's number: place and number as one integer are no work for the garbage collector
STALE: Final = "a subject's key was renewed since it was read"


@dataclass(frozen=True, slots=True)
class Lane:
    """A series: one field of one record at one resolution, of a subject whose keys are at hand."""

    loaded: Loaded
    record: RecordId
    field: str
    resolution: Resolution
    instance: Instance
    subject: SubjectId
    series: UUID
    names: tuple[bytes, bytes]  # the last two as bytes

    def place(self, period: int) -> Place:
        """Where a period of it belongs."""
        return Place(*self.names, packed(period))

    @classmethod
    def of(cls, loaded: Loaded, record: RecordId, field: str, resolution: Resolution, instance: Instance) -> Lane:
        """The lane of a record's field."""
        series, subject = series_id(record, field, resolution), loaded.row.subject
        names = subject.bytes, series.bytes
        return cls(loaded, record, field, resolution, instance, subject, series, names)


class Period(NamedTuple):
    """A period of a lane whose head was found whole."""

    lane: Lane
    head: SeriesHeadRow
    place: Place
    sealer: Sealer
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """Opened segments of one layout and which period each is of, by its place in what was asked for."""

    sheets: Sheets
    period: Numbers


def unlocked(house: House, heads: Iterable[tuple[Lane, SeriesHeadRow]]) -> list[Period]:
    """The key and the proven list of each head.

    Raises:
        BrokenSeal: a head was damaged, moved or replaced.
        Collision: a roll renewed a subject's key since it was read.
    """
    above: dict[SubjectId, Sealer] = {}
    found: list[Period] = []
    for lane, head in heads:
        row = lane.loaded.row
        if head.generation != row.generation:
            raise Collision(STALE)
        if lane.subject not in above:
            above[lane.subject] = house.keys.subject_key(row)
        place = lane.place(head.period)
        keys, name = lane.loaded.keys.cached, (place, head.wrapped)
        sealer = keys.period_keys.get(name)
        if sealer is None:
            sealer = Sealer(unwrap_key(above[lane.subject], head.wrapped, place, head.generation))
            keys.remember_period(name, sealer)
        check(sealer, place, head.version, head.width, head.accepted, head.proof)
        found.append(Period(lane, head, place, sealer, numbers_of(head.accepted)))
    return found


async def opened(house: House, periods: Sequence[Period]) -> list[Filed]:
    """Every segment that counts in these periods.

    Raises:
        BrokenSeal: one is missing, damaged, moved, or not what it says.
        Collision: a period changed meanwhile and its old segments were swept.
    """
    if not periods:
        return []
    keys = [(period.head.subject, period.head.series, period.head.period) for period in periods]
    async with house.contents.connection() as connection:
        rows = await fetch_segments(connection, keys)
    stored = {(place << NUMBER_BITS) + delivery: sealed for place, delivery, sealed in rows}
    if any(
        (place << NUMBER_BITS) + each not in stored for place, period in enumerate(periods) for each in period.numbers
    ):
        await _missing(house, periods)
    piles: dict[tuple[Form, Resolution, int], tuple[list[bytes], list[int]]] = {}
    for place, period in enumerate(periods):
        sealer, where, width, resolution = period.sealer, period.place, period.head.width, period.lane.resolution
        for delivery in period.numbers:
            sealed = stored[(place << NUMBER_BITS) + delivery]
            form = form_of(sealed)
            plain, owners = piles.setdefault((form, resolution, width), ([], []))
            plain.append(open_segment(sealer, where, delivery, form, width, sealed))
            owners.append(place)
    return [_filed(Layout(*kind), plain, owners, periods) for kind, (plain, owners) in piles.items()]


def _filed(layout: Layout, plain: Sequence[bytes], owners: Sequence[int], periods: Sequence[Period]) -> Filed:
    """Decoded, with `at` as numbers of the axis."""
    sheets = decode(layout, plain)
    firsts = [period_span(layout.resolution, periods[place].head.period).first for place in owners]
    np.add(sheets.at, np.array(firsts, np.int64)[:, None], out=sheets.at)
    return Filed(sheets, np.array(owners, np.int64))


async def _missing(house: House, periods: Sequence[Period]) -> None:
    """Whoever replaced the list may have let its segments go: then read again. Nobody did: they were taken away."""
    async with house.control.connection() as connection:
        rows = await fetch_heads(connection, [(p.head.subject, p.head.series, p.head.period) for p in periods])
    if {(row.subject, row.series, row.period, row.version) for row in rows} == {
        (p.head.subject, p.head.series, p.head.period, p.head.version) for p in periods
    }:
        raise BrokenSeal(BROKEN)
    raise Collision(STALE)


def versions_in(filed: Sequence[Filed], lanes: Mapping[int, int] | Sequence[int]) -> tuple[Numbers, Versions]:
    """Everything present, flat: for each version the lane of its period (by `lanes[period]`), and the version."""
    owners: list[Numbers] = [np.zeros(0, np.int64)]
    parts: list[Versions] = []
    for each in filed:
        rows, places = np.nonzero(each.sheets.quality)
        sheets = each.sheets
        lane = np.array([lanes[int(period)] for period in each.period], np.int64)
        owners.append(lane[rows])
        parts.append(
            Versions(
                sheets.at[rows, places],
                sheets.wh[rows, places],
                sheets.quality[rows, places],
                sheets.registered[rows, places],
            )
        )
    return np.concatenate(owners), joined(parts)


def with_blocks(filed: Sequence[Filed]) -> set[tuple[int, int]]:
    """(place of the period, first interval of the frame) of every block."""
    return {
        pair
        for each in filed
        if each.sheets.layout.form is Form.BLOCK
        for pair in zip(each.period.tolist(), each.sheets.at[:, 0].tolist(), strict=True)
    }
