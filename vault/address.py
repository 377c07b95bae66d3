"""What a ciphertext is bound to, as bytes that can be read in one way only.

Everything Hvelv seals carries associated data: a label saying what sort of thing it is, followed by the parts of the
place it belongs to. Each of them is preceded by its length, so two different sequences never give the same bytes:

    u32 length | label | u32 length | part | u32 length | part | …        (integers big-endian)

A ciphertext moved to another place, or used as another sort of thing, therefore does not open. Nothing here encrypts;
`docs/formats/sealed-form.md` is the specification, `vault/crypto` its use.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final
from uuid import UUID

from policies.model import RecordId, SubjectId


@unique
class Label(StrEnum):
    """Every sort of thing that is sealed, wrapped, derived or hashed. The last number is the version of its form.

    A label is never reused for something else: it is what keeps a wrapped key from being opened as a document.
    """

    GROUP = "hvelv/group/1"
    SEGMENT = "hvelv/segment/1"
    SERIES_HEAD = "hvelv/series-head/1"
    # wrapped keys
    EPOCH_KEY = "hvelv/key/epoch/1"
    SUBJECT_KEY = "hvelv/key/subject/1"
    DATA_KEY = "hvelv/key/data/1"
    SERIES_KEY = "hvelv/key/series/1"
    STANDING_KEY = "hvelv/key/standing/1"
    AUDIT_KEY = "hvelv/key/audit/1"
    INDEX_KEY = "hvelv/key/index/1"
    SIGNING_KEY = "hvelv/key/signing/1"
    INBOX_KEY = "hvelv/key/inbox/1"
    IDEMPOTENCY_KEY = "hvelv/key/idempotency/1"
    # sealed documents
    STANDING = "hvelv/document/standing/1"
    EVENT = "hvelv/document/event/1"
    LEDGER_ENTRY = "hvelv/document/ledger-entry/1"
    LEDGER_SUBJECT = "hvelv/document/ledger-subject/1"
    RECEIPT = "hvelv/document/receipt/1"
    ERASURE_REQUEST = "hvelv/document/erasure-request/1"
    ROSTER = "hvelv/document/roster/1"
    SLIP = "hvelv/document/slip/1"
    # boxes sealed to a public key
    INBOX = "hvelv/box/inbox/1"
    # derivations
    INDEX_FIELD = "hvelv/derive/index-field/1"
    INDEX_TOKENS = "hvelv/derive/index-tokens/1"
    SLIP_KEY = "hvelv/derive/slip-key/1"
    ROOT_CONTEXT = "hvelv/derive/root-context/1"
    # keyed hashes
    LEDGER_REFERENCE = "hvelv/hash/ledger-reference/1"
    LEDGER_SALT = "hvelv/hash/ledger-salt/1"
    REQUEST_KEY = "hvelv/hash/request-key/1"
    REQUEST_BODY = "hvelv/hash/request-body/1"
    SUPPRESSION = "hvelv/hash/suppression/1"
    ALIAS = "hvelv/hash/alias/1"
    # hashes without a key
    SERIES = "hvelv/hash/series/1"


_LENGTH: Final = struct.Struct(">I")


def associated(label: Label, *parts: bytes) -> bytes:
    """The label and the parts, each behind its length: different arguments, different bytes.

    Args:
        label: what is being sealed.
        parts: where it belongs; each shorter than 4 GiB. An absent part is written as empty, so a part that may be
            absent must never be empty when present.
    """
    pack = _LENGTH.pack
    return b"".join([item for part in (label.encode(), *parts) for item in (pack(len(part)), part)])


def packer(label: Label, *sizes: int) -> Callable[..., bytes]:
    """`associated` prepared for parts of known sizes: same bytes, less work. For thousands of rows at a time.

    The returned function takes exactly `len(sizes)` values of type bytes. It trusts each size, so use it only with
    parts that are fixed by construction: UUIDs, packed integers, digests.

    Raises (the returned function):
        ValueError: the number of parts, or their length altogether, is another.
    """
    # one pass of bytes formatting: the fixed bytes between the parts, with `%` escaped
    fixed = [associated(label) + (_LENGTH.pack(sizes[0]) if sizes else b""), *map(_LENGTH.pack, sizes[1:])]
    template = b"".join(piece.replace(b"%", b"%%") + b"%b" for piece in fixed) if sizes else fixed[0]
    length = sum(map(len, fixed)) + sum(sizes)

    def pack(*parts: bytes) -> bytes:
        try:
            packed = template % parts
        except TypeError:
            raise ValueError("a part is missing, too many, or not of its size") from None
        if len(packed) != length:
            raise ValueError("a part does not have its size")
        return packed

    return pack


_PREFIX: Final = associated(Label.GROUP) + _LENGTH.pack(16)
_ROOT: Final = struct.Struct(f">{len(_PREFIX)}s16sI16sIIqIqIqI16s")
_BELOW: Final = struct.Struct(f">{len(_PREFIX)}s16sI16sI16sIqIqIqI16s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one sealed group belongs.

    Attributes:
        subject: whose data it is.
        record: the record the fields are of.
        parent: the record above it; None for a root.
        category: number of the category in the policy, 1..32767.
        version: version of this group of this record and category, counted from 1 by its head.
        fields: version of the set of fields the category had when it was sealed.
        key: id of the data key that seals it.
    """

    subject: SubjectId
    record: RecordId
    parent: RecordId | None
    category: int
    version: int
    fields: int
    key: UUID

    def encode(self) -> bytes:
        """Associated data of the group: `associated(Label.GROUP, …)` of the fields above, in that order.

        Injective over all addresses: only the parent's length varies, and it is written. The numbers are signed 64
        bits: whatever a damaged row holds gives an address (a wrong one), not an error of another class.
        """
        if self.parent is None:
            return _ROOT.pack(
                _PREFIX,
                self.subject.bytes,
                16,
                self.record.bytes,
                0,
                8,
                self.category,
                8,
                self.version,
                8,
                self.fields,
                16,
                self.key.bytes,
            )
        return _BELOW.pack(
            _PREFIX,
            self.subject.bytes,
            16,
            self.record.bytes,
            16,
            self.parent.bytes,
            8,
            self.category,
            8,
            self.version,
            8,
            self.fields,
            16,
            self.key.bytes,
        )
