"""Packages on their way to the person, and how one gets to somebody who wrote a letter.

Only the person makes a package, with its own token, and the bytes leave as they are made. For a letter two officers let
a token be made that is good for one package and nothing else; its secret is sealed with the request, leaves to the
person's known address, and opens for neither of the two.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Final

from identity.errors import Unsound
from identity.specs import Faulty, check
from policies.model import SELF, Access, Principal
from policies.persons import NotTogether, two_persons
from rights.doors import Desk
from rights.errors import RequestRefused
from rights.listing import as_staff, mine, one
from rights.package.as_csv import as_csv
from rights.package.as_json import as_json
from rights.package.as_pdf import as_pdf
from rights.package.gathering import gather
from rights.package.parts import Language, What
from rights.package.words import Words
from rights.registering import facts, own_subject, request_change
from rights.request import OWN, OWN_RIGHTS, RIGHTS, By, Done, Export, Kind, Outcome, State, Step
from vault.errors import Refused
from vault.request import Secret
from vault.tokens import TokenSpec

FORMS: Final[Mapping[What, tuple[str, ...]]] = {What.ACCESS: ("json", "pdf"), What.COPY: ("json", "csv")}
PICKUP: Final = timedelta(days=14)
"""How long the person has to fetch what a letter asked for."""

_KINDS: Final = {What.ACCESS: Kind.ACCESS, What.COPY: Kind.COPY}


async def export(desk: Desk, who: Principal, what: What, form: str, *, language: Language) -> AsyncGenerator[bytes]:
    """The bytes of the person's package, as they are made; JSON and CSV hold one batch in memory, a PDF is whole.

    With the last byte the person's open request for it is answered, and a token made for one package is taken back.
    A package that breaks off changes neither.

    Raises:
        RequestRefused: the principal is nobody's own.
        Unknown: there is no such person any more.
        Refused, TokenRefused, BrokenSeal, Unavailable: by the doors.
    """
    own_subject(who)
    parts = gather(desk, who, what)
    if form == "pdf":
        yield await as_pdf(desk.vault.policy, Words(language), parts)
    else:
        async for chunk in as_csv(parts) if form == "csv" else as_json(desk.vault.policy, parts):
            yield chunk
    if who.purpose is None:
        await _serve(desk, who, _KINDS[what])
    else:
        await desk.vault.tokens.revoke(who.token)


async def _serve(desk: Desk, who: Principal, kind: Kind) -> None:
    """Whatever the person has asked for and now got is answered."""
    subject = own_subject(who)
    for request in await mine(desk.vault, who):
        if request.kind is kind and request.state is State.VERIFIED:
            change = request_change(subject, request.id, {"outcome": Outcome.SERVED.value})
            steps = facts(subject, request.id, desk.clock(), Step.ANSWERED)
            await desk.vault.seal(who, OWN_RIGHTS, (change,), steps)


async def approve(desk: Desk, by: By, wish: Export, second: Secret[str] | None) -> Done:
    """Two officers let the person of a verified request fetch its package, once, within `PICKUP`.

    A crash before the sealing leaves a token whose secret nobody has.

    Raises:
        RequestRefused: no second person, not two persons, or the request is not verified; on record.
        Refused: by the policy; nothing was stored.
        TokenRefused: the second bearer is not accepted.
    """
    access = as_staff(by.who, by.reason)
    approver = await _second(desk, by, access, second)
    found = await one(desk.vault, by.who, access, wish.subject, wish.request)
    if not found.verified:
        raise RequestRefused("identity")
    spec = TokenSpec(
        account=desk.ids(), roles=frozenset({SELF}), lifetime=PICKUP, subject=wish.subject, purpose=OWN.purpose,
        issued_by=by.who.account, approved_by=approver.account,
    )  # fmt: skip
    if isinstance(faulty := check(spec, desk.vault.policy), Faulty):
        raise Unsound(faulty.rule)
    token, secret = await desk.vault.tokens.issue(spec)
    change = request_change(wish.subject, wish.request, {"pickup": secret.reveal()})
    try:
        sealed = await desk.vault.seal(by.who, access, (change,), (), by.key)
    except Refused:
        await desk.vault.tokens.revoke(token)
        raise
    if sealed.replayed:
        await desk.vault.tokens.revoke(token)
    return Done(wish.request, sealed.receipts, sealed.replayed)


async def _second(desk: Desk, by: By, access: Access, second: Secret[str] | None) -> Principal:
    rule = "two_persons"
    if second is not None:
        other = await desk.vault.tokens.resolve(second)
        answer = two_persons(by.who, other, desk.vault.policy)
        if not isinstance(answer, NotTogether):
            note = f"export approved by {other.account}"
            await desk.vault.record(by.who, Access(RIGHTS, note, access.recipient))
            return other
        rule = answer.rule
    await desk.vault.record(by.who, Access(RIGHTS, f"export refused by {rule}", access.recipient))
    raise RequestRefused(rule)
