"""How commands end, and what they say when they do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hvelv.cli import main
from hvelv.commands.doctor import examine, report
from hvelv.commands.exits import Code, CommandRefused, code_of, line_of
from hvelv.errors import InUse, NoPrograms, NotRunning, SettingsRefused, StartFailed
from hvelv.settings import POLICY
from identity.errors import NotIssued, Unsound
from policies.errors import PolicyErrors, Problem
from products.errors import NotACustomer
from solar.model.errors import BadInput
from vault.errors import (
    BrokenSeal,
    Conflict,
    Contended,
    Misconfigured,
    Refused,
    Tampered,
    TokenRefused,
    Unavailable,
    Unknown,
)

SECRET = "17912099997"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    return 0 if code is None else int(code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused([]), Code.REFUSED),
        (TokenRefused("the token is not accepted"), Code.REFUSED),
        (Unknown("nothing"), Code.REFUSED),
        (Conflict("another body"), Code.REFUSED),
        (Unsound("roles.none"), Code.REFUSED),
        (NotIssued("two_persons.same_account"), Code.REFUSED),
        (NotACustomer("proceed"), Code.REFUSED),
        (CommandRefused("no"), Code.REFUSED),
        (BadInput("tilt_deg", "is a number from 0 to 90"), Code.REFUSED),
        (PolicyErrors("policies.yaml", [Problem(1, 1, "version", "is missing")]), Code.REFUSED),
        (Tampered("a fork"), Code.DAMAGED),
        (Unavailable("no answer"), Code.UNAVAILABLE),
        (Contended("again"), Code.UNAVAILABLE),
        (NotRunning("nothing runs"), Code.UNAVAILABLE),
        (StartFailed("did not come up"), Code.UNAVAILABLE),
        (Misconfigured("key"), Code.MISCONFIGURED),
        (SettingsRefused("`HVELV_PORT`: wants a number"), Code.MISCONFIGURED),
        (NoPrograms("none"), Code.MISCONFIGURED),
        (InUse("another process"), Code.MISCONFIGURED),
        (BrokenSeal("does not open"), Code.DAMAGED),
        (ValueError(SECRET), Code.DAMAGED),
    ],
)
def test_every_error_has_its_code_and_one_line(error: Exception, code: Code) -> None:
    assert code_of(error) is code
    assert len(line_of(error).splitlines()) == 1
    assert SECRET not in line_of(error)


def test_a_fault_of_ours_is_named_by_class_and_place_and_never_by_its_text() -> None:
    with pytest.raises(ValueError, match=SECRET) as caught:
        int(SECRET + "x")
    assert line_of(caught.value).startswith("hvelv: a fault of its own: `ValueError` at `test_cli_endings.py:")
    assert SECRET not in line_of(caught.value)


def test_an_error_without_words_is_named_by_its_class() -> None:
    assert line_of(BrokenSeal()) == "hvelv: broken seal"


def test_help_teaches_the_first_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == Code.DONE
    shown = capsys.readouterr().out
    assert "hvelv demo" in shown
    assert "Exit codes" in shown


@pytest.mark.parametrize("arguments", [("bogus",), ("token", "revoke"), ("token", "issue"), ("policy", "explain")])
def test_a_wrong_command_line_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == Code.USAGE


@pytest.mark.parametrize("span", ["", "5", "h", "-5h", "1.5h", "5y", "999999d", "\u0665h"])
def test_a_lifetime_is_a_number_and_a_unit(span: str) -> None:
    account = "00000000-0000-4000-8000-000000000001"
    assert run("token", "issue", "advisor", "--account", account, f"--lifetime={span}") == Code.USAGE


def test_the_shipped_policy_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "check", str(POLICY)) == Code.DONE
    assert "version 2018-05-28" in capsys.readouterr().out


def test_a_wrong_policy_is_refused_with_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(POLICY.read_bytes().replace(b"category: contact\n", b"category: kontact\n", 1))
    assert run("policy", "check", str(wrong)) == Code.REFUSED
    file, line, column, *rest = capsys.readouterr().err.splitlines()[0].split(":")
    assert (file, line.isdecimal(), column.isdecimal()) == ("wrong.yaml", True, True)
    assert "kontact" in "".join(rest)


def test_a_missing_policy_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "check", "/nowhere/policies.yaml") == Code.REFUSED
    assert "HVELV_POLICY" in capsys.readouterr().err


def test_a_field_is_explained_for_people_and_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "explain", "loan.national_id") == Code.DONE
    assert "bank for loan_application, plain" in capsys.readouterr().out
    assert run("policy", "explain", "loan.national_id", "--json") == Code.DONE
    view = json.loads(capsys.readouterr().out)
    assert view["special"]
    seen = {(use["to"], use["purpose"], use["sees"]) for use in view["uses"]}
    assert seen == {
        ("self", "self_service", "last_5_hidden"), ("self", "own_copy", "plain"), ("bank", "loan_application", "plain"),
    }  # fmt: skip
    assert view["retention"] == ["loan: at once after loan.closed; then erase"]


def test_an_unknown_field_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "explain", "person.shoe_size") == Code.REFUSED
    assert "policy show" in capsys.readouterr().err


def test_the_whole_policy_is_shown_for_people_and_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "show") == Code.DONE
    assert "Policy of 2018-05-28" in capsys.readouterr().out
    assert run("policy", "show", "--json") == Code.DONE
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["digest"]) == 64
    assert "person.email" in shown["fields"]


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", "schema") == Code.DONE
    assert "$defs" in json.loads(capsys.readouterr().out)


def test_the_doctor_stops_behind_what_is_broken_and_ends_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> str:
        raise Misconfigured("`HVELV_CONTROL_URL`: another schema; run `hvelv migrate`")

    def never() -> str:
        pytest.fail("rests on what is broken")

    findings = examine([("first", lambda: "fine"), ("second", broken), ("third", never)])
    assert report(findings, as_json=True) is Code.MISCONFIGURED
    first, second = json.loads(capsys.readouterr().out)
    assert (first["code"], second["code"]) == (0, 4)
    assert "hvelv migrate" in second["says"]


def test_a_wrong_setting_ends_with_4_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HVELV_PORT", SECRET)
    assert run("token", "list") == Code.MISCONFIGURED
    said = capsys.readouterr().err
    assert "HVELV_PORT" in said
    assert SECRET not in said


def test_the_process_itself_ends_with_the_code_and_without_a_traceback() -> None:
    program = "from hvelv.cli import main; main(['policy', 'check', '/nowhere'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=POLICY.parent
    )
    assert done.returncode == Code.REFUSED
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("hvelv: `/nowhere`")
