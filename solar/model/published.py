"""What others say that roofs in Norway yield, beside what this model says: the table that keeps it honest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar.model.estimate import estimate
from solar.model.places import STATIONS
from solar.model.roof import Place, Plane

WITHIN: Final = 0.15


@dataclass(frozen=True, slots=True)
class Published:
    """A published yield: where, which way, how steep, kWh per kW and year, and who says so."""

    name: str
    place: Place
    azimuths_deg: tuple[float, ...]
    tilt_deg: float
    specific_kwh_per_kw: float
    source: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the table. `difference` is ours over theirs, less one."""

    published: Published
    specific_kwh_per_kw: float
    difference: float

    @property
    def met(self) -> bool:
        """Whether ours is within 15 % of theirs."""
        return abs(self.difference) <= WITHIN


_AT: Final = {station.name: station.place for station in STATIONS}
HAUMANN: Final = "Haumann 2016, A brief look at the performance of PV in Norway"

PUBLISHED: Final = (
    Published("Evenstad, the barn", _AT["Evenstad"], (180,), 27, 875, "statsbygg-pilot-evenstad.no"),
    Published("southern Norway, 30° or more", _AT["Oslo Blindern"], (180,), 30, 900, HAUMANN),
    Published("southern Norway, east and west", _AT["Oslo Blindern"], (90, 270), 10, 700, HAUMANN),
    Published(
        "Råde, 196 kWh/m² lying flat", _AT["Råde"], (180,), 0, 784, "MET Norway: 980 kWh/m², 20 % of it, 250 W/m²"
    ),
    Published("a roof in Norway, upper end", _AT["Oslo Blindern"], (180,), 40, 1000, "nve.no: 650 to 1,000"),
    Published("a roof in Norway, lower end", _AT["Bergen"], (90, 270), 25, 650, "nve.no: 650 to 1,000"),
)


def compared() -> list[Compared]:
    """Each published yield beside ours."""
    return [_compared(each) for each in PUBLISHED]


def _compared(each: Published) -> Compared:
    planes = [Plane(azimuth_deg=azimuth, tilt_deg=each.tilt_deg, area_m2=100) for azimuth in each.azimuths_deg]
    ours = estimate(planes, each.place).specific_kwh_per_kw
    return Compared(each, ours, ours / each.specific_kwh_per_kw - 1)
