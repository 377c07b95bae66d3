"""DOOR out for readings: decide, record, open; as in `vault.opening`, whose first three steps these are.

After the entry is committed the heads of the periods asked for are read, then their segments in one statement; each
head is proven, each segment must be listed and open at its place. What counts of them is laid over one another. A roll
or a compaction in between means: back to the beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.model import Access, FieldType, Principal, SubjectId
from vault.errors import BrokenSeal, Contended, Invalid
from vault.house import ROUNDS
from vault.ledger.book import Kind
from vault.opening import Decided, Opening
from vault.planning import Question, question
from vault.request import Everyone, FieldMask, RecordFilter, Withheld
from vault.series import axis
from vault.series.axis import Resolution
from vault.series.lanes import lanes_of
from vault.series.laying import laid_out
from vault.series.periods import Lane, opened, unlocked
from vault.series.request import Series, SeriesOpened
from vault.storage.engine import Collision
from vault.storage.series import SeriesHeadRow, fetch_heads_in

MAX_MONTHS: Final = 61
MAX_PAGES: Final = 1_200


class SeriesOpening(Opening):
    """Opens series as far as the policy allows, on record."""

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
        """Open these fields of type series over the intervals that begin in [start, end).

        Args:
            who: as in `Opening.open`.
            access: as in `Opening.open`.
            subjects: ids, or the next page of those the role reaches.
            fields: fields of type series.
            start: aware.
            end: aware; at most 61 months after `start`, longer ranges come by `series_by_month`.
            records: only these records.
            history: also the versions that no longer count.

        Returns:
            One `Series` per record, field and resolution of which something is kept in the range.

        Raises:
            Invalid: a field is no series, or the range is none or too long.
            TokenRefused, BrokenSeal, Contended, Unavailable: as in `Opening.open`.
        """
        self._check(fields, start, end)
        for _ in range(ROUNDS):
            asked = question(self._house.policy, who, access, fields, records, self._house.clock())
            decided = await self._decide(asked, subjects)
            kind = Kind.OPENED if any(item.grants for item in decided.plans) else Kind.REFUSED
            entry = await self._record(asked, decided, kind)
            if entry is None:
                await self._house.token_is_live(who)
                continue
            try:
                found = await self._read(lanes_of(decided), start, end, history=history)
            except Collision:
                continue
            except BrokenSeal:
                await self._not_opened(asked, [item.loaded.row.subject for item in decided.plans])
                raise
            return _answer(asked, decided, found, entry)
        msg = "the subjects kept changing; send the request again"
        raise Contended(msg)

    def _check(self, fields: FieldMask, start: datetime, end: datetime) -> None:
        if len(_months(start, end)) > MAX_MONTHS:
            raise Invalid("end", f"is at most {MAX_MONTHS} months after `start`; read longer ranges by month")
        for name in fields:
            declared = self._house.policy.fields.get(name)
            if declared is not None and declared.type is not FieldType.SERIES:
                raise Invalid(name, "is no series")

    async def by_month(
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
    ) -> AsyncGenerator[SeriesOpened, None]:
        """The same range one Oslo month after the other, each decided and recorded by itself. Memory: one month.

        Raises:
            Invalid: more than 1,200 months.
        """
        months = _months(start, end)
        if len(months) > MAX_PAGES:
            raise Invalid("end", f"is at most {MAX_PAGES} months after `start`")
        for month in months:
            first, stop = axis.period_bounds(month)
            page = max(first, start), min(stop, end)
            yield await self.series(who, access, subjects, fields, *page, records, history=history)

    # -- open ----------------------------------------------------------------------------------------------------------

    async def _read(self, lanes: Sequence[Lane], start: datetime, end: datetime, *, history: bool) -> list[Series]:
        heads = await self._heads(lanes, start, end)
        by_key = {(lane.subject, lane.series): lane for lane in lanes}
        periods = unlocked(self._house, ((by_key[head.subject, head.series], head) for head in heads))
        filed = await opened(self._house, periods)
        return laid_out(periods, filed, start, end, history=history)

    async def _heads(self, lanes: Sequence[Lane], start: datetime, end: datetime) -> list[SeriesHeadRow]:
        months = _months(start, end)
        if not lanes or not months:
            return []
        ranges = ((months[0], months[-1]), (months[0] // 12, months[-1] // 12))
        async with self._house.control.connection() as connection:
            return await fetch_heads_in(connection, [(lane.subject, lane.series) for lane in lanes], ranges)


def _answer(asked: Question, decided: Decided, found: Sequence[Series], entry: UUID) -> SeriesOpened:
    total: Counter[Withheld] = Counter()
    for counts in decided.withheld.values():
        total.update(counts)
    if not total:
        total.update(dict.fromkeys(asked.stopped, 1))
    reached = [item.loaded.row.subject for item in decided.plans if item.grants]
    return SeriesOpened(found, total, decided.withheld, reached, decided.more, entry)


def _months(start: datetime, end: datetime) -> range:
    """The Oslo months that [start, end) touches."""
    early, late = axis.lived()
    start, end = max(start, early), min(end, late)
    if start >= end:
        return range(0)
    first, last = axis.number(Resolution.MONTH, start), axis.number(Resolution.MONTH, end)
    return range(first, last + (not axis.begins(Resolution.MONTH, end)))
