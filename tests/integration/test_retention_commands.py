"""`hvelv retention`: what the commands say and with which code they end, over a real installation of 2022."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aging import move, roofed
from behind import execute, value
from databases import Databases
from people import People, Person
from vault_house import home

from hvelv.cli import main
from hvelv.commands.doctor import examine, report
from hvelv.commands.exits import Code
from hvelv.house import now
from policies.oslo import oslo_date

pytestmark = pytest.mark.slow

Said = Callable[[], str]


@pytest.fixture
async def old(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[People, None]:
    """People who asked for a calculation in 2022 and one who did today; the commands see the same installation."""
    for name, given in {
        "CONTROL": databases.control, "CONTENTS": databases.contents,
        "CONTROL_SWEEPER": databases.sweeper_control, "CONTENTS_SWEEPER": databases.sweeper_contents,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"HVELV_{name}_URL", given)
    monkeypatch.setenv("HVELV_KEYRING_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("HVELV_DATA_DIR", str(tmp_path))
    async with home(databases, tmp_path / "keys", seed="commands") as at_home:
        yield People(at_home)


async def hvelv(*arguments: str) -> int:
    """A command in a thread, since each brings its own event loop."""

    def ended() -> int:
        try:
            main(arguments)
        except SystemExit as error:
            return int(error.code or 0)
        return 0

    return await asyncio.to_thread(ended)


async def population(people: People) -> tuple[Person, Person]:
    """One of long ago with a roof, and one of today."""
    people.home.clock.set(datetime(2022, 1, 10, 12, tzinfo=UTC))
    gone = await people.lead()
    await roofed(people, gone)
    await move(people, now())
    return gone, await people.customer()


async def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert await hvelv("retention", *arguments) == Code.DONE
    return capsys.readouterr().out


async def test_what_is_due_is_shown_destroyed_once_and_then_gone(
    old: People, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, stays = await population(old)
    shown = await said(capsys, "due")
    assert "2024-01-10  erase    address" in shown
    assert "1 × roof: detach" in shown
    assert str(stays.subject) not in shown
    rows: list[dict[str, Any]] = json.loads(await said(capsys, "due", "--json"))
    assert {row["category"] for row in rows} == {"address", "email", "roof"}
    assert {row["subject"] for row in rows} == {str(gone.subject)}
    assert json.loads(await said(capsys, "due", "--as-of", "2024-01-09", "--json")) == []
    assert await said(capsys, "due", "--as-of", "2024-01-09") == "nothing is over\n"
    before = json.loads(await said(capsys, "run", "--as-of", "2024-01-09", "--json"))
    assert before["destroyed"] == {}
    done = json.loads(await said(capsys, "run", "--json"))
    assert done["destroyed"] == {"address": 1, "email": 1, "roof": 1}
    assert done["wholes"] == len(done["receipts"]) == 1
    assert "0 people looked at" in await said(capsys, "run", "--as-of", oslo_date(now()).isoformat())
    assert await said(capsys, "due") == "nothing is over\n"


async def test_a_run_tells_what_it_destroyed(old: People, capsys: pytest.CaptureFixture[str]) -> None:
    gone, _ = await population(old)
    shown = await said(capsys, "run", "--subject", str(gone.subject))
    assert "1 people looked at, 1 of them gone whole" in shown
    assert "1 × email destroyed" in shown


async def test_everything_of_one_person_says_what_keeps_it(old: People, capsys: pytest.CaptureFixture[str]) -> None:
    gone, stays = await population(old)
    shown = await said(capsys, "due", "--subject", str(stays.subject))
    assert "kept while contract.solstrom is in force (solstrom_lead)" in shown
    assert "over since 2024-01-10 by solstrom_lead, then erase" in await said(
        capsys, "due", "--subject", str(gone.subject)
    )
    rows = json.loads(await said(capsys, "forecast", "--subject", str(stays.subject), "--json"))
    assert {row["kind"] for row in rows} == {"KeptByState"}
    assert await hvelv("retention", "due", "--subject", "00000000-0000-4000-8000-000000000001") == Code.REFUSED


async def test_a_forecast_looks_ahead_and_a_run_refuses_to(old: People, capsys: pytest.CaptureFixture[str]) -> None:
    gone, _ = await population(old)
    lead = await old.lead()
    assert str(lead.subject) not in await said(capsys, "forecast")
    ahead = await said(capsys, "forecast", "--as-of", "2199-01-01")
    assert str(lead.subject) in ahead
    assert str(gone.subject) in ahead
    assert await hvelv("retention", "run", "--as-of", "2199-01-01") == Code.REFUSED
    assert "`forecast` tells" in capsys.readouterr().err
    assert await hvelv("retention", "due", "--as-of", "29.2.2044") == Code.USAGE


async def test_missing_anchors_are_listed(old: People, capsys: pytest.CaptureFixture[str]) -> None:
    await population(old)
    assert await said(capsys, "due", "--missing") == "nothing\n"
    borrower = await old.borrower()
    listed = await said(capsys, "due", "--missing")
    assert f"{borrower.subject}  loan " in listed
    assert "nothing started the clock of loan" in listed
    rows = json.loads(await said(capsys, "due", "--missing", "--json"))
    assert [(row["category"], row["kind"], row["rules"]) for row in rows] == [("loan", "NoAnchor", ["loan"])]


async def test_damage_is_told_and_the_rest_is_done(old: People, capsys: pytest.CaptureFixture[str]) -> None:
    gone, _ = await population(old)
    await execute(old.home.databases, "update standing set sealed = '\\x00' where subject = $1", gone.subject)
    assert await hvelv("retention", "run") == Code.DAMAGED
    assert str(gone.subject) in capsys.readouterr().err
    assert await hvelv("retention", "due") == Code.DONE
    assert "1 people did not open" in capsys.readouterr().err


async def test_a_jump_of_the_clock_is_an_alarm_until_somebody_says_what_day_it_is(
    old: People, capsys: pytest.CaptureFixture[str]
) -> None:
    await population(old)
    before = now() - timedelta(days=3)
    await execute(old.home.databases, "insert into expiry_tick (one, at) values (true, $1)", before)
    assert await asyncio.to_thread(lambda: report(examine(), as_json=False)) == Code.DONE
    assert await hvelv("retention", "run") == Code.STOPPED
    assert "hvelv retention acknowledge DATE" in capsys.readouterr().err
    assert await value(old.home.databases, "select count(*) from tombstone") == 0
    assert await asyncio.to_thread(lambda: report(examine(), as_json=False)) == Code.STOPPED
    assert "wrong clock: the clock went from" in capsys.readouterr().out
    assert await hvelv("retention", "acknowledge", "2022-01-10") == Code.REFUSED
    assert "mend the clock" in capsys.readouterr().err
    assert "runs go on" in await said(capsys, "acknowledge", oslo_date(now()).isoformat())
    assert "1 of them gone whole" in await said(capsys, "run")
