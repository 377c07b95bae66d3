"""`roofs`: a roof's year for many roofs at once, beside one pvlib ModelChain for each of them.

Both have the same weather, an imported cloudless year, and the same place; every roof's energy must be the same within
1e-5. The chain works its sun out for every roof, which is what somebody does who asks roof by roof.
"""

from __future__ import annotations

import random
import time
from typing import Any, Final

import numpy as np
import pandas as pd
import pvlib

from benchmarks.ground import Ground
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from solar.model.assumptions import MODULES
from solar.model.physics import MOUNTED
from solar.model.power import EFFICIENCY, yearly
from solar.model.roof import Place
from solar.model.sky import cell_of, clear_sky, imported, typical

PLACE: Final = Place(latitude_deg=59.9, longitude_deg=10.8, elevation_m=100)
ROOFS: Final = 400
CHAINS: Final = 5
AT_MOST: Final = 0.01
ALIKE: Final = 1e-5
OTHER_LOSSES: Final = (
    "soiling", "shading", "snow", "mismatch", "wiring", "connections", "lid", "nameplate_rating", "availability",
)  # fmt: skip
CHAIN: Final[Any] = pvlib  # carries no types


def _chain(frame: pd.DataFrame, tilt: float, azimuth: float) -> float:
    """Energy of the year, kWh per kW, by `ModelChain.with_pvwatts`, everything worked out anew."""
    system = CHAIN.pvsystem.PVSystem(
        surface_tilt=tilt, surface_azimuth=azimuth, albedo=0.25, temperature_model_parameters=MOUNTED,
        module_parameters={"pdc0": 1.0, "gamma_pdc": MODULES.temperature_coefficient_per_k},
        inverter_parameters={"pdc0": 1 / EFFICIENCY, "eta_inv_nom": EFFICIENCY},
        losses_parameters=dict.fromkeys(OTHER_LOSSES, 0) | {"age": MODULES.losses_percent},
    )  # fmt: skip
    place = CHAIN.location.Location(PLACE.latitude_deg, PLACE.longitude_deg, tz="UTC", altitude=PLACE.elevation_m)
    chain = CHAIN.modelchain.ModelChain.with_pvwatts(system, place, transposition_model="haydavies")
    chain.run_model(frame)
    return float(np.nansum(np.asarray(chain.results.ac, dtype=float)))


async def run(ground: Ground, results: Results) -> None:
    """Measure both in turns, compare the energy of every roof that both calculated, add two figures."""
    weather = clear_sky(PLACE, "cloudless")
    frame = pd.DataFrame(
        {"ghi": weather.ghi, "dni": weather.dni, "dhi": weather.dhi, "temp_air": weather.air_c,
         "wind_speed": weather.wind_m_per_s}, index=weather.times,
    )  # fmt: skip
    chance = random.Random(7)  # noqa: S311  roofs, not keys
    tilts = np.array([chance.uniform(0, 60) for _ in range(ROOFS)])
    azimuths = np.array([chance.uniform(60, 300) for _ in range(ROOFS)])
    ours: list[float] = []
    twoskies: list[float] = []
    theirs: list[float] = []
    for turn in range(max(3, ground.sizes.runs // 8)):
        began = time.perf_counter()
        years = yearly(imported(PLACE, weather), tilts, azimuths, np.zeros(ROOFS), MODULES)
        ours.append((time.perf_counter() - began) / ROOFS)
        typical.cache_clear()
        began = time.perf_counter()
        yearly(typical(cell_of(PLACE)), tilts, azimuths, np.zeros(ROOFS), MODULES)
        twoskies.append((time.perf_counter() - began) / ROOFS)
        chosen = [(turn * CHAINS + n) % ROOFS for n in range(CHAINS)]
        began = time.perf_counter()
        chained = [_chain(frame, tilts[n], azimuths[n]) for n in chosen]
        theirs.append((time.perf_counter() - began) / CHAINS)
        alike = all(abs(years[n] / value - 1) < ALIKE for n, value in zip(chosen, chained, strict=True))
        results.check(alike, "roofs: a roof's year is another than its ModelChain's")
    results.figures += [
        Figure(work=work, ours=median(times), other="one ModelChain per roof", theirs=median(theirs),
               against=Against.NATURAL, at_most=at_most)
        for work, times, at_most in (("a roof-year, one sky", ours, AT_MOST),
                                     ("a roof-year, typical: two skies", twoskies, None))
    ]  # fmt: skip
