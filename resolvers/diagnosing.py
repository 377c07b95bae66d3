"""A plant in an answer: its series and its roof, each through its door, and what the diagnosis says of both.

What is opened is what the selection names: who asks for production alone has no roof opened. Where the roof is withheld
the production is still given, and everything that needs a roof is `null` with the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import strawberry

from policies.model import RecordId, SubjectId
from policies.oslo import midnight, oslo_date
from resolvers.folding import Hours, hours_of
from resolvers.shortfall import Shortfall
from resolvers.translation import Declined
from schema.errors import Code
from schema.plant import PRODUCED, PlantFinding, PlantPerformance, PlantProduction
from schema.scalars import Column, WattHours
from solar.cells import CELL, planes_of
from solar.model.roof import Plane
from vault.request import FieldMask, Opened, OpenedRecord, RecordFilter, Withheld
from vault.series.request import SeriesOpened

if TYPE_CHECKING:
    from resolvers.asking import Ask
    from solar.diagnosis.judging import Finding
    from solar.diagnosis.report import Report

LONGEST_DAYS: Final = 5 * 366
PEAK: Final = "plant.peak_power_w"
HOUR_S: Final = 3_600
From = Annotated[date, strawberry.argument(name="from", description="The first day, in Oslo.")]
To = Annotated[date, strawberry.argument(name="to", description="The first day that is no longer part of it.")]


@dataclass(frozen=True, slots=True, repr=False)
class Built:
    """What the expectation is made from."""

    planes: Sequence[Plane]
    cell: str
    peak_power_w: int | None


async def plant_answered(
    info: Ask, subject: SubjectId, plant: RecordId, days: tuple[date, date]
) -> PlantProduction | None:
    """The plant over these days; nothing where all of it is withheld."""
    asking, mask = info.context, info.selection().mask
    if not days[0] < days[1] <= days[0] + timedelta(days=LONGEST_DAYS):
        raise Declined(Code.INVALID, field="to", rule=f"is 1 to {LONGEST_DAYS} days after `from`")
    if not mask:
        return PlantProduction()
    start, end = midnight(days[0]), midnight(days[1])
    only = RecordFilter(records=frozenset({plant}))
    produced = await asking.house.vault.series(
        asking.who, asking.access(), [subject], frozenset({PRODUCED}), start, end, only
    )
    if not _reached(info, subject, produced):
        return None
    hours = _ended(hours_of([each.readings.reveal() for each in produced.series], *days), asking.house.clock())
    edges = _edges(hours, days)
    made = PlantProduction(starts=Column([edge * HOUR_S for edge in edges[:-1]]), actual=_by_day(hours, edges))
    if mask - {PRODUCED} and len(edges) > 1:
        built = await _built(info, subject, plant, mask - {PRODUCED})
        if built is not None:
            report = await asking.house.solar.reported(built.planes, built.cell, built.peak_power_w, hours, edges)
            _told(made, report)
    return made


def _reached(info: Ask, subject: SubjectId, produced: SeriesOpened) -> bool:
    """Whether the production opened; what was withheld of it is put down, or nobody is there."""
    withheld: Mapping[Withheld, int] = produced.by_subject.get(subject, {})
    if subject in produced.found:
        info.context.shortfalls.append(Shortfall(info.place, info.selection(), withheld))
        return True
    told = {each: count for each, count in withheld.items() if info.context.reader.told(each)}
    if not told:
        raise Declined(Code.NOT_FOUND)
    info.context.shortfalls.append(Shortfall(info.place, info.selection(), told))
    return False


async def _built(info: Ask, subject: SubjectId, plant: RecordId, fields: FieldMask) -> Built | None:
    """The roof below the plant; None where some of it is withheld, with the reasons put down.

    Raises:
        Declined: nothing is withheld, and there is no roof or nobody calculated where it is.
    """
    asking = info.context
    opened = await asking.house.vault.open(asking.who, asking.access(), [subject], fields)
    withheld = opened.by_subject.get(subject, {})
    if withheld:
        asking.shortfalls.append(Shortfall(info.place, info.selection(), withheld))
    project = _project(opened, plant)
    planes = planes_of([each for each in opened.records if each.parent == project and each.record != plant])
    cell = next((each.values[CELL] for each in opened.records if each.record == project and CELL in each.values), None)
    if planes and cell is not None:
        peak = next(
            (each.values[PEAK] for each in opened.records if each.record == plant and PEAK in each.values), None
        )
        return Built(planes, str(cell.reveal()), None if peak is None else int(str(peak.reveal())))
    if withheld:
        return None
    raise Declined(Code.INVALID, field="roof", rule="is on record and calculated before production is compared with it")


def _project(opened: Opened, plant: RecordId) -> RecordId | None:
    """The case of the plant: what it hangs below, or the only one whose roof is known."""
    below = [each.parent for each in opened.records if each.record == plant]
    with_cell: list[OpenedRecord] = [each for each in opened.records if CELL in each.values]
    if below:
        return below[0]
    return with_cell[0].record if len(with_cell) == 1 else None


def _ended(hours: Hours, now: datetime) -> Hours:
    """Without the hours that have not ended: nobody can have read them."""
    ended = max(0, min(len(hours.wh), int(now.timestamp()) // HOUR_S - hours.first))
    return Hours(hours.first, hours.wh[:ended], hours.quality[:ended])


def _edges(hours: Hours, days: tuple[date, date]) -> list[int]:
    """Where days begin, hours since 1970, and where the hours end."""
    end = hours.first + len(hours.wh)
    last = oslo_date(datetime.fromtimestamp((end - 1) * HOUR_S, UTC)).toordinal() if len(hours.wh) else 0
    begins = [date.fromordinal(day) for day in range(days[0].toordinal(), last + 1)]
    return [*(int(midnight(day).timestamp()) // HOUR_S for day in begins), end]


def _by_day(hours: Hours, edges: Sequence[int]) -> Column:
    if len(edges) == 1:
        return Column([])
    at = np.array(edges[:-1]) - hours.first
    read = hours.quality != 0
    sums = np.add.reduceat(np.where(read, hours.wh, 0), at).tolist()
    some = np.add.reduceat(read.astype(np.int64), at).tolist()
    return Column([wh if count else None for wh, count in zip(sums, some, strict=True)])


def _told(made: PlantProduction, report: Report) -> None:
    done = report.performance
    made.expected = Column([round(each) for each in report.expected_wh.tolist()])
    made.performance = PlantPerformance(
        actual_wh=WattHours(done.actual_wh), expected_wh=WattHours(done.expected_wh), ratio=done.ratio,
        coverage=done.coverage,
    )  # fmt: skip
    made.findings = [_finding(each) for each in report.findings]
    made.chart = report.chart


def _finding(found: Finding) -> PlantFinding:
    return PlantFinding(
        kind=found.kind.value, severity=found.severity.value, since=_instant(found.first), until=_instant(found.after),
        evidence=found.evidence,
    )  # fmt: skip


def _instant(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR_S, UTC)
