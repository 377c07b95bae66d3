"""Drawings in SVG, made of text alone: no script, no font or file from elsewhere, readable in print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from solar.model.published import WITHIN, Compared

WIDTH: Final = 760
LEFT: Final = 300
RIGHT: Final = 720
ROW: Final = 34
HEAD: Final = 42
SCALE_TOP: Final = 1_200
STEP: Final = 200
SAID: Final = 'role="img" aria-label="Published yields beside the model" font-family="sans-serif" font-size="13"'
MODEL: Final = "#1f5f8b"
OTHERS: Final = "#c2410c"


def published(lines: Sequence[Compared]) -> str:
    """Published yields, with 15 % either way, over bars of the model's. kWh per kW and year."""
    height = HEAD + ROW * len(lines) + 24
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {SAID}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="12" y="20" font-weight="bold">kWh per kW and year</text>',
        f'<rect x="400" y="10" width="12" height="9" fill="{MODEL}"/><text x="418" y="19">model</text>',
        f'<path d="M490 8v12" stroke="{OTHERS}" stroke-width="3"/><text x="500" y="19">published, ± 15 %</text>',
        *_grid(height),
    ]
    for n, line in enumerate(lines):
        parts += _row(HEAD + ROW * n, line)
    return "\n".join([*parts, "</svg>", ""])


def _grid(height: int) -> Iterator[str]:
    for value in range(0, SCALE_TOP + 1, STEP):
        x = _x(value)
        yield f'<path d="M{x} 30V{height - 22}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{height - 6}" text-anchor="middle" fill="#444">{value}</text>'


def _row(y: int, line: Compared) -> Iterator[str]:
    theirs = line.published.specific_kwh_per_kw
    low, high = _x(theirs * (1 - WITHIN)), _x(theirs * (1 + WITHIN))
    yield f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(line.published.name)}</text>'
    yield f'<rect x="{LEFT}" y="{y}" width="{_x(line.specific_kwh_per_kw) - LEFT:.0f}" height="18" fill="{MODEL}"/>'
    yield f'<path d="M{low} {y + 9}H{high}" stroke="{OTHERS}"/>'
    yield f'<path d="M{_x(theirs)} {y - 2}v22" stroke="{OTHERS}" stroke-width="3"/>'


def _x(value: float) -> int:
    return round(LEFT + (RIGHT - LEFT) * value / SCALE_TOP)
