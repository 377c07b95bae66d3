"""Proofs that the ledger is what it was: leaves in a signed tree, one tree beginning another, and a breach's scope.

Everything to check them offline is in them; `docs/verify_ledger.py` does, on an answer as it came. Numbers of leaves
are text: they outgrow 32 bits.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from schema.directives import ungoverned

_PROOF = "a proof of what the field that leads here shows: hashes, a signature, and the same words again"
_TREE = "hashes and signatures over the whole ledger: nothing of anybody"
_SCOPE = "for officers who audit: random ids, names of fields, times; no value"


@strawberry.type(description="That a leaf is in the ledger's signed tree (RFC 9162). Complete: it is checked offline.")
class LedgerProof:
    """A proof of inclusion."""

    content: str = ungoverned(because=_PROOF, description="What the leaf says, RFC 8785 JSON.")
    salt: str = ungoverned(because=_PROOF, description="What hid it, in hexadecimal.")
    month: str = ungoverned(because=_PROOF, description="The month whose audit key the salt is from: `202611`.")
    index: str = ungoverned(because=_PROOF, description="Which leaf, from 0.")
    path: list[str] = ungoverned(because=_PROOF, description="Hashes from the leaf upwards, in hexadecimal.")
    checkpoint: str = ungoverned(because=_PROOF, description="The signed note with the root they lead to.")
    key: str = ungoverned(because=_PROOF, description="Who signs it; compare with the key from elsewhere.")


@strawberry.type(description="The ledger's tree as it was signed. Keep `note`: the ledger must begin with it for ever.")
class LedgerCheckpoint:
    """A signed checkpoint."""

    origin: str = ungoverned(because=_TREE, description="The log; a restore that lost entries begins another.")
    size: str = ungoverned(because=_TREE, description="How many leaves.")
    root: str = ungoverned(because=_TREE, description="The root over them, in hexadecimal.")
    note: str = ungoverned(because=_TREE, description="The checkpoint as it was signed (c2sp.org/tlog-checkpoint).")
    at: datetime = ungoverned(because=_TREE, description="When.")
    key: str = ungoverned(because=_TREE, description="Who signs it.")


@strawberry.type(description="That the ledger still begins with a checkpoint of earlier (RFC 9162).")
class ConsistencyProof:
    """A proof of consistency."""

    old: str = ungoverned(because=_TREE, description="How many leaves the earlier one had.")
    path: list[str] = ungoverned(because=_TREE, description="Hashes, in hexadecimal.")
    newest: LedgerCheckpoint = ungoverned(because=_TREE, description="The checkpoint it is proven under.")


@strawberry.input(description="Who or what may have fallen into wrong hands; several together mean all of them.")
class Suspected:
    """The suspect of a breach."""

    token: UUID | None = strawberry.field(default=None, description="The id of a token.")
    account: UUID | None = strawberry.field(default=None, description="An account.")
    role: str | None = strawberry.field(default=None, description="Everybody who asked in this role.")
    epoch: int | None = strawberry.field(default=None, description="What opened while this epoch's key lived.")


@strawberry.type(description="A person of whom something was opened.")
class TouchedPerson:
    """A person within the scope."""

    subject: UUID = ungoverned(because=_SCOPE, description="The person.")
    fields: list[str] = ungoverned(because=_SCOPE, description="Which fields opened.")
    entries: int = ungoverned(because=_SCOPE, description="By how many entries of the ledger.")
    first: datetime = ungoverned(because=_SCOPE, description="From when.")
    last: datetime = ungoverned(because=_SCOPE, description="To when.")


@strawberry.type(description="The scope of a breach: whose which fields were opened (Article 33).")
class BreachScope:
    """A page of a breach's scope."""

    persons: int = ungoverned(because=_SCOPE, description="How many persons altogether.")
    entries: int = ungoverned(because=_SCOPE, description="How many entries of the ledger match.")
    unreadable: int = ungoverned(because=_SCOPE, description="Parts of months whose audit key has died: nobody knows.")
    touched: list[TouchedPerson] = ungoverned(because=_SCOPE, description="This page, by id.")
    more: bool = ungoverned(because=_SCOPE, description="Persons follow: ask again with the last `subject` as `after`.")
