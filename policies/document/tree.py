"""The file as plain values, and where each key and each value of it stands.

A *path* leads from the whole file to one value: keys of mappings, positions in lists. A *finding* is what a check has
to say about one path; `Tree.problem` turns it into a `Problem` with line and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.errors import Problem

Node = str | int | bool | None | list["Node"] | dict[str, "Node"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the value at `path`, or with its key (`on_key`), and what to do about it."""

    path: Path
    message: str
    on_key: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of the file under `root`, the marks of all keys and of all values by path."""

    root: Node
    keys: Mapping[Path, Mark]
    values: Mapping[Path, Mark]

    def problem(self, finding: Finding) -> Problem:
        """The finding with its place.

        What the file does not spell out (`from: x` for `from: { last: [x] }`) stands where the short form does, and an
        item of a list, which has no key, at its value.
        """
        path = finding.path
        while path not in self.values:
            path = path[:-1]
        mark = self.keys.get(path, self.values[path]) if finding.on_key else self.values[path]
        return Problem(mark.line, mark.column, path_text(path), finding.message)


def path_text(path: Path) -> str:
    """`fields.loan.national_id.uses[0].to`; the whole file is `(file)`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "(file)"
