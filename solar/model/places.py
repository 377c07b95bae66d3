"""Weather in a nutshell: how much light falls on a horizontal square metre in a year, at places where somebody says so.

Source: the Norwegian Meteorological Institute, SUNPOINT, preliminary calculations (byggfaktanyheter.no/?p=7824); for
Evenstad Multiconsult's study for Statsbygg (tu.no, 15 October 2013). What lies between them is interpolated: not the
light itself, which follows the sun, but the share of a clear sky's light that gets through (`days.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from solar.model.errors import BadInput
from solar.model.roof import Place

MAX_DISTANCE_KM: Final = 450.0
NEAREST: Final = 3
AWAY: Final = 5.0
"""A station so many times as far as the nearest has no say."""
EARTH_RADIUS_KM: Final = 6_371.0
SAME_PLACE_KM: Final = 1.0


@dataclass(frozen=True, slots=True)
class Station:
    """A place whose yearly light is known: kWh per horizontal square metre."""

    name: str
    place: Place
    horizontal_kwh_per_m2: float


def _station(name: str, latitude: float, longitude: float, elevation: float, light: float) -> Station:
    return Station(name, Place(latitude_deg=latitude, longitude_deg=longitude, elevation_m=elevation), light)


STATIONS: Final = (
    _station("Råde", 59.35, 10.85, 20, 980),
    _station("Oslo Blindern", 59.943, 10.721, 94, 938),
    _station("Evenstad", 61.43, 11.08, 255, 822),
    _station("Trondheim Gløshaugen", 63.418, 10.403, 50, 822),
    _station("Bergen", 60.383, 5.333, 12, 770),
    _station("Tromsø", 69.654, 18.937, 100, 669),
    _station("Juvvasshøe", 61.678, 8.369, 1_894, 1_083),
)
HIGH_M: Final = 1_000.0
"""Above and below it are two climates: a mountain top says nothing of a valley."""


def distance_km(one: Place, other: Place) -> float:
    """Along the great circle (haversine)."""
    latitudes = math.radians(one.latitude_deg), math.radians(other.latitude_deg)
    across = math.radians(other.longitude_deg - one.longitude_deg)
    half = (
        math.sin((latitudes[1] - latitudes[0]) / 2) ** 2
        + math.cos(latitudes[0]) * math.cos(latitudes[1]) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def near(place: Place) -> list[tuple[Station, float]]:
    """The stations that speak for this place, with how much each counts; weights (inverse squares) add up to 1.

    Raises:
        BadInput: the nearest is too far away to say anything.
    """
    alike = [each for each in STATIONS if (each.place.elevation_m >= HIGH_M) is (place.elevation_m >= HIGH_M)]
    by_distance = sorted(((distance_km(place, each.place), each) for each in alike), key=lambda pair: pair[0])
    nearest = by_distance[0][0]
    if nearest > MAX_DISTANCE_KM:
        raise BadInput("place", f"is at most {MAX_DISTANCE_KM:g} km from a place whose light is known")
    if nearest <= SAME_PLACE_KM:
        return [(by_distance[0][1], 1.0)]
    chosen = [pair for pair in by_distance[:NEAREST] if pair[0] <= AWAY * nearest]
    total = sum(away**-2 for away, _ in chosen)
    return [(station, away**-2 / total) for away, station in chosen]
