"""All doors of one process in one value: what resolvers, products, ingest and services are handed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from policies.decision import Decision
from policies.event import Event
from policies.model import Access, PolicySet, Principal, Reach, RecordId, SubjectId
from vault.aliases import Aliases
from vault.audit import AccessPage, Audit, EntryPage, Received
from vault.consents import ConsentHistory, ConsentLog
from vault.cooling import Cooling, Pending
from vault.erasure import PURPOSE, Erasure
from vault.errors import Unknown
from vault.house import House
from vault.ledger.book import Act, Kind
from vault.ledger.examining import Examiner, Progress, silent
from vault.ledger.keeping import Keeper, Report
from vault.ledger.proving import continues, latest
from vault.ledger.receipts import with_proof
from vault.ledger.witnessing import Witness
from vault.opening import Opening
from vault.receipts import receipt
from vault.request import (
    Cause,
    Change,
    ConsistencyProof,
    Everyone,
    FieldMask,
    Lookup,
    Opened,
    Receipt,
    RecordFilter,
    RequestKey,
    Scope,
    Sealed,
    SignedCheckpoint,
)
from vault.retention import Retention
from vault.scoping import ScopePage, Scoping, Suspect
from vault.sealing import Sealing
from vault.series.arriving import Arriving
from vault.series.coarsening import Coarsening
from vault.series.folding import PAGE, Folding
from vault.series.reading import SeriesOpening
from vault.series.request import Appended, Arrival, Coarsened, Folded, SeriesOpened
from vault.slips import Slips
from vault.suppression import Suppression
from vault.tasks import Tasks
from vault.tokens import Tokens

NOT_YOURS: Final = "no such receipt"


class Vault:
    """The doors. Use it as an async context manager: entering starts the house, leaving stops it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.policy: PolicySet = house.policy
        self.tokens = Tokens(house.control, entropy=house.entropy, clock=house.clock)
        self.tasks = Tasks(house)
        self.aliases = Aliases(house)
        self.suppression = Suppression(house)
        self.slips = Slips(lambda: house.keys.system("idempotency"), house.entropy)
        self.retention = Retention(house)
        self._opening = Opening(house)
        self._sealing = Sealing(house)
        self._erasure = Erasure(house, self.tokens)
        self._audit = Audit(house)
        self._consents = ConsentLog(house)
        self.cooling = Cooling(house)
        self._arriving = Arriving(house)
        self._series = SeriesOpening(house)
        self._folding = Folding(house)
        self._coarsening = Coarsening(house)
        self._scoping = Scoping(house, self._audit)

    async def __aenter__(self) -> Self:
        await self._house.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._house.stop()

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """See `vault.opening.Opening.open`."""
        return await self._opening.open(who, access, subjects, fields, records)

    async def explain(
        self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask
    ) -> Mapping[str, Decision]:
        """See `vault.opening.Opening.explain`."""
        return await self._opening.explain(who, access, subject, fields)

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """See `vault.sealing.Sealing.seal`."""
        return await self._sealing.seal(who, access, changes, events, idempotency)

    async def erase(self, who: Principal, cause: Cause, scopes: Sequence[Scope]) -> Receipt:
        """See `vault.erasure.Erasure.erase`."""
        return await self._erasure.erase(who, cause, scopes)

    async def append(
        self,
        who: Principal,
        access: Access,
        deliveries: Sequence[Arrival],
        idempotency: RequestKey | None = None,
    ) -> Appended:
        """See `vault.series.arriving.Arriving.append`."""
        return await self._arriving.append(who, access, deliveries, idempotency)

    async def series(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Everyone,
        fields: FieldMask,
        start: datetime,
        end: datetime,
        records: RecordFilter | None = None,
        *,
        history: bool = False,
    ) -> SeriesOpened:
        """See `vault.series.reading.SeriesOpening.series`."""
        return await self._series.series(who, access, subjects, fields, start, end, records, history=history)

    def series_by_month(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Everyone,
        fields: FieldMask,
        start: datetime,
        end: datetime,
        records: RecordFilter | None = None,
        *,
        history: bool = False,
    ) -> AsyncIterator[SeriesOpened]:
        """See `vault.series.reading.SeriesOpening.by_month`."""
        return self._series.by_month(who, access, subjects, fields, start, end, records, history=history)

    async def compact(self, who: Principal, access: Access, limit: int = PAGE) -> Folded:
        """See `vault.series.folding.Folding.compact`."""
        return await self._folding.compact(who, access, limit)

    async def coarsen(
        self,
        who: Principal,
        access: Access,
        subject: SubjectId,
        record: RecordId,
        into: Mapping[str, str],
        before: datetime,
    ) -> Coarsened:
        """See `vault.series.coarsening.Coarsening.coarsen`."""
        return await self._coarsening.coarsen(who, access, subject, record, into, before)

    async def carry_out(self, pending: Pending) -> Receipt | None:
        """See `vault.erasure.Erasure.carry_out`."""
        return await self._erasure.carry_out(pending)

    async def receipt(self, who: Principal, number: UUID) -> Receipt:
        """The receipt of an erasure, for the subject it was of and for whoever may erase anybody.

        Raises:
            Unknown: there is none, or it is not this principal's to know of.
        """
        await self._house.token_is_live(who)
        found = await receipt(self._house, number)
        purpose = self.policy.purposes.get(PURPOSE)
        anybody = purpose is not None and any(purpose.roles.get(role) is Reach.POPULATION for role in who.roles)
        if not anybody and who.subject != found.subject:
            raise Unknown(NOT_YOURS)
        return await with_proof(self._house, found)

    async def accesses(
        self, who: Principal, subject: SubjectId, after: UUID | None, first: int, *, proofs: bool = False
    ) -> AccessPage:
        """See `vault.audit.Audit.accesses`."""
        return await self._audit.accesses(who, subject, after, first, proofs=proofs)

    async def consents(self, who: Principal, subject: SubjectId) -> ConsentHistory:
        """See `vault.consents.ConsentLog.history`."""
        return await self._consents.history(who, subject)

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> Sequence[Received]:
        """See `vault.audit.Audit.received`."""
        return await self._audit.received(who, access, subject)

    async def entries(self, who: Principal, after: UUID | None, first: int, *, proofs: bool = False) -> EntryPage:
        """See `vault.audit.Audit.entries`."""
        return await self._audit.entries(who, after, first, proofs=proofs)

    async def checkpoint(self, who: Principal) -> SignedCheckpoint | None:
        """The newest signed checkpoint of the ledger, for whoever has a live token; None before the first.

        Raises:
            TokenRefused: the principal's token is no longer live.
        """
        await self._house.token_is_live(who)
        return await latest(self._house)

    async def consistency(self, who: Principal, origin: str, size: int) -> ConsistencyProof:
        """That the newest tree of a log begins with the one of `size` leaves, for whoever has a live token.

        Raises:
            Unknown: there is no such log, or it has not so many leaves.
            TokenRefused: the principal's token is no longer live.
        """
        await self._house.token_is_live(who)
        return await continues(self._house, origin, size)

    def keeper(self, witnesses: Sequence[Witness], report: Report) -> Keeper:
        """Who puts the ledger in order in the background and tells the witnesses; see `vault.ledger.keeping`."""
        return Keeper(self._house, witnesses, report)

    def examiner(self, witnesses: Sequence[Witness] = (), progress: Progress = silent) -> Examiner:
        """Who examines the whole ledger; see `vault.ledger.examining`."""
        return Examiner(self._house, witnesses, progress)

    async def breach_scope(
        self,
        who: Principal,
        by: Suspect,
        between: tuple[datetime, datetime],
        after: SubjectId | None,
        first: int | None,
    ) -> ScopePage:
        """See `vault.scoping.Scoping.scope`."""
        return await self._scoping.scope(who, by, between, after, first)

    async def ready(self) -> None:
        """Return when both databases answer.

        Raises:
            Unavailable: one of them does not.
        """
        for database in (self._house.control, self._house.contents):
            await database.execute("select 1")

    async def record(self, who: Principal | None, access: Access) -> UUID:
        """Record an administrative act (a token issued, say) that opened and stored no contents.

        Raises:
            TokenRefused: the principal's token is no longer live; nothing is recorded.
        """
        entry = await self._house.book.entry(Act(Kind.ADMINISTERED, who, access, {}, (), frozenset()))
        if not await self._house.committer.record(entry) and who is not None:
            await self._house.token_is_live(who)
        return entry.id
