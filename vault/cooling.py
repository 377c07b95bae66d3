"""Erasures a person asked for and may still take back: kept through restarts, carried out once.

    pending ──► carried out      when its time has come: `carry_out`, in the transaction of the erasure
       └──────► cancelled        by the person, until then

A row says whose it is and when it comes due; of what, and whether the restriction came with it, is sealed under the
month's audit key, like the receipt it ends in. Who decides when to restrict and to lift is `rights/erasure.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, unique
from typing import Any, Final
from uuid import UUID

import cbor2

from policies.model import SELF, Access, Principal, RecordId, SubjectId
from vault.address import Label
from vault.crypto.aead import Sealer
from vault.crypto.documents import open_document, seal_document
from vault.errors import Refused, TokenRefused, Unknown
from vault.house import House
from vault.ledger.book import Act, Kind, Outcome, month_of
from vault.receipts import audit_key
from vault.request import Scope, Withheld
from vault.storage.cooling import Row, due_rows, forget_rows, insert_row, row_of, rows_of, settle
from vault.storage.recording import record

PURPOSE: Final = "erasure"
KEPT: Final = timedelta(days=30)
"""How long a row is kept after its end, for whoever asks what became of it."""


@unique
class State(Enum):
    """How far it has come."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    CARRIED_OUT = "carried_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An erasure that was asked for. `due_at`: when it is carried out; `receipt`: of what became of it, afterwards.

    `restricts`: processing was restricted because of it, and goes on when it is cancelled.
    """

    id: UUID
    subject: SubjectId
    scopes: tuple[Scope, ...]
    restricts: bool
    state: State
    asked_at: datetime
    due_at: datetime
    receipt: UUID | None


class Cooling:
    """The erasures that wait. Keeps nothing in memory."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def ask(self, who: Principal, pending: Pending) -> Pending:
        """Put it down. The same id again is the first one.

        Raises:
            Refused: it is not the principal's own; recorded.
            TokenRefused: the principal's token is no longer live.
        """
        await self._own(who, pending.subject)
        month = month_of(pending.asked_at)
        sealer = Sealer(await self._house.keys.audit_key(month))
        plain = cbor2.dumps(
            [[[s.record.bytes if s.record else None, s.product] for s in pending.scopes], pending.restricts],
            canonical=True,
        )
        place = (pending.id.bytes, pending.subject.bytes)
        sealed = seal_document(sealer, Label.ERASURE_REQUEST, place, plain, self._house.keys.nonce())
        row = Row(
            pending.id, pending.subject, State.PENDING.value, pending.asked_at, pending.due_at, month, sealed, None
        )
        await self._recorded(who, pending.subject, insert_row, row)
        return await self.one(who, pending.id)

    async def cancel(self, who: Principal, number: UUID) -> Pending:
        """Take it back. Again changes nothing.

        Raises:
            Unknown: there is none of this id, or not the principal's own.
            Refused: it has been carried out; recorded.
            TokenRefused: the principal's token is no longer live.
        """
        pending = await self.one(who, number)
        if pending.state is State.PENDING:
            await self._recorded(who, pending.subject, settle, number, State.CANCELLED.value)
            pending = await self.one(who, number)  # carried out meanwhile, perhaps
        if pending.state is State.CARRIED_OUT:
            await self._refuse(who, pending.subject, "carried_out")
        return pending

    async def one(self, who: Principal, number: UUID) -> Pending:
        """One of the principal's own.

        Raises:
            Unknown: there is none of this id, or not the principal's own.
        """
        async with self._house.control.connection() as connection:
            row = await row_of(connection, number)
        if row is None or who.subject != row.subject:
            raise Unknown("no such erasure")
        return await self._read(row)

    async def own(self, who: Principal) -> Sequence[Pending]:
        """The principal's own, the latest first.

        Raises:
            TokenRefused: the principal's token is no longer live.
        """
        await self._house.token_is_live(who)
        if who.subject is None:
            return []
        async with self._house.control.connection() as connection:
            rows = await rows_of(connection, who.subject)
        return [await self._read(row) for row in rows]

    async def due(self, first: int) -> Sequence[Pending]:
        """The next ones whose time has come, the oldest first. For whoever runs the house."""
        async with self._house.control.connection() as connection:
            rows = await due_rows(connection, self._house.clock(), first)
        return [await self._read(row) for row in rows]

    async def forget(self) -> int:
        """Remove what ended long ago; returns how many."""
        async with self._house.control.connection() as connection:
            return await forget_rows(connection, self._house.clock() - KEPT)

    # -- parts -------------------------------------------------------------------------------------------------------

    async def _read(self, row: Row) -> Pending:
        """Of what it was is not known any more once the month's audit key is gone; a pending one never is that old."""
        key = await audit_key(self._house, row.month)
        scopes: tuple[Scope, ...] = ()
        restricts = False
        if key is not None:
            place = (row.id.bytes, row.subject.bytes)
            named, restricts = cbor2.loads(open_document(Sealer(key), Label.ERASURE_REQUEST, place, row.sealed))
            scopes = tuple(Scope(row.subject, RecordId(UUID(bytes=r)) if r else None, product) for r, product in named)
        return Pending(
            id=row.id, subject=row.subject, scopes=scopes, restricts=restricts, state=State(row.state),
            asked_at=row.asked_at, due_at=row.due_at, receipt=row.receipt,
        )  # fmt: skip

    async def _own(self, who: Principal, subject: SubjectId) -> None:
        if who.subject != subject or SELF not in who.roles:
            await self._refuse(who, subject, "reach")

    async def _refuse(self, who: Principal, subject: SubjectId, rule: str) -> None:
        withheld = Withheld(PURPOSE, rule, personal=False)
        outcomes = {subject: Outcome(frozenset(), frozenset({withheld}))}
        act = Act(Kind.REFUSED, who, Access(PURPOSE, None, SELF), outcomes, (), frozenset())
        if not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)
        raise Refused([withheld])

    async def _recorded(self, who: Principal, subject: SubjectId, write: Any, *given: object) -> None:
        """Write a row and its entry of the ledger, both or neither."""
        outcomes = {subject: Outcome(frozenset(), frozenset())}
        act = Act(Kind.ADMINISTERED, who, Access(PURPOSE, None, SELF), outcomes, (), frozenset())
        entry = await self._house.book.entry(act)
        async with self._house.control.transaction() as connection:
            if not await record(connection, [entry], self._house.clock()):
                raise TokenRefused("the token is not live")
            await write(connection, *given)
