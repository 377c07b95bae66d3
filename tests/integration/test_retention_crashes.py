"""The retention run, killed with signal 9 at each named point, leaves nothing half done; the next run finishes it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path

import pytest
from aging import again, move, roofed, training_set
from behind import fetch, value
from databases import Databases
from people import CALCULATION, People, Person, address, email
from vault_house import Home, home

from policies.event import Fact
from policies.model import RecordId
from policies.oslo import midnight
from vault.errors import Contended
from vault.judging import Tally
from vault.request import Change, Fate

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DAY = midnight(date(2028, 3, 2))
POINTS = ["weighed", "stored", "written", "committed", "gathered", "paged"]
"""As `vault/expiring.py` names them."""


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="crashes") as at_home:
        yield at_home


def killed(house: Home, point: str) -> None:
    """A run in another process that dies at the point."""
    told = {
        "control": house.databases.sweeper_control, "contents": house.databases.sweeper_contents,
        "keyring": str(house.keyring), "now": house.clock().isoformat(), "point": point,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "dying_run.py")],
        input=json.dumps(told), capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/tests/support"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


async def finished(house: Home) -> Tally:
    """The next run, as soon as the server has noticed that the last one is gone."""
    for _ in range(100):
        try:
            return await house.vault.retention.run(None)
        except Contended:
            await asyncio.sleep(0.1)
    raise AssertionError("the lock of a dead process was never given back")


async def whole_or_gone(house: Home, person: Person) -> bool:
    """Whether the person is gone; one of whom only a part is gone fails."""
    keys = await value(house.databases, "select count(*) from data_key where subject = $1", person.subject)
    top = await value(house.databases, "select count(*) from subject_key where subject = $1", person.subject)
    stones = await value(house.databases, "select count(*) from tombstone where subject = $1 and whole", person.subject)
    state = await value(house.databases, "select state from subject where subject = $1", person.subject)
    assert (keys, top, stones, state) in {(4, 1, 0, 1), (4, 0, 1, 2)}
    return bool(state == 2)


@pytest.mark.parametrize("point", POINTS)
async def test_a_run_killed_at_any_point_is_finished_by_the_next(house: Home, point: str) -> None:
    people = People(house)
    everybody = [await people.lead() for _ in range(10)]
    for person in everybody:
        await roofed(people, person)
    mixed = await people.lead()  # one case over, one alive: lives on with a rewritten standing
    await move(people, midnight(date(2027, 1, 1)))
    other = await people.lead()
    mixed.me = await house.principal("self", subject=mixed.subject)
    second = await second_case(people, mixed)
    await move(people, DAY)
    killed(house, point)
    gone = [await whole_or_gone(house, person) for person in everybody]
    detached = await value(house.databases, "select count(*) from detached")
    assert detached == sum(gone)
    assert detached in {0, 10}
    assert len(await training_set(house)) == detached
    assert (await again(people, other))["person.email"] == email(other.number)
    assert (await again(people, mixed))["person.email"] == email(mixed.number)
    await finished(house)
    await everything_done(house, people, everybody, mixed)
    assert (await again(people, other))["project.address"] == address(other.number)
    assert (await again(people, mixed))["project.address"] == second
    assert not (await finished(house)).dead


async def everything_done(house: Home, people: People, gone: list[Person], parted: Person) -> None:
    """All of the dead are dead once, their roofs go on once, and every receipt says so."""
    assert all([await whole_or_gone(house, person) for person in gone])
    assert await value(house.databases, "select count(*) from detached") == len(gone)
    assert len(await training_set(house)) == len(gone)
    stones = await fetch(house.databases, "select subject, count(*) from tombstone group by subject")
    assert sorted(stones) == sorted([(person.subject, 1) for person in [*gone, parted]])
    dpo = await house.principal("dpo")
    for (number,) in await fetch(house.databases, "select id from tombstone"):
        assert {each.fate for each in (await house.vault.receipt(dpo, number)).fates} <= {Fate.ERASED, Fate.DETACHED}


async def second_case(people: People, person: Person) -> str:
    """Another calculation, of another house."""
    project = RecordId(people.home.ids())
    given = f"Andreveien {person.number}, 0170 Oslo"
    change = Change(
        subject=person.subject, record=project, parent=person.root, entity="project", values={"project.address": given}
    )
    events = [
        Fact(subject=person.subject, record=project, name=name, at=people.home.clock())
        for name in ("calculation.requested", "lead.active")
    ]
    await people.vault.seal(person.me, CALCULATION, [change], events)
    return given
