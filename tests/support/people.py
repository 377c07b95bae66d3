"""Synthetic people of a real vault: one line per step from a visitor's calculation to a loan, and many of them at once.

Every value carries the person's number, so that a test finds out whose it sees. Numbers beyond 9,999 repeat phones.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from vault_house import Home

from policies.event import Assignment, Consent, Event, Fact
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from vault import Vault
from vault.audit import AccessEntry
from vault.request import Cause, CauseKind, Change, Opened, Receipt, Removed, RequestKey, Scope, Sealed, Value

IDENTIFIERS: Final = Path(__file__).parents[1] / "fixtures" / "identifiers"
SELF_SERVICE: Final = Access("self_service", None, SELF)
CALCULATION: Final = Access("roof_calculation", None, SELF)
OWN: Final = frozenset(
    {"person.email", "person.name", "person.phone", "project.address", "project.contract_document"}
    | {f"loan.{name}" for name in ("national_id", "household_income_nok", "household_loans_nok", "applied", "result")}
)
"""Every stored field these people fill."""

LOAN_FORM: Final = frozenset({"loan.national_id", "loan.household_income_nok", "loan.household_loans_nok"})


@cache
def national_ids() -> Sequence[str]:
    """Valid synthetic national ids."""
    with (IDENTIFIERS / "national_ids.csv").open(encoding="utf-8") as file:
        return [
            row["number"] for row in csv.DictReader(file) if row["kind"] == "fnr-synthetic" and row["valid"] == "true"
        ]


def email(number: int) -> str:
    return f"person-{number}@example.no"


def phone(number: int) -> str:
    return f"+476805{number % 10_000:04}"


def address(number: int) -> str:
    return f"Prøveveien {number}, 0170 Oslo"


def name(number: int) -> str:
    first, last = (chr(ord("a") + digit) for digit in divmod(number % 676, 26))
    return f"Kari{first} Prøve{last}"


@dataclass(slots=True)
class Person:
    """One customer: ids, a live principal of its own, and its loans in the order they were applied for."""

    number: int
    subject: SubjectId
    project: RecordId
    me: Principal
    loans: list[RecordId] = field(default_factory=list)

    @property
    def root(self) -> RecordId:
        return RecordId(self.subject)


@dataclass(slots=True)
class People:
    """Takes the steps, through any vault over the same databases (by default that of the home)."""

    home: Home
    numbers: int = 0
    staff: dict[str, Principal] = field(default_factory=dict)

    @property
    def vault(self) -> Vault:
        return self.home.vault

    async def somebody(self, role: str, purpose: str | None = None) -> Principal:
        """The one colleague, partner or service of this role (and purpose)."""
        key = f"{role} {purpose}"
        if key not in self.staff:
            recipient = self.vault.policy.roles[role].recipient
            self.staff[key] = await self.home.principal(role, recipient=recipient, purpose=purpose)
        return self.staff[key]

    # -- the steps -----------------------------------------------------------------------------------------------------

    async def lead(self, *, marketing: bool = False, key: RequestKey | None = None) -> Person:
        """A visitor asks for a calculation."""
        (person,) = await self.leads(1, marketing=marketing, key=key)
        return person

    async def leads(self, count: int, *, marketing: bool = False, key: RequestKey | None = None) -> list[Person]:
        """Many visitors in one call."""
        visitor = await self.somebody("visitor")
        changes: list[Change] = []
        events: list[Event] = []
        born: list[Person] = []
        for _ in range(count):
            self.numbers += 1
            subject, project = SubjectId(self.home.ids()), RecordId(self.home.ids())
            me = await self.home.principal("self", subject=subject)
            person = Person(self.numbers, subject, project, me)
            born.append(person)
            changes += self.first_values(person)
            events += self.first_events(person, marketing=marketing)
        await self.vault.seal(visitor, CALCULATION, changes, events, key)
        return born

    def first_values(self, person: Person) -> list[Change]:
        return [
            self.change(person, "person", {"person.email": email(person.number)}),
            self.change(person, "project", {"project.address": address(person.number)}),
        ]

    def first_events(self, person: Person, *, marketing: bool = False) -> list[Event]:
        given = ("calculation", "marketing") if marketing else ("calculation",)
        return [
            *(self.consent(person, name, given=True) for name in given),
            self.fact(person, person.project, "calculation.requested"),
            self.fact(person, person.project, "lead.active"),
        ]

    async def proceeds(self, person: Person) -> Sealed:
        """Asks for an offer, with name and phone."""
        given: dict[str, Value] = {"person.name": name(person.number), "person.phone": phone(person.number)}
        return await self.says(person, "offer", "offer.requested", self.change(person, "person", given))

    async def signs(self, person: Person) -> None:
        """Gets an offer, accepts and signs."""
        amount = self.change(person, "project", {"project.offer_amount_nok": 150_000 + person.number})
        advisor = await self.somebody("advisor")
        await self.vault.seal(
            advisor,
            Access("offer", "the offer", "advisor"),
            [amount],
            [self.fact(person, person.project, "offer.made")],
        )
        await self.says(person, "offer", "offer.accepted")
        document = self.change(
            person, "project", {"project.contract_document": b"%PDF-1.7 contract " + str(person.number).encode()}
        )
        await self.says(person, "contract", "contract.signed", document)

    async def customer(self) -> Person:
        """A lead that proceeded and signed."""
        person = await self.lead()
        await self.proceeds(person)
        await self.signs(person)
        return person

    async def borrows(self, person: Person) -> RecordId:
        """Applies for a loan (chooses that financing first)."""
        loan = RecordId(self.home.ids())
        events: list[Event] = [] if person.loans else [self.fact(person, person.project, "financing.solar_loan")]
        form: dict[str, Value] = {
            "loan.national_id": self.national_id(person),
            "loan.household_income_nok": 700_000 + person.number,
            "loan.household_loans_nok": 90_000 + person.number,
            "loan.applied": True,
        }
        change = Change(subject=person.subject, record=loan, parent=person.project, entity="loan", values=form)
        events.append(self.fact(person, loan, "loan.submitted"))
        await self.vault.seal(person.me, Access("loan_application", None, SELF), [change], events)
        person.loans.append(loan)
        return loan

    def national_id(self, person: Person) -> str:
        return national_ids()[person.number % len(national_ids())]

    async def borrower(self, loans: int = 1) -> Person:
        """A customer who applied for this many loans."""
        person = await self.customer()
        for _ in range(loans):
            await self.borrows(person)
        return person

    async def bank_closes(self, person: Person, loan: RecordId, result: str = "paid_out") -> Sealed:
        """The bank says how it ended."""
        bank = await self.somebody("bank", "loan_application")
        change = Change(
            subject=person.subject, record=loan, parent=person.project, entity="loan", values={"loan.result": result}
        )
        return await self.vault.seal(
            bank, Access("loan_application", None, "bank"), [change], [self.fact(person, loan, "loan.closed")]
        )

    async def withdraws(self, person: Person, consent: str) -> Sealed:
        return await self.vault.seal(person.me, SELF_SERVICE, [], [self.consent(person, consent, given=False)])

    async def consents(self, person: Person, consent: str) -> Sealed:
        return await self.vault.seal(person.me, SELF_SERVICE, [], [self.consent(person, consent, given=True)])

    async def says(self, person: Person, purpose: str, fact: str, *changes: Change) -> Sealed:
        """The person records a fact of the project."""
        return await self.vault.seal(
            person.me, Access(purpose, None, SELF), changes, [self.fact(person, person.project, fact)]
        )

    async def assigns(
        self, person: Person, advisor: Principal, purpose: str = "offer", *, ends: bool = False
    ) -> Sealed:
        """The sales lead gives the project to an advisor, or takes it away."""
        made = Assignment(
            subject=person.subject, record=person.project, purpose=purpose, account=advisor.account, recipient=None,
            ends=ends, at=self.home.clock(),
        )  # fmt: skip
        lead = await self.somebody("sales_lead")
        return await self.vault.seal(lead, Access(purpose, "new case", "sales_lead"), [], [made])

    # -- reading and erasing -------------------------------------------------------------------------------------------

    async def own(self, person: Person, fields: Iterable[str] = OWN, vault: Vault | None = None) -> dict[str, object]:
        """What the person sees of itself: values by field, those of several records in a list."""
        opened = await (vault or self.vault).open(person.me, SELF_SERVICE, [person.subject], frozenset(fields))
        return values(opened)

    async def latest(self, person: Person) -> AccessEntry:
        """The newest entry about the person, but for its own reading of the ledger."""
        page = await self.vault.accesses(person.me, person.subject, None, 20)
        return next(entry for entry in page.entries if entry.fields != ("person.accesses",))

    async def erase(self, person: Person, *scopes: Scope, reason: str = "asked by letter") -> Receipt:
        """The data protection officer erases, with a second person."""
        cause = Cause(CauseKind.OFFICER, reason, await self.home.bearer("privacy_approver"))
        return await self.vault.erase(await self.somebody("dpo"), cause, scopes or [Scope(person.subject)])

    async def leave(self, person: Person, *scopes: Scope) -> Receipt:
        """The person asks for its own erasure."""
        cause = Cause(CauseKind.REQUEST, None, None)
        return await self.vault.erase(person.me, cause, scopes or [Scope(person.subject)])

    # -- words ---------------------------------------------------------------------------------------------------------

    def fact(self, person: Person, record: RecordId, name: str) -> Fact:
        return Fact(subject=person.subject, record=record, name=name, at=self.home.clock())

    def consent(self, person: Person, name: str, *, given: bool) -> Consent:
        digest = self.vault.policy.digest
        return Consent(subject=person.subject, name=name, given=given, policy_digest=digest, at=self.home.clock())

    def change(self, person: Person, kind: str, given: Mapping[str, Value | Removed]) -> Change:
        """Of the person itself or its project."""
        if kind == "person":
            return Change(subject=person.subject, record=person.root, parent=None, entity=kind, values=given)
        return Change(subject=person.subject, record=person.project, parent=person.root, entity=kind, values=given)


def values(opened: Opened) -> dict[str, object]:
    """Values by field; a list where several records have one."""
    found: dict[str, list[object]] = {}
    for record in opened.records:
        for field_name, secret in record.values.items():
            found.setdefault(field_name, []).append(secret.reveal())
    return {field_name: each[0] if len(each) == 1 else each for field_name, each in found.items()}


def rules(opened: Opened) -> dict[str, set[str]]:
    """The rules that withheld each field."""
    found: dict[str, set[str]] = {}
    for each in opened.withheld:
        found.setdefault(each.field, set()).add(each.rule)
    return found
