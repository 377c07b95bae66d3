"""From what the vault opened of a roof to what the model takes, and how a grid cell is written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from solar.model.roof import Place, Plane

CELL: Final = "project.grid_cell"
AZIMUTH: Final = "roof.azimuth_deg"
TILT: Final = "roof.tilt_deg"
AREA: Final = "roof.area_dm2"
HEIGHT: Final = "roof.height_cm"
ROOF: Final = frozenset({AZIMUTH, TILT, AREA, HEIGHT})


class Closed(Protocol):
    """An opened value."""

    def reveal(self) -> object:
        """The value itself."""
        ...


class Record(Protocol):
    """An opened record."""

    @property
    def values(self) -> Mapping[str, Closed]:
        """What opened of it."""
        ...


def planes_of(records: Iterable[Record]) -> list[Plane]:
    """One plane for each record that has azimuth, tilt and area; a height where there is one.

    Raises:
        BadInput: a number is outside what the model answers for.
    """
    return [_plane(record.values) for record in records if {AZIMUTH, TILT, AREA} <= record.values.keys()]


def _plane(values: Mapping[str, Closed]) -> Plane:
    return Plane(
        azimuth_deg=_number(values[AZIMUTH]), tilt_deg=_number(values[TILT]), area_m2=_number(values[AREA]) / 100,
        height_m=_number(values[HEIGHT]) / 100 if HEIGHT in values else None,
    )  # fmt: skip


def _number(value: Closed) -> float:
    return float(str(value.reveal()))


def named(cell: Place) -> str:
    """A grid cell as it is kept: degrees north, degrees east and metres of its middle, as `59.9 10.8 0`."""
    return f"{cell.latitude_deg:.1f} {cell.longitude_deg:.1f} {cell.elevation_m:.0f}"


def read(text: str) -> Place:
    """The cell of such a text."""
    latitude, longitude, elevation = (float(part) for part in text.split(" "))
    return Place(latitude_deg=latitude, longitude_deg=longitude, elevation_m=elevation)
