"""Our own JSON Lines for partners. Described in `docs/formats/partner-jsonl.md` and its JSON Schema.

A line is a series, its values in one array, or one reading of a register. A line is whole or refused; the lines beside
it are read. Energy is whole watt-hours: a number with a fraction is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ingest.energy import most_wh
from ingest.formats.columns import iso_instant
from ingest.formats.delivery import Item, Options, Readable
from ingest.formats.gate import Gate
from ingest.formats.text import Block, blocks
from ingest.problems import Problem, Rule
from ingest.readings import (
    NO_ENERGY,
    Batch,
    Direction,
    MeteringPoint,
    Quality,
    RegisterReading,
    Resolution,
    Seconds,
    Series,
    instant,
    metering_point,
)
from policies.values import BadValue

MOST_VALUES: Final = 100 * 366
"""Values of the longest series: more than a year of quarters."""

_SERIES: Final = frozenset(
    {"kind", "point", "direction", "resolution", "start", "end", "registered", "quality", "energy_wh"}
)
_REGISTER: Final = frozenset({"kind", "point", "direction", "meter", "digits", "constant", "at", "steps", "registered"})
_DIRECTIONS: Final[Mapping[object, Direction]] = {each.value: each for each in Direction}
_RESOLUTIONS: Final[Mapping[object, Resolution]] = {"PT1H": Resolution.HOUR, "PT15M": Resolution.QUARTER}
_QUALITIES: Final[Mapping[object, Quality]] = {each.name.lower(): each for each in Quality}
_METER_CHARACTERS: Final = 18
_MOST_DIGITS: Final = 12
_MOST_CONSTANT: Final = 100_000


class _Broken(Exception):
    """A line breaks a rule, at one of its values or as a whole."""

    def __init__(self, rule: Rule, item: int = 0) -> None:
        super().__init__(rule.value)
        self.rule = rule
        self.item = item


@dataclass(frozen=True, slots=True)
class _Line:
    """The members of the object of a line."""

    members: Mapping[str, Any]
    number: int

    def text(self, name: str) -> str:
        """A member that is text."""
        value = self.members[name]
        if not isinstance(value, str):
            raise _Broken(Rule.DOCUMENT)
        return value

    def whole(self, name: str, least: int, most: int, rule: Rule) -> int:
        """A member that is a whole number within bounds."""
        value = self.members[name]
        if type(value) is not int or not least <= value <= most:
            raise _Broken(rule)
        return value

    def array(self, name: str, rule: Rule) -> list[Any]:
        """A member that is an array."""
        value: object = self.members[name]
        if not _is_array(value):
            raise _Broken(rule)
        return value

    def at(self, name: str) -> int:
        """A member that is an instant with an offset from UTC, in seconds since 1970-01-01 UTC."""
        found = iso_instant(self.text(name))
        if found is None:
            raise _Broken(Rule.TIME)
        return found

    def whose(self) -> tuple[MeteringPoint, Direction]:
        """The metering point and the direction."""
        point, direction = metering_point(self.text("point")), _DIRECTIONS.get(self.text("direction"))
        if isinstance(point, BadValue):
            raise _Broken(Rule.POINT)
        if direction is None:
            raise _Broken(Rule.DIRECTION)
        return point, direction


def read_partner_jsonl(stream: Readable, options: Options) -> Iterator[Item]:
    """The series and register readings, line by line."""
    gate = Gate(options)
    for block in blocks(stream):
        if isinstance(block, Problem):
            yield block
            return
        lines = block.data.split(b"\n")
        for number, line in enumerate(lines, start=block.first_line):
            bare = line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip()
            if bare:
                yield from _items(bare, number, gate, is_cut=_is_cut(block, number, len(lines)))


def _is_cut(block: Block, number: int, count: int) -> bool:
    return block.is_cut and number == block.first_line + count - 1


def _items(bare: bytes, number: int, gate: Gate, *, is_cut: bool) -> Iterator[Item]:
    try:
        yield from _passed(_Line(_members(bare, is_cut=is_cut), number), gate)
    except _Broken as broken:
        yield Problem(broken.rule, number, broken.item, readings=1)


def _passed(line: _Line, gate: Gate) -> Iterator[Item]:
    if frozenset(line.members) == _SERIES and line.members["kind"] == "series":
        return gate.passed(_batch(line))
    if frozenset(line.members) == _REGISTER and line.members["kind"] == "register":
        return gate.passed_register(_register(line))
    raise _Broken(Rule.DOCUMENT)


def _members(bare: bytes, *, is_cut: bool) -> Mapping[str, Any]:
    try:
        members = json.loads(bare.decode("utf-8"), object_pairs_hook=_distinct)
    except UnicodeDecodeError:
        raise _Broken(Rule.ENCODING) from None  # the cause quotes the line
    except (ValueError, RecursionError):
        raise _Broken(Rule.TRUNCATED if is_cut else Rule.NOT_WELL_FORMED) from None
    if not _is_object(members):
        raise _Broken(Rule.DOCUMENT)
    return members


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Broken(Rule.DOCUMENT)
    return members


def _batch(line: _Line) -> Batch:
    point, direction = line.whose()
    resolution = _RESOLUTIONS.get(line.text("resolution"))
    if resolution is None:
        raise _Broken(Rule.RESOLUTION)
    start, end, registered = line.at("start"), line.at("end"), line.at("registered")
    values = line.array("energy_wh", Rule.DOCUMENT)
    if start % resolution or end <= start:
        raise _Broken(Rule.INTERVAL)
    if len(values) > MOST_VALUES or len(values) * resolution != end - start:
        raise _Broken(Rule.COUNT)
    energy_wh = _energies(values, most_wh(resolution))
    return Batch(
        series=Series(point, direction, resolution),
        start=np.arange(start, end, int(resolution), dtype=np.int64),
        energy_wh=energy_wh,
        quality=_qualities(line, energy_wh),
        registered=np.full(len(values), registered, dtype=np.int64),
        line=np.full(len(values), line.number, dtype=np.int64),
    )


def _energies(values: list[Any], most: int) -> Seconds:
    """Whole watt-hours; null is no energy."""
    if not {type(value) for value in values} <= {int, type(None)}:
        raise _Broken(Rule.ENERGY, _first(values, lambda value: value is not None and type(value) is not int))
    present = [value for value in values if value is not None]
    if min(present, default=0) < 0:
        raise _Broken(Rule.NEGATIVE, _first(values, lambda value: value is not None and value < 0))
    if max(present, default=0) > most:
        raise _Broken(Rule.ABSURD, _first(values, lambda value: value is not None and value > most))
    filled = values if len(present) == len(values) else [NO_ENERGY if value is None else value for value in values]
    return np.array(filled, dtype=np.int64)


def _first(values: list[Any], broken: Callable[[Any], bool]) -> int:
    """Which value is the first to break a rule, counted from 1."""
    return next(item for item, value in enumerate(values, start=1) if broken(value))


def _qualities(line: _Line, energy_wh: Seconds) -> NDArray[np.uint8]:
    """One quality for all values but the missing, or an array of as many qualities as values."""
    empty = energy_wh == NO_ENERGY
    if isinstance(line.members["quality"], str):
        return np.where(empty, Quality.MISSING, _quality(line.text("quality"))).astype(np.uint8)
    told = line.array("quality", Rule.QUALITY)
    if len(told) != len(energy_wh):
        raise _Broken(Rule.QUALITY)
    quality = np.array([_quality(each, item) for item, each in enumerate(told, start=1)], dtype=np.uint8)
    missing = quality == Quality.MISSING
    if (missing & ~empty).any():
        raise _Broken(Rule.MISSING_WITH_VALUE, int(np.argmax(missing & ~empty)) + 1)
    if (empty & ~missing).any():
        raise _Broken(Rule.VALUE_MISSING, int(np.argmax(empty & ~missing)) + 1)
    return quality


def _quality(told: Any, item: int = 0) -> Quality:
    quality = _QUALITIES.get(told) if isinstance(told, str) else None
    if quality is None or (item == 0 and quality is Quality.MISSING):
        raise _Broken(Rule.QUALITY, item)
    return quality


def _register(line: _Line) -> RegisterReading:
    point, direction = line.whose()
    meter = line.text("meter")
    if not 1 <= len(meter) <= _METER_CHARACTERS:
        raise _Broken(Rule.REGISTER)
    digits = line.whole("digits", 1, _MOST_DIGITS, Rule.REGISTER)
    return RegisterReading(
        point=point,
        direction=direction,
        meter=meter,
        digits=digits,
        constant=line.whole("constant", 1, _MOST_CONSTANT, Rule.REGISTER),
        at=instant(line.at("at")),
        steps=line.whole("steps", 0, 10**digits - 1, Rule.REGISTER),
        registered_at=instant(line.at("registered")),
        line=line.number,
    )
