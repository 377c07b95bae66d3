"""What is on record: who opened what, the ledger's entries, receipts of erasure.

A subject's own page of openings is personal data (`person.accesses`); entries as the officer sees them hold ids, names
of the policy and counts; a receipt names fields and rules, never a value.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, unique
from uuid import UUID

import strawberry

from schema.directives import governed, ungoverned
from schema.ledger import LedgerProof

_ACCESSES = "person.accesses"
_HEADER = "the ledger's header: random ids, names of the policy, counts; no value, no subject"
_RECEIPT = "names of fields and rules; no value"


@strawberry.type(description="A field that was not opened, and the rule that withheld it.")
class WithheldField:
    """A field and the rule that withheld it."""

    field: str | None = governed(_ACCESSES, description="The field.")
    rule: str | None = governed(_ACCESSES, description="The rule.")


@strawberry.type(description="Something done with a person's data, or the refusal of it.")
class AccessEntry:
    """Who did what with a person's data, when, why and with which fields."""

    entry: UUID | None = governed(_ACCESSES, description="The ledger's entry.")
    at: datetime | None = governed(_ACCESSES, description="When.")
    kind: str | None = governed(_ACCESSES, description="`opened`, `refused`, `sealed`, `explained`, `erased`, ...")
    actor: UUID | None = governed(_ACCESSES, description="The account that asked; a random id.")
    roles: list[str] | None = governed(_ACCESSES, description="The roles it asked in.")
    purpose: str | None = governed(_ACCESSES, description="The purpose it stated.")
    recipient: str | None = governed(_ACCESSES, description="To whom the values went.")
    fields: list[str] | None = governed(_ACCESSES, description="The fields it got, stored or erased.")
    withheld: list[WithheldField] | None = governed(_ACCESSES, description="The fields it did not, and why.")
    reason: str | None = governed(_ACCESSES, description="The reason it stated.")
    proof: LedgerProof | None = governed(
        _ACCESSES, description="That the ledger's tree has it; `null` for a second after it was recorded."
    )


@strawberry.type(description="A rule that withheld a field, and how often.")
class RuleCount:
    """A field, a rule, a count."""

    field: str = ungoverned(because=_HEADER, description="The field.")
    rule: str = ungoverned(because=_HEADER, description="The rule.")
    count: int = ungoverned(because=_HEADER, description="How often.")


@strawberry.type(description="An entry of the ledger, as the data protection officer audits it.")
class LedgerEntry:
    """The header of an entry."""

    id: UUID = ungoverned(because=_HEADER, description="The entry.")
    at: datetime = ungoverned(because=_HEADER, description="When it was recorded.")
    kind: str = ungoverned(because=_HEADER, description="`opened`, `refused`, `sealed`, `explained`, `erased`, ...")
    actor: UUID | None = ungoverned(because=_HEADER, description="The account; `null` for the house itself.")
    roles: list[str] = ungoverned(because=_HEADER, description="The roles it asked in.")
    purpose: str | None = ungoverned(because=_HEADER, description="The purpose.")
    recipient: str | None = ungoverned(because=_HEADER, description="To whom the values went.")
    policy: str = ungoverned(because=_HEADER, description="Digest of the policy decided by, in hexadecimal.")
    subjects: int = ungoverned(because=_HEADER, description="How many subjects it concerns.")
    opened: int = ungoverned(because=_HEADER, description="How many fields opened.")
    withheld: int = ungoverned(because=_HEADER, description="How many did not.")
    fields: list[str] = ungoverned(because=_HEADER, description="Which fields.")
    rules: list[RuleCount] = ungoverned(because=_HEADER, description="Which rules withheld what.")
    reason: str | None = ungoverned(because="what a member of staff wrote", description="The reason stated.")
    proof: LedgerProof | None = ungoverned(
        because=_HEADER, description="That the ledger's tree has it; `null` for a second after it was recorded."
    )


@strawberry.enum(description="What became of a field.")
@unique
class FieldFateName(Enum):
    """Erased, kept by a rule, or erased with something left that leads to nobody."""

    ERASED = "erased"
    KEPT = "kept"
    DETACHED = strawberry.enum_value(
        "detached", description="Erased; its measures go on under an id that leads to nobody."
    )


@strawberry.enum(description="How far an erasure has come.")
@unique
class ReceiptState(Enum):
    """Computed, never stored."""

    PENDING = strawberry.enum_value(
        "pending", description="Gone for us; an old copy and the live keys together could still open it."
    )
    ERASED = strawberry.enum_value("erased", description="Gone for everybody: the epoch has rolled.")


@strawberry.type(description="What became of one field: erased, or kept by which rule and law, and until when.")
class FieldReport:
    """The fate of one field."""

    field: str = ungoverned(because=_RECEIPT, description="The field.")
    fate: FieldFateName = ungoverned(because=_RECEIPT, description="Erased or kept.")
    rule: str | None = ungoverned(because=_RECEIPT, description="The rule that keeps it.")
    law: str | None = ungoverned(because=_RECEIPT, description="The law behind the rule.")
    until: datetime | None = ungoverned(because=_RECEIPT, description="Until when it is kept, where that is known.")


@strawberry.type(description="A part of a person's data: a product, a case and what hangs below it, or everything.")
class ErasedPart:
    """What an erasure was of; neither named: everything."""

    product: str | None = ungoverned(because=_RECEIPT, description="The product.")
    record: UUID | None = ungoverned(because=_RECEIPT, description="The record.")


@strawberry.type(description="The receipt of an erasure (sletting).")
class Receipt:
    """The receipt of an erasure."""

    id: UUID = ungoverned(because=_RECEIPT, description="The receipt; ask for it again with `receipt`.")
    subject: UUID = ungoverned(because="random, and the asker named it", description="Whose data.")
    at: datetime = ungoverned(because=_RECEIPT, description="When it was erased.")
    status: ReceiptState = ungoverned(because=_RECEIPT, description="How far it has come.")
    completed_at: datetime | None = ungoverned(
        because=_RECEIPT, description="Since when no copy opens it either: the epoch's root was destroyed."
    )
    cause: str = ungoverned(because=_RECEIPT, description="`request`, `officer` or `expiry`.")
    scopes: list[ErasedPart] = ungoverned(because=_RECEIPT, description="Of what.")
    policy: str = ungoverned(because=_RECEIPT, description="Digest of the policy decided by, in hexadecimal.")
    entry: UUID = ungoverned(because=_RECEIPT, description="The ledger's entry.")
    fields: list[FieldReport] = ungoverned(because=_RECEIPT, description="Every field, with its fate.")
    signed: str = ungoverned(because=_RECEIPT, description="The same as a note that is signed: keep it.")
    proof: LedgerProof | None = ungoverned(
        because=_RECEIPT, description="That the ledger's tree has the erasure; `null` for a second after it."
    )


@strawberry.type(description="What would be decided. Nothing was opened.")
class Explanation:
    """A decision, put in words."""

    permitted: bool = ungoverned(because="a decision, not data", description="The field would open.")
    sees: str | None = ungoverned(because="a decision, not data", description="How it would be shown.")
    rule: str | None = ungoverned(because="a decision, not data", description="The rule that refuses.")
