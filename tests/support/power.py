"""Synthetic power customers with metering points, and readings that tell whose and which hour they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from people import email, national_ids, phone
from vault_house import Home

from policies.event import Event, Fact
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from vault import Vault
from vault.request import Change
from vault.series.axis import Resolution, between
from vault.series.readings import Quality, Readings
from vault.series.request import Appended, Arrival, SeriesOpened, Taken

ORDER: Final = Access("power_supply", None, SELF)
IDENTITY: Final = Access("end_user_identity", None, "register_lookup")
LOOKUP: Final = Access("metering_lookup", None, "meter_ingest")
METERING: Final = Access("metering", None, "meter_ingest")
OWN: Final = Access("self_service", None, SELF)
BILLING: Final = Access("billing", None, "billing")
FOLDING: Final = Access("storage_limitation", None, "vault")
CONSUMPTION: Final = "metering_point.consumption_hourly"
EXPORT: Final = "metering_point.export_hourly"
SUMS: Final = "metering_point.consumption_monthly"
REGISTERED: Final = int(datetime(2026, 1, 5, 6, tzinfo=UTC).timestamp())


@dataclass(slots=True)
class Customer:
    """A power customer with one contract and some metering points."""

    number: int
    subject: SubjectId
    contract: RecordId
    points: list[RecordId]
    me: Principal


@dataclass(slots=True)
class Metering:
    """Orders, starts and readings, through the doors."""

    home: Home
    numbers: int = 0
    roles: dict[str, Principal] = field(default_factory=dict)

    @property
    def vault(self) -> Vault:
        return self.home.vault

    async def somebody(self, role: str) -> Principal:
        if role not in self.roles:
            self.roles[role] = await self.home.principal(role)
        return self.roles[role]

    async def customer(self, points: int = 1) -> Customer:
        (customer,) = await self.customers(1, points)
        return customer

    async def customers(self, count: int, points: int = 1) -> list[Customer]:
        """So many, ordered and started, in five calls."""
        made: list[Customer] = []
        for _ in range(count):
            self.numbers += 1
            subject = SubjectId(self.home.ids())
            made.append(
                Customer(
                    self.numbers,
                    subject,
                    RecordId(self.home.ids()),
                    [RecordId(self.home.ids()) for _ in range(points)],
                    await self.home.principal("self", subject=subject),
                )
            )
        visitor, ingest = await self.somebody("visitor"), await self.somebody("meter_ingest")
        orders = [change for customer in made for change in _order(customer)]
        await self.vault.seal(visitor, ORDER, orders, [self._fact(customer, "power.ordered") for customer in made])
        ids = [
            _of_contract(customer, "national_id", national_ids()[customer.number % len(national_ids())])
            for customer in made
        ]
        await self.vault.seal(await self.somebody("register_lookup"), IDENTITY, ids)
        numbered = [
            Change(
                subject=customer.subject, record=point, parent=customer.contract, entity="metering_point",
                values={"metering_point.meter_number": f"meter {customer.number}-{place}"},
            )
            for customer in made
            for place, point in enumerate(customer.points)
        ]  # fmt: skip
        await self.vault.seal(ingest, LOOKUP, numbered)
        begun = [_of_contract(customer, "supply_from", "2015-01-01") for customer in made]
        await self.vault.seal(ingest, METERING, begun, [self._fact(customer, "power.started") for customer in made])
        return made

    def _fact(self, customer: Customer, name: str) -> Event:
        return Fact(subject=customer.subject, record=customer.contract, name=name, at=self.home.clock())

    async def append(self, arrivals: Iterable[Arrival]) -> Appended:
        return await self.vault.append(await self.somebody("meter_ingest"), METERING, list(arrivals))

    async def takes(self, arrival: Arrival) -> Taken:
        """What became of one arrival."""
        return (await self.append([arrival])).total()

    async def takes_refusal(self, arrival: Arrival) -> str | None:
        """The rule that refuses one arrival."""
        return (await self.append([arrival])).taken[0].rule

    async def read(
        self,
        customer: Customer,
        start: datetime,
        end: datetime,
        fields: Iterable[str] = (CONSUMPTION,),
        *,
        history: bool = False,
    ) -> SeriesOpened:
        """What the customer sees."""
        return await self.vault.series(
            customer.me, OWN, [customer.subject], frozenset(fields), start, end, history=history
        )


def _order(customer: Customer) -> Sequence[Change]:
    about = {
        "person.first_name": "Kari",
        "person.last_name": "Prøve",
        "person.birth_date": "1980-05-17",
        "person.mobile": phone(customer.number),
        "person.email": email(customer.number),
    }
    return [
        Change(
            subject=customer.subject, record=RecordId(customer.subject), parent=None, entity="person", values=about
        ),
        Change(
            subject=customer.subject, record=customer.contract, parent=RecordId(customer.subject),
            entity="power_contract", values={"power_contract.address": f"Prøveveien {customer.number}, 0170 Oslo"},
        ),
    ]  # fmt: skip


def _of_contract(customer: Customer, name: str, value: str) -> Change:
    return Change(
        subject=customer.subject, record=customer.contract, parent=RecordId(customer.subject),
        entity="power_contract", values={f"power_contract.{name}": value},
    )  # fmt: skip


def at(text: str) -> datetime:
    """An instant, with Oslo's winter time where it names none."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else datetime.fromisoformat(f"{text}+01:00")).astimezone(UTC)


def readings(
    start: datetime,
    end: datetime,
    *,
    salt: int = 0,
    resolution: Resolution = Resolution.HOUR,
    quality: Quality = Quality.MEASURED,
    registered: int = REGISTERED,
) -> Readings:
    """One value for every interval of [start, end): `value_of` its number."""
    span = between(resolution, start, end)
    numbers = np.arange(span.first, span.stop, dtype=np.int64)
    return Readings(
        resolution, span.first, value_of(numbers, salt), np.full(span.length, quality, np.uint8),
        np.full(span.length, registered, np.int64),
    )  # fmt: skip


def value_of(
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]], salt: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Wh of these intervals: scattered below 9,000."""
    return (numbers * 2_654_435_761 + salt * 40_503) % 8_999


def arrival(customer: Customer, values: Readings, point: int = 0, field_name: str = CONSUMPTION) -> Arrival:
    return Arrival(customer.subject, customer.points[point], field_name, values)
