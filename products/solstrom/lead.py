"""The lead: a calculation is asked for, the roof is looked up, the person wants an offer (SOL-01 … SOL-16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.issuing import first_token
from policies.event import Consent
from policies.model import PolicySet, Principal, RecordId, SubjectId
from products.doors import Doors
from products.solstrom.inputs import Proceed, RecordRoof, RequestCalculation
from products.solstrom.step import (
    PERSON,
    PROJECT,
    ROOF,
    Step,
    access,
    facts,
    given,
    own_access,
    own_subject,
    taking,
)
from vault.errors import Invalid
from vault.request import Change, RequestKey, Sealed, Secret, Value


@dataclass(frozen=True, slots=True)
class Lead:
    """What a calculation request made. `token` comes once, with the first answer of a request, never with a replay."""

    subject: SubjectId
    project: RecordId
    token: Secret[str] | None
    replayed: bool


async def request_calculation(
    vault: Doors,
    who: Principal,
    wish: RequestCalculation,
    request: RequestKey,
    *,
    ids: Callable[[], UUID],
    clock: Callable[[], datetime],
) -> Lead:
    """A new subject with one case, consented to and stored in one transaction, or nothing at all.

    It is always a new subject, also for an address known already: the answer tells nobody who is a customer. A crash
    after the sealing and before the answer leaves a lead whose client sends again and gets `replayed`, without token.

    Raises:
        Invalid: the option of the form is not one of the policy's, or a value is not of its type.
        StepRefused: the principal may not collect from somebody new.
    """
    step, now = Step.REQUEST_CALCULATION, clock()
    subject, project = SubjectId(ids()), RecordId(ids())
    root = RecordId(subject)
    consents = [
        Consent(subject=subject, name=name, given=True, policy_digest=vault.policy.digest, at=now)
        for name in consents_of(vault.policy, wish.consent_option)
    ]
    values = given({"person.email": wish.email}), given({"project.address": wish.address})
    changes = (
        Change(subject=subject, record=root, parent=None, entity=PERSON, values=values[0]),
        Change(subject=subject, record=project, parent=root, entity=PROJECT, values=values[1]),
    )
    happened = facts(subject, project, now, "calculation.requested", "lead.active")
    stated = access(vault.policy, who, step.purpose, None)
    with taking(step.label):
        sealed = await vault.seal(who, stated, changes, (*consents, *happened), request)
    return await _lead(vault, sealed, account=ids())


def consents_of(policy: PolicySet, option: int) -> tuple[str, ...]:
    """The consents that a choice of the form gives.

    Raises:
        Invalid: no consent of the policy belongs to it.
    """
    names = tuple(name for name, consent in policy.consents.items() if option in consent.options)
    if not names:
        raise Invalid("consent_option", "is not a choice of the form")
    return names


async def _lead(vault: Doors, sealed: Sealed, *, account: UUID) -> Lead:
    """From the ids the vault answers with, not from those drawn above: a replay answers with the first ones."""
    subject = sealed.subjects[0]
    project = next(record for record in sealed.records if record != subject)
    token = await first_token(vault, sealed, account=account)
    return Lead(subject=subject, project=project, token=token, replayed=sealed.replayed)


async def record_roof(
    vault: Doors,
    who: Principal,
    roof: RecordRoof,
    request: RequestKey,
    *,
    ids: Callable[[], UUID],
) -> RecordId:
    """What a public register says of the roof; gives the record it stands on.

    Raises:
        Invalid: an attribute is out of its range.
        StepRefused: nobody consented to a calculation.
    """
    record = roof.roof or RecordId(ids())
    values: dict[str, Value | None] = {
        "roof.azimuth_deg": roof.azimuth_deg,
        "roof.tilt_deg": roof.tilt_deg,
        "roof.area_dm2": roof.area_dm2,
        "roof.height_cm": roof.height_cm,
        "roof.source": roof.source,
        "roof.fetched_on": roof.fetched_on.isoformat(),
    }
    change = Change(subject=roof.subject, record=record, parent=roof.project, entity=ROOF, values=given(values))
    stated = access(vault.policy, who, Step.RECORD_ROOF.purpose, None)
    with taking(Step.RECORD_ROOF.label):
        sealed = await vault.seal(who, stated, (change,), (), request)
    return sealed.records[0]


async def proceed(
    vault: Doors,
    who: Principal,
    wish: Proceed,
    request: RequestKey,
    *,
    clock: Callable[[], datetime],
) -> Sealed:
    """The person wants an offer and says how to be reached.

    Raises:
        ContractRequires: the name or the phone number is missing; the calculation stays readable.
        Invalid: one of them is not of its type.
        NotACustomer: the principal is bound to no subject.
        StepRefused: there is no calculation to proceed from.
    """
    step = Step.PROCEED
    subject = own_subject(who, step)
    root = RecordId(subject)
    values = given({"person.name": wish.name, "person.phone": wish.phone})
    change = Change(subject=subject, record=root, parent=None, entity=PERSON, values=values)
    happened = facts(subject, wish.project, clock(), "offer.requested", "lead.active")
    with taking(step.label):
        return await vault.seal(who, own_access(step), (change,) if values else (), happened, request)
