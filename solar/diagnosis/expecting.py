"""What a plant would give in each hour of any year: under a cloudless sky, and by the day model of a typical year.

The sun of the model's year stands for that of any other: an hour of 29 February is that of the 28th.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from solar.model.assumptions import MODULES
from solar.model.estimate import hourly_kwh, peak_power_kw
from solar.model.physics import Array
from solar.model.roof import Place, Plane
from solar.model.sky import HOURS, Climate, cell_of, typical

_BEFORE: Final = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])
_FEBRUARY: Final = 2
HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Wh of each hour from `first` on: the envelope of a cloudless sky, and the mean of a typical year.

    `peak_wh` is an hour of the plant's peak power.
    """

    first: int
    clear_wh: Array
    typical_wh: Array
    peak_wh: float


@dataclass(frozen=True, slots=True, eq=False)
class Yearly:
    """The same for the hours of the model's year."""

    clear_wh: Array
    typical_wh: Array
    peak_wh: float

    def over(self, first: int, hours: int) -> Expected:
        """A range of hours, `first` counted since 1970."""
        at = _places(first, hours)
        return Expected(first, self.clear_wh[at], self.typical_wh[at], self.peak_wh)


def yearly(planes: Sequence[Plane], place: Place, peak_power_w: float | None = None) -> Yearly:
    """What these planes would give; scaled to the peak power of what was really built, where it is known.

    Raises:
        BadInput: as `solar.model.estimate.estimate`.
    """
    climate = typical(cell_of(place))
    cloudless = Climate(climate.times, ((1.0, climate.skies[0][1]),), climate.source)
    clear, mean = (hourly_kwh(planes, place, climate=each)[0].sum(axis=0) * 1000 for each in (cloudless, climate))
    fits_w = sum(peak_power_kw(plane, MODULES) for plane in planes) * 1000
    factor = 1.0 if peak_power_w is None else peak_power_w / fits_w
    return Yearly(clear * factor, mean * factor, fits_w * factor)


def _places(first: int, hours: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    times = pd.to_datetime((first + np.arange(hours)) * HOUR_S, unit="s", utc=True)
    month, day = times.month.to_numpy(), times.day.to_numpy()
    day = np.where((month == _FEBRUARY) & (day > 28), 28, day)  # noqa: PLR2004  (the calendar)
    return np.asarray(((_BEFORE[month - 1] + day - 1) * 24 + times.hour.to_numpy()) % HOURS, np.intp)
