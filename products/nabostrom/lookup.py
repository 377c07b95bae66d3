"""The national id and the meter, fetched from registers outside the house (NAB-05 … NAB-10).

A question out is a disclosure: what it carries is opened for the register as recipient, so the ledger names register,
purpose and fields before a byte leaves, and without an order or a power of attorney nothing opens and nothing is asked.
The answer is sealed in one call. A crash before that leaves nothing; the same request asks and seals again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from policies.model import Access, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from products.doors import Doors
from products.errors import StepRefused
from products.nabostrom.inputs import FetchIdentity, LookUp
from products.nabostrom.register import (
    Known,
    Meter,
    MeteringPointRegister,
    PersonKeys,
    PopulationRegister,
    keys,
)
from products.nabostrom.step import METERING_POINT, POWER_CONTRACT, Step
from products.step import access, given, taking
from vault.request import Change, Opened, RequestKey, Secret, Value

FOLKEREGISTERET: Final = "folkeregisteret"
PERSON_KEYS: Final = frozenset({"person.first_name", "person.last_name", "person.birth_date", "power_contract.address"})
POINT_KEYS: Final = frozenset({"power_contract.address", "metering_point.id", "metering_point.meter_number"})
NATIONAL_ID: Final = "power_contract.national_id"


@dataclass(frozen=True, slots=True)
class Identified:
    """The national id is sealed, with the time it was fetched."""

    replayed: bool


@dataclass(frozen=True, slots=True)
class PointFound:
    """The one metering point that fits is sealed on this record."""

    metering_point: RecordId
    replayed: bool


@dataclass(frozen=True, slots=True)
class NotFound:
    """The register has none that fits; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Several:
    """More than one fits; nothing was stored. For a meter: ask the customer for the number printed on it."""

    count: int


@dataclass(frozen=True, slots=True)
class BirthDateDiffers:
    """The one person that fits was born on another day: for a human to look at. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class KeysMissing:
    """What is known makes no allowed search: fetch the national id first, or ask for the meter number."""


Identification = Identified | NotFound | Several | BirthDateDiffers
LookedUp = PointFound | NotFound | Several | KeysMissing


async def fetch_identity(
    vault: Doors,
    who: Principal,
    register: PopulationRegister,
    wish: FetchIdentity,
    request: RequestKey,
    *,
    clock: Callable[[], datetime],
) -> Identification:
    """Fetch the national id the law wants on a private contract; nobody types it and nobody is shown it whole.

    Raises:
        Invalid: the register's number is not one of its kind.
        RegisterFailed: the register did not do what it promises; nothing was stored.
        StepRefused: nobody ordered, or the order is off: nothing was asked.
    """
    step = Step.FETCH_IDENTITY
    known = await _opened(vault, who, Access(step.purpose, None, FOLKEREGISTERET), wish, PERSON_KEYS, step)
    born = date.fromisoformat(str(known["person.birth_date"].reveal()))
    wanted = PersonKeys(
        first_name=str(known["person.first_name"].reveal()), last_name=str(known["person.last_name"].reveal()),
        birth_date=born, address=str(known["power_contract.address"].reveal()),
    )  # fmt: skip
    found = await register.find(wanted)
    if len(found) != 1:
        return Several(len(found)) if found else NotFound()
    if found[0].birth_date != born:
        return BirthDateDiffers()
    values = given({NATIONAL_ID: found[0].national_id, "power_contract.national_id_fetched_at": clock().isoformat()})
    change = Change(subject=wish.subject, record=wish.contract, parent=None, entity=POWER_CONTRACT, values=values)
    with taking(step.label):
        sealed = await vault.seal(who, access(vault.policy, who, step.purpose, None), (change,), (), request)
    return Identified(sealed.replayed)


async def look_up(
    vault: Doors,
    who: Principal,
    register: MeteringPointRegister,
    wish: LookUp,
    request: RequestKey,
    *,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> LookedUp:
    """Find the customer's metering point; looked up again, what is there is brought up to date on the same record.

    Raises:
        Invalid: an attribute is not of its type.
        RegisterFailed: the register did not do what it promises; nothing was stored.
        StepRefused: there is neither order nor power of attorney: nothing was asked.
    """
    step, known, point = await _point_keys(vault, who, register.recipient, wish)
    wanted = keys(known)
    if wanted is None:
        return KeysMissing()
    found = await register.find(wanted, today=oslo_date(clock()))
    if len(found) != 1:
        return Several(len(found)) if found else NotFound()
    change = _meter(found[0], wish, point or RecordId(ids()))
    with taking(step.label):
        sealed = await vault.seal(who, access(vault.policy, who, step.purpose, None), (change,), (), request)
    return PointFound(sealed.records[0], sealed.replayed)


async def _point_keys(
    vault: Doors, who: Principal, recipient: str, wish: LookUp
) -> tuple[Step, Known, RecordId | None]:
    """What may be asked with, by the order or else by the power of attorney, and the record there is already."""
    step, end_user = Step.LOOK_UP, None
    opened = await vault.open(who, Access(step.purpose, None, recipient), [wish.subject], POINT_KEYS)
    if not _values(opened, wish):
        step = Step.LOOK_UP_BY_ATTORNEY
        opened = await vault.open(who, Access(step.purpose, None, recipient), [wish.subject], POINT_KEYS)
    else:
        end_user = await _end_user(vault, who, recipient, wish)
    known = _values(opened, wish)
    if not known:
        raise StepRefused(step.label, list(opened.withheld))
    point = next((r.record for r in opened.records if r.kind == METERING_POINT and r.parent == wish.contract), None)
    asked = Known(
        end_user=end_user, address=_text(known, "power_contract.address"),
        metering_point=None if wish.meter_number else _text(known, "metering_point.id"),
        meter_number=wish.meter_number or _text(known, "metering_point.meter_number"),
    )  # fmt: skip
    return step, asked, point


async def _end_user(vault: Doors, who: Principal, recipient: str, wish: LookUp) -> str | None:
    """The national id, where this register may have it and it was fetched."""
    uses = vault.policy.fields[NATIONAL_ID].uses
    if not any(use.purpose == Step.FETCH_IDENTITY.purpose and use.to == recipient for use in uses):
        return None
    stated = Access(Step.FETCH_IDENTITY.purpose, None, recipient)
    opened = await vault.open(who, stated, [wish.subject], frozenset({NATIONAL_ID}))
    return _text(_values(opened, wish), NATIONAL_ID)


def _meter(found: Meter, wish: LookUp, record: RecordId) -> Change:
    last = found.last_reading_on
    values = given(
        {
            "metering_point.id": found.metering_point,
            "metering_point.meter_number": found.meter_number,
            "metering_point.reading_form": found.reading_form.value,
            "metering_point.last_reading_on": None if last is None else last.isoformat(),
            "metering_point.feeds_in": found.feeds_in,
        }
    )
    return Change(subject=wish.subject, record=record, parent=wish.contract, entity=METERING_POINT, values=values)


async def _opened(
    vault: Doors, who: Principal, stated: Access, wish: FetchIdentity, fields: frozenset[str], step: Step
) -> Mapping[str, Secret[Value]]:
    """The fields of the person and the contract. Raises `StepRefused` unless each of them opened."""
    opened = await vault.open(who, stated, [wish.subject], fields)
    values = _values(opened, wish)
    if not fields <= values.keys():
        raise StepRefused(step.label, list(opened.withheld))
    return values


def _values(opened: Opened, wish: FetchIdentity | LookUp) -> dict[str, Secret[Value]]:
    """Of the records in the contract's lane: the person, the contract, what hangs below it."""
    root: SubjectId = wish.subject
    mine = [r for r in opened.records if r.record in {root, wish.contract} or r.parent == wish.contract]
    return {name: value for record in mine for name, value in record.values.items()}


def _text(values: Mapping[str, Secret[Value]], name: str) -> str | None:
    return str(values[name].reveal()) if name in values else None
