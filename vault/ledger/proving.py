"""Proofs out of the tree: that a row of the ledger is in it, and that one tree begins another.

A proof of inclusion carries all that is needed to check it offline: what the leaf says, its salt, its place, the path,
the signed checkpoint. `docs/verify_ledger.py` does that without this code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from vault.errors import Unknown
from vault.house import House
from vault.ledger.leaves import (
    NO_REFERENCE,
    Clear,
    act_of_part,
    counts_of,
    header_content,
    part_content,
    salt,
)
from vault.ledger.merkle import Range, consistency, cover, inclusion, joined
from vault.ledger.parts import HeaderSaid, PartSaid
from vault.ledger.sequencing import hashes, verifier
from vault.request import ConsistencyProof, LedgerProof, SignedCheckpoint
from vault.storage.tree import CheckpointRow, LogRow, logs, newest, places


@dataclass(frozen=True, slots=True)
class Claim:
    """A row whose leaf is to be proven: a header where `reference` is None. `content` is what the leaf says."""

    entry: UUID
    reference: bytes | None
    month: date
    content: bytes


def part_claim(row: Any, said: PartSaid) -> Claim | None:
    """The claim of a part, from its row beside its header's; None: it is from before there was a tree."""
    if said.whose is None:
        return None
    content = part_content(act_of_part(Clear.of(row), said.fields, said.withheld, said.reason), said.whose)
    return Claim(row["id"], row["subject"], row["month"], content)


def header_claim(row: Any, said: HeaderSaid) -> Claim:
    """The claim of a header, from its row."""
    counts = counts_of(row, said.rules)
    return Claim(row["id"], None, row["month"], header_content(Clear.of(row), counts, said.fields, said.reason))


async def path_of(connection: Any, log: int, ranges: Sequence[Range]) -> list[bytes]:
    """The hashes of these ranges of leaves of a log."""
    (path,) = await paths_of(connection, log, [ranges])
    return path


async def paths_of(connection: Any, log: int, many: Sequence[Sequence[Range]]) -> list[list[bytes]]:
    """The hashes of several lists of ranges, read at once."""
    covers = [[cover(*each) for each in ranges] for ranges in many]
    known = await hashes(connection, log, {node for ranges in covers for nodes in ranges for node in nodes})
    return [[joined([known[node] for node in nodes]) for nodes in ranges] for ranges in covers]


async def prove(house: House, claims: Sequence[Claim]) -> list[LedgerProof | None]:
    """The proofs of these rows under the newest checkpoint of the log they are in; None: not in the tree yet."""
    found: dict[Claim, LedgerProof] = {}
    async with house.control.connection() as connection:
        where = await places(connection, [(claim.entry, claim.reference) for claim in claims])
        by_log: defaultdict[int, list[tuple[Claim, int]]] = defaultdict(list)
        for claim in claims:
            place = where.get((claim.entry, claim.reference))
            if place is not None:
                by_log[place[0]].append((claim, place[1]))
        known = {log.number: log for log in await logs(connection)} if by_log else {}
        for number, placed in by_log.items():
            row = await newest(connection, number)
            if row is not None:
                found |= await _proven(house, connection, known[number], row, placed)
    return [found.get(claim) for claim in claims]


async def _proven(
    house: House, connection: Any, log: LogRow, row: CheckpointRow, placed: Sequence[tuple[Claim, int]]
) -> dict[Claim, LedgerProof]:
    paths = await paths_of(connection, log.number, [inclusion(index, row.size) for _, index in placed])
    key = str(verifier(house, log.origin))
    return {
        claim: LedgerProof(
            content=claim.content.decode(),
            salt=salt(house.keys.current.audit[claim.month], claim.entry, claim.reference or NO_REFERENCE),
            month=f"{claim.month:%Y%m}",
            index=index,
            path=tuple(path),
            checkpoint=row.note,
            key=key,
        )
        for (claim, index), path in zip(placed, paths, strict=True)
    }


async def latest(house: House) -> SignedCheckpoint | None:
    """The newest checkpoint of the newest log; None before anything was put in order."""
    async with house.control.connection() as connection:
        known = await logs(connection)
        row = await newest(connection, known[-1].number) if known else None
    return None if row is None else _signed(house, known[-1], row)


async def continues(house: House, origin: str, size: int) -> ConsistencyProof:
    """That the newest tree of a log begins with the one of `size` leaves.

    Raises:
        Unknown: there is no such log, or it never had so many leaves.
    """
    async with house.control.connection() as connection:
        log = next((each for each in await logs(connection) if each.origin == origin), None)
        row = await newest(connection, log.number) if log else None
        if log is None or row is None or not 0 < size <= row.size:
            raise Unknown("the ledger has no such checkpoint")
        path = await path_of(connection, log.number, consistency(size, row.size))
    return ConsistencyProof(size, tuple(path), _signed(house, log, row))


def _signed(house: House, log: LogRow, row: CheckpointRow) -> SignedCheckpoint:
    return SignedCheckpoint(log.origin, row.size, row.root, row.note, row.at, str(verifier(house, log.origin)))
