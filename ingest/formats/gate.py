"""What every reading must be, whatever format it came in: measured by now, possible, of one resolution in a day.

A day of a series has one resolution: meters change it at midnight. Which resolution a day has is remembered for the
last million days of series of a delivery; the store knows the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest import oslo
from ingest.energy import MOST_W, most_wh
from ingest.formats.delivery import Item, Options
from ingest.formats.verdicts import Verdicts
from ingest.merging import contradictions, history
from ingest.problems import Problem, Rule, Severity
from ingest.readings import (
    UNREGISTERED,
    Batch,
    Direction,
    MeteringPoint,
    PeriodVolume,
    RegisterReading,
    Resolution,
    Series,
    seconds,
)

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far ahead of ours the clock may be that registered a reading."""

_REMEMBERED: Final = 1 << 20


class Gate:
    """Passes the readings of one delivery that can be true, and names the others."""

    def __init__(self, options: Options) -> None:
        self._now = seconds(options.now)
        self._latest_registration = seconds(options.now + CLOCKS_DIFFER)
        self._resolutions: dict[tuple[MeteringPoint, Direction, int], Resolution] = {}

    def passed(self, batch: Batch) -> Iterator[Item]:
        """What of these readings can be true, then what is wrong with the others."""
        if not len(batch):
            return
        steady = bool((batch.start[1:] - batch.start[:-1] == int(batch.series.resolution)).all())
        if steady and self._all_can_be_true(batch):
            yield batch
        else:
            yield from self._one_by_one(batch)

    def _all_can_be_true(self, batch: Batch) -> bool:
        """Whether nothing is wrong with any reading of a batch without gaps; decided by its largest numbers."""
        resolution = batch.series.resolution
        first, last = int(batch.start[0]), int(batch.start[-1])
        return (
            last + resolution <= self._now
            and int(batch.registered.max()) <= self._latest_registration
            and int(batch.energy_wh.max()) <= most_wh(resolution)
            and all(self._is_of(batch.series, day) for day in range(oslo.day(first), oslo.day(last) + 1))
        )

    def _one_by_one(self, batch: Batch) -> Iterator[Item]:
        verdicts = Verdicts(batch.line)
        verdicts.refuse(batch.end > self._now, Rule.FUTURE)
        verdicts.refuse(batch.registered > self._latest_registration, Rule.REGISTERED_AHEAD)
        verdicts.refuse(batch.energy_wh > most_wh(batch.series.resolution), Rule.ABSURD)
        verdicts.refuse(self._in_mixed_day(batch), Rule.MIXED_DAY)
        fine = batch if verdicts.all_fine else batch.select(verdicts.fine)
        if len(fine):
            yield fine
        yield from verdicts.problems()
        yield from _contradictions(fine)

    def passed_volume(self, volume: PeriodVolume) -> Iterator[Item]:
        """This volume if it can be true, else what is wrong with it."""
        rule = self._of_volume(volume)
        yield volume if rule is None else Problem(rule, volume.line, readings=1)

    def passed_register(self, reading: RegisterReading) -> Iterator[Item]:
        """This register reading if it can be true, else what is wrong with it."""
        rule = self._of_times(reading.at, reading.registered_at)
        yield reading if rule is None else Problem(rule, reading.line, readings=1)

    def _of_volume(self, volume: PeriodVolume) -> Rule | None:
        hours = (volume.end - volume.start) / timedelta(hours=1)
        return Rule.ABSURD if volume.energy_wh > MOST_W * hours else self._of_times(volume.end, volume.registered_at)

    def _of_times(self, at: datetime, registered_at: datetime | None) -> Rule | None:
        if seconds(at) > self._now:
            return Rule.FUTURE
        if registered_at is not None and seconds(registered_at) > self._latest_registration:
            return Rule.REGISTERED_AHEAD
        return None

    def _in_mixed_day(self, batch: Batch) -> NDArray[np.bool_]:
        days = oslo.days(batch.start)
        mixed = np.zeros(len(batch), dtype=np.bool_)
        for day in _different(days):
            if not self._is_of(batch.series, day):
                mixed |= days == day
        return mixed

    def _is_of(self, series: Series, day: int) -> bool:
        """Whether this day has the resolution of the series; the first that is asked about it decides."""
        if len(self._resolutions) > _REMEMBERED:
            self._resolutions.clear()
        key = (series.point, series.direction, day)
        return self._resolutions.setdefault(key, series.resolution) is series.resolution


def _different(days: NDArray[np.int64]) -> Iterator[int]:
    """Each day once, or oftener where the delivery returns to it."""
    new = np.ones(len(days), dtype=np.bool_)
    new[1:] = days[1:] != days[:-1]
    yield from days[new].tolist()


def _contradictions(batch: Batch) -> Iterator[Problem]:
    """A warning for each reading that another one of the batch contradicts."""
    if (batch.start[1:] > batch.start[:-1]).all():
        return
    lines = history(batch).line[contradictions(batch)]
    for line in sorted(lines.tolist()):
        yield Problem(Rule.CONTRADICTION, line, severity=Severity.WARNING)


def unregistered(count: int) -> NDArray[np.int64]:
    """A column of registrations that the delivery does not tell."""
    return np.full(count, UNREGISTERED, dtype=np.int64)
