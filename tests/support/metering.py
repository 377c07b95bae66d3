"""Builders of readings, and the plain answers that columns must give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from ingest.formats import Item, Options, read_bytes
from ingest.problems import Problem, Rule, Severity
from ingest.readings import (
    NO_ENERGY,
    UNREGISTERED,
    Batch,
    Direction,
    IntervalReading,
    MeteringPoint,
    Quality,
    Resolution,
    Series,
)

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
POINT: Final = MeteringPoint("707057500000000018")
OTHER_POINT: Final = MeteringPoint("707057500000000025")
SERIES: Final = Series(point=POINT, direction=Direction.CONSUMPTION, resolution=Resolution.HOUR)
OPTIONS: Final = Options(now=NOW, point=POINT)

Row = tuple[int, int | None, Quality, int | None]
"""Start, watt-hours, quality, registration."""


def batch(rows: Sequence[Row], series: Series = SERIES) -> Batch:
    """These rows in columns."""
    return Batch(
        series=series,
        start=np.array([start for start, _, _, _ in rows], dtype=np.int64),
        energy_wh=np.array([NO_ENERGY if energy is None else energy for _, energy, _, _ in rows], dtype=np.int64),
        quality=np.array([quality for _, _, quality, _ in rows], dtype=np.uint8),
        registered=np.array(
            [UNREGISTERED if registered is None else registered for _, _, _, registered in rows], dtype=np.int64
        ),
        line=np.arange(1, len(rows) + 1, dtype=np.int64),
    )


def rows_of(readings: Batch) -> list[tuple[int, int, int, int]]:
    """The columns but for the line, row by row."""
    columns = (readings.start, readings.energy_wh, readings.quality, readings.registered)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def read_all(data: bytes, options: Options = OPTIONS) -> list[Item]:
    return list(read_bytes(data, options))


def readings_of(items: Iterable[Item]) -> list[IntervalReading]:
    return [reading for item in items if isinstance(item, Batch) for reading in item.readings()]


def problems_of(items: Iterable[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def refusals_of(items: Iterable[Item]) -> list[tuple[int, Rule]]:
    """Line and rule of what was not taken."""
    return [(each.line, each.rule) for each in problems_of(items) if each.severity is not Severity.WARNING]


def total_wh(items: Iterable[Item], direction: Direction = Direction.CONSUMPTION) -> int:
    readings = readings_of(items)
    return sum(each.energy_wh or 0 for each in readings if each.series.direction is direction)


class Trickle:
    """A stream that gives a few bytes at a time, however many are asked."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self._data = data
        self._sizes = self._forever(sizes)

    def read(self, size: int, /) -> bytes:
        size = min(size, next(self._sizes))
        part, self._data = self._data[:size], self._data[size:]
        return part

    @staticmethod
    def _forever(sizes: Sequence[int]) -> Iterator[int]:
        while True:
            yield from sizes
