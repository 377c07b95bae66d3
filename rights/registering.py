"""A request from its arrival to its answer, in every channel: self-service, letter, e-mail (RGT-06)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from policies.event import Fact
from policies.model import Access, Principal, RecordId, SubjectId
from policies.oslo import midnight, oslo_date
from rights.deadlines import may_be_extended
from rights.doors import Desk
from rights.errors import RequestRefused
from rights.listing import as_staff, mine, one
from rights.request import (
    OWN_RIGHTS,
    RECORD,
    Answer,
    By,
    Channel,
    Done,
    Extend,
    Identity,
    Make,
    Outcome,
    Register,
    State,
    Step,
    Verify,
)
from vault.errors import Unknown
from vault.request import Change, Value

EXISTS: Final = frozenset({"person.recipients"})
"""A view that exists of everybody: opens exactly when the person does."""

GRANTING: Final = frozenset({Outcome.GRANTED.value, Outcome.PARTLY_GRANTED.value})


async def make(desk: Desk, by: By, wish: Make) -> Done:
    """The person asks. The token is the proof of identity. An open request for the same is that request.

    Raises:
        RequestRefused: the principal is nobody's own.
        Refused, Invalid: by the policy; nothing was stored.
    """
    subject = own_subject(by.who)
    for earlier in await mine(desk.vault, by.who):
        same = earlier.values.get("kind"), earlier.values.get("concerns")
        if same == (wish.kind, wish.concerns) and earlier.state is not State.ANSWERED:
            return Done(earlier.id, (), replayed=True)
    request, now = RecordId(desk.ids()), desk.clock()
    change = request_change(subject, request, {**said(wish.kind, wish.concerns, wish.text), **own_proof(now)})
    steps = facts(subject, request, now, Step.RECEIVED, Step.REPORTED, Step.VERIFIED)
    sealed = await desk.vault.seal(by.who, OWN_RIGHTS, (change,), steps, by.key)
    return Done(sealed.records[0], sealed.receipts, sealed.replayed)


async def register(desk: Desk, by: By, letter: Register) -> Done:
    """Staff put down a request that came by letter or e-mail. The clock has run since the day it came.

    Raises:
        RequestRefused: that day is in the future.
        Unknown: no such person: nobody is born by a letter.
        Refused, Invalid: by the policy; nothing was stored.
    """
    access = as_staff(by.who, by.reason)
    if letter.received_on > oslo_date(desk.clock()):
        raise RequestRefused("received_on")
    await _exists(desk, by.who, access, letter.subject)
    request = RecordId(desk.ids())
    values = said(letter.kind, letter.concerns, letter.text)
    values |= {"channel": letter.channel, "received_on": letter.received_on.isoformat()}
    change = request_change(letter.subject, request, values)
    steps = facts(letter.subject, request, midnight(letter.received_on), Step.RECEIVED, Step.REPORTED)
    sealed = await desk.vault.seal(by.who, access, (change,), steps, by.key)
    return Done(sealed.records[0], sealed.receipts, sealed.replayed)


async def verify(desk: Desk, by: By, check: Verify) -> Done:
    """It is on record how it was made sure whose request it is. Not proven is on record too, and proves nothing.

    Raises:
        Refused, Invalid: by the policy; nothing was stored.
        RequestRefused: no such request of this person.
    """
    access = as_staff(by.who, by.reason)
    await one(desk.vault, by.who, access, check.subject, check.request)
    change = request_change(check.subject, check.request, {"identity": check.identity})
    proven = check.identity != Identity.NOT_PROVEN.value
    steps = facts(check.subject, check.request, desk.clock(), Step.VERIFIED) if proven else ()
    sealed = await desk.vault.seal(by.who, access, (change,), steps, by.key)
    return Done(check.request, sealed.receipts, sealed.replayed)


async def extend(desk: Desk, by: By, longer: Extend) -> Done:
    """The answer may take three months instead of one; why is on record and the person reads it.

    Raises:
        RequestRefused: the first month is over.
        Refused, Invalid: by the policy: extended before, answered, no reason. Nothing was stored.
    """
    access, now = as_staff(by.who, by.reason), desk.clock()
    found = await one(desk.vault, by.who, access, longer.subject, longer.request)
    if not may_be_extended(found.received_on, oslo_date(now)):
        raise RequestRefused("deadline")
    change = request_change(longer.subject, longer.request, {"extension_reason": longer.why})
    steps = facts(longer.subject, longer.request, now, Step.EXTENDED)
    sealed = await desk.vault.seal(by.who, access, (change,), steps, by.key)
    return Done(longer.request, sealed.receipts, sealed.replayed)


async def answer(desk: Desk, by: By, given: Answer) -> Done:
    """The request is answered. Granted only where it was verified that it is the person's own.

    Raises:
        RequestRefused: it is not verified, or there is no such request.
        Refused, Invalid: by the policy: answered before, identity never looked at. Nothing was stored.
    """
    access = as_staff(by.who, by.reason)
    found = await one(desk.vault, by.who, access, given.subject, given.request)
    if given.outcome in GRANTING and not found.verified:
        raise RequestRefused("identity")
    values: dict[str, Value] = {"outcome": given.outcome, **({"answer": given.answer} if given.answer else {})}
    change = request_change(given.subject, given.request, values)
    steps = facts(given.subject, given.request, desk.clock(), Step.ANSWERED)
    sealed = await desk.vault.seal(by.who, access, (change,), steps, by.key)
    return Done(given.request, sealed.receipts, sealed.replayed)


async def _exists(desk: Desk, who: Principal, access: Access, subject: SubjectId) -> None:
    if not (await desk.vault.open(who, access, [subject], EXISTS)).found:
        raise Unknown("no such subject")


# -- parts of requests, shared with the acts that answer them ----------------------------------------------------------


def own_subject(who: Principal) -> SubjectId:
    """The person concerned, asking for itself.

    Raises:
        RequestRefused: the principal is bound to no person.
    """
    if who.subject is None:
        raise RequestRefused("role")
    return who.subject


def said(kind: str, concerns: str | None, text: str | None) -> dict[str, Value]:
    """What a request says."""
    given = {"kind": kind, "concerns": concerns, "text": text}
    return {name: value for name, value in given.items() if value is not None}


def own_proof(now: datetime) -> dict[str, Value]:
    """How and when a request came that a person makes with its own token."""
    return {
        "channel": Channel.ACCOUNT.value,
        "received_on": oslo_date(now).isoformat(),
        "identity": Identity.OWN_TOKEN.value,
    }


def request_change(subject: SubjectId, request: RecordId, values: Mapping[str, Value]) -> Change:
    """Values of the request, by the part of their name behind the dot."""
    named = {f"{RECORD}.{name}": value for name, value in values.items()}
    return Change(subject=subject, record=request, parent=RecordId(subject), entity=RECORD, values=named)


def facts(subject: SubjectId, request: RecordId, at: datetime, *steps: Step) -> tuple[Fact, ...]:
    """Steps of a request that happen together, in this order."""
    return tuple(Fact(subject=subject, record=request, name=step.value, at=at) for step in steps)
