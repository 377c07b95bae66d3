"""What was measured, as one table; and whether any answer was wrong, which is all that fails a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

HEADINGS = ("work", "ours", "against", "theirs", "ratio", "target", "")
MILLI, MICRO = 1e-3, 1e-6


class Against(StrEnum):
    """What kind of program the other one is."""

    NATURAL = "N"  # the plain design somebody would write who keeps plaintext and no record
    LIKE = "L"  # ours with privacy taken out
    OURSELVES = "-"  # ours in another state: warm or cold, small or large


class Unit(StrEnum):
    """What is compared."""

    SECONDS = "s"
    BYTES = "B"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line: the median of our program against the median of another in the same run.

    `at_most` bounds the ratio and `within` our own seconds; either may be missing. A figure that misses its target is
    slow, not wrong.
    """

    work: str
    ours: float
    other: str
    theirs: float
    against: Against
    at_most: float | None = None
    within: float | None = None
    unit: Unit = Unit.SECONDS

    @property
    def ratio(self) -> float:
        """Ours over theirs: below one we are faster."""
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def met(self) -> bool | None:
        """Whether every target is met; None where there is none."""
        if self.at_most is None and self.within is None:
            return None
        in_ratio = self.at_most is None or self.ratio <= self.at_most
        return in_ratio and (self.within is None or self.ours <= self.within)


@dataclass(slots=True)
class Results:
    """Figures, answers that were wrong, and what else is worth saying."""

    figures: list[Figure] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checked: int = 0

    def check(self, right: bool, answer: str) -> None:  # noqa: FBT001  reads as an assertion does
        """Count one answer; `answer` says which, should it be wrong."""
        self.checked += 1
        if not right and answer not in self.wrong:
            self.wrong.append(answer)

    @property
    def exit_code(self) -> int:
        """1 when an answer was wrong or none was looked at, never for being slow."""
        return 1 if self.wrong or not self.checked else 0


def spoken(seconds: float) -> str:
    """A duration for people."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds / MILLI:.2f} ms" if seconds >= MILLI else f"{seconds / MICRO:.0f} µs"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table in text, which is also a table in Markdown."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def ending(results: Results) -> str:
    """The last lines: notes, then how many answers were checked and which were wrong."""
    said = [*(f"* {note}" for note in results.notes), f"{results.checked} answers checked, {len(results.wrong)} wrong"]
    return "\n".join([*said, *(f"WRONG ANSWER: {answer}" for answer in results.wrong)])


def as_json(results: Results, about: dict[str, str]) -> str:
    """Everything for a program to read."""
    figures = [{**asdict(f), "against": f.against.value, "ratio": f.ratio, "met": f.met} for f in results.figures]
    rest = {"notes": results.notes, "checked": results.checked, "wrong": results.wrong}
    return json.dumps({"about": about, "figures": figures, **rest}, indent=2, ensure_ascii=False)


def _row(figure: Figure) -> tuple[str, ...]:
    kind = "" if figure.against is Against.OURSELVES else f"{figure.against.value} = "
    return (
        figure.work,
        _said(figure, figure.ours),
        figure.other,
        _said(figure, figure.theirs),
        f"{kind}{figure.ratio:.3g}",
        _target(figure),
        {True: "met", False: "MISSED", None: ""}[figure.met],
    )


def _said(figure: Figure, number: float) -> str:
    return spoken(number) if figure.unit is Unit.SECONDS else f"{number:.2f} bytes"


def _target(figure: Figure) -> str:
    ratio = [] if figure.at_most is None else [f"{figure.against.value} ≤ {figure.at_most:g}".removeprefix("- ")]
    own = [] if figure.within is None else [f"≤ {spoken(figure.within)}"]
    return ", ".join(ratio + own)
