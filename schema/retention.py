"""What the calendar ends, as the data protection officer sees it: random ids, names of the policy, dates; no value."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, unique
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_CALENDAR = "for officers: random ids, names of the policy, dates; no value"


@strawberry.enum(description="How something ends.")
@unique
class Sequel(Enum):
    """As the policy's rules say in `then`."""

    ERASE = "erase"
    DETACH = strawberry.enum_value("detach", description="Erased; measures may go on under an id that leads to nobody.")
    COARSEN = strawberry.enum_value("coarsen", description="Hours become monthly sums.")


@strawberry.type(description="Something stored of a person whose time is over.")
class Ending:
    """A category of a record, and the rule that ends it."""

    record: UUID = ungoverned(because=_CALENDAR, description="The record.")
    category: str = ungoverned(because=_CALENDAR, description="What dies together.")
    rule: str = ungoverned(because=_CALENDAR, description="The rule that kept it longest.")
    since: datetime = ungoverned(because=_CALENDAR, description="Since when it is over.")
    then: Sequel = ungoverned(because=_CALENDAR, description="How it ends.")
    period: datetime | None = ungoverned(because=_CALENDAR, description="The end of the month or year it is of.")


@strawberry.type(description="What of one person is over.")
class Ends:
    """One person's endings."""

    subject: UUID = ungoverned(because=_CALENDAR, description="Whose.")
    endings: list[Ending] = ungoverned(because=_CALENDAR, description="What, by which rule.")


@strawberry.type(description="Something that has no date, because the event that starts its clock is not recorded.")
class Unanchored:
    """Kept, never silently."""

    subject: UUID = ungoverned(because=_CALENDAR, description="Whose.")
    record: UUID = ungoverned(because=_CALENDAR, description="The record.")
    category: str = ungoverned(because=_CALENDAR, description="What has no date.")
    rules: list[str] = ungoverned(because=_CALENDAR, description="The rules whose clock nothing started.")


@strawberry.type(description="People of whom something has no date, as far as this page looked.")
class UnanchoredPage:
    """A page of the whole population."""

    found: list[Unanchored] = ungoverned(because=_CALENDAR, description="What has no date.")
    damaged: list[UUID] = ungoverned(because=_CALENDAR, description="People who did not open.")
    next: str | None = ungoverned(because="a cursor", description="Go on behind this; `null`: that was everybody.")


@strawberry.type(description="Keys destroyed of one category.")
class Destroyed:
    """A category and a count."""

    category: str = ungoverned(because=_CALENDAR, description="The category.")
    count: int = ungoverned(because=_CALENDAR, description="How many of its keys.")


@strawberry.type(description="What a retention run did.")
class RetentionRun:
    """Counts, receipts, and people to look into."""

    subjects: int = ungoverned(because=_CALENDAR, description="People looked at.")
    wholes: int = ungoverned(because=_CALENDAR, description="Of them gone whole.")
    destroyed: list[Destroyed] = ungoverned(because=_CALENDAR, description="Keys, by category.")
    detached: int = ungoverned(because=_CALENDAR, description="Records that go on under ids that lead to nobody.")
    coarsened: int = ungoverned(because=_CALENDAR, description="Months of hours that became sums.")
    receipts: list[UUID] = ungoverned(because=_CALENDAR, description="The receipts.")
    damaged: list[UUID] = ungoverned(because=_CALENDAR, description="People who did not open, left as they are.")
    contended: list[UUID] = ungoverned(because=_CALENDAR, description="People who kept changing; the next run's.")
