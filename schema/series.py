"""Readings of a meter, as compact columns or as a list of objects, and what billing is made from.

Every value comes from the hours of one direction, or from the monthly sums that hours become after three years; so
every field names both directions' fields: which of them were opened is the argument `kind`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum, unique
from typing import Protocol
from uuid import UUID

import strawberry

from schema.directives import governed
from schema.scalars import Column, WattHours

CONSUMED = ("metering_point.consumption_hourly", "metering_point.consumption_monthly")
EXPORTED = ("metering_point.export_hourly", "metering_point.export_monthly")
BOTH = (*CONSUMED, *EXPORTED)
VOLUMES = "metering_point.period_volumes"


@strawberry.enum(description="Which way the energy went. The two are never netted.")
@unique
class SeriesKind(Enum):
    """A direction."""

    CONSUMPTION = strawberry.enum_value("consumption", description="From the grid to the customer (forbruk).")
    EXPORT = strawberry.enum_value("export", description="From the customer to the grid (innmating).")


@strawberry.enum(description="How long one value lasts; days, months and years are those of Europe/Oslo.")
@unique
class SeriesResolution(Enum):
    """A step."""

    HOUR = strawberry.enum_value("hour", description="Hours.")
    DAY = strawberry.enum_value("day", description="Days, of 23, 24 or 25 hours.")
    MONTH = strawberry.enum_value("month", description="Months.")
    YEAR = strawberry.enum_value("year", description="Years.")


@strawberry.type(
    description="Hours of a range by how their values came about. Hours that have not ended are not counted."
)
class QualityCounts:
    """Counts of hours."""

    measured: int | None = governed(*BOTH, description="Measured (målt).")
    final_estimated: int | None = governed(*BOTH, description="Estimated for good (endelig estimert).")
    calculated: int | None = governed(*BOTH, description="Calculated (beregnet).")
    incomplete: int | None = governed(*BOTH, description="Some quarters of the hour are missing.")
    estimated: int | None = governed(*BOTH, description="Estimated (estimert).")
    temporary: int | None = governed(*BOTH, description="Temporary (midlertidig).")
    waiting: int | None = governed(*BOTH, description="Not there, and not late: up to ten days is normal.")
    overdue: int | None = governed(*BOTH, description="Not there, and more than ten days old.")


@strawberry.type(description="One value.")
class SeriesPoint:
    """A value and how good it is."""

    start: datetime | None = governed(*BOTH, description="When it begins.")
    energy_wh: WattHours | None = governed(*BOTH, description="Energy; `null` where no value is.")
    quality: str | None = governed(
        *BOTH, description="`measured`, `final_estimated`, `calculated`, `incomplete`, `estimated` or `temporary`."
    )
    coverage: float | None = governed(*BOTH, description="Share of its hours that have a value, of those that ended.")


@strawberry.type(description="Readings of one direction over a range of days.")
class Series:
    """A series."""

    first: datetime | None = governed(*BOTH, description="When the first value begins.")
    starts: Column | None = governed(
        *BOTH, description="When each value begins: seconds since 1970, UTC; a column beside `energyWh`."
    )
    energy_wh: Column | None = governed(
        *BOTH, description="All values as one array of whole watt-hours; `null` where no value is."
    )
    qualities: str | None = governed(
        *BOTH,
        description="A letter for each value: Measured, Final estimated, Calculated, Incomplete, Estimated, Temporary, "
        "`-` none.",
    )
    points: list[SeriesPoint] | None = governed(*BOTH, description="The same as objects.")
    total_wh: WattHours | None = governed(*BOTH, description="Their sum; `null` where no value is.")
    coverage: float | None = governed(*BOTH, description="Share of the hours that have a value, of those that ended.")
    preliminary: bool | None = governed(*BOTH, description="Something of it may still change or come.")
    counts: QualityCounts | None = governed(*BOTH, description="Its hours by quality.")


@strawberry.type(description="One month of what is billed.")
class BillingMonth:
    """A month."""

    month: str | None = governed(*BOTH, description="`YYYY-MM`, in Oslo.")
    consumption_wh: WattHours | None = governed(*CONSUMED, description="Consumed; `null` where no value is.")
    export_wh: WattHours | None = governed(*EXPORTED, description="Exported; `null` where no value is. Never netted.")
    coverage: float | None = governed(*BOTH, description="Share of the hours of consumption that have a value.")
    preliminary: bool | None = governed(*BOTH, description="Something of it may still change or come.")


@strawberry.type(description="What went through a manual meter between two readings.")
class ManualVolume:
    """A volume."""

    read_on: date | None = governed(VOLUMES, description="The day of the reading that ended the period.")
    energy_wh: WattHours | None = governed(VOLUMES, description="Energy since the reading before.")


@strawberry.type(description="What a bill is made from (avregningsgrunnlag).")
class BillingBasis:
    """Monthly sums, or the volumes of a manual meter."""

    months: list[BillingMonth] | None = governed(*BOTH, description="By month, those of the range.")
    volumes: list[ManualVolume] | None = governed(VOLUMES, description="Of a manual meter, by reading.")


class Metered(Protocol):
    """What a request must offer for the readings of a meter. `info` is that of the field being resolved."""

    async def series(
        self, info: object, point: tuple[UUID, UUID], kind: SeriesKind, days: tuple[date, date], step: SeriesResolution
    ) -> Series | None:
        """The readings of a range; `point` is the subject and the record, `days` the first and the one after."""
        ...

    async def billing_basis(
        self, info: object, point: tuple[UUID, UUID], days: tuple[date, date]
    ) -> BillingBasis | None:
        """What the months of a range are billed by."""
        ...
