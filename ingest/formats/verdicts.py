"""Which rows of a block are fine, and which rule each of the others broke first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.problems import Problem, Rule

_RULES: Final = tuple(Rule)
_CODES: Final = {rule: code for code, rule in enumerate(_RULES, start=1)}


class Verdicts:
    """One verdict per row: fine until the first rule it breaks."""

    def __init__(self, lines: NDArray[np.int64]) -> None:
        self._lines = lines
        self._codes = np.zeros(len(lines), dtype=np.uint8)

    @property
    def fine(self) -> NDArray[np.bool_]:
        """A mask of the rows that broke no rule so far."""
        return np.equal(self._codes, 0)

    @property
    def all_fine(self) -> bool:
        """Whether no row broke a rule so far."""
        return not self._codes.any()

    def refuse(self, rows: NDArray[np.bool_], rule: Rule) -> None:
        """These rows break this rule, if they broke none before."""
        if rows.any():
            self._codes[rows & self.fine] = _CODES[rule]

    def refuse_row(self, row: int, rule: Rule) -> None:
        """This row breaks this rule, if it broke none before."""
        if not self._codes[row]:
            self._codes[row] = _CODES[rule]

    def rename(self, row: int, rule: Rule) -> None:
        """A row that broke some rule broke this one, which explains the other."""
        if self._codes[row]:
            self._codes[row] = _CODES[rule]

    def problems(self) -> Iterator[Problem]:
        """One for each row that is not fine."""
        rows = np.flatnonzero(self._codes)
        lines: list[int] = self._lines[rows].tolist()
        codes: list[int] = self._codes[rows].tolist()
        for line, code in zip(lines, codes, strict=True):
            yield Problem(_RULES[code - 1], line, readings=1)
