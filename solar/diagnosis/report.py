"""All of it for a range of hours, as an owner sees it: by day, in numbers, in findings, in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solar.chart import chart
from solar.diagnosis.expecting import Yearly
from solar.diagnosis.judging import Finding, judged
from solar.model.physics import Array


@dataclass(frozen=True, slots=True)
class Performance:
    """Sums over the hours that were read, Wh; the share of the hours of daylight that were; and actual by expected.

    `ratio` is of a typical year's weather: a dull month is low without a fault.
    """

    actual_wh: int
    expected_wh: int
    ratio: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Report:
    """`expected_wh` and `actual_wh` have one place for each of `edges` but the last; nan where nothing was read."""

    expected_wh: Array
    actual_wh: Array
    performance: Performance
    findings: tuple[Finding, ...]
    chart: str


def reported(roof: Yearly, actual_wh: Array, edges: NDArray[np.int64]) -> Report:
    """Judge a range of hours.

    Args:
        roof: what the plant would give in any year.
        actual_wh: Wh of each hour, nan where nobody read.
        edges: where days begin, hours since 1970, and where the last one ends; the first hour is `edges[0]`.
    """
    expected = roof.over(int(edges[0]), len(actual_wh))
    at = (edges[:-1] - edges[0]).astype(np.intp)
    read = ~np.isnan(actual_wh)
    by_day = np.add.reduceat(np.where(read, actual_wh, 0.0), at)
    some = np.add.reduceat(read.astype(np.intp), at)
    actual = np.where(some > 0, by_day, np.nan)
    findings = tuple(judged(actual_wh, expected))
    typical, clear = np.add.reduceat(expected.typical_wh, at), np.add.reduceat(expected.clear_wh, at)
    whole = some == np.diff(edges)
    return Report(
        typical, actual, _performance(expected.typical_wh, actual_wh), findings,
        chart(edges[:-1], actual / 1000, typical / 1000, clear / 1000, whole),
    )  # fmt: skip


def _performance(typical_wh: Array, actual_wh: Array) -> Performance:
    read, lit = ~np.isnan(actual_wh), typical_wh > 0
    actual, expected = float(actual_wh[read].sum()), float(typical_wh[read].sum())
    return Performance(
        round(actual), round(expected), round(actual / expected, 3) if expected else None,
        round(float(read[lit].mean()), 4) if lit.any() else None,
    )  # fmt: skip
