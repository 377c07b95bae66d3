"""The two registers over HTTP. What they answer is read whole and checked before any of it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from policies.values import BadValue
from policies.values.times import iso_date
from products.errors import RegisterMalformed
from products.nabostrom.asking import Asking
from products.nabostrom.register import BadMeter, Meter, PersonKeys, RegisteredPerson, SearchKeys, meter

WIRE = {
    "end_user": "endUserId",
    "metering_point": "meteringPointId",
    "meter_number": "meterNumber",
    "postcode": "postcode",
    "street": "street",
    "house_number": "houseNumber",
}


class HttpMeteringPoints:
    """A `MeteringPointRegister` over HTTP."""

    def __init__(self, asking: Asking, recipient: str) -> None:
        self._asking = asking
        self._recipient = recipient

    @property
    def recipient(self) -> str:
        """Who learns what a search carries."""
        return self._recipient

    async def find(self, wanted: SearchKeys, *, today: date) -> Sequence[Meter]:
        """See `MeteringPointRegister.find`."""
        question = {WIRE[name]: str(value) for name, value in asdict(wanted).items() if value is not None}
        answer = await self._asking.ask("/metering-points/search", question)
        return [self._meter(row, today) for row in self._asking.entries(answer, "meteringPoints")]

    def _meter(self, row: Mapping[str, Any], today: date) -> Meter:
        text = self._asking.text
        last = None if row.get("lastReadingDate") is None else _day(self._asking, row, "lastReadingDate")
        point, number, form = text(row, "meteringPointId"), text(row, "meterNumber"), text(row, "readingForm")
        feeds_in = row.get("feedsIn", False)
        if not isinstance(feeds_in, bool):
            raise RegisterMalformed(self._asking.name, "answers with `feedsIn` that is neither true nor false")
        read = meter(point, number, form.lower(), last, feeds_in=feeds_in, today=today)
        if isinstance(read, BadMeter):
            raise RegisterMalformed(self._asking.name, f"answers with {read.rule}")
        return read


class HttpPersons:
    """A `PopulationRegister` over HTTP."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def find(self, wanted: PersonKeys) -> Sequence[RegisteredPerson]:
        """See `PopulationRegister.find`."""
        question = {
            "firstName": wanted.first_name,
            "lastName": wanted.last_name,
            "birthDate": wanted.birth_date.isoformat(),
            "address": wanted.address,
        }
        rows = self._asking.entries(await self._asking.ask("/persons/search", question), "persons")
        return [
            RegisteredPerson(self._asking.text(row, "nationalId"), _day(self._asking, row, "birthDate")) for row in rows
        ]


def _day(asking: Asking, row: Mapping[str, Any], name: str) -> date:
    day = iso_date(asking.text(row, name))
    if isinstance(day, BadValue):
        raise RegisterMalformed(asking.name, f"answers with `{name}` that is not a date")
    return date.fromisoformat(day)
