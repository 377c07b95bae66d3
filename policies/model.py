"""The policy as values: what `policies.yaml` says once it has been read and found whole.

Everything here is frozen and inert. `document.py` builds a `PolicySet` or refuses; `decision.py` and `retention.py`
read it. Nothing here has a default that decides anything: the loader has already refused a file that left it out.

A subject's data hang in a tree of *records*. The root is the subject itself (kind `person`, its id is the subject
id); below it stand cases such as a Solstrøm `project`, and below those a `roof` or a `loan`. A field is named
`kind.name` and lives on records of that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, unique
from typing import NewType
from uuid import UUID

from policies.recipients import Recipient

SubjectId = NewType("SubjectId", UUID)
RecordId = NewType("RecordId", UUID)
TokenId = NewType("TokenId", UUID)

SELF = "self"
"""The recipient and the role a data subject has towards its own data."""


@unique
class Reach(Enum):
    """How far a role reaches with a purpose."""

    SELF = "self"
    ASSIGNED = "assigned"
    POPULATION = "population"


@unique
class Basis(Enum):
    """Legal basis, GDPR Article 6(1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


@unique
class RoleKind(Enum):
    """What sort of principal may carry a role."""

    SUBJECT = "subject"
    VISITOR = "visitor"
    STAFF = "staff"
    OFFICER = "officer"
    PARTNER = "partner"
    SERVICE = "service"


@unique
class Mask(Enum):
    """How much of a value a use shows. `masks.py` applies them."""

    PLAIN = "plain"
    LAST_5_HIDDEN = "last_5_hidden"
    LAST_4_SHOWN = "last_4_shown"
    YEAR_ONLY = "year_only"
    PRESENCE = "presence"


@unique
class Instance(Enum):
    """What one data key of a category covers; two instances die apart."""

    SUBJECT = "subject"
    RECORD = "record"
    MONTH = "month"
    YEAR = "year"


@unique
class FieldType(Enum):
    """What a value of a field is. `values.py` says which bytes of input are one."""

    TEXT = "text"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    REGION = "region"
    NATIONAL_ID = "national_id"
    ORGANISATION_NUMBER = "organisation_number"
    METERING_POINT = "metering_point"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    AMOUNT_NOK = "amount_nok"
    AZIMUTH_DEG = "azimuth_deg"
    TILT_DEG = "tilt_deg"
    AREA_DM2 = "area_dm2"
    HEIGHT_CM = "height_cm"
    ENERGY_WH = "energy_wh"
    POWER_W = "power_w"
    CHOICE = "choice"
    DOCUMENT = "document"
    SECRET = "secret"  # noqa: S105  (the name of a type, not a secret)
    SERIES = "series"
    STANDING = "standing"  # computed from the sealed standing or the ledger, never collected


@unique
class Sequel(Enum):
    """What happens to a category when its last rule is due."""

    ERASE = "erase"
    DETACH = "detach"
    COARSEN = "coarsen"


@unique
class Index(Enum):
    """Whether a field can be looked up by its exact value."""

    NONE = "none"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar duration of ISO 8601 (`P20Y`, `P24M`, `P90D`): years and months, or days, never both."""

    months: int
    days: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact that must, or must not, be on record: `loan.submitted`, `not loan.closed`."""

    fact: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Role:
    """Who may act: staff, partners, services, subjects. A partner role speaks for exactly one recipient."""

    name: str
    kind: RoleKind
    recipient: str | None  # a partner role speaks for exactly one recipient
    second_factor: bool
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record and the kind it hangs under; only `person` has no parent."""

    name: str
    product: str
    parent: str | None
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assigns:
    """Recording this fact assigns the record to a recipient (or a staff role's holder) for a purpose."""

    recipient: str
    purpose: str


@dataclass(frozen=True, slots=True)
class FactRule:
    """A lifecycle event: `by` may record it, on a record of kind `record`, where every condition of `after` holds."""

    name: str
    product: str
    record: str
    by: tuple[str, ...]
    after: tuple[Condition, ...]
    assigns: Assigns | None
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """A consent and the purposes it carries; `options` are the choices of the form that give it (SOL-03)."""

    name: str
    purposes: tuple[str, ...]
    options: tuple[int, ...]
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateRule:
    """In force on a record: `begins` is recorded there and no `ends` came after it."""

    name: str
    begins: str
    ends: tuple[str, ...]


@unique
class Objection(Enum):
    """What an objection under Article 21 does to a purpose."""

    NOT_APPLICABLE = "not_applicable"  # consent, contract, legal obligation
    HONOURED = "honoured"  # stops the purpose until assessed
    ABSOLUTE = "absolute"  # direct marketing, Article 21(2)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be opened, on which legal basis, and by which roles."""

    name: str
    basis: Basis
    article: str
    consent: str | None  # exactly when basis is CONSENT
    contract: str | None  # the state that must be in force; exactly when basis is CONTRACT
    law: str | None  # exactly when basis is LEGAL_OBLIGATION
    balancing: str | None  # the recorded balancing test; exactly when basis is LEGITIMATE_INTEREST
    objection: Objection
    roles: Mapping[str, Reach]
    assigned_by: tuple[str, ...]  # staff roles that may make assignments for this purpose
    reason_required: bool
    conditions: tuple[Condition, ...]  # `while`
    despite_restriction: str | None  # Article 18(2): legal claims, protection of others
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long a category is kept.

    `anchor` facts start the clock (`latest` says whether the last or the first of them counts). The rule speaks only
    of records where `applies_after` (when given) is on record. `unless` names states, or `consent`, that keep data
    beyond the clock. `also_on` names consents whose withdrawal makes it due at once. `with_person` follows the
    person's own categories. `until` keeps until that fact is recorded.
    """

    name: str
    anchor: tuple[str, ...]
    latest: bool
    keep: Period | None
    applies_after: str | None
    unless: tuple[str, ...]
    also_on: tuple[str, ...]
    with_person: bool
    until: str | None
    then: Sequel
    stated_in_notice: bool
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldRule:
    """A statutory duty to keep whole categories: overrides erasure, opens them only for a legal obligation."""

    name: str
    law: str
    categories: tuple[str, ...]
    anchor: str | None  # `None`: an explicit hold (legal claim) that staff or the officer record and lift
    keep: Period | None
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """Fields that die together. `number` names it in the database, for ever."""

    name: str
    number: int
    retention: tuple[str, ...]
    instance: Instance
    special: bool  # the sensitive class of G-16
    computed: bool  # nothing is stored: the fields are views of the standing or the ledger
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """`by` may give the field for `purpose` where every condition of `when` holds."""

    by: str
    purpose: str
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """Opens for `purpose` to `to` (`self`, a staff or service role, or a recipient), seen as `sees`."""

    purpose: str
    to: str
    sees: Mask


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """Everything the policy says of one field."""

    name: str
    record: str  # the kind of record it lives on: the part before the dot
    category: str
    type: FieldType
    choices: tuple[str, ...]  # exactly when type is CHOICE
    source: str  # `subject`, or who it comes from (Article 14)
    required_for: str | None  # the fact that cannot be recorded without it (SOL-16)
    collect: tuple[Collect, ...]
    uses: tuple[Use, ...]
    index: Index
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the processing (Articles 13 and 14)."""

    name: str
    contact: str
    data_protection_officer: str
    supervisory_authority: str


@dataclass(frozen=True, slots=True)
class PolicySet:
    """One version of the policy. `digest` is the SHA-256 of the file's bytes and identifies it everywhere."""

    version: date
    digest: bytes
    controller: Controller
    roles: Mapping[str, Role]
    records: Mapping[str, RecordKind]
    facts: Mapping[str, FactRule]
    consents: Mapping[str, ConsentRule]
    states: Mapping[str, StateRule]
    purposes: Mapping[str, Purpose]
    recipients: Mapping[str, Recipient]
    retention: Mapping[str, RetentionRule]
    holds: Mapping[str, HoldRule]
    categories: Mapping[str, Category]
    fields: Mapping[str, FieldPolicy]

    def __hash__(self) -> int:
        """Two sets with one digest are one set: lets `functools.cache` key on it."""
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. Made by `identity` from a live token row, by nobody else.

    `account` is the random id of the person or service behind the token; it names assignees and actors in the ledger.
    """

    token: TokenId
    account: UUID
    roles: frozenset[str]
    subject: SubjectId | None
    recipient: str | None
    purpose: str | None  # a partner's token carries exactly one
    expires: datetime
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Access:
    """What the caller states: for which purpose, why, and to whom the values go (`self`, own staff role, recipient)."""

    purpose: str
    reason: str | None
    recipient: str
