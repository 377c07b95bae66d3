"""DOOR to nowhere for hours: their monthly sums are kept, the keys of the hours destroyed.

 1. which months are over: the category's rule says `then: coarsen` and after how long, counted from the end of each
    month; a hold keeps them all
 2. record the opening of the hours by a role that the policy lets open them for it, and admit the sums
 3. open the hours, add them up to the watt-hour, seal the sums and store them in contents
 4. one control transaction under the subject's lock: the sums' head, the hours' heads and with them their keys gone, a
    tombstone, the ledger entry; the subject is dirty: after the next roll an old copy opens no hour either

A crash before 4 leaves hours as they were; after it sums and no hours. A month is summed once: what would arrive later
is refused at the door (`arriving.py`), and a sum that is there is not replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from policies.admission import admit
from policies.decision import Refusal, screen
from policies.model import Access, Instance, PolicySet, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from policies.retention import hold
from vault.errors import BrokenSeal, Contended, Refused, TokenRefused, Unknown
from vault.house import ROUNDS, House, Loaded
from vault.ledger.book import Act, Kind, Left, Outcome
from vault.receipts import Judgement, new_receipt, tombstone
from vault.request import CauseKind, Fate, FieldFate, Scope, Withheld
from vault.series import axis
from vault.series.axis import Resolution
from vault.series.checking import coarsens_at
from vault.series.lanes import SeriesKey, series_keys
from vault.series.merging import Placed, merged
from vault.series.periods import Lane, Period, opened, unlocked, versions_in
from vault.series.readings import Quality, Readings, counting
from vault.series.request import Coarsened
from vault.series.writing import Written, written
from vault.storage.engine import Collision, retrying
from vault.storage.epochs import hold_current_epoch
from vault.storage.recording import record as record_entries
from vault.storage.series import (
    SeriesHeadRow,
    delete_heads,
    fetch_heads,
    insert_heads,
    insert_segments,
    mark_dirty,
    update_heads,
)
from vault.storage.writing import insert_tombstone, lock_subjects

PAUSE_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class _Due:
    """What of one record is over: its periods, opened for nobody yet."""

    loaded: Loaded
    record: RecordId
    keys: Sequence[SeriesKey]


class Coarsening:
    """Turns hours into sums, on record."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def coarsen(
        self,
        who: Principal,
        access: Access,
        subject: SubjectId,
        record: RecordId,
        into: Mapping[str, str],
        before: datetime,
    ) -> Coarsened:
        """Sum the months of a record that ended before `before` and are over by the policy; destroy their hours.

        Args:
            who: may open the fine fields and give the sums, both by the policy.
            access: the purpose of doing so.
            subject: whose.
            record: the record of the series.
            into: for each fine field the field that takes its sums.
            before: no later month is touched, whatever the policy says of it.

        Raises:
            Refused: the policy refuses one of the fields; recorded.
            Unknown: no such subject or record.
            TokenRefused: the principal's token is no longer live.
            BrokenSeal: hours do not open; they are left as they are.
            Contended, Unavailable: send again.
        """
        for attempt in range(ROUNDS):
            try:
                due = await self._due(subject, record, into, before)
                await self._authorise(who, access, due, into)
                return await self._attempt(who, access, due, into) if due.keys else Coarsened(subject, 0, None)
            except Collision:
                await self._house.token_is_live(who)
                await retrying(PAUSE_SECONDS * attempt)
        msg = "the subject kept changing; send the request again"
        raise Contended(msg)

    # -- 1 and 2: what is over, and who may ----------------------------------------------------------------------------

    async def _due(self, subject: SubjectId, record: RecordId, into: Mapping[str, str], before: datetime) -> _Due:
        rows = await self._house.subjects([subject])
        loaded = self._house.standing(rows[subject]) if subject in rows else None
        if loaded is None or record not in loaded.standing.records:
            msg = "no such subject"
            raise Unknown(msg)
        keys = [
            key
            for key in await series_keys(self._house, loaded)
            if key.record == record and key.field in into and self._is_over(loaded, key, before)
        ]
        return _Due(loaded, record, keys)

    def _is_over(self, loaded: Loaded, key: SeriesKey, before: datetime) -> bool:
        policy, now = self._house.policy, self._house.clock()
        at = coarsens_at(policy, key.field, key.end)
        held = hold(policy, key.category, key.record, loaded.standing, now)
        return at is not None and held is None and at[1] <= now and key.end <= before

    async def _authorise(self, who: Principal, access: Access, due: _Due, into: Mapping[str, str]) -> None:
        """The static rules of the decision for the hours, and admission for the sums; then the record of it."""
        policy, now, row = self._house.policy, self._house.clock(), due.loaded.row
        refused: list[Withheld] = []
        for fine, sums in into.items():
            seen = screen(policy, who, access, fine, oslo_date(now))
            given = admit(policy, who, sums, due.record, due.loaded.standing, now, born=False)
            refused += [
                Withheld(field, answer.rule, answer.personal)
                for field, answer in ((fine, seen), (sums, given))
                if isinstance(answer, Refusal)
            ]
        outcome = Outcome(frozenset() if refused else frozenset(into), frozenset(refused))
        kind = Kind.REFUSED if refused else Kind.OPENED
        if kind is Kind.OPENED and not due.keys:
            return
        act = Act(kind, who, access, {row.subject: outcome}, [(row.subject, row.version)], frozenset())
        if not await self._house.committer.record(await self._house.book.entry(act)):
            msg = "the token is not live, or the subject changed"
            raise Collision(msg)
        if refused:
            raise Refused(refused)

    # -- 3: sums -------------------------------------------------------------------------------------------------------

    async def _attempt(self, who: Principal, access: Access, due: _Due, into: Mapping[str, str]) -> Coarsened:
        periods = await self._periods(due)
        try:
            made = await self._sums(due, periods, into)
        except BrokenSeal:
            row = due.loaded.row
            nothing = {row.subject: Outcome(frozenset(), frozenset())}
            act = Act(Kind.NOT_OPENED, who, access, nothing, (), frozenset())
            await self._house.committer.record(await self._house.book.entry(act))
            raise
        async with self._house.contents.connection() as connection:
            await insert_segments(connection, made.segments)
        receipt = await self._commit(who, access, due, periods, made)
        self._house.keys.cache.drop(due.loaded.row.subject)
        return Coarsened(due.loaded.row.subject, len(periods), receipt)

    async def _periods(self, due: _Due) -> list[Period]:
        by_key = {(key.series, key.period): key for key in due.keys}
        subject = due.loaded.row.subject
        async with self._house.control.connection() as connection:
            heads = await fetch_heads(connection, [(subject, series, period) for series, period in by_key])
        if len(heads) != len(by_key):
            raise Collision("a series changed since it was read")
        pairs: list[tuple[Lane, SeriesHeadRow]] = []
        for head in heads:
            key = by_key[head.series, head.period]
            instance = self._house.policy.categories[key.category].instance
            pairs.append((Lane.of(due.loaded, key.record, key.field, key.resolution, instance), head))
        return unlocked(self._house, pairs)

    async def _sums(self, due: _Due, periods: Sequence[Period], into: Mapping[str, str]) -> Written:
        filed = await opened(self._house, periods)
        owner, versions = versions_in(filed, list(range(len(periods))))
        sums: dict[str, dict[int, list[Readings]]] = {}
        for place, period in enumerate(periods):
            resolution = period.lane.resolution
            span = axis.period_span(resolution, period.head.period)
            counts = counting(resolution, span, versions.take(owner == place))
            months = sums.setdefault(into[period.lane.field], {})
            parts = [part for frame in axis.frames(resolution, span) if (part := counts.cut(frame)).quality.any()]
            for part in parts:
                month = axis.number(Resolution.MONTH, axis.instant(resolution, part.first))
                months.setdefault(month, []).append(part)
        lanes = [Lane.of(due.loaded, due.record, field, Resolution.MONTH, self._instance(field)) for field in sums]
        arrivals: list[Placed] = []
        for number, lane in enumerate(lanes):
            months = sums[lane.field]
            there = await self._summed_before(lane, months)
            fresh = {month: parts for month, parts in months.items() if month not in there}
            if fresh:
                arrivals.append((number, summed(fresh)))
        return written(self._house, lanes, await merged(self._house, lanes, arrivals))

    async def _summed_before(self, lane: Lane, months: Iterable[int]) -> set[int]:
        """Which of these months have their sum."""
        years = {month // 12 for month in months}
        async with self._house.control.connection() as connection:
            heads = await fetch_heads(connection, [(lane.subject, lane.series, year) for year in years])
        periods = unlocked(self._house, ((lane, head) for head in heads))
        _, versions = versions_in(await opened(self._house, periods), [0] * len(periods))
        return set(versions.at.tolist())

    def _instance(self, field: str) -> Instance:
        return self._house.policy.categories[self._house.policy.fields[field].category].instance

    # -- 4: the transaction --------------------------------------------------------------------------------------------

    async def _commit(
        self, who: Principal, access: Access, due: _Due, periods: Sequence[Period], made: Written
    ) -> UUID:
        row, policy = due.loaded.row, self._house.policy
        fates = tuple(dict.fromkeys(self._fate(policy, key) for key in reversed(due.keys)))
        outcome, number = Outcome(frozenset(fate.field for fate in fates), frozenset()), new_receipt(self._house)
        left = {row.subject: Left(row.version, number)}
        act = Act(Kind.ERASED, who, access, {row.subject: outcome}, (), frozenset(), left)
        entry = await self._house.book.entry(act)
        judged = Judgement(
            id=number,
            fates=fates,
            scopes=(Scope(row.subject, due.record),),
            cause=CauseKind.EXPIRY,
            entry=entry.id,
            dying=(),  # a backup without the sums is not to lose the hours: they become sums again
            whole=False,
        )
        stone = await tombstone(self._house, row.subject, judged)
        async with self._house.control.transaction() as connection:
            epoch = await hold_current_epoch(connection)
            if epoch is None or epoch != self._house.keys.current.number:
                await self._house.reload()
                raise Collision("the epoch changed")
            if not await record_entries(connection, [entry], self._house.clock()):
                raise TokenRefused("the token is not live")
            await lock_subjects(connection, {row.subject: (row.version, row.generation)})
            await insert_heads(connection, made.new_heads)
            await update_heads(connection, made.changed_heads)
            await delete_heads(connection, [period.head for period in periods])
            await insert_tombstone(connection, epoch, stone)
            await mark_dirty(connection, row.subject, epoch)
        return stone.id

    def _fate(self, policy: PolicySet, key: SeriesKey) -> FieldFate:
        at = coarsens_at(policy, key.field, key.end)
        return FieldFate(key.field, Fate.ERASED, None if at is None else at[0], None, None)


def summed(months: Mapping[int, Sequence[Readings]]) -> Readings:
    """The sum of each month, exact: of hours, of quarters, or of both where a meter changed within the month."""
    first, last = min(months), max(months)
    size = last - first + 1
    wh, quality, registered = np.zeros(size, np.int64), np.zeros(size, np.uint8), np.zeros(size, np.int64)
    for month, parts in months.items():
        place = month - first
        wh[place] = sum(int(part.wh.sum()) for part in parts)
        quality[place] = _quality(month, parts)
        registered[place] = max(int(part.registered.max()) for part in parts)
    return Readings(Resolution.MONTH, first, wh, quality, registered)


def _quality(month: int, parts: Iterable[Readings]) -> int:
    """The weakest of the month's, or `INCOMPLETE` where a part of the month is missing."""
    begin, end = (axis.instant(Resolution.MONTH, each) for each in (month, month + 1))
    seconds, weakest = 0, int(Quality.MEASURED)
    for part in parts:
        seconds += int(np.count_nonzero(part.quality)) * axis.SECONDS[part.resolution]
        weakest = min(weakest, int(part.quality[part.quality != 0].min()))
    whole = seconds == int((end - begin).total_seconds())
    return weakest if whole else min(weakest, int(Quality.INCOMPLETE))
