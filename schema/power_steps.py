"""What the steps of Nabostrøm take and answer: ids and outcomes. Values are read back through the door."""

from __future__ import annotations

from enum import Enum, unique
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_RANDOM = "random, made here, means nothing elsewhere"
_REPLAY = "about the request"
_OUTCOME = "what a register answered, without what it says"


@strawberry.type(description="Electricity was ordered, or a look-up allowed.")
class NewPowerContract:
    """What an order made."""

    subject: UUID = ungoverned(because=_RANDOM, description="The customer, or the contact person.")
    contract: UUID = ungoverned(because=_RANDOM, description="The contract.")
    token: str | None = ungoverned(
        because="the secret of the asker's own token",
        description="Bears somebody new from here on. Given once: `null` when the request is sent again.",
    )
    receipts: list[UUID] = ungoverned(because=_RANDOM, description="Receipts of what the step destroyed.")
    replayed: bool = ungoverned(because=_REPLAY, description="An earlier request with this key did it.")


@strawberry.enum(description="How a look-up in a register ended.")
@unique
class LookUpOutcome(Enum):
    """An outcome."""

    FOUND = strawberry.enum_value("found", description="Exactly one fits, and is kept.")
    NONE = strawberry.enum_value("none", description="None fits; nothing was kept.")
    SEVERAL = strawberry.enum_value(
        "several", description="More than one fits; nothing was kept. Of meters: ask for the number printed on it."
    )
    BIRTH_DATE_DIFFERS = strawberry.enum_value(
        "birth_date_differs", description="The register has another birth date: for a human to look at."
    )
    KEYS_MISSING = strawberry.enum_value(
        "keys_missing",
        description="What is known makes no allowed search: fetch the identity first, or give the meter number.",
    )


@strawberry.type(description="A register was asked.")
class LookedUp:
    """How it ended."""

    outcome: LookUpOutcome = ungoverned(because=_OUTCOME, description="How it ended.")
    record: UUID | None = ungoverned(because=_RANDOM, description="The record of what was found.")
    replayed: bool = ungoverned(because=_REPLAY, description="An earlier request with this key stored it.")


@strawberry.input(description="A company and its contact person (NAB-03, NAB-04). What is left out is named.")
class CompanyInput:
    """A company."""

    site_address: str | None = strawberry.field(default=None, description="Where the electricity goes.")
    organisation_name: str | None = strawberry.field(default=None, description="The company.")
    organisation_number: str | None = strawberry.field(default=None, description="Nine digits.")
    contact_first_name: str | None = strawberry.field(default=None, description="Of the contact person.")
    contact_last_name: str | None = strawberry.field(default=None, description="Of the contact person.")
    contact_mobile: str | None = strawberry.field(default=None, description="A Norwegian mobile number.")
    contact_email: str | None = strawberry.field(default=None, description="Of the contact person.")


@strawberry.input(description="A private customer (NAB-02): the six, and nothing else. What is left out is named.")
class PowerOrderInput:
    """A private order."""

    address: str | None = strawberry.field(default=None, description="`Street 7, 0170 Town`.")
    first_name: str | None = strawberry.field(default=None, description="First name.")
    last_name: str | None = strawberry.field(default=None, description="Last name.")
    birth_date: str | None = strawberry.field(default=None, description="ISO 8601, a day that is past.")
    mobile: str | None = strawberry.field(default=None, description="A Norwegian mobile number.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
