"""Plants whose faults are known, in weather of days that follow one another: to measure the judging by.

A day is clear, changing or overcast, and like the day before with 55 %; winter has more clouds. The plant is up to 8 %
better or worse than its model, with a slow wave through the year of up to 3 %, loses 0.4 % a year, and its meter errs
by 1.5 %. None of it is the shape of a fault the judging looks for. Chance comes from the generator that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from solar.diagnosis.expecting import Expected, Yearly, yearly
from solar.diagnosis.judging import Kind
from solar.model.physics import Array
from solar.model.roof import Place, Plane

FIRST: Final = 18_628 * 24
"""1 January 2021, in hours since 1970."""
DAYS: Final = 3 * 365
STAYS: Final = 0.55
BETWEEN_CLOUDS: Final = 0.4
"""Of the hours of a changing day."""
AGEING: Final = 0.004
NOISE: Final = 0.015
ROOFS: Final = (
    (Place(latitude_deg=59.9, longitude_deg=10.8), (180.0, 30.0)),
    (Place(latitude_deg=60.4, longitude_deg=5.4), (210.0, 35.0)),
    (Place(latitude_deg=63.4, longitude_deg=10.4), (160.0, 40.0)),
    (Place(latitude_deg=58.9, longitude_deg=5.8), (135.0, 22.0)),
    (Place(latitude_deg=61.1, longitude_deg=11.4), (240.0, 27.0)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A plant: what is expected, what came, and the fault it was given, in hours since 1970."""

    expected: Expected
    actual_wh: Array
    fault: Kind | None
    first: int
    after: int


def fleet(chance: np.random.Generator, of_each: int) -> Iterator[Simulated]:
    """So many plants with each fault, and twice as many without one."""
    roofs = [yearly([Plane(azimuth_deg=a, tilt_deg=t, area_m2=50)], place) for place, (a, t) in ROOFS]
    kinds: list[Kind | None] = [*Kind, None, None]
    for number in range(of_each):
        for place, kind in enumerate(kinds):
            yield plant(chance, roofs[(number + place) % len(roofs)], kind)


def plant(chance: np.random.Generator, roof: Yearly, fault: Kind | None) -> Simulated:
    """One plant over three years."""
    expected = roof.over(FIRST, DAYS * 24)
    day = np.arange(DAYS, dtype=np.float64)
    able = chance.uniform(0.92, 1.08) * (1 - AGEING * day / 365)
    able = able * (1 + chance.uniform(0, 0.03) * np.cos(2 * np.pi * (day / 365 + chance.uniform())))
    share = _light(chance, day) * np.repeat(able, 24) * chance.normal(1, NOISE, DAYS * 24)
    actual = np.maximum(0, np.round(expected.clear_wh * share))
    begin, end = _span(chance, fault)
    if fault is not None:
        _break(chance, actual, fault, begin, end)
    return Simulated(expected, actual, fault, FIRST + begin * 24, FIRST + end * 24)


def _light(chance: np.random.Generator, day: Array) -> Array:
    """The share of a cloudless sky's yield in each hour."""
    cloudy = 0.35 + 0.2 * np.cos(2 * np.pi * day / 365)
    stays = chance.random(len(day)) < STAYS
    fresh = np.where(chance.random(len(day)) < cloudy, 2, chance.integers(0, 2, len(day)))
    kind = fresh.copy()
    for place in range(1, len(kind)):
        if stays[place]:
            kind[place] = kind[place - 1]
    hours = len(day) * 24
    clear = chance.uniform(0.97, 1.0, hours)
    changing = np.where(chance.random(hours) < BETWEEN_CLOUDS, clear, chance.uniform(0.25, 1.0, hours))
    overcast = np.repeat(chance.uniform(0.08, 0.3, len(day)), 24) * chance.uniform(0.7, 1.3, hours)
    return np.choose(np.repeat(kind, 24), [clear, changing, overcast])


def _span(chance: np.random.Generator, fault: Kind | None) -> tuple[int, int]:
    """Days [begin, end) of the range in which the fault shows."""
    year = 365 * int(chance.integers(0, 2))
    match fault:
        case Kind.SNOW:
            begin = year + 365 + int(chance.integers(10, 60))
            return begin, begin + int(chance.integers(5, 25))
        case Kind.OUTAGE | Kind.MISSING:
            begin = year + int(chance.integers(130, 260))
            return begin, begin + int(chance.integers(3, 15))
        case Kind.DEAD_STRING:
            begin = year + int(chance.integers(90, 240))
            return begin, begin + int(chance.integers(60, 300))
        case Kind.SOILING:
            begin = year + int(chance.integers(100, 170))
            return begin, begin + int(chance.integers(60, 90))
        case _:
            return 0, DAYS


def _break(chance: np.random.Generator, actual: Array, fault: Kind, begin: int, end: int) -> None:
    """In place: what is left of each hour."""
    part = actual[begin * 24 : end * 24]
    along = np.arange(len(part))
    left: dict[Kind, Callable[[], Array | float]] = {
        Kind.MISSING: lambda: np.nan,
        Kind.OUTAGE: lambda: 0.0,
        Kind.SNOW: lambda: chance.uniform(0, 0.01),
        Kind.DEAD_STRING: lambda: 1 - 1 / float(chance.integers(2, 5)),
        Kind.SOILING: lambda: 1 - chance.uniform(0.15, 0.3) * along / len(part),
        Kind.DEGRADATION: lambda: 1 - chance.uniform(0.02, 0.04) * along / (365 * 24),
    }
    part *= left[fault]()
