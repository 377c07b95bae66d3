"""`hvelv ingest` on an installation: reports, exit codes, a watched folder, a full disk, a process that is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from databases import Databases
from deliveries import jsonl
from determinism import SeededIds, VirtualClock
from nabostrom_world import PowerCase, entry, person

from hvelv.cli import main
from hvelv.commands.exits import Code
from hvelv.embedded import EmbeddedPostgres
from hvelv.house import now, open_vault
from hvelv.metered import synthetic_id
from hvelv.settings import Settings
from policies.model import SELF, Access, SubjectId
from policies.oslo import midnight, oslo_date

pytestmark = pytest.mark.slow

POINT = "707057500000000018"
SINCE = date(2026, 1, 1)
REGISTERED = datetime(2026, 3, 1, tzinfo=UTC)
HOURLY = "metering_point.consumption_hourly"
IDENTITY = synthetic_id(date(1987, 3, 4))  # nobody else's in any test, so that every file may be searched for it
IN_CLEAR = "index_token_subject"  # the name of an index


@dataclass(frozen=True)
class Installed:
    """An installation with one customer."""

    environment: dict[str, str]
    subject: SubjectId


@pytest.fixture(scope="module")
async def installed(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Installed]:
    environment = {
        "HVELV_CONTROL_URL": module_databases.control,
        "HVELV_CONTENTS_URL": module_databases.contents,
        "HVELV_CONTROL_OWNER_URL": module_databases.owner_control,
        "HVELV_CONTENTS_OWNER_URL": module_databases.owner_contents,
        "HVELV_CONTROL_SWEEPER_URL": module_databases.sweeper_control,
        "HVELV_CONTENTS_SWEEPER_URL": module_databases.sweeper_contents,
        "HVELV_DATA_DIR": str(tmp_path_factory.mktemp("installation") / "data"),
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        assert await run("migrate") == Code.DONE
        async with open_vault(Settings.load()) as vault:
            clock = VirtualClock(now() - timedelta(hours=1))
            power = PowerCase(vault, clock, SeededIds("ingest"))
            power.registers.persons = [person(national_id=IDENTITY)]
            power.registers.meters = [entry(end_user=IDENTITY)]
            await power.until_started(min(SINCE, oslo_date(clock())))
            yield Installed(environment, power.subject)


@pytest.fixture
def here(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> Installed:
    for name, value in installed.environment.items():
        monkeypatch.setenv(name, value)
    return installed


async def run(*arguments: str) -> int:
    def ended() -> int:
        try:
            main(arguments)
        except SystemExit as error:
            return int(error.code or 0)
        return 0

    return await asyncio.to_thread(ended)


async def stored(at: Installed, day: date, days: int) -> list[int]:
    """What the customer sees of these days, in Wh."""
    async with open_vault(Settings.load()) as vault:
        me = await PowerCase(vault, VirtualClock(now()), SeededIds("me")).somebody("self", subject=at.subject)
        start, end = midnight(day), midnight(day + timedelta(days=days))
        opened = await vault.series(
            me, Access("self_service", None, SELF), [at.subject], frozenset({HOURLY}), start, end
        )
        readings = [each.readings.reveal() for each in opened.series]
        return [int(wh) for each in readings for wh, quality in zip(each.wh, each.quality, strict=True) if quality]


def file_of(folder: Path, name: str, day: date, days: int, wh: int) -> Path:
    """A file with one line a day."""
    path = folder / name
    lines = [
        jsonl(POINT, midnight(day + timedelta(days=n)), [wh] * 24, registered=REGISTERED) for n in range(days)
    ]  # fmt: skip
    path.write_bytes(b"".join(lines))
    return path


async def test_each_file_has_a_report_and_the_worst_of_them_gives_the_exit_code(
    here: Installed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = file_of(tmp_path, "good.jsonl", date(2026, 1, 5), 2, 11)
    bad = tmp_path / "bad.txt"
    bad.write_text("Dear grid company,\n")
    capsys.readouterr()
    assert await run("ingest", str(good), str(good), str(bad), "--json") == Code.REFUSED
    first, second, third = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["outcome"], first["accepted"]) == ("taken", 48)
    assert (second["outcome"], second["duplicate"]) == ("taken", 48)
    assert (third["outcome"], third["problems"][0]["line"]) == ("refused", 1)
    assert await run("ingest", str(good)) == Code.DONE
    assert "48 known" in capsys.readouterr().out
    assert await stored(here, date(2026, 1, 5), 2) == [11] * 48


async def test_a_csv_without_a_point_takes_it_from_the_option_and_never_guesses(
    here: Installed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    csv = tmp_path / "january.csv"
    rows = [f"06.01.2026 {hour:02}:00;06.01.2026 {hour + 1:02}:00;0,500;Målt" for hour in range(23)]
    csv.write_text("\ufeffFra;Til;KWH 60 Forbruk;Kvalitet\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert await run("ingest", str(csv)) == Code.REFUSED
    assert "give `--metering-point`" in capsys.readouterr().out
    assert await run("ingest", str(csv), "--metering-point", "707057500000000019") == Code.REFUSED
    assert "707057500000000019" not in capsys.readouterr().err
    assert await run("ingest", str(csv), "--metering-point", POINT) == Code.DONE
    assert "23 accepted" in capsys.readouterr().out or "23 corrected" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("nowhere.jsonl",), ("--watch", "nowhere")])
async def test_what_is_not_there_is_named(
    here: Installed, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("ingest", *arguments) in {Code.REFUSED, Code.USAGE}
    assert "nowhere" in capsys.readouterr().err or not arguments


async def test_a_watched_folder_is_emptied_and_each_file_lies_beside_its_report(
    here: Installed, tmp_path: Path
) -> None:
    file_of(tmp_path, "one.jsonl", date(2026, 1, 10), 1, 21)
    (tmp_path / "two.txt").write_text("nothing of use\n")
    file_of(tmp_path, "three.jsonl.part", date(2026, 1, 11), 1, 22)
    watching = await started("ingest", "--watch", str(tmp_path))
    try:
        await until(lambda: (tmp_path / "taken/one.jsonl").exists() and (tmp_path / "refused/two.txt").exists())
    finally:
        watching.send_signal(signal.SIGINT)
        await watching.wait()
    report = json.loads((tmp_path / "taken/one.jsonl.report.json").read_text("utf-8"))
    assert (report["outcome"], report["accepted"]) == ("taken", 24)
    assert (tmp_path / "three.jsonl.part").exists()
    assert await stored(here, date(2026, 1, 10), 2) == [21] * 24


async def test_a_disk_that_is_full_is_named_and_the_file_stays_to_be_taken_again(
    here: Installed, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "full.jsonl", date(2026, 1, 15), 1, 31)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/.full.jsonl.report.json.tmp").symlink_to("/dev/full")
    watching = await started("ingest", "--watch", str(tmp_path))
    _, said = await asyncio.wait_for(watching.communicate(), 60)
    assert watching.returncode == Code.UNAVAILABLE
    assert b"is full" in said
    assert b"Traceback" not in said
    assert file.exists()
    assert await stored(here, date(2026, 1, 15), 1) == [31] * 24
    assert await run("ingest", str(file)) == Code.DONE
    assert await stored(here, date(2026, 1, 15), 1) == [31] * 24


async def test_killed_in_the_middle_nothing_reported_is_lost_and_nothing_counts_twice(
    here: Installed, tmp_path: Path
) -> None:
    first = file_of(tmp_path, "first.jsonl", date(2026, 2, 1), 3, 41)
    second = file_of(tmp_path, "second.jsonl", date(2026, 2, 4), 24, 42)
    second.write_bytes(second.read_bytes() * 400)  # long enough to be killed in
    killed = await started("ingest", str(first), str(second), "--json")
    assert killed.stdout is not None
    said = json.loads(await asyncio.wait_for(killed.stdout.readline(), 60))
    assert said["accepted"] == 72
    await asyncio.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    assert await killed.wait() == -signal.SIGKILL
    assert await stored(here, date(2026, 2, 1), 3) == [41] * 72  # acknowledged, and still there
    half = await stored(here, date(2026, 2, 4), 24)
    assert set(half) <= {42}
    assert await run("ingest", str(first), str(second)) == Code.DONE
    assert await stored(here, date(2026, 2, 1), 27) == [41] * 72 + [42] * (24 * 24)


@pytest.mark.clause("NAB-10")
async def test_after_all_that_no_file_anywhere_holds_the_national_id_in_any_form(
    here: Installed, postgres: EmbeddedPostgres
) -> None:
    """Run after the process above was killed in the middle: tables, log, keyring and temporary files."""
    files = [file for place in (postgres.home, Path(here.environment["HVELV_DATA_DIR"])) for file in place.rglob("*")]
    wanted = {IN_CLEAR: forms(IN_CLEAR), IDENTITY: forms(IDENTITY)}
    found: set[str] = set()
    for file in files:
        with suppress(OSError):
            content = file.read_bytes() if file.is_file() else b""
            found |= {name for name, needles in wanted.items() if any(needle in content for needle in needles)}
    assert found == {IN_CLEAR}


def forms(text: str) -> list[bytes]:
    """As UTF-8, UTF-16, hexadecimal, and base64 at any of its three alignments."""
    raw = text.encode()
    shifted = [b64encode(b"x" * shift + raw)[(0, 2, 3)[shift] : -4] for shift in range(3)]
    return [raw, text.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode(), *shifted]


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hvelv", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def until(true: object, seconds: float = 60) -> None:
    assert callable(true)
    for _ in range(int(seconds * 10)):
        if true():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError
