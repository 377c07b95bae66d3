"""The vault as the journeys see it: they state a purpose and hand over, and the decision falls behind the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from identity.issuing import Household
from policies.decision import Decision
from policies.event import Event
from policies.model import Access, Principal, SubjectId
from vault.request import Change, FieldMask, Lookup, Opened, RecordFilter, RequestKey, Sealed


class Doors(Household, Protocol):
    """Each call is decided, recorded and done as one, or raises an error of `vault.errors` and stores nothing."""

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """Facts, consents and values become visible together or not at all, durable when this returns.

        Any number of calls with one key and body have one effect; all of them return the ids of the first, the later
        ones `replayed`. `Contended` and `Unavailable` mean: send again with the same key.
        """
        ...

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """What the policy opens of these fields; the record of it is durable before anything is opened."""
        ...

    async def explain(
        self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask
    ) -> Mapping[str, Decision]:
        """What would be decided; opens nothing, and is on record."""
        ...
