"""Requests of data subjects (Articles 15 to 22), as the person, customer service and the officer see them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum, unique
from uuid import UUID

import strawberry

from schema.directives import governed, ungoverned

_RANDOM = "random, made here, means nothing elsewhere"
_JOURNEY = "rights_request.journey"
_NOTICES = "rights_request.notices"


@strawberry.enum(description="What a person may ask for.")
@unique
class RequestKind(Enum):
    """The choices of `rights_request.kind`."""

    ACCESS = "access"  # Innsyn: everything held, and why (Article 15).
    COPY = "copy"  # Kopi: what the person gave, to take along (15(3), 20).
    RECTIFICATION = "rectification"  # Retting (Article 16).
    RESTRICTION = "restriction"  # Begrensning (Article 18).
    ERASURE = "erasure"  # Sletting (Article 17).
    OBJECTION = "objection"  # Protest (Article 21).
    WITHDRAWAL = "withdrawal"  # A consent withdrawn (Article 7(3)).


@strawberry.enum(description="How a written request came in.")
@unique
class RequestChannel(Enum):
    """The choices of `rights_request.channel` that staff put down."""

    LETTER = "letter"  # To the business address.
    EMAIL = "email"  # By e-mail.


@strawberry.enum(description="How it was made sure whose request it is.")
@unique
class IdentityProof(Enum):
    """The choices of `rights_request.identity` that staff put down."""

    KNOWN_ADDRESS = "known_address"  # From an address known as the person's.
    DOCUMENT_SEEN = "document_seen"  # A document was shown; no copy is kept.
    NOT_PROVEN = "not_proven"  # It could not be made sure.


@strawberry.enum(description="How a request ended.")
@unique
class RequestOutcome(Enum):
    """The choices of `rights_request.outcome` that staff put down."""

    GRANTED = "granted"  # In full.
    PARTLY_GRANTED = "partly_granted"  # In part; the answer says what not, and why.
    REFUSED = "refused"  # Not; the answer says why, and where to complain.
    WITHDRAWN = "withdrawn"  # The person took it back.


@strawberry.type(description="A recipient outside that must be told of it (Article 19), because it got this field.")
class RecipientNotice:
    """A recipient and a field."""

    recipient: str | None = governed(_NOTICES, description="The recipient, as the policy names it.")
    field: str | None = governed(_NOTICES, description="The field it got.")
    first: datetime | None = governed(_NOTICES, description="First on record.")
    last: datetime | None = governed(_NOTICES, description="Last on record.")


@strawberry.type(description="A request of a person. Whoever sees by when alone has `null` for the rest.")
class RightsRequest:
    """One request."""

    id: UUID = ungoverned(because=_RANDOM, description="The request.")
    subject: UUID = ungoverned(because=_RANDOM, description="The person.")
    received_on: date | None = governed(_JOURNEY, description="The day it came in; the clock runs from here.")
    due_on: date | None = governed(_JOURNEY, description="The last day on which the answer is in time.")
    overdue: bool | None = governed(_JOURNEY, description="That day has passed without an answer.")
    extended: bool | None = governed(_JOURNEY, description="The person was told that it takes up to three months.")
    state: str | None = governed(_JOURNEY, description="`received`, `verified` or `answered`.")
    kind: str | None = governed("rights_request.kind", description="What is asked for.")
    channel: str | None = governed("rights_request.channel", description="How it came in.")
    concerns: str | None = governed("rights_request.concerns", description="The field, purpose or consent it is about.")
    text: str | None = governed("rights_request.text", description="In the person's own words.")
    identity: str | None = governed("rights_request.identity", description="How it was made sure whose it is.")
    extension_reason: str | None = governed("rights_request.extension_reason", description="Why it takes longer.")
    outcome: str | None = governed("rights_request.outcome", description="How it ended.")
    answer: str | None = governed("rights_request.answer", description="What the person was told.")
    notices: list[RecipientNotice] | None = governed(_NOTICES, description="Whom outside it must be told.")


_HISTORY = "person.consent_history"


@strawberry.type(description="A consent given or withdrawn, and the receipt of it (kvittering).")
class ConsentEvent:
    """One word of a person on one consent."""

    consent: str | None = governed(_HISTORY, description="The consent, as the policy names it.")
    given: bool | None = governed(_HISTORY, description="Given; otherwise withdrawn.")
    at: datetime | None = governed(_HISTORY, description="When.")
    notice: str | None = governed(_HISTORY, description="Digest of the policy in force then.")
    receipt: str | None = governed(_HISTORY, description="ISO/IEC TS 27560 record, a signed note; `key` verifies it.")
    key: str | None = governed(_HISTORY, description="Verifies the receipt: `name+hash+base64`, as the ledger's keys.")
