"""`erase`: what the database does to erase one whole subject, with few sealed groups and with many.

Measured is the erasing transaction, from asking for a connection to the acknowledged commit: its ledger entry, the
locks, the tombstone, the dead keys and index tokens, the flush to disk. The plain twin deletes the same number of rows
of plaintext in one transaction. Both wait for the same disk.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from benchmarks.ground import Ground, Pair, connect, principal, settled
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from hvelv.population import Person
from policies.model import Access
from vault import Vault
from vault.request import Cause, CauseKind, ReceiptStatus, Scope
from vault.storage.engine import Database

WITHIN: Final = 0.001
ALIKE: Final = 1.25
BLOB_BYTES: Final = 125
NOTES: Final = (
    "create table person (id uuid primary key, name text, phone text, email text)",
    "create table note (id uuid primary key, person uuid not null references person on delete cascade, text text)",
    "create index note_person on note (person)",
)
OWN: Final = Access("self_service", None, "self")


class Timed(Database):
    """A database that remembers how long its last transaction took."""

    last: float = 0.0

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Any, None]:
        """See `Database.transaction`."""
        began = time.perf_counter()
        async with super().transaction() as connection:
            yield connection
        self.last = time.perf_counter() - began


@dataclass(slots=True)
class Rounds:
    """Seconds of each erasure, ours and plain, with few groups and with many; and of each whole call of the door."""

    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    plain_few: list[float] = field(default_factory=list)
    plain_many: list[float] = field(default_factory=list)


async def run(ground: Ground, results: Results) -> None:
    """Erase in turns, check that nothing opens, add the figures."""
    sizes, rounds = ground.sizes, Rounds()
    async with ground.pair() as pair, ground.plain() as address:
        house = pair.house(database=Timed)
        assert isinstance(house.control, Timed)
        async with Vault(house) as vault:
            town = await settled(vault, 2 * sizes.erasures + 2)
            leads = [person for person in town.everybody if not person.wants_offer]
            few, many = leads[: sizes.erasures], leads[sizes.erasures : 2 * sizes.erasures]
            await _more_groups(pair, few, sizes.few_groups)
            await _more_groups(pair, many, sizes.many_groups)
            plain = await connect(address)
            await _notes(plain, {**_counts(few, sizes.few_groups), **_counts(many, sizes.many_groups)})
            for light, heavy in zip(few, many, strict=True):
                for person, times, plainly in (
                    (light, rounds.few, rounds.plain_few),
                    (heavy, rounds.many, rounds.plain_many),
                ):
                    began = time.perf_counter()
                    await _erase(vault, person, results)
                    rounds.calls.append(time.perf_counter() - began)
                    times.append(house.control.last)
                    plainly.append(await _delete(plain, person.subject, results))
            await plain.close()
            await _others_open(vault, leads[-1], results)
    results.figures += _figures(rounds, sizes.few_groups, sizes.many_groups)


def _figures(rounds: Rounds, few: int, many: int) -> list[Figure]:
    light, heavy = median(rounds.few), median(rounds.many)
    return [
        Figure(work=f"erase, {few:,} groups", ours=light, other="delete the plaintext rows",
               theirs=median(rounds.plain_few), against=Against.NATURAL, within=WITHIN),
        Figure(work=f"erase, {many:,} groups", ours=heavy, other="delete the plaintext rows",
               theirs=median(rounds.plain_many), against=Against.NATURAL, within=WITHIN),
        Figure(work=f"erase, {many:,} groups", ours=heavy, other=f"erase, {few:,} groups", theirs=light,
               against=Against.OURSELVES, at_most=ALIKE),
    ]  # fmt: skip


def _counts(people: Sequence[Person], count: int) -> dict[UUID, int]:
    return {person.subject: count for person in people}


async def _more_groups(pair: Pair, people: Sequence[Person], count: int) -> None:
    """Hang `count` groups more under each of these: heads under a key the subject has, and blobs of a usual length."""
    control, contents = await connect(pair.owner("control")), await connect(pair.owner("contents"))
    for person in people:
        key = await control.fetchval("select key from head where subject = $1 limit 1", person.subject)
        made = [(uuid.uuid4(), uuid.uuid4(), os.urandom(BLOB_BYTES)) for _ in range(count)]
        await control.copy_records_to_table(
            "head",
            columns=["subject", "record", "category", "version", "field_set", "key", "blob", "tag"],
            records=[(person.subject, record, 1, 1, 1, key, blob, sealed[-16:]) for record, blob, sealed in made],
        )
        await contents.copy_records_to_table(
            "blob", columns=["subject", "id", "sealed"], records=[(person.subject, b, sealed) for _, b, sealed in made]
        )
    for connection in (control, contents):
        await connection.execute("analyze")
        await connection.close()


async def _notes(plain: Any, counts: dict[UUID, int]) -> None:
    for statement in NOTES:
        await plain.execute(statement)
    await plain.copy_records_to_table("person", records=[(person, "Kari", "+4768050000", "k@example.no")
                                                         for person in counts])  # fmt: skip
    text = "x" * BLOB_BYTES
    for person, count in counts.items():
        await plain.copy_records_to_table("note", records=[(uuid.uuid4(), person, text) for _ in range(count)])
    await plain.execute("analyze")


async def _erase(vault: Vault, person: Person, results: Results) -> None:
    who = await principal(vault.tokens, "self", subject=person.subject)
    receipt = await vault.erase(who, Cause(CauseKind.REQUEST, None, None), [Scope(person.subject)])
    results.check(receipt.status is ReceiptStatus.PENDING, "erase: the receipt is not `pending`")
    opened = await vault.open(who, OWN, [person.subject], frozenset({"person.email"}))
    results.check(not opened.records and not opened.found, "erase: an erased subject opened")


async def _delete(plain: Any, person: UUID, results: Results) -> float:
    began = time.perf_counter()
    async with plain.transaction():
        await plain.execute("delete from person where id = $1", person)
    taken = time.perf_counter() - began
    left = await plain.fetchval("select count(*) from note where person = $1", person)
    results.check(left == 0, "erase: plain rows were left")
    return taken


async def _others_open(vault: Vault, person: Person, results: Results) -> None:
    who = await principal(vault.tokens, "self", subject=person.subject)
    opened = await vault.open(who, OWN, [person.subject], frozenset({"person.email"}))
    values = [value.reveal() for record in opened.records for value in record.values.values()]
    results.check(values == [person.email], "erase: somebody who was not erased does not open")
