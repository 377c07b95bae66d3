"""Hours folded to days (of UTC), and the *top* of each: how much of a cloudless sky its best hours made.

Clouds only take light away. So whatever the weather, the best hours of a few days say what the plant can do: a string
that is dead shows in them, a week of rain does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solar.diagnosis.expecting import Expected
from solar.model.physics import Array

LIT: Final = 0.15
"""Of peak power under a cloudless sky: below it an hour says little."""
DAYLIGHT: Final = 0.02
FEW: Final = 2
TOP: Final = 0.8
"""The quantile of the days of a window that stands for what the plant can do."""
LEAST: Final = 4
"""Days with a top that a window must have."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One place a day. `first` counts days since 1970.

    Attributes:
        actual: one row a day, one column an hour, Wh; nan where nobody read.
        clear: the same of the envelope.
        top: the second-best hour's share of the envelope; nan where fewer than two hours tell.
        dark: in daylight, read, and nothing came.
    """

    first: int
    actual: Array
    clear: Array
    top: Array
    dark: NDArray[np.bool_]

    def level(self, start: int, stop: int) -> float:
        """What the plant can do in days [start, stop); nan where too few of them tell."""
        told = self.top[max(0, start) : max(0, stop)]
        return float(_levels(told[None])[0]) if len(told) else float("nan")

    def levels(self, days: int) -> Array:
        """The level of the `days` days from each day on."""
        padded = np.pad(self.top, (0, days - 1), constant_values=np.nan)
        return _levels(np.lib.stride_tricks.sliding_window_view(padded, days))

    def bests(self, days: int) -> Array:
        """The best top of the `days` days from each day on; nan where none tells."""
        padded = np.pad(np.nan_to_num(self.top, nan=-1.0), (0, days - 1), constant_values=-1.0)
        best = np.lib.stride_tricks.sliding_window_view(padded, days).max(axis=1)
        return np.where(best < 0, np.nan, best)


def folded(actual_wh: Array, expected: Expected, dark_below: float) -> Days:
    """Days of hours; those before and after, where the range begins or ends within a day, were not read."""
    before = expected.first % 24
    behind = -(before + len(actual_wh)) % 24
    actual = np.pad(actual_wh, (before, behind), constant_values=np.nan).reshape(-1, 24)
    clear = np.pad(expected.clear_wh, (before, behind)).reshape(-1, 24)
    tells = (clear >= LIT * expected.peak_wh) & ~np.isnan(actual)
    share = np.where(tells, actual / np.maximum(clear, 1.0), -1.0)
    count = tells.sum(axis=1)
    ordered = np.sort(share, axis=1)
    top = np.where(count >= FEW, ordered[:, -2], np.nan)
    dark = (count >= FEW) & (ordered[:, -1] < dark_below)
    return Days(expected.first // 24, actual, clear, np.where(dark, np.nan, top), dark)


def _levels(rows: Array) -> Array:
    """The quantile of what tells, row by row."""
    ordered = np.sort(rows, axis=1)  # what does not tell comes last
    count = np.asarray((~np.isnan(rows)).sum(axis=1), np.intp)
    at: NDArray[np.intp] = np.round(TOP * np.maximum(count - 1, 0)).astype(np.intp)
    return np.where(count >= LEAST, ordered[np.arange(len(rows)), at], np.nan)


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where flags stand in a row: (first, one after the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
