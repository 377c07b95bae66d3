"""What an arrival must be before anybody asks whether it may be stored."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from policies.model import FieldType, PolicySet, Sequel
from policies.oslo import over
from vault.series.axis import Resolution, Span, lived, number, period_bounds, period_of
from vault.series.readings import Quality, Readings, Seconds, Wh
from vault.series.request import Arrival

LONGEST: Final = {
    Resolution.QUARTER: 366 * 96 * 4,
    Resolution.HOUR: 366 * 24 * 12,
    Resolution.DAY: 36_600,
    Resolution.MONTH: 1_200,
}
"""Intervals of one arrival."""
LARGEST: Final = 1 << 32
LARGEST_OF_SUMS: Final = 1 << 62


def problem(policy: PolicySet, arrival: Arrival) -> str | None:
    """The rule that an arrival breaks whatever the policy says of it, or None. No rule quotes a value.

    `policy.field` the field is no series; `readings.shape` the columns are not what `Readings` says; `readings.long`
    too many intervals; `readings.time` before 1970 or after 2104, or a registration time that is none;
    `readings.quality` a quality that is none; `readings.negative`, `readings.large` a value that cannot be.
    """
    declared = policy.fields.get(arrival.field)
    if declared is None or declared.type is not FieldType.SERIES:
        return "policy.field"
    readings = arrival.readings
    if not _shaped(readings):
        return "readings.shape"
    if len(readings.wh) > LONGEST[readings.resolution]:
        return "readings.long"
    return _values(readings) if len(readings.wh) else None


def _shaped(readings: Readings) -> bool:
    columns = ((readings.wh, np.int64), (readings.quality, np.uint8), (readings.registered, np.int64))
    size = len(readings.wh)
    return all(column.dtype == kind and column.shape == (size,) for column, kind in columns)


def _values(readings: Readings) -> str | None:
    early, late = (number(readings.resolution, at) for at in lived())
    if not early <= readings.first <= readings.span.stop <= late:
        return "readings.time"
    if int(readings.quality.max()) > Quality.MEASURED:
        return "readings.quality"
    if not readings.quality.any():
        return None
    whole = bool(readings.quality.all())
    registered, wh = (column if whole else column[readings.present] for column in (readings.registered, readings.wh))
    return _numbers(registered, wh, LARGEST_OF_SUMS if readings.resolution is Resolution.MONTH else LARGEST)


def _numbers(registered: Seconds, wh: Wh, limit: int) -> str | None:
    if int(registered.min()) < 1 or int(registered.max()) >= 1 << 32:
        return "readings.time"
    if int(wh.min()) < 0:
        return "readings.negative"
    return None if int(wh.max()) < limit else "readings.large"


def touched(readings: Readings) -> Readings:
    """Without missing intervals at the ends, and with nothing in those between."""
    if readings.quality.all() and len(readings.quality):
        return readings
    here = np.flatnonzero(readings.quality)
    if not len(here):
        return readings.cut(Span(readings.first, readings.first))
    part = readings.cut(Span(readings.first + int(here[0]), readings.first + int(here[-1]) + 1))
    if len(here) == len(part.wh):
        return part
    missing = part.quality == 0
    return Readings(
        part.resolution,
        part.first,
        np.where(missing, 0, part.wh),
        part.quality,
        np.where(missing, 0, part.registered),
    )


@lru_cache(maxsize=4096)
def coarsens_at(policy: PolicySet, field: str, period_end: datetime) -> tuple[str, datetime] | None:
    """The rule by which a period of this field that ended then becomes sums, and when; None if no rule says so."""
    found = [
        (name, over(period_end, rule.keep))
        for name in policy.categories[policy.fields[field].category].retention
        if (rule := policy.retention[name]).then is Sequel.COARSEN and rule.keep is not None
    ]
    return max(found, key=lambda each: each[1], default=None)


def outlived(policy: PolicySet, arrival: Arrival, now: datetime) -> str | None:
    """`retention:<rule>`: a period of these readings is a sum by now, or should be. None if none is."""
    readings = arrival.readings
    first = int(readings.present.argmax()) if readings.quality.any() else None
    if first is None:
        return None
    instance = policy.categories[policy.fields[arrival.field].category].instance
    period = period_of(readings.resolution, instance, readings.first + first)
    at = coarsens_at(policy, arrival.field, period_bounds(period)[1])
    return None if at is None or now < at[1] else f"retention:{at[0]}"
