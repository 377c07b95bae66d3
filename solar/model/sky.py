"""The sun over a place, and the light that comes through: positions, clear sky, the two skies of the day model.

**The day model.** A day is clear or overcast. On a clear one the light is that of a cloudless sky (Ineichen and Perez,
with the Linke turbidity that pvlib ships); on an overcast one a quarter of it arrives, all of it diffuse (Kasten and
Czeplak 1980: 1 − 0.75 at eight eighths of cloud). How often which is said by one number, the share of clear days, set
so that a year brings what the nearest stations measured (`places.py`). An expected hour is the mean of both skies by
that share: right for months and years, too smooth for a single hour, which is never half clear.

An imported year (`pvgis.py`) is one sky that counts whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from solar.model import physics
from solar.model.physics import Array
from solar.model.places import near
from solar.model.roof import Place

YEAR: Final = 2023
"""The year whose sun is used: any year without a leap day would do."""
HOURS: Final = 8_760
OVERCAST: Final = 0.25
MEAN_C: Final = 6.0
SWING_C: Final = 11.0
COLDEST_DAY: Final = 20
WIND_M_PER_S: Final = 2.0
CELL_DEG: Final = 0.1
CELL_M: Final = 100.0
CACHED: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """A year of hours, named by their middle (`times`, UTC); irradiance in W/m², air in °C, wind in m/s.

    `source` says whose numbers they are.
    """

    times: pd.DatetimeIndex
    ghi: Array
    dni: Array
    dhi: Array
    air_c: Array
    wind_m_per_s: Array
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """A weather with its sun, for the hours in which there is any light. Arrays are as long as `lit` counts."""

    hours: int
    lit: NDArray[np.intp]  # places in the year of the hours that follow
    ghi: Array
    dni: Array
    dhi: Array
    air_c: Array
    wind_m_per_s: Array
    sun: Array  # unit vectors to the sun, three rows: east, north, up
    extra: Array  # of a plane facing the sun above the air, W/m²
    overcast: bool  # no direct light in any hour


@dataclass(frozen=True, slots=True, eq=False)
class Climate:
    """Skies with how often each is met; the shares add up to one."""

    times: pd.DatetimeIndex
    skies: Sequence[tuple[float, Sky]]
    source: str


def cell_of(place: Place) -> Place:
    """The middle of the grid cell of a place: sun and sky are the same for all roofs in it."""
    return Place(
        latitude_deg=round(round(place.latitude_deg / CELL_DEG) * CELL_DEG, 6),
        longitude_deg=round(round(place.longitude_deg / (2 * CELL_DEG)) * 2 * CELL_DEG, 6),
        elevation_m=max(-10.0, round(place.elevation_m / CELL_M) * CELL_M),
    )


def seen(place: Place, weather: Weather) -> Sky:
    """The weather of a place, with the sun it belongs to."""
    sun = physics.sun(*_where(place), weather.times, weather.air_c)
    lit = np.flatnonzero((weather.ghi > 0) | (weather.dni > 0) | (weather.dhi > 0))
    extra = physics.extraterrestrial(weather.times)
    return Sky(
        len(weather.times), lit, weather.ghi[lit], weather.dni[lit], weather.dhi[lit], weather.air_c[lit],
        weather.wind_m_per_s[lit], towards(_column(sun, "apparent_zenith")[lit], _column(sun, "azimuth")[lit]).T,
        extra[lit], not weather.dni.any(),
    )  # fmt: skip


@lru_cache(maxsize=CACHED)
def typical(cell: Place) -> Climate:
    """A typical year of a grid cell (`cell_of`), by the day model.

    Raises:
        BadInput: no station is near enough to say anything of the place.
    """
    stations = near(cell)
    passed = sum(weight * _passed(station.place, station.horizontal_kwh_per_m2) for station, weight in stations)
    clear = min(1.0, max(0.0, (passed - OVERCAST) / (1 - OVERCAST)))
    named = ", ".join(f"{station.name} {weight:.0%}" for station, weight in stations)
    source = f"day model, light after {named} (MET Norway SUNPOINT, Multiconsult)"
    sky = clear_sky(cell, source)
    grey = OVERCAST * sky.ghi
    overcast = Weather(sky.times, grey, np.zeros(HOURS), grey, sky.air_c, sky.wind_m_per_s, source)
    return Climate(sky.times, ((clear, seen(cell, sky)), (1 - clear, seen(cell, overcast))), source)


def imported(place: Place, weather: Weather) -> Climate:
    """An imported year as a climate of one sky."""
    return Climate(weather.times, ((1.0, seen(place, weather)),), weather.source)


def clear_sky(place: Place, source: str) -> Weather:
    """A year without a cloud."""
    times = hours_of_year()
    light = physics.clear_sky(*_where(place), times)
    wave = np.cos(2 * np.pi * (times.day_of_year.to_numpy(dtype=float) - COLDEST_DAY) / 365)
    return Weather(
        times, _column(light, "ghi"), _column(light, "dni"), _column(light, "dhi"), MEAN_C - SWING_C * wave,
        np.full(HOURS, WIND_M_PER_S), source,
    )  # fmt: skip


def extraterrestrial_kwh_per_m2(place: Place) -> Array:
    """What a horizontal square metre above the air would get in each of twelve months: no month can bring more."""
    times = hours_of_year()
    sun = physics.sun(*_where(place), times, MEAN_C)
    height = np.maximum(0, np.cos(np.radians(_column(sun, "zenith"))))
    return by_month(times, height * physics.extraterrestrial(times) / 1000)


def by_month(times: pd.DatetimeIndex, hourly: Array) -> Array:
    """Sums of twelve months, counted in Norwegian winter time."""
    months = (times + pd.Timedelta(hours=1)).month.to_numpy() - 1
    return np.asarray(np.bincount(months, weights=hourly, minlength=12), dtype=np.float64)


def hours_of_year() -> pd.DatetimeIndex:
    """The middles of all hours of the year."""
    return pd.date_range(f"{YEAR}-01-01T00:30", periods=HOURS, freq="h", tz="UTC")


@lru_cache(maxsize=CACHED)
def _passed(place: Place, horizontal_kwh_per_m2: float) -> float:
    """The share of a clear sky's light that reaches the ground in a year."""
    return horizontal_kwh_per_m2 / float(clear_sky(place, "").ghi.sum() / 1000)


def towards(zenith_deg: Array, azimuth_deg: Array) -> Array:
    """Unit vectors (east, north, up), one per row: to the sun, or from a plane outwards if its tilt is the zenith."""
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    across = np.sin(zenith)
    return np.stack([across * np.sin(azimuth), across * np.cos(azimuth), np.cos(zenith)], axis=1)


def _where(place: Place) -> tuple[float, float, float]:
    return place.latitude_deg, place.longitude_deg, place.elevation_m


def _column(frame: Any, name: str) -> Array:
    return np.asarray(frame[name], dtype=float)
