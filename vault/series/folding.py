"""Compaction: when a month is over, its days become one block, and later corrections stay beside it as overlays.

A recorded opening of a role that the policy lets open series for `storage_limitation`. What a block holds is the first
version of each interval; those after it go into overlays, or into a further block where there are many. Nothing is lost
and nothing counts differently afterwards, so it may be interrupted and repeated.

A crash before the commit of a page leaves segments that no head lists; after it the old ones are listed no more, and
the sweeper removes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from policies.model import Access, FieldType, Principal
from vault.ledger.book import Kind
from vault.opening import Opening
from vault.planning import question
from vault.series import axis
from vault.series.axis import Resolution
from vault.series.codec import Form
from vault.series.lanes import lanes_of
from vault.series.merging import Merged
from vault.series.periods import Filed, Lane, Period, opened, unlocked, versions_in
from vault.series.request import Folded
from vault.series.writing import Written, written
from vault.storage.engine import Collision
from vault.storage.epochs import hold_current_epoch
from vault.storage.series import Key, SeriesHeadRow, insert_segments, loose_heads, update_heads

WINDOW: Final = timedelta(days=10)
"""How long after its end a month stays open: grid companies deliver until the tenth day."""
PAGE: Final = 500


class Folding(Opening):
    """Folds what is over, on record."""

    async def compact(self, who: Principal, access: Access, limit: int = PAGE) -> Folded:
        """Fold the days of months whose window has closed into blocks, until `limit` periods were folded.

        Returns:
            What was done; `entry` is that of the last page. Call again while there is `more`.

        Raises:
            TokenRefused: the principal's token is no longer live.
            BrokenSeal: something stored was damaged, moved or replaced; pages before it are done.
            Unavailable: a database or the key service does not answer; send again.
        """
        periods = before = after = 0
        entry: UUID | None = None
        at: Key | None = None
        while periods < limit:
            heads = await self._candidates(at, min(PAGE, limit))
            if not heads:
                return Folded(periods, before, after, more=False, entry=entry)
            at = heads[-1].subject, heads[-1].series, heads[-1].period
            entry, found = await self._open_page(who, access, heads)
            made, segments = await self._fold(found)
            periods += len(made.changed_heads)
            before += segments
            after += len(made.segments)
        return Folded(periods, before, after, more=True, entry=entry)

    async def _candidates(self, after: Key | None, limit: int) -> Sequence[SeriesHeadRow]:
        closed = axis.number(Resolution.MONTH, self._house.clock() - WINDOW)  # of this month and later: not yet
        ranges = ((12 * axis.FIRST_YEAR, closed - 1), (0, (closed - 1) // 12))
        async with self._house.control.connection() as connection:
            return await loose_heads(connection, ranges, after, limit)

    async def _open_page(
        self, who: Principal, access: Access, heads: Sequence[SeriesHeadRow]
    ) -> tuple[UUID | None, list[Period]]:
        """Decide and record, then the periods of this page that may be opened. A subject that changed waits."""
        policy = self._house.policy
        fields = frozenset(
            field.name
            for field in policy.fields.values()
            if field.type is FieldType.SERIES
            and any((use.purpose, use.to) == (access.purpose, access.recipient) for use in field.uses)
        )
        asked = question(policy, who, access, fields, None, self._house.clock())
        decided = await self._decide(asked, list(dict.fromkeys(head.subject for head in heads)))
        kind = Kind.OPENED if any(item.grants for item in decided.plans) else Kind.REFUSED
        entry = await self._record(asked, decided, kind)
        if entry is None:
            await self._house.token_is_live(who)
            return None, []
        lanes = {(lane.subject, lane.series): lane for lane in lanes_of(decided)}
        pairs = [
            (lane, head)
            for head in heads
            if (lane := lanes.get((head.subject, head.series))) is not None
            and head.generation == lane.loaded.row.generation
        ]
        return entry, unlocked(self._house, pairs)

    async def _fold(self, periods: Sequence[Period]) -> tuple[Written, int]:
        """Rewrite what has something to fold; how many segments that was made of."""
        filed = await opened(self._house, periods)
        chosen = [place for place, folds in enumerate(_foldable(periods, filed, self._closed())) if folds]
        if not chosen:
            return Written(), 0
        made = written(self._house, *_whole(periods, filed, chosen, self._closed()))
        try:
            await self._commit(made)
        except Collision:  # somebody added to one of them: the next run finds them as they are then
            return Written(), 0
        return made, sum(len(periods[place].numbers) for place in chosen)

    def _closed(self) -> datetime:
        month = axis.number(Resolution.MONTH, self._house.clock() - WINDOW)
        return axis.instant(Resolution.MONTH, month)

    async def _commit(self, made: Written) -> None:
        async with self._house.contents.connection() as connection:
            await insert_segments(connection, made.segments)
        async with self._house.control.transaction() as connection:
            await hold_current_epoch(connection)
            await update_heads(connection, made.changed_heads)


def _foldable(periods: Sequence[Period], filed: Sequence[Filed], closed: datetime) -> list[bool]:
    """Which periods have a day in a month that is over."""
    found = [False] * len(periods)
    for each in filed:
        if each.sheets.layout.form is Form.DAY:
            limit = axis.number(each.sheets.layout.resolution, closed)
            for row, period in enumerate(each.period):
                found[int(period)] |= bool(each.sheets.at[row, 0] < limit)
    return found


def _whole(
    periods: Sequence[Period], filed: Sequence[Filed], chosen: Sequence[int], closed: datetime
) -> tuple[list[Lane], Merged]:
    """Everything these periods hold, to be written again."""
    lanes = [periods[place].lane for place in chosen]
    found = Merged(closed=closed, replacing=set(range(len(chosen))))
    numbers = dict.fromkeys(range(len(periods)), -1) | {place: number for number, place in enumerate(chosen)}
    for number, place in enumerate(chosen):
        found.periods[number, periods[place].head.period] = periods[place]
        found.widths[number] = periods[place].head.width
    owner, versions = versions_in(filed, numbers)
    found.lanes, found.versions = owner[owner >= 0], versions.take(owner >= 0)
    return lanes, found
