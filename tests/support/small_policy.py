"""A small valid policy, ways to spoil it, and where exactly the loader should then point.

A `«` in an edit is taken out again and marks the place a message must name: the expected line and column are counted
here, from the text, not by the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from policies.document import load, schema
from policies.document.tree import Mark, Node, Tree
from policies.document.tree import Path as Steps
from policies.errors import PolicyErrors

ROOT = Path(__file__).resolve().parents[2]
SMALL = (ROOT / "tests" / "fixtures" / "policies" / "small.yaml").read_text("utf-8")
SCHEMA_FILE = ROOT / "policies.schema.json"

Edit = tuple[str, str]


def plain(text: str = SMALL) -> Any:
    """The text as plain values, dates as text: read by ruamel's own constructor, not by ours."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def edited(*edits: Edit) -> tuple[str, list[str]]:
    """The small policy with each edit made once, and `line:column` of each mark."""
    text = SMALL
    for old, new in edits:
        assert text.count(old) == 1, f"{text.count(old)} places for {old!r}"
        text = text.replace(old, new)
    return unmarked(text)


def unmarked(text: str) -> tuple[str, list[str]]:
    """The text without its marks, and `line:column` of each."""
    places: list[str] = []
    while "«" in text:
        before, text_after = text.split("«", 1)
        places.append(f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}")
        text = before + text_after
    return text, places


def refusal(data: bytes) -> list[str]:
    """The lines of the refusal of `data`."""
    with pytest.raises(PolicyErrors) as caught:
        load(data)
    return str(caught.value).splitlines()


def refuses(*edits: Edit, saying: str) -> None:
    """The edited policy is refused at its one mark with `path: message` and nothing else."""
    text, (place,) = edited(*edits)
    assert refusal(text.encode()) == [f"policies.yaml:{place}: {saying}"]


def planted(root: Node) -> Tree:
    """A tree of plain values in which everything stands on line 1."""
    mark = Mark(1, 1)
    paths = {path: mark for path, _ in walked(root)}
    return Tree(root, paths, paths)


def walked(node: Node, path: Steps = ()) -> Iterator[tuple[Steps, Node]]:
    """Every path with its value, the whole first."""
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walked(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walked(value, (*path, number))


def schema_text() -> str:
    """The JSON Schema for editors as it stands in the file and as `hvelv policy schema` prints it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
