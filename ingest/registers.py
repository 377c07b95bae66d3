"""What a manual meter used between two readings of its register.

A register shows whole steps of `constant` kilowatt-hours and begins again at zero after its highest step. A register
that shows less than before either passed its end, or was misread: it passed its end when that makes at most a quarter
of its range, which is more than a household uses between two readings; everything else is asked again, never guessed.

When the meter is changed the period is split: the old meter's last reading and the new one's first stand at the same
instant, and nothing flows between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from ingest.energy import MOST_W
from ingest.problems import Problem, Rule, Severity
from ingest.readings import PeriodVolume, Quality, RegisterReading

_WH_PER_KWH: Final = 1000
_PART_OF_RANGE: Final = 4


def volumes(readings: Iterable[RegisterReading]) -> Iterator[PeriodVolume | Problem]:
    """The energy between each reading and the next of one point and direction, in the order of their instants.

    A reading that contradicts the one before is a `Problem` to ask about, and the next one is compared with it: a
    misread register spoils both periods beside it and no other.
    """
    ordered = sorted(readings, key=lambda reading: reading.at)
    for before, after in pairwise(ordered):
        found = volume_between(before, after)
        if found is not None:
            yield found


def volume_between(before: RegisterReading, after: RegisterReading) -> PeriodVolume | Problem | None:
    """The energy between two readings that follow one another; None at the instant where the meter was changed."""
    if (before.point, before.direction) != (after.point, after.direction):
        raise ValueError("two series have no volume between them")
    if before.meter != after.meter:
        return None if before.at == after.at else _ask(Rule.METER_CHANGE, after)
    if after.at <= before.at:
        return _ask(Rule.REGISTER_ORDER, after)
    if (before.digits, before.constant) != (after.digits, after.constant):
        return _ask(Rule.REGISTER, after)
    return _volume(before, after)


def steps_between(before: int, after: int, digits: int) -> int | Rule:
    """How far a register of so many digits went from one reading to the next."""
    steps = (after - before) % 10**digits
    return steps if after >= before or steps <= 10**digits // _PART_OF_RANGE else Rule.REGISTER_DROP


def explains(start_wh: int, end_wh: int, volume_wh: int) -> bool:
    """Whether some register shows `start_wh` and then `end_wh` when `volume_wh` went through it.

    For deliveries that give both but neither digits nor constant: the difference, over the end of the register where it
    is negative, times a whole constant.
    """
    if end_wh >= start_wh:
        return _is_multiple(volume_wh, end_wh - start_wh)
    fewest = len(str(start_wh // _WH_PER_KWH))
    ranges = (10**digits * _WH_PER_KWH for digits in range(fewest, fewest + 3))
    return any(_is_multiple(volume_wh, end_wh - start_wh + whole) for whole in ranges)


def _is_multiple(volume_wh: int, difference_wh: int) -> bool:
    return volume_wh == 0 if difference_wh == 0 else volume_wh >= difference_wh and volume_wh % difference_wh == 0


def _volume(before: RegisterReading, after: RegisterReading) -> PeriodVolume | Problem:
    steps = steps_between(before.steps, after.steps, after.digits)
    if isinstance(steps, Rule):
        return _ask(steps, after)
    energy_wh = steps * after.constant * _WH_PER_KWH
    if energy_wh * 3600 > MOST_W * (after.at - before.at).total_seconds():
        return _ask(Rule.ABSURD, after)
    return PeriodVolume(
        point=after.point,
        direction=after.direction,
        start=before.at,
        end=after.at,
        energy_wh=energy_wh,
        quality=Quality.MEASURED,
        registered_at=after.registered_at,
        line=after.line,
    )


def _ask(rule: Rule, reading: RegisterReading) -> Problem:
    return Problem(rule, reading.line, severity=Severity.QUESTION, readings=1)
