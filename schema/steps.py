"""What a mutation answers: ids, and whether it was a replay. Values are read back through the door, like any others."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_RANDOM = "random, made here, means nothing elsewhere"
_REPLAY = "about the request"


@strawberry.type(description="A calculation was asked for, and somebody new is known.")
class NewLead:
    """What `requestCalculation` made."""

    subject: UUID = ungoverned(because=_RANDOM, description="The customer.")
    project: UUID = ungoverned(because=_RANDOM, description="The case.")
    token: str | None = ungoverned(
        because="the secret of the asker's own token",
        description="Bears the customer from here on. Given once: `null` when the request is sent again.",
    )
    replayed: bool = ungoverned(because=_REPLAY, description="An earlier request with this key did it.")


@strawberry.type(description="A step of a journey was taken.")
class StepTaken:
    """What every other mutation answers."""

    record: UUID = ungoverned(because=_RANDOM, description="The record it happened on; a new loan's or roof's own.")
    receipts: list[UUID] = ungoverned(because=_RANDOM, description="Receipts of what the step destroyed.")
    replayed: bool = ungoverned(because=_REPLAY, description="An earlier request with this key did it.")


@strawberry.input(description="What a public register says of a roof (SOL-11).")
class RoofInput:
    """A roof."""

    subject: UUID = strawberry.field(description="The customer.")
    project: UUID = strawberry.field(description="The case.")
    azimuth_deg: int = strawberry.field(description="Where it faces, degrees clockwise from north.")
    tilt_deg: int = strawberry.field(description="Tilt, degrees from level.")
    area_dm2: int = strawberry.field(description="Area, square decimetres.")
    height_cm: int = strawberry.field(description="Height above ground, centimetres.")
    source: str = strawberry.field(description="The register.")
    fetched_on: date = strawberry.field(description="The day it was read.")
    roof: UUID | None = strawberry.field(default=None, description="The record to correct; none adds one.")
