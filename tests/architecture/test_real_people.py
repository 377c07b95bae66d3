"""No national id that could be somebody's stands anywhere in the tree, nor a number that long in a test's name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ELEVEN: Final = re.compile(r"(?<![0-9A-Za-z+])([0-9]{11})(?![0-9A-Za-z])")
SKIPPED: Final = {"node_modules", "__pycache__", "build", "dist", "uv.lock"}
FIRST: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
SECOND: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Hidden folders are not walked: the database that other tests are using comes and goes beneath one of them."""
    for path in folder.iterdir():
        if path.name in SKIPPED or path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path


def could_be_somebodys(number: str) -> bool:
    """A date with an ordinary month, as real numbers have and synthetic ones do not, and control digits that hold.

    Source: Skatteetaten: the first control digit leaves 0, from 2032 also 1, 2 or 3; synthetic months are 80 higher.
    """
    digits = [int(digit) for digit in number]
    first = sum(digit * weight for digit, weight in zip(digits, FIRST, strict=False)) % 11
    second = sum(digit * weight for digit, weight in zip(digits, SECOND, strict=True)) % 11
    dated = 1 <= int(number[:2]) % 40 <= 31 and 1 <= int(number[2:4]) % 40 <= 12
    return dated and int(number[2:4]) < 80 and first <= 3 and second == 0


def test_numbers_that_could_be_somebodys_are_recognised() -> None:
    birthday, person = "290220", "996"
    assert any(could_be_somebodys(f"{birthday}{person}{control:02}") for control in range(100))
    assert not any(could_be_somebodys(f"298220{person}{control:02}") for control in range(100))


def test_no_file_holds_a_national_id_that_could_be_somebodys() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        if any(could_be_somebodys(each) for each in ELEVEN.findall(line))
    ]
    assert found == []


def test_no_file_is_named_after_a_number_that_long() -> None:
    assert [path for path in files() if re.search(r"\d{11}", path.name)] == []


@pytest.mark.slow
def test_no_test_is_named_after_a_number_that_long() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "--continue-on-collection-errors"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = [line for line in done.stdout.splitlines() if "::" in line]
    assert f"{Path(__file__).name}::test_no_test_is_named_after_a_number_that_long" in "".join(names)
    assert [name for name in names if re.search(r"(?<!\d)\d{11}(?!\d)", name)] == []
