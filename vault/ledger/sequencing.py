"""Puts the ledger's rows in order, outside the path of whoever writes them: leaves, nodes, a signed checkpoint.

One process at a time, under an advisory lock of its transaction; the others pass. A turn reads the entries of all
transactions that ended before the snapshot's horizon: a transaction that is still running and commits later can never
come before what was read. What has a leaf already is left out, so a turn repeated after a crash, or on a database that
was restored into another server, adds nothing twice.

 1. take the turn, or leave          killed: nothing happened
 2. read what has no leaf yet
 3. add leaves, nodes, checkpoint    killed: nothing happened; after the commit the whole turn did
 4. witnesses are told (`witnessing.py`): killed before it, the next turn tells them

A checkpoint is never signed for a tree that is not committed with it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from vault.crypto.signing import SigningKey
from vault.errors import Contended
from vault.house import House
from vault.ledger.leaves import log_content, row_hash
from vault.ledger.merkle import Frontier, Node, cover, leaf_hash, perfect
from vault.ledger.notes import Checkpoint, Verifier, read_checkpoint, sign_checkpoint
from vault.storage.tree import (
    STEP,
    CheckpointRow,
    Fresh,
    LeafRow,
    LogRow,
    Span,
    edge,
    fresh_rows,
    horizon,
    insert_checkpoint,
    insert_leaves,
    insert_log,
    insert_nodes,
    leaf_hashes,
    logs,
    newest,
    node_hashes,
    take_turn,
)

ENTRIES: Final = 5_000
"""About how many entries a turn takes."""
PREFIX: Final = "hvelv/ledger/"


def signing_key(house: House) -> SigningKey:
    """The key that signs checkpoints and receipts."""
    return SigningKey(house.keys.system("signing"))


def verifier(house: House, origin: str) -> Verifier:
    """What verifies the checkpoints of a log."""
    return Verifier(origin, signing_key(house).public())


async def hashes(connection: Any, log: int, nodes: set[Node]) -> dict[Node, bytes]:
    """The hashes of these whole nodes of a log."""
    spans = {node: _kept(node) for node in nodes}
    found = await leaf_hashes(connection, log, [(start, stop) for level, start, stop in spans.values() if not level])
    found |= await node_hashes(connection, log, [span for span in spans.values() if span[0]])
    return {
        node: perfect([found[level, position] for position in range(start, stop)])
        for node, (level, start, stop) in spans.items()
    }


def _kept(node: Node) -> tuple[int, int, int]:
    """The kept nodes that a node is made of: (level, start, stop)."""
    level, index = node
    above = level % STEP
    return level - above, index << above, (index + 1) << above


async def frontier(connection: Any, log: int, size: int) -> Frontier:
    """The right edge of a log's tree as it was at this size."""
    nodes = cover(0, size)
    known = await hashes(connection, log, set(nodes))
    return Frontier(size, [known[node] for node in nodes])


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to add. Every transaction before `end` was looked at."""

    rows: Sequence[Fresh]
    end: int


class Sequencer:
    """Adds what was recorded to the tree."""

    def __init__(self, house: House, *, entries: int = ENTRIES) -> None:
        self._house = house
        self._entries = entries

    async def catch_up(self) -> Checkpoint | None:
        """Take turns until nothing is left; the last checkpoint that was made, if one was."""
        made = None
        while (latest := await self.turn()) is not None:
            made = latest
        return made

    async def turn(self) -> Checkpoint | None:
        """One turn. None: somebody else is at it, or there is nothing to add.

        Raises:
            Unavailable: the database does not answer; nothing was added.
        """
        async with self._house.control.transaction() as connection:
            if not await take_turn(connection):
                return None
            known = await logs(connection)
            log = known[-1] if known else await self._begin(connection, 1, None, 0)
            last = await newest(connection, log.number)
            return await self._add(connection, log, last, await self._unread(connection, last))

    async def begin_again(self, previous: str | None) -> Checkpoint:
        """After a restore that lost entries: a new log, whose first leaf embeds the last checkpoint of the old one.

        What was restored keeps its place in the old log; what has none goes into the new one. Nobody else may be
        writing. Repeated, it begins yet another.

        Args:
            previous: the newest checkpoint that anybody has of the old log: a witness's, or else the database's own.
        """
        async with self._house.control.transaction() as connection:
            if not await take_turn(connection):
                raise Contended("another process is adding to the ledger's tree")
            known = await logs(connection)
            last = await newest(connection, known[-1].number) if known else None
            embedded = previous or (last.note if last else None)
            if embedded is not None:
                read_checkpoint(embedded)
            log = await self._begin(connection, len(known) + 1, embedded, last.size if last else 0)
            ended, _ = await horizon(connection)
            batch = Batch(await fresh_rows(connection, Span(0, None)), ended)
            return await self._publish(connection, log, None, batch)

    async def _begin(self, connection: Any, number: int, previous: str | None, left: int) -> LogRow:
        origin = f"{PREFIX}{UUID(bytes=self._house.entropy(16), version=4)}"
        row = LogRow(number, origin, log_content(origin, previous, left))
        await insert_log(connection, row, self._house.clock())
        return row

    async def _unread(self, connection: Any, last: CheckpointRow | None) -> Batch:
        """The next rows without a leaf, and the transaction up to which that is all of them."""
        ended, begun = await horizon(connection)
        start = last.horizon if last else 0
        if start > begun:  # numbers of another server, which this database was restored from: they say nothing here
            return Batch(await fresh_rows(connection, Span(0, None)), ended)
        while True:
            end = await edge(connection, start, ended, self._entries)
            rows = await fresh_rows(connection, Span(start, end))
            if rows or end >= ended:
                return Batch(rows, end)
            start = end

    async def _add(self, connection: Any, log: LogRow, last: CheckpointRow | None, batch: Batch) -> Checkpoint | None:
        if last is not None and not batch.rows:
            return None
        return await self._publish(connection, log, last, batch)

    async def _publish(self, connection: Any, log: LogRow, last: CheckpointRow | None, batch: Batch) -> Checkpoint:
        tree = await frontier(connection, log.number, last.size if last else 0)
        leaves = [] if last else [LeafRow(0, None, None, leaf_hash(log.begins))]
        first = tree.size + len(leaves)
        leaves += [
            LeafRow(first + n, row.entry, row.subject, row_hash(row.month, row.commitment))
            for n, row in enumerate(batch.rows)
        ]
        nodes = [node for leaf in leaves for node in tree.append(leaf.hash)]
        await insert_leaves(connection, log.number, leaves)
        await insert_nodes(connection, log.number, nodes)
        signed = sign_checkpoint(log.origin, tree.size, tree.root(), signing_key(self._house))
        row = CheckpointRow(signed.size, signed.root, signed.note, self._house.clock(), batch.end)
        await insert_checkpoint(connection, log.number, row)
        return signed
