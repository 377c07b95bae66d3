"""`open`: one subject and a page of a hundred in process, with keys that have to be opened first and with keys at hand.

The plain twin selects the same ten values of the same people from rows of plaintext, in one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.ground import Ground, Town, pool, settled
from benchmarks.plain import COLUMNS, MANY, expected, fill
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import alternating, median
from hvelv.population import Person
from policies.model import Access, SubjectId
from vault import House, Vault
from vault.request import Opened

ACCESS: Final = Access("offer", "weekly review", "advisor")
FIELDS: Final = ("person.name", "person.phone", "person.email", "project.address", *(f"roof.{n}" for n in COLUMNS))
MASK: Final = frozenset(FIELDS)
WITHIN: Final = {1: 0.003, 100: 0.010}


@dataclass(frozen=True, slots=True)
class Openings:
    """The three programs over the same people."""

    vault: Vault
    house: House
    town: Town
    plain: Any
    asked: Sequence[Person]
    results: Results

    async def warm(self) -> None:
        """Ours, with the keys at hand."""
        opened = await self.vault.open(
            self.town.advisor, ACCESS, [SubjectId(person.subject) for person in self.asked], MASK
        )
        right = values_of(opened) == {person.subject: expected(person) for person in self.asked}
        self.results.check(right and not opened.withheld, f"open: {len(self.asked)} subjects opened to something else")

    async def cold(self) -> None:
        """Ours, with no key opened yet but the epoch's."""
        self.house.keys.cache.clear()
        await self.warm()

    async def natural(self) -> None:
        """One statement over plaintext."""
        rows = await self.plain.fetch(MANY, [person.subject for person in self.asked])
        found = {row[0]: (*row[1:4], row[5], *row[7:-1], row[-1].isoformat()) for row in rows}
        right = found == {person.subject: expected(person) for person in self.asked}
        self.results.check(right, f"open: {len(self.asked)} plain rows are something else")


async def run(ground: Ground, results: Results) -> None:
    """Measure, check every answer, add four figures."""
    async with ground.pair() as pair, ground.plain() as address:
        house = pair.house()
        async with Vault(house) as vault:
            town = await settled(vault, ground.sizes.page)
            await fill(address, town.everybody, town.advisor.account)
            plain = await pool(address, 2)
            for asked in (town.customers[:1], town.customers):
                openings = Openings(vault, house, town, plain, asked, results)
                results.figures += await _figures(openings, ground.sizes.runs)
            await plain.close()


async def _figures(openings: Openings, runs: int) -> list[Figure]:
    programs = {"cold": openings.cold, "warm": openings.warm, "natural": openings.natural}
    times = await alternating(programs, runs=runs)
    count = len(openings.asked)
    return [
        Figure(
            work=f"open {count} × 10, {state}", ours=median(times[keys]), other="one select of plaintext",
            theirs=median(times["natural"]), against=Against.NATURAL, within=WITHIN.get(count),
        )
        for keys, state in (("cold", "cold keys"), ("warm", "keys at hand"))
    ]  # fmt: skip


def values_of(opened: Opened) -> dict[SubjectId, tuple[object, ...]]:
    """The ten values of each subject."""
    found: defaultdict[SubjectId, dict[str, object]] = defaultdict(dict)
    for record in opened.records:
        found[record.subject].update({name: value.reveal() for name, value in record.values.items()})
    return {subject: tuple(values.get(name) for name in FIELDS) for subject, values in found.items()}
