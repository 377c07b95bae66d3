"""What is wrong with a plant, from its hours and what they could have been. Each finding says on what evidence.

    missing       six or more hours of daylight in a row that nobody read
    outage        two or more days in daylight, read, and nothing came; May to October, or longer than 45 days
    snow          the same from November to April, up to 45 days
    dead_string   what the plant can do falls from one day to the next by 12 to 90 %, and stays there for three weeks
    soiling       it declines over weeks by 8 % or more and comes back within days (rain, or somebody cleaned)
    degradation   month by month it is 1.2 % or more below the year before, in the median of at least a year of months

Limits were chosen on simulated plants (`simulated.py`), and are measured on others by `hvelv solar faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solar.diagnosis.days import DAYLIGHT, Days, folded, runs
from solar.diagnosis.expecting import Expected
from solar.model.physics import Array

SHORTEST_GAP_H: Final = 6
WEEK_H: Final = 80
"""Hours of daylight that make a gap serious."""
DARK: Final = 0.02
DARK_DAYS: Final = 2
SNOW_DAYS: Final = 45
WINTER: Final = frozenset({11, 12, 1, 2, 3, 4})
WINDOW: Final = 30
NEAR: Final = 12
DROP: Final = 0.88
GONE: Final = 0.10
PLATEAU: Final = 4
LASTS_DAYS: Final = 21
SAME: Final = 0.95
FLAT: Final = 0.03
DECLINE: Final = 0.08
WEEKS: Final = 6
PAIRS: Final = 12
DECAY: Final = -0.012
FAST_DECAY: Final = -0.03


@unique
class Kind(Enum):
    """What is wrong."""

    MISSING = "missing"
    OUTAGE = "outage"
    SNOW = "snow"
    DEAD_STRING = "dead_string"
    SOILING = "soiling"
    DEGRADATION = "degradation"


@unique
class Severity(Enum):
    """How bad it is."""

    NOTE = "note"  # nothing to do
    MINOR = "minor"  # to look at some time
    SERIOUS = "serious"  # to be mended


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, from hour `first` to the hour `after` (hours since 1970, UTC), and why it is thought."""

    kind: Kind
    severity: Severity
    first: int
    after: int
    evidence: str


def judged(actual_wh: Array, expected: Expected) -> list[Finding]:
    """All findings of a range, in the order of their beginning.

    Args:
        actual_wh: one place an hour, as `expected`; nan where nobody read.
        expected: of the same hours.
    """
    days = folded(actual_wh, expected, DARK)
    strings = list(_dead_strings(days))
    soilings = [found for found in _soilings(days) if not any(_meets(found, other) for other in strings)]
    found = [*_missing(actual_wh, expected), *_dark(days), *strings, *soilings]
    return sorted([*found, *_degradation(days, [*strings, *soilings])], key=lambda each: each.first)


def _meets(one: Finding, other: Finding) -> bool:
    return one.first <= other.after and other.first <= one.after


def _missing(actual_wh: Array, expected: Expected) -> Iterator[Finding]:
    lit = np.flatnonzero(expected.clear_wh > DAYLIGHT * expected.peak_wh)
    for begin, end in runs(np.isnan(actual_wh[lit])):
        hours = end - begin
        if hours >= SHORTEST_GAP_H:
            severity = Severity.SERIOUS if hours >= WEEK_H else Severity.NOTE if hours < 2 * 24 else Severity.MINOR
            first, after = int(lit[begin]) + expected.first, int(lit[end - 1]) + 1 + expected.first
            yield Finding(Kind.MISSING, severity, first, after, f"{hours} hours of daylight without a reading")


def _dark(days: Days) -> Iterator[Finding]:
    for begin, end in runs(days.dark):
        length = end - begin
        if length < DARK_DAYS:
            continue
        evidence = f"{length} days below {DARK:.0%} of a cloudless sky"
        if _month(days, begin) in WINTER and length <= SNOW_DAYS:
            yield _finding(days, Kind.SNOW, Severity.NOTE, begin, end, f"{evidence}, in winter")
        else:
            yield _finding(days, Kind.OUTAGE, Severity.SERIOUS, begin, end, evidence)


def _finding(days: Days, kind: Kind, severity: Severity, begin: int, end: int, evidence: str) -> Finding:
    return Finding(kind, severity, (days.first + begin) * 24, (days.first + end) * 24, evidence)


def _month(days: Days, place: int) -> int:
    return int((np.datetime64(days.first + place, "D").astype("datetime64[M]").astype(int)) % 12) + 1


# -- levels ------------------------------------------------------------------------------------------------------------


def _dead_strings(days: Days) -> Iterator[Finding]:
    falls, near = np.flatnonzero(_falls(days)), days.levels(NEAR)
    done = 0
    for at in falls.tolist():
        if at < done:
            continue
        begin = _steepest(days, at)
        before = days.level(begin - WINDOW, begin)
        back = np.flatnonzero(near[begin + NEAR :] > SAME * before)
        end = begin + NEAR + int(back[0]) if len(back) else len(days.top)
        if end - begin >= LASTS_DAYS:
            share = 1 - days.level(begin, min(end, begin + WINDOW)) / before
            evidence = f"from one day to the next {share:.0%} less of a cloudless sky, for {end - begin} days"
            yield _finding(days, Kind.DEAD_STRING, Severity.SERIOUS, begin, end, evidence)
            done = end


def _falls(days: Days) -> NDArray[np.bool_]:
    """Days around which the level is flat before and after, and lower after: clouds scatter, a dead string does not."""
    size = len(days.top)
    month, near = days.levels(WINDOW), days.levels(NEAR)
    before, just_before, early = (_shifted(each, by) for each, by in ((month, WINDOW), (near, NEAR), (near, WINDOW)))
    late = _shifted(near, NEAR - WINDOW)
    with np.errstate(invalid="ignore"):
        falls = (month > GONE * before) & (month < DROP * before)
        flat = (abs(just_before / early - 1) < FLAT) & (abs(near / late - 1) < FLAT)
        sharp = (near < (DROP + 0.02) * just_before) & (days.bests(WINDOW) < SAME * before)
    found = falls & flat & sharp & (_met(days) >= PLATEAU)
    found[max(0, size - LASTS_DAYS) :] = False
    return found


def _shifted(values: Array, by: int) -> Array:
    """The value that stood `by` places before each; nan where there is none."""
    out = np.full(len(values), np.nan)
    size = len(values)
    if 0 <= by < size:
        out[by:] = values[: size - by]
    elif -size < by < 0:
        out[:by] = values[-by:]
    return out


def _met(days: Days) -> NDArray[np.intp]:
    """How often the best of the month from each day on is met again in it."""
    padded = np.pad(days.top, (0, WINDOW - 1), constant_values=np.nan)
    rows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    with np.errstate(invalid="ignore"):
        return np.asarray((rows > SAME * days.bests(WINDOW)[:, None]).sum(axis=1), np.intp)


def _steepest(days: Days, at: int) -> int:
    """Of the next days the one after which nothing reaches the old level any more."""
    high = np.flatnonzero(days.top[at : at + NEAR] > SAME * days.level(at - WINDOW, at))
    return at + int(high[-1]) + 1 if len(high) else at


def _soilings(days: Days) -> Iterator[Finding]:
    week, back = days.bests(7), days.levels(NEAR)
    at = WEEKS * 7
    while at < len(days.top) - NEAR:
        weeks = week[at - WEEKS * 7 : at : 7]
        if _declines(weeks) and weeks[-1] < (1 - DECLINE) * back[at]:
            evidence = (
                f"{1 - weeks[-1] / weeks[0]:.0%} less of a cloudless sky over {WEEKS} weeks, then back within days"
            )
            yield _finding(days, Kind.SOILING, Severity.MINOR, at - WEEKS * 7, at, evidence)
            at += WEEKS * 7
        at += 1


def _declines(weeks: Array) -> bool:
    """Along a line: a week of rain stands out of it, and so does a step."""
    if np.isnan(weeks).any() or weeks[-1] > (1 - DECLINE) * weeks[0]:
        return False
    at = np.arange(len(weeks))
    slope, start = np.polyfit(at, weeks, 1)
    return bool(np.abs(weeks - (start + slope * at)).max() < FLAT * weeks[0])


def _degradation(days: Days, others: list[Finding]) -> Iterator[Finding]:
    months = _monthly(days, others)
    changes = months[12:] / months[:-12] - 1
    changes = changes[~np.isnan(changes)]
    if len(changes) < PAIRS:
        return
    yearly = float(np.median(changes))
    if yearly <= DECAY:
        severity = Severity.SERIOUS if yearly <= FAST_DECAY else Severity.MINOR
        evidence = f"{-yearly:.1%} less than the year before, in the median of {len(changes)} months"
        yield _finding(days, Kind.DEGRADATION, severity, 0, len(days.top), evidence)


def _monthly(days: Days, others: list[Finding]) -> Array:
    """The level of each month; nan where another finding speaks of it or too few days tell."""
    dates = np.datetime64(days.first, "D") + np.arange(len(days.top))
    month = dates.astype("datetime64[M]").astype(int)
    levels: list[float] = []
    for number in range(int(month[0]), int(month[-1]) + 1):
        inside = np.flatnonzero(month == number)
        begin, end = int(inside[0]), int(inside[-1]) + 1
        whole = _finding(days, Kind.DEGRADATION, Severity.NOTE, begin, end, "")
        told = np.count_nonzero(~np.isnan(days.top[begin:end])) >= 2 * NEAR - PLATEAU
        levels.append(days.level(begin, end) if told and not any(_meets(whole, o) for o in others) else np.nan)
    return np.array(levels)
