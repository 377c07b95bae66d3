"""A customer and the records below: what can be known of a person, field by field.

Record types hold `opened`, what the door gave of that record; clients never see it. Every governed field is nullable:
`null` says absent or withheld, and `errors` tell which. A record is listed when at least one of the fields asked of it
(or of a record below it) opened.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import strawberry
from strawberry.types import Info

from schema.directives import Ungoverned, governed, ungoverned
from schema.opened import Values
from schema.outreach import Message, Subscription
from schema.paging import Connection
from schema.power import CompanyContract, PowerContract
from schema.record import AccessEntry
from schema.scalars import Document, Nok
from schema.solar import RoofEstimate

_RANDOM = "random, made here, means nothing elsewhere"
_GROUP = "a grouping; the fields in it say for themselves"


@strawberry.type(description="The latest word on one consent (samtykke).")
class ConsentState:
    """A consent given or withdrawn."""

    consent: str | None = governed("person.consents", description="The consent, as the policy names it.")
    given_at: datetime | None = governed("person.consents", description="When it was last given.")
    withdrawn_at: datetime | None = governed("person.consents", description="When it was withdrawn since, if it was.")
    notice: str | None = governed("person.consents", description="Digest of the policy shown when it was given.")


@strawberry.type(description="An objection to a purpose (Article 21) that stands.")
class ObjectionState:
    """An objection in force."""

    purpose: str | None = governed("person.objections", description="The purpose objected to.")
    since: datetime | None = governed("person.objections", description="Since when.")


@strawberry.type(description="One kind of event of a case: when it was first and last recorded.")
class ProjectStep:
    """A fact of a project."""

    fact: str | None = governed("project.journey", description="The event, as the policy names it.")
    first: datetime | None = governed("project.journey", description="First recorded.")
    last: datetime | None = governed("project.journey", description="Last recorded.")


@strawberry.type(description="One kind of event of a loan application: when it was first and last recorded.")
class LoanStep:
    """A fact of a loan."""

    fact: str | None = governed("loan.journey", description="The event, as the policy names it.")
    first: datetime | None = governed("loan.journey", description="First recorded.")
    last: datetime | None = governed("loan.journey", description="Last recorded.")


@strawberry.type(description="The roof of a project (tak), as measured for the calculation.")
class Roof:
    """A roof."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    azimuth_deg: int | None = governed("roof.azimuth_deg", description="Where it faces, degrees clockwise from north.")
    tilt_deg: int | None = governed("roof.tilt_deg", description="Tilt, degrees from level.")
    area_dm2: int | None = governed("roof.area_dm2", description="Area, square decimetres.")
    height_cm: int | None = governed("roof.height_cm", description="Height above ground, centimetres.")
    source: str | None = governed("roof.source", description="Who it was measured by.")
    fetched_on: date | None = governed("roof.fetched_on", description="The day it was fetched.")


@strawberry.type(description="An application for a solar loan (sollån).")
class Loan:
    """A loan application."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    national_id: str | None = governed("loan.national_id", description="National identity number (fødselsnummer).")
    household_income_nok: Nok | None = governed("loan.household_income_nok", description="Yearly household income.")
    household_loans_nok: Nok | None = governed("loan.household_loans_nok", description="The household's other loans.")
    applied: bool | None = governed("loan.applied", description="A loan was applied for.")
    result: str | None = governed("loan.result", description="`paid_out`, `aborted` or `rejected`.")
    journey: list[LoanStep] | None = governed("loan.journey", description="What has happened, in the order of first.")


@strawberry.type(description="A Solstrøm case: one address, from the first calculation on.")
class Project:
    """A Solstrøm case."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The record.")
    address: str | None = governed("project.address", description="Where the plant is to stand.")
    offer_amount_nok: Nok | None = governed("project.offer_amount_nok", description="The offer (tilbud), VAT included.")
    contract_document: Document | None = governed("project.contract_document", description="The signed contract.")
    details: str | None = governed("project.details", description="Project data for planning and delivery.")
    journey: list[ProjectStep] | None = governed(
        "project.journey", description="What has happened, in the order of first."
    )
    estimate: RoofEstimate | None = governed("project.estimate", description="What its roof would yield.")
    grid_cell: str | None = governed(
        "project.grid_cell", description="Where it is, to eleven kilometres: degrees north, degrees east, metres."
    )
    roof: Roof | None = ungoverned(because=_GROUP, description="Its roof.")
    loans: list[Loan] = ungoverned(because=_GROUP, description="Its loan applications.")
    roofs: list[Roof] = strawberry.field(
        default_factory=list, description="Every plane of its roof.", directives=[Ungoverned(because=_GROUP)]
    )


class Openings(Protocol):
    """What a request must offer for `Customer.accesses`."""

    async def accesses(self, info: object, subject: UUID, *, first: int, after: str | None) -> Connection[AccessEntry]:
        """A page of what is on record about a subject, newest first; with proofs where the request selects them."""
        ...


async def _accesses(
    root: strawberry.Parent[Customer], info: Info[Openings, None], first: int, after: str | None = None
) -> Connection[AccessEntry] | None:
    return await info.context.accesses(info, root.id, first=first, after=after)


@strawberry.type(description="A person the company holds data of (kunde): the subject.")
class Customer:
    """The subject and the cases below it."""

    opened: strawberry.Private[Values]
    id: UUID = ungoverned(because=_RANDOM, description="The subject.")
    email: str | None = governed("person.email", description="E-mail address.")
    name: str | None = governed("person.name", description="Full name.")
    phone: str | None = governed("person.phone", description="Telephone number, with country code.")
    consents: list[ConsentState] | None = governed("person.consents", description="Every consent ever given.")
    objections: list[ObjectionState] | None = governed("person.objections", description="Objections that stand.")
    projects: list[Project] = ungoverned(because=_GROUP, description="Solstrøm cases.")
    first_name: str | None = governed("person.first_name", description="First name, as ordered with.")
    last_name: str | None = governed("person.last_name", description="Last name, as ordered with.")
    birth_date: str | None = governed("person.birth_date", description="Birth date, ISO 8601; or its year alone.")
    mobile: str | None = governed("person.mobile", description="Mobile number, with country code.")
    power_contracts: list[PowerContract] = strawberry.field(
        default_factory=list, description="Nabostrøm contracts.", directives=[Ungoverned(because=_GROUP)]
    )
    company_contracts: list[CompanyContract] = strawberry.field(
        default_factory=list,
        description="Companies this person speaks for (kontaktperson).",
        directives=[Ungoverned(because=_GROUP)],
    )
    subscriptions: list[Subscription] = strawberry.field(
        default_factory=list, description="Subscriptions to the newsletter.", directives=[Ungoverned(because=_GROUP)]
    )
    messages: list[Message] = strawberry.field(
        default_factory=list, description="Messages by chat and e-mail.", directives=[Ungoverned(because=_GROUP)]
    )
    accesses: Connection[AccessEntry] | None = strawberry.field(
        resolver=_accesses,
        description="Who opened this person's data, when, why, which fields; refusals included. Newest first.",
        directives=[Ungoverned(because="a page of the ledger, behind a door of its own; each entry is governed")],
    )
