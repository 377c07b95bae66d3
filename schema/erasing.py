"""An erasure that a person asked for and can still take back. It holds ids, times and names of the policy; no value."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, unique
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_OWN = "the person's own request; random ids, times, a name of the policy"


@strawberry.enum(description="How far an erasure has come that a person asked for.")
@unique
class ErasureState(Enum):
    """Pending until it is carried out or cancelled."""

    PENDING = strawberry.enum_value(
        "pending", description="Nobody uses the data; they are destroyed at `dueAt` unless it is cancelled."
    )
    CANCELLED = strawberry.enum_value("cancelled", description="Taken back by the person.")
    CARRIED_OUT = strawberry.enum_value("carried_out", description="Destroyed; the receipt tells each field's fate.")


@strawberry.type(description="An erasure (sletting) that a person asked for.")
class ErasureRequest:
    """An erasure that waits, or what became of it."""

    id: UUID = ungoverned(because=_OWN, description="The request.")
    state: ErasureState = ungoverned(because=_OWN, description="How far it has come.")
    asked_at: datetime = ungoverned(because=_OWN, description="When it was asked for.")
    due_at: datetime = ungoverned(because=_OWN, description="When it is carried out; until then it can be cancelled.")
    product: str | None = ungoverned(because=_OWN, description="The product whose data go, or everything.")
    record: UUID | None = ungoverned(because=_OWN, description="The case whose data go, or everything.")
    receipt: UUID | None = ungoverned(because=_OWN, description="The receipt, once it was carried out.")
