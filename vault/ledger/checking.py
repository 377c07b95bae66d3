"""The rules by which a log of the ledger is whole, leaf by leaf, without a database: what is fed in is what is judged.

A leaf is fed with the row it is of, as far as there is one, and with what the row's commitment ought to be, as far as
the month's audit key still lives. Checkpoints are compared where the tree reaches their size: those of the database,
those of witnesses, and any that somebody kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique
from typing import Final
from uuid import UUID

from vault.errors import Tampered
from vault.ledger.leaves import read_log, row_hash
from vault.ledger.merkle import Frontier, Node, leaf_hash
from vault.ledger.notes import Checkpoint, check_checkpoint
from vault.storage.tree import LogRow


@unique
class Trouble(StrEnum):
    """What can be wrong."""

    POSITION = "a leaf is missing or out of order"
    BEGINNING = "the first leaf is not the log's beginning"
    ROW = "the row of a leaf is missing"
    LEAF = "a leaf is not the one of its row"
    CONTENT = "a row is not what was recorded"
    PARTS = "an entry has another number of parts than it says"
    NODE = "a kept node is not the hash of what is below it"
    ROOT = "a checkpoint has another root than the tree"
    SHORT = "the tree is shorter than a checkpoint"
    SIGNATURE = "a checkpoint is not signed by the ledger's key"
    UNCOVERED = "a row of the ledger is not in the tree"
    KEY = "the audit key of a month is missing before its time"
    SUBJECT = "a person's rows are older than the ledger says: they were put back"
    SUCCESSION = "a log does not go on from the one before it"
    WITNESS = "a witness holds what this database does not"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where: ids and numbers, nothing of anybody."""

    trouble: Trouble
    log: int | None = None
    position: int | None = None
    entry: UUID | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A row of the ledger beside its leaf.

    `due` is what its commitment ought to be; None when the month's key has died, and the row's own is believed.
    `parts` is for a header: how many its entry says it has.
    """

    month: date
    commitment: bytes
    due: bytes | None
    believed: bool
    parts: int | None = None


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf as it is stored, with its row."""

    position: int
    hash: bytes
    entry: UUID | None
    row: StoredRow | None


MOST_FAULTS: Final = 1_000


class LogCheck:
    """Checks one log. Feed every leaf in order, then `finish`.

    Args:
        log: which one.
        public: the key its checkpoints are signed with.
        kept: checkpoints of it that somebody kept.
        tree: what its first leaves are taken to be, where they are not fed; it grows.
    """

    def __init__(
        self, log: LogRow, public: bytes, kept: Iterable[Checkpoint] = (), tree: Frontier | None = None
    ) -> None:
        self._log = log
        self._public = public
        self._tree = tree or Frontier()
        self._waiting = sorted(kept, key=lambda each: each.size)
        self._missing_parts = 0
        self._aligned = not self._tree.size
        self._open_entry: UUID | None = None
        self.faults: list[Fault] = []
        self.unreadable = 0

    @property
    def size(self) -> int:
        """How many leaves were fed, or taken for granted."""
        return self._tree.size

    def expect(self, points: Iterable[Checkpoint]) -> None:
        """Compare these checkpoints too; none of them smaller than what was fed already."""
        self._waiting = sorted([*self._waiting, *points], key=lambda each: each.size)

    def leaf(self, leaf: StoredLeaf, nodes: dict[Node, bytes] | None = None) -> None:
        """The next leaf, and the kept nodes that ought to stand over what is whole now."""
        if leaf.position != self.size:
            self._fault(Trouble.POSITION, leaf)
        self._row(leaf)
        for node, made in self._tree.append(leaf.hash):
            if nodes is not None and nodes.get(node, made) != made:
                self._fault(Trouble.NODE, leaf)
        while self._waiting and self._waiting[0].size <= self.size:
            self._point(self._waiting.pop(0))

    def finish(self) -> Sequence[Fault]:
        """Everything that was wrong."""
        self._parts(None, None)
        for point in self._waiting:
            self._fault(Trouble.SHORT, about=f"{point.size} leaves were signed, there are {self.size}")
        return self.faults

    def _row(self, leaf: StoredLeaf) -> None:
        if leaf.position == 0:
            self._beginning(leaf)
        elif leaf.row is None:
            self._fault(Trouble.ROW, leaf)
        else:
            self._compare(leaf, leaf.row)

    def _compare(self, leaf: StoredLeaf, row: StoredRow) -> None:
        self._parts(leaf.entry, row.parts)
        if row_hash(row.month, row.commitment) != leaf.hash:
            self._fault(Trouble.LEAF, leaf)
        if row.due is None and row.believed:
            self.unreadable += 1
        elif row.due != row.commitment:
            self._fault(Trouble.CONTENT, leaf)

    def _beginning(self, leaf: StoredLeaf) -> None:
        named = read_log(self._log.begins).origin
        if leaf.entry is not None or leaf.hash != leaf_hash(self._log.begins) or named != self._log.origin:
            self._fault(Trouble.BEGINNING, leaf)

    def _parts(self, entry: UUID | None, header: int | None) -> None:
        """A header opens its entry, each part counts it down; at the next header it must be even."""
        if not self._aligned and header is None:  # begun in the middle of an entry
            return
        self._aligned = True
        if header is None and entry is not None and entry == self._open_entry:
            self._missing_parts -= 1
            return
        if self._missing_parts:
            self._fault(Trouble.PARTS, about=str(self._open_entry))
        self._open_entry, self._missing_parts = entry, (header if header is not None else -1) if entry else 0

    def _point(self, point: Checkpoint) -> None:
        try:
            check_checkpoint(point.note, self._public)
        except Tampered:
            self._fault(Trouble.SIGNATURE, about=f"checkpoint {point.size}")
        if point.origin != self._log.origin or point.size != self.size or point.root != self._tree.root():
            self._fault(Trouble.ROOT, about=f"checkpoint {point.size}")

    def _fault(self, trouble: Trouble, leaf: StoredLeaf | None = None, about: str = "") -> None:
        if len(self.faults) < MOST_FAULTS:
            position, entry = (leaf.position, leaf.entry) if leaf else (None, None)
            self.faults.append(Fault(trouble, self._log.number, position, entry, about))
