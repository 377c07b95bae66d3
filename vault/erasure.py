"""DOOR to nowhere: keys die, and with them everything under them, in one control transaction.

A whole subject: its key, in every epoch, and its index tokens; how much lies below makes no difference. A part: the
data keys of its category instances (`killing.py`). An expiry takes only what its retention rules call due. What a hold
keeps, and for the subject's own request what a contract in force needs, is kept, and the receipt says by which rule and
law. The other rows are unreadable and left to the sweeper.

A crash before the commit erased nothing; after it everything the receipt says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.event import Restriction
from policies.model import SELF, Access, Principal, Reach, RecordId, RoleKind, Sequel, SubjectId
from policies.persons import NotTogether, two_persons
from policies.retention import Due, KeptByClock, KeptByHold, KeptByState, beneath_holds, due, hold
from policies.standing import lanes
from vault.cooling import Pending, State
from vault.draft import NOBODY, Draft, Rows
from vault.errors import Contended, Invalid, Refused, TokenRefused, Unknown, VaultError
from vault.house import ROUNDS, House, Loaded
from vault.killing import Victim, history, kill, victims
from vault.ledger.book import Act, Kind, Left, Outcome
from vault.receipts import Judgement, died, new_receipt, receipt, receipt_of_scopes, receipt_of_whole, tombstone
from vault.request import Cause, CauseKind, Fate, FieldFate, Receipt, Scope, Withheld
from vault.series.lanes import series_keys
from vault.storage.cooling import rows_of, settle
from vault.storage.engine import Collision, retrying
from vault.storage.epochs import hold_current_epoch
from vault.storage.recording import Entry, record
from vault.storage.rows import DataKeyRow
from vault.storage.writing import (
    SubjectWrite,
    TombstoneRow,
    destroy_subject,
    insert_tombstone,
    lock_subjects,
    write_subjects,
)
from vault.tokens import Tokens

PURPOSE: Final = "erasure"
PAUSE_SECONDS: Final = 0.005
SHARED: Final = "shared_identity"
CARRIED_OUT: Final = State.CARRIED_OUT.value
ART_6_1_B: Final = "GDPR Article 6(1)(b)"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What dies and what is kept. `whole`: nothing is kept and the scope is everything."""

    dying: Sequence[Victim]
    fates: tuple[FieldFate, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """One erasure on its way through the rounds. `who` None: the house carries out what a person asked for."""

    who: Principal | None
    cause: Cause
    access: Access
    scopes: tuple[Scope, ...]
    pending: Pending | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What the transaction writes: a part rewritten, or of a whole person the tombstone alone."""

    receipt: UUID
    entry: Entry
    does: SubjectWrite | TombstoneRow


class Settled(VaultError):
    """The request was taken back, or carried out by another process. Never leaves this module."""


class Erasure:
    """Erases what may be erased, on record."""

    def __init__(self, house: House, tokens: Tokens) -> None:
        self._house = house
        self._tokens = tokens

    async def erase(self, who: Principal, cause: Cause, scopes: Sequence[Scope]) -> Receipt:
        """Erase one subject, or records or products of it.

        Again changes nothing: a whole subject erased before gives the receipt of then, and so does a part of which
        nothing is left to erase.

        Raises:
            Refused: this principal may not, or not alone; recorded.
            Invalid: a product is none of the policy's.
            Unknown: there is no such subject, or none this principal may know of.
            TokenRefused: the principal's or the second person's token is no longer live.
            Contended, Unavailable: send again.
        """
        access = Access(PURPOSE, cause.reason, _recipient(who))
        await self._authorise(who, cause, access, _one_subject(scopes))
        products = {kind.product for kind in self._house.policy.records.values()}
        if any(scope.product not in {None, *products} for scope in scopes):
            raise Invalid("product", "is none of the policy's")
        return await self._rounds(Errand(who, cause, access, tuple(scopes), None))

    async def carry_out(self, pending: Pending) -> Receipt | None:
        """Erase what a person asked for and did not take back, as its own request, in the house's name.

        What is kept may be used again: the restriction that came with the request ends. None: it was taken back, or
        another process carried it out.

        Raises:
            Invalid: its time has not come.
            Contended, Unavailable: do it again.
        """
        if pending.due_at > self._house.clock():
            raise Invalid("erasure", "its time has not come")
        cause = Cause(CauseKind.REQUEST, None, None)
        try:
            return await self._rounds(Errand(None, cause, Access(PURPOSE, None, SELF), pending.scopes, pending))
        except Settled:
            return None

    async def _rounds(self, errand: Errand) -> Receipt:
        for attempt in range(ROUNDS):
            try:
                made = await self._attempt(errand)
            except Collision:
                await retrying(PAUSE_SECONDS * attempt)
            else:
                return made
        msg = "the subject kept changing; send the request again"
        raise Contended(msg)

    # -- who may -------------------------------------------------------------------------------------------------------

    async def _authorise(self, who: Principal, cause: Cause, access: Access, subject: SubjectId) -> None:
        rule = self._role_rule(who, cause, subject)
        if rule is None and cause.kind is CauseKind.OFFICER:
            rule = await self._second_person(who, cause)
        if rule is None:
            return
        withheld = Withheld(PURPOSE, rule, personal=False)
        outcomes = {subject: Outcome(frozenset(), frozenset({withheld}))}
        act = Act(Kind.REFUSED, who, access, outcomes, (), frozenset())
        if not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)
        raise Refused([withheld])

    def _role_rule(self, who: Principal, cause: Cause, subject: SubjectId) -> str | None:
        purpose = self._house.policy.purposes.get(PURPOSE)
        reaches = {role: purpose.roles[role] for role in who.roles if role in purpose.roles} if purpose else {}
        if not reaches:
            return "role"
        if Reach.POPULATION not in reaches.values() and who.subject != subject:
            return "reach"
        kinds = {self._house.policy.roles[role].kind for role in reaches}
        wanted = {
            CauseKind.REQUEST: RoleKind.SUBJECT,
            CauseKind.OFFICER: RoleKind.OFFICER,
            CauseKind.EXPIRY: RoleKind.SERVICE,
        }[cause.kind]
        return None if wanted in kinds else "cause"

    async def _second_person(self, who: Principal, cause: Cause) -> str | None:
        if cause.second is None:
            return "two_persons"
        second = await self._tokens.resolve(cause.second)
        answer = two_persons(who, second, self._house.policy)
        return answer.rule if isinstance(answer, NotTogether) else None

    # -- what dies -----------------------------------------------------------------------------------------------------

    async def _attempt(self, errand: Errand) -> Receipt:
        subject = _one_subject(errand.scopes)
        rows = await self._house.subjects([subject])
        if subject not in rows:
            return await self._gone(subject, errand.pending)
        loaded = self._house.standing(rows[subject])
        series = [each.key for each in await series_keys(self._house, loaded)]
        sentence = self._sentence(loaded, series, errand.cause, errand.scopes)
        same = await self._same(errand, sentence)
        if same is not None and errand.pending is None:
            return same
        if same is not None:
            sentence = Sentence((), tuple(fate for fate in sentence.fates if fate.fate is Fate.KEPT), whole=False)
        number = new_receipt(self._house) if same is None else same.id
        entry = await self._entry(errand, loaded, sentence, number)
        judged = Judgement(
            id=number,
            fates=sentence.fates,
            scopes=tuple(dict.fromkeys(errand.scopes)),
            cause=errand.cause.kind,
            entry=entry.id,
            dying=sentence.dying,
            whole=sentence.whole,
        )
        does: SubjectWrite | TombstoneRow
        if sentence.whole:
            does = await tombstone(self._house, subject, judged)
        else:
            does = await self._partial(errand, loaded, sentence, series)
            does.tombstone = await tombstone(self._house, subject, judged) if same is None else None
        await self._commit(errand, loaded, Deed(number, entry, does))
        self._house.keys.cache.drop(subject)
        return await receipt(self._house, number)

    async def _same(self, errand: Errand, sentence: Sentence) -> Receipt | None:
        """The receipt of then, where nothing is left to erase but the record of having asked again."""
        asking = errand.pending.id if errand.pending is not None else None
        if sentence.whole or any(victim.record != asking for victim in sentence.dying):
            return None
        return await receipt_of_scopes(self._house, _one_subject(errand.scopes), errand.scopes)

    async def _gone(self, subject: SubjectId, pending: Pending | None) -> Receipt:
        """Of a person erased before: the receipt of then, which is also what becomes of a request that waited."""
        earlier = await receipt_of_whole(self._house, subject)
        if earlier is None:
            msg = "no such subject"
            raise Unknown(msg)
        if pending is not None:
            async with self._house.control.connection() as connection:
                if not await settle(connection, pending.id, CARRIED_OUT, earlier.id):
                    raise Settled
        return earlier

    async def _entry(self, errand: Errand, loaded: Loaded, sentence: Sentence, number: UUID) -> Entry:
        subject = loaded.row.subject
        fields = frozenset(fate.field for fate in sentence.fates if fate.fate is Fate.ERASED)
        kept = frozenset(Withheld(f.field, f.rule or "", personal=False) for f in sentence.fates if f.fate is Fate.KEPT)
        left = {subject: Left(loaded.row.version + 1, number)}
        act = Act(Kind.ERASED, errand.who, errand.access, {subject: Outcome(fields, kept)}, (), frozenset(), left)
        return await self._house.book.entry(act)

    def _sentence(
        self, loaded: Loaded, series: Sequence[DataKeyRow], cause: Cause, scopes: Sequence[Scope]
    ) -> Sentence:
        everything = any(scope.record is None and scope.product is None for scope in scopes)
        chosen = [
            victim
            for victim in victims(self._house.policy, loaded, series)
            if everything or any(self._in_scope(loaded, victim, scope) for scope in scopes)
        ]
        dying: list[Victim] = []
        kept: list[FieldFate] = []
        for victim in chosen:
            reason = self._kept(loaded, victim, cause)
            if reason is None:
                dying.append(victim)
            else:
                kept += [
                    FieldFate(field.name, Fate.KEPT, *reason)
                    for field in self._house.policy.fields.values()
                    if field.category == victim.category
                ]
        kept += [] if everything else self._shared(loaded, scopes)
        fates = dict.fromkeys([*died(self._house.policy, dying), *kept])  # several records can share a fate
        return Sentence(dying, tuple(fates), whole=everything and not kept)

    def _in_scope(self, loaded: Loaded, victim: Victim, scope: Scope) -> bool:
        if scope.record is not None:
            return scope.record in loaded.standing.records and victim.record in lanes(loaded.standing, scope.record)
        kind = loaded.standing.records[victim.record].kind
        return self._house.policy.records[kind].product == scope.product

    def _kept(self, loaded: Loaded, victim: Victim, cause: Cause) -> tuple[str, str | None, datetime | None] | None:
        where = self._house.policy, victim.category, victim.record, loaded.standing, self._house.clock()
        held: KeptByHold | None = hold(*where)
        if held is not None:
            return held.hold, held.law, held.until
        # a restriction stops the calendar, not the person who asked for both
        state = due(*where) if cause.kind is CauseKind.EXPIRY else beneath_holds(*where)
        if cause.kind is CauseKind.REQUEST and isinstance(state, KeptByState):
            return state.state, ART_6_1_B, None
        if cause.kind is CauseKind.EXPIRY and not (isinstance(state, Due) and state.then is Sequel.ERASE):
            return "not_due", None, state.until if isinstance(state, KeptByClock) else None
        return None

    def _shared(self, loaded: Loaded, scopes: Sequence[Scope]) -> list[FieldFate]:
        """Where one product goes, who the person is stays for the others, as long as the longest rule says (G-22)."""
        if all(scope.product is None for scope in scopes):
            return []
        policy, root = self._house.policy, RecordId(loaded.row.subject)
        fates: list[FieldFate] = []
        for victim in victims(policy, loaded):
            if victim.record == root and not any(self._in_scope(loaded, victim, scope) for scope in scopes):
                where = policy, victim.category, root, loaded.standing, self._house.clock()
                state = hold(*where) or beneath_holds(*where)
                until = state.until if isinstance(state, KeptByClock | KeptByHold) else None
                law = state.law if isinstance(state, KeptByHold) else None
                fates += [
                    FieldFate(field.name, Fate.KEPT, SHARED, law, until)
                    for field in policy.fields.values()
                    if field.category == victim.category
                ]
        return fates

    async def _partial(
        self,
        errand: Errand,
        loaded: Loaded,
        sentence: Sentence,
        series: Sequence[DataKeyRow],
    ) -> SubjectWrite:
        subject, now = loaded.row.subject, self._house.clock()
        draft = Draft(self._house, errand.who or NOBODY, subject, loaded, now)
        if RecordId(subject) in draft.standing.restricted and await self._lifts(errand.pending):
            draft.fold_in(Restriction(subject=subject, record=RecordId(subject), on=False, at=now))
        rows = Rows(draft, {})
        by_rule = errand.cause.kind is CauseKind.EXPIRY
        past = await history(self._house, loaded)
        return kill(rows, rows.write(), loaded, sentence.dying, past, series, by_rule=by_rule)

    async def _lifts(self, pending: Pending | None) -> bool:
        """Whether a restriction ends with this erasure: it came with it, and no other erasure waits."""
        if pending is None or not pending.restricts:
            return False
        async with self._house.control.connection() as connection:
            rows = await rows_of(connection, pending.subject)
        return all(row.id == pending.id or row.state != State.PENDING.value for row in rows)

    # -- the transaction -----------------------------------------------------------------------------------------------

    async def _commit(self, errand: Errand, loaded: Loaded, deed: Deed) -> None:
        row, pending = loaded.row, errand.pending
        async with self._house.control.transaction() as connection:
            epoch = await hold_current_epoch(connection)
            if epoch is None or epoch != self._house.keys.current.number:
                await self._house.reload()
                msg = "the epoch changed"
                raise Collision(msg)
            if not await record(connection, [deed.entry], self._house.clock()):
                msg = "the token is not live"
                raise TokenRefused(msg)
            if pending is not None and not await settle(connection, pending.id, CARRIED_OUT, deed.receipt):
                raise Settled
            await lock_subjects(connection, {row.subject: (row.version, row.generation)})
            if isinstance(deed.does, TombstoneRow):
                await insert_tombstone(connection, epoch, deed.does)
                await destroy_subject(connection, row.subject)
            else:
                await write_subjects(connection, epoch, [deed.does])


def _one_subject(scopes: Sequence[Scope]) -> SubjectId:
    subjects = {scope.subject for scope in scopes}
    if len(subjects) != 1:
        raise Invalid("scopes", "an erasure is of exactly one subject")
    return subjects.pop()


def _recipient(who: Principal) -> str:
    return SELF if SELF in who.roles else min(who.roles, default=SELF)
