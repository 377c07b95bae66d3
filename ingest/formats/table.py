"""A block of delimited lines as columns: where each field is, and its bytes by the window.

Fields are found for all rows at once: no row and no field becomes an object. Delimiters inside double quotes do not
count, quotes around a field are left out, a carriage return before the line feed is not part of the last field, and
empty lines are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.formats.text import Block
from ingest.formats.verdicts import Verdicts
from ingest.problems import Rule

WIDEST: Final = 32
"""Bytes of the widest window on a field."""

_PAD: Final = b"\0" * WIDEST
_LINE_FEED, _RETURN, _QUOTE = b'\n\r"'


class Table:
    """The rows of a block that have as many fields as the header; the others are refused in `verdicts`."""

    def __init__(self, block: Block, *, delimiter: int, fields: int, skipped: int = 0) -> None:
        self.is_cut = block.is_cut
        self._bytes = _PAD + block.data + _PAD
        self._text = np.frombuffer(self._bytes, dtype=np.uint8)
        begins, ends, lines = self._rows(block)
        begins, ends, lines = begins[skipped:], ends[skipped:], lines[skipped:]
        marks, odd = self._marks(delimiter, begins, ends)
        first = np.searchsorted(marks, begins)
        whole = (np.searchsorted(marks, ends) - first == fields - 1) & ~odd
        self.line = lines
        self.verdicts = Verdicts(lines)
        self.verdicts.refuse(~whole, Rule.FIELDS)
        self._begin = np.repeat(begins[:, None], fields, axis=1)
        self._end = np.repeat(ends[:, None], fields, axis=1)
        cuts = marks[first[whole][:, None] + np.arange(fields - 1)]
        self._begin[whole, 1:] = cuts + 1
        self._end[whole, :-1] = cuts
        self._begin[~whole] = self._end[~whole] = WIDEST
        self._unquote()

    def __len__(self) -> int:
        return len(self.line)

    def length(self, column: int) -> NDArray[np.int64]:
        """Bytes of each field of a column."""
        return self._end[:, column] - self._begin[:, column]

    def head(self, column: int, width: int) -> NDArray[np.bytes_]:
        """The first bytes of each field and what follows it, `width` in all."""
        return self._windows(width)[self._begin[:, column]]

    def tail(self, column: int, width: int) -> NDArray[np.bytes_]:
        """The last bytes of each field and what goes before it, `width` in all."""
        return self._windows(width)[self._end[:, column] - width]

    def field(self, row: int, column: int) -> bytes:
        """One field, for the few rows that need a closer look."""
        return self._text[self._begin[row, column] : self._end[row, column]].tobytes()

    def labels(self, column: int, known: Sequence[bytes]) -> NDArray[np.int8]:
        """For each field which of the known labels it is, by number, and -1 where it is none."""
        found = np.full(len(self), -1, dtype=np.int8)
        lengths = self.length(column)
        for number, label in enumerate(known):
            rows = np.flatnonzero(lengths == len(label))
            found[rows[self._windows(len(label))[self._begin[rows, column]] == label]] = number
        return found

    def _windows(self, width: int) -> NDArray[np.bytes_]:
        """The bytes from each place on, without copying them."""
        return np.ndarray((len(self._bytes) - width + 1,), f"S{width}", self._bytes, 0, (1,))

    def _rows(self, block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        inside = self._text[WIDEST:-WIDEST]
        ends = np.flatnonzero(inside == _LINE_FEED).astype(np.int64) + WIDEST
        if block.is_cut:
            ends = np.append(ends, len(self._text) - WIDEST)
        begins = np.concatenate(([WIDEST], ends[:-1] + 1))
        lines = np.arange(block.first_line, block.first_line + len(ends), dtype=np.int64)
        ends = ends - ((self._text[ends - 1] == _RETURN) & (ends > begins))
        filled = ends > begins
        return begins[filled], ends[filled], lines[filled]

    def _marks(
        self, delimiter: int, begins: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where fields are divided, and which rows open a quote that they do not close."""
        marks = np.flatnonzero(self._text == delimiter)
        quotes = np.flatnonzero(self._text == _QUOTE)
        if not len(quotes):
            return marks, np.zeros(len(begins), dtype=np.bool_)
        before = np.searchsorted(quotes, begins)
        odd = (np.searchsorted(quotes, ends) - before) % 2 == 1
        row = np.maximum(np.searchsorted(begins, marks, side="right") - 1, 0)
        quoted = (np.searchsorted(quotes, marks) - before[row]) % 2 == 1
        return marks[~quoted], odd

    def _unquote(self) -> None:
        quoted = (self._text[self._begin] == _QUOTE) & (self._end - self._begin > 1)
        quoted &= self._text[self._end - 1] == _QUOTE
        self._begin += quoted
        self._end -= quoted
