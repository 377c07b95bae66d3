"""Weather of the operator's own: files of PVGIS (re.jrc.ec.europa.eu), free to download, read from their bytes.

    TMY            JSON or CSV of the tool `tmy`: global, direct and diffuse light, air, wind of a typical year
    hourly series  JSON or CSV of `seriescalc` for a horizontal plane with components: one whole year

Years of 8,784 hours lose 29 February, so that every year has as many hours. Times of PVGIS name an instant within the
hour; they are taken as the hour's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from solar.model import physics
from solar.model.errors import BadInput
from solar.model.physics import Array
from solar.model.sky import HOURS, Weather, hours_of_year

MAX_BYTES: Final = 64 * 1024 * 1024
FILE: Final = "weather file"
_BROKEN: Final = (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration)
_LIMITS: Final = {"ghi": (0, 1_500), "dni": (0, 1_500), "dhi": (0, 1_000), "temp_air": (-60, 50), "wind_speed": (0, 80)}


def tmy(data: bytes) -> Weather:
    """A typical meteorological year.

    Raises:
        BadInput: the bytes are not such a file, or a number in it cannot be.
    """
    frame = _frame(data, physics.pvgis_tmy)
    return _weather(frame, "PVGIS TMY, imported")


def series(data: bytes, year: int) -> Weather:
    """One year of an hourly series; direct and diffuse light come from its horizontal components.

    Raises:
        BadInput: the bytes are not such a file, not of a horizontal plane with components, or lack hours of the year.
    """
    frame = _frame(data, physics.pvgis_hourly)
    frame = frame[frame.index.year == year]
    if not {"poa_direct", "poa_sky_diffuse", "solar_elevation"} <= set(frame.columns):
        raise BadInput(FILE, "has the columns `Gb(i)`, `Gd(i)` and `H_sun` of a horizontal plane with components")
    height = np.maximum(np.sin(np.radians(np.asarray(frame["solar_elevation"], dtype=float))), 0.01745)
    direct = np.asarray(frame["poa_direct"], dtype=float)
    frame = frame.assign(
        ghi=direct + frame["poa_sky_diffuse"], dni=np.minimum(direct / height, 1_400), dhi=frame["poa_sky_diffuse"]
    )
    return _weather(frame, f"PVGIS hourly series of {year}, imported")


def _frame(data: bytes, read: Callable[[bytes, str], Any]) -> Any:
    if len(data) > MAX_BYTES:
        raise BadInput(FILE, f"has at most {MAX_BYTES} bytes")
    kind = "json" if data.lstrip()[:1] == b"{" else "csv"
    try:
        return read(data, kind)
    except _BROKEN:
        pass
    # raised here and not above: the library's error quotes the file
    raise BadInput(FILE, "is JSON or CSV as PVGIS writes it")


def _weather(frame: Any, source: str) -> Weather:
    if len(frame) == HOURS + 24:
        frame = frame[~((frame.index.month == 2) & (frame.index.day == 29))]  # noqa: PLR2004  the leap day
    if len(frame) != HOURS:
        raise BadInput(FILE, f"has the {HOURS} hours of a year")
    columns = {name: _checked(frame, name, *limits) for name, limits in _LIMITS.items()}
    times: pd.DatetimeIndex = hours_of_year()
    return Weather(
        times, columns["ghi"], columns["dni"], columns["dhi"], columns["temp_air"], columns["wind_speed"], source
    )


def _checked(frame: Any, name: str, low: float, high: float) -> Array:
    if name not in frame.columns:
        raise BadInput(FILE, f"has a column of `{name}`")
    column = np.asarray(frame[name], dtype=float)
    if not np.isfinite(column).all() or column.min() < low or column.max() > high:
        raise BadInput(FILE, f"has `{name}` from {low} to {high}")
    return column
