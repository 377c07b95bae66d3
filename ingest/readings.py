"""What a delivery holds: columns of interval readings, volumes of periods, readings of registers.

A metering point has two series, consumption from the grid and export to it, and they are never netted. Instants are
seconds since 1970-01-01 UTC in columns and aware `datetime`s elsewhere; intervals include their start and exclude their
end. Energy is whole watt-hours. **Missing is not zero**: a missing reading has quality `MISSING` and the energy
`NO_ENERGY`, which is no energy at all, and nothing else has it.

Columns are numpy arrays of one length, read-only by convention; a delivery of millions of readings has a few of them
and no object per reading. `IntervalReading` is one row, for people and tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum, unique
from typing import Final, NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.values import BadValue
from policies.values.identifiers import metering_point as parse_metering_point

MeteringPoint = NewType("MeteringPoint", str)
"""Eighteen digits that passed `metering_point`."""

Seconds: TypeAlias = NDArray[np.int64]
"""A column of instants: seconds since 1970-01-01 UTC."""

NO_ENERGY: Final = -1
"""The energy of a missing reading. A sum that forgets the quality shows it."""

UNREGISTERED: Final = int(np.iinfo(np.int64).min)
"""The registration of a reading whose delivery does not tell it: before every registration that is told."""


@unique
class Direction(Enum):
    """Which way the energy went through the meter, seen from the customer."""

    CONSUMPTION = "consumption"
    EXPORT = "export"


@unique
class Quality(IntEnum):
    """How a value came about, the less certain ones first. From `CALCULATED` on it is final.

    The numbers are those of the vault's series, so that a column goes there as it is.
    """

    MISSING = 0
    TEMPORARY = 1
    ESTIMATED = 2
    CALCULATED = 4
    FINAL_ESTIMATED = 5
    MEASURED = 6

    @property
    def is_final(self) -> bool:
        """Whether the grid company does not mean to replace it."""
        return self >= Quality.CALCULATED


@unique
class Resolution(IntEnum):
    """Seconds of one interval."""

    QUARTER = 900
    HOUR = 3600


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One of the two series of a metering point, at one resolution."""

    point: MeteringPoint
    direction: Direction
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalReading:
    """One row. `energy_wh` is None when the reading is missing, `registered_at` when the delivery does not tell it."""

    series: Series
    start: datetime
    energy_wh: int | None
    quality: Quality
    registered_at: datetime | None

    @property
    def end(self) -> datetime:
        """The first instant that is not of the interval."""
        return self.start + timedelta(seconds=self.series.resolution)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Readings of one series in the order of the delivery. `line` counts from 1 and tells where each of them stood."""

    series: Series
    start: Seconds
    energy_wh: NDArray[np.int64]
    quality: NDArray[np.uint8]
    registered: Seconds
    line: NDArray[np.int64]

    def __post_init__(self) -> None:
        lengths = {len(self.start), len(self.energy_wh), len(self.quality), len(self.registered), len(self.line)}
        if len(lengths) != 1:
            raise ValueError("columns of different lengths")
        if ((self.quality == 0) != (self.energy_wh == NO_ENERGY)).any():
            raise ValueError("a missing reading has no energy, and no other reading lacks it")

    def __len__(self) -> int:
        return len(self.start)

    @property
    def end(self) -> Seconds:
        """Where each interval ends: excluded from it."""
        return self.start + int(self.series.resolution)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Batch:
        """The rows that `rows` names, by mask or by number."""
        return Batch(
            series=self.series,
            start=self.start[rows],
            energy_wh=self.energy_wh[rows],
            quality=self.quality[rows],
            registered=self.registered[rows],
            line=self.line[rows],
        )

    def registered_by(self, received_at: datetime) -> Batch:
        """The same readings, those without a registration being registered when they were received.

        Whoever passes the first receipt of a file keeps its deliveries idempotent.
        """
        received = seconds(received_at)
        return Batch(
            series=self.series,
            start=self.start,
            energy_wh=self.energy_wh,
            quality=self.quality,
            registered=np.where(self.registered == UNREGISTERED, received, self.registered),
            line=self.line,
        )

    def readings(self) -> Iterator[IntervalReading]:
        """Row by row."""
        columns = zip(
            self.start.tolist(), self.energy_wh.tolist(), self.quality.tolist(), self.registered.tolist(), strict=True
        )
        for start, energy_wh, quality, registered in columns:
            yield IntervalReading(
                series=self.series,
                start=instant(start),
                energy_wh=None if energy_wh == NO_ENERGY else energy_wh,
                quality=Quality(quality),
                registered_at=None if registered == UNREGISTERED else instant(registered),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodVolume:
    """The energy between two readings of a manual meter. `line` is where the delivery says it."""

    point: MeteringPoint
    direction: Direction
    start: datetime
    end: datetime
    energy_wh: int
    quality: Quality
    registered_at: datetime | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReading:
    """What the register of a manual meter showed at an instant: whole steps, each of `constant` kilowatt-hours.

    `meter` is the number printed on the meter, at most 18 characters; it changes when the meter is changed. A register
    of `digits` digits begins again at zero after its highest step.
    """

    point: MeteringPoint
    direction: Direction
    meter: str
    digits: int
    constant: int
    at: datetime
    steps: int
    registered_at: datetime | None
    line: int


def metering_point(raw: str) -> MeteringPoint | BadValue:
    """The metering point that these digits name, or the rule they break."""
    parsed = parse_metering_point(raw)
    return parsed if isinstance(parsed, BadValue) else MeteringPoint(parsed)


def seconds(at: datetime) -> int:
    """An aware instant in whole seconds since 1970-01-01 UTC, rounded down."""
    return (at - _EPOCH) // timedelta(seconds=1)


def instant(at_seconds: int) -> datetime:
    """The aware UTC instant of whole seconds since 1970-01-01 UTC."""
    return _EPOCH + timedelta(seconds=at_seconds)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
