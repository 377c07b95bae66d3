"""The people of a Solstrøm case and short words for the steps they take, over any doors: the fake ones or a vault."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from determinism import SeededIds, VirtualClock

from identity.specs import Sound, check
from outreach.newsletter import newsletter_audience
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from products import solstrom
from products.doors import Doors
from products.errors import StepRefused
from products.request import keyed
from products.solstrom import Lead
from vault.request import RequestKey, Sealed, Secret
from vault.tokens import TokenSpec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ADDRESS = "Solveien 7, 0170 Oslo"
EMAIL = "kari@example.no"
NAME = "Kari Prøve"
PHONE = "68050001"
NATIONAL_ID = "17912099997"
DOCUMENT = b"%PDF-1.7 synthetic contract"
REASON = "the customer called"


@dataclass
class Case:
    """One customer's case and everybody who has to do with it."""

    doors: Doors
    clock: VirtualClock
    ids: SeededIds
    numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    subject: SubjectId = field(default=SubjectId(UUID(int=0)))
    project: RecordId = field(default=RecordId(UUID(int=0)))
    customer: Principal | None = None
    people: dict[str, Principal] = field(default_factory=dict)

    def key(self, wish: DataclassInstance, name: str | None = None) -> RequestKey:
        """A fresh request key, or one of this name."""
        return keyed(name or f"key {self.numbers()}", wish)

    async def somebody(self, role: str, *, purpose: str | None = None, again: bool = False) -> Principal:
        """Somebody with this role: the same person each time, unless `again` asks for another."""
        if role not in self.people or again:
            rule = self.doors.policy.roles[role]
            spec = TokenSpec(
                account=self.ids(),
                roles=frozenset({role}),
                lifetime=timedelta(minutes=5),
                recipient=rule.recipient,
                purpose=purpose,
                second_factor=rule.second_factor,
            )
            sound = check(spec, self.doors.policy)
            assert isinstance(sound, Sound), sound
            _, secret = await self.doors.tokens.issue(spec)
            self.people[role] = await self.doors.tokens.resolve(secret)
        return self.people[role]

    async def me(self) -> Principal:
        assert self.customer is not None, "nobody asked for a calculation yet"
        return self.customer

    # -- the steps ---------------------------------------------------------------------------------------------------

    async def ask(self, *, option: int = 1, email: str = EMAIL, address: str = ADDRESS, key: str | None = None) -> Lead:
        """A calculation, by a visitor; the case is the new one from here on."""
        wish = solstrom.RequestCalculation(address=address, email=email, consent_option=option)
        lead = await solstrom.request_calculation(
            self.doors,
            await self.somebody("visitor"),
            wish,
            self.key(wish, key),
            ids=self.ids,
            clock=self.clock,
        )
        if lead.token is not None:
            self.subject, self.project = lead.subject, lead.project
            self.customer = await self.doors.tokens.resolve(lead.token)
        return lead

    async def proceed(self, *, name: str | None = NAME, phone: str | None = PHONE, key: str | None = None) -> Sealed:
        wish = solstrom.Proceed(project=self.project, name=name, phone=phone)
        return await solstrom.proceed(self.doors, await self.me(), wish, self.key(wish, key), clock=self.clock)

    async def assign(self, role: str, purpose: str, record: RecordId | None = None) -> Sealed:
        """The sales lead hands the case to the advisor, engineer … for a purpose."""
        given = solstrom.Assign(
            subject=self.subject,
            record=record or self.project,
            account=(await self.somebody(role)).account,
            purpose=purpose,
        )
        who = await self.somebody("sales_lead")
        return await solstrom.assign(self.doors, who, given, self.key(given), reason=REASON, clock=self.clock)

    async def end_assignment(self, role: str, purpose: str) -> Sealed:
        given = solstrom.EndAssignment(
            subject=self.subject,
            record=self.project,
            account=(await self.somebody(role)).account,
            purpose=purpose,
        )
        who = await self.somebody("sales_lead")
        return await solstrom.end_assignment(self.doors, who, given, self.key(given), reason=REASON, clock=self.clock)

    async def offer(self, *, amount_nok: int = 149_000, document: bytes | None = DOCUMENT) -> Sealed:
        given = solstrom.MakeOffer(
            subject=self.subject,
            project=self.project,
            amount_nok=amount_nok,
            document=document,
        )
        who = await self.somebody("advisor")
        return await solstrom.make_offer(self.doors, who, given, self.key(given), reason=REASON, clock=self.clock)

    async def accept(self) -> Sealed:
        wish = solstrom.AcceptOffer(project=self.project)
        return await solstrom.accept_offer(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def decline(self) -> Sealed:
        wish = solstrom.DeclineOffer(project=self.project)
        return await solstrom.decline_offer(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def sign(self, *, document: bytes | None = None) -> Sealed:
        wish = solstrom.SignContract(project=self.project, document=document)
        return await solstrom.sign_contract(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def finance(self, *, solar_loan: bool = True) -> Sealed:
        wish = solstrom.ChooseFinancing(project=self.project, solar_loan=solar_loan)
        return await solstrom.choose_financing(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def apply(
        self,
        *,
        national_id: str = NATIONAL_ID,
        income_nok: int = 900_000,
        loans_nok: int = 3_000_000,
        key: str | None = None,
    ) -> RecordId:
        wish = solstrom.ApplyForLoan(
            project=self.project,
            national_id=national_id,
            household_income_nok=income_nok,
            household_loans_nok=loans_nok,
        )
        request = self.key(wish, key)
        me = await self.me()
        done = await solstrom.apply_for_loan(self.doors, me, wish, request, ids=self.ids, clock=self.clock)
        return done.loan

    async def close(self, loan: RecordId, outcome: str = "paid_out", *, by: Principal | None = None) -> Sealed:
        given = solstrom.CloseLoan(subject=self.subject, loan=loan, outcome=outcome)
        who = by or await self.somebody("bank", purpose="loan_application")
        return await solstrom.close_loan(self.doors, who, given, self.key(given), reason=None, clock=self.clock)

    async def roof(self, **changed: int) -> RecordId:
        attributes = {"azimuth_deg": 180, "tilt_deg": 30, "area_dm2": 4_000, "height_cm": 650} | changed
        given = solstrom.RecordRoof(
            subject=self.subject,
            project=self.project,
            roof=None,
            source="public building register",
            fetched_on=date(2018, 5, 28),
            **attributes,
        )
        who = await self.somebody("solar_engine")
        return await solstrom.record_roof(self.doors, who, given, self.key(given), ids=self.ids)

    async def consent(self, name: str) -> Sealed:
        wish = solstrom.GiveConsent(consent=name)
        return await solstrom.give_consent(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def withdraw(self, name: str) -> Sealed:
        wish = solstrom.WithdrawConsent(consent=name)
        return await solstrom.withdraw_consent(self.doors, await self.me(), wish, self.key(wish), clock=self.clock)

    async def design(self) -> Sealed:
        given = solstrom.CompleteDesign(subject=self.subject, project=self.project)
        who = await self.somebody("project_engineer")
        return await solstrom.complete_design(self.doors, who, given, self.key(given), reason=REASON, clock=self.clock)

    # -- as far as -----------------------------------------------------------------------------------------------------

    async def until_offer(self) -> None:
        await self.ask()
        await self.proceed()
        await self.assign("advisor", "offer")
        await self.offer()

    async def until_signed(self) -> None:
        await self.until_offer()
        await self.accept()
        await self.sign()

    async def until_loan(self) -> RecordId:
        await self.until_signed()
        await self.finance()
        return await self.apply()

    # -- looking -------------------------------------------------------------------------------------------------------

    async def seen(
        self, who: Principal, purpose: str, *, fields: Iterable[str] | None = None, reason: str | None = None
    ) -> dict[str, object]:
        """What somebody sees of the case for a purpose, by field; on several records the last one counts."""
        recipient = who.recipient or (SELF if who.subject else min(who.roles))
        mask = frozenset(fields or (n for n, f in self.doors.policy.fields.items() if f.type.value != "standing"))
        opened = await self.doors.open(who, Access(purpose, reason, recipient), [self.subject], mask)
        return {name: value.reveal() for record in opened.records for name, value in record.values.items()}

    async def mine(self) -> dict[str, object]:
        """What the customer sees of itself."""
        return await self.seen(await self.me(), "self_service")


def revealed(secret: Secret[str] | None) -> str:
    """The text of a token that must be there."""
    assert secret is not None
    return secret.reveal()


async def readers(case: Case) -> list[object]:
    """The addresses of this case's customer that a newsletter may be sent to."""
    found = await newsletter_audience(case.doors, await case.somebody("newsletter"))
    return [reader.email.reveal() for reader in found if reader.subject == case.subject]


def rules(error: StepRefused) -> set[tuple[str, str]]:
    return {(each.field, each.rule) for each in error.rules}
