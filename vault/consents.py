"""DOOR out: every consent a person ever gave and every withdrawal, each with a receipt the person can keep.

The history is that of the sealed events: appended to, never changed, and kept through every partial erasure. A receipt
is a signed note (`ledger/notes.py`) of one line of RFC 8785 JSON, under the name `hvelv/consents`. Its fields are those
of ISO/IEC TS 27560:2023; `docs/formats/consent-receipt.md` lists them. What a consent covered is said by the policy
whose digest it bears: a receipt of an earlier policy names that digest and has no `pii_processing`, since today's words
are not what the person was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid5

from policies.decision import Refusal, screen
from policies.event import Consent
from policies.model import SELF, Access, PolicySet, Principal, Purpose, SubjectId
from policies.oslo import oslo_date
from vault.errors import Contended, Refused, Unknown
from vault.house import ROUNDS, House
from vault.killing import history
from vault.ledger.book import Act, Kind, Outcome
from vault.ledger.leaves import canonical, instant
from vault.ledger.notes import Verifier, sign_note
from vault.ledger.sequencing import signing_key
from vault.request import Withheld
from vault.storage.engine import Collision

FIELD: Final = "person.consent_history"
ACCESS: Final = Access("self_service", None, SELF)
RECEIPT: Final = "hvelv/consent/1"
NAME: Final = "hvelv/consents"
SCHEMA: Final = "ISO/IEC TS 27560:2023"
HOW: Final = "GraphQL withdrawConsent, or a letter or an e-mail to the controller: as easy as giving it (Article 7(3))"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """A consent given or withdrawn: the `number`th word of the person on any consent, and the receipt of it."""

    number: int
    consent: str
    given: bool
    at: datetime
    notice: bytes
    receipt: str


@dataclass(frozen=True, slots=True)
class ConsentHistory:
    """Oldest first. `key` verifies the receipts."""

    entries: Sequence[ConsentEntry]
    key: str


class ConsentLog:
    """Reads the history of one person's consents, on record."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def history(self, who: Principal, subject: SubjectId) -> ConsentHistory:
        """All of it, for the person alone.

        Raises:
            Refused: the policy shows it to nobody like this principal; recorded.
            Unknown: the person is another, or erased.
            TokenRefused, BrokenSeal, Contended, Unavailable: as in `Opening.open`.
        """
        answer = screen(self._house.policy, who, ACCESS, FIELD, oslo_date(self._house.clock()))
        if isinstance(answer, Refusal):
            await self._refuse(who, answer.rule)
        for _ in range(ROUNDS):
            row = (await self._house.subjects([subject])).get(subject) if who.subject == subject else None
            if row is None:
                msg = "no such subject"
                raise Unknown(msg)
            loaded = self._house.standing(row)
            opened = Outcome(frozenset({FIELD}), frozenset())
            act = Act(Kind.OPENED, who, ACCESS, {subject: opened}, [(subject, row.version)], frozenset())
            if not await self._house.committer.record(await self._house.book.entry(act)):
                await self._house.token_is_live(who)
                continue
            try:
                return self._signed([each for each in await history(self._house, loaded) if isinstance(each, Consent)])
            except Collision:
                continue
        msg = "the subject kept changing; send the request again"
        raise Contended(msg)

    def _signed(self, events: Sequence[Consent]) -> ConsentHistory:
        key = signing_key(self._house)
        entries = [
            ConsentEntry(
                number=number, consent=event.name, given=event.given, at=event.at, notice=event.policy_digest,
                receipt=sign_note(f"{canonical(record_of(self._house.policy, event, number)).decode()}\n", NAME, key),
            )
            for number, event in enumerate(events, 1)
        ]  # fmt: skip
        return ConsentHistory(entries, str(Verifier(NAME, key.public())))

    async def _refuse(self, who: Principal, rule: str) -> None:
        withheld = Withheld(FIELD, rule, personal=False)
        act = Act(Kind.REFUSED, who, ACCESS, {}, (), frozenset({withheld}))
        if not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)
        raise Refused([withheld])


def record_of(policy: PolicySet, event: Consent, number: int) -> dict[str, object]:
    """The consent record. The same word of the same person gives the same record, whenever it is asked for."""
    shown = event.policy_digest == policy.digest and event.name in policy.consents
    return {
        "type": RECEIPT,
        "schema_version": SCHEMA,
        "record_id": str(uuid5(event.subject, f"consent {number}")),
        "pii_principal_id": str(event.subject),
        "privacy_notice": event.policy_digest.hex(),
        "consent": event.name,
        "pii_processing": _processing(policy, event.name) if shown else None,
        "party_identification": [
            {
                "party_id": "controller",
                "party_role": "pii_controller",
                "party_name": policy.controller.name,
                "party_contact": policy.controller.contact,
                "data_protection_officer": policy.controller.data_protection_officer,
                "authority_party": policy.controller.supervisory_authority,
            }
        ],
        "event": {
            "event_time": instant(event.at),
            "event_type": "explicit_consent" if event.given else "withdrawal",
            "event_state": "given" if event.given else "withdrawn",
            "validity_duration": None,
            "entity_id": str(event.subject),
        },
    }


def _processing(policy: PolicySet, consent: str) -> dict[str, object]:
    return {
        "privacy_notice_version": policy.version.isoformat(),
        "withdrawal_method": HOW,
        "privacy_rights": "GDPR Articles 7(3), 15 to 18, 20, 21 and 77",
        "jurisdiction": "NO",
        "purposes": [_purpose(policy, policy.purposes[name]) for name in policy.consents[consent].purposes],
    }


def _purpose(policy: PolicySet, purpose: Purpose) -> dict[str, object]:
    used = [field for field in policy.fields.values() if any(use.purpose == purpose.name for use in field.uses)]
    outside = {
        use.to for field in used for use in field.uses if use.purpose == purpose.name and use.to in policy.recipients
    }
    return {
        "purpose": purpose.name,
        "lawful_basis": f"GDPR Article {purpose.article}",
        "pii_information": [{"pii_type": field.name, "source": field.source} for field in used],
        "retention": sorted({rule for field in used for rule in policy.categories[field.category].retention}),
        "recipient_third_parties": [
            {"party_name": policy.recipients[name].title, "country": policy.recipients[name].country}
            for name in sorted(outside)
        ],
    }
