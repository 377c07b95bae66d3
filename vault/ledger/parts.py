"""The sealed halves of the ledger: what is in clear nowhere, opened under the month's audit key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import cbor2

from policies.model import SubjectId
from vault.address import Label
from vault.crypto.aead import Sealer
from vault.crypto.documents import open_document
from vault.ledger.leaves import Whose

# heads of RFC 8949: an array of six, a byte string of sixteen, null
_SIX: Final = b"\x86"
_SIXTEEN: Final = b"\x50"
_NULL: Final = b"\xf6"


@dataclass(frozen=True, slots=True)
class HeaderSaid:
    """The sealed half of a header. `rules` are (field, rule, count)."""

    fields: Sequence[str]
    rules: Sequence[tuple[str, str, int]]
    reason: str


@dataclass(frozen=True, slots=True)
class PartSaid:
    """A subject's part. `whose` is missing in parts from before there was a tree."""

    fields: Sequence[str]
    withheld: Sequence[tuple[str, str]]
    reason: str
    whose: Whose | None


def written_header(fields: Sequence[str], rules: Sequence[tuple[str, str, int]], reason: str) -> bytes:
    """The bytes that are sealed of a header."""
    return cbor2.dumps([fields, rules, reason], canonical=True)


def written_act(fields: Sequence[str], withheld: Sequence[Sequence[str]], reason: str) -> bytes:
    """The bytes that the parts of one outcome have in common, an array of three."""
    return cbor2.dumps([fields, withheld, reason], canonical=True)


def written_part(act: bytes, whose: Whose) -> bytes:
    """The bytes that are sealed of a part: the array of `written_act` with three more items."""
    receipt = _NULL if whose.receipt is None else _SIXTEEN + whose.receipt.bytes
    version = _NULL if whose.version is None else cbor2.dumps(whose.version)
    return b"".join((_SIX, act[1:], _SIXTEEN, whose.subject.bytes, version, receipt))


def read_header(sealer: Sealer, row: Any) -> HeaderSaid:
    """What a header says.

    Raises:
        BrokenSeal: it was changed or exchanged.
    """
    plain = open_document(sealer, Label.LEDGER_ENTRY, (row["id"].bytes,), row["sealed"])
    fields, rules, reason = cbor2.loads(plain)
    return HeaderSaid(fields, [(field, rule, count) for field, rule, count in rules], reason)


def read_part(sealer: Sealer, entry: UUID, reference: bytes, sealed: bytes) -> PartSaid:
    """What a part says.

    Raises:
        BrokenSeal: it was changed or exchanged.
    """
    plain = open_document(sealer, Label.LEDGER_SUBJECT, (entry.bytes, reference), sealed)
    fields, withheld, reason, *rest = cbor2.loads(plain)
    whose = None
    if rest:
        subject, version, receipt = rest
        whose = Whose(SubjectId(UUID(bytes=subject)), version, None if receipt is None else UUID(bytes=receipt))
    return PartSaid(fields, [(field, rule) for field, rule in withheld], reason, whose)
