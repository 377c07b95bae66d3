"""Restriction (18), objection (21) and withdrawal by letter (7(3)): processing stops with the answer of the call.

Each is an event of the person's standing, which every opening in every process is decided on. A person does it alone,
at once; for a letter an officer does it on the request that staff registered and verified.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies.event import Consent, Event, Objection, Restriction
from policies.model import Objection as Objecting
from policies.model import PolicySet, RecordId
from rights.correcting import served
from rights.doors import Desk
from rights.errors import RequestRefused
from rights.listing import as_staff, one
from rights.registering import facts, own_proof, own_subject, request_change, said
from rights.request import (
    OWN,
    OWN_RIGHTS,
    Assess,
    By,
    Done,
    Kind,
    Lift,
    Object,
    Outcome,
    Restrict,
    Step,
    Withdraw,
    notices_of,
)
from vault.errors import Invalid
from vault.request import Change, Value


async def restrict(desk: Desk, by: By, wish: Restrict) -> Done:
    """Everything of the person is stored and not used any more, but for what Article 18(2) names.

    Whoever outside got anything is put down for the notice of Article 19.

    Raises:
        RequestRefused: not verified, or no such request.
        Refused: by the policy; nothing was stored.
    """
    event = Restriction(subject=wish.subject, record=RecordId(wish.subject), on=True, at=desk.clock())
    if by.who.subject is None:
        return await _for_a_letter(desk, by, wish.request, event)
    received = await desk.vault.received(by.who, OWN, own_subject(by.who))
    told = served(notices_of(received, frozenset(each.field for each in received)))
    return await _alone(desk, by, said(Kind.RESTRICTION.value, None, None) | told, event)


async def announce_lift(desk: Desk, by: By, wish: Lift) -> Done:
    """The person is told that the restriction will be lifted (Article 18(3)). The reason is what it is told.

    Raises:
        Refused: by the policy; nothing was stored.
    """
    request = _named(wish.request)
    change = request_change(wish.subject, request, {"answer": by.reason or ""})
    steps = facts(wish.subject, request, desk.clock(), Step.LIFT_ANNOUNCED)
    return await _sealed(desk, by, request, (change,), steps)


async def lift(desk: Desk, by: By, wish: Lift) -> Done:
    """The restriction ends: at the person's own word, or by an officer after the announcement.

    Raises:
        Refused: it was not announced (`after:restriction.lift_announced`), or there is none.
    """
    event = Restriction(subject=wish.subject, record=RecordId(wish.subject), on=False, at=desk.clock())
    if by.who.subject is not None:
        sealed = await desk.vault.seal(by.who, OWN_RIGHTS, (), (event,), by.key)
        return Done(own_subject(by.who), sealed.receipts, sealed.replayed)
    request = _named(wish.request)
    return await _sealed(desk, by, request, (), (*facts(wish.subject, request, event.at, Step.LIFTED), event))


async def object_to(desk: Desk, by: By, wish: Object) -> Done:
    """Processing for this purpose stops now; for direct marketing that is all.

    Otherwise the request stays open until an officer has weighed it (`assess`), and nothing is processed for the
    purpose meanwhile (Articles 18(1)(d) and 21(1)).

    Raises:
        RequestRefused: not verified, or no such request.
        Refused: by the policy; nothing was stored.
    """
    event = Objection(subject=wish.subject, purpose=wish.purpose, made=True, at=desk.clock())
    final = absolute(desk.vault.policy, wish.purpose)
    if by.who.subject is None:
        return await _for_a_letter(desk, by, wish.request, event, final=final)
    told = said(Kind.OBJECTION.value, wish.purpose, None) | (served(()) if final else {})
    return await _alone(desk, by, told, event)


async def assess(desk: Desk, by: By, weighed: Assess) -> Done:
    """An officer weighed an objection: it holds, or compelling grounds override it and processing goes on.

    Raises:
        RequestRefused: an objection to direct marketing is not weighed; or there is no such request.
        Refused, Invalid: by the policy, answered before, or the grounds are missing. Nothing was stored.
    """
    if absolute(desk.vault.policy, weighed.purpose):
        raise RequestRefused("absolute")
    if not weighed.assessment.strip():
        raise Invalid("assessment", "state the grounds")
    at = desk.clock()
    await one(desk.vault, by.who, as_staff(by.who, by.reason), weighed.subject, weighed.request)
    outcome = Outcome.GRANTED if weighed.holds else Outcome.REFUSED
    change = request_change(weighed.subject, weighed.request, {"outcome": outcome.value, "answer": weighed.assessment})
    events: list[Event] = [*facts(weighed.subject, weighed.request, at, Step.ANSWERED)]
    if not weighed.holds:
        events.append(Objection(subject=weighed.subject, purpose=weighed.purpose, made=False, at=at))
    return await _sealed(desk, by, weighed.request, (change,), events)


async def withdraw_for(desk: Desk, by: By, wish: Withdraw) -> Done:
    """A consent withdrawn by letter is none from now on; what it alone kept dies with it.

    Raises:
        RequestRefused: not verified, or no such request.
        Refused: by the policy; nothing was stored.
    """
    digest = desk.vault.policy.digest
    event = Consent(subject=wish.subject, name=wish.consent, given=False, policy_digest=digest, at=desk.clock())
    return await _for_a_letter(desk, by, wish.request, event)


def absolute(policy: PolicySet, purpose: str) -> bool:
    """Whether an objection to this purpose is never weighed (Article 21(2) and (3))."""
    found = policy.purposes.get(purpose)
    return found is not None and found.objection is Objecting.ABSOLUTE


async def _alone(desk: Desk, by: By, values: dict[str, Value], event: Event) -> Done:
    """The person's own request, answered by the event itself if `values` say how it ended."""
    subject, request, at = own_subject(by.who), RecordId(desk.ids()), event.at
    ending = (Step.ANSWERED,) if "outcome" in values else ()
    steps = facts(subject, request, at, Step.RECEIVED, Step.REPORTED, Step.VERIFIED, *ending)
    change = request_change(subject, request, values | own_proof(at))
    sealed = await desk.vault.seal(by.who, OWN_RIGHTS, (change,), (*steps, event), by.key)
    return Done(sealed.records[0], sealed.receipts, sealed.replayed)


async def _for_a_letter(desk: Desk, by: By, named: RecordId | None, event: Event, *, final: bool = True) -> Done:
    request = _named(named)
    found = await one(desk.vault, by.who, as_staff(by.who, by.reason), event.subject, request)
    if not found.verified:
        raise RequestRefused("identity")
    outcome = {"outcome": Outcome.GRANTED.value}
    changes = (request_change(event.subject, request, outcome),) if final else ()
    steps = facts(event.subject, request, event.at, Step.ANSWERED) if final else ()
    return await _sealed(desk, by, request, changes, (*steps, event))


async def _sealed(desk: Desk, by: By, request: RecordId, changes: Sequence[Change], events: Sequence[Event]) -> Done:
    sealed = await desk.vault.seal(by.who, as_staff(by.who, by.reason), changes, events, by.key)
    return Done(request, sealed.receipts, sealed.replayed)


def _named(request: RecordId | None) -> RecordId:
    if request is None:
        raise Invalid("request", "name the request that asks for it")
    return request
