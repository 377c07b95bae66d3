"""What is asked about: planes of a roof, the place they stand at, and the modules to lie on them.

Everything is checked when it is made; a value that exists can be calculated with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from solar.model.errors import BadInput

MAX_AREA_M2: Final = 20_000.0
MAX_HEIGHT_M: Final = 150.0
SOUTH: Final = 57.9
NORTH: Final = 71.3
WEST: Final = 4.3
EAST: Final = 31.5
"""Degrees. Mainland Norway: the weather facts (`places.py`) are of it and of nothing else."""


def bounded(field: str, value: float, low: float, high: float) -> float:
    """The value, if it is a number between these, both allowed.

    Raises:
        BadInput: it is not, or is no number at all.
    """
    if not math.isfinite(value) or not low <= value <= high:
        raise BadInput(field, f"is a number from {low:g} to {high:g}")
    return float(value)


def positive(field: str, value: float, high: float) -> float:
    """The value, if it is a number above zero and not above `high`.

    Raises:
        BadInput: it is not.
    """
    if not math.isfinite(value) or not 0 < value <= high:
        raise BadInput(field, f"is a number above 0 and at most {high:g}")
    return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One plane of a roof.

    Attributes:
        azimuth_deg: where it faces, clockwise from north, 0 to 360.
        tilt_deg: from the horizontal, 0 to 90.
        area_m2: of the plane itself, not of its shadow on the ground.
        height_m: of the eaves, if known. The sun does not ask for it; scaffolding and wind do.
        usable_share: of the area that modules can cover; None takes the assumption for this tilt.
        shading_share: of the direct light that neighbours and trees take, 0 to 1; of the diffuse light they take none.
    """

    azimuth_deg: float
    tilt_deg: float
    area_m2: float
    height_m: float | None = None
    usable_share: float | None = None
    shading_share: float = 0.0

    def __post_init__(self) -> None:
        bounded("azimuth_deg", self.azimuth_deg, 0, 360)
        bounded("tilt_deg", self.tilt_deg, 0, 90)
        positive("area_m2", self.area_m2, MAX_AREA_M2)
        bounded("shading_share", self.shading_share, 0, 1)
        if self.height_m is not None:
            positive("height_m", self.height_m, MAX_HEIGHT_M)
        if self.usable_share is not None:
            bounded("usable_share", self.usable_share, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the roof is: degrees north and east (WGS 84), metres above the sea."""

    latitude_deg: float
    longitude_deg: float
    elevation_m: float = 0.0

    def __post_init__(self) -> None:
        bounded("latitude_deg", self.latitude_deg, SOUTH, NORTH)
        bounded("longitude_deg", self.longitude_deg, WEST, EAST)
        bounded("elevation_m", self.elevation_m, -10, 2_469)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """What lies on the roof.

    Attributes:
        density_w_per_m2: peak power (STC) of a square metre of module.
        temperature_coefficient_per_k: change of power with the temperature of the cells; negative.
        losses_percent: of the direct current, all causes together; the default of PVWatts is 14.
    """

    density_w_per_m2: float
    temperature_coefficient_per_k: float
    losses_percent: float

    def __post_init__(self) -> None:
        bounded("density_w_per_m2", self.density_w_per_m2, 50, 300)
        bounded("temperature_coefficient_per_k", self.temperature_coefficient_per_k, -0.01, 0)
        bounded("losses_percent", self.losses_percent, 0, 99)
