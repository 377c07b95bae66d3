"""The root fields of mutations: each hands one step to the journey it belongs to. Docstrings are descriptions.

`idempotencyKey` names a request. The same key with the same arguments has one effect and answers `replayed`; with other
arguments it conflicts. The reason of `@access` travels along where a step of the staff wants one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

from policies.model import RecordId, SubjectId
from products import solstrom
from products.solstrom import inputs
from resolvers.asking import Ask
from resolvers.keys import checked as _checked
from resolvers.keys import request_key as _key
from resolvers.report import receipt_shown
from resolvers.translation import Declined
from schema.errors import Code
from schema.names import ConsentName, PurposeName
from schema.record import Receipt
from schema.scalars import Document, Nok
from schema.steps import NewLead, RoofInput, StepTaken
from vault.request import Cause, CauseKind, Scope, Sealed, Secret

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Journey = Callable[..., Awaitable[Sealed]]
"""A step of a product's journey."""


async def _own(info: Ask, key: str, wish: DataclassInstance, journey: Journey, record: UUID | None) -> StepTaken:
    """A step the customer takes; on a record, or on the customer itself."""
    house, who = info.context.house, info.context.who
    sealed = await journey(house.vault, who, wish, _key(key, wish), clock=house.clock)
    return StepTaken(record=record or sealed.subjects[0], receipts=list(sealed.receipts), replayed=sealed.replayed)


async def _staff(info: Ask, key: str, given: DataclassInstance, journey: Journey, record: UUID) -> StepTaken:
    """A step the house or a partner takes, with the reason the operation states."""
    house, who, reason = info.context.house, info.context.who, info.context.stated.reason
    sealed = await journey(house.vault, who, given, _key(key, given), reason=reason, clock=house.clock)
    return StepTaken(record=record, receipts=list(sealed.receipts), replayed=sealed.replayed)


async def request_calculation(
    info: Ask, idempotency_key: str, address: str, email: str, consent_option: int
) -> NewLead | None:
    """Ask for a calculation of a roof. Always makes a new customer; the answer carries its token, once."""
    house, who = info.context.house, info.context.who
    wish = inputs.RequestCalculation(address=address, email=email, consent_option=consent_option)
    lead = await solstrom.request_calculation(
        house.vault, who, wish, _key(idempotency_key, wish), ids=house.ids, clock=house.clock
    )
    token = None if lead.token is None else lead.token.reveal()
    return NewLead(subject=lead.subject, project=lead.project, token=token, replayed=lead.replayed)


async def record_roof(info: Ask, idempotency_key: str, roof: RoofInput) -> StepTaken | None:
    """Put down what a public register says of the roof; with `roof`, correct what stands."""
    house, who = info.context.house, info.context.who
    given = inputs.RecordRoof(
        subject=SubjectId(roof.subject),
        project=RecordId(roof.project),
        roof=None if roof.roof is None else RecordId(roof.roof),
        azimuth_deg=roof.azimuth_deg,
        tilt_deg=roof.tilt_deg,
        area_dm2=roof.area_dm2,
        height_cm=roof.height_cm,
        source=roof.source,
        fetched_on=roof.fetched_on,
    )
    record = await solstrom.record_roof(house.vault, who, given, _key(idempotency_key, given), ids=house.ids)
    return StepTaken(record=record, receipts=[], replayed=False)


async def proceed(
    info: Ask, idempotency_key: str, project: UUID, name: str | None = None, phone: str | None = None
) -> StepTaken | None:
    """Want an offer, and say how to be reached. Name and telephone number are needed unless they are known already."""
    wish = inputs.Proceed(project=RecordId(project), name=name, phone=phone)
    return await _own(info, idempotency_key, wish, solstrom.proceed, project)


async def make_offer(
    info: Ask, idempotency_key: str, subject: UUID, project: UUID, amount_nok: Nok, document: Document | None = None
) -> StepTaken | None:
    """Make the formal offer (tilbud)."""
    given = inputs.MakeOffer(
        subject=SubjectId(subject), project=RecordId(project), amount_nok=amount_nok, document=document
    )
    return await _staff(info, idempotency_key, given, solstrom.make_offer, project)


async def accept_offer(info: Ask, idempotency_key: str, project: UUID) -> StepTaken | None:
    """Accept the offer."""
    wish = inputs.AcceptOffer(project=RecordId(project))
    return await _own(info, idempotency_key, wish, solstrom.accept_offer, project)


async def decline_offer(info: Ask, idempotency_key: str, project: UUID) -> StepTaken | None:
    """Decline the offer."""
    wish = inputs.DeclineOffer(project=RecordId(project))
    return await _own(info, idempotency_key, wish, solstrom.decline_offer, project)


async def sign_contract(
    info: Ask, idempotency_key: str, project: UUID, document: Document | None = None
) -> StepTaken | None:
    """Sign the contract."""
    wish = inputs.SignContract(project=RecordId(project), document=document)
    return await _own(info, idempotency_key, wish, solstrom.sign_contract, project)


async def choose_financing(info: Ask, idempotency_key: str, project: UUID, *, solar_loan: bool) -> StepTaken | None:
    """Pay by a solar loan (sollån), or in cash."""
    wish = inputs.ChooseFinancing(project=RecordId(project), solar_loan=solar_loan)
    return await _own(info, idempotency_key, wish, solstrom.choose_financing, project)


async def apply_for_loan(
    info: Ask,
    idempotency_key: str,
    project: UUID,
    national_id: str,
    household_income_nok: Nok,
    household_loans_nok: Nok,
) -> StepTaken | None:
    """Apply for a solar loan. The bank sees the application while it decides; nobody else does."""
    house, who = info.context.house, info.context.who
    wish = inputs.ApplyForLoan(
        project=RecordId(project),
        national_id=national_id,
        household_income_nok=household_income_nok,
        household_loans_nok=household_loans_nok,
    )
    made = await solstrom.apply_for_loan(
        house.vault, who, wish, _key(idempotency_key, wish), ids=house.ids, clock=house.clock
    )
    return StepTaken(record=made.loan, receipts=[], replayed=made.replayed)


async def close_loan(info: Ask, idempotency_key: str, subject: UUID, loan: UUID, outcome: str) -> StepTaken | None:
    """Close an application: `paid_out`, `aborted` or `rejected`. What the bank needed is destroyed with it."""
    given = inputs.CloseLoan(subject=SubjectId(subject), loan=RecordId(loan), outcome=outcome)
    return await _staff(info, idempotency_key, given, solstrom.close_loan, loan)


async def complete_design(info: Ask, idempotency_key: str, subject: UUID, project: UUID) -> StepTaken | None:
    """The detailed design is done: the installer may see the case from now on."""
    given = inputs.CompleteDesign(subject=SubjectId(subject), project=RecordId(project))
    return await _staff(info, idempotency_key, given, solstrom.complete_design, project)


async def give_consent(info: Ask, idempotency_key: str, consent: ConsentName) -> StepTaken | None:
    """Give a consent (samtykke), to the policy now in force."""
    wish = inputs.GiveConsent(consent=consent.text)
    return await _own(info, idempotency_key, wish, solstrom.give_consent, None)


async def withdraw_consent(info: Ask, idempotency_key: str, consent: ConsentName) -> StepTaken | None:
    """Withdraw a consent. It holds for every opening that begins after the answer."""
    wish = inputs.WithdrawConsent(consent=consent.text)
    return await _own(info, idempotency_key, wish, solstrom.withdraw_consent, None)


async def assign(
    info: Ask, idempotency_key: str, subject: UUID, record: UUID, account: UUID, purpose: PurposeName
) -> StepTaken | None:
    """Hand a record to a member of staff for one purpose."""
    given = inputs.Assign(subject=SubjectId(subject), record=RecordId(record), account=account, purpose=purpose.text)
    return await _staff(info, idempotency_key, given, solstrom.assign, record)


async def end_assignment(
    info: Ask, idempotency_key: str, subject: UUID, record: UUID, account: UUID, purpose: PurposeName
) -> StepTaken | None:
    """Take a record back from a member of staff."""
    given = inputs.EndAssignment(
        subject=SubjectId(subject), record=RecordId(record), account=account, purpose=purpose.text
    )
    return await _staff(info, idempotency_key, given, solstrom.end_assignment, record)


async def erase(
    info: Ask,
    idempotency_key: str,
    subject: UUID,
    project: UUID | None = None,
    product: str | None = None,
    second_token: str | None = None,
) -> Receipt | None:
    """Erase a customer, one case of theirs, or one product. An officer needs a second person's token.

    Erasing is final, so sending it again changes nothing; the receipt tells every field's fate. `requestErasure` does
    the same at a person's own word, and can be taken back.
    """
    asking = info.context
    _checked(idempotency_key)
    if project is not None and product is not None:
        raise Declined(Code.INVALID, field="product", rule="name a product or a project, not both")
    own = asking.who.subject is not None
    cause = Cause(
        kind=CauseKind.REQUEST if own else CauseKind.OFFICER,
        reason=asking.stated.reason,
        second=None if second_token is None else Secret(second_token),
    )
    record = None if project is None else RecordId(project)
    scope = Scope(subject=SubjectId(subject), record=record, product=product)
    return receipt_shown(await asking.house.vault.erase(asking.who, cause, [scope]))
