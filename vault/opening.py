"""DOOR out: decide, record, open. In this order, whole, with no step public on its own.

 1. choose the candidates; read their rows, keys and heads in one statement; open their standings
 2. decide every field of every record (`planning.py`)
 3. record: one ledger entry, committed only if the token is live and every standing is still the one decided on;
    otherwise back to 1
 4. only now fetch the sealed groups and make plaintext

A crash before 3 leaves nothing; after 3 an entry that says "authorised". A seal that turns out broken in 4 appends an
entry `not_opened` and opens nothing of the call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.decision import Decision, Permit, Refusal, decide
from policies.masks import apply
from policies.model import Access, FieldPolicy, Mask, Principal, SubjectId
from vault.choosing import candidates, indexed_value
from vault.computed import computed
from vault.errors import BrokenSeal, Contended, Unknown
from vault.groups import group_at, holds_value, indexed_heads
from vault.holdings import HOLDINGS, holdings
from vault.house import ROUNDS, House, Loaded
from vault.ledger.book import Act, Kind, Outcome
from vault.planning import REACH, Grant, Plan, Question, plan, question, refused_everything
from vault.request import (
    ByValue,
    Everyone,
    FieldMask,
    Lookup,
    Opened,
    OpenedRecord,
    RecordFilter,
    Secret,
    Value,
    Withheld,
)
from vault.storage.rows import SubjectRow, fetch_blobs

MAX_POPULATION_PAGE: Final = 500
"""Standings that one page of a population may open; the committer flushes no more than this at a time."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer before it is recorded: plans of those who have something to open, outcomes of all who count."""

    plans: Sequence[Plan]
    outcomes: Mapping[SubjectId, Outcome]
    withheld: Mapping[SubjectId, Mapping[Withheld, int]]
    more: bool


class Opening:
    """Opens what the policy allows, on record."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """Open `fields` of `subjects` as far as the policy allows this principal for this access.

        Returns:
            Values as they may be seen, what was withheld by which rule, and the ledger entry.

        Raises:
            TokenRefused: the principal's token is no longer live.
            BrokenSeal: something stored was damaged, moved or replaced; nothing is returned.
            Contended: the subjects kept changing; send again.
            Unavailable: a database or the key service does not answer; send again.
        """
        for _ in range(ROUNDS):
            asked = question(self._house.policy, who, access, fields, records, self._house.clock())
            decided = await self._decide(asked, subjects)
            kind = Kind.OPENED if any(item.grants for item in decided.plans) else Kind.REFUSED
            entry = await self._record(asked, decided, kind)
            if entry is not None:
                return await self._opened(asked, decided, entry, subjects)
            await self._house.token_is_live(who)
        msg = "the subjects kept changing; send the request again"
        raise Contended(msg)

    async def explain(
        self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask
    ) -> Mapping[str, Decision]:
        """What `open` would answer for each field now, on the subject's records of the field's kind. Opens nothing.

        Where records differ the answer is a permit if one of them permits. It is recorded as `explained`.

        Raises:
            Unknown: no such subject, or nothing of the subject is this principal's to know.
        """
        for _ in range(ROUNDS):
            asked = question(self._house.policy, who, access, fields, None, self._house.clock())
            decided = await self._decide(asked, [subject])
            if await self._record(asked, decided, Kind.EXPLAINED) is not None:
                return self._explained(asked, decided, fields)
            await self._house.token_is_live(who)
        msg = "the subject kept changing; send the request again"
        raise Contended(msg)

    def _explained(self, asked: Question, decided: Decided, fields: FieldMask) -> Mapping[str, Decision]:
        if not asked.passed:
            return {item.field: Refusal(item.rule, item.personal) for item in asked.stopped}
        if not decided.plans or _unreached(asked, decided.plans[0]):
            msg = "no such subject"
            raise Unknown(msg)
        loaded, now = decided.plans[0].loaded, self._house.clock()
        answers: dict[str, Decision] = {}
        for name in fields:
            kind = self._house.policy.fields[name].record if name in self._house.policy.fields else ""
            of_kind = [record for record, node in loaded.standing.records.items() if node.kind == kind]
            found = [
                decide(self._house.policy, asked.who, asked.access, name, record, loaded.standing, now)
                for record in of_kind or list(loaded.standing.records)[:1]
            ]
            answers[name] = next((answer for answer in found if isinstance(answer, Permit)), found[0])
        return answers

    # -- 1 and 2: choose and decide --------------------------------------------------------------------------------

    async def _decide(self, asked: Question, subjects: Sequence[SubjectId] | Lookup) -> Decided:
        if not asked.passed:
            named: Sequence[SubjectId] = () if isinstance(subjects, Lookup) else subjects
            outcomes = refused_everything(asked, named)
            return Decided((), outcomes, {name: dict.fromkeys(asked.stopped, 1) for name in outcomes}, more=False)
        wanted = max(1, min(subjects.first, MAX_POPULATION_PAGE)) if isinstance(subjects, Everyone) else 0
        page: list[Plan] = []
        names: list[SubjectId] = []
        more = False
        async for batch in candidates(self._house, asked.who, asked.access, subjects):
            names.extend(batch)
            page.extend(await self._plans(asked, batch, only_permitted=isinstance(subjects, Everyone)))
            more = isinstance(subjects, Everyone) and len(page) > wanted
            if more:
                break
        kept = page[:wanted] if isinstance(subjects, Everyone) else page
        outcomes = {item.loaded.row.subject: item.outcome for item in kept}
        withheld = {item.loaded.row.subject: item.withheld for item in kept if not _unreached(asked, item)}
        if not isinstance(subjects, Lookup):
            unknown = Outcome(frozenset(), asked.stopped)
            outcomes = {name: outcomes.get(name, unknown) for name in names}
            nothing = _unknown(asked)
            withheld = {name: withheld.get(name, nothing) for name in names}
        return Decided(kept, outcomes, withheld, more)

    async def _plans(self, asked: Question, batch: Sequence[SubjectId], *, only_permitted: bool) -> list[Plan]:
        rows = await self._house.subjects(batch)
        now = self._house.clock()
        plans: list[Plan] = []
        for name in batch:
            row = rows.get(name)
            if row is not None:
                made = await self._plan(asked, row, now)
                if made.grants or not only_permitted:
                    plans.append(made)
        return plans

    async def _plan(self, asked: Question, row: SubjectRow, now: datetime) -> Plan:
        try:
            return plan(self._house.policy, asked, self._house.standing(row), now)
        except BrokenSeal:
            await self._not_opened(asked, [row.subject])
            raise

    # -- 3: record -----------------------------------------------------------------------------------------------------

    async def _record(self, asked: Question, decided: Decided, kind: Kind) -> UUID | None:
        versions = [(item.loaded.row.subject, item.loaded.row.version) for item in decided.plans]
        act = Act(kind, asked.who, asked.access, decided.outcomes, versions, asked.stopped)
        entry = await self._house.book.entry(act)
        return entry.id if await self._house.committer.record(entry) else None

    async def _not_opened(self, asked: Question, subjects: Sequence[SubjectId]) -> None:
        outcomes = dict.fromkeys(subjects, Outcome(frozenset(), frozenset()))
        act = Act(Kind.NOT_OPENED, asked.who, asked.access, outcomes, (), frozenset())
        await self._house.committer.record(await self._house.book.entry(act))

    # -- 4: open -------------------------------------------------------------------------------------------------------

    async def _opened(
        self, asked: Question, decided: Decided, entry: UUID, subjects: Sequence[SubjectId] | Lookup
    ) -> Opened:
        reached = [item for item in decided.plans if not _unreached(asked, item)]
        blobs = await self._fetch(reached, subjects)
        try:
            plans = self._proven(reached, subjects, blobs)
            records = [record for item in plans for record in self._records(item, blobs)]
        except BrokenSeal:
            await self._not_opened(asked, [item.loaded.row.subject for item in decided.plans])
            raise
        kept = {item.loaded.row.subject for item in plans}
        false = [item.loaded.row.subject for item in reached if item.loaded.row.subject not in kept]
        if false:
            await self._not_opened(asked, false)
        withheld = {subject: counts for subject, counts in decided.withheld.items() if subject not in false}
        total: Counter[Withheld] = Counter()
        for counts in withheld.values():
            total.update(counts)
        if not total:
            total.update(dict.fromkeys(asked.stopped, 1))
        found = [item.loaded.row.subject for item in plans if item.grants]
        return Opened(records, total, withheld, found, decided.more, entry)

    def _proven(
        self, plans: Sequence[Plan], subjects: Sequence[SubjectId] | Lookup, blobs: Mapping[UUID, bytes]
    ) -> Sequence[Plan]:
        """Of a look-up by value only those who have it; of anything else all."""
        if not isinstance(subjects, ByValue):
            return plans
        looked_up = indexed_value(self._house, subjects)
        return [item for item in plans if holds_value(self._house, subjects, looked_up, item.loaded, blobs)]

    async def _fetch(self, plans: Sequence[Plan], subjects: Sequence[SubjectId] | Lookup) -> Mapping[UUID, bytes]:
        wanted = {
            (item.loaded.row.subject, grant.head.blob)
            for item in plans
            for grant in item.grants
            if grant.head is not None
        }
        if isinstance(subjects, ByValue):
            wanted |= {
                (item.loaded.row.subject, head.blob)
                for item in plans
                for head in indexed_heads(self._house, subjects, item.loaded)
            }
        if not wanted:
            return {}
        async with self._house.contents.connection() as connection:
            return await fetch_blobs(connection, list(wanted))

    def _records(self, item: Plan, blobs: Mapping[UUID, bytes]) -> list[OpenedRecord]:
        records: dict[object, OpenedRecord] = {}
        for grant in item.grants:
            node = item.loaded.standing.records[grant.record]
            values = self._values(item.loaded, grant, blobs)
            before = records.get(grant.record)
            if before is not None:
                records[grant.record] = replace(before, values={**before.values, **values})
            else:
                subject = item.loaded.row.subject
                records[grant.record] = OpenedRecord(subject, grant.record, node.parent, node.kind, values)
        return list(records.values())

    def _values(self, loaded: Loaded, grant: Grant, blobs: Mapping[UUID, bytes]) -> dict[str, Secret[Value]]:
        if grant.category.computed:
            return self._views(loaded, grant)
        if grant.head is None or grant.address is None:
            return {}
        group = group_at(loaded, grant.head, grant.address, blobs)
        return {
            field.name: Secret(_seen(screened.use.sees, field, group[field.name]))
            for field, screened in grant.fields
            if field.name in group
        }

    def _views(self, loaded: Loaded, grant: Grant) -> dict[str, Secret[Value]]:
        names = [field.name for field, _ in grant.fields]
        values = computed(loaded.standing, grant.record, names)
        if HOLDINGS in names:
            view = holdings(self._house.policy, loaded.standing, loaded.row.heads, self._house.clock())
            values[HOLDINGS] = Secret(view)
        return values


def _seen(mask: Mask, field: FieldPolicy, value: Value) -> Value:
    return value if mask is Mask.PLAIN else apply(mask, field.type, value)


def _unreached(asked: Question, item: Plan) -> bool:
    """Whether the principal reaches nothing of this subject: it must not learn that there is one."""
    return not item.grants and all(each.rule == REACH for each in item.withheld if each not in asked.stopped)


def _unknown(asked: Question) -> dict[Withheld, int]:
    """What is withheld of a subject that is unknown, or out of reach: one each, whatever there is."""
    fields = (field for entries in asked.passed.values() for field, _, _ in entries)
    return dict.fromkeys([*asked.stopped, *(Withheld(field.name, REACH, personal=False) for field in fields)], 1)
