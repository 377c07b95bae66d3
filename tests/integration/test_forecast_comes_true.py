"""On the real vault: what was forecast for a day is what is gone on that day, however often runs happened before."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aging import booked, installed, move, objects, roofed
from behind import fetch
from databases import Databases
from people import People, Person
from vault_house import Home, home

from policies.model import SubjectId
from vault.retention import EndsPage

pytestmark = pytest.mark.slow

Key = tuple[UUID, str, UUID]
"""A subject, a category and what its key is of."""


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="forecast") as at_home:
        yield at_home


async def lives(people: People, chance: random.Random) -> None:
    """A dozen people who each came so far: a question, an order, a contract, a plant, a loan, an end."""
    for _ in range(12):
        person = await people.lead(marketing=chance.random() < 0.3)
        if chance.random() < 0.5:
            await roofed(people, person)
        if chance.random() < 0.2:
            await objects(people, person, "model_improvement")
        if chance.random() < 0.6:
            await becomes_customer(people, person, chance)
        await move(people, people.home.clock() + timedelta(days=chance.randrange(60), hours=1))


async def becomes_customer(people: People, person: Person, chance: random.Random) -> None:
    await people.proceeds(person)
    await people.signs(person)
    for _ in range(chance.randrange(3)):
        loan = await people.borrows(person)
        if chance.random() < 0.5:
            await people.bank_closes(person, loan)
    if chance.random() < 0.7:
        await installed(people, person)
    await move(people, people.home.clock() + timedelta(hours=1))
    if chance.random() < 0.7:
        await people.says(person, "contract", "contract.ended")
        await booked(people, person)
        await people.withdraws(person, "calculation")


async def stored(house: Home) -> set[Key]:
    """Every key that opens something of somebody, by what it is of."""
    names = {category.number: category.name for category in house.house.policy.categories.values()}
    rows = await fetch(
        house.databases,
        "select d.subject, d.category, d.instance from data_key d join subject s using (subject) where s.state = 1"
        " and not exists (select from detached x where x.subject = d.subject) and d.category > 0",
    )
    return {(subject, names[category], instance) for subject, category, instance in rows}


async def promised(house: Home, day: datetime) -> set[Key]:
    """What the pages of the forecast name."""
    found: set[Key] = set()
    after: SubjectId | None = None
    while True:
        page: EndsPage = await house.vault.retention.forecast(None, day, after, 3)
        found |= {(each.subject, end.category, end.record) for each in page.found for end in each.endings}
        if not page.more:
            return found
        after = page.last


@pytest.mark.parametrize("seed", range(3))
async def test_a_forecast_comes_true_whenever_runs_happen(house: Home, seed: int) -> None:
    chance, people = random.Random(seed), People(house)
    await lives(people, chance)
    before, today = await stored(house), house.clock()
    day = today + timedelta(days=chance.randrange(200, 7_900))
    expected = await promised(house, day)
    for run in sorted(chance.uniform(0, 1) for _ in range(seed)):
        await move(people, today + (day - today) * run)
        await house.vault.retention.run(None)
    await move(people, day)
    await house.vault.retention.run(None)
    assert expected
    assert before - await stored(house) == expected
    assert not await promised(house, day)
