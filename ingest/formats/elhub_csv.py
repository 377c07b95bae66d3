"""Elhub's end-user CSV in its four dialects. Described in `docs/formats/elhub-csv.md`.

A block of lines is read by columns. Times without offset are what a clock in Oslo showed; of the hour that comes twice
in autumn the end of the interval tells which one is meant (`Fra == Til` in the first), else the row before does, and
where neither tells, the row is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest import oslo
from ingest.formats.columns import energies, following_instants, instants, walls
from ingest.formats.csv_header import NAMES, Header, header, point_of
from ingest.formats.delivery import Item, Options, Readable
from ingest.formats.gate import Gate, unregistered
from ingest.formats.table import Table
from ingest.formats.text import Block, blocks
from ingest.problems import Problem, Rule
from ingest.readings import NO_ENERGY, Batch, MeteringPoint, Quality, Resolution, Seconds, Series

QUALITIES: Final = {
    "Målt": Quality.MEASURED,
    "Estimert": Quality.ESTIMATED,
    "Endelig estimert": Quality.FINAL_ESTIMATED,
    "Midlertidig": Quality.TEMPORARY,
    "Beregnet": Quality.CALCULATED,
    "Manglende": Quality.MISSING,
}
_QUALITY_LABELS: Final = [label.encode() for label in QUALITIES]
_QUALITY_CODES: Final = np.array([*QUALITIES.values(), Quality.MISSING], dtype=np.uint8)  # the last for an unknown one
_NAME_LABELS: Final = [label.encode() for label in NAMES]
_KINDS: Final = tuple(NAMES.values())
_RESOLUTIONS: Final = np.array([int(resolution) for _, resolution in _KINDS], dtype=np.int64)


def read_elhub_csv(stream: Readable, options: Options) -> Iterator[Item]:
    """The readings of one metering point, in batches of one series each."""
    point = point_of(options)
    if isinstance(point, Problem):
        yield point
        return
    rows: _Rows | Problem | None = None
    for block in blocks(stream):
        if isinstance(block, Problem):
            yield block
            return
        rows = rows or _begun(block, point, options)
        if isinstance(rows, Problem):
            yield rows
            return
        yield from rows.read(block)


@dataclass(slots=True)
class _Rows:
    """The rows after the header; knows where the last row of the block before ended."""

    header: Header
    point: MeteringPoint
    gate: Gate
    last_end: int | None = None

    def read(self, block: Block) -> Iterator[Item]:
        """The readings of a block, then what is wrong with the other rows."""
        skipped = 1 if block.first_line == 1 else 0
        table = Table(block, delimiter=self.header.delimiter, fields=self.header.fields, skipped=skipped)
        if not len(table):
            return
        batches = list(self._batches(table))
        if not table.verdicts.all_fine:
            _name_foreign(table, block)
        for batch in batches:
            yield from self.gate.passed(batch)
        yield from table.verdicts.problems()

    def _batches(self, table: Table) -> Iterator[Batch]:
        kinds = self._kinds(table)
        lengths = _RESOLUTIONS[kinds]
        energy = energies(table, self.header.volume)
        quality = self._qualities(table, energy)
        registered = self._registered(table)
        start = self._zoned(table, lengths) if self.header.is_zoned else self._placed(table, lengths)
        if table.is_cut:
            self._notice_cut(table)
        fine = table.verdicts.fine
        numbers: list[int] = np.unique(kinds[fine]).tolist()
        for number in numbers:
            rows = fine & (kinds == number)
            direction, resolution = _KINDS[number]
            yield Batch(
                series=Series(self.point, direction, resolution),
                start=start[rows],
                energy_wh=energy[rows],
                quality=quality[rows],
                registered=registered[rows],
                line=table.line[rows],
            )

    def _kinds(self, table: Table) -> NDArray[np.int8]:
        """Which of `_KINDS` each row is of."""
        if self.header.kind is not None:
            return np.full(len(table), _KINDS.index(self.header.kind), dtype=np.int8)
        if self.header.unit is not None:
            table.verdicts.refuse(table.labels(self.header.unit, [b"kWh"]) < 0, Rule.UNIT)
        kinds = table.labels(self.header.name or 0, _NAME_LABELS)
        table.verdicts.refuse(kinds < 0, Rule.DIRECTION)
        return kinds

    def _qualities(self, table: Table, energy: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The quality of each row; a dialect without it holds measured values, and nothing where the field is empty."""
        empty = energy == NO_ENERGY
        if self.header.quality is None:
            return np.where(empty, Quality.MISSING, Quality.MEASURED).astype(np.uint8)
        labels = table.labels(self.header.quality, _QUALITY_LABELS)
        quality = _QUALITY_CODES[labels]
        missing = quality == Quality.MISSING
        table.verdicts.refuse(labels < 0, Rule.QUALITY)
        table.verdicts.refuse(empty & ~missing, Rule.VALUE_MISSING)
        table.verdicts.refuse(missing & ~empty, Rule.MISSING_WITH_VALUE)
        return quality

    def _registered(self, table: Table) -> Seconds:
        if self.header.registered is None:
            return unregistered(len(table))
        return instants(table, self.header.registered)

    def _zoned(self, table: Table, resolution: NDArray[np.int64]) -> Seconds:
        start = instants(table, self.header.start)
        end = following_instants(table, self.header.end, self.header.start, start)
        table.verdicts.refuse((end - start != resolution) | (start % resolution != 0), Rule.INTERVAL)
        return start

    def _placed(self, table: Table, resolution: NDArray[np.int64]) -> Seconds:
        shown, shown_end = walls(table, self.header.start), walls(table, self.header.end)
        placed = oslo.placed(shown)
        table.verdicts.refuse(placed.skipped, Rule.LOCAL_TIME_SKIPPED)
        start = placed.start
        for row in np.flatnonzero(placed.twice & table.verdicts.fine).tolist():
            start[row] = self._told_apart(table, row, start, int(resolution[row]), int(shown_end[row]))
        ends_as_shown = oslo.wall(start + resolution) == shown_end
        table.verdicts.refuse(~ends_as_shown | (start % resolution != 0), Rule.INTERVAL)
        self.last_end = int(start[-1] + resolution[-1]) if table.verdicts.fine[-1] else None
        return start

    def _told_apart(self, table: Table, row: int, start: Seconds, resolution: int, shown_end: int) -> int:
        """Which of the two instants is meant, by the end of the interval or by the row before."""
        first = int(start[row])
        both = [first, first + Resolution.HOUR]
        ends = oslo.wall(np.array(both, dtype=np.int64) + resolution).tolist()
        left = [each for each, end in zip(both, ends, strict=True) if end == shown_end]
        before = self._end_before(table, row, start, resolution)
        if len(left) > 1:
            left = [each for each in left if each == before]
        if not left:
            table.verdicts.refuse_row(row, Rule.INTERVAL if shown_end not in ends else Rule.LOCAL_TIME_TWICE)
            return first
        return left[0]

    def _end_before(self, table: Table, row: int, start: Seconds, resolution: int) -> int | None:
        if row == 0:
            return self.last_end
        return int(start[row - 1]) + resolution if table.verdicts.fine[row - 1] else None

    def _notice_cut(self, table: Table) -> None:
        """The last row of a file that does not end its last line: what is wrong with it is that it ends there."""
        last = len(table) - 1
        volume_is_last = self.header.volume == self.header.fields - 1
        if volume_is_last and table.field(last, self.header.volume)[-4:-3] != b",":  # three decimals are all there are
            table.verdicts.refuse_row(last, Rule.TRUNCATED)
        table.verdicts.rename(last, Rule.TRUNCATED)


def _begun(block: Block, point: MeteringPoint, options: Options) -> _Rows | Problem:
    """A reader of the rows below the header that this block begins with."""
    found = header(block.data.partition(b"\n")[0])
    return found if isinstance(found, Problem) else _Rows(found, point, Gate(options))


def _name_foreign(table: Table, block: Block) -> None:
    """Of refused rows those that are not UTF-8: another encoding breaks other rules, but they would not say why."""
    lines = block.data.split(b"\n")
    for row in np.flatnonzero(~table.verdicts.fine).tolist():
        if not _is_utf8(lines[int(table.line[row]) - block.first_line]):
            table.verdicts.rename(row, Rule.ENCODING)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
