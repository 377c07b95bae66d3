"""Runs of plain observations, taken out of a document before its parser sees them.

Nearly all bytes of a document are observations of one form, `Observation` around `Metered` around a number. A run of
them is read by one expression, and a processing instruction stands in its place, so that the parser says in which
element the run stood; the instruction has the line feeds of the run, so that lines are counted right.

It is safe where such text can only be elements: in well-formed XML `<` stands in no text and in no attribute, so the
other places are comments, sections of character data, declarations, and instructions. From the first `<!` or `<?` after
the beginning on, nothing is taken out any more, and the parser sees the document as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

_OBSERVATION: Final = (
    rb'<%bObservation Sequence="[0-9]{1,5}"><%bMetered>[0-9]{1,8}\.[0-9]{3}</%bMetered></%bObservation>[ \t\r\n]*'
)
_PREFIX: Final = re.compile(rb"<([A-Za-z]{1,16}:)?Observation ")
_NUMBER: Final = re.compile(rb"[0-9]+")
_KEPT_BACK: Final = 256
TARGET: Final = "run"


@dataclass(frozen=True, slots=True)
class Run:
    """Measured values: their numbers, their energy in watt-hours, and the line feeds of the run before each."""

    sequence: list[int]
    energy_wh: list[int]
    lines: list[int]


class Runs:
    """Takes runs out of a document that comes in parts."""

    def __init__(self) -> None:
        self._taken: dict[str, Run] = {}
        self._count = 0
        self._tail = b""
        self._is_first = True
        self._is_over = False
        self._expression: re.Pattern[bytes] | None = None

    def without(self, part: bytes) -> bytes:
        """The next bytes for the parser. The last few are kept back: what they begin may go on in the next part."""
        if self._is_over:
            return part
        data = self._tail + part
        begin = data.find(b"<?xml", 0, 8) + 2 if self._is_first else 0
        if data.find(b"<!") >= 0 or data.find(b"<?", begin) >= 0:
            self._is_over, self._tail = True, b""
            return data
        fewest = max(len(data) - _KEPT_BACK, 0)
        cut = max(data.rfind(b"<", 0, fewest), 0) or fewest
        self._is_first, self._tail = self._is_first and not cut, data[cut:]
        expression = self._expression or self._found(data)
        return data[:cut] if expression is None else expression.sub(self._out, data[:cut])

    def rest(self) -> bytes:
        """The last bytes for the parser."""
        tail, self._tail = self._tail, b""
        return tail

    def met(self, name: str) -> Run | None:
        """The run in whose place the parser met an instruction; None if the instruction is none of ours."""
        return self._taken.pop(name, None)

    def _found(self, data: bytes) -> re.Pattern[bytes] | None:
        """The expression of a run, once the prefix is known that the document gives its elements."""
        match = _PREFIX.search(data)
        if match is not None:
            prefix = match[1] or b""
            self._expression = re.compile(rb"(?:" + _OBSERVATION % (prefix, prefix, prefix, prefix) + rb"){2,}")
        return self._expression

    def _out(self, match: re.Match[bytes]) -> bytes:
        run = match[0]
        numbers = list(map(int, _NUMBER.findall(run)))
        self._count += 1
        self._taken[str(self._count)] = Run(
            sequence=numbers[0::3],
            energy_wh=[whole * 1000 + part for whole, part in zip(numbers[1::3], numbers[2::3], strict=True)],
            lines=list(accumulate(each.count(b"\n") for each in run.split(b"Observation>")[:-1])),
        )
        return b"<?%b %d%b?>" % (TARGET.encode(), self._count, b"\n" * run.count(b"\n"))
