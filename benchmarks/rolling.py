"""`roll`: a whole epoch over many subjects: clean, after erasures, with dirty ones, and with index tokens.

The plain twin rewrites as many rows of the same length in one statement, which is what a plain system does when it
encrypts a column anew. Readers are served all the while: their slowest opening during a roll is set against their
median without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.bulk import key_rows, more_subjects, more_tokens, opened
from benchmarks.ground import Ground, Pair, Town, connect, settled
from benchmarks.in_process import ACCESS, MASK, values_of
from benchmarks.plain import expected
from benchmarks.roll_once import Rolled, rolled
from benchmarks.table import Against, Figure, Results, spoken
from benchmarks.timing import median, seconds
from policies.model import SubjectId
from vault import House, Vault
from vault.request import Secret
from vault.storage.writing import destroy_subject

WITHIN: Final = 1.0
REAL: Final = 50
"""Customers who came in through the doors; as many again do not want an offer. Only such people can be made dirty."""
SAMPLE: Final = 500
TWIN: Final = "rewrite as many plain rows"


@dataclass(slots=True)
class Rolling:
    """The vault that readers use, and what was put in."""

    pair: Pair
    house: House
    vault: Vault
    town: Town
    keys: dict[SubjectId, Secret[bytes]]
    control: Any
    results: Results
    slowest: float = 0.0

    async def read(self) -> None:
        """One opening of one subject, checked."""
        person = self.town.customers[0]
        answer = await self.vault.open(self.town.advisor, ACCESS, [person.subject], MASK)
        self.results.check(values_of(answer) == {person.subject: expected(person)}, "roll: a reader got something else")

    async def roll(self) -> Rolled:
        """Roll while somebody reads; then everybody opens."""
        reading = asyncio.create_task(self._read_on())
        try:
            done = await rolled(self.pair)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        self.results.check(not done.damaged, "roll: keys were damaged")
        await self.house.reload()
        await self._all_open()
        return done

    async def erase(self, count: int) -> None:
        """Destroy so many subjects, as the erasing transaction does it."""
        for subject in list(self.keys)[:count]:
            del self.keys[subject]
            async with self.house.control.transaction() as connection:
                await destroy_subject(connection, subject)

    async def dirty(self, count: int) -> None:
        """Mark so many people as having lost a part of theirs: each gets a new key, its data keys under it."""
        chosen = [person.subject for person in self.town.everybody][:count]
        self.results.check(len(chosen) == count, "roll: too few people to make dirty")
        await self.control.execute(
            "update subject set dirty_since = $1 where subject = any($2::uuid[])",
            self.house.keys.current.number, chosen,
        )  # fmt: skip

    async def _read_on(self) -> None:
        while True:
            self.slowest = max(self.slowest, await seconds(self.read))

    async def _all_open(self) -> None:
        people = self.town.customers
        answer = await self.vault.open(self.town.advisor, ACCESS, [person.subject for person in people], MASK)
        right = values_of(answer) == {person.subject: expected(person) for person in people}
        self.results.check(right, "roll: people do not open afterwards")
        subjects = list(self.keys)[:: max(1, len(self.keys) // SAMPLE)]
        found = opened(self.house.keys, await key_rows(self.control, self.house.keys, subjects))
        right = found == {subject: self.keys[subject].reveal() for subject in subjects}
        self.results.check(right, "roll: keys are others afterwards")


async def run(ground: Ground, results: Results) -> None:
    """Roll again and again, check after each, add the figures."""
    sizes = ground.sizes
    async with ground.pair() as pair:
        house = pair.house()
        async with Vault(house) as vault:
            town = await settled(vault, REAL)
            keys = await more_subjects(pair, house.keys, sizes.rolled)
            control = await connect(pair.owner("control"))
            rolling = Rolling(pair, house, vault, town, keys, control, results)
            quiet = [await seconds(rolling.read) for _ in range(sizes.runs)]
            plain = await _plain(control, sizes.rolls)
            clean = [await rolling.roll() for _ in range(sizes.rolls)]
            erased = [await _after(rolling.erase(sizes.stained), rolling) for _ in range(sizes.rolls)]
            dirty = [await _after(rolling.dirty(sizes.stained), rolling) for _ in range(sizes.rolls)]
            await more_tokens(pair, house.keys, list(keys))
            tokens = [await rolling.roll() for _ in range(sizes.rolls)]
            await control.close()
    sorts = {
        "clean": clean,
        f"{sizes.stained} erased": erased,
        f"{sizes.stained} dirty": dirty,
        f"clean, {2 * len(keys):,} index tokens": tokens,
    }
    for name, rolls in sorts.items():
        within = None if rolls is tokens else WITHIN
        results.figures.append(
            Figure(work=f"roll {sizes.rolled:,} subjects, {name}", ours=median([each.seconds for each in rolls]),
                   other=TWIN, theirs=plain, against=Against.NATURAL, within=within)
        )  # fmt: skip
        results.notes.append(f"roll, {name}: {_steps(rolls)}")
    results.figures.append(
        Figure(work="slowest opening while it rolls", ours=rolling.slowest, other="median opening without",
               theirs=median(quiet), against=Against.OURSELVES)
    )  # fmt: skip


async def _after(prepared: Any, rolling: Rolling) -> Rolled:
    await prepared
    return await rolling.roll()


async def _plain(control: Any, runs: int) -> float:
    """Seconds of rewriting one column of as many rows."""
    await control.execute("create table plain as select subject, wrapped from subject_key")

    async def rewrite() -> None:
        await control.execute("update plain set wrapped = set_byte(wrapped, 0, 2)")

    taken = [await seconds(rewrite) for _ in range(runs)]
    await control.execute("drop table plain")
    return median(taken)


def _steps(rolls: Sequence[Rolled]) -> str:
    """The steps of the middle roll."""
    middle = sorted(rolls, key=lambda each: each.seconds)[len(rolls) // 2]
    steps = ", ".join(f"{name} {spoken(taken)}" for name, taken in middle.steps.items())
    return f"{steps}; {middle.moved:,} moved, {middle.renewed:,} renewed"
