"""Erasure (Article 17) at the person's own word: restricted at once, erased when the time to think has passed.

    asked ──► restricted, and waits ──► carried out: keys destroyed, a receipt
                     └──► cancelled: processing goes on

Each step is safe to send again, and dying between two of them errs on the person's side: restricted without a request
that waits (the person asks again), never a request that waits and has been cancelled. A letter is carried out by an
officer with a second person (`Vault.erase`), without waiting: whoever wrote it has thought.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from policies.event import Restriction
from policies.model import PolicySet, Principal, RecordId, SubjectId
from rights.correcting import served
from rights.doors import Desk
from rights.registering import facts, own_proof, own_subject, request_change, said
from rights.request import OWN, OWN_RIGHTS, By, Kind, Step, notices_of
from vault.cooling import Pending, State
from vault.errors import BrokenSeal, Contended, Invalid
from vault.request import Receipt, Scope

RESTRICTION: Final = frozenset({"person.restriction"})
NEVER: Final = "null"
"""What that view says where nothing is restricted."""
PAGE: Final = 100


class Cooling(Protocol):
    """The erasures that wait: `vault.cooling.Cooling`."""

    async def ask(self, who: Principal, pending: Pending) -> Pending:
        """Put one down; the same id again is the first one."""
        ...

    async def cancel(self, who: Principal, number: UUID) -> Pending:
        """Take one back; again changes nothing."""
        ...

    async def one(self, who: Principal, number: UUID) -> Pending:
        """One of the principal's own."""
        ...

    async def own(self, who: Principal) -> Sequence[Pending]:
        """The principal's own, the latest first."""
        ...


class Carrier(Protocol):
    """Who carries out what waited long enough: `vault.Vault`."""

    @property
    def cooling(self) -> Due:
        """The erasures that wait."""
        ...

    async def carry_out(self, pending: Pending) -> Receipt | None:
        """Erase; None where it was taken back or carried out by another process."""
        ...


class Due(Protocol):
    """The erasures that wait, for whoever runs the house."""

    async def due(self, first: int) -> Sequence[Pending]:
        """The next ones whose time has come."""
        ...

    async def forget(self) -> int:
        """Remove what ended long ago."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Everything of the person, or one product, or one record and what hangs below it."""

    product: str | None = None
    record: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelErasure:
    """An erasure the person takes back."""

    erasure: UUID


@dataclass(frozen=True, slots=True)
class Carried:
    """What a run carried out. `failed` wait on: the person's rows are damaged, or kept changing."""

    receipts: tuple[UUID, ...]
    failed: tuple[UUID, ...]


async def ask(desk: Desk, cooling: Cooling, by: By, wish: Erase, wait: timedelta) -> Pending:
    """The person asks. From the answer on nobody uses the data, but for what Article 18(2) names; then they die.

    An erasure of the same that waits already is that one. Whoever outside got anything is put down for the notice of
    Article 19.

    Args:
        desk: the doors.
        cooling: the erasures that wait.
        by: the person.
        wish: of what.
        wait: how long it can be taken back.

    Raises:
        RequestRefused: the principal is nobody's own.
        Invalid: no such product, or both a product and a record were named.
        Refused: by the policy; nothing was stored.
    """
    subject = own_subject(by.who)
    scopes = (_scope(desk.vault.policy, subject, wish),)
    waiting = [earlier for earlier in await cooling.own(by.who) if earlier.state is State.PENDING]
    for earlier in waiting:
        if earlier.scopes == scopes:
            return earlier
    received = await desk.vault.received(by.who, OWN, subject)
    restricts = any(earlier.restricts for earlier in waiting) or not await _restricted(desk, by.who, subject)
    request, now = RecordId(desk.ids()), desk.clock()
    told = served(notices_of(received, frozenset(each.field for each in received)))
    values = said(Kind.ERASURE.value, wish.product, None) | told | own_proof(now)
    steps = facts(subject, request, now, Step.RECEIVED, Step.REPORTED, Step.VERIFIED, Step.ANSWERED)
    restriction = Restriction(subject=subject, record=RecordId(subject), on=True, at=now)
    change = request_change(subject, request, values)
    sealed = await desk.vault.seal(by.who, OWN_RIGHTS, (change,), (*steps, restriction), by.key)
    pending = Pending(
        id=sealed.records[0],
        subject=subject,
        scopes=scopes,
        restricts=restricts,
        state=State.PENDING,
        asked_at=now,
        due_at=now + wait,
        receipt=None,
    )
    return await cooling.ask(by.who, pending)


async def cancel(desk: Desk, cooling: Cooling, by: By, wish: CancelErasure) -> Pending:
    """The person takes it back, and processing goes on unless it was restricted before or another erasure waits.

    Raises:
        Unknown: there is none of this id, or not the principal's own.
        Refused: it has been carried out.
    """
    subject = own_subject(by.who)
    cancelled = await cooling.cancel(by.who, wish.erasure)
    waiting = any(each.state is State.PENDING for each in await cooling.own(by.who))
    if cancelled.restricts and not waiting and await _restricted(desk, by.who, subject):
        lifted = Restriction(subject=subject, record=RecordId(subject), on=False, at=desk.clock())
        await desk.vault.seal(by.who, OWN_RIGHTS, (), (lifted,), by.key)
    return cancelled


async def mine(cooling: Cooling, who: Principal) -> Sequence[Pending]:
    """The person's erasures that wait, or ended within the last month.

    Raises:
        RequestRefused: the principal is nobody's own.
    """
    own_subject(who)
    return await cooling.own(who)


async def run(carrier: Carrier, told: Callable[[Pending], None]) -> Carried:
    """Carry out everything whose time has come, the oldest first; forget what ended long ago.

    Several processes may run at once: each erasure is carried out by one of them. Killed, the next run does the rest.

    Raises:
        Unavailable: a database or the key service does not answer; run it again.
    """
    receipts: list[UUID] = []
    failed: set[UUID] = set()
    while waiting := [each for each in await carrier.cooling.due(PAGE + len(failed)) if each.id not in failed]:
        for pending in waiting:
            try:
                receipt = await carrier.carry_out(pending)
            except (BrokenSeal, Contended):
                failed.add(pending.id)
            else:
                receipts += [] if receipt is None else [receipt.id]
                told(pending)
    await carrier.cooling.forget()
    return Carried(tuple(receipts), tuple(sorted(failed)))


async def _restricted(desk: Desk, who: Principal, subject: SubjectId) -> bool:
    """Whether processing is restricted now, by the person's own view of it."""
    opened = await desk.vault.open(who, OWN, [subject], RESTRICTION)
    return any(value.reveal() != NEVER for record in opened.records for value in record.values.values())


def _scope(policy: PolicySet, subject: SubjectId, wish: Erase) -> Scope:
    if wish.product is not None and wish.record is not None:
        raise Invalid("product", "name a product or a record, not both")
    if wish.product is not None and wish.product not in {kind.product for kind in policy.records.values()}:
        raise Invalid("product", "is none of the policy's")
    return Scope(subject, wish.record, wish.product)
