"""The example of `docs/policies.md` is what it says: in the shipped policy it loads, and misspelt it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML
from shipped_policy import shipped
from typer.testing import CliRunner

from hvelv.cli import app
from policies.document import load
from policies.errors import PolicyErrors
from policies.model import Mask, PolicySet

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
SHIPPED: Final = (ROOT / "policies.yaml").read_text(encoding="utf-8")
EXAMPLES: Final[list[str]] = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MISTAKES: Final[list[tuple[str, str, str]]] = re.findall(
    r"^\| `(.+?)` \| `(.+?)` \| ((?:[a-z]).+) \|$", TEXT, re.MULTILINE
)


def place(text: str, path: tuple[str, ...]) -> int:
    """Behind the line that opens the block mapping or list at this path."""
    at = 0
    for depth, key in enumerate(path):
        found = re.compile(rf"^{'  ' * depth}{re.escape(key)}:\n", re.MULTILINE).search(text, at)
        assert found is not None, path
        at = found.end()
    return at


def pieces(example: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What goes where: whole entries into their section, rows into the list of an entry that is there."""
    found: list[tuple[str, str]] = re.findall(r"^(\w+):\n((?:[ ]+.*\n)+)", example, re.MULTILINE)
    for section, body in found:
        row = re.fullmatch(r"  ([\w.]+):\n    (\w+):\n((?:      - .*\n)+)", body)
        yield ((section,), body) if row is None else ((section, row[1], row[2]), row[3])


@cache
def amended() -> str:
    """The shipped policy with every example written into it."""
    text = SHIPPED
    for example in EXAMPLES:
        for path, body in pieces(example):
            at = place(text, path)
            text = text[:at] + body + text[at:]
    return text


@cache
def after() -> PolicySet:
    return load(amended().encode())


def test_the_examples_load_in_the_shipped_policy() -> None:
    assert after().fields.keys() - shipped().fields.keys() == {"roof.covering"}
    assert after().purposes.keys() - shipped().purposes.keys() == {"roof_inspection"}
    assert after().recipients.keys() - shipped().recipients.keys() == {"roof_inspector"}


def test_the_inspector_sees_what_the_text_says() -> None:
    seen = {
        field.name: use.sees for field in after().fields.values() for use in field.uses if use.to == "roof_inspector"
    }
    assert seen == {"project.address": Mask.PLAIN, "roof.covering": Mask.PLAIN}


def test_the_command_line_explains_the_new_field(tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(amended(), encoding="utf-8")
    explained = CliRunner().invoke(app, ["policy", "explain", "roof.covering", str(file)])
    assert explained.exit_code == 0, explained.output
    assert "roof_inspection" in explained.output


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 4), (4, 7)])
def test_the_mistakes_of_a_step_get_the_answers_that_are_written_down(first: int, last: int) -> None:
    assert len(MISTAKES) == 7
    text = amended()
    for written, instead_of, _ in MISTAKES[first:last]:
        line = line_of(instead_of)
        assert text.count(line) == 1
        text = text.replace(line, line.replace(instead_of, written))
    with pytest.raises(PolicyErrors) as refused:
        load(text.encode())
    assert {answer for _, _, answer in MISTAKES[first:last]} <= {p.message for p in refused.value.problems}


def line_of(words: str) -> str:
    """The line of the example that holds the words, with the one before it where it is found elsewhere too."""
    lines = EXAMPLES[0].splitlines()
    at = next(number for number, line in enumerate(lines) if words in line)
    return lines[at] if amended().count(lines[at]) == 1 else f"{lines[at - 1]}\n{lines[at]}"


def keys_of(section: str) -> set[str]:
    row = re.search(rf"^\| `{section}` \| (.*) \|$", TEXT, re.MULTILINE)
    assert row is not None, section
    return set(re.findall(r"`([a-z_]+)\??`", row[1]))


def test_every_section_and_every_key_that_the_shipped_policy_uses_is_documented() -> None:
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(SHIPPED)
    assert keys_of("controller") >= set(document.pop("controller"))
    assert keys_of("version") is not None
    del document["version"]
    sections: dict[str, dict[str, dict[str, object]]] = document
    for section, entries in sections.items():
        assert keys_of(section) >= {key for entry in entries.values() for key in entry}, section
