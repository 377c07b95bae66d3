"""An erasure is told to every process, and each forgets the opened keys of that subject, without being asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from behind import another_house
from databases import Databases
from people import People, email
from vault_house import home

from policies.model import SubjectId
from vault import House, Vault

pytestmark = pytest.mark.slow


def remembers(house: House, subject: SubjectId) -> bool:
    return subject in house.keys.cache._kept  # pyright: ignore[reportPrivateUsage]  (looking must not make a place)


async def until_forgotten(house: House, subject: SubjectId) -> bool:
    for _ in range(200):
        if not remembers(house, subject):
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.clause("RGT-05")
async def test_every_process_forgets_the_keys_of_an_erased_person_and_of_nobody_else(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        gone, other = await people.leads(2)
        async with another_house(at_home, "second") as second, another_house(at_home, "third") as third:
            houses = (at_home.house, second, third)
            for house in houses:
                for person in (gone, other):
                    assert (await people.own(person, vault=Vault(house)))["person.email"] == email(person.number)
                    assert remembers(house, person.subject)
            await people.erase(gone)
            for house in houses:
                assert await until_forgotten(house, gone.subject)
                assert remembers(house, other.subject)
                assert not await people.own(gone, vault=Vault(house))
