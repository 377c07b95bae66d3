"""DOOR in: nothing is stored that the policy does not let this principal give, and nothing by halves.

 1. read the subjects, fold the events the policy admits, admit every value (`draft.py`); a refusal is recorded
 2. store the sealed groups in contents: durable, and invisible until a head names them
 3. one control transaction: request key, ledger entry, standing, heads, keys, index, and what the events made due dies
    (`killing.py`); it compares the epoch, the token, versions and key generations with what was read, and writes
    nothing if one of them changed: then back to 1

A crash before 3 leaves garbage blobs for the sweeper; after 3 everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import cbor2

from policies.event import Event
from policies.model import Access, Principal, RecordId, SubjectId
from vault.draft import Draft, GroupKey, Rows
from vault.errors import Contended, Invalid, Refused, TokenRefused, Unknown
from vault.groups import group_of
from vault.house import ROUNDS, House, Loaded
from vault.killing import Victim, history, kill, made_due
from vault.ledger.book import Act, Kind, Left, Outcome
from vault.once import Hashed, earlier_outcome, hashed
from vault.receipts import Judgement, died, new_receipt, tombstone
from vault.request import CauseKind, Change, RequestKey, Scope, Sealed, Value, Withheld
from vault.series.lanes import series_keys
from vault.storage.engine import Collision, retrying
from vault.storage.epochs import hold_current_epoch
from vault.storage.recording import Entry, record
from vault.storage.rows import DataKeyRow, fetch_blobs
from vault.storage.writing import (
    SubjectWrite,
    insert_blobs,
    lock_subjects,
    take_request,
    write_subjects,
)

PAUSE_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything of one attempt, ready for the transaction."""

    drafts: Sequence[Draft]
    writes: Sequence[SubjectWrite]
    blobs: Sequence[tuple[SubjectId, UUID, bytes]]
    entry: Entry
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Death:
    """What the events of a sealing made due, and the receipt that will say so."""

    receipt: UUID
    dying: Sequence[Victim]


class Sealing:
    """Stores what the policy allows, on record."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """Store `changes` and `events`, all of them or none.

        Events are folded first, then every value is admitted against the standing after them, so a consent and the
        data it allows travel in one call. A subject unknown so far is born, if the policy lets this principal collect
        from somebody new.

        Raises:
            Refused: the policy refuses at least one field or event; names each with its rule. Recorded.
            Invalid: a value is not one of its field's type. Recorded, but of oneself or somebody new.
            Conflict: the idempotency key was used for another request.
            Unknown: a subject was erased; nobody is born again.
            TokenRefused: the principal's token is no longer live.
            Contended: the subjects kept changing; send again.
            Unavailable: a database or the key service does not answer; send again with the same key.
        """
        request = hashed(self._house, who, idempotency)
        for attempt in range(ROUNDS):
            earlier = await self._earlier(request)
            if earlier is not None:
                await self._house.token_is_live(who)
                return earlier
            try:
                prepared = await self._prepare(who, access, changes, events)
                async with self._house.contents.connection() as connection:
                    await insert_blobs(connection, prepared.blobs)
                if await self._commit(prepared, request):
                    return prepared.sealed
            except Collision:
                await self._house.token_is_live(who)
                await retrying(PAUSE_SECONDS * attempt)
        msg = "the subjects kept changing; send the request again"
        raise Contended(msg)

    # -- idempotency -----------------------------------------------------------------------------------------------

    async def _earlier(self, request: Hashed | None) -> Sealed | None:
        found = await earlier_outcome(self._house, request)
        return None if found is None else _decoded(found)

    # -- 1: decide -----------------------------------------------------------------------------------------------------

    async def _prepare(
        self, who: Principal, access: Access, changes: Sequence[Change], events: Sequence[Event]
    ) -> Prepared:
        order = list(dict.fromkeys([*(c.subject for c in changes), *(e.subject for e in events)]))
        rows = await self._house.subjects(order)
        if await self._house.erased([subject for subject in order if subject not in rows]):
            await self._note(who, access, {}, [Withheld("person", "erased", personal=False)])
            msg = "no such subject"
            raise Unknown(msg)
        drafts: list[Draft] = []
        for subject in order:
            loaded = self._house.standing(rows[subject]) if subject in rows else None
            try:
                drafts.append(await self._draft(who, subject, loaded, changes, events))
            except Invalid as bad:
                if loaded is not None and who.subject != subject:  # it tells what the policy admits: like a refusal
                    invalid = [Withheld(bad.field, "invalid", personal=False)]
                    await self._note(who, access, {subject: invalid}, invalid)
                raise
        held = {draft.subject: await self._held(draft) for draft in drafts}
        for draft in drafts:
            draft.missing(held[draft.subject])
        await self._refuse(who, access, drafts)
        return await self._prepared(who, access, drafts, held)

    async def _draft(
        self,
        who: Principal,
        subject: SubjectId,
        loaded: Loaded | None,
        changes: Sequence[Change],
        events: Sequence[Event],
    ) -> Draft:
        draft = Draft(self._house, who, subject, loaded, self._house.clock())
        mine = [change for change in changes if change.subject == subject]
        draft.add_records(mine)
        for event in events:
            if event.subject == subject:
                draft.take(event)
        for change in mine:
            if change.record in draft.standing.records:
                draft.put(change)
        return draft

    async def _held(self, draft: Draft) -> Mapping[GroupKey, Mapping[str, Value]]:
        """The groups this draft needs to see: those it merges into, and those with fields its facts require."""
        if draft.loaded is None:
            return {}
        policy, loaded = draft.policy, draft.loaded
        names = {category.number: category for category in policy.categories.values()}
        facts = {getattr(event, "name", None) for event in draft.events}
        needed = {field.category for field in policy.fields.values() if field.required_for in facts}
        wanted = {
            (head.record, names[head.category].name): head
            for head in loaded.row.heads
            if head.category in names
            and ((head.record, names[head.category].name) in draft.groups or names[head.category].name in needed)
        }
        async with self._house.contents.connection() as connection:
            blobs = await fetch_blobs(connection, [(draft.subject, head.blob) for head in wanted.values()])
        return {key: group_of(loaded, head, blobs) for key, head in wanted.items()}

    async def _refuse(self, who: Principal, access: Access, drafts: Sequence[Draft]) -> None:
        rules = [rule for draft in drafts for rule in draft.refused]
        if not rules:
            return
        await self._note(who, access, {d.subject: d.refused for d in drafts if d.loaded is not None}, rules)
        raise Refused(rules)

    async def _note(
        self,
        who: Principal,
        access: Access,
        refused: Mapping[SubjectId, Sequence[Withheld]],
        rules: Sequence[Withheld],
    ) -> None:
        """Put a refusal on record, before anybody hears of it."""
        outcomes = {subject: Outcome(frozenset(), frozenset(each)) for subject, each in refused.items()}
        act = Act(Kind.REFUSED, who, access, outcomes, (), frozenset(rules))
        if not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)

    # -- rows ----------------------------------------------------------------------------------------------------------

    async def _prepared(
        self,
        who: Principal,
        access: Access,
        drafts: Sequence[Draft],
        held: Mapping[SubjectId, Mapping[GroupKey, Mapping[str, Value]]],
    ) -> Prepared:
        writes: list[SubjectWrite] = []
        blobs: list[tuple[SubjectId, UUID, bytes]] = []
        deaths: dict[SubjectId, Death] = {}
        for draft in drafts:
            made = Rows(draft, held[draft.subject])
            write = made.write()
            series = await self._series(draft)
            dying = self._made_due(draft, series)
            if draft.loaded is not None and dying:
                past = await history(self._house, draft.loaded)
                write = kill(made, write, draft.loaded, dying, past, series, by_rule=True)
                deaths[draft.subject] = Death(new_receipt(self._house), dying)
            writes.append(write)
            blobs.extend(made.blobs)
        outcomes = {draft.subject: Outcome(frozenset(draft.fields), frozenset()) for draft in drafts}
        left = {write.subject: _left(write, deaths.get(write.subject)) for write in writes}
        entry = await self._house.book.entry(Act(Kind.SEALED, who, access, outcomes, (), frozenset(), left))
        for write in writes:
            if (death := deaths.get(write.subject)) is not None:
                write.tombstone = await tombstone(self._house, write.subject, self._judged(write, death, entry))
        sealed = Sealed(
            subjects=tuple(draft.subject for draft in drafts),
            records=tuple(record for draft in drafts for record in _records(draft)),
            born=tuple(draft.subject for draft in drafts if draft.born),
            receipts=tuple(death.receipt for death in deaths.values()),
            entry=entry.id,
            replayed=False,
        )
        return Prepared(drafts, writes, blobs, entry, sealed)

    async def _series(self, draft: Draft) -> Sequence[DataKeyRow]:
        """The keys of the subject's series, where something of them may become due."""
        if draft.loaded is None or not draft.events:
            return ()
        return [each.key for each in await series_keys(self._house, draft.loaded)]

    def _made_due(self, draft: Draft, series: Sequence[DataKeyRow]) -> list[Victim]:
        if draft.loaded is None:
            return []
        return made_due(draft.policy, draft.loaded, draft.standing, draft.events, draft.now, series)

    def _judged(self, write: SubjectWrite, death: Death, entry: Entry) -> Judgement:
        return Judgement(
            id=death.receipt,
            fates=died(self._house.policy, death.dying),
            scopes=tuple(dict.fromkeys(Scope(write.subject, victim.record) for victim in death.dying)),
            cause=CauseKind.EXPIRY,
            entry=entry.id,
            dying=death.dying,
            whole=False,
        )

    # -- 3: commit -----------------------------------------------------------------------------------------------------

    async def _commit(self, prepared: Prepared, request: Hashed | None) -> bool:
        """True: stored. False: somebody used the request key first; nothing was stored."""
        expected = {
            write.subject: (write.read_version, write.generation) for write in prepared.writes if write.read_version
        }
        async with self._house.control.transaction() as connection:
            epoch = await hold_current_epoch(connection)
            if epoch is None or epoch != self._house.keys.current.number:
                await self._house.reload()
                msg = "the epoch changed"
                raise Collision(msg)
            now = self._house.clock()
            if request is not None and not await take_request(
                connection, request.key, request.body, _encoded(prepared.sealed), now
            ):
                return False
            if not await record(connection, [prepared.entry], now):
                msg = "the token is not live"
                raise TokenRefused(msg)
            await lock_subjects(connection, expected)
            await write_subjects(connection, epoch, prepared.writes)
        return True


def _left(write: SubjectWrite, death: Death | None) -> Left:
    """What the ledger is to remember of a write: a row put back later is older than this."""
    return Left(write.read_version + 1, None if death is None else death.receipt)


def _records(draft: Draft) -> list[RecordId]:
    return list(dict.fromkeys(record for record, _ in draft.groups))


def _encoded(sealed: Sealed) -> bytes:
    lists = (sealed.subjects, sealed.records, sealed.born, sealed.receipts, (sealed.entry,))
    return cbor2.dumps([[name.bytes for name in names] for names in lists], canonical=True)


def _decoded(outcome: bytes) -> Sealed:
    subjects, records, born, receipts, (entry,) = (
        tuple(UUID(bytes=name) for name in names) for names in cbor2.loads(outcome)
    )
    return Sealed(
        subjects=tuple(map(SubjectId, subjects)),
        records=tuple(map(RecordId, records)),
        born=tuple(map(SubjectId, born)),
        receipts=receipts,
        entry=entry,
        replayed=True,
    )
