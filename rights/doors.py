"""The vault as requests see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.issuing import House, TokenStore
from policies.event import Event
from policies.model import Access, Principal, SubjectId, TokenId
from vault.audit import AccessPage, Received
from vault.consents import ConsentHistory
from vault.request import Change, Everyone, FieldMask, Lookup, Opened, RecordFilter, RequestKey, Sealed
from vault.series.request import SeriesOpened


class Purse(TokenStore, Protocol):
    """Tokens are also taken back."""

    async def revoke(self, token: TokenId, /) -> object:
        """Refuse it from now on; every door looks when it records."""
        ...


class Doors(House, Protocol):
    """Each call is decided, recorded and done as one, or raises an error of `vault.errors` and stores nothing."""

    @property
    def tokens(self) -> Purse:
        """Where tokens are kept."""
        ...

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """Facts, consents and values become visible together or not at all, durable when this returns."""
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

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> Sequence[Received]:
        """Who outside got which of the subject's fields; decided as `person.recipients`, and itself on record."""
        ...

    async def consents(self, who: Principal, subject: SubjectId) -> ConsentHistory:
        """Every consent given and withdrawn, each with its receipt; for the person alone, and on record."""
        ...

    async def series(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Everyone,
        fields: FieldMask,
        start: datetime,
        end: datetime,
        records: RecordFilter | None = None,
    ) -> SeriesOpened:
        """What the policy opens of these series; the record of it is durable before anything is opened."""
        ...

    async def accesses(
        self, who: Principal, subject: SubjectId, after: UUID | None, first: int, *, proofs: bool = False
    ) -> AccessPage:
        """What is on record about a subject; decided as `person.accesses`, and itself on record."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where requests are worked on: the doors, the time, and random ids."""

    vault: Doors
    clock: Callable[[], datetime]
    ids: Callable[[], UUID]
