"""`start`: a cold process until it has opened the keys of many subjects, and how often it called the key service.

The plain twin connects and selects as many rows of plaintext.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.bulk import key_rows, more_subjects, opened
from benchmarks.ground import Ground, Pair, connect, pool
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import alternating, median
from policies.model import SubjectId
from vault.keys.local_keyring import LocalKeyring
from vault.keys.service import KeyService
from vault.request import Secret

SAMPLE: Final = 100
WITHIN: Final = 0.1
EXPECTED: Final = {"check": 1, "unwrap": 1}


class Counted:
    """A key service that counts how often each of its calls is made."""

    def __init__(self, service: KeyService) -> None:
        self._service = service
        self.calls: Counter[str] = Counter()

    async def check(self) -> None:
        """See `KeyService.check`."""
        self.calls["check"] += 1
        await self._service.check()

    async def create_root(self) -> int:
        """See `KeyService.create_root`."""
        self.calls["create_root"] += 1
        return await self._service.create_root()

    async def versions(self) -> Sequence[int]:
        """See `KeyService.versions`."""
        self.calls["versions"] += 1
        return await self._service.versions()

    async def wrap(self, version: int, items: Sequence[tuple[bytes, Secret[bytes]]]) -> list[bytes]:
        """See `KeyService.wrap`."""
        self.calls["wrap"] += 1
        return await self._service.wrap(version, items)

    async def unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        """See `KeyService.unwrap`."""
        self.calls["unwrap"] += 1
        return await self._service.unwrap(items)

    async def destroy_root(self, version: int) -> None:
        """See `KeyService.destroy_root`."""
        self.calls["destroy_root"] += 1
        await self._service.destroy_root(version)


@dataclass(frozen=True, slots=True)
class Starts:
    """The programs, and what was put in for them."""

    pair: Pair
    address: str
    keys: Mapping[SubjectId, Secret[bytes]]
    results: Results

    async def bare(self) -> None:
        """A house that starts and stops."""
        counted = Counted(LocalKeyring(self.pair.keyring, _no_entropy))
        house = self.pair.house(keys=counted)
        await house.start()
        self.results.check(counted.calls == EXPECTED, "start: the key service was called otherwise")
        await house.stop()

    async def opening(self) -> None:
        """A house that starts, opens everybody's key and stops."""
        house = self.pair.house()
        await house.start()
        async with house.control.connection() as connection:
            found = opened(house.keys, await key_rows(connection, house.keys, list(self.keys)))
        self.results.check(found.keys() == self.keys.keys(), "start: keys are missing")
        right = all(found[subject] == self.keys[subject].reveal() for subject in list(self.keys)[:SAMPLE])
        self.results.check(right, "start: keys are others")
        await house.stop()

    async def natural(self) -> None:
        """Connect, select as many rows of plaintext, disconnect."""
        connections = await pool(self.address, 1)
        rows = await connections.fetch("select * from person where id = any($1::uuid[])", list(self.keys))
        self.results.check(len(rows) == len(self.keys), "start: plain rows are missing")
        await connections.close()


async def run(ground: Ground, results: Results) -> None:
    """Start again and again, check keys and calls, add two figures."""
    count = ground.sizes.started
    async with ground.pair() as pair, ground.plain() as address:
        first = pair.house()
        await first.start()
        keys = await more_subjects(pair, first.keys, count)
        await first.stop()
        await _plain(address, list(keys))
        starts = Starts(pair, address, keys, results)
        programs = {"bare": starts.bare, "opening": starts.opening, "natural": starts.natural}
        times = await alternating(programs, runs=max(3, ground.sizes.runs // 4))
    calls = ", ".join(f"{number} × `{name}`" for name, number in EXPECTED.items())
    results.notes.append(f"start: calls of the key service: {calls}")
    plain, other = median(times["natural"]), f"connect, select {count:,} rows"
    results.figures += [
        Figure(work=work, ours=median(times[name]), other=other, theirs=plain, against=Against.NATURAL, within=WITHIN)
        for name, work in (("bare", "cold start, epochs opened"), ("opening", f"cold start, {count:,} keys opened"))
    ]


def _no_entropy(size: int) -> bytes:
    """Starting draws no randomness of the key service."""
    raise AssertionError(size)


async def _plain(address: str, subjects: Sequence[Any]) -> None:
    connection = await connect(address)
    await connection.execute("create table person (id uuid primary key, name text, phone text, email text)")
    rows = [(s, "Kari Nordmann", "+4768050000", f"person{n}@example.no") for n, s in enumerate(subjects)]
    await connection.copy_records_to_table("person", records=rows)
    await connection.execute("analyze")
    await connection.close()
