"""One series of an Elhub document, from what its elements said to readings, or to the rule that refuses it whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.energy import watt_hours
from ingest.formats.columns import iso_instant
from ingest.formats.delivery import Item
from ingest.formats.gate import Gate
from ingest.formats.xml_runs import Run
from ingest.problems import Problem, Rule
from ingest.readings import (
    NO_ENERGY,
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
    """What the elements of a series said so far. Values beyond the longest series are counted and not kept."""

    line: int
    fields: dict[str, str] = field(default_factory=dict[str, str])
    sequence: list[int] = field(default_factory=list[int])
    energy_wh: list[int] = field(default_factory=list[int])
    quality: list[int] = field(default_factory=list[int])
    lines: list[int] = field(default_factory=list[int])
    broken: Problem | None = None

    def observed(self, observation: Observation) -> None:
        """An observation ended."""
        energy_wh = watt_hours(observation.value)
        quality = _QUALITIES.get(observation.kind or _NONE)
        if quality is None or isinstance(energy_wh, Rule):
            rule = energy_wh if isinstance(energy_wh, Rule) and quality is not None else Rule.QUALITY
            self.broken = self.broken or Problem(rule, observation.line, len(self.sequence) + 1)
            energy_wh, quality = NO_ENERGY, Quality.MISSING
        number = int(observation.sequence) if observation.sequence.isdecimal() else -1
        self._keep([number], [energy_wh], [quality], [observation.line])

    def observed_run(self, run: Run, line: int) -> None:
        """A run of measured values ended that began at `line`."""
        count = len(run.sequence)
        self._keep(run.sequence, run.energy_wh, [Quality.MEASURED] * count, [line + each for each in run.lines])

    def _keep(self, sequence: list[int], energy_wh: list[int], quality: list[int], lines: list[int]) -> None:
        if len(self.sequence) > MOST_VALUES:
            return
        self.sequence += sequence
        self.energy_wh += energy_wh
        self.quality += quality
        self.lines += lines


class _Broken(Exception):
    """A rule is broken by the series as a whole."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.value)
        self.rule = rule


def finished(draft: Draft, gate: Gate) -> Iterator[Item]:
    """The readings of a series, or why it is refused."""
    lost = len(draft.sequence)
    try:
        batch = _batch(draft) if "resolution" in draft.fields else _volume(draft)
    except _Broken as broken:
        yield Problem(broken.rule, draft.line, readings=lost)
        return
    if draft.broken is not None:
        yield replace(draft.broken, readings=lost)
    elif isinstance(batch, Batch):
        yield from gate.passed(batch)
    else:
        yield from gate.passed_volume(batch)


def _batch(draft: Draft) -> Batch:
    resolution = RESOLUTIONS.get(draft.fields["resolution"])
    if resolution is None:
        raise _Broken(Rule.RESOLUTION)
    point, direction = _whose(draft)
    start, end = _instant(draft, "start"), _instant(draft, "end")
    if start % resolution or end <= start:
        raise _Broken(Rule.INTERVAL)
    count = len(draft.sequence)
    if count > MOST_VALUES or count * resolution != end - start:
        raise _Broken(Rule.COUNT)
    columns = (draft.energy_wh, draft.quality, draft.lines)
    order = _order(draft.sequence)
    energy_wh, quality, lines = (np.array(column, dtype=np.int64)[order] for column in columns)
    return Batch(
        series=Series(point, direction, resolution),
        start=np.arange(start, end, int(resolution), dtype=np.int64),
        energy_wh=energy_wh,
        quality=quality.astype(np.uint8),
        registered=np.full(count, _instant(draft, "registered"), dtype=np.int64),
        line=lines,
    )


def _volume(draft: Draft) -> PeriodVolume:
    point, direction = _whose(draft)
    if len(draft.sequence) != 1:
        raise _Broken(Rule.COUNT)
    start, end = _instant(draft, "start"), _instant(draft, "end")
    if end <= start:
        raise _Broken(Rule.INTERVAL)
    if draft.broken is None and not _registers_explain(draft, draft.energy_wh[0]):
        raise _Broken(Rule.REGISTER_VOLUME)
    return PeriodVolume(
        point=point,
        direction=direction,
        start=instant(start),
        end=instant(end),
        energy_wh=draft.energy_wh[0],
        quality=Quality(draft.quality[0]),
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


def _order(numbers: list[int]) -> slice | NDArray[np.intp]:
    """The order of the observations by their numbers, which count from 0 or from 1 and leave none out."""
    first = min(numbers)
    wanted = list(range(first, first + len(numbers)))
    if first not in {0, 1} or (numbers != wanted and sorted(numbers) != wanted):
        raise _Broken(Rule.SEQUENCE)
    return slice(None) if numbers == wanted else np.argsort(numbers)
