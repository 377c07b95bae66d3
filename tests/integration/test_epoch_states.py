"""What a roll that was killed leaves in the states of the epochs, and what the next run makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from behind import another_house, fetch
from databases import Databases
from people import People
from vault_house import home

from vault.errors import Unavailable
from vault.keys.roll import Roll

pytestmark = pytest.mark.slow


async def states(databases: Databases) -> list[tuple[int, str]]:
    return await fetch(databases, "select number, state from epoch order by number")


async def test_an_epoch_everybody_left_is_not_opened_again_and_the_next_run_only_destroys_it(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with home(databases, tmp_path / "keys", seed="states") as at_home:
        people = People(at_home)
        person = await people.lead()
        async with another_house(at_home, "killed", sweeper=True) as house:

            async def away(version: int) -> None:
                raise Unavailable("the key service is away")

            with monkeypatch.context() as patched:
                patched.setattr(house.key_service, "destroy_root", away)
                with pytest.raises(Unavailable):
                    await Roll(house, wait_seconds=60).run()
        assert await states(databases) == [(1, "moved"), (2, "current")]

        async with another_house(at_home, "later", sweeper=True) as house:
            assert [epoch.number for epoch in house.keys.loaded] == [2]
            report = await Roll(house, wait_seconds=60).run()
        assert (report.old, report.new, report.moved, report.renewed) == (1, 2, 0, 0)
        assert await states(databases) == [(1, "destroyed"), (2, "current")]
        assert "person.email" in await people.own(person)
