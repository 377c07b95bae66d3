"""The shape of `policies.yaml`: which keys each entry has and what sort of value stands behind each.

These models say nothing of what the values mean; `build` makes the `PolicySet` of them and the checks beside it read
that. They are strict, closed and frozen. A key with a default here is one of the few that may be left out; nothing is
read into its absence but "this entry has no such thing", and it is never written as null. The JSON Schema for editors
is generated from them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

from policies.model import (
    Basis,
    FieldType,
    Index,
    Instance,
    Mask,
    Reach,
    RoleKind,
    Sequel,
)
from policies.recipients import RecipientKind, RequestPath

T = TypeVar("T")

NAME: Final = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
FIELD_NAME: Final = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
CONDITION: Final = r"^(not )?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
CLAUSE: Final = r"^[A-Z]{3}-[0-9]{2}$"
PERIOD: Final = r"^P([0-9]{1,3}Y([0-9]{1,3}M)?|[0-9]{1,4}M|[0-9]{1,5}D)$"
COUNTRY: Final = r"^[A-Z]{2}$"
WITHDRAWN: Final = r"^[a-z][a-z0-9_]*\.withdrawn$"
CHOICE: Final = r"^[a-z0-9][a-z0-9_]*$"
WORDS: Final = r"\S"
ARTICLE: Final = r"^[0-9]+\([0-9]\)(\([a-z]\))?"

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("write a date that exists, such as `2018-05-28`")


Name = Annotated[str, StringConstraints(pattern=NAME)]
FieldName = Annotated[str, StringConstraints(pattern=FIELD_NAME)]
Words = Annotated[str, StringConstraints(pattern=WORDS)]
Cond = Annotated[str, StringConstraints(pattern=CONDITION)]
Clauses = Annotated[list[Annotated[str, StringConstraints(pattern=CLAUSE)]], Field(min_length=1)]
Keep = Annotated[str, StringConstraints(pattern=PERIOD)]
Country = Annotated[str, StringConstraints(pattern=COUNTRY)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Some = Annotated[list[T], Field(min_length=1)]
Product = Literal["shared", "solstrom", "nabostrom", "hub", "outreach"]
Transfer = Literal[
    "none_needed",
    "adequacy_decision",  # Article 45
    "standard_contractual_clauses",  # Article 46(2)(c) and (d)
    "binding_corporate_rules",  # Article 47
    "code_of_conduct",  # Article 46(2)(e)
    "certification",  # Article 46(2)(f)
]
Loose = Field(strict=False)  # an enumeration is written by its value


class Shape(BaseModel):
    """Strict, closed, frozen, and silent about its input."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Controller(Shape):
    """Who is responsible, and whom to turn to."""

    name: Words
    contact: Words
    data_protection_officer: Words
    supervisory_authority: Words


class Role(Shape):
    """What a principal may be. A partner role speaks for one recipient."""

    kind: Annotated[RoleKind, Loose]
    recipient: Name | None = None
    second_factor: bool
    clauses: Clauses


class Record(Shape):
    """A kind of record and the kind it hangs under; only `person` has no parent."""

    product: Product
    parent: Annotated[Name | None, WithJsonSchema({"type": ["string", "null"], "pattern": NAME})]
    clauses: Clauses


class Assigns(Shape):
    """Whom recording the fact assigns the record to, and for what."""

    recipient: Name
    purpose: Name


class Fact(Shape):
    """A lifecycle event, who may record it on which record, and after what."""

    product: Product
    record: Name
    by: Some[Name]
    after: list[Cond]
    assigns: Assigns | None = None
    clauses: Clauses


class Consent(Shape):
    """A consent, the purposes it carries and the options of the form that give it."""

    purposes: Some[Name]
    options: list[Annotated[int, Field(ge=1, le=99)]]
    clauses: Clauses


class State(Shape):
    """In force on a record from one fact until one of others."""

    from_: Name = Field(alias="from")
    to: Some[Name]


class Purpose(Shape):
    """Why data are used, on what basis, and how far each role reaches."""

    basis: Annotated[Basis, Loose]
    article: Annotated[str, StringConstraints(pattern=ARTICLE)]
    roles: Annotated[dict[Name, Annotated[Reach, Loose]], Field(min_length=1)]
    consent: Name | None = None
    contract: Name | None = None
    law: Words | None = None
    balancing: Words | None = None
    objection: Literal["honoured", "absolute"] | None = None
    assigned_by: Some[Name] | None = None
    reason: Literal["required"] | None = None
    while_: Some[Cond] | None = Field(default=None, alias="while")
    despite_restriction: Words | None = None
    clauses: Clauses


class Valid(Shape):
    """The first day a recipient is one, and the first day it no longer is."""

    from_: Day = Field(alias="from")
    to: Day | None = None


class Agreement(Shape):
    """What a processor or a joint controller is bound by, where it keeps data and how requests get there."""

    signed: Day
    regions: Some[Country]
    requests: Annotated[RequestPath, Loose]
    abroad: Words | None = None


class Recipient(Shape):
    """Somebody outside the company."""

    name: Words
    kind: Annotated[RecipientKind, Loose]
    country: Country
    transfer: Transfer
    parent: Name | None = None
    agreement: Agreement | None = None
    valid: Valid
    clauses: Clauses


class First(Shape):
    """The earliest of these facts counts."""

    first: Some[Name]


class Last(Shape):
    """The latest of these facts counts."""

    last: Some[Name]


def _anchor_tag(value: object) -> str | None:
    if isinstance(value, str):
        return "<fact>"
    said = {"first", "last"} & value.keys() if isinstance(value, dict) else ()
    return f"<{min(said)}>" if said else None


Anchor = Annotated[
    Annotated[Name, Tag("<fact>")] | Annotated[First, Tag("<first>")] | Annotated[Last, Tag("<last>")],
    Discriminator(_anchor_tag),
]


class Retention(Shape):
    """How long: `from` a fact and `keep`, or `with` the person, or `until` a fact."""

    from_: Anchor | None = Field(default=None, alias="from")
    keep: Keep | None = None
    applies_after: Name | None = None
    unless: Some[Name] | None = None
    also_on: Some[Annotated[str, StringConstraints(pattern=WITHDRAWN)]] | None = None
    with_: Literal["person"] | None = Field(default=None, alias="with")
    until: Name | None = None
    then: Annotated[Sequel, Loose]
    stated_in_notice: bool
    clauses: Clauses


class Hold(Shape):
    """A statutory duty to keep whole categories; without `from` and `keep` somebody records and lifts it."""

    law: Words
    categories: Some[Name]
    from_: Name | None = Field(default=None, alias="from")
    keep: Keep | None = None
    clauses: Clauses


class Category(Shape):
    """Fields that die together. The number names it in the database for ever."""

    number: Annotated[int, Field(ge=1, le=32767)]
    retention: list[Name]
    instance: Annotated[Instance, Loose]
    special: bool
    computed: bool
    clauses: Clauses


class Collect(Shape):
    """Who may give the field for which purpose, and when."""

    by: Name
    purpose: Name
    when: list[Cond]


class Use(Shape):
    """Why and to whom the field may be opened, and how much of it is seen."""

    purpose: Name
    to: Name
    sees: Annotated[Mask, Loose]


class FieldEntry(Shape):
    """One kind of personal data, named `record.name`."""

    category: Name
    type: Annotated[FieldType, Loose]
    choices: Some[Annotated[str, StringConstraints(pattern=CHOICE)]] | None = None
    source: Words
    required_for: Name | None = None
    collect: list[Collect]
    uses: Some[Use]
    index: Annotated[Index, Loose]
    clauses: Clauses


Section = Annotated[dict[Name, T], Field(min_length=1)]


class Policies(Shape):
    """One version of the privacy policy. Nothing has a default."""

    version: Day
    controller: Controller
    roles: Section[Role]
    records: Section[Record]
    facts: Section[Fact]
    consents: Section[Consent]
    states: dict[Name, State]
    purposes: Section[Purpose]
    recipients: dict[Name, Recipient]
    retention: Section[Retention]
    holds: dict[Name, Hold]
    categories: Section[Category]
    fields: Annotated[dict[FieldName, FieldEntry], Field(min_length=1)]
