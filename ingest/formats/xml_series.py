"""One series of an Elhub document, from what its elements said to readings, or to the rule that refuses it whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.energy import watt_hours
from ingest.formats.columns import iso_instant
from ingest.formats.delivery import Item
from ingest.formats.gate import Gate
from ingest.problems import Problem, Rule
from ingest.readings import (
    Batch,
    Direction,
    MeteringPoint,
    PeriodVolume,
    Quality,
    Resolution,
    Series,
    instant,
    metering_point,
)
from ingest.registers import explains
from policies.values import BadValue

MOST_VALUES: Final = 100 * 366
"""Values of the longest series: more than a year of quarters."""

RESOLUTIONS: Final[Mapping[str, Resolution]] = {
    "PT1H": Resolution.HOUR,
    "PT60M": Resolution.HOUR,
    "PT15M": Resolution.QUARTER,
}
_DIRECTIONS: Final[Mapping[str, Direction]] = {"Out": Direction.CONSUMPTION, "In": Direction.EXPORT}
_QUALITIES: Final[Mapping[tuple[str, str], Quality]] = {
    ("Metered", ""): Quality.MEASURED,
    ("Estimated", "56"): Quality.ESTIMATED,
    ("Estimated", "81"): Quality.FINAL_ESTIMATED,
    ("Temporary", ""): Quality.TEMPORARY,
    ("Temporary", "21"): Quality.TEMPORARY,
    ("Calculated", ""): Quality.CALCULATED,
}
_NONE: Final = ("", "")
_ACTIVE_ENERGY: Final = "8716867000030"


@dataclass(slots=True)
class Observation:
    """What one observation said: its number, the element its value stood in with the code of its quality, the value."""

    sequence: str
    line: int
    kind: tuple[str, str] | None = None
    value: str = ""

    def says(self, element: str, code: str) -> None:
        """A value of this kind begins; an observation with two of them has no kind."""
        self.kind = (element, code) if self.kind is None else ("", "")


@dataclass(slots=True)
class Draft:
    """What the elements of a series said so far."""

    line: int
    fields: dict[str, str] = field(default_factory=dict[str, str])
    observations: list[Observation] = field(default_factory=list[Observation])
    too_many: bool = False

    def observe(self, sequence: str, line: int) -> Observation:
        """One observation more; those beyond the longest series are not kept."""
        observation = Observation(sequence, line)
        if len(self.observations) < MOST_VALUES:
            self.observations.append(observation)
        else:
            self.too_many = True
        return observation


class _Broken(Exception):
    """A rule is broken: by the series as a whole, or by one of its observations."""

    def __init__(self, rule: Rule, observation: Observation | None = None, item: int = 0) -> None:
        super().__init__(rule.value)
        self.rule = rule
        self.observation = observation
        self.item = item


def finished(draft: Draft, gate: Gate) -> Iterator[Item]:
    """The readings of a series, or why it is refused."""
    try:
        if "resolution" in draft.fields:
            yield from gate.passed(_batch(draft))
        else:
            yield from gate.passed_volume(_volume(draft))
    except _Broken as broken:
        line = broken.observation.line if broken.observation else draft.line
        yield Problem(broken.rule, line, broken.item, readings=len(draft.observations))


def _batch(draft: Draft) -> Batch:
    resolution = RESOLUTIONS.get(draft.fields["resolution"])
    if resolution is None:
        raise _Broken(Rule.RESOLUTION)
    point, direction = _whose(draft)
    start, end = _instant(draft, "start"), _instant(draft, "end")
    if start % resolution or end <= start:
        raise _Broken(Rule.INTERVAL)
    count = len(draft.observations)
    if draft.too_many or count * resolution != end - start:
        raise _Broken(Rule.COUNT)
    ordered = _ordered(draft.observations)
    return Batch(
        series=Series(point, direction, resolution),
        start=np.arange(start, end, int(resolution), dtype=np.int64),
        energy_wh=np.array(list(_energies(ordered)), dtype=np.int64),
        quality=np.array(list(_qualities(ordered)), dtype=np.uint8),
        registered=np.full(count, _instant(draft, "registered"), dtype=np.int64),
        line=np.array([each.line for each in ordered], dtype=np.int64),
    )


def _volume(draft: Draft) -> PeriodVolume:
    point, direction = _whose(draft)
    if len(draft.observations) != 1:
        raise _Broken(Rule.COUNT)
    (energy_wh,), (quality,) = _energies(draft.observations), _qualities(draft.observations)
    start, end = _instant(draft, "start"), _instant(draft, "end")
    if end <= start:
        raise _Broken(Rule.INTERVAL)
    if not _registers_explain(draft, energy_wh):
        raise _Broken(Rule.REGISTER_VOLUME)
    return PeriodVolume(
        point=point,
        direction=direction,
        start=instant(start),
        end=instant(end),
        energy_wh=energy_wh,
        quality=quality,
        registered_at=instant(_instant(draft, "registered")),
        line=draft.line,
    )


def _registers_explain(draft: Draft, energy_wh: int) -> bool:
    """Whether the register readings that stand beside a volume, if they do, make it."""
    shown = [draft.fields[name] for name in ("register_start", "register_end") if name in draft.fields]
    registers = [watt_hours(each) for each in shown]
    if not registers:
        return True
    numbers = [each for each in registers if isinstance(each, int)]
    return len(numbers) == 2 and explains(numbers[0], numbers[1], energy_wh)  # noqa: PLR2004  one at each end


def _whose(draft: Draft) -> tuple[MeteringPoint, Direction]:
    point = metering_point(draft.fields.get("point", ""))
    if isinstance(point, BadValue):
        raise _Broken(Rule.POINT)
    direction = _DIRECTIONS.get(draft.fields.get("direction", ""))
    if direction is None:
        raise _Broken(Rule.DIRECTION)
    if draft.fields.get("unit") != "kWh":
        raise _Broken(Rule.UNIT)
    if draft.fields.get("product") != _ACTIVE_ENERGY:
        raise _Broken(Rule.PRODUCT)
    return point, direction


def _instant(draft: Draft, name: str) -> int:
    found = iso_instant(draft.fields.get(name, ""))
    if found is None:
        raise _Broken(Rule.TIME)
    return found


def _ordered(observations: list[Observation]) -> list[Observation]:
    """The observations by their numbers, which count from 0 or from 1 and leave none out."""
    numbers = [int(each.sequence) if each.sequence.isdecimal() else -1 for each in observations]
    first = min(numbers)
    if first not in {0, 1} or sorted(numbers) != list(range(first, first + len(numbers))):
        raise _Broken(Rule.SEQUENCE)
    return [observations[row] for row in np.argsort(numbers).tolist()]


def _energies(observations: list[Observation]) -> Iterator[int]:
    for item, each in enumerate(observations, start=1):
        energy_wh = watt_hours(each.value)
        if isinstance(energy_wh, Rule):
            raise _Broken(energy_wh, each, item)
        yield energy_wh


def _qualities(observations: list[Observation]) -> Iterator[Quality]:
    for item, each in enumerate(observations, start=1):
        quality = _QUALITIES.get(each.kind or _NONE)
        if quality is None:
            raise _Broken(Rule.QUALITY, each, item)
        yield quality
