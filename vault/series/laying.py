"""From opened segments to series: what counts of them, laid over one another, many series at once.

Series over the same intervals share one table, a row each. A month of which there is a single block is copied into all
of its rows at once; everything else is laid over what is there, version by version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from vault.request import Secret
from vault.series import axis
from vault.series.axis import Resolution, Span
from vault.series.codec import Form
from vault.series.periods import Filed, Lane, Period, versions_in
from vault.series.readings import Numbers, Qualities, Readings, Seconds, Versions, Wh, laid, ordered, strength
from vault.series.request import Series


@dataclass(slots=True)
class _Table:
    """The lanes of one span: row n of each column is that of lane n."""

    resolution: Resolution
    span: Span
    lanes: list[Lane] = field(default_factory=list)
    wh: Wh = field(init=False)
    quality: Qualities = field(init=False)
    registered: Seconds = field(init=False)

    def make(self) -> None:
        """Room for all lanes, nothing read."""
        shape = len(self.lanes), self.span.length
        self.wh, self.quality = np.zeros(shape, np.int64), np.zeros(shape, np.uint8)
        self.registered = np.zeros(shape, np.int64)

    def row(self, number: int) -> Readings:
        """One lane, as a view."""
        columns = (self.wh[number], self.quality[number], self.registered[number])
        return Readings(self.resolution, self.span.first, *columns)


Spot = tuple[_Table, int]


def laid_out(
    periods: Sequence[Period], filed: Sequence[Filed], start: datetime, end: datetime, *, history: bool
) -> list[Series]:
    """What counts in [start, end) of every series that has one of these periods, trimmed to what is kept.

    Args:
        periods: of any series, in any order.
        filed: all their segments; numbered by their place in `periods`.
        start: aware.
        end: aware.
        history: also the versions that do not count.
    """
    spots = _spots(periods, start, end)
    of = [spots[id(period.lane)] for period in periods]
    for each in sorted(filed, key=lambda found: found.sheets.layout.form is not Form.BLOCK):
        rest: Iterable[int] = range(len(each.period))
        if each.sheets.layout.form is Form.BLOCK:
            rest = _copy(of, each)
        for row in rest:
            table, number = of[int(each.period[row])]
            _lay(table.row(number), each, row)
    named = [(spots[id(lane)], lane) for lane in {id(p.lane): p.lane for p in periods}.values()]
    earlier = _earlier(periods, filed, spots) if history else {}
    return [
        Series(lane.subject, lane.record, lane.field, Secret(table.row(number)), earlier.get(id(lane)))
        for (table, number), lane in named
        if table.span.length
    ]


def _spots(periods: Sequence[Period], start: datetime, end: datetime) -> dict[int, Spot]:
    """A row for each lane, in the table of its span."""
    kept: dict[int, tuple[Lane, int, int]] = {}
    for period in periods:
        name, number = id(period.lane), period.head.period
        _, low, high = kept.get(name, (period.lane, number, number))
        kept[name] = period.lane, min(low, number), max(high, number)
    tables: dict[tuple[Resolution, Span], _Table] = {}
    spots: dict[int, Spot] = {}
    for name, (lane, low, high) in kept.items():
        first, last = axis.period_span(lane.resolution, low), axis.period_span(lane.resolution, high)
        span = axis.between(lane.resolution, start, end).meet(Span(first.first, last.stop))
        table = tables.setdefault((lane.resolution, span), _Table(lane.resolution, span))
        spots[name] = table, len(table.lanes)
        table.lanes.append(lane)
    for table in tables.values():
        table.make()
    return spots


def _copy(of: Sequence[Spot], each: Filed) -> list[int]:
    """Copy what meets nothing, by table and month; the rows that are left have to be laid over something."""
    first: dict[tuple[int, int, int], int] = {}
    groups: dict[tuple[int, int], tuple[_Table, list[int], list[int]]] = {}
    rest: list[int] = []
    begins: list[int] = each.sheets.at[:, 0].tolist()
    owners: list[int] = each.period.tolist()
    for row, (period, begin) in enumerate(zip(owners, begins, strict=True)):
        table, number = of[period]
        if first.setdefault((id(table), number, begin), row) != row:
            rest.append(row)
            continue
        _, rows, numbers = groups.setdefault((id(table), begin), (table, [], []))
        rows.append(row)
        numbers.append(number)
    for (_, begin), (table, rows, numbers) in groups.items():
        _copy_month(table, each, begin, np.array(rows), np.array(numbers))
    return rest


def _copy_month(table: _Table, each: Filed, begin: int, rows: Numbers, numbers: Numbers) -> None:
    part = table.span.meet(axis.frame_of(table.resolution, begin))
    if not part.length:
        return
    mine = slice(part.first - table.span.first, part.stop - table.span.first)
    theirs = slice(part.first - begin, part.stop - begin)
    sheets = each.sheets
    table.wh[numbers, mine] = sheets.wh[rows, theirs]
    table.quality[numbers, mine] = sheets.quality[rows, theirs]
    table.registered[numbers, mine] = sheets.registered[rows, theirs]


def _lay(target: Readings, each: Filed, row: int) -> None:
    sheets = each.sheets
    if sheets.layout.form is not Form.OVERLAY:
        columns = (sheets.wh[row], sheets.quality[row], sheets.registered[row])
        laid(target, Readings(target.resolution, int(sheets.at[row, 0]), *columns))
        return
    for place in np.flatnonzero(sheets.quality[row]):
        one = slice(int(place), int(place) + 1)
        columns = (sheets.wh[row, one], sheets.quality[row, one], sheets.registered[row, one])
        laid(target, Readings(target.resolution, int(sheets.at[row, place]), *columns))


def _earlier(periods: Sequence[Period], filed: Sequence[Filed], spots: dict[int, Spot]) -> dict[int, Secret[Versions]]:
    """Of each lane the versions that do not count."""
    names = list(spots)
    numbers = {name: number for number, name in enumerate(names)}
    lane, versions = versions_in(filed, [numbers[id(period.lane)] for period in periods])
    found: dict[int, Secret[Versions]] = {}
    for number, name in enumerate(names):
        table, row = spots[name]
        readings = table.row(row)
        mine = ordered(versions.take(lane == number))
        inside = mine.take((mine.at >= readings.first) & (mine.at < readings.span.stop))
        places = inside.at - readings.first
        counts = strength(readings.quality, readings.registered)[places]
        force = strength(inside.quality, inside.registered)
        found[name] = Secret(inside.take((force != counts) | (inside.wh != readings.wh[places])))
    return found
