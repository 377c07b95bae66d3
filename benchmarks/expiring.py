"""`retention`: what a run does to let people die whose time is over, among many whose time is not.

Measured is the run, from looking at the clock to its last commit: weighing, entries, tombstones, dead keys. The plain
twin deletes the same people's rows of plaintext, each with as many notes as ours has groups. And what it takes to find
out that nothing is due, among as many people as there are.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from benchmarks.erasing import NOTES
from benchmarks.ground import Ground, connect, settled
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import seconds
from hvelv.house import now
from vault import Vault

BELOW: Final = 0.01
SECONDS: Final = 5.0
BLOB: Final = 125
CHUNK: Final = 50_000


async def run(ground: Ground, results: Results) -> None:
    """Let some die among many, check who is left, add the figures."""
    sizes = ground.sizes
    async with ground.pair() as pair, ground.plain() as address:
        house = pair.house()
        async with Vault(house) as vault:
            town = await settled(vault, sizes.expired)
            people = [person.subject for person in town.everybody]
            control = await connect(pair.owner("control"))
            await _crowd(control, sizes.crowd)
            await _groups(control, people, sizes.many_groups)
            idle = await seconds(lambda: _nothing(vault, results))
            house.clock = later
            plain = await connect(address)
            await _notes(plain, people, sizes.many_groups)
            ours = await seconds(lambda: _destroy(vault, len(people), results))
            theirs = await seconds(lambda: _delete(plain, people))
            left = await control.fetchval(
                "select count(*) from subject s where state = 1"
                " and not exists (select from detached d where d.subject = s.subject)"
            )
            results.check(left == sizes.crowd, "retention: somebody died whose time was not over")
            results.check(await plain.fetchval("select count(*) from note") == 0, "retention: plain rows were left")
            await plain.close()
            await control.close()
    results.figures += [
        Figure(work=f"a run, {len(people)} people over, {sizes.many_groups:,} groups each", ours=ours,
               other="delete the plaintext rows", theirs=theirs, against=Against.NATURAL, at_most=BELOW),
        Figure(work=f"who is due among {sizes.crowd:,}: nobody", ours=idle, other="a run that destroys", theirs=ours,
               against=Against.OURSELVES, within=SECONDS),
    ]  # fmt: skip


def later() -> datetime:
    """When everybody of the town has had their time."""
    return now() + timedelta(days=900)


async def _crowd(control: Any, count: int) -> None:
    """So many subjects whose month has not come: a run must not look at one of them, so they need nothing else."""
    due = (now() + timedelta(days=3_000)).date().replace(day=1)
    for begin in range(0, count, CHUNK):
        rows = [(uuid.uuid4(), 1, 1, 1, due) for _ in range(min(CHUNK, count - begin))]
        columns = ["subject", "version", "state", "generation", "next_due"]
        await control.copy_records_to_table("subject", columns=columns, records=rows)
    await control.execute("analyze subject")


async def _groups(control: Any, people: list[Any], count: int) -> None:
    """Hang `count` heads more under a key that each of these has."""
    columns = ["subject", "record", "category", "version", "field_set", "key", "blob", "tag"]
    for person in people:
        key = await control.fetchval("select key from head where subject = $1 and category = 20", person)
        rows = [(person, uuid.uuid4(), 1, 1, 1, key, uuid.uuid4(), bytes(16)) for _ in range(count)]
        await control.copy_records_to_table("head", columns=columns, records=rows)
    await control.execute("analyze head")


async def _notes(plain: Any, people: list[Any], count: int) -> None:
    for statement in NOTES:
        await plain.execute(statement)
    rows = [(person, "Kari", "+4768050000", "k@example.no") for person in people]
    await plain.copy_records_to_table("person", records=rows)
    text = "x" * BLOB
    for person in people:
        await plain.copy_records_to_table("note", records=[(uuid.uuid4(), person, text) for _ in range(count)])
    await plain.execute("analyze")


async def _nothing(vault: Vault, results: Results) -> None:
    found = await vault.retention.forecast(None, now())
    results.check(not found.found and not found.more, "retention: somebody is due whose time is not over")


async def _destroy(vault: Vault, count: int, results: Results) -> None:
    tally = await vault.retention.run(None)
    results.check(tally.wholes == count, "retention: not everybody died whose time was over")


async def _delete(plain: Any, people: list[Any]) -> None:
    async with plain.transaction():
        await plain.execute("delete from person where id = any($1::uuid[])", people)
