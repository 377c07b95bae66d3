"""`docs/operations.md` is current: settings, exit codes, lifetimes and the words of refusals are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from hvelv.cluster import ROLES, SETTINGS
from hvelv.commands.exits import Code
from hvelv.settings import POLICY, PREFIX, Settings
from identity.specs import LONGEST
from policies.model import RoleKind

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES: Final = [
    path.read_text(encoding="utf-8") for name in ("hvelv", "vault") for path in (ROOT / name).rglob("*.py")
]


def chapter(number: int) -> str:
    return re.split(r"^## \d+\. ", TEXT, flags=re.MULTILINE)[number]


def shown(default: object) -> str:
    if default == POLICY:
        return "`policies.yaml` beside the code"
    return "not set" if default is None else f"`{default}`"


def settings_table() -> str:
    """The rows as they should stand there."""
    return "".join(
        f"| `{PREFIX}{name.upper()}` | {shown(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )


def test_the_table_of_settings_is_the_one_of_the_code() -> None:
    written = re.findall(rf"^\| `{PREFIX}[A-Z_]+` \|.*\n", chapter(2), re.MULTILINE)
    assert "".join(written) == settings_table()


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}TEST_"}
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", TEXT)) <= known


def test_every_exit_code_is_written_down() -> None:
    written = {int(code) for code in re.findall(r"^\| (\d+) \|", chapter(9), re.MULTILINE)}
    assert written == {*map(int, Code), 130}


def test_the_roles_to_create_are_those_of_the_embedded_cluster() -> None:
    assert set(re.findall(r"create role (\w+) login", TEXT)) == set(ROLES)


def test_what_a_server_of_ones_own_should_log_is_what_the_embedded_one_logs() -> None:
    written: list[tuple[str, str]] = re.findall(r"`(log_\w+)=([\w-]+)`", chapter(3))
    assert written
    assert {name: SETTINGS[name] for name, _ in written} == dict(written)


def test_the_longest_lives_of_tokens_are_those_of_the_code() -> None:
    hours = {kind: int(life.total_seconds()) // 3600 for kind, life in LONGEST.items()}
    assert hours[RoleKind.SUBJECT] == 30 * 24
    assert hours[RoleKind.VISITOR] == hours[RoleKind.SERVICE] == 24
    assert hours[RoleKind.STAFF] == hours[RoleKind.OFFICER] == 8
    assert LONGEST[RoleKind.PARTNER].total_seconds() == 600
    assert "a person 30 days, visitors and\nservices 24 hours, staff and officers 8 hours, partners 10 minutes" in TEXT


@pytest.mark.parametrize("words", re.findall(r"^\| ([a-z][^|]+?) \| [^|]+ \|$", chapter(10), re.MULTILINE)[1:])
def test_a_refusal_that_is_explained_is_one_of_the_code(words: str) -> None:
    assert any(words in source for source in SOURCES)
