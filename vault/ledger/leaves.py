"""What a leaf of the ledger's tree says, and how it says it without saying it.

    content      RFC 8785 JSON: what the officer sees of an entry (`header`), or its subject of it (`part`)
    salt         HMAC-SHA-256(audit key of the month, bound("hvelv/hash/ledger-salt/1", entry, reference))
    commitment   HMAC-SHA-256(salt, content)
    leaf input   month as six ASCII digits ‖ commitment

Who holds content and salt can show what the leaf says; who holds only the tree can test no guess, since salts come from
a key. When the month's audit key dies every salt of that month dies with it, and the tree still verifies. The month is
outside the commitment so that nobody can pass a leaf off as too old to be checked. Specification:
`docs/formats/ledger.md`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Self
from uuid import UUID

from policies.model import SubjectId
from vault.address import Label, packer
from vault.crypto.derive import mac
from vault.ledger.merkle import leaf_hash
from vault.request import Secret

HEADER: Final = "hvelv/ledger-header/1"
PART: Final = "hvelv/ledger-part/1"
LOG: Final = "hvelv/ledger-log/1"
NO_REFERENCE: Final = b"\x00" * 16

_BIND_SALT: Final = packer(Label.LEDGER_SALT, 16, 16)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
"""Made once: `json.dumps` with these arguments would make one at each call."""
_HEAD: Final = b'{"act":'
_TAIL: Final = f'"type":"{PART}"}}'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """What an entry says in clear and to everybody who may read of it."""

    entry: UUID
    at: datetime
    kind: str
    actor: UUID | None
    roles: Sequence[str]
    purpose: str | None
    recipient: str | None
    policy: bytes

    @classmethod
    def of(cls, row: Any) -> Self:
        """Of a row of `ledger_entry`."""
        return cls(entry=row["id"], at=row["at"], kind=row["kind"], actor=row["actor"], roles=tuple(row["roles"]),
                   purpose=row["purpose"], recipient=row["recipient"], policy=row["policy"])  # fmt: skip

    def said(self, fields: Sequence[str], reason: str) -> dict[str, object]:
        """As members of a JSON object."""
        return {
            "actor": None if self.actor is None else str(self.actor),
            "at": instant(self.at),
            "entry": str(self.entry),
            "fields": list(fields),
            "kind": self.kind,
            "policy": self.policy.hex(),
            "purpose": self.purpose,
            "reason": reason,
            "recipient": self.recipient,
            "roles": list(self.roles),
        }


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose part it is, the version its standing had or got, and the receipt of what was erased of it by the act."""

    subject: SubjectId
    version: int | None
    receipt: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What only a header says. `rules` are (field, rule, how often)."""

    token: UUID | None
    subjects: int
    opened: int
    withheld: int
    rules: Sequence[Sequence[object]]


def counts_of(row: Any, rules: Sequence[Sequence[object]]) -> Counts:
    """Of a row of `ledger_entry`, with the rules its seal holds."""
    return Counts(token=row["token"], subjects=row["subjects"], opened=row["opened"], withheld=row["withheld"],
                  rules=rules)  # fmt: skip


def canonical(value: object) -> bytes:
    """RFC 8785 JSON of an object of text, integers, arrays and null, names in ASCII."""
    return _ENCODER.encode(value).encode()


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, always with six decimals."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def header_content(clear: Clear, counts: Counts, fields: Sequence[str], reason: str) -> bytes:
    """What the leaf of a header says."""
    act = clear.said(fields, reason) | {
        "opened": counts.opened,
        "rules": [list(each) for each in counts.rules],
        "subjects": counts.subjects,
        "token": None if counts.token is None else str(counts.token),
        "withheld": counts.withheld,
    }
    return canonical({"act": act, "type": HEADER})


def act_of_part(clear: Clear, fields: Sequence[str], withheld: Sequence[Sequence[str]], reason: str) -> bytes:
    """What the parts of one entry with one outcome say alike: made once for all of them."""
    return canonical(clear.said(fields, reason) | {"withheld": [list(each) for each in withheld]})


def part_content(act: bytes, whose: Whose) -> bytes:
    """What the leaf of a subject's part says."""
    receipt = "null" if whose.receipt is None else f'"{whose.receipt}"'
    version = "null" if whose.version is None else str(whose.version)
    subject = f',"subject":{{"id":"{whose.subject}","receipt":{receipt},"version":{version}}},'
    return b"".join((_HEAD, act, subject.encode(), _TAIL))


def log_content(origin: str, previous: str | None, size: int) -> bytes:
    """What the first leaf of a log says: the last checkpoint of the log before, and how many of its leaves are left."""
    return canonical({"left": size, "origin": origin, "previous": previous, "type": LOG})


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first leaf of a log says; nothing where it is not one."""

    origin: str = ""
    previous: str = ""


def read_log(content: bytes) -> Beginning:
    """What `log_content` wrote, whatever somebody made of it since."""
    try:
        said: object = json.loads(content)
    except ValueError:
        said = None
    match said:
        case {"type": "hvelv/ledger-log/1", "origin": str(origin), "previous": str() | None as previous}:
            return Beginning(origin, previous or "")
        case _:
            return Beginning()


def salt(key: Secret[bytes], entry: UUID, reference: bytes = NO_REFERENCE) -> bytes:
    """The salt of a part's leaf, or of the header's."""
    return mac(key.reveal(), _BIND_SALT(entry.bytes, reference))


def commitment(salted: bytes, content: bytes) -> bytes:
    """32 bytes that stand for the content and tell nothing of it."""
    return mac(salted, content)


def leaf_input(month: date, committed: bytes) -> bytes:
    """What is hashed into the tree for a row of the ledger."""
    return f"{month:%Y%m}".encode() + committed


def row_hash(month: date, committed: bytes) -> bytes:
    """The leaf hash of a row of the ledger."""
    return leaf_hash(leaf_input(month, committed))
