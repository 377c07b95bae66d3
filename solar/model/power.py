"""From light to power: PVWatts (Dobos 2014, doi:10.2172/1158421) as pvlib has it, broadcast over many planes at once.

The steps are those of `pvlib.modelchain.ModelChain.with_pvwatts` with Hay and Davies' transposition: light on the
plane, reflection at the glass, temperature of the cells (SAPM, open rack), direct current, losses, inverter. Power is
per watt of peak power, so that a roof twice as large is a factor and not another calculation. The inverter is as large
as the modules.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solar.model import physics
from solar.model.physics import Array
from solar.model.roof import Modules
from solar.model.sky import Climate, Sky, towards

ALBEDO: Final = 0.25
EFFICIENCY: Final = 0.96
"""Of the inverter; its direct side is larger than its alternating side by this."""
LOW_SUN: Final = 0.01745
"""Cosine of 89°: below it the ratio of slanted to horizontal light is no longer trusted, as in pvlib."""
CHUNK: Final = 8
"""Planes at a time: the arrays of more of them leave the processor's cache."""


def hourly(climate: Climate, tilt_deg: Array, azimuth_deg: Array, shading_share: Array, modules: Modules) -> Array:
    """Expected power of each hour of the year, W per W of peak power: one row per plane, one column per hour.

    Args:
        climate: of the grid cell.
        tilt_deg: from the horizontal, one per plane.
        azimuth_deg: clockwise from north, one per plane.
        shading_share: of the direct light, lost, one per plane.
        modules: temperature coefficient and losses.
    """
    out = np.zeros((len(tilt_deg), len(climate.times)))
    for start in range(0, len(tilt_deg), CHUNK):
        part = slice(start, start + CHUNK)
        planes = tilt_deg[part, None], azimuth_deg[part, None], shading_share[part, None]
        for share, sky in climate.skies:
            if share > 0:
                out[part, sky.lit] += share * _power(sky, *planes, modules)
    return out


def yearly(climate: Climate, tilt_deg: Array, azimuth_deg: Array, shading_share: Array, modules: Modules) -> Array:
    """Expected energy of the year, kWh per kW of peak power, one per plane: the sum of `hourly` without keeping it."""
    out = np.zeros(len(tilt_deg))
    for start in range(0, len(tilt_deg), CHUNK):
        part = slice(start, start + CHUNK)
        planes = tilt_deg[part, None], azimuth_deg[part, None], shading_share[part, None]
        for share, sky in climate.skies:
            if share > 0:
                out[part] += share * _power(sky, *planes, modules).sum(axis=1)
    return out


def _power(sky: Sky, tilt_deg: Array, azimuth_deg: Array, shading_share: Array, modules: Modules) -> Array:
    light, current = _on_plane(sky, tilt_deg, azimuth_deg, shading_share)
    cells_c = physics.cells_c(light, sky.air_c, sky.wind_m_per_s)
    power = physics.direct_current(current, cells_c, modules.temperature_coefficient_per_k)
    power *= 1 - modules.losses_percent / 100
    return physics.alternating_current(power, 1 / EFFICIENCY, EFFICIENCY)


def _on_plane(sky: Sky, tilt_deg: Array, azimuth_deg: Array, shading_share: Array) -> tuple[Array, Array]:
    """Light on the plane, and what of it gets through the glass."""
    ground = physics.ground_light(tilt_deg, sky.ghi, ALBEDO)
    if sky.overcast:  # no sun to face: every part of the sky is alike
        diffuse = sky.dhi * (0.5 * (1 + np.cos(np.radians(tilt_deg)))) + ground
        return diffuse, diffuse
    facing = np.clip(towards(tilt_deg[:, 0], azimuth_deg[:, 0]) @ sky.sun, 0, 1)
    ratio = facing / np.maximum(sky.sun[2], LOW_SUN)
    isotropic, circumsolar = physics.sky_light(tilt_deg, azimuth_deg, sky.dhi, sky.dni, sky.extra, ratio)
    # circumsolar light is counted as diffuse, as pvlib does, but a shadow that takes the sun takes it as well
    diffuse = isotropic + circumsolar * (1 - shading_share) + ground
    direct = facing * sky.dni * (1 - shading_share)
    return direct + diffuse, direct * physics.through_glass(facing) + diffuse
