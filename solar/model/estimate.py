"""What a roof would yield: hours, months and the year, with a band, and everything that was assumed.

Deterministic: the same input gives the same bytes (`as_bytes`), whatever was calculated before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from solar.model.assumptions import (
    BAND,
    DENSITY,
    LOSSES,
    MODULES,
    NO_SNOW,
    TEMPERATURE,
    Assumption,
    of_plane,
    usable_share,
)
from solar.model.errors import BadInput
from solar.model.physics import Array
from solar.model.power import hourly
from solar.model.roof import Modules, Place, Plane, bounded
from solar.model.sky import Climate, by_month, cell_of, typical

VERSION: Final = "hvelv-solar 1"
"""Changes with anything that changes a number."""
MONTHS: Final = 12
MAX_PLANES: Final = 50
DECIMALS: Final = 3


@dataclass(frozen=True, slots=True)
class PlaneYield:
    """One plane: its peak power (kW), twelve months and the year (kWh), and the year per kW of peak power."""

    peak_power_kw: float
    monthly_kwh: tuple[float, ...]
    year_kwh: float
    specific_kwh_per_kw: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A roof in a typical year.

    Attributes:
        model: version of this calculation.
        weather: whose weather, and from which places.
        planes: in the order given.
        peak_power_kw: of all planes.
        monthly_kwh: twelve sums, January first, in Norwegian winter time.
        year_kwh: the P50: as many years bring more as bring less.
        low_kwh: the lower end of the band.
        high_kwh: the upper end of the band.
        specific_kwh_per_kw: the year per kW of peak power.
        losses_percent: of the direct current, snow not included.
        assumptions: what was taken because it was not given.
    """

    model: str
    weather: str
    planes: tuple[PlaneYield, ...]
    peak_power_kw: float
    monthly_kwh: tuple[float, ...]
    year_kwh: float
    low_kwh: float
    high_kwh: float
    specific_kwh_per_kw: float
    losses_percent: float
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class Snow:
    """How much of each month's light snow on the modules takes: twelve percentages, January first; and who says so."""

    percent: tuple[float, ...]
    source: str

    def __post_init__(self) -> None:
        if len(self.percent) != MONTHS:
            raise BadInput("snow", "has one number for each of twelve months")
        for value in self.percent:
            bounded("snow", value, 0, 100)


def estimate(
    planes: Sequence[Plane],
    place: Place,
    *,
    modules: Modules = MODULES,
    climate: Climate | None = None,
    snow: Snow | None = None,
) -> Estimate:
    """The yield of a roof.

    Args:
        planes: one to fifty.
        place: where; the weather is that of its grid cell.
        modules: peak power per area, temperature coefficient, losses.
        climate: weather of one's own (`pvgis.py`); a typical year by the day model where there is none.
        snow: losses by month; none where there is no table.

    Raises:
        BadInput: no plane or too many, or the place is too far from every place whose light is known.
    """
    energy, times = hourly_kwh(planes, place, modules=modules, climate=climate, snow=snow)
    weather = climate or typical(cell_of(place))
    yields = tuple(_of_plane(plane, modules, by_month(times, row)) for plane, row in zip(planes, energy, strict=True))
    peak = sum(each.peak_power_kw for each in yields)
    months = tuple(_rounded(sum(each.monthly_kwh[n] for each in yields)) for n in range(MONTHS))
    year = _rounded(sum(months))
    return Estimate(
        VERSION, weather.source, yields, _rounded(peak), months, year, _rounded(year * (1 - BAND)),
        _rounded(year * (1 + BAND)), _rounded(year / peak) if peak else 0.0, modules.losses_percent,
        _assumed(planes, modules, climate, snow),
    )  # fmt: skip


def hourly_kwh(
    planes: Sequence[Plane],
    place: Place,
    *,
    modules: Modules = MODULES,
    climate: Climate | None = None,
    snow: Snow | None = None,
) -> tuple[Array, pd.DatetimeIndex]:
    """Expected energy of each hour, kWh: one row per plane; and the middles of the hours (UTC).

    Raises:
        BadInput: as `estimate`.
    """
    if not 1 <= len(planes) <= MAX_PLANES:
        raise BadInput("planes", f"are one to {MAX_PLANES}")
    weather = climate or typical(cell_of(place))
    tilts, azimuths, shades = (np.array(column) for column in zip(*map(_numbers, planes), strict=True))
    power = hourly(weather, tilts, azimuths, shades, modules)
    if snow is not None:
        months = weather.times.month.to_numpy() - 1
        power = power * (1 - np.array(snow.percent)[months] / 100)
    return power * np.array([[peak_power_kw(plane, modules)] for plane in planes]), weather.times


def peak_power_kw(plane: Plane, modules: Modules) -> float:
    """What fits on the plane."""
    return plane.area_m2 * usable_share(plane) * modules.density_w_per_m2 / 1000


def as_bytes(found: Estimate) -> bytes:
    """The estimate as JSON in one way only: sorted keys, three decimals."""
    return json.dumps(asdict(found), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _numbers(plane: Plane) -> tuple[float, float, float]:
    return plane.tilt_deg, plane.azimuth_deg % 360, plane.shading_share


def _of_plane(plane: Plane, modules: Modules, months: Array) -> PlaneYield:
    peak = peak_power_kw(plane, modules)
    monthly = tuple(_rounded(value) for value in months)
    year = _rounded(sum(monthly))
    return PlaneYield(_rounded(peak), monthly, year, _rounded(year / peak) if peak else 0.0)


def _assumed(
    planes: Sequence[Plane], modules: Modules, climate: Climate | None, snow: Snow | None
) -> tuple[Assumption, ...]:
    shares = [made for plane in planes if (made := of_plane(plane)) is not None]
    given = (
        (DENSITY, modules.density_w_per_m2 == MODULES.density_w_per_m2),
        (LOSSES, modules.losses_percent == MODULES.losses_percent),
        (TEMPERATURE, climate is None),
        (NO_SNOW, snow is None),
    )
    return (*dict.fromkeys(shares), *(made for made, taken in given if taken))


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)
