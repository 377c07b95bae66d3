"""The registers' ports over the entries of a stand-in, without HTTP: for populations and tests of what asks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from hvelv.standins.registers import StandInRegisters
from products.errors import RegisterMalformed
from products.nabostrom.over_http import WIRE
from products.nabostrom.register import BadMeter, Meter, PersonKeys, RegisteredPerson, SearchKeys, meter


@dataclass(frozen=True, slots=True)
class DirectPoints:
    """A `MeteringPointRegister`."""

    standing_in: StandInRegisters
    recipient: str = "elhub"

    async def find(self, wanted: SearchKeys, *, today: date) -> Sequence[Meter]:
        """See `MeteringPointRegister.find`."""
        question = {WIRE[name]: str(value) for name, value in asdict(wanted).items() if value is not None}
        self.standing_in.asked.append(("meteringPoints", question))
        found: list[Meter] = []
        for entry in self.standing_in.meters:
            if entry.fits(question):
                last = None if entry.last_reading_date is None else date.fromisoformat(entry.last_reading_date)
                form = entry.reading_form.lower()
                read = meter(entry.metering_point, entry.meter_number, form, last, feeds_in=entry.feeds_in, today=today)
                if isinstance(read, BadMeter):
                    raise RegisterMalformed("the stand-in", read.rule)
                found.append(read)
        return found


@dataclass(frozen=True, slots=True)
class DirectPersons:
    """A `PopulationRegister`."""

    standing_in: StandInRegisters

    async def find(self, wanted: PersonKeys) -> Sequence[RegisteredPerson]:
        """See `PopulationRegister.find`."""
        question = {
            "firstName": wanted.first_name, "lastName": wanted.last_name, "birthDate": wanted.birth_date.isoformat(),
            "address": wanted.address,
        }  # fmt: skip
        self.standing_in.asked.append(("persons", question))
        shown = [each.shown() for each in self.standing_in.persons if each.fits(question)]
        return [RegisteredPerson(each["nationalId"], date.fromisoformat(each["birthDate"])) for each in shown]
