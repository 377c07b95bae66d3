"""The service that calculates roofs of people: it opens roof and place for `roof_calculation`, and seals what it found.

It holds no right of its own. Each opening and each sealing is decided and recorded by the vault, and without a consent
to a calculation nothing opens, so nothing is asked outside, calculated or stored.

 1. open the roofs (so that a case without one asks nobody)
 2. open the address for the address register, and ask it where that is
 3. keep of the place the grid cell alone, eleven kilometres wide: sun and sky are the same in all of it
 4. calculate, beside the event loop
 5. seal cell and result in one call

A crash before 5 leaves nothing but the record of the openings; the same request asks, calculates and seals again.
`estimated` is the same for somebody nobody knows: it reaches no door, so nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from policies.event import Event
from policies.model import Access, Principal, RecordId, SubjectId
from solar.addresses import RECIPIENT, AddressSearch, the_place
from solar.cells import CELL, ROOF, named, planes_of, read
from solar.model.assumptions import said
from solar.model.errors import BadInput
from solar.model.estimate import Estimate, estimate
from solar.model.roof import Place, Plane
from solar.model.sky import cell_of
from vault.errors import Refused
from vault.request import Change, Everyone, FieldMask, Lookup, Opened, OpenedRecord, RecordFilter, RequestKey, Sealed

PURPOSE: Final = "roof_calculation"
ROLE: Final = "solar_engine"
ADDRESS: Final = "project.address"
RESULT: Final = "project.estimate"
PAGE: Final = 100


class Doors(Protocol):
    """The vault as the engine sees it."""

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """What the policy opens of these fields; the record of it is durable before anything is opened."""
        ...

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        """All of it durable when this returns, or `Refused` and nothing of it stored."""
        ...


@dataclass(frozen=True, slots=True)
class Calculated:
    """The result is sealed on the project. `replayed`: by an earlier request with this key."""

    project: RecordId
    replayed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What became of one page of a portfolio: cases calculated anew, without roof or place, and refused meanwhile."""

    calculated: int
    incomplete: int
    refused: int


async def estimated(planes: Sequence[Plane], where: Place | str, addresses: AddressSearch | None) -> Estimate:
    """The yield of a roof that nobody's name is on; nothing is opened, recorded or stored.

    Args:
        planes: one to fifty.
        where: the place, or an address to look up.
        addresses: asked where the address is.

    Raises:
        BadInput: a number is out of range, or the address names no place or several.
        AddressesAway, AddressesMalformed: the register did not answer as agreed.
    """
    if isinstance(where, str):
        if addresses is None:
            raise BadInput("address", "cannot be looked up here: give the place in degrees")
        where = await the_place(addresses, where)
    return await asyncio.to_thread(estimate, planes, cell_of(where))


async def calculate(
    vault: Doors,
    who: Principal,
    subject: SubjectId,
    project: RecordId,
    addresses: AddressSearch,
    request: RequestKey | None,
) -> Calculated:
    """Calculate one case and seal the result on it.

    Raises:
        Refused: nobody consented, or it is not this principal's to open; nothing was asked and nothing stored.
        BadInput: there is no roof, or the address names no place the model knows.
        AddressesAway, AddressesMalformed: the register did not answer as agreed; nothing was stored.
    """
    opened = await vault.open(who, Access(PURPOSE, None, ROLE), [subject], ROOF)
    if subject not in opened.found:
        raise Refused(list(opened.withheld))
    planes = planes_of([record for record in opened.records if record.parent == project])
    if not planes:
        raise BadInput("roof", "has azimuth, tilt and area on record before it is calculated")
    cell = cell_of(await the_place(addresses, await _address(vault, who, subject, project)))
    found = await asyncio.to_thread(estimate, planes, cell)
    sealed = await vault.seal(who, Access(PURPOSE, None, ROLE), [_change(subject, project, cell, found)], (), request)
    return Calculated(project, sealed.replayed)


async def _address(vault: Doors, who: Principal, subject: SubjectId, project: RecordId) -> str:
    records = RecordFilter(records=frozenset({project}))
    opened = await vault.open(who, Access(PURPOSE, None, RECIPIENT), [subject], frozenset({ADDRESS}), records)
    values = [record.values[ADDRESS] for record in opened.records if ADDRESS in record.values]
    if not values:
        raise Refused(list(opened.withheld))
    return str(values[0].reveal())


async def portfolio(vault: Doors, who: Principal, *, page: int = PAGE) -> AsyncIterator[Page]:
    """Calculate every case whose roof and cell are known anew, page by page: after a new model, say.

    No address is opened and nobody is asked. Each page is one opening and one sealing, each with one entry of the
    ledger; a case that was withdrawn or erased between them is counted as refused and left out.
    """
    after: SubjectId | None = None
    while True:
        everyone = Everyone(after=after, first=page)
        opened = await vault.open(who, Access(PURPOSE, None, ROLE), everyone, ROOF | {CELL})
        if opened.found:
            yield await _page(vault, who, opened)
            after = opened.found[-1]
        if not opened.more or not opened.found:
            return


async def _page(vault: Doors, who: Principal, opened: Opened) -> Page:
    changes = await asyncio.to_thread(_recalculated, opened.records)
    incomplete = len(opened.found) - len({change.subject for change in changes})
    if not changes:
        return Page(0, incomplete, 0)
    access, refused = Access(PURPOSE, None, ROLE), 0
    try:
        await vault.seal(who, access, changes)
    except Refused:  # one of them changed since it was opened, and a call is sealed whole or not at all
        for change in changes:
            refused += await _refused(vault, who, access, change)
    return Page(len(changes) - refused, incomplete, refused)


async def _refused(vault: Doors, who: Principal, access: Access, change: Change) -> int:
    try:
        await vault.seal(who, access, [change])
    except Refused:
        return 1
    return 0


def _recalculated(records: Sequence[OpenedRecord]) -> list[Change]:
    roofs: dict[RecordId, list[OpenedRecord]] = {}
    for record in records:
        if record.parent is not None:
            roofs.setdefault(record.parent, []).append(record)
    changes: list[Change] = []
    for record in records:
        planes = planes_of(roofs.get(record.record, []))
        if CELL in record.values and planes:
            cell = read(str(record.values[CELL].reveal()))
            changes.append(_change(record.subject, record.record, cell, estimate(planes, cell)))
    return changes


def _change(subject: SubjectId, project: RecordId, cell: Place, found: Estimate) -> Change:
    values = {CELL: named(cell), RESULT: kept(found)}
    return Change(subject=subject, record=project, parent=RecordId(subject), entity="project", values=values)


def kept(found: Estimate) -> str:
    """What is sealed of an estimate: canonical JSON, without the single planes, which the roof gives again."""
    plain: dict[str, object] = {name: value for name, value in asdict(found).items() if name != "planes"}
    plain["assumptions"] = [said(made) for made in found.assumptions]
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
