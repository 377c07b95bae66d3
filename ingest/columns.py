"""From readings as a delivery holds them to arrivals as the vault's series take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from ingest.readings import UNREGISTERED, Batch, Direction, PeriodVolume, Quality, RegisterReading, Resolution, seconds
from ingest.sites import Site
from policies.oslo import oslo_date
from vault.series.axis import Resolution as Axis
from vault.series.axis import Span
from vault.series.readings import Versions, counting, layers
from vault.series.request import Arrival

HOURLY: Final[Mapping[Direction, str]] = {
    Direction.CONSUMPTION: "metering_point.consumption_hourly",
    Direction.EXPORT: "metering_point.export_hourly",
}
VOLUMES: Final = "metering_point.period_volumes"
REGISTERS: Final = "metering_point.register_readings"
LONGEST_GAP: Final = 2980
"""Intervals without a value inside one arrival; beyond that it is cut in two, so that a stray date costs no memory."""

AXES: Final[Mapping[Resolution, Axis]] = {Resolution.QUARTER: Axis.QUARTER, Resolution.HOUR: Axis.HOUR}


def arrivals_of(batch: Batch, site: Site) -> Iterator[Arrival]:
    """The readings of a batch for one site, each interval at most once in an arrival.

    Several versions of one interval come as several arrivals: which of them counts is the vault's to say, so that it
    does not matter whether they came in one file or in three.
    """
    present = batch.select(batch.quality != Quality.MISSING)
    versions = Versions(
        at=present.start // int(batch.series.resolution),
        wh=present.energy_wh,
        quality=present.quality,  # the numbers are those of the vault's series
        registered=present.registered,
    )
    for layer in layers(versions):
        yield from _dense(site, HOURLY[batch.series.direction], AXES[batch.series.resolution], layer)


def volume_arrivals(volume: PeriodVolume, site: Site, received: int) -> Iterator[Arrival]:
    """What went through a manual meter, on the day of the reading that ended the period (NAB-13)."""
    registered = received if volume.registered_at is None else seconds(volume.registered_at)
    day = oslo_date(volume.end).toordinal()
    yield from _dense(site, VOLUMES, Axis.DAY, _one(day, volume.energy_wh, volume.quality, registered))


def register_arrivals(reading: RegisterReading, site: Site, received: int) -> Iterator[Arrival]:
    """What the register showed, in whole kilowatt-hours (its steps times its constant), on the day it was read."""
    registered = received if reading.registered_at is None else seconds(reading.registered_at)
    day, kwh = oslo_date(reading.at).toordinal(), reading.steps * reading.constant
    yield from _dense(site, REGISTERS, Axis.DAY, _one(day, kwh, Quality.MEASURED, registered))


def is_unregistered(batch: Batch) -> bool:
    """Whether the delivery does not tell when some of these readings were registered."""
    return bool((batch.registered == UNREGISTERED).any())


def _one(day: int, wh: int, quality: Quality, registered: int) -> Versions:
    return Versions(
        at=np.array([day], np.int64),
        wh=np.array([wh], np.int64),
        quality=np.array([quality], np.uint8),
        registered=np.array([registered], np.int64),
    )


def _dense(site: Site, field: str, axis: Axis, versions: Versions) -> Iterator[Arrival]:
    """`versions` has each interval at most once."""
    order = np.argsort(versions.at, kind="stable")
    at = versions.at[order]
    for part in np.split(order, np.flatnonzero(np.diff(at) > LONGEST_GAP) + 1):
        if len(part):
            chosen = versions.take(part)
            span = Span(int(chosen.at[0]), int(chosen.at[-1]) + 1)
            yield Arrival(site.subject, site.record, field, counting(axis, span, chosen))
