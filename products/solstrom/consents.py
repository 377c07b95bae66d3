"""Consents, each given and withdrawn on its own (SOL-05, G-03); withdrawing one leaves contract data alone (SOL-02)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from policies.event import Consent
from policies.model import Principal
from products.doors import Doors
from products.solstrom.inputs import GiveConsent, WithdrawConsent
from products.solstrom.step import Step, own_access, own_subject, taking
from vault.errors import Invalid
from vault.request import RequestKey, Sealed


async def give_consent(
    vault: Doors, who: Principal, wish: GiveConsent, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """The consent holds from now, to the notice now in force (GEN-02). Raises `Invalid`, `NotACustomer`."""
    return await _say(vault, who, Step.GIVE_CONSENT, wish.consent, request, clock)


async def withdraw_consent(
    vault: Doors, who: Principal, wish: WithdrawConsent, request: RequestKey, *, clock: Callable[[], datetime]
) -> Sealed:
    """The consent is none for every opening that begins after this returns. Raises `Invalid`, `NotACustomer`."""
    return await _say(vault, who, Step.WITHDRAW_CONSENT, wish.consent, request, clock)


async def _say(
    vault: Doors,
    who: Principal,
    step: Step,
    consent: str,
    request: RequestKey,
    clock: Callable[[], datetime],
) -> Sealed:
    subject = own_subject(who, step)
    if consent not in vault.policy.consents:
        raise Invalid("consent", "is not a consent of the policy")
    event = Consent(
        subject=subject,
        name=consent,
        given=step is Step.GIVE_CONSENT,
        policy_digest=vault.policy.digest,
        at=clock(),
    )
    with taking(step.label):
        return await vault.seal(who, own_access(step), (), (event,), request)
