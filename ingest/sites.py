"""Whose metering point it is: the subscriptions that a point has or had, found by its id through the vault.

A point stays when the customer changes, so it may have several subscriptions, one after another. A reading belongs to
the one whose days [supply_from, supply_until) hold it; one that lies in none is refused, as is a point nobody ordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.doors import Doors
from ingest.readings import MeteringPoint, seconds
from policies.model import Access, Principal, RecordId, SubjectId
from policies.oslo import midnight
from vault.request import ByValue, OpenedRecord, Secret

ACCESS: Final = Access("metering", None, "meter_ingest")
POINT: Final = "metering_point.id"
FIELDS: Final = frozenset(
    {
        POINT,
        "metering_point.reading_form",
        "metering_point.feeds_in",
        "power_contract.supply_from",
        "power_contract.supply_until",
    }
)
FOREVER: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, repr=False)
class Site:
    """One subscription of a metering point; `since` and `until` in seconds since 1970, UTC."""

    subject: SubjectId
    record: RecordId
    since: int
    until: int
    manual: bool
    feeds_in: bool

    def holds(self, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which intervals lie wholly within its days."""
        return (start >= self.since) & (end <= self.until)


@dataclass(frozen=True, slots=True)
class Deliverer:
    """A grid company that delivers: its principal states the one purpose of its token."""

    principal: Principal

    @property
    def access(self) -> Access:
        """What it states."""
        return Access(self.principal.purpose or "", None, self.principal.recipient or "")


async def sites_of(vault: Doors, who: Principal, deliverer: Deliverer | None, point: MeteringPoint) -> Sequence[Site]:
    """The subscriptions of this point that readings are taken for now; none is an answer.

    Of a deliverer only those it is assigned: that it asks is on record, as is what the pipeline opens.
    """
    wanted = ByValue(POINT, Secret(str(point)))
    opened = await vault.open(who, ACCESS, wanted, FIELDS)
    contracts = {record.record: record for record in opened.records if record.kind == "power_contract"}
    mine = [each for each in opened.records if each.kind == "metering_point" and _text(each, POINT) == point]
    found = [
        _site(each, contracts[each.parent]) for each in mine if each.parent is not None and each.parent in contracts
    ]
    sites = [site for site in found if site is not None]
    if deliverer is None or not sites:
        return sites
    theirs = await vault.open(deliverer.principal, deliverer.access, wanted, frozenset({POINT}))
    allowed = {record.record for record in theirs.records if _text(record, POINT) == point}
    return [site for site in sites if site.record in allowed]


def _site(point: OpenedRecord, contract: OpenedRecord) -> Site | None:
    since = _text(contract, "power_contract.supply_from")
    if since is None:
        return None
    until = _text(contract, "power_contract.supply_until")
    feeds_in = point.values.get("metering_point.feeds_in")
    return Site(
        subject=point.subject,
        record=point.record,
        since=seconds(midnight(date.fromisoformat(since))),
        until=FOREVER if until is None else seconds(midnight(date.fromisoformat(until))),
        manual=_text(point, "metering_point.reading_form") == "manual",
        feeds_in=feeds_in is not None and feeds_in.reveal() is True,
    )


def _text(record: OpenedRecord, name: str) -> str | None:
    value = record.values.get(name)
    return None if value is None else str(value.reveal())
