"""Production against expectation as a picture: SVG of text alone, without script, readable in print and without colour.

Each bar is a day, or a week or a month where the range is long. A hatched place is one nobody read, all of it: it is
not zero. A bar with a dashed edge is one of which hours are missing. The line is a typical year, the pale area a sky
without a cloud. Words are Norwegian and English.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solar.model.physics import Array

WIDTH: Final = 800
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 56, 788, 78, 318
DAYS_AS_BARS: Final = 92
WEEKS_AS_BARS: Final = 800
LABELS: Final = 8
ACTUAL: Final = "#1f5f8b"
TYPICAL: Final = "#c2410c"
SKY: Final = "#f1e6c8"
GAP: Final = "#777"
_MONTHS: Final = ["jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "des"]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Sums of so many days each; `start` in hours since 1970; actual is nan where nothing was read."""

    days: int
    start: NDArray[np.int64]
    actual: Array
    typical: Array
    clear: Array
    whole: NDArray[np.bool_]


def chart(
    starts: NDArray[np.int64], actual_kwh: Array, typical_kwh: Array, clear_kwh: Array, whole: NDArray[np.bool_]
) -> str:
    """The picture of a range of days.

    Args:
        starts: when each day begins, hours since 1970 (UTC).
        actual_kwh: of each day, nan where nothing was read.
        typical_kwh: of a typical year.
        clear_kwh: of a sky without a cloud.
        whole: every hour of the day was read.
    """
    bars = _bars(starts, actual_kwh, typical_kwh, clear_kwh, whole)
    most = _round_up(float(np.nanmax([np.nanmax(bars.clear), np.nanmax(np.nan_to_num(bars.actual)), 0.1])))
    gaps = int(np.isnan(bars.actual).sum())
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="12">',
            "<title>Produksjon mot forventet / Production against expected</title>",
            f"<desc>{len(bars.start)} bars of {bars.days} days, {gaps} of them without a reading</desc>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *_legend(bars.days),
            *_scale(most),
            *_areas(bars, most),
            *_columns(bars, most),
            _line(bars.typical, most, f'stroke="{TYPICAL}" stroke-width="2.5" stroke-dasharray="7 3" fill="none"'),
            *_labels(bars),
            "</svg>",
            "",
        ]
    )


def _bars(starts: NDArray[np.int64], actual: Array, typical: Array, clear: Array, whole: NDArray[np.bool_]) -> Bars:
    size = len(starts)
    days = 1 if size <= DAYS_AS_BARS else 7 if size <= WEEKS_AS_BARS else 30
    at = np.arange(0, size, days)
    read = np.add.reduceat((~np.isnan(actual)).astype(np.intp), at) > 0
    sums = np.where(read, np.add.reduceat(np.nan_to_num(actual), at), np.nan)
    every = np.logical_and.reduceat(whole, at)
    return Bars(days, starts[at], sums, np.add.reduceat(typical, at), np.add.reduceat(clear, at), every)


def _round_up(value: float) -> float:
    step = 10.0 ** np.floor(np.log10(value))
    return float(next(step * each for each in (1, 2, 3, 4, 5, 6, 8, 10) if step * each >= value))


def _legend(days: int) -> Iterator[str]:
    of = {1: "dag / day", 7: "uke / week", 30: "30 dager / days"}[days]
    title = f"Produksjon mot forventet / Production, kWh per {of}"
    yield f'<text x="12" y="20" font-size="15" font-weight="bold">{title}</text>'
    hatch = f'<path d="M0 6L6 0" stroke="{GAP}" stroke-width="1.2"/>'
    yield f'<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse">{hatch}</pattern></defs>'
    items = (
        (12, f'<rect x="12" y="34" width="14" height="10" fill="{ACTUAL}"/>', "målt / measured"),
        (150, f'<path d="M150 39h22" stroke="{TYPICAL}" stroke-width="2.5" stroke-dasharray="7 3"/>', ""),
        (158, "", "typisk år / typical year"),
        (330, f'<rect x="330" y="34" width="14" height="10" fill="{SKY}" stroke="#999"/>', "skyfritt / no cloud"),
        (480, '<rect x="480" y="34" width="14" height="10" fill="url(#gap)" stroke="#777"/>', "ingen data / no data"),
        (640, f'<rect x="640" y="34" width="14" height="10" fill="#fff" stroke="{ACTUAL}" stroke-dasharray="2 2"/>',
         "mangler timer / part"),
    )  # fmt: skip
    for x, drawn, said in items:
        yield drawn
        if said:
            yield f'<text x="{x + 20}" y="44">{said}</text>'


def _scale(most: float) -> Iterator[str]:
    for part in range(5):
        y = _y(most * part / 4, most)
        yield f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#333">{most * part / 4:g}</text>'


def _areas(bars: Bars, most: float) -> Iterator[str]:
    edges = _edges(len(bars.start))
    path = [f"M{edges[0]:.1f} {BOTTOM}"]
    for place, value in enumerate(bars.clear.tolist()):
        path.append(f"V{_y(value, most):.1f}H{edges[place + 1]:.1f}")
    yield f'<path d="{"".join(path)}V{BOTTOM}Z" fill="{SKY}"/>'


def _columns(bars: Bars, most: float) -> Iterator[str]:
    edges = _edges(len(bars.start))
    for place, value in enumerate(bars.actual.tolist()):
        left, width = edges[place], edges[place + 1] - edges[place]
        if np.isnan(value):
            yield f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{BOTTOM - TOP}" fill="url(#gap)"/>'
            continue
        y = _y(value, most)
        box = f'x="{left + 0.12 * width:.1f}" y="{y:.1f}" width="{0.76 * width:.1f}" height="{BOTTOM - y:.1f}"'
        yield (
            f'<rect {box} fill="{ACTUAL}"/>'
            if bars.whole[place]
            else (f'<rect {box} fill="{ACTUAL}" fill-opacity="0.45" stroke="{ACTUAL}" stroke-dasharray="2 2"/>')
        )


def _line(values: Array, most: float, style: str) -> str:
    edges = _edges(len(values))
    middles = [(edges[n] + edges[n + 1]) / 2 for n in range(len(values))]
    points = " ".join(f"{x:.1f},{_y(y, most):.1f}" for x, y in zip(middles, values.tolist(), strict=True))
    return f'<polyline points="{points}" {style}/>'


def _labels(bars: Bars) -> Iterator[str]:
    edges, size = _edges(len(bars.start)), len(bars.start)
    step = max(1, -(-size // LABELS))
    for place in range(0, size, step):
        at = datetime.fromtimestamp((int(bars.start[place]) + 2) * 3600, UTC)
        x = edges[place]
        yield f'<path d="M{x:.1f} {BOTTOM}v5" stroke="#333"/>'
        said = f"{at.day}. {_MONTHS[at.month - 1]} {at.year % 100:02d}"
        yield f'<text x="{x:.1f}" y="{BOTTOM + 20}" fill="#333">{said}</text>'
    yield f'<path d="M{LEFT} {BOTTOM}H{RIGHT}" stroke="#333"/>'


def _edges(size: int) -> list[float]:
    return [LEFT + (RIGHT - LEFT) * n / size for n in range(size + 1)]


def _y(value: float, most: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * min(value, most) / most
