"""Witnesses: who holds the newest checkpoint of a log outside the database, and refuses one that shrinks or forks.

A witness knows nothing of entries. It remembers, per log, the size and root it saw last, and takes a larger tree only
with a proof that it begins with that one. A database that was put back, or rewritten under a stolen key, can then be
shown no witness without being found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from vault.errors import Contended, Tampered
from vault.house import House
from vault.ledger.leaves import read_log
from vault.ledger.merkle import check_consistency, consistency
from vault.ledger.notes import Checkpoint, Verifier, check_checkpoint, read_checkpoint
from vault.ledger.proving import path_of
from vault.ledger.sequencing import verifier
from vault.storage.tree import CheckpointRow, LogRow, logs, newest

ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Accepted:
    """The witness holds this checkpoint now; durable."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The witness holds a tree of another size than was taken for granted; nothing changed. Prove from there."""

    size: int


class Witness(Protocol):
    """Holds the newest checkpoint of each log it was shown. Several processes may show it theirs at once."""

    @property
    def name(self) -> str:
        """What messages call it; no secret."""
        ...

    async def add(self, shown: Checkpoint, by: Verifier, old: int, proof: Sequence[bytes]) -> Accepted | Holds:
        """Show a checkpoint.

        Args:
            shown: the checkpoint.
            by: whose signature it bears.
            old: the size the witness is taken to hold; 0 for none.
            proof: that the tree begins with the one of `old`.

        Returns:
            Accepted: durable at the witness; also when it held exactly this one. Holds: `old` was wrong.

        Raises:
            Tampered: not signed by whom the witness expects, smaller than what it holds, or not a continuation of it.
            Unavailable: it does not answer; it may hold the checkpoint all the same. Show it again.
        """
        ...

    async def heads(self) -> Sequence[str]:
        """The newest checkpoint of every log it holds, as notes; empty where it does not tell."""
        ...


async def tell(house: House, witness: Witness, told: Checkpoint | None = None) -> Checkpoint | None:
    """Show a witness the newest checkpoint of the newest log; returns it, or None where there is none yet.

    Args:
        house: whose ledger it is.
        witness: whom to show it.
        told: what it accepted before, if that is known: saves a question, and the call where nothing is new.

    Raises:
        Tampered: the witness holds what this database does not have, or refuses what it has.
        Unavailable: the witness or the database does not answer.
    """
    known: int | None = None
    for _ in range(ROUNDS):
        showing = await _showing(house, witness.name, told, known)
        if showing is None:
            return None
        if showing.shown == told:
            return told
        answer = await witness.add(showing.shown, verifier(house, showing.shown.origin), showing.old, showing.proof)
        if isinstance(answer, Accepted):
            return showing.shown
        known = answer.size
    raise Contended(f"{witness.name} was shown other checkpoints meanwhile")


@dataclass(frozen=True, slots=True)
class _Showing:
    shown: Checkpoint
    old: int
    proof: Sequence[bytes]


async def _showing(house: House, name: str, told: Checkpoint | None, known: int | None) -> _Showing | None:
    """The newest checkpoint, with a proof from what the witness is known to hold, or is taken to."""
    async with house.control.connection() as connection:
        log, row = await _newest(connection)
        if log is None or row is None:
            return None
        if known is None:
            known = told.size if told and told.origin == log.origin else 0
        if known > row.size:
            raise Tampered(f"{name} holds {known} leaves of the ledger and this database {row.size}")
        proof = await path_of(connection, log.number, consistency(known, row.size)) if known else []
    return _Showing(Checkpoint(log.origin, row.size, row.root, row.note), known, proof)


async def _newest(connection: Any) -> tuple[LogRow | None, CheckpointRow | None]:
    known = await logs(connection)
    return (known[-1], await newest(connection, known[-1].number)) if known else (None, None)


async def compare(house: House, witness: Witness) -> None:
    """Return if everything that a witness tells it holds is in this database, and its newest log goes on from there.

    Raises:
        Tampered: it holds a log that is unknown here, or more of one than there is.
        Unavailable: the witness or the database does not answer.
    """
    held = [read_checkpoint(note) for note in await witness.heads()]
    async with house.control.connection() as connection:
        known = await logs(connection)
        for head in held:
            await _compare(house, connection, known, head, witness.name)
    await tell(house, witness)


async def _compare(house: House, connection: Any, known: Sequence[LogRow], head: Checkpoint, name: str) -> None:
    place = next((at for at, log in enumerate(known) if log.origin == head.origin), None)
    if place is None:
        raise Tampered(f"{name} holds a log of the ledger that is not in this database")
    check_checkpoint(head.note, verifier(house, head.origin).public)
    row = await newest(connection, known[place].number)
    if row is not None and head.size <= row.size:
        path = await path_of(connection, known[place].number, consistency(head.size, row.size))
        check_continues(head, Checkpoint(head.origin, row.size, row.root, row.note), path)
    elif not _embedded(known[place + 1 :], head):
        raise Tampered(f"{name} holds {head.size} leaves of a log of which this database has fewer")


def check_continues(old: Checkpoint, new: Checkpoint, path: Sequence[bytes]) -> None:
    """Return if one tree of a log begins with the other.

    Raises:
        Tampered: it does not.
    """
    check_consistency((old.size, old.root), (new.size, new.root), path)


def _embedded(later: Sequence[LogRow], head: Checkpoint) -> bool:
    """Whether a later log was begun in the knowledge of this checkpoint, or a newer one of the same log."""
    for log in later:
        previous = read_log(log.begins).previous
        if previous.partition("\n")[0] == head.origin:
            return read_checkpoint(previous).size >= head.size
    return False
