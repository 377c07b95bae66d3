"""The newsletter's steps of a signed-in person: to subscribe, and to stop (SOL-05, SOL-10, COM-06 to COM-08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from outreach.newsletter import OWN, PRODUCT, REGION, Doors, Invitation, Newsletter
from policies.event import Consent, Event, Fact
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from vault.errors import Refused
from vault.request import Change, RequestKey, Sealed, Withheld

MARKETING: Final = Access(purpose="marketing", reason=None, recipient=SELF)
CONSENT: Final = "marketing"
SUBSCRIPTION: Final = "subscription"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a reader is interested in, and the region they live in: both from closed lists."""

    product: str
    region: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Everything at once; there is nothing to choose."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription, and what to send to the mailbox before it is written to, where it once said no."""

    record: RecordId
    invitation: Invitation | None
    replayed: bool


async def subscribe(
    vault: Doors,
    newsletter: Newsletter,
    who: Principal,
    wish: Subscribe,
    request: RequestKey,
    *,
    digest: bytes,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> Subscribed:
    """Consent to the newsletter and say what for; `digest` is that of the policy the person was shown.

    Raises:
        Invalid: product or region is not of its list.
        Refused: the principal is no customer, or the policy says no.
    """
    subject, now = _subject(who), clock()
    record = RecordId(ids())
    change = Change(
        subject=subject,
        record=record,
        parent=RecordId(subject),
        entity=SUBSCRIPTION,
        values={PRODUCT: wish.product, REGION: wish.region},
    )
    events: tuple[Event, ...] = (
        Consent(subject=subject, name=CONSENT, given=True, policy_digest=digest, at=now),
        Fact(subject=subject, record=record, name="newsletter.subscribed", at=now),
    )
    sealed = await vault.seal(who, MARKETING, (change,), events, request)
    kept = sealed.records[0]
    return Subscribed(kept, await newsletter.invitation(who, kept), sealed.replayed)


async def unsubscribe(
    vault: Doors,
    newsletter: Newsletter,
    who: Principal,
    request: RequestKey,
    *,
    digest: bytes,
    clock: Callable[[], datetime],
) -> Sealed:
    """Withdraw the consent, end every subscription and suppress the address. Product and region die at once.

    Raises:
        Refused: the principal is no customer, or never consented.
    """
    subject, now = _subject(who), clock()
    await newsletter.stop_own(who)
    opened = await vault.open(who, OWN, [subject], frozenset({PRODUCT}))
    events: list[Event] = [
        Fact(subject=subject, record=record.record, name="newsletter.unsubscribed", at=now)
        for record in opened.records
        if record.kind == SUBSCRIPTION and PRODUCT in record.values
    ]
    events.append(Consent(subject=subject, name=CONSENT, given=False, policy_digest=digest, at=now))
    return await vault.seal(who, MARKETING, (), events, request)


def _subject(who: Principal) -> SubjectId:
    if who.subject is None:
        raise Refused([Withheld(PRODUCT, "role", personal=False)])
    return who.subject
