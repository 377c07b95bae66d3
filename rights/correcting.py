"""Rectification (Article 16): the new value replaces the old one in the sealed group and in the index.

Whoever outside got the old value is put down with the request, field by field, for the notice of Article 19. The old
value stays nowhere: its group is unnamed from then on, and the sweep removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policies.model import FieldType, PolicySet, RecordId
from rights.doors import Desk
from rights.errors import RequestRefused
from rights.listing import as_staff, one
from rights.registering import facts, own_proof, own_subject, request_change, said
from rights.request import (
    OWN,
    OWN_RIGHTS,
    By,
    Done,
    Kind,
    Notice,
    Outcome,
    Rectify,
    State,
    Step,
    notices_of,
    stored,
)
from vault.errors import Invalid
from vault.request import Change, Value

NUMBERS: Final = frozenset({
    FieldType.INTEGER, FieldType.AMOUNT_NOK, FieldType.AZIMUTH_DEG, FieldType.TILT_DEG, FieldType.AREA_DM2,
    FieldType.HEIGHT_CM, FieldType.ENERGY_WH, FieldType.POWER_W,
})  # fmt: skip
LONGEST_NUMBER: Final = 20


async def rectify(desk: Desk, by: By, wish: Rectify) -> Done:
    """Correct one field: the person its own, at once; staff on a verified request, which they answer afterwards.

    Raises:
        RequestRefused: not verified, answered, or no such request.
        Refused, Invalid: by the policy, or no value of the field's type; nothing was stored.
    """
    correction = _correction(desk.vault.policy, wish)
    if by.who.subject is not None:
        return await _by_the_person(desk, by, wish, correction)
    if wish.request is None:
        raise Invalid("request", "name the request that asks for it")
    access = as_staff(by.who, by.reason)
    found = await one(desk.vault, by.who, access, wish.subject, wish.request)
    if not found.verified or found.state is State.ANSWERED:
        raise RequestRefused("answered" if found.verified else "identity")
    received = await desk.vault.received(by.who, access, wish.subject)
    notices = [*found.notices, *notices_of(received, frozenset({wish.field}))]
    told = request_change(wish.subject, wish.request, {"notices": stored(notices)})
    sealed = await desk.vault.seal(by.who, access, (correction, told), (), by.key)
    return Done(wish.request, sealed.receipts, sealed.replayed)


async def _by_the_person(desk: Desk, by: By, wish: Rectify, correction: Change) -> Done:
    subject, request, now = own_subject(by.who), RecordId(desk.ids()), desk.clock()
    notices = notices_of(await desk.vault.received(by.who, OWN, subject), frozenset({wish.field}))
    values = {**said(Kind.RECTIFICATION.value, wish.field, None), **own_proof(now), **served(notices)}
    changes = request_change(subject, request, values), correction
    steps = facts(subject, request, now, Step.RECEIVED, Step.REPORTED, Step.VERIFIED, Step.ANSWERED)
    sealed = await desk.vault.seal(by.who, OWN_RIGHTS, changes, steps, by.key)
    return Done(sealed.records[0], sealed.receipts, sealed.replayed)


def served(notices: Sequence[Notice]) -> dict[str, Value]:
    """What is on record of a request that the person carried out alone."""
    told: dict[str, Value] = {"notices": stored(notices)} if notices else {}
    return {"outcome": Outcome.SERVED.value, **told}


def _correction(policy: PolicySet, wish: Rectify) -> Change:
    field = policy.fields.get(wish.field)
    if field is None:
        raise Invalid("field", "is not a field of the policy")
    if wish.record is None and policy.records[field.record].parent is not None:
        raise Invalid("record", f"name the `{field.record}` that is to be corrected")
    record = wish.record or RecordId(wish.subject)
    value = _typed(field.name, field.type, wish.value)
    return Change(subject=wish.subject, record=record, parent=None, entity=field.record, values={field.name: value})


def _typed(name: str, kind: FieldType, text: str) -> Value:
    """The text as the sort of value its type is made of; whether it is one, the door says."""
    if kind in NUMBERS:
        digits = text.strip().removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_NUMBER):
            raise Invalid(name, "not a whole number")
        return int(text)
    if kind is FieldType.BOOLEAN:
        if text not in {"true", "false"}:
            raise Invalid(name, "neither true nor false")
        return text == "true"
    return text
