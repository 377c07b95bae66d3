"""Several processes at once: what was acknowledged is there, and what was erased opens nowhere."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from behind import fetch, roll, value
from databases import Databases
from people import OWN, People, Person
from races import acknowledged, race, task
from vault_house import home

from vault.killing import history

pytestmark = pytest.mark.slow

FIELDS = ("person.name", "person.phone", "project.offer_amount_nok", "project.details")


async def consistent(people: People, persons: Iterable[Person]) -> None:
    """Every standing is exactly what its sealed history folds to, and no head is without its blob and its key."""
    house = people.home.house
    rows = await house.subjects([person.subject for person in persons])
    for row in rows.values():
        loaded = house.standing(row)
        assert len(await history(house, loaded)) == row.events
        assert {head.key for head in row.heads} <= row.data_keys.keys()
        stored = await fetch(
            house_databases(people), "select count(*) from blob where id = any($1)", [h.blob for h in row.heads],
            kind="contents",
        )  # fmt: skip
        assert stored == [(len(row.heads),)]


def house_databases(people: People) -> Databases:
    return people.home.databases


async def test_processes_that_write_erase_and_roll_lose_nothing_acknowledged_and_open_nothing_erased(  # noqa: PLR0915  (one race, looked at from all sides)
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people, seed = People(at_home), "first"
        runners = [await people.borrower(2) for _ in range(4)]
        for _ in range(6):
            runners.append(await people.lead())
            await people.proceeds(runners[-1])
        doomed = [runners[0], *runners[4:7]]
        borrowers = [person for person in runners if person.loans]
        said = await race(
            at_home,
            [
                *[await task(people, runners, field, seed) for field in FIELDS[1:]],
                await task(people, borrowers, "close and consent", seed),
                await task(people, doomed, "erase", seed, pause=1.0),
                await task(people, [], "roll", seed),
            ],
        )
        assert not [each for each in said if "failed" in each]
        assert {each["does"] for each in said if each.get("refused") == "Refused"} <= {"close and consent"}
        assert max(each["rolled"] for each in said if "rolled" in each) > 2
        assert not any(each["damaged"] for each in said if "damaged" in each)
        gone = acknowledged(said, "erase")
        assert gone
        last: dict[str, dict[str, Any]] = defaultdict(dict)
        for field in FIELDS:
            for subject, given in acknowledged(said, field).items():
                last[str(subject)][field] = given
        await asyncio.sleep(0.3)
        for person in runners:
            seen = await people.own(person, {*OWN, *FIELDS})
            if str(person.subject) in gone:
                assert not seen
            else:
                assert {field: seen.get(field) for field in last[str(person.subject)]} == last[str(person.subject)]
        await consistent(people, runners)
        closed = {each["value"] for each in said if each.get("does") == "close and consent" and each.get("value")}
        alive = {
            str(key)
            for (key,) in await fetch(
                databases,
                "select d.instance from data_key d join subject s using (subject)"
                " where d.category = 24 and s.state = 1",
            )
        }
        assert closed
        assert not closed & alive
        report = await roll(at_home, "afterwards")
        assert not report.damaged
        await consistent(people, runners)


async def test_two_processes_that_create_one_group_at_once_both_find_their_field_in_it(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        runners = await people.leads(60)
        for person in runners:
            await people.proceeds(person)
        fields = FIELDS[2:]
        said = await race(at_home, [await task(people, runners, field, "same") for field in fields])
        assert not [each for each in said if "failed" in each]
        both = 0
        for person in runners:
            seen = await people.own(person, fields)
            for field in fields:
                wanted = acknowledged(said, field).get(str(person.subject))
                assert seen.get(field) == wanted
            both += len(seen) == 2
        assert both
        keys = "select max(n) from (select count(*) n from data_key group by subject, category, instance) as keys"
        assert await value(databases, keys) == 1
        await consistent(people, runners)
