"""Every decision record ends in what guards it: tests that exist, or contracts of `pyproject.toml`."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
RECORDS: Final = sorted((ROOT / "docs" / "adr").glob("*.md"))
CHAPTERS: Final = ["Context", "Decision", "What lost", "Consequences", "Confirmation"]
CONTRACTS: Final[Sequence[dict[str, object]]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "tool"
]["importlinter"]["contracts"]


def confirmation(record: Path) -> str:
    return record.read_text(encoding="utf-8").partition("\n## Confirmation\n")[2]


def named_tests(text: str) -> list[str]:
    return re.findall(r"`(tests/[\w/.]+\.py(?:::\w+)?)`", text)


def named_contracts(text: str) -> set[str]:
    """The ids in sentences that speak of contracts of `pyproject.toml`."""
    return {
        name for words in re.findall(r"Contracts? (.+?) in `pyproject", text) for name in re.findall(r"`(.+?)`", words)
    }


def missing(tests: Sequence[str]) -> Iterator[str]:
    for test in tests:
        path, _, name = test.partition("::")
        file = ROOT / path
        if not file.is_file():
            yield test
        elif name:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            if name not in {
                node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }:
                yield test


def title(record: Path) -> str:
    return record.stem


def test_records_are_numbered_without_gaps() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=title)
def test_a_record_has_its_chapters_in_order_and_its_number(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == CHAPTERS
    assert text.startswith(f"# {int(record.name[:4])}. ")


@pytest.mark.parametrize("record", RECORDS, ids=title)
def test_a_record_is_guarded_by_what_exists(record: Path) -> None:
    tests, contracts = named_tests(confirmation(record)), named_contracts(confirmation(record))
    assert tests or contracts
    assert list(missing(tests)) == []
    assert contracts <= {str(contract["id"]) for contract in CONTRACTS}


def test_a_guard_that_does_not_exist_is_noticed() -> None:
    here = "tests/architecture/test_adrs_are_guarded.py"
    assert list(
        missing([here, f"{here}::gone", "tests/gone.py", f"{here}::test_records_are_numbered_without_gaps"])
    ) == [
        f"{here}::gone",
        "tests/gone.py",
    ]
