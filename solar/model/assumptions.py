"""What is assumed where nothing is known. Each is named in every estimate that uses it, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar.model.roof import Modules, Plane

FLAT_BELOW_DEG: Final = 5.0
FLAT_USABLE: Final = 0.75
PITCHED_USABLE: Final = 0.70
BAND: Final = 0.10
"""Share below and above the P50. A year differs from another by 4.3 % (standard deviation, Ås), and irradiation data of
Norwegian places are off by up to 10 % (doi:10.1109/PVSC.2014.6925040)."""
MODULES: Final = Modules(density_w_per_m2=200.0, temperature_coefficient_per_k=-0.0037, losses_percent=14.0)


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value taken because none was given: what of, which, and after whom."""

    of: str
    value: str
    source: str


def said(made: Assumption) -> str:
    """An assumption in one line."""
    return f"{made.of}: {made.value} ({made.source})"


USABLE_SOURCE: Final = "NHO Elektro / Multiconsult, Solkart: 30 % of pitched and 25 % of flat roofs cannot be used"
DENSITY: Final = Assumption("module density", "200 W/m²", "modules of 1.7 m² and 340 W")
LOSSES: Final = Assumption("losses", "14 % of the direct current", "PVWatts version 5, doi:10.2172/1158421")
NO_SNOW: Final = Assumption("snow", "none lies on the modules", "no snow table was given")
TEMPERATURE: Final = Assumption(
    "air",
    "a yearly wave around 6 °C with 11 °C either way, and 2 m/s of wind",
    "5 °C more or less change a year by 2 %",
)


def usable_share(plane: Plane) -> float:
    """The share of the plane that modules can cover."""
    if plane.usable_share is not None:
        return plane.usable_share
    return FLAT_USABLE if plane.tilt_deg < FLAT_BELOW_DEG else PITCHED_USABLE


def of_plane(plane: Plane) -> Assumption | None:
    """What was assumed of this plane."""
    if plane.usable_share is not None:
        return None
    return Assumption("usable share", f"{usable_share(plane):.0%} at {plane.tilt_deg:g}°", USABLE_SOURCE)
