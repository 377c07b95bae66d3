"""A request of a person: what is on record of it, how far it has come, and by when it must be answered.

    received ──► verified ──► answered        `extended` once on the way, within the first month
        └───────────────────────┘             whose identity is not proven is answered too: refused

The steps are facts of the record and bear their times; `received` bears the day the letter came. What an officer gets
to see of a request are the steps alone: every value is then `None`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, unique
from typing import Final
from uuid import UUID

from policies.model import SELF, Access, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from rights.deadlines import due_on
from vault.audit import Received
from vault.request import OpenedRecord, RequestKey

RECORD: Final = "rights_request"
RIGHTS: Final = "rights"
DEADLINES: Final = "rights_deadlines"
OVERSIGHT: Final = "rights_oversight"
OWN: Final = Access("self_service", None, SELF)
OWN_RIGHTS: Final = Access(RIGHTS, None, SELF)


@unique
class Kind(Enum):
    """What a person may ask for: the choices of `rights_request.kind`."""

    ACCESS = "access"
    COPY = "copy"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    ERASURE = "erasure"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"


@unique
class Channel(Enum):
    """How a request came in: the choices of `rights_request.channel`."""

    LETTER = "letter"
    EMAIL = "email"
    ACCOUNT = "account"


@unique
class Identity(Enum):
    """How it was made sure whose request it is: the choices of `rights_request.identity`."""

    OWN_TOKEN = "own_token"  # noqa: S105  (a choice of the policy, not a secret)
    KNOWN_ADDRESS = "known_address"
    DOCUMENT_SEEN = "document_seen"
    NOT_PROVEN = "not_proven"


@unique
class Outcome(Enum):
    """How a request ended: the choices of `rights_request.outcome`."""

    SERVED = "served"
    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@unique
class State(Enum):
    """How far a request has come."""

    RECEIVED = "received"
    VERIFIED = "verified"
    ANSWERED = "answered"


@unique
class Step(Enum):
    """The facts of a request: entries of the policy."""

    RECEIVED = "request.received"
    REPORTED = "request.reported"
    VERIFIED = "request.verified"
    EXTENDED = "request.extended"
    ANSWERED = "request.answered"
    LIFT_ANNOUNCED = "restriction.lift_announced"
    LIFTED = "restriction.lifted"


@dataclass(frozen=True, slots=True)
class Notice:
    """A recipient that must be told (Article 19): it got this field, last at `last`."""

    recipient: str
    field: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """One request. Without a `repr`: it holds what a person wrote."""

    subject: SubjectId
    id: RecordId
    steps: Mapping[str, datetime]
    values: Mapping[str, str]

    @property
    def kind(self) -> Kind | None:
        """What is asked for, where the reader may know."""
        return Kind(self.values["kind"]) if "kind" in self.values else None

    @property
    def received_on(self) -> date:
        """The day it came in, in Oslo."""
        return oslo_date(self.steps[Step.RECEIVED.value])

    @property
    def extended(self) -> bool:
        """Whether the person was told in time that it takes up to three months."""
        return Step.EXTENDED.value in self.steps

    @property
    def due_on(self) -> date:
        """The last day on which an answer is in time."""
        return due_on(self.received_on, extended=self.extended)

    @property
    def state(self) -> State:
        """How far it has come."""
        if Step.ANSWERED.value in self.steps:
            return State.ANSWERED
        return State.VERIFIED if self.verified else State.RECEIVED

    @property
    def verified(self) -> bool:
        """Whether it is on record that the request is the person's own."""
        return Step.VERIFIED.value in self.steps

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Whom it must be told."""
        return tuple(notices_in(self.values.get("notices", "[]")))

    def overdue(self, today: date) -> bool:
        """Whether the last day has passed without an answer."""
        return self.state is not State.ANSWERED and today > self.due_on


def requests_in(records: Sequence[OpenedRecord]) -> Iterator[Request]:
    """The requests among opened records. One whose steps did not open tells nothing and is left out."""
    for record in records:
        values = {name.partition(".")[2]: str(secret.reveal()) for name, secret in record.values.items()}
        steps = {
            name: datetime.fromisoformat(times["first"])
            for name, times in json.loads(values.pop("journey", "{}")).items()
        }
        if record.kind == RECORD and Step.RECEIVED.value in steps:
            yield Request(subject=record.subject, id=record.record, steps=steps, values=values)


def notices_of(received: Sequence[Received], fields: frozenset[str]) -> list[Notice]:
    """Those among the recipients that got one of these fields."""
    return [Notice(each.recipient, each.field, each.first, each.last) for each in received if each.field in fields]


def notices_in(text: str) -> Iterator[Notice]:
    """From the stored form: canonical JSON, one object per recipient and field."""
    for each in json.loads(text):
        first, last = (datetime.fromisoformat(each[name]) for name in ("first", "last"))
        yield Notice(each["recipient"], each["field"], first, last)


def stored(notices: Sequence[Notice]) -> str:
    """To the stored form; a recipient and field once, the later word counting."""
    latest = {(n.recipient, n.field): n for n in notices}
    rows = [
        {"recipient": n.recipient, "field": n.field, "first": n.first.isoformat(), "last": n.last.isoformat()}
        for _, n in sorted(latest.items())
    ]
    return json.dumps(rows, sort_keys=True, separators=(",", ":"))


# -- what is asked -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Make:
    """A person asks for itself. `concerns` is in names of the policy; `text` in its own words."""

    kind: str
    concerns: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Register:
    """Staff put down what came by letter or e-mail, with the day it came (RGT-06)."""

    subject: SubjectId
    kind: str
    channel: str
    received_on: date
    concerns: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verify:
    """Whether, and how, it was made sure that the request is the person's own."""

    subject: SubjectId
    request: RecordId
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Extend:
    """It takes longer, and why: the person is told within the first month (Article 12(3))."""

    subject: SubjectId
    request: RecordId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """How it ended, and what the person was told."""

    subject: SubjectId
    request: RecordId
    outcome: str
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Rectify:
    """One field corrected. `record` where the field is not of the person itself; `request` where staff do it."""

    subject: SubjectId
    record: RecordId | None
    request: RecordId | None
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Restrict:
    """Stored and not used any more (Article 18); `request` where an officer does it for a letter."""

    subject: SubjectId
    request: RecordId | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lift:
    """The end of a restriction; by an officer only after it was announced on this request."""

    subject: SubjectId
    request: RecordId | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Object:
    """An objection to a purpose (Article 21); `request` where an officer puts down a letter."""

    subject: SubjectId
    purpose: str
    request: RecordId | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assess:
    """How an objection was weighed: it holds, or compelling grounds override it, which `assessment` states."""

    subject: SubjectId
    request: RecordId
    purpose: str
    holds: bool
    assessment: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Withdraw:
    """A consent withdrawn by letter, carried out by an officer."""

    subject: SubjectId
    request: RecordId
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Export:
    """A package made ready for the person of a verified request, by two officers who never see it."""

    subject: SubjectId
    request: RecordId


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class By:
    """Who does it, under which request key, and why: the reason staff and officers state."""

    who: Principal
    key: RequestKey
    reason: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """What a step did. `request` is the record; `receipts` of what was destroyed by it."""

    request: UUID
    receipts: tuple[UUID, ...]
    replayed: bool
