"""A page of subjects: what their rules say is over dies, all of it in one control transaction.

 1. read keys and standings, ask `policies.ending` of every data key and every period of a series. Months of hours that
    are over become sums first, record by record (`series/coarsening.py`); then the page is weighed again
 2. of those that live on, read heads and history; store the detached copies of a batch (`detaching.py`) in contents,
    where nothing names them yet
 3. one transaction: ledger entries, locks on the versions that were weighed, tombstones, dead keys, the rest of each
    standing under a new key, new subjects for what was detached. Of whom nothing is over, the date to look again

Killed before 3 commits: nobody lost anything but hours that are sums; copies without a head are garbage, and the next
run begins anew. After it: all of the page is done. A subject that changed meanwhile means: the page again from 1.

The points of a run at which a crash is tried are named: `weighed`, `coarsened` (a record's sums are there, its hours
gone), `stored` (before 3), `written` (in 3, before its commit), `committed`, and in `vault/retention.py` `gathered` and
`paged`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from policies.model import Access, Principal, RecordId, Sequel, SubjectId
from vault.detaching import FEWEST, Detached, detach, detaches
from vault.draft import NOBODY, Draft, Rows
from vault.errors import BrokenSeal, Contended, TokenRefused
from vault.house import ROUNDS, House, Loaded
from vault.judging import Judged, Tally, fates, judged
from vault.killing import history, kill
from vault.ledger.book import Act, Kind, Left, Outcome
from vault.receipts import Judgement, new_receipt, tombstone
from vault.request import CauseKind, Scope
from vault.series.coarsening import Coarsening
from vault.series.lanes import series_keys_of
from vault.storage.engine import Collision, retrying
from vault.storage.epochs import hold_current_epoch
from vault.storage.expiring import destroy_subjects, insert_detached, insert_tombstones, move_due
from vault.storage.recording import Entry, record
from vault.storage.writing import SubjectWrite, TombstoneRow, insert_blobs, lock_subjects, write_subjects

PAUSE_SECONDS: Final = 0.005
ITSELF: Final = replace(NOBODY, roles=frozenset({"vault"}))
"""The vault, where it opens something in order to let it die: what the policy lets that role open, and no more."""
STORAGE: Final = "storage_limitation"
"""The purpose by which the vault itself opens what it is about to detach or to sum."""
Reached = Callable[[str], None]
"""Told at each named point; a test dies there."""


@dataclass(slots=True)
class Page:
    """Everything of one attempt, ready for the transaction. `numbers` are the receipts to be."""

    resting: Sequence[Judged]
    over: Sequence[Judged] = ()
    writes: list[SubjectWrite] = field(default_factory=list[SubjectWrite])
    new: Detached = field(default_factory=Detached)
    numbers: Mapping[SubjectId, UUID] = field(default_factory=dict[SubjectId, UUID])
    stones: Sequence[TombstoneRow] = ()
    entries: Sequence[Entry] = ()


class Expiring:
    """Weighs subjects, and lets die what is over."""

    def __init__(self, house: House, reached: Reached) -> None:
        self._house = house
        self._coarsening = Coarsening(house)
        self._reached = reached

    async def judge(self, subjects: Sequence[SubjectId], now: datetime, tally: Tally) -> list[Judged]:
        """What of these subjects is over `now`. Whose standing does not open is reported, and stops nobody else."""
        rows = await self._house.subjects(subjects, heads=False)
        people: list[Loaded] = []
        for row in rows.values():
            try:
                people.append(self._house.standing(row))
            except BrokenSeal:
                tally.damaged.append(row.subject)
        series = await series_keys_of(self._house, people)
        sums = bool(self._house.sums)
        return [judged(self._house.policy, each, series[each.row.subject], now, sums=sums) for each in people]

    async def expire(
        self,
        who: Principal | None,
        access: Access,
        subjects: Sequence[SubjectId],
        now: datetime,
        *,
        batch: bool = False,
    ) -> Tally:
        """Let die what is over of these subjects. `batch`: what their rules detach goes on under ids of its own.

        A page of which somebody keeps changing a subject is tried again one by one; who is still left is reported.
        """
        for attempt in range(ROUNDS):
            try:
                return await self._attempt(who, access, subjects, now, batch=batch)
            except Collision:
                await retrying(PAUSE_SECONDS * attempt)
        if len(subjects) == 1:
            return Tally(contended=list(subjects))
        total = Tally()
        for subject in subjects:
            total.add(await self.expire(who, access, [subject], now))
        return total

    async def _attempt(
        self, who: Principal | None, access: Access, subjects: Sequence[SubjectId], now: datetime, *, batch: bool
    ) -> Tally:
        tally = Tally()
        people = await self._weighed(subjects, now, tally)
        tally.subjects = len(people)
        self._reached("weighed")
        page = Page(resting=[each for each in people if not each.dying])
        page.writes += await self._part([each for each in people if each.dying and not each.whole], tally)
        page.over = [each for each in people if each.dying and each.subject not in tally.damaged]
        if batch:
            page.new = await self._detach(who, page.over)
            page.writes += page.new.writes
            await self._store(page.new)
        self._reached("stored")
        await self._judge(who, access, page)
        await self._commit(page)
        self._reached("committed")
        for each in page.over:
            self._house.keys.cache.drop(each.subject)
        return _tallied(tally, page)

    # -- before the transaction ----------------------------------------------------------------------------------------

    async def _weighed(self, subjects: Sequence[SubjectId], now: datetime, tally: Tally) -> list[Judged]:
        """As they stand once every month that is over is a sum."""
        people = await self.judge(subjects, now, tally)
        if not any(each.summed for each in people):
            return people
        for each in people:
            for place in dict.fromkeys(piece.place for piece, _ in each.summed):
                await self._coarsen(each.subject, *place, now, tally)
        tally.damaged.clear()
        return await self.judge(subjects, now, tally)

    async def _coarsen(self, subject: SubjectId, of: RecordId, category: str, now: datetime, tally: Tally) -> None:
        """Its hours become sums, on record by themselves. What does not open stays as it is, as does its subject."""
        fields = self._house.policy.fields
        into = {fine: sums for fine, sums in self._house.sums.items() if fields[fine].category == category}
        try:
            done = await self._coarsening.coarsen(ITSELF, Access(STORAGE, None, "vault"), subject, of, into, now)
        except (BrokenSeal, Contended):
            return
        tally.coarsened += done.periods
        self._reached("coarsened")

    async def _with_heads(self, some: Sequence[Judged]) -> list[Judged]:
        """The same with their heads read; none of them may have changed."""
        rows = await self._house.subjects([each.subject for each in some]) if some else {}
        if any(each.subject not in rows or rows[each.subject].version != each.loaded.row.version for each in some):
            raise Collision("a subject changed since it was weighed")
        return [replace(each, loaded=self._house.standing(rows[each.subject])) for each in some]

    async def _part(self, some: Sequence[Judged], tally: Tally) -> list[SubjectWrite]:
        """The rows of those who live on. Whose history does not open is reported and left as it is."""
        writes: list[SubjectWrite] = []
        for each in await self._with_heads(some):
            rows = Rows(Draft(self._house, NOBODY, each.subject, each.loaded, self._house.clock()), {})
            try:
                past = await history(self._house, each.loaded)
            except BrokenSeal:
                tally.damaged.append(each.subject)
                continue
            write = kill(rows, rows.write(), each.loaded, each.victims, past, each.series, by_rule=True)
            write.next_due = each.look_again
            writes.append(write)
        return writes

    async def _detach(self, who: Principal | None, over: Sequence[Judged]) -> Detached:
        people = [each for each in over if detaches(self._house, each)]
        if len(people) < FEWEST:
            return Detached()
        await self._opens(who, people)
        return await detach(self._house, people)

    async def _opens(self, who: Principal | None, people: Sequence[Judged]) -> None:
        """Put on record what is about to be opened, to be detached; nothing of it leaves the vault."""
        fields = {
            each.subject: frozenset(
                field.name
                for piece, end in each.dying
                for field in self._house.policy.fields.values()
                if end.then is Sequel.DETACH and field.category == piece.victim.category
            )
            for each in people
        }
        outcomes = {subject: Outcome(names, frozenset()) for subject, names in fields.items()}
        versions = [(each.subject, each.loaded.row.version) for each in people]
        act = Act(Kind.OPENED, who, Access(STORAGE, Sequel.DETACH.value, "vault"), outcomes, versions, frozenset())
        if not await self._house.committer.record(await self._house.book.entry(act)):
            raise Collision("a subject changed since it was weighed")

    async def _store(self, new: Detached) -> None:
        if new.blobs:
            async with self._house.contents.connection() as connection:
                await insert_blobs(connection, new.blobs)

    async def _judge(self, who: Principal | None, access: Access, page: Page) -> None:
        """What goes on record: whose which fields died; apart from it the ids that lead to nobody; and the receipts."""
        policy, book = self._house.policy, self._house.book
        become = {each.subject: fates(policy, each, page.new) for each in page.over}
        page.numbers = {subject: new_receipt(self._house) for subject in become}
        if not page.over:
            return
        outcomes = {each: Outcome(frozenset(fate.field for fate in told), frozenset()) for each, told in become.items()}
        left = {each.subject: Left(each.loaded.row.version + 1, page.numbers[each.subject]) for each in page.over}
        entry = await book.entry(Act(Kind.ERASED, who, access, outcomes, (), frozenset(), left))
        page.entries = [entry]
        if page.new.writes:
            names = {write.subject: Outcome(page.new.fields, frozenset()) for write in page.new.writes}
            first = {write.subject: Left(1) for write in page.new.writes}
            detached = Access(STORAGE, Sequel.DETACH.value, "vault")
            page.entries += [await book.entry(Act(Kind.SEALED, who, detached, names, (), frozenset(), first))]
        page.stones = [
            await tombstone(
                self._house,
                each.subject,
                Judgement(
                    id=page.numbers[each.subject],
                    fates=become[each.subject],
                    scopes=_scopes(each),
                    cause=CauseKind.EXPIRY,
                    entry=entry.id,
                    dying=each.victims,
                    whole=each.whole,
                ),
            )
            for each in page.over
        ]

    # -- the transaction -----------------------------------------------------------------------------------------------

    async def _commit(self, page: Page) -> None:
        expected = {each.subject: (each.loaded.row.version, each.loaded.row.generation) for each in page.over}
        async with self._house.control.transaction() as connection:
            epoch = await hold_current_epoch(connection)
            if epoch is None or epoch != self._house.keys.current.number:
                await self._house.reload()
                raise Collision("the epoch changed")
            if len(await record(connection, page.entries, self._house.clock())) < len(page.entries):
                raise TokenRefused("the token is not live")
            await lock_subjects(connection, expected)
            await self._die(connection, epoch, page)
            await move_due(connection, [(one.subject, one.loaded.row.version, one.look_again) for one in page.resting])
            self._reached("written")

    async def _die(self, connection: Any, epoch: int, page: Page) -> None:
        await write_subjects(connection, epoch, page.writes)
        await insert_detached(connection, [write.subject for write in page.new.writes])
        await destroy_subjects(connection, [each.subject for each in page.over if each.whole])
        await insert_tombstones(connection, epoch, page.stones)


def _scopes(each: Judged) -> tuple[Scope, ...]:
    """What the receipt is of: the whole subject, or the records of which something died."""
    if each.whole:
        return (Scope(each.subject),)
    return tuple(dict.fromkeys(Scope(each.subject, victim.record) for victim in each.victims))


def _tallied(tally: Tally, page: Page) -> Tally:
    tally.wholes = sum(each.whole for each in page.over)
    tally.detached = len(page.new.writes)
    tally.receipts = list(page.numbers.values())
    for each in page.over:
        for victim in each.victims:
            tally.dead[victim.category] = tally.dead.get(victim.category, 0) + 1
    return tally
