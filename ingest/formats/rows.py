"""Values that come one by one, gathered into columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.problems import Problem, Rule
from ingest.readings import UNREGISTERED, Batch, Direction, MeteringPoint, Quality, Resolution, Series

MOST_ROWS: Final = 100 * 366
"""Values of the longest series: more than a year of quarters."""

_NO_TIME: Final = UNREGISTERED


class Rows:
    """Values of one series, each with its place; what is wrong with one of them does not touch the others."""

    def __init__(self) -> None:
        self._line: list[int] = []
        self._item: list[int] = []
        self._start: list[int] = []
        self._end: list[int] = []
        self._energy_wh: list[int] = []
        self._quality: list[int] = []
        self._refused: dict[int, Rule] = {}
        self.too_many: Rule | None = None

    def __len__(self) -> int:
        return len(self._line)

    def add(self, line: int, item: int) -> None:
        """A value more; the series is refused when it has more than the longest one."""
        if len(self) >= MOST_ROWS:
            self.too_many = Rule.COUNT
            return
        self._line.append(line)
        self._item.append(item)
        self._start.append(_NO_TIME)
        self._end.append(_NO_TIME)
        self._energy_wh.append(0)
        self._quality.append(Quality.MEASURED)

    def measured(self, energy_wh: int, quality: Quality) -> None:
        """What the last value is."""
        self._energy_wh[-1] = energy_wh
        self._quality[-1] = quality

    def refuse(self, rule: Rule) -> None:
        """The last value breaks this rule."""
        self._refused.setdefault(len(self) - 1, rule)

    def bound(self, at: int | None, *, is_end: bool) -> None:
        """When the interval of the last value begins or ends."""
        if at is None:
            self.refuse(Rule.TIME)
        elif is_end:
            self._end[-1] = at
        else:
            self._start[-1] = at

    def spread(self, begins: int | None, ends: int | None, interval: int) -> Rule | None:
        """Lay the values over a period one after another; says why if they do not fill it exactly."""
        if begins is None or ends is None:
            return Rule.TIME
        if interval not in {int(each) for each in Resolution}:
            return Rule.RESOLUTION
        if len(self) * interval != ends - begins:
            return Rule.COUNT
        self._start = list(range(begins, ends, interval))
        self._end = [start + interval for start in self._start]
        return None

    def batches(self, point: MeteringPoint, direction: Direction, registered: int | None) -> Iterator[Batch]:
        """The values that are fine, those of each resolution together."""
        start, end = np.array(self._start, dtype=np.int64), np.array(self._end, dtype=np.int64)
        self._refuse_all((start == _NO_TIME) | (end == _NO_TIME), Rule.TIME)
        of_each = {each: (end - start == each) & (start % each == 0) for each in Resolution}
        self._refuse_all(~np.logical_or.reduce(list(of_each.values())), Rule.INTERVAL)
        fine = np.ones(len(self), dtype=np.bool_)
        fine[list(self._refused)] = False
        energy_wh, line = np.array(self._energy_wh, dtype=np.int64), np.array(self._line, dtype=np.int64)
        quality = np.array(self._quality, dtype=np.uint8)
        at = np.full(len(self), UNREGISTERED if registered is None else registered, dtype=np.int64)
        for resolution, has_it in of_each.items():
            rows = has_it & fine
            series = Series(point, direction, resolution)
            if rows.any():
                yield Batch(
                    series=series,
                    start=start[rows],
                    energy_wh=energy_wh[rows],
                    quality=quality[rows],
                    registered=at[rows],
                    line=line[rows],
                )

    def _refuse_all(self, rows: NDArray[np.bool_], rule: Rule) -> None:
        numbers: list[int] = np.flatnonzero(rows).tolist()
        for row in numbers:
            self._refused.setdefault(row, rule)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the others."""
        for row in sorted(self._refused):
            yield Problem(self._refused[row], self._line[row], self._item[row], readings=1)
