"""The root fields of requests under the rights of a person: each hands one act to `rights`. Docstrings describe.

A person asks for itself and names no subject. Staff and officers name the person and the request, and state a purpose
and a reason in `@access`, which travels along.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from policies.model import RecordId, SubjectId
from policies.oslo import oslo_date
from resolvers.asking import Ask, page_asked
from resolvers.keys import request_key
from resolvers.translation import Declined
from rights import correcting, listing, registering, stopping
from rights import request as asked
from rights.doors import Desk
from rights.exporting import approve
from rights.request import By, Done
from schema.errors import Code
from schema.names import ConsentName, FieldName, PurposeName
from schema.paging import Connection, cursor, page
from schema.rights import (
    ConsentEvent,
    IdentityProof,
    RecipientNotice,
    RequestChannel,
    RequestKind,
    RequestOutcome,
    RightsRequest,
)
from schema.steps import StepTaken
from vault.request import Secret

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Act = Callable[[Desk, By, Any], Awaitable[Done]]


async def _done(info: Ask, key: str, act: Act, wish: DataclassInstance) -> StepTaken:
    asking = info.context
    by = By(who=asking.who, key=request_key(key, wish), reason=asking.stated.reason)
    done = await act(_desk(info), by, wish)
    return StepTaken(record=done.request, receipts=list(done.receipts), replayed=done.replayed)


def _desk(info: Ask) -> Desk:
    house = info.context.house
    return Desk(house.vault, house.clock, house.ids)


def _of(info: Ask, subject: UUID | None) -> SubjectId:
    """Of whom: the person who asks, whoever it names; staff name one."""
    own = info.context.who.subject
    if own is None and subject is None:
        raise Declined(Code.INVALID, field="subject", rule="name the person")
    if own is not None and subject not in {None, own}:
        raise Declined(Code.NOT_FOUND)
    return own if own is not None else SubjectId(subject or UUID(int=0))


def _record(record: UUID | None) -> RecordId | None:
    return None if record is None else RecordId(record)


# -- queries -----------------------------------------------------------------------------------------------------------


async def my_requests(info: Ask) -> list[RightsRequest] | None:
    """The requests of the person who asks, the latest first."""
    found = await listing.mine(info.context.house.vault, info.context.who)
    return [_shown(info, request) for request in found]


async def requests(info: Ask, first: int, after: str | None = None) -> Connection[RightsRequest] | None:
    """Requests still to be answered, of the next `first` persons who have one; the most urgent of a page first.

    Customer service sees what is asked for, the data protection officer by when alone.
    """
    size, key = page_asked(first, after)
    asking = info.context
    behind = None if key is None else SubjectId(key)
    found = await listing.open_requests(asking.house.vault, asking.who, behind, size)
    rows = [(cursor(found.after or request.subject), _shown(info, request)) for request in found.requests]
    return page(rows, more=found.after is not None, after=after)


async def request(info: Ask, subject: UUID, id: UUID) -> RightsRequest | None:
    """One request of a person, for whoever works on it."""
    asking = info.context
    access = listing.as_staff(asking.who, asking.stated.reason)
    return _shown(info, await listing.one(asking.house.vault, asking.who, access, SubjectId(subject), RecordId(id)))


async def consent_history(info: Ask) -> list[ConsentEvent] | None:
    """Every consent you ever gave and every withdrawal, oldest first, each with a receipt to keep."""
    asking = info.context
    if asking.who.subject is None:
        raise Declined(Code.NOT_FOUND)
    found = await asking.house.vault.consents(asking.who, asking.who.subject)
    return [
        ConsentEvent(
            consent=each.consent, given=each.given, at=each.at, notice=each.notice.hex(), receipt=each.receipt,
            key=found.key,
        )
        for each in found.entries
    ]  # fmt: skip


def _shown(info: Ask, found: asked.Request) -> RightsRequest:
    values = found.values
    return RightsRequest(
        id=found.id,
        subject=found.subject,
        received_on=found.received_on,
        due_on=found.due_on,
        overdue=found.overdue(oslo_date(info.context.house.clock())),
        extended=found.extended,
        state=found.state.value,
        kind=values.get("kind"),
        channel=values.get("channel"),
        concerns=values.get("concerns"),
        text=values.get("text"),
        identity=values.get("identity"),
        extension_reason=values.get("extension_reason"),
        outcome=values.get("outcome"),
        answer=values.get("answer"),
        notices=[
            RecipientNotice(recipient=n.recipient, field=n.field, first=n.first, last=n.last) for n in found.notices
        ],
    )


# -- mutations ---------------------------------------------------------------------------------------------------------


async def make_request(
    info: Ask, idempotency_key: str, kind: RequestKind, concerns: str | None = None, text: str | None = None
) -> StepTaken | None:
    """Ask for something under your rights. An open request for the same is that request."""
    wish = asked.Make(kind=kind.value, concerns=concerns, text=text)
    return await _done(info, idempotency_key, registering.make, wish)


async def register_request(  # one argument per thing a letter says
    info: Ask,
    idempotency_key: str,
    subject: UUID,
    kind: RequestKind,
    channel: RequestChannel,
    received_on: date,
    concerns: str | None = None,
    text: str | None = None,
) -> StepTaken | None:
    """Put down a request that came by letter or e-mail, with the day it came."""
    letter = asked.Register(
        subject=SubjectId(subject), kind=kind.value, channel=channel.value, received_on=received_on,
        concerns=concerns, text=text,
    )  # fmt: skip
    return await _done(info, idempotency_key, registering.register, letter)


async def verify_identity(
    info: Ask, idempotency_key: str, subject: UUID, request: UUID, proof: IdentityProof
) -> StepTaken | None:
    """Put down how it was made sure whose request it is, or that it could not be."""
    check = asked.Verify(subject=SubjectId(subject), request=RecordId(request), identity=proof.value)
    return await _done(info, idempotency_key, registering.verify, check)


async def extend_request(info: Ask, idempotency_key: str, subject: UUID, request: UUID, why: str) -> StepTaken | None:
    """Take up to three months instead of one; within the first month, once, and the person reads why."""
    longer = asked.Extend(subject=SubjectId(subject), request=RecordId(request), why=why)
    return await _done(info, idempotency_key, registering.extend, longer)


async def answer_request(
    info: Ask, idempotency_key: str, subject: UUID, request: UUID, outcome: RequestOutcome, answer: str | None = None
) -> StepTaken | None:
    """Answer a request. It is granted only where it was made sure whose it is."""
    given = asked.Answer(subject=SubjectId(subject), request=RecordId(request), outcome=outcome.value, answer=answer)
    return await _done(info, idempotency_key, registering.answer, given)


async def rectify(  # one argument per thing a correction needs
    info: Ask,
    idempotency_key: str,
    field: FieldName,
    value: str,
    record: UUID | None = None,
    subject: UUID | None = None,
    request: UUID | None = None,
) -> StepTaken | None:
    """Correct one field: the person its own, at once; staff on a request that was verified.

    Whoever outside got the old value is put down with the request.
    """
    wish = asked.Rectify(
        subject=_of(info, subject), record=_record(record), request=_record(request), field=field.text, value=value
    )
    return await _done(info, idempotency_key, correcting.rectify, wish)


async def restrict_processing(
    info: Ask, idempotency_key: str, subject: UUID | None = None, request: UUID | None = None
) -> StepTaken | None:
    """Keep everything and use nothing (Article 18). The person at once; an officer for a letter that was verified."""
    wish = asked.Restrict(subject=_of(info, subject), request=_record(request))
    return await _done(info, idempotency_key, stopping.restrict, wish)


async def announce_lift(info: Ask, idempotency_key: str, subject: UUID, request: UUID) -> StepTaken | None:
    """Tell the person that the restriction will be lifted, with the reason stated (Article 18(3))."""
    wish = asked.Lift(subject=SubjectId(subject), request=RecordId(request))
    return await _done(info, idempotency_key, stopping.announce_lift, wish)


async def lift_restriction(
    info: Ask, idempotency_key: str, subject: UUID | None = None, request: UUID | None = None
) -> StepTaken | None:
    """Lift a restriction: the person its own; an officer one whose end was announced."""
    wish = asked.Lift(subject=_of(info, subject), request=_record(request))
    return await _done(info, idempotency_key, stopping.lift, wish)


async def object_to_purpose(
    info: Ask, idempotency_key: str, purpose: PurposeName, subject: UUID | None = None, request: UUID | None = None
) -> StepTaken | None:
    """Object to a purpose (Article 21). It holds at once; direct marketing for good, others until they are weighed."""
    wish = asked.Object(subject=_of(info, subject), purpose=purpose.text, request=_record(request))
    return await _done(info, idempotency_key, stopping.object_to, wish)


async def assess_objection(  # one argument per thing an assessment states
    info: Ask, idempotency_key: str, subject: UUID, request: UUID, purpose: PurposeName, assessment: str, *, holds: bool
) -> StepTaken | None:
    """Say how an objection was weighed: it holds, or the grounds stated override it. The person reads them."""
    weighed = asked.Assess(
        subject=SubjectId(subject), request=RecordId(request), purpose=purpose.text, holds=holds, assessment=assessment
    )
    return await _done(info, idempotency_key, stopping.assess, weighed)


async def withdraw_for(
    info: Ask, idempotency_key: str, subject: UUID, request: UUID, consent: ConsentName
) -> StepTaken | None:
    """Carry out the withdrawal of a consent that came by letter."""
    wish = asked.Withdraw(subject=SubjectId(subject), request=RecordId(request), consent=consent.text)
    return await _done(info, idempotency_key, stopping.withdraw_for, wish)


async def approve_export(
    info: Ask, idempotency_key: str, subject: UUID, request: UUID, second_token: str | None = None
) -> StepTaken | None:
    """Let the person of a verified letter fetch its package, once. Needs a second officer; neither sees it."""
    asking = info.context
    wish = asked.Export(subject=SubjectId(subject), request=RecordId(request))
    by = By(who=asking.who, key=request_key(idempotency_key, wish), reason=asking.stated.reason)
    done = await approve(_desk(info), by, wish, None if second_token is None else Secret(second_token))
    return StepTaken(record=done.request, receipts=list(done.receipts), replayed=done.replayed)


QUERIES: Final[Mapping[str, Callable[..., Any]]] = {
    "my_requests": my_requests,
    "requests": requests,
    "request": request,
    "consent_history": consent_history,
}
MUTATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "make_request": make_request,
    "register_request": register_request,
    "verify_identity": verify_identity,
    "extend_request": extend_request,
    "answer_request": answer_request,
    "rectify": rectify,
    "restrict_processing": restrict_processing,
    "announce_lift": announce_lift,
    "lift_restriction": lift_restriction,
    "object_to_purpose": object_to_purpose,
    "assess_objection": assess_objection,
    "withdraw_for": withdraw_for,
    "approve_export": approve_export,
}
