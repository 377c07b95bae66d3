"""The people of a Nabostrøm order and short words for their steps, over any doors and any registers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from determinism import SeededIds, VirtualClock

from hvelv.standins.direct import DirectPersons, DirectPoints
from hvelv.standins.registers import MeterEntry, PersonEntry, StandInRegisters
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from products import nabostrom
from products.doors import Doors
from products.nabostrom import Identification, LookedUp, PowerOrder
from products.request import keyed
from vault.request import RequestKey, Sealed, Secret
from vault.tokens import TokenSpec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ADDRESS = "Bjørkelia 7, 0002 Prøvestad"
FIRST, LAST, BORN = "Åse", "Prøve", "1994-02-12"
MOBILE = "406 12 345"  # the example of a Norwegian mobile number that libphonenumber publishes
EMAIL = "ase@example.no"
NATIONAL_ID = "12829499914"  # published for tests: the month carries +80
POINT, SECOND_POINT = "707057500000000018", "707057500000000025"
METER_NUMBER = "0069708050001"
REASON = "the customer called"
SIX = {
    "address": "power_contract.address",
    "first_name": "person.first_name",
    "last_name": "person.last_name",
    "birth_date": "person.birth_date",
    "mobile": "person.mobile",
    "email": "person.email",
}
COMPANY: dict[str, Any] = {
    "site_address": "Kirkegata 1, 0003 Øvingsnes",
    "organisation_name": "Øvelse AS",
    "organisation_number": "923609016",
    "contact_first_name": "Bjørn",
    "contact_last_name": "Eksempel",
    "contact_mobile": "+47 406 12 345",
    "contact_email": "bjorn@example.no",
}
SERVICE = "meter_ingest", "register_lookup"


def entry(**other: Any) -> MeterEntry:
    """A metering point of the customer at the address."""
    known: dict[str, Any] = {
        "metering_point": POINT, "meter_number": METER_NUMBER, "end_user": NATIONAL_ID, "postcode": "0002",
        "street": "Bjørkelia", "house_number": "7",
    }  # fmt: skip
    return MeterEntry(**(known | other))


def person(**other: Any) -> PersonEntry:
    """The customer in the population register."""
    known: dict[str, Any] = {
        "national_id": NATIONAL_ID, "first_name": FIRST, "last_name": LAST, "birth_date": BORN, "address": ADDRESS,
    }  # fmt: skip
    return PersonEntry(**(known | other))


@dataclass
class PowerCase:
    """One customer's order and everybody who has to do with it."""

    doors: Doors
    clock: VirtualClock
    ids: SeededIds
    registers: StandInRegisters = field(default_factory=lambda: StandInRegisters(meters=[entry()], persons=[person()]))
    numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    subject: SubjectId = field(default=SubjectId(UUID(int=0)))
    contract: RecordId = field(default=RecordId(UUID(int=0)))
    customer: Principal | None = None

    @property
    def points(self) -> DirectPoints:
        return DirectPoints(self.registers)

    def key(self, wish: DataclassInstance, name: str | None = None) -> RequestKey:
        return keyed(name or f"power {self.numbers()}", wish)

    async def somebody(self, *roles: str, subject: SubjectId | None = None) -> Principal:
        spec = TokenSpec(
            account=self.ids(), roles=frozenset(roles), lifetime=timedelta(minutes=5), subject=subject,
            second_factor=self.doors.policy.roles[roles[0]].second_factor,
        )  # fmt: skip
        _, secret = await self.doors.tokens.issue(spec)
        return await self.doors.tokens.resolve(secret)

    async def me(self) -> Principal:
        assert self.customer is not None, "nobody ordered yet"
        return self.customer

    async def mine(self) -> dict[str, object]:
        """What the customer sees of this case."""
        wanted = frozenset(
            name
            for name in self.doors.policy.fields
            if name.split(".")[0] in {"person", "power_contract", "company_contract", "metering_point"}
            and self.doors.policy.categories[self.doors.policy.fields[name].category].computed is False
        )
        opened = await self.doors.open(await self.me(), Access("self_service", None, SELF), [self.subject], wanted)
        return {name: value.reveal() for record in opened.records for name, value in record.values.items()}

    async def seen(self, who: Principal, purpose: str, to: str, *names: str) -> dict[str, object]:
        """What this principal sees for a purpose."""
        opened = await self.doors.open(who, Access(purpose, REASON, to), [self.subject], frozenset(names))
        return {name: value.reveal() for record in opened.records for name, value in record.values.items()}

    # -- the steps -----------------------------------------------------------------------------------------------------

    async def order(
        self, *, by: Principal | None = None, key: str | None = None, contract: RecordId | None = None, **other: Any
    ) -> PowerOrder:
        given: dict[str, Any] = {
            "address": ADDRESS, "first_name": FIRST, "last_name": LAST, "birth_date": BORN, "mobile": MOBILE,
            "email": EMAIL,
        }  # fmt: skip
        wish = nabostrom.OrderPower(contract=contract, **(given | other))
        made = await nabostrom.order_power(
            self.doors, by or await self.somebody("visitor"), wish, self.key(wish, key),
            reason=REASON, ids=self.ids, clock=self.clock,
        )  # fmt: skip
        await self._now(made)
        return made

    async def attorney(self) -> PowerOrder:
        wish = nabostrom.GivePowerOfAttorney(address=ADDRESS, email=EMAIL)
        made = await nabostrom.give_power_of_attorney(
            self.doors, await self.somebody("visitor"), wish, self.key(wish),
            reason=None, ids=self.ids, clock=self.clock,
        )  # fmt: skip
        await self._now(made)
        return made

    async def order_for_company(
        self, *, by: Principal | None = None, sole_proprietorship: bool = False, **other: Any
    ) -> PowerOrder:
        wish = nabostrom.OrderForCompany(sole_proprietorship=sole_proprietorship, **(COMPANY | other))
        made = await nabostrom.order_for_company(
            self.doors, by or await self.somebody("visitor"), wish, self.key(wish),
            reason=REASON, ids=self.ids, clock=self.clock,
        )  # fmt: skip
        await self._now(made)
        return made

    async def replace_contact(self, **other: Any) -> nabostrom.ContactReplaced:
        wish = nabostrom.ReplaceContact(subject=self.subject, contract=self.contract, **(COMPANY | other))
        return await nabostrom.replace_contact(
            self.doors, await self.somebody("customer_service"), wish, self.key(wish),
            reason=REASON, ids=self.ids, clock=self.clock,
        )  # fmt: skip

    async def _now(self, made: PowerOrder) -> None:
        self.clock.advance(timedelta(minutes=1))  # nothing ends in the instant in which it began
        self.subject, self.contract = made.subject, made.contract
        if made.token is not None:
            self.customer = await self.doors.tokens.resolve(Secret(made.token.reveal()))

    async def identify(self, *, by: Principal | None = None, key: str | None = None) -> Identification:
        wish = nabostrom.FetchIdentity(subject=self.subject, contract=self.contract)
        who = by or await self.somebody(*SERVICE)
        return await nabostrom.fetch_identity(
            self.doors, who, DirectPersons(self.registers), wish, self.key(wish, key), clock=self.clock
        )

    async def look_up(
        self, *, by: Principal | None = None, meter_number: str | None = None, key: str | None = None
    ) -> LookedUp:
        wish = nabostrom.LookUp(subject=self.subject, contract=self.contract, meter_number=meter_number)
        who = by or await self.somebody(*SERVICE)
        return await nabostrom.look_up(
            self.doors, who, self.points, wish, self.key(wish, key), ids=self.ids, clock=self.clock
        )

    async def start(self, supply_from: date, *, by: Principal | None = None) -> Sealed:
        wish = nabostrom.StartSupply(subject=self.subject, contract=self.contract, supply_from=supply_from)
        who = by or await self.somebody("operator")
        return await nabostrom.start_supply(self.doors, who, wish, self.key(wish), reason=REASON, clock=self.clock)

    async def end(self, supply_until: date) -> Sealed:
        wish = nabostrom.EndSupply(subject=None, contract=self.contract, supply_until=supply_until)
        return await nabostrom.end_supply(
            self.doors, await self.me(), wish, self.key(wish), reason=None, clock=self.clock
        )

    async def settle(self) -> Sealed:
        wish = nabostrom.SettleSupply(subject=self.subject, contract=self.contract)
        who = await self.somebody("billing")
        return await nabostrom.settle_supply(self.doors, who, wish, self.key(wish), reason=None, clock=self.clock)

    async def cancel(self) -> Sealed:
        wish = nabostrom.CancelOrder(subject=None, contract=self.contract)
        return await nabostrom.cancel_order(
            self.doors, await self.me(), wish, self.key(wish), reason=None, clock=self.clock
        )

    async def until_started(self, supply_from: date) -> None:
        """Ordered, identified, looked up, supplied."""
        await self.order()
        await self.identify()
        await self.look_up()
        await self.start(supply_from)


def input_names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)}
