"""Electricity: contracts of persons and of companies, and the meters below the former."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types import Info

from schema.directives import Ungoverned, governed, ungoverned
from schema.opened import Values
from schema.series import BillingBasis, Metered, Series, SeriesKind, SeriesResolution

_RANDOM = "random, made here, means nothing elsewhere"
_GROUP = "a grouping; the fields in it say for themselves"


_DOOR = "readings have a door of their own; each value in them is governed"
_From = Annotated[date, strawberry.argument(name="from", description="The first day, in Oslo.")]
_To = Annotated[date, strawberry.argument(name="to", description="The first day that is no longer part of it.")]


async def _series(
    root: strawberry.Parent[MeteringPoint],
    info: Info[Metered, None],
    kind: SeriesKind,
    first: _From,
    after: _To,
    resolution: SeriesResolution,
) -> Series | None:
    return await info.context.series(info, (root.subject, root.id), kind, (first, after), resolution)


async def _billing_basis(
    root: strawberry.Parent[MeteringPoint], info: Info[Metered, None], first: _From, after: _To
) -> BillingBasis | None:
    return await info.context.billing_basis(info, (root.subject, root.id), (first, after))


@strawberry.type(description="A metering point (målepunkt) and the meter in it.")
class MeteringPoint:
    """A metering point."""

    opened: strawberry.Private[Values]
    subject: strawberry.Private[UUID]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    metering_point_id: str | None = governed("metering_point.id", description="Eighteen digits (målepunkt-ID).")
    meter_number: str | None = governed("metering_point.meter_number", description="As printed on the meter.")
    reading_form: str | None = governed("metering_point.reading_form", description="`ams`, `manual` or `profiled`.")
    last_reading_on: date | None = governed(
        "metering_point.last_reading_on", description="The last reading, of a manual meter."
    )
    feeds_in: bool | None = governed("metering_point.feeds_in", description="Also feeds into the grid (plusskunde).")
    series: Series | None = strawberry.field(
        resolver=_series,
        description="Readings of one direction, at most five years of days or months, or 400 days of hours.",
        directives=[Ungoverned(because=_DOOR)],
    )
    billing_basis: BillingBasis | None = strawberry.field(
        resolver=_billing_basis,
        description="What the months of a range are billed by, at most five years.",
        directives=[Ungoverned(because=_DOOR)],
    )


@strawberry.type(description="A private customer's contract for electricity at one address (Nabostrøm).")
class PowerContract:
    """A contract of a person."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    address: str | None = governed("power_contract.address", description="Where the electricity goes.")
    supply_from: date | None = governed(
        "power_contract.supply_from", description="Supply began at the midnight in Oslo that opens this day."
    )
    supply_until: date | None = governed(
        "power_contract.supply_until", description="Supply ended at the midnight in Oslo that opens this day."
    )
    national_id: str | None = governed(
        "power_contract.national_id",
        description="National identity number (fødselsnummer), fetched from Folkeregisteret; never shown whole.",
    )
    national_id_fetched_at: datetime | None = governed(
        "power_contract.national_id_fetched_at", description="When it was fetched."
    )
    metering_points: list[MeteringPoint] = strawberry.field(
        default_factory=list, description="Its metering points.", directives=[Ungoverned(because=_GROUP)]
    )


@strawberry.type(description="A company's contract, as far as it is about its contact person (kontaktperson).")
class CompanyContract:
    """A contract of a company."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    site_address: str | None = governed("company_contract.site_address", description="Where the electricity goes.")
    organisation_name: str | None = governed("company_contract.organisation_name", description="The company.")
    organisation_number: str | None = governed(
        "company_contract.organisation_number", description="Its organisation number."
    )
    contact_first_name: str | None = governed("company_contract.contact_first_name", description="First name.")
    contact_last_name: str | None = governed("company_contract.contact_last_name", description="Last name.")
    contact_mobile: str | None = governed("company_contract.contact_mobile", description="Mobile number.")
    contact_email: str | None = governed("company_contract.contact_email", description="E-mail address.")
