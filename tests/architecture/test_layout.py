"""The tree keeps its shape: small modules with plain names, every package under contract, no rule off unargued."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: Final = sorted(folder.parent.name for folder in ROOT.glob("*/__init__.py"))
VAGUE: Final = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc", "shared"}
# the rule, and behind it at least a word on why
REASONED: Final = re.compile(r"# (?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|(?:type|pyright): ignore\[[\w-]+\])[\s#(`-].*\w{3}")
SUPPRESSION: Final = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:|mypy:|ruff:)")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders or (*PACKAGES, "tests", "benchmarks"):
        yield from (ROOT / folder).rglob("*.py")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [shown(path) for path in modules() if VAGUE & {part.removesuffix(".py") for part in path.parts[-3:]}]
    assert named == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_every_module_begins_with_what_it_promises() -> None:
    silent = [
        shown(path)
        for path in modules()
        if "migrations" not in path.parts and not path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))
    ]
    assert silent == []


def test_tests_are_a_folder_and_not_a_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(CONFIG["tool"]["importlinter"]["root_packages"], id="import-linter"),
        pytest.param(CONFIG["tool"]["uv"]["build-backend"]["module-name"], id="uv"),
        pytest.param(CONFIG["tool"]["coverage"]["run"]["source"], id="coverage"),
        pytest.param(CONFIG["tool"]["deptry"]["known_first_party"], id="deptry"),
    ],
)
def test_every_package_is_known_to_every_tool(listed: list[str]) -> None:
    assert sorted(listed) == PACKAGES


def test_every_package_has_its_place_in_the_layers() -> None:
    layers = next(each for each in CONFIG["tool"]["importlinter"]["contracts"] if each["id"] == "layers")["layers"]
    assert sorted(name.strip() for layer in layers for name in layer.split("|")) == PACKAGES


@pytest.mark.parametrize("name", ["schema", "dataloader", "httpx", "strictyaml", "authlib", "pyseto"])
def test_no_dependency_takes_one_of_our_names_or_is_ruled_out(name: str) -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    assert name not in {package["name"] for package in locked}


def test_what_is_imported_is_this_tree() -> None:
    schema = import_module("schema")  # the name is also on the package index
    assert Path(schema.__file__ or "").parent == ROOT / "schema"


def test_every_suppression_names_its_rule_and_its_reason() -> None:
    unreasoned = [
        f"{shown(path)}:{number}"
        for path in modules()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if SUPPRESSION.search(line) and not REASONED.search(line)
    ]
    assert unreasoned == []
