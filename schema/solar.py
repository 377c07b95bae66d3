"""What roofs yield: of a roof nobody's name is on, and of one's own."""

from __future__ import annotations

import strawberry

from schema.directives import governed, ungoverned

_NOBODY = "of numbers the asker sent, about nobody; nothing of it is kept"
_OWN = "project.estimate"


@strawberry.input(description="One plane of a roof.")
class PlaneInput:
    """A plane."""

    azimuth_deg: float = strawberry.field(description="Where it faces, degrees clockwise from north: 0 to 360.")
    tilt_deg: float = strawberry.field(description="Tilt, degrees from level: 0 to 90.")
    area_m2: float = strawberry.field(name="areaM2", description="Area, square metres: above 0, at most 20,000.")
    height_m: float | None = strawberry.field(default=None, description="Height above ground, metres: above 0.")
    shading_share: float = strawberry.field(default=0.0, description="Direct light that neighbours take: 0 to 1.")


@strawberry.input(description="A place on the Norwegian mainland.")
class PlaceInput:
    """A place."""

    latitude_deg: float = strawberry.field(description="Degrees north, WGS 84.")
    longitude_deg: float = strawberry.field(description="Degrees east, WGS 84.")
    elevation_m: float = strawberry.field(default=0.0, description="Metres above the sea.")


@strawberry.type(description="What a roof would yield in a typical year. Nothing is stored.")
class YieldEstimate:
    """An estimate for nobody."""

    model: str = ungoverned(because=_NOBODY, description="Version of the calculation.")
    weather: str = ungoverned(because=_NOBODY, description="Whose weather.")
    peak_power_kw: float = ungoverned(because=_NOBODY, description="Peak power of what fits on the roof, kW.")
    monthly_kwh: list[float] = ungoverned(because=_NOBODY, description="Twelve months, January first, kWh.")
    year_kwh: float = ungoverned(because=_NOBODY, description="The year, kWh: as many bring more as less (P50).")
    low_kwh: float = ungoverned(because=_NOBODY, description="The lower end of the band, kWh.")
    high_kwh: float = ungoverned(because=_NOBODY, description="The upper end of the band, kWh.")
    specific_kwh_per_kw: float = ungoverned(because=_NOBODY, description="The year per kW of peak power, kWh.")
    losses_percent: float = ungoverned(because=_NOBODY, description="Losses of the direct current.")
    assumptions: list[str] = ungoverned(because=_NOBODY, description="What was assumed, and after whom.")


@strawberry.type(description="What the roof of a case would yield in a typical year, as it was last calculated.")
class RoofEstimate:
    """An estimate of a case."""

    model: str | None = governed(_OWN, description="Version of the calculation.")
    weather: str | None = governed(_OWN, description="Whose weather.")
    peak_power_kw: float | None = governed(_OWN, description="Peak power of what fits on the roof, kW.")
    monthly_kwh: list[float] | None = governed(_OWN, description="Twelve months, January first, kWh.")
    year_kwh: float | None = governed(_OWN, description="The year, kWh: as many bring more as less (P50).")
    low_kwh: float | None = governed(_OWN, description="The lower end of the band, kWh.")
    high_kwh: float | None = governed(_OWN, description="The upper end of the band, kWh.")
    specific_kwh_per_kw: float | None = governed(_OWN, description="The year per kW of peak power, kWh.")
    losses_percent: float | None = governed(_OWN, description="Losses of the direct current.")
    assumptions: list[str] | None = governed(_OWN, description="What was assumed, and after whom.")
