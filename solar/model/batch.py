"""Many roofs at once: sun and sky once per grid cell, the physics broadcast over all roofs in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solar.model.assumptions import MODULES
from solar.model.estimate import peak_power_kw
from solar.model.power import yearly
from solar.model.roof import Modules, Place, Plane
from solar.model.sky import cell_of, typical


@dataclass(frozen=True, slots=True)
class Roof:
    """One plane and where it is."""

    plane: Plane
    place: Place


@dataclass(frozen=True, slots=True)
class RoofYear:
    """The year of one roof: kW of peak power, kWh, kWh per kW."""

    peak_power_kw: float
    year_kwh: float
    specific_kwh_per_kw: float


def batch(roofs: Sequence[Roof], *, modules: Modules = MODULES) -> list[RoofYear]:
    """The expected year of each roof, in order; the same numbers as `estimate` gives one by one, unrounded.

    Raises:
        BadInput: a place is too far from every place whose light is known.
    """
    years: list[RoofYear | None] = [None] * len(roofs)
    for cell, places in _by_cell(roofs):
        chosen = [roofs[n].plane for n in places]
        specific = yearly(
            typical(cell),
            np.array([plane.tilt_deg for plane in chosen]),
            np.array([plane.azimuth_deg % 360 for plane in chosen]),
            np.array([plane.shading_share for plane in chosen]),
            modules,
        )
        for n, plane, year in zip(places, chosen, specific, strict=True):
            peak = peak_power_kw(plane, modules)
            years[n] = RoofYear(peak, float(year) * peak, float(year))
    return [year for year in years if year is not None]


def _by_cell(roofs: Sequence[Roof]) -> Iterable[tuple[Place, list[int]]]:
    cells: defaultdict[Place, list[int]] = defaultdict(list)
    for n, roof in enumerate(roofs):
        cells[cell_of(roof.place)].append(n)
    return cells.items()
