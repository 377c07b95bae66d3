"""The commands that need an installation, on servers of one's own: install, hand out tokens, roll."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from behind import execute
from command_line import run, settings
from databases import Databases

from hvelv.commands.exits import Code
from hvelv.commands.token_rules import MENDING

pytestmark = pytest.mark.slow

ACCOUNT = "00000000-0000-4000-8000-00000000000"


@pytest.fixture(scope="module")
async def installed(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One installation for the tests of this module; each uses accounts of its own."""
    found = settings(module_databases, tmp_path_factory.mktemp("installation"))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in found.items():
            environment.setenv(name, value)
        assert await run("migrate") == Code.DONE
    return found


@pytest.fixture
def installation(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name, value in installed.items():
        monkeypatch.setenv(name, value)
    return tmp_path


async def issued(capsys: pytest.CaptureFixture[str], role: str, account: int, *more: str) -> dict[str, str]:
    capsys.readouterr()
    assert (
        await run("token", "issue", role, "--account", f"{ACCOUNT}{account}", "--second-factor", "--json", *more) == 0
    )
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


async def listed(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert await run("token", "list", "--json", *more) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


async def test_an_installation_is_made_twice_without_harm_and_the_doctor_is_content(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings(databases, tmp_path).items():
        monkeypatch.setenv(name, value)
    assert await run("doctor") == Code.MISCONFIGURED
    assert await run("migrate") == Code.DONE
    assert await run("migrate") == Code.DONE
    assert (tmp_path / "data" / "keyring").stat().st_mode & 0o777 == 0o700
    capsys.readouterr()
    assert await run("doctor", "--json") == Code.DONE
    assert [found["about"] for found in json.loads(capsys.readouterr().out)] == [
        "settings",
        "policy",
        "databases",
        "vault",
        "clock",
    ]


async def test_a_token_is_handed_out_once_listed_without_its_secret_and_taken_back(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await issued(capsys, "advisor", 1)
    (row,) = await listed(capsys, "--live", "--account", f"{ACCOUNT}1")
    assert row["id"] == token["id"]
    assert token["secret"] not in json.dumps(row)
    assert await run("token", "list") == Code.DONE
    assert token["id"] in capsys.readouterr().out
    assert await run("token", "revoke", token["id"]) == Code.DONE
    assert await listed(capsys, "--live", "--account", f"{ACCOUNT}1") == []
    assert await run("token", "revoke", f"{ACCOUNT}f") == Code.REFUSED


async def test_an_account_and_a_subject_lose_their_tokens(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await issued(capsys, "advisor", 2)
    await issued(capsys, "self", 3, "--subject", f"{ACCOUNT}e")
    assert await run("token", "revoke", "--account", f"{ACCOUNT}2") == Code.DONE
    assert await run("token", "revoke", "--subject", f"{ACCOUNT}e") == Code.DONE
    for account in (2, 3):
        assert await listed(capsys, "--live", "--account", f"{ACCOUNT}{account}") == []


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("king",), "roles.unknown"),
        (("advisor", "bank"), "roles.mixed"),
        (("advisor", "--lifetime", "9h"), "lifetime.too_long"),
        (("bank",), "recipient.missing"),
        (("bank", "--recipient", "bank", "--purpose", "newsletter"), "purpose.foreign"),
    ],
)
async def test_an_unsound_token_is_refused(
    installation: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], rule: str
) -> None:
    assert await run("token", "issue", *arguments, "--account", f"{ACCOUNT}4", "--second-factor") == Code.REFUSED
    assert f"{MENDING[rule]} (rule `{rule}`)" in capsys.readouterr().err
    assert await listed(capsys, "--account", f"{ACCOUNT}4") == []


async def test_outside_development_two_persons_hand_out_and_one_does_not(
    installation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, Path] = {}
    for number, role in enumerate(("dpo", "privacy_approver", "advisor"), 5):
        files[role] = installation / role
        files[role].write_text((await issued(capsys, role, number))["secret"])
    monkeypatch.setenv("HVELV_MODE", "production")
    await issued(capsys, "advisor", 8, "--officer", str(files["dpo"]), "--officer", str(files["privacy_approver"]))
    (row,) = await listed(capsys, "--account", f"{ACCOUNT}8")
    assert (row["issued_by"], row["approved_by"]) == (f"{ACCOUNT}5", f"{ACCOUNT}6")
    asked = ("token", "issue", "advisor", "--account", f"{ACCOUNT}9", "--second-factor", "--officer", str(files["dpo"]))
    assert await run(*asked) == Code.USAGE
    for second in ("dpo", "advisor"):
        assert await run(*asked, "--officer", str(files[second])) == Code.REFUSED
    assert await run(*asked, "--officer", str(installation / "missing")) == Code.REFUSED
    assert await listed(capsys, "--account", f"{ACCOUNT}9") == []


async def test_a_roll_makes_the_next_epoch_current(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert await run("keys", "roll", "--json") == Code.DONE
    report = json.loads(capsys.readouterr().out)
    assert await run("keys", "status", "--json") == Code.DONE
    assert json.loads(capsys.readouterr().out) == {"current": report["new"], "live": [report["new"]]}
    assert await run("keys", "status") == Code.DONE
    assert await run("keys", "roll") == Code.DONE


async def test_a_database_that_does_not_answer_ends_with_3_and_no_address(
    installation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVELV_CONTROL_URL", "postgresql://hvelv_app:hunter2@127.0.0.1:1/hvelv_control")
    assert await run("token", "list") == Code.UNAVAILABLE
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "Traceback" not in said


async def test_a_keyring_that_is_not_there_ends_with_4_and_is_not_made(
    installation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HVELV_KEYRING_DIR", str(installation / "elsewhere"))
    assert await run("migrate") == Code.MISCONFIGURED
    assert not (installation / "elsewhere").exists()


async def test_the_ledger_is_verified_and_its_checkpoint_kept(
    installation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (installation / "witness").mkdir()
    monkeypatch.setenv("HVELV_WITNESSES", str(installation / "witness"))
    capsys.readouterr()
    assert await run("ledger", "checkpoint") == Code.DONE
    kept = installation / "kept.txt"
    kept.write_text(capsys.readouterr().out, encoding="utf-8")
    await issued(capsys, "dpo", 1)
    assert await run("ledger", "verify", "--checkpoint", str(kept)) == Code.DONE
    assert capsys.readouterr().out.startswith("whole: ")
    assert await run("ledger", "verify", "--json") == Code.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["whole"], found["witnesses"], found["faults"]) == (True, 1, [])
    assert await run("ledger", "checkpoint", "--json") == Code.DONE
    assert json.loads(capsys.readouterr().out)["receipts"].startswith("hvelv/receipts+")
    assert await run("ledger", "retire", "--json") == Code.DONE
    assert json.loads(capsys.readouterr().out) == {"months": []}
    assert await run("ledger", "retire") == Code.DONE
    assert await run("ledger", "verify", "--checkpoint", str(installation / "none")) == Code.REFUSED


async def test_a_ledger_with_faults_ends_the_command_as_damaged(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings(databases, tmp_path).items():
        monkeypatch.setenv(name, value)
    assert await run("migrate") == Code.DONE
    await issued(capsys, "dpo", 1)
    assert await run("ledger", "checkpoint") == Code.DONE
    monkeypatch.setenv("HVELV_WITNESSES", str(tmp_path / "not mounted"))
    capsys.readouterr()
    assert await run("ledger", "verify") == Code.UNAVAILABLE
    assert "does not answer" in capsys.readouterr().err
    monkeypatch.delenv("HVELV_WITNESSES")
    await execute(databases, "update ledger_entry set actor = gen_random_uuid(), commitment = sha256(commitment)")
    assert await run("ledger", "verify") == Code.DAMAGED
    assert "✗  a leaf is not the one of its row  log 1  leaf 1  entry " in capsys.readouterr().out
    assert await run("ledger", "verify", "--json") == Code.DAMAGED
    found = json.loads(capsys.readouterr().out)
    assert (found["whole"], set(found["troubles"])) == (False, {"leaf", "content"})


async def test_the_scope_of_a_breach_is_asked_for_by_an_officer(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = installation / "officer"
    officer.write_text((await issued(capsys, "dpo", 3))["secret"], encoding="utf-8")
    asked = ("ledger", "scope", "--since", "2020-01-01", "--until", "2100-01-01T00:00Z", "--officer", str(officer))
    assert await run(*asked, "--role", "self") == Code.DONE
    assert "0 persons" in capsys.readouterr().err
    assert await run(*asked, "--role", "self", "--json") == Code.DONE
    assert capsys.readouterr().out == ""
    assert await run(*asked) == Code.REFUSED
    assert await run(*asked[:4], "--until", "tomorrow", "--officer", str(officer)) == Code.USAGE
    assert await run(*asked[:6], "--officer", str(installation / "none"), "--role", "self") == Code.REFUSED
