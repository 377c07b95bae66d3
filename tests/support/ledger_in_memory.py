"""A ledger in memory, of real leaves, salts and signatures, judged by the rules of `vault.ledger.checking`.

It is what an attacker of the tables can reach: rows, leaves, checkpoints. What he cannot reach is the audit key, from
which salts come, and, unless a test lends it to him, the signing key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from policies.model import SubjectId
from vault.crypto.signing import SigningKey
from vault.ledger.checking import Fault, LogCheck, StoredLeaf, StoredRow, Trouble
from vault.ledger.leaves import (
    Clear,
    Counts,
    Whose,
    act_of_part,
    commitment,
    header_content,
    log_content,
    part_content,
    row_hash,
    salt,
)
from vault.ledger.merkle import Frontier, leaf_hash
from vault.ledger.notes import Checkpoint, sign_checkpoint
from vault.request import Secret
from vault.storage.tree import LogRow

NOON = datetime.fromisoformat("2026-03-02T11:00:00+00:00")
MONTH = date(2026, 3, 1)
AUDIT_KEY = Secret(bytes(range(32)))
SIGNING = SigningKey(Secret(bytes(range(1, 33))))
ORIGIN = "hvelv/ledger/in-memory"
BEGINS = LogRow(1, ORIGIN, log_content(ORIGIN, None, 0))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger: a header where `reference` is None. `content` is what its columns and its seal say."""

    entry: UUID
    reference: bytes | None
    content: bytes
    commitment: bytes
    parts: int | None

    @property
    def due(self) -> bytes:
        """What the examiner, who has the audit key, expects the commitment to be."""
        return commitment(self.salt, self.content)

    @property
    def salt(self) -> bytes:
        return salt(AUDIT_KEY, self.entry) if self.reference is None else salt(AUDIT_KEY, self.entry, self.reference)


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that lies in the tables."""

    rows: tuple[Row, ...]
    leaves: tuple[bytes, ...]
    checkpoints: tuple[Checkpoint, ...]

    def examined(self, kept: Iterable[Checkpoint] = ()) -> Sequence[Fault]:
        """What an examination finds, given checkpoints somebody kept."""
        check = LogCheck(BEGINS, SIGNING.public(), kept)
        check.expect(self.checkpoints)
        for position, hashed in enumerate(self.leaves):
            row = self.rows[position - 1] if 0 < position <= len(self.rows) else None
            stored = None
            if row is not None:
                stored = StoredRow(month=MONTH, commitment=row.commitment, due=row.due, believed=False, parts=row.parts)
            check.leaf(StoredLeaf(position, hashed, row.entry if row else None, stored))
        uncovered = [Fault(Trouble.UNCOVERED, entry=row.entry) for row in self.rows[max(0, len(self.leaves) - 1) :]]
        return [*check.finish(), *uncovered]

    def with_fresh_hashes(self, key: SigningKey = SIGNING) -> Stored:
        """As somebody would leave it who rewrites leaves and checkpoints to fit the rows; he has a signing key."""
        leaves = (leaf_hash(BEGINS.begins), *(row_hash(MONTH, row.commitment) for row in self.rows))
        sizes = [min(point.size, len(leaves)) for point in self.checkpoints]
        return replace(self, leaves=leaves, checkpoints=tuple(checkpoint(leaves[:size], key) for size in sizes))


def checkpoint(leaves: Sequence[bytes], key: SigningKey = SIGNING) -> Checkpoint:
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return sign_checkpoint(ORIGIN, tree.size, tree.root(), key)


def row(entry: UUID, reference: bytes | None, content: bytes, parts: int | None) -> Row:
    made = Row(entry, reference, content, b"", parts)
    return replace(made, commitment=made.due)


def entry_rows(number: int, parts: int) -> list[Row]:
    """A header and so many parts."""
    entry = UUID(int=0x7000 << 64 | number)
    clear = Clear(
        entry=entry, at=NOON + timedelta(seconds=number), kind="opened", actor=UUID(int=number % 7), roles=("advisor",),
        purpose="offer", recipient="advisor", policy=bytes(32),
    )  # fmt: skip
    fields = ["person.email"] if number % 2 else ["person.name", "person.phone"]
    counts = Counts(token=UUID(int=5), subjects=parts, opened=parts * len(fields), withheld=0, rules=())
    act = act_of_part(clear, fields, [], f"case {number}")
    return [
        row(entry, None, header_content(clear, counts, fields, f"case {number}"), parts),
        *(
            row(entry, bytes([part]) * 16,
                part_content(act, Whose(SubjectId(UUID(int=number * 10 + part)), 3, None)), None)
            for part in range(1, parts + 1)
        ),
    ]  # fmt: skip


def honest(entries: int) -> Stored:
    """So many entries of one to three parts, checkpoints after every fourth entry."""
    rows: list[Row] = []
    sizes: list[int] = []
    for number in range(1, entries + 1):
        rows += entry_rows(number, number % 3 + 1)
        if number % 4 == 0 or number == entries:
            sizes.append(len(rows) + 1)
    leaves = (leaf_hash(BEGINS.begins), *(row_hash(MONTH, each.commitment) for each in rows))
    return Stored(tuple(rows), leaves, tuple(checkpoint(leaves[:size]) for size in sizes))
