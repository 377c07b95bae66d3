"""A plant's production against what could be expected of it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.directives import governed
from schema.scalars import Column, WattHours

PRODUCED = "plant.production"
EXPECTED = (
    "roof.azimuth_deg", "roof.tilt_deg", "roof.area_dm2", "project.grid_cell", "plant.peak_power_w",
)  # fmt: skip
BOTH = (PRODUCED, *EXPECTED)


@strawberry.type(description="Sums over the hours that were read.")
class PlantPerformance:
    """How a plant does."""

    actual_wh: WattHours | None = governed(*BOTH, description="What came.")
    expected_wh: WattHours | None = governed(*BOTH, description="What a typical year would give in the same hours.")
    ratio: float | None = governed(*BOTH, description="The one by the other: a dull month is low without a fault.")
    coverage: float | None = governed(*BOTH, description="Share of the hours of daylight that were read.")


@strawberry.type(description="Something that looks wrong with a plant.")
class PlantFinding:
    """A finding."""

    kind: str | None = governed(
        *BOTH, description="`missing`, `outage`, `snow`, `dead_string`, `soiling` or `degradation`."
    )
    severity: str | None = governed(*BOTH, description="`note`, `minor` or `serious`.")
    since: datetime | None = governed(*BOTH, description="When it begins.")
    until: datetime | None = governed(*BOTH, description="When it ends, or the range does.")
    evidence: str | None = governed(*BOTH, description="Why it is thought.")


@strawberry.type(description="Production against expectation (produksjon mot forventet), by days of Oslo.")
class PlantProduction:
    """A range of days."""

    starts: Column | None = governed(PRODUCED, description="When each day begins: seconds since 1970, UTC.")
    actual: Column | None = governed(PRODUCED, description="Wh of each day; `null` where no hour of it was read.")
    expected: Column | None = governed(*BOTH, description="Wh of each day in a typical year.")
    performance: PlantPerformance | None = governed(*BOTH, description="Sums.")
    findings: list[PlantFinding] | None = governed(*BOTH, description="What looks wrong, and why.")
    chart: str | None = governed(*BOTH, description="The same as a picture: SVG without script, readable in print.")
