"""The scope of a breach: whose which fields were opened by a token, an account, a role or key, between two times.

For the data protection officer, who has 72 hours for it (Article 33). It reads sealed parts of the ledger and gives ids
of persons and names of fields, no value; asking is itself on record.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from policies.model import Principal, SubjectId
from vault.audit import Audit
from vault.crypto.aead import Sealer
from vault.errors import Invalid, Unknown
from vault.house import House
from vault.ledger.parts import read_part
from vault.request import MAX_PAGE

CHUNK: Final = 1_000
MARGIN: Final = timedelta(minutes=1)
"""Ids carry the time they were made, to the millisecond and seldom a little ahead of the entry's own."""
MATCHING: Final = (
    "select e.id, e.at, e.month from ledger_entry e where e.kind = 'opened' and e.id > $1 and e.id < $2"
    " and e.at >= $3 and e.at < $4 and ($5::uuid is null or e.token = $5) and ($6::uuid is null or e.actor = $6)"
    " and ($7::text is null or $7 = any(e.roles)) and e.subjects > 0 order by e.id limit $8"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Who or what may have fallen into wrong hands; several together mean all of them. `epoch` numbers a root key."""

    token: UUID | None = None
    account: UUID | None = None
    role: str | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """A person of whom something was opened: which fields, by how many entries, from when to when."""

    subject: SubjectId
    fields: frozenset[str]
    entries: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class ScopePage:
    """By the persons' ids. `unreadable` parts are of months whose audit key has died, or older than the tree.

    `persons` and `entries` count everything, not only this page. `more`: persons follow the last.
    """

    touched: Sequence[Touched]
    persons: int
    entries: int
    unreadable: int
    more: bool


class Scoping:
    """Tells the scope of a breach."""

    def __init__(self, house: House, audit: Audit) -> None:
        self._house = house
        self._audit = audit

    async def scope(
        self,
        who: Principal,
        by: Suspect,
        between: tuple[datetime, datetime],
        after: SubjectId | None,
        first: int | None,
    ) -> ScopePage:
        """Whose which fields were opened, a page of persons by id.

        Args:
            who: an officer who audits.
            by: whose openings.
            between: from the first instant on, and before the second.
            after: the last person of the page before.
            first: how many persons; all of them without.

        Raises:
            Invalid: nobody is suspected, or the times are the wrong way round.
            Refused: this principal may not audit; recorded.
            Unknown: there never was such an epoch.
        """
        if by == Suspect():
            raise Invalid("by", "names a token, an account, a role or an epoch")
        if not between[0] < between[1]:
            raise Invalid("until", "is after `since`")
        await self._audit.admitted(who)
        found, entries, unreadable = await self._touched(by, await self._within(by, between))
        ordered = [found[subject] for subject in sorted(found) if after is None or subject > after]
        size = len(ordered) if first is None else max(1, min(first, MAX_PAGE))
        return ScopePage(ordered[:size], len(found), entries, unreadable, more=len(ordered) > size)

    async def _within(self, by: Suspect, between: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
        """The times, cut to those at which the suspected epoch's key opened anything."""
        if by.epoch is None:
            return between
        row = await self._house.control.fetchrow(
            "select started_at, destroyed_at from epoch where number = $1", by.epoch
        )
        if row is None:
            raise Unknown("there is no such epoch")
        return max(between[0], row[0]), min(between[1], row[1] or between[1])

    async def _touched(
        self, by: Suspect, between: tuple[datetime, datetime]
    ) -> tuple[dict[SubjectId, Touched], int, int]:
        found: dict[SubjectId, Touched] = {}
        entries = unreadable = 0
        async for rows, parts in self._chunks(by, between):
            entries += len(rows)
            for part in parts:
                seen = self._seen(rows[part["entry"]], part)
                if seen is None:
                    unreadable += 1
                elif seen.fields:
                    found[seen.subject] = _together(found.get(seen.subject), seen)
        return found, entries, unreadable

    async def _chunks(
        self, by: Suspect, between: tuple[datetime, datetime]
    ) -> AsyncGenerator[tuple[dict[UUID, Any], list[Any]]]:
        after, end = _id_at(between[0] - MARGIN), _id_at(between[1] + MARGIN)
        while True:
            async with self._house.control.connection() as connection:
                rows = await connection.fetch(MATCHING, after, end, *between, by.token, by.account, by.role, CHUNK)
                parts = await connection.fetch(
                    "select entry, subject, month, sealed from ledger_subject where entry = any($1::uuid[])",
                    [row["id"] for row in rows],
                )
            yield {row["id"]: row for row in rows}, parts
            if len(rows) < CHUNK:
                return
            after = rows[-1]["id"]

    def _seen(self, row: Any, part: Any) -> Touched | None:
        key = self._house.keys.current.audit.get(part["month"])
        said = None if key is None else read_part(Sealer(key), row["id"], part["subject"], part["sealed"])
        if said is None or said.whose is None:
            return None
        return Touched(said.whose.subject, frozenset(said.fields), 1, row["at"], row["at"])


def _together(known: Touched | None, seen: Touched) -> Touched:
    if known is None:
        return seen
    return replace(
        known,
        fields=known.fields | seen.fields,
        entries=known.entries + 1,
        first=min(known.first, seen.first),
        last=max(known.last, seen.last),
    )


def _id_at(at: datetime) -> UUID:
    """The smallest id of an entry of this time (UUIDv7 begins with its milliseconds)."""
    return UUID(int=max(0, int(at.astimezone(UTC).timestamp() * 1000)) << 80)
