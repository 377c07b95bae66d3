"""The registers outside the house, as Nabostrøm asks them: metering points (NAB-05 … NAB-07) and persons (NAB-09).

Keys of a metering point search are one of four combinations and nothing else. Source: Elhub, BRS-NO-611.

    end user's id and a metering point
    end user's id and a meter number
    end user's id and two of postcode, street, house number
    postcode and a meter number
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, unique
from typing import Final, Protocol

from policies.values import BadValue
from policies.values.identifiers import metering_point

METER_NUMBER_CHARACTERS: Final = 18
"""Elhub's bound. A meter number is printed on the meter and is not unique across makers."""

_ADDRESS: Final = re.compile(
    r"(?P<street>[^,0-9][^,]*?)\s+(?P<house>[0-9]{1,4}\s?[A-Za-z]?)\s*,\s*(?P<postcode>[0-9]{4})\b.*"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SearchKeys:
    """What a search carries; `keys` makes them. Without a `repr`: they are about a person."""

    end_user: str | None = None
    metering_point: str | None = None
    meter_number: str | None = None
    postcode: str | None = None
    street: str | None = None
    house_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known:
    """What is known of an end user and the meter, before it is decided what of it a search may carry."""

    end_user: str | None
    address: str | None
    metering_point: str | None
    meter_number: str | None


def keys(known: Known) -> SearchKeys | None:
    """The narrowest allowed combination; `None` if what is known makes none."""
    parts = _ADDRESS.fullmatch(known.address.strip()) if known.address else None
    postcode = parts["postcode"] if parts else None
    if known.end_user is not None and known.metering_point is not None:
        return SearchKeys(end_user=known.end_user, metering_point=known.metering_point)
    if known.end_user is not None and known.meter_number is not None:
        return SearchKeys(end_user=known.end_user, meter_number=known.meter_number)
    if known.meter_number is not None and postcode is not None:
        return SearchKeys(postcode=postcode, meter_number=known.meter_number)
    if known.end_user is not None and parts is not None:
        return SearchKeys(
            end_user=known.end_user, postcode=postcode, street=parts["street"], house_number=parts["house"]
        )
    return None


@unique
class ReadingForm(Enum):
    """How a meter is read (avlesningsform)."""

    AMS = "ams"
    MANUAL = "manual"
    PROFILED = "profiled"


@dataclass(frozen=True, slots=True, repr=False)
class Meter:
    """A metering point as its register has it. `last_reading_on` is of manual meters alone (NAB-07).

    `feeds_in` tells a customer who also feeds into the grid (plusskunde, NAB-16).
    """

    metering_point: str
    meter_number: str
    reading_form: ReadingForm
    last_reading_on: date | None
    feeds_in: bool


@dataclass(frozen=True, slots=True)
class BadMeter:
    """An entry that is none, and the rule it breaks."""

    rule: str


def meter(
    point: str, number: str, form: str, last_reading_on: date | None, *, feeds_in: bool, today: date
) -> Meter | BadMeter:
    """An entry of a register, read. A reading day of a meter that reads itself is not taken over."""
    if isinstance(metering_point(point), BadValue):
        return BadMeter("a metering point whose id does not check")
    if not 0 < len(number) <= METER_NUMBER_CHARACTERS or not number.isprintable():
        return BadMeter(f"a meter number that is not 1 to {METER_NUMBER_CHARACTERS} characters")
    if form not in {each.value for each in ReadingForm}:
        return BadMeter("a reading form nobody knows")
    if last_reading_on is not None and last_reading_on > today:
        return BadMeter("a last reading that lies ahead")
    reading = ReadingForm(form)
    return Meter(point, number, reading, last_reading_on if reading is ReadingForm.MANUAL else None, feeds_in)


class MeteringPointRegister(Protocol):
    """Where metering points are looked up: Elhub, or the grid company's own database."""

    @property
    def recipient(self) -> str:
        """Who learns what a search carries, by its name in the policy."""
        ...

    async def find(self, wanted: SearchKeys, *, today: date) -> Sequence[Meter]:
        """Every metering point that fits, in no order; none is an answer.

        Asking twice changes nothing there. Raises `RegisterAway` (ask again later), `RegisterRefused` or
        `RegisterMalformed`; whichever, nothing of a half-read answer is given.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonKeys:
    """What a search for a person carries (egress: name, birth date, address, nothing else)."""

    first_name: str
    last_name: str
    birth_date: date
    address: str


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredPerson:
    """A person of the register. The birth date is a field of the register, never read from the digits of the id."""

    national_id: str
    birth_date: date


class PopulationRegister(Protocol):
    """Where national ids come from: Folkeregisteret."""

    async def find(self, wanted: PersonKeys) -> Sequence[RegisteredPerson]:
        """Every person that fits; none is an answer. Raises as `MeteringPointRegister.find`."""
        ...
