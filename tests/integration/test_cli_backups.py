"""`hvelv backup` and `hvelv restore`, as an operator types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run, said, settings
from databases import Databases

from hvelv.commands.exits import Code

pytestmark = pytest.mark.slow


@pytest.fixture
async def installed(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {**settings(databases, tmp_path), "HVELV_BACKUP_DIR": str(tmp_path / "backups")}.items():
        monkeypatch.setenv(name, value)
    assert await run("migrate") == Code.DONE
    return tmp_path / "backups"


async def test_both_are_backed_up_listed_and_restored(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("restore", "control", "--yes") == Code.MISCONFIGURED
    account = "00000000-0000-4000-8000-000000000001"
    assert await run("token", "issue", "advisor", "--account", account, "--second-factor") == Code.DONE
    made = await said(capsys, "backup")
    assert [each["database"] for each in made] == ["control", "contents"]
    assert await said(capsys, "backup", "--list") == made
    assert await said(capsys, "backup", "erasures") == {"tombstones": 0}
    assert await run("backup", "--list") == Code.DONE
    assert made[0]["name"] in capsys.readouterr().out
    done = await said(capsys, "restore", "control", made[0]["name"], "--yes")
    assert done == {
        "name": made[0]["name"], "erased_again": 0, "tokens_refused": 1, "tombstones_readable": True, "new_log": False,
    }  # fmt: skip
    assert await said(capsys, "restore", "contents") == {"returned": 0, "missing": 0}
    for words in (("restore", "control", "--yes"), ("restore", "contents"), ("backup", "erasures"), ("doctor",)):
        assert await run(*words) == Code.DONE


async def test_the_roll_writes_a_backup_and_one_from_before_is_refused(
    installed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (before,) = await said(capsys, "backup", "control")
    (installed / "control" / before["name"]).rename(tmp_path / before["name"])
    assert await run("keys", "roll") == Code.DONE
    (after,) = await said(capsys, "backup", "--list")
    assert after["epoch"] == before["epoch"] + 1
    (tmp_path / before["name"]).rename(installed / "control" / before["name"])
    assert await run("restore", "control", before["name"], "--yes") == Code.REFUSED
    assert "before the last roll" in capsys.readouterr().err
    assert await run("doctor") == Code.DONE


async def test_nothing_is_replaced_without_a_yes(
    installed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await run("backup", "control")

    def no(_question: str, *, err: bool) -> bool:
        return not err

    monkeypatch.setattr("typer.confirm", no)
    assert await run("restore", "control") == Code.REFUSED
    assert "nothing was restored" in capsys.readouterr().err


async def test_erasures_that_wait_are_listed_and_carried_out_by_command(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await said(capsys, "erasure", "due") == []
    assert await said(capsys, "erasure", "run") == {"receipts": [], "failed": []}
    for words in (("erasure", "due"), ("erasure", "run")):
        assert await run(*words) == Code.DONE
