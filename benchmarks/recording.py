"""`record`: many openers at once, each opening on record: entries flushed in groups, entries flushed one by one.

The plain twin keeps no record: each of its openers reads the same ten values and updates a row of plaintext of an
entry's size, in a transaction of its own. Entries alone are measured beside whole openings, because an opening also
decides and decrypts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.ground import Ground, Town, connect, pool, settled
from benchmarks.in_process import ACCESS, MASK, values_of
from benchmarks.plain import MANY, expected, fill
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import alternating, median
from hvelv.population import Person
from policies.model import SubjectId
from vault import House, Vault
from vault.ledger.book import Act, Kind, Outcome

ENTRY_BYTES: Final = 400  # a header and one subject's part
TWICE: Final = 0.5
Once = Callable[[Person], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Openers:
    """So many openers at once, each opening its own subject so many times."""

    town: Town
    openers: int
    openings: int
    results: Results

    async def run(self, once: Once) -> None:
        """All of them, to the end."""
        await asyncio.gather(*(self._opener(person, once) for person in self.town.customers[: self.openers]))

    async def _opener(self, person: Person, once: Once) -> None:
        for _ in range(self.openings):
            await once(person)

    def opening(self, vault: Vault) -> Once:
        """Ten fields of one subject through the door."""

        async def once(person: Person) -> None:
            opened = await vault.open(self.town.advisor, ACCESS, [person.subject], MASK)
            self.results.check(values_of(opened) == {person.subject: expected(person)}, "record: it opened otherwise")

        return once

    def entry(self, house: House) -> Once:
        """An entry alone, as the opening makes it."""

        async def once(person: Person) -> None:
            outcomes = {SubjectId(person.subject): Outcome(MASK, frozenset())}
            act = Act(Kind.OPENED, self.town.advisor, ACCESS, outcomes, (), frozenset())
            recorded = await house.committer.record(await house.book.entry(act))
            self.results.check(recorded, "record: an entry was not recorded")

        return once

    def plain(self, connections: Any, *, read: bool) -> Once:
        """A read and an update of plaintext, committed on its own."""
        what = os.urandom(ENTRY_BYTES)

        async def once(person: Person) -> None:
            async with connections.acquire() as connection, connection.transaction():
                if read:
                    (row,) = await connection.fetch(MANY, [person.subject])
                    self.results.check(row[3] == person.email, "record: a plain row is something else")
                await connection.execute("update visit set what = $2 where person = $1", person.subject, what)

        return once


async def run(ground: Ground, results: Results) -> None:
    """Measure, count the entries, add the figures."""
    sizes = ground.sizes
    async with ground.pair() as pair, ground.plain() as address:
        grouping, single = pair.house(), pair.house(group=False)
        async with Vault(grouping) as vault, Vault(single) as ungrouped:
            town = await settled(vault, max(25, sizes.openers))
            await fill(address, town.everybody, town.advisor.account)
            connections = await _visits(address, town, sizes.openers)
            all_of = Openers(town, sizes.openers, sizes.openings, results)
            programs = {
                "grouped": all_of.opening(vault),
                "single": all_of.opening(ungrouped),
                "plain": all_of.plain(connections, read=True),
                "entries": all_of.entry(grouping),
                "entries, single": all_of.entry(single),
                "updates": all_of.plain(connections, read=False),
            }
            runs, warm_up = max(3, sizes.runs // 4), 1
            times = await alternating(
                {name: _bound(all_of, once) for name, once in programs.items()}, runs=runs, warm_up=warm_up
            )
            await connections.close()
        control = await connect(pair.owner("control"))
        entries = await control.fetchval("select count(*) from ledger_entry where kind = 'opened'")
        await control.close()
    each = sizes.openers * sizes.openings
    results.check(entries == 4 * (runs + warm_up) * each, "record: the ledger has another number of entries")
    middle = {name: median(taken) / each for name, taken in times.items()}
    results.figures += _figures(middle, sizes.openers)


def _bound(all_of: Openers, once: Once) -> Callable[[], Awaitable[None]]:
    return lambda: all_of.run(once)


def _figures(middle: dict[str, float], openers: int) -> list[Figure]:
    entry, opening = f"a ledger entry, {openers} at once", f"a recorded opening, {openers} at once"
    bare, read = "an update on its own, no record", "a read and an update, no record"
    natural, ourselves = Against.NATURAL, Against.OURSELVES
    return [
        Figure(work=entry, ours=middle["entries"], other=bare, theirs=middle["updates"], against=natural,
               at_most=TWICE),
        Figure(work=entry, ours=middle["entries"], other="without the group committer",
               theirs=middle["entries, single"], against=ourselves),
        Figure(work=opening, ours=middle["grouped"], other=read, theirs=middle["plain"], against=natural),
        Figure(work=opening, ours=middle["grouped"], other="without the group committer", theirs=middle["single"],
               against=ourselves),
    ]  # fmt: skip


async def _visits(address: str, town: Town, size: int) -> Any:
    connection = await connect(address)
    await connection.execute("create table visit (person uuid primary key, what bytea)")
    await connection.copy_records_to_table("visit", records=[(person.subject, b"") for person in town.everybody])
    await connection.close()
    return await pool(address, size)
