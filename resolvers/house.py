"""What requests need of the house: the vault's doors, who bears a token, clock and ids.

The Protocol is the resolvers' own; `vault.Vault` and the tests' fake both satisfy it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from outreach.newsletter import Suppressed
from policies.model import Access, Principal, RecordId, SubjectId
from products.doors import Doors
from products.nabostrom.register import MeteringPointRegister, PopulationRegister
from resolvers.folding import Hours
from rights.doors import Purse
from rights.erasure import Cooling
from solar.model.roof import Place, Plane
from vault.audit import AccessPage, EntryPage, Received
from vault.consents import ConsentHistory
from vault.judging import Tally
from vault.request import (
    Cause,
    ConsistencyProof,
    Everyone,
    FieldMask,
    Receipt,
    RecordFilter,
    RequestKey,
    Scope,
    Secret,
    SignedCheckpoint,
)
from vault.retention import EndsPage, VerdictPage
from vault.scoping import ScopePage, Suspect
from vault.series.request import SeriesOpened
from vault.slips import Slips
from vault.tasks import Task, TaskPage

if TYPE_CHECKING:  # the engine's libraries take seconds to load
    from solar.diagnosis.report import Report
    from solar.engine import Calculated
    from solar.model.estimate import Estimate


class SystemTasks(Protocol):
    """What requests still want of other systems; decided and on record before anything is shown."""

    async def waiting(self, who: Principal, reason: str | None, after: UUID | None, first: int) -> TaskPage:
        """Those not done: all for whoever audits, their own for staff."""
        ...

    async def tick(self, who: Principal, task: UUID, reason: str | None) -> Task:
        """Done by hand, says its responsible; `Unknown` for everybody else."""
        ...


class Calendar(Protocol):
    """What the policy's retention rules end; for whom the purpose `erasure` lets reach everybody, and on record."""

    async def forecast(self, who: Principal, at: datetime, after: SubjectId | None, first: int, /) -> EndsPage:
        """What a run would destroy at this instant if nothing else happens."""
        ...

    async def missing(self, who: Principal, at: datetime, after: SubjectId | None, first: int, /) -> VerdictPage:
        """What has no date because its anchor is missing."""
        ...

    async def run(self, who: Principal, /) -> Tally:
        """Destroy what is over. Durable page by page; killed anywhere, the next run finishes it."""
        ...


class Vault(Doors, Protocol):
    """All doors. What the person-independent rules refuse is refused alike for known and unknown subjects."""

    @property
    def cooling(self) -> Cooling:
        """The erasures people asked for and can still take back."""
        ...

    @property
    def retention(self) -> Calendar:
        """What the calendar ends."""
        ...

    @property
    def tasks(self) -> SystemTasks:
        """What requests still want of other systems."""
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
        *,
        history: bool = False,
    ) -> SeriesOpened:
        """What the policy opens of these series; the record of it is durable before anything is opened."""
        ...

    @property
    def tokens(self) -> Purse:
        """Where tokens are kept."""
        ...

    @property
    def suppression(self) -> Suppressed:
        """Addresses that get no newsletter."""
        ...

    @property
    def slips(self) -> Slips:
        """Links that work without signing in."""
        ...

    async def erase(self, who: Principal, cause: Cause, scopes: Sequence[Scope]) -> Receipt:
        """Destroy the keys; durable when it returns. A hold keeps what it covers, and the receipt says so."""
        ...

    async def receipt(self, who: Principal, number: UUID, /) -> Receipt:
        """The receipt with its status as of now; `Unknown` for everybody it does not concern."""
        ...

    async def accesses(
        self, who: Principal, subject: SubjectId, after: UUID | None, first: int, *, proofs: bool = False
    ) -> AccessPage:
        """What is on record about a subject; decided as `person.accesses`, and itself on record."""
        ...

    async def consents(self, who: Principal, subject: SubjectId) -> ConsentHistory:
        """Every consent given and withdrawn, each with its receipt; for the person alone, and on record."""
        ...

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> Sequence[Received]:
        """Who outside got which of a subject's fields; decided as `person.recipients`, and itself on record."""
        ...

    async def record(self, who: Principal | None, access: Access, /) -> object:
        """Put an act on record that opened and stored nothing."""
        ...

    async def entries(self, who: Principal, after: UUID | None, first: int, *, proofs: bool = False) -> EntryPage:
        """The ledger's headers, for those who audit."""
        ...

    async def checkpoint(self, who: Principal, /) -> SignedCheckpoint | None:
        """The ledger's newest signed checkpoint."""
        ...

    async def consistency(self, who: Principal, origin: str, size: int, /) -> ConsistencyProof:
        """That the ledger begins with its tree of `size` leaves; `Unknown` where it has no such tree."""
        ...

    async def breach_scope(
        self,
        who: Principal,
        by: Suspect,
        between: tuple[datetime, datetime],
        after: SubjectId | None,
        first: int | None,
    ) -> ScopePage:
        """Whose which fields were opened, for those who audit; on record."""
        ...


class Letters(Protocol):
    """Mail that a step of a person asks for. When a call returns it is on its way, or was given up and is reported."""

    async def invite(self, subject: SubjectId, slip: Secret[str]) -> None:
        """Ask a person's mailbox to confirm that it wants the newsletter."""
        ...


class Authenticate(Protocol):
    """From a bearer to a principal."""

    async def __call__(self, vault: Vault, bearer: Secret[str]) -> Principal:
        """Who bears it now; raises `vault.errors.TokenRefused`."""
        ...


class Solar(Protocol):
    """What roofs yield. It reaches people's roofs through the doors it is handed, like anyone."""

    async def estimated(self, planes: Sequence[Plane], where: Place | str) -> Estimate:
        """The yield of a roof nobody's name is on; nothing is opened or stored. Raises as `solar.engine.estimated`."""
        ...

    async def calculate(
        self, vault: Vault, who: Principal, subject: SubjectId, project: RecordId, request: RequestKey
    ) -> Calculated:
        """The result is sealed on the case when this returns. Raises as `solar.engine.calculate`."""
        ...

    async def reported(
        self, planes: Sequence[Plane], cell: str, peak_power_w: int | None, hours: Hours, edges: Sequence[int]
    ) -> Report:
        """Production against expectation over hours that were opened; see `solar.diagnosis.report.reported`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """The registers outside the house that look-ups ask."""

    points: MeteringPointRegister
    persons: PopulationRegister


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One installation as requests see it."""

    vault: Vault
    authenticate: Authenticate
    clock: Callable[[], datetime]
    ids: Callable[[], UUID]
    solar: Solar
    registers: Registers | None = None
    cool_off: timedelta = timedelta(days=7)
    letters: Letters | None = None
