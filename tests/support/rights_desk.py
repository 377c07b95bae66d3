"""The desk where requests are worked on, over the real vault, with short words for who does what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Final

from people import People, Person
from vault_house import Home

from policies.model import Access, Principal, RecordId
from policies.oslo import oslo_date
from rights import registering
from rights.doors import Desk
from rights.listing import as_staff, mine, one
from rights.request import By, Done, Make, Register, Request, Verify
from vault.request import RequestKey

WHY: Final = "case 7"
LIFETIME: Final = timedelta(days=4_000)
_keys = count(1)


def key() -> RequestKey:
    """A fresh request key."""
    return RequestKey(f"rights-{next(_keys):06}", b"")


@dataclass
class Office:
    """People, and the desk."""

    people: People
    desk: Desk
    staffed: dict[str, Principal] = field(default_factory=dict)

    @staticmethod
    def of(home: Home) -> Office:
        return Office(People(home), Desk(home.vault, home.clock, home.ids))

    @property
    def home(self) -> Home:
        return self.people.home

    @property
    def today(self) -> date:
        return oslo_date(self.home.clock())

    async def staff(self) -> By:
        return await self.by("customer_service")

    async def dpo(self) -> By:
        return await self.by("dpo")

    async def by(self, role: str) -> By:
        """Somebody of this role, with a token that outlives every test."""
        if role not in self.staffed:
            self.staffed[role] = await self.home.principal(role, lifetime=LIFETIME)
        return By(who=self.staffed[role], key=key(), reason=WHY)

    @staticmethod
    def me(person: Person) -> By:
        return By(who=person.me, key=key(), reason=None)

    async def asks(self, person: Person, kind: str, concerns: str | None = None, text: str | None = None) -> Done:
        """The person asks for itself."""
        return await registering.make(self.desk, self.me(person), Make(kind=kind, concerns=concerns, text=text))

    async def letter(
        self, person: Person, kind: str, received_on: date | None = None, concerns: str | None = None
    ) -> RecordId:
        """Staff register a letter."""
        given = Register(
            subject=person.subject, kind=kind, channel="letter", received_on=received_on or self.today,
            concerns=concerns, text="by letter",
        )  # fmt: skip
        return RecordId((await registering.register(self.desk, await self.staff(), given)).request)

    async def verified(self, person: Person, kind: str, concerns: str | None = None) -> RecordId:
        """A letter of which it is certain whose it is."""
        request = await self.letter(person, kind, concerns=concerns)
        check = Verify(subject=person.subject, request=request, identity="document_seen")
        await registering.verify(self.desk, await self.staff(), check)
        return request

    async def mine(self, person: Person) -> tuple[Request, ...]:
        return await mine(self.desk.vault, person.me)

    async def look(self, person: Person, request: RecordId) -> Request:
        """As customer service sees it."""
        by = await self.staff()
        return await one(self.desk.vault, by.who, as_staff(by.who, by.reason), person.subject, request)

    async def bank_reads(self, person: Person) -> Principal:
        """The bank opens what a loan application shows it."""
        bank = await self.people.somebody("bank", "loan_application")
        fields = frozenset({"person.name", "person.email", "loan.national_id"})
        access = Access("loan_application", None, "bank")
        opened = await self.desk.vault.open(bank, access, [person.subject], fields)
        assert opened.found
        return bank
