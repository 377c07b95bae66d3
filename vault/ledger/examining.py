"""Examines the whole ledger: every leaf against its row, every row against its seal, every checkpoint, every witness.

 1. each log in order: leaves, rows, kept nodes, checkpoints (`checking.py` has the rules)
 2. what is on record and not in the tree
 3. persons: a row that is older than the ledger says was put back
 4. witnesses

It reads while others write, in chunks of bounded memory but for one number per person, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from vault.crypto.aead import Sealer
from vault.errors import BrokenSeal, Tampered, VaultError
from vault.house import House
from vault.ledger.book import month_of, reference
from vault.ledger.checking import Fault, LogCheck, StoredLeaf, StoredRow, Trouble
from vault.ledger.leaves import Clear, act_of_part, commitment, counts_of, header_content, part_content, read_log, salt
from vault.ledger.merkle import Node
from vault.ledger.notes import Checkpoint, read_checkpoint
from vault.ledger.parts import read_header, read_part
from vault.ledger.retiring import is_over
from vault.ledger.sequencing import frontier, signing_key
from vault.ledger.witnessing import Witness, compare
from vault.request import Secret
from vault.storage.examining import (
    Person,
    checkpoints_between,
    leaves_between,
    nodes_between,
    persons,
    uncovered,
)
from vault.storage.tree import LogRow, logs, newest

CHUNK: Final = 2_000
FAR: Final = (1 << 63) - 1
Progress = Callable[[str, int, int], None]
"""Told a step, how far it is and how far it goes."""


@dataclass(slots=True)
class Verdict:
    """What an examination found. `unreadable` leaves are of months whose key has died; the tree covers them still.

    `before` rows are from before there was a tree; `away` names witnesses that did not answer.
    """

    origins: list[str] = field(default_factory=list[str])
    leaves: int = 0
    unreadable: int = 0
    before: int = 0
    persons: int = 0
    witnesses: int = 0
    away: list[str] = field(default_factory=list[str])
    faults: list[Fault] = field(default_factory=list[Fault])


def silent(_step: str, _done: int, _of: int) -> None:
    """No progress."""


class Examiner:
    """Examines the ledger of a house."""

    def __init__(
        self, house: House, witnesses: Sequence[Witness] = (), progress: Progress = silent, *, chunk: int = CHUNK
    ) -> None:
        self._house = house
        self._witnesses = witnesses
        self._progress = progress
        self._chunk = chunk
        self._seen: dict[UUID, int] = {}
        self._lost: set[date] = set()

    async def run(self, kept: Iterable[str] = (), *, recent: int | None = None) -> Verdict:
        """All of it, or as much as a start has time for.

        Args:
            kept: checkpoints that somebody kept, as notes: each must be of a tree that the ledger begins with.
            recent: examine only so many of the newest leaves of the newest log, and the persons they speak of. What
                is before them is taken from the kept nodes, which the newest checkpoint signs.

        Raises:
            Tampered: one of `kept` is not a checkpoint.
            Unavailable: a database does not answer.
        """
        verdict, points = Verdict(), [read_checkpoint(note) for note in kept]
        async with self._house.control.connection() as connection:
            known = await logs(connection)
        for log in known if recent is None else known[-1:]:
            await self._log(log, [point for point in points if point.origin == log.origin], verdict, recent)
        strangers = {point.origin for point in points} - {log.origin for log in known}
        verdict.faults += [Fault(Trouble.SHORT, about=f"there is no log `{origin}`") for origin in sorted(strangers)]
        verdict.faults += _succession(known)
        if recent is None:
            await self._uncovered(known, verdict)
        await self._persons(verdict)
        await self._compare(verdict)
        verdict.faults += [Fault(Trouble.KEY, about=f"{month:%Y-%m}") for month in sorted(self._lost)]
        return verdict

    # -- 1: a log ------------------------------------------------------------------------------------------------------

    async def _log(self, log: LogRow, kept: Sequence[Checkpoint], verdict: Verdict, recent: int | None) -> None:
        async with self._house.control.connection() as connection:
            last = await newest(connection, log.number)
            size = last.size if last else 0
            start = 0 if recent is None else max(0, size - recent)
            tree = await frontier(connection, log.number, start)
            check = LogCheck(log, signing_key(self._house).public(), kept, tree)
            begun = start
            while rows := await leaves_between(connection, log.number, start, start + self._chunk):
                end = rows[-1]["position"] + 1
                check.expect(map(_point, await checkpoints_between(connection, log.number, start, end)))
                nodes = await nodes_between(connection, log.number, start, end)
                self._feed(check, rows, nodes)
                start = end
                self._progress(log.origin, start, size)
            check.expect(map(_point, await checkpoints_between(connection, log.number, check.size, FAR)))
        verdict.origins.append(log.origin)
        verdict.faults += check.finish()
        verdict.leaves += check.size - begun
        verdict.unreadable += check.unreadable

    def _feed(self, check: LogCheck, rows: Sequence[Any], nodes: dict[Node, bytes]) -> None:
        for row in rows:
            check.leaf(StoredLeaf(row["position"], row["hash"], row["entry"], self._stored(row)), nodes)

    def _stored(self, row: Any) -> StoredRow | None:
        """The row of a leaf with what its commitment ought to be."""
        header = row["subject"] is None
        month, committed = (row["month"], row["commitment"]) if header else (row["part_month"], row["part_commitment"])
        if row["id"] is None or month is None:
            return None
        believed = False
        key = self._house.keys.current.audit.get(month)
        if key is None:
            believed = is_over(self._house.policy, month, self._house.clock())
            self._lost |= set() if believed else {month}
        try:
            due = None if key is None else self._due(key, row, header=header)
        except BrokenSeal:
            due = None
        return StoredRow(month=month, commitment=committed, due=due, believed=believed,
                         parts=row["subjects"] if header else None)  # fmt: skip

    def _due(self, key: Secret[bytes], row: Any, *, header: bool) -> bytes | None:
        """What was recorded, made again from the clear columns and the seal. None: the row belongs somewhere else."""
        clear, sealer = Clear.of(row), Sealer(key)
        if month_of(clear.at) != row["month"]:
            return None
        if header:
            said = read_header(sealer, row)
            content = header_content(clear, counts_of(row, said.rules), said.fields, said.reason)
            return commitment(salt(key, clear.entry), content)
        part = read_part(sealer, clear.entry, row["subject"], row["part_sealed"])
        if part.whose is None or reference(key, part.whose.subject) != row["subject"]:
            return None
        if part.whose.version is not None:
            seen = self._seen.get(part.whose.subject, 0)
            self._seen[part.whose.subject] = max(seen, part.whose.version)
        content = part_content(act_of_part(clear, part.fields, part.withheld, part.reason), part.whose)
        return commitment(salt(key, clear.entry, row["subject"]), content)

    # -- 2: what is not in the tree ------------------------------------------------------------------------------------

    async def _uncovered(self, known: Sequence[LogRow], verdict: Verdict) -> None:
        self._progress("rows without a leaf", 0, 1)
        async with self._house.control.connection() as connection:
            last = await newest(connection, known[-1].number) if known else None
            if last is not None:
                missing, verdict.before = await uncovered(connection, last.horizon)
                verdict.faults += [Fault(Trouble.UNCOVERED, entry=entry) for entry in missing]

    # -- 3: persons ----------------------------------------------------------------------------------------------------

    async def _persons(self, verdict: Verdict) -> None:
        subjects = sorted(self._seen)
        for start in range(0, len(subjects), self._chunk):
            chunk = subjects[start : start + self._chunk]
            async with self._house.control.connection() as connection:
                found = await persons(connection, chunk)
            for subject in chunk:
                if not _as_recorded(found.get(subject), self._seen[subject]):
                    verdict.faults.append(Fault(Trouble.SUBJECT, about=str(SubjectId(subject))))
            self._progress("persons", start + len(chunk), len(subjects))
        verdict.persons = len(subjects)

    # -- 4: witnesses --------------------------------------------------------------------------------------------------

    async def _compare(self, verdict: Verdict) -> None:
        verdict.witnesses = len(self._witnesses)
        for number, witness in enumerate(self._witnesses):
            self._progress("witnesses", number, len(self._witnesses))
            try:
                await compare(self._house, witness)
            except Tampered as error:
                verdict.faults.append(Fault(Trouble.WITNESS, about=str(error)))
            except VaultError as error:
                verdict.away.append(str(error))


def _point(row: Any) -> Checkpoint:
    """A stored checkpoint, its origin as the note has it."""
    note = row["note"].decode(errors="replace")
    return Checkpoint(note.partition("\n")[0], row["size"], row["root"], note)


def _as_recorded(person: Person | None, version: int) -> bool:
    """Whether a person's rows are at least as new as what was recorded of it, and dead if it was erased."""
    if person is None:
        return False
    if person.version is None:
        return person.erased
    return person.version >= version and person.erased == person.dead


def _succession(known: Sequence[LogRow]) -> list[Fault]:
    """Whether each log names the one before it."""
    faults: list[Fault] = []
    for at, log in enumerate(known):
        named = read_log(log.begins).previous.partition("\n")[0]
        if at and named != known[at - 1].origin:
            faults.append(Fault(Trouble.SUCCESSION, log.number))
    return faults
