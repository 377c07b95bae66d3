"""pvlib's functions with types, and nothing else: the one module that calls it.

Arrays in, arrays out; angles in degrees, irradiance in W/m², temperature in °C, wind in m/s. What each does and after
whom is in pvlib's documentation under the name given.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO, StringIO
from typing import Any, Final

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS: Final = 1 << 15
_PVLIB: Final[Any] = pvlib  # carries no types
MOUNTED: Final[dict[str, float]] = _PVLIB.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_glass"]


def sun(latitude: float, longitude: float, elevation_m: float, times: pd.DatetimeIndex, air_c: Array | float) -> Any:
    """A frame of sun positions (`location.Location.get_solarposition`): apparent_zenith, zenith, azimuth."""
    return _location(latitude, longitude, elevation_m).get_solarposition(times, temperature=air_c)


def clear_sky(latitude: float, longitude: float, elevation_m: float, times: pd.DatetimeIndex) -> Any:
    """A frame of ghi, dni, dhi without clouds (`clearsky.ineichen`, Linke turbidity from the map pvlib ships)."""
    return _location(latitude, longitude, elevation_m).get_clearsky(times, model="ineichen")


def extraterrestrial(times: pd.DatetimeIndex) -> Array:
    """Light on a plane facing the sun above the air (`irradiance.get_extra_radiation`)."""
    return np.asarray(_PVLIB.irradiance.get_extra_radiation(times), dtype=float)


def sky_light(
    tilt_deg: Array, azimuth_deg: Array, dhi: Array, dni: Array, extra: Array, ratio: Array
) -> tuple[Array, Array]:
    """Isotropic and circumsolar diffuse light on the plane (`irradiance.haydavies`)."""
    parts = _PVLIB.irradiance.haydavies(
        tilt_deg, azimuth_deg, dhi, dni, extra, projection_ratio=ratio, return_components=True
    )
    return np.asarray(parts["poa_isotropic"], dtype=float), np.asarray(parts["poa_circumsolar"], dtype=float)


def ground_light(tilt_deg: Array, ghi: Array, albedo: float) -> Array:
    """Light from the ground on the plane (`irradiance.get_ground_diffuse`)."""
    return np.asarray(_PVLIB.irradiance.get_ground_diffuse(tilt_deg, ghi, albedo), dtype=float)


def through_glass(cosine: Array) -> Array:
    """The share of direct light that is not reflected (`iam.physical`), by the cosine of incidence, 0 to 1.

    Taken from a table of pvlib's answers, with straight lines between them. Where the answer bends most, at grazing
    light, hardly any light falls.
    """
    table, steps = _glass()
    at = cosine * STEPS
    below = at.astype(np.intp)
    share: Array = table[below] + (at - below) * steps[below]
    return share


@cache
def _glass() -> tuple[Array, Array]:
    degrees = np.degrees(np.arccos(np.linspace(0, 1, STEPS + 1)))
    table = np.nan_to_num(np.asarray(_PVLIB.iam.physical(degrees), dtype=float))
    return table, np.append(np.diff(table), 0.0)


def cells_c(light: Array, air_c: Array, wind_m_per_s: Array) -> Array:
    """Temperature of the cells on an open rack (`temperature.sapm_cell`)."""
    return np.asarray(_PVLIB.temperature.sapm_cell(light, air_c, wind_m_per_s, **MOUNTED), dtype=float)


def direct_current(light: Array, temperature_c: Array, coefficient_per_k: float) -> Array:
    """Power per watt of peak power (`pvsystem.pvwatts_dc`)."""
    return np.asarray(_PVLIB.pvsystem.pvwatts_dc(light, temperature_c, 1.0, coefficient_per_k), dtype=float)


def alternating_current(current: Array, inverter_dc: float, efficiency: float) -> Array:
    """What the inverter gives (`inverter.pvwatts`)."""
    return np.asarray(_PVLIB.inverter.pvwatts(current, inverter_dc, efficiency), dtype=float)


def pvgis_tmy(data: bytes, kind: str) -> Any:
    """The frame of a PVGIS TMY file (`iotools.read_pvgis_tmy`). Raises what the library raises."""
    return _PVLIB.iotools.read_pvgis_tmy(BytesIO(data), pvgis_format=kind)[0]


def pvgis_hourly(data: bytes, kind: str) -> Any:
    """The frame of a PVGIS hourly file (`iotools.read_pvgis_hourly`). Raises what the library raises."""
    return _PVLIB.iotools.read_pvgis_hourly(StringIO(data.decode()), pvgis_format=kind)[0]


def _location(latitude: float, longitude: float, elevation_m: float) -> Any:
    return _PVLIB.location.Location(latitude, longitude, tz="UTC", altitude=elevation_m)
