"""The readings of a meter in an answer: one opening for each series asked for, folded to the step asked for.

The vault decides and records; what it withholds becomes `null` with one error per selected field and rule, as
everywhere. A value the answer does not ask for is not made: a year of hours as objects costs a thousand times a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from strawberry.types.nodes import SelectedField, Selection

from ingest.arrival import overdue_before
from policies.model import RecordId, SubjectId
from policies.oslo import OSLO, midnight
from resolvers.folding import Folded, Hours, Step, counts, folded, hours_of, is_preliminary
from resolvers.shortfall import Shortfall
from resolvers.translation import Declined
from schema.errors import Code
from schema.scalars import Column, WattHours
from schema.series import (
    CONSUMED,
    EXPORTED,
    VOLUMES,
    BillingBasis,
    BillingMonth,
    ManualVolume,
    QualityCounts,
    Series,
    SeriesKind,
    SeriesPoint,
    SeriesResolution,
)
from vault.request import FieldMask, RecordFilter
from vault.series.axis import Resolution
from vault.series.readings import Quality, Readings
from vault.series.request import SeriesOpened

if TYPE_CHECKING:
    from resolvers.asking import Ask

FIELDS: Final[Mapping[SeriesKind, tuple[str, str]]] = {SeriesKind.CONSUMPTION: CONSUMED, SeriesKind.EXPORT: EXPORTED}
STEPS: Final[Mapping[SeriesResolution, Step]] = {each: Step(each.value) for each in SeriesResolution}
LONGEST_HOURS: Final = 400
LONGEST_DAYS: Final = 5 * 366
LETTERS: Final = {
    Quality.MISSING: "-",
    Quality.TEMPORARY: "T",
    Quality.ESTIMATED: "E",
    Quality.INCOMPLETE: "I",
    Quality.CALCULATED: "C",
    Quality.FINAL_ESTIMATED: "F",
    Quality.MEASURED: "M",
}
_LETTERS: Final = np.frombuffer("".join(LETTERS[quality] for quality in Quality).encode("ascii"), np.uint8)
_HOUR: Final = 3600


async def series_answered(
    info: Ask, point: tuple[UUID, UUID], kind: SeriesKind, days: tuple[date, date], resolution: SeriesResolution
) -> Series | None:
    """The readings of one direction; nothing where all of it is withheld."""
    step = STEPS[resolution]
    _check(days, LONGEST_HOURS if step is Step.HOUR else LONGEST_DAYS)
    hourly, monthly = FIELDS[kind]
    fields = frozenset({hourly} if step in {Step.HOUR, Step.DAY} else {hourly, monthly})
    opened = await _opened(info, point, fields, days)
    if opened is None:
        return None
    return _series(info, hours_of(_of(opened, hourly), *days), _of(opened, monthly), days, step)


async def billing_answered(info: Ask, point: tuple[UUID, UUID], days: tuple[date, date]) -> BillingBasis | None:
    """Both directions by month, and the volumes of a manual meter."""
    _check(days, LONGEST_DAYS)
    opened = await _opened(info, point, frozenset({*CONSUMED, *EXPORTED, VOLUMES}), days)
    if opened is None:
        return None
    return BillingBasis(months=_months(info, opened, days), volumes=_volumes(_of(opened, VOLUMES)))


def _check(days: tuple[date, date], longest: int) -> None:
    if not days[0] < days[1] <= days[0] + timedelta(days=longest):
        raise Declined(Code.INVALID, field="to", rule=f"is 1 to {longest} days after `from`")


async def _opened(
    info: Ask, point: tuple[UUID, UUID], fields: FieldMask, days: tuple[date, date]
) -> SeriesOpened | None:
    """What the door gave, with what it withheld put down; nothing where that is all."""
    asking, subject = info.context, SubjectId(point[0])
    start, end = midnight(days[0]), midnight(days[1])
    records = RecordFilter(records=frozenset({RecordId(point[1])}))
    opened = await asking.house.vault.series(asking.who, asking.access(), [subject], fields, start, end, records)
    withheld = opened.by_subject.get(subject, {})
    if subject in opened.found:
        asking.shortfalls.append(Shortfall(info.place, info.selection(), withheld))
        return opened
    told = {each: count for each, count in withheld.items() if asking.reader.told(each)}
    if not told:
        raise Declined(Code.NOT_FOUND)
    asking.shortfalls.append(Shortfall(info.place, info.selection(), told))
    return None


def _of(opened: SeriesOpened, field: str) -> list[Readings]:
    return [each.readings.reveal() for each in opened.series if each.field == field]


# -- values ------------------------------------------------------------------------------------------------------------


def _series(info: Ask, hours: Hours, sums: Sequence[Readings], days: tuple[date, date], step: Step) -> Series:
    now_hour, overdue_hour = _now_hours(info)
    folds = folded(hours, sums, *days, step, now_hour=now_hour)
    wanted: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "energyWh": lambda: {"energy_wh": Column(_column(folds))},
        "starts": lambda: {"starts": Column(folds.starts.tolist())},
        "points": lambda: {"points": _points(folds)},
        "totalWh": lambda: {"total_wh": _total(folds)},
        "coverage": lambda: {"coverage": _share(int(folds.present.sum()), int(folds.expected[~folds.summed].sum()))},
        "preliminary": lambda: {"preliminary": is_preliminary(hours, overdue_hour=overdue_hour, now_hour=now_hour)},
        "counts": lambda: {
            "counts": QualityCounts(**counts(hours, folds, overdue_hour=overdue_hour, now_hour=now_hour))
        },
    }
    made = Series(
        first=_instant(int(folds.starts[0])) if len(folds.starts) else None,
        qualities=_LETTERS[folds.quality].tobytes().decode("ascii"),
    )
    for name in _names(info.selected_fields) & wanted.keys():
        made = replace(made, **wanted[name]())
    return made


def _total(folds: Folded) -> WattHours | None:
    present = folds.quality != 0
    return WattHours(int(folds.wh[present].sum())) if present.any() else None


def _column(folds: Folded) -> list[int | None]:
    values: list[int | None] = folds.wh.tolist()
    for place in np.flatnonzero(folds.quality == 0).tolist():
        values[place] = None
    return values


def _points(folds: Folded) -> list[SeriesPoint]:
    rows = zip(
        folds.starts.tolist(), _column(folds), folds.quality.tolist(), folds.present.tolist(), folds.expected.tolist(),
        strict=True,
    )  # fmt: skip
    return [
        SeriesPoint(
            start=_instant(start),
            energy_wh=None if wh is None else WattHours(wh),
            quality=Quality(quality).name.lower() if quality else None,
            coverage=_share(present, expected),
        )
        for start, wh, quality, present, expected in rows
    ]


def _months(info: Ask, opened: SeriesOpened, days: tuple[date, date]) -> list[BillingMonth]:
    now_hour, overdue_hour = _now_hours(info)
    consumed, exported = (
        folded(hours_of(_of(opened, hourly), *days), _of(opened, monthly), *days, Step.MONTH, now_hour=now_hour)
        for hourly, monthly in (CONSUMED, EXPORTED)
    )
    hours = hours_of(_of(opened, CONSUMED[0]), *days)
    edges = [*(consumed.starts // _HOUR).tolist(), hours.first + len(hours.wh)]
    return [
        BillingMonth(
            month=_instant(int(consumed.starts[place])).astimezone(OSLO).strftime("%Y-%m"),
            consumption_wh=_one(consumed.wh, consumed.quality, place),
            export_wh=_one(exported.wh, exported.quality, place),
            coverage=_share(int(consumed.present[place]), int(consumed.expected[place])),
            preliminary=not consumed.summed[place]
            and is_preliminary(
                _part(hours, edges[place], edges[place + 1]), overdue_hour=overdue_hour, now_hour=now_hour
            ),
        )
        for place in range(len(consumed.starts))
    ]


def _part(hours: Hours, begin: int, end: int) -> Hours:
    inside = slice(begin - hours.first, end - hours.first)
    return Hours(begin, hours.wh[inside], hours.quality[inside])


def _volumes(series: Sequence[Readings]) -> list[ManualVolume]:
    return [
        ManualVolume(read_on=date.fromordinal(readings.first + place), energy_wh=WattHours(int(readings.wh[place])))
        for readings in series
        if readings.resolution is Resolution.DAY
        for place in np.flatnonzero(readings.quality).tolist()
    ]


def _one(wh: NDArray[np.int64], quality: NDArray[np.uint8], place: int) -> WattHours | None:
    return WattHours(int(wh[place])) if quality[place] else None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _share(present: int, expected: int) -> float | None:
    return round(present / expected, 4) if expected else None


def _now_hours(info: Ask) -> tuple[int, int]:
    """The hour it is, and the first hour that is still waited for, in hours since 1970."""
    now = info.context.house.clock()
    return int(now.timestamp()) // _HOUR, int(overdue_before(now).timestamp()) // _HOUR


def _names(fields: Sequence[Selection]) -> frozenset[str]:
    """The names of the fields selected below, fragments included."""
    below = [each for field in fields for each in field.selections]
    direct = {each.name for each in below if isinstance(each, SelectedField)}
    spread = [each for each in below if not isinstance(each, SelectedField)]
    return frozenset(direct | (_names(spread) if spread else frozenset()))
