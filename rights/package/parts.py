"""The parts of a package, in their order: head, records, series, withheld, consents, accesses, recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, unique

from policies.model import FieldPolicy, RecordId, SubjectId
from vault.audit import AccessEntry
from vault.consents import ConsentEntry
from vault.request import Secret, Value


@unique
class What(Enum):
    """Which package."""

    ACCESS = "access"  # everything, and why (Article 15)
    COPY = "copy"  # what the person gave (Articles 15(3) and 20)


@unique
class Language(Enum):
    """In which language a person reads."""

    NB = "nb"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Head:
    """Whose it is and when it was made."""

    what: What
    subject: SubjectId
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A category of a record and why it is kept: one entry of the view `person.holdings`."""

    category: str
    why: str
    rule: str
    law: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class RecordPart:
    """One record: its values by field, and why each category of it is kept."""

    record: RecordId
    kind: str
    parent: RecordId | None
    values: Sequence[tuple[FieldPolicy, Secret[Value]]]
    held: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity over the time that begins at `start` (UTC); `quality` as the source states it."""

    start: datetime
    value_wh: int
    quality: str


@dataclass(frozen=True, slots=True, repr=False)
class SeriesPart:
    """Some readings of a series field, in order. A series comes in as many parts as it takes."""

    record: RecordId
    field: str
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True)
class ConsentPart:
    """A consent given or withdrawn, with its receipt, and the key that verifies it."""

    entry: ConsentEntry
    key: str


@dataclass(frozen=True, slots=True, repr=False)
class AccessPart:
    """One entry of the ledger about the person, with its proof as soon as it is in the tree."""

    entry: AccessEntry


@dataclass(frozen=True, slots=True)
class RecipientPart:
    """A recipient outside and the fields it got: field, first, last."""

    recipient: str
    fields: Sequence[tuple[str, datetime, datetime]]


@dataclass(frozen=True, slots=True)
class WithheldPart:
    """What is held and not shown to the person, by which rules."""

    rules: Sequence[tuple[str, str]]


Part = Head | RecordPart | SeriesPart | ConsentPart | AccessPart | RecipientPart | WithheldPart


@dataclass(frozen=True, slots=True)
class File:
    """How a package is called and what it is."""

    name: str
    media_type: str


def file_of(what: What, form: str, language: Language, day: date) -> File:
    """Names nobody: a file name ends up in places that are nobody's to see."""
    word = {What.ACCESS: {Language.NB: "innsyn", Language.EN: "access"},
            What.COPY: {Language.NB: "kopi", Language.EN: "copy"}}[what][language]  # fmt: skip
    kinds = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
    return File(f"{word}-{day.isoformat()}.{form}", kinds[form])
