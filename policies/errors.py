"""What can go wrong while a policy is read.

    PolicyError
    └── PolicyErrors          the file is refused; carries every problem found, in the order of the file

A policy holds no personal data, so its messages name what the file says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake and where it stands. Lines and columns count from 1.

    `path` names the entry (`fields.loan.national_id.uses[0].to`), or `(file)`; `message` says what to do about it.
    """

    line: int
    column: int
    path: str
    message: str


class PolicyError(Exception):
    """Any failure of this package."""


class PolicyErrors(PolicyError):
    """The policy is refused. Its text has one line a problem: `policies.yaml:LINE:COLUMN: path: message`."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"{name}:{p.line}:{p.column}: {p.path}: {p.message}" for p in self.problems))

    def __reduce__(self) -> tuple[type[PolicyErrors], tuple[str, tuple[Problem, ...]]]:
        return type(self), (self.name, self.problems)
