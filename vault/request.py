"""What goes through the doors: the values of `seal`, `open` and `erase`.

Opened values and keys travel as `Secret`, which never prints. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, unique
from typing import Final, Generic, TypeVar, final
from uuid import UUID

from policies.model import RecordId, SubjectId

T = TypeVar("T")
Value = str | int | bool | bytes
"""A sealed value: text, integer (units in the field's name), truth, bytes. Dates are ISO 8601 text."""

FieldMask = frozenset[str]
MAX_PAGE: Final = 100


@final
class Secret(Generic[T]):
    """A value that does not print, pickle or compare by accident. `reveal()` is the word a reviewer searches for."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value itself. Whoever calls this answers for where it goes."""
        return self._value

    def __repr__(self) -> str:
        return "Secret()"

    __str__ = __repr__

    def __format__(self, format_spec: str, /) -> str:
        return "Secret()"

    def __reduce__(self) -> str:
        msg = "a secret cannot be pickled"
        raise TypeError(msg)


@unique
class Removed(Enum):
    """The one value of `REMOVE`: the fields of this group are taken away."""

    REMOVE = "remove"


REMOVE: Final = Removed.REMOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Fields of one record: new, merged over what is there, or removed.

    `entity` is the record's kind. A record unknown so far is added under `parent`; a subject unknown so far is born,
    if the policy lets the principal collect from somebody new.
    """

    subject: SubjectId
    record: RecordId
    parent: RecordId | None
    entity: str
    values: Mapping[str, Value | Removed]


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An idempotency key: `key` as the client chose it, `body` the canonical bytes of the request it names.

    Both are kept as keyed HMACs only. The same key with the same body has one effect; with another body it conflicts.
    """

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was stored.

    `born` are new subjects; `receipts` name erasures that the events brought with them (a closed loan, a withdrawn
    consent). `replayed`: an earlier call with this key did it, nothing happened now.
    """

    subjects: tuple[SubjectId, ...]
    records: tuple[RecordId, ...]
    born: tuple[SubjectId, ...]
    receipts: tuple[UUID, ...]
    entry: UUID
    replayed: bool


@dataclass(frozen=True, slots=True)
class ByValue:
    """Subjects whose indexed field equals this value (normalised by the door)."""

    field: str
    value: Secret[str]


@dataclass(frozen=True, slots=True)
class Everyone:
    """The next page of the population (or of one's assignments), ordered by subject id."""

    after: SubjectId | None
    first: int


Lookup = ByValue | Everyone


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Only records of these kinds and ids; an empty set means all."""

    kinds: frozenset[str] = frozenset()
    records: frozenset[RecordId] = frozenset()


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """One record: the fields that opened. Withheld and absent fields are simply not here; `Opened` tells them apart."""

    subject: SubjectId
    record: RecordId
    parent: RecordId | None
    kind: str
    values: Mapping[str, Secret[Value]]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field and the rule that withheld it. `personal`: the rule speaks of a person's standing."""

    field: str
    rule: str
    personal: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening gave. `withheld` counts per (field, rule); `by_subject` the same per subject.

    `found` lists the subjects that answered (at least one field permitted on one record), in the order asked for. An
    unknown subject and one of whom everything was refused are both missing there. `more`: a page has a successor.
    `entry` is the ledger entry that authorised it.
    """

    records: Sequence[OpenedRecord]
    withheld: Mapping[Withheld, int]
    by_subject: Mapping[SubjectId, Mapping[Withheld, int]]
    found: Sequence[SubjectId]
    more: bool
    entry: UUID


@unique
class CauseKind(Enum):
    """Why something is erased."""

    REQUEST = "request"  # the subject, Article 17
    OFFICER = "officer"  # the data protection officer with a second person
    EXPIRY = "expiry"  # a retention rule


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, and the second person's token where two are needed."""

    kind: CauseKind
    reason: str | None
    second: Secret[str] | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What to erase: the whole subject, or one record and all below it, or one product's records."""

    subject: SubjectId
    record: RecordId | None = None
    product: str | None = None


@unique
class Fate(Enum):
    """What became of a field."""

    ERASED = "erased"
    KEPT = "kept"
    DETACHED = "detached"  # erased here; its measures go on under an id that leads to nobody


@dataclass(frozen=True, slots=True)
class FieldFate:
    """What became of one field: erased, or kept by which rule, which law and until when."""

    field: str
    fate: Fate
    rule: str | None
    law: str | None
    until: datetime | None


@unique
class ReceiptStatus(Enum):
    """How far an erasure has come."""

    PENDING = "pending"  # gone for us; an old copy and the live keys together could still open it
    ERASED = "erased"  # the epoch rolled: gone for everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProof:
    """That a leaf is in the ledger's tree, complete: checked offline by `docs/verify_ledger.py`.

    `content` is what the leaf says, `salt` what hid it, `month` six digits, `path` hashes from the leaf upwards,
    `checkpoint` the signed note with the root they lead to, `key` who signed it.
    """

    content: str
    salt: bytes
    month: str
    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    key: str


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A tree of the ledger as it was signed: its log, how many leaves, its root; `note` is the signed text."""

    origin: str
    size: int
    root: bytes
    note: str
    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of `newest` begins with the one of `old` leaves."""

    old: int
    path: tuple[bytes, ...]
    newest: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of an erasure. `status` and `completed_at` are computed from the tombstone and the rolls, never stored.

    Everything somebody needs who holds it later: of what, why, by which policy, recorded by which entry of the ledger,
    and since when no copy opens it either (`completed_at`; none while `pending`).
    `signed` is the same as a signed note, to be kept and verified offline; `proof` that the act is in the ledger's
    tree, where it was asked for and is there already.
    """

    id: UUID
    subject: SubjectId
    at: datetime
    fates: tuple[FieldFate, ...]
    status: ReceiptStatus
    scopes: tuple[Scope, ...]
    cause: CauseKind
    policy: bytes
    entry: UUID
    completed_at: datetime | None
    signed: str = ""
    proof: LedgerProof | None = None
