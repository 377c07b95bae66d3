"""The root fields of the calendar, for the data protection officer. Docstrings are descriptions in the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from policies.ending import Ending as Over
from policies.model import SubjectId
from policies.oslo import midnight
from policies.retention import NoAnchor
from resolvers.asking import Ask, page_asked
from resolvers.keys import checked
from resolvers.translation import Declined
from schema.errors import Code
from schema.paging import Connection, cursor, page
from schema.retention import Destroyed, Ending, Ends, RetentionRun, Sequel, Unanchored, UnanchoredPage


async def retention_due(info: Ask, first: int, after: str | None = None) -> Connection[Ends] | None:
    """What a retention run would destroy now, by person."""
    return await _ends(info, info.context.house.clock(), first, after)


async def retention_forecast(info: Ask, until: date, first: int, after: str | None = None) -> Connection[Ends] | None:
    """What runs will have destroyed by the end of that day in Oslo if nothing else happens until then, by person."""
    if until == date.max:
        raise Declined(Code.INVALID, field="until", rule="is a day that has an end")
    return await _ends(info, midnight(until + timedelta(days=1)) - timedelta(microseconds=1), first, after)


async def retention_missing(info: Ask, first: int, after: str | None = None) -> UnanchoredPage | None:
    """What is never due because the event that starts its clock was not recorded, among the next `first` people."""
    size, key = page_asked(first, after)
    asking = info.context
    found = await asking.house.vault.retention.missing(
        asking.who, asking.house.clock(), None if key is None else SubjectId(key), size
    )
    return UnanchoredPage(
        found=[
            Unanchored(
                subject=each.subject,
                record=each.record,
                category=each.category,
                rules=list(each.answer.rules) if isinstance(each.answer, NoAnchor) else [],
            )
            for each in found.found
        ],
        damaged=list(found.damaged),
        next=cursor(found.last) if found.more and found.last is not None else None,
    )


async def run_retention(info: Ask, idempotency_key: str) -> RetentionRun | None:
    """Destroy what is over by the policy. One person is enough: nothing is decided. A second run finds nothing."""
    checked(idempotency_key)
    asking = info.context
    done = await asking.house.vault.retention.run(asking.who)
    return RetentionRun(
        subjects=done.subjects,
        wholes=done.wholes,
        destroyed=[Destroyed(category=name, count=count) for name, count in sorted(done.dead.items())],
        detached=done.detached,
        coarsened=done.coarsened,
        receipts=list(done.receipts),
        damaged=list(done.damaged),
        contended=list(done.contended),
    )


async def _ends(info: Ask, at: datetime, first: int, after: str | None) -> Connection[Ends]:
    """The next people of whom something is over; those of whom nothing is are passed over."""
    size, key = page_asked(first, after)
    asking = info.context
    place = None if key is None else SubjectId(key)
    rows: list[tuple[str, Ends]] = []
    while True:
        found = await asking.house.vault.retention.forecast(asking.who, at, place, size)
        rows += [(cursor(each.subject), _shown(each.subject, each.endings)) for each in found.found]
        place = found.last
        if rows or not found.more:
            return page(rows, more=found.more, after=after)


def _shown(subject: UUID, endings: tuple[Over, ...]) -> Ends:
    return Ends(
        subject=subject,
        endings=[
            Ending(
                record=each.record, category=each.category, rule=each.rule, since=each.at,
                then=Sequel(each.then.value), period=each.period,
            )
            for each in endings
        ],
    )  # fmt: skip


QUERIES: Final[Mapping[str, Callable[..., Any]]] = {
    "retention_due": retention_due,
    "retention_forecast": retention_forecast,
    "retention_missing": retention_missing,
}
MUTATIONS: Final[Mapping[str, Callable[..., Any]]] = {"run_retention": run_retention}
