"""EDIFACT MSCONS: metered values of an interchange. Described in `docs/formats/mscons.md`.

Times are explicit, two behind each value, or implicit: a period and the length of its intervals before all values. A
time without an offset takes the one that its message declares, and without that is refused. A control count that is
wrong is warned of, since real interchanges have them wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from ingest.energy import watt_hours
from ingest.formats.delivery import Item, Options, Readable
from ingest.formats.edifact import Segment, segments
from ingest.formats.gate import Gate
from ingest.formats.rows import Rows
from ingest.problems import Problem, Rule, Severity
from ingest.readings import Direction, MeteringPoint, Quality, metering_point, seconds
from policies.values import BadValue

_QUALITIES: Final = {
    "220": Quality.MEASURED,
    "46": Quality.MEASURED,
    "79": Quality.MEASURED,
    "67": Quality.ESTIMATED,
}
_DIRECTIONS: Final = {"1": Direction.CONSUMPTION, "2": Direction.EXPORT}
_OBIS: Final = re.compile(r"(?:[0-9]{1,3}-[0-9]{1,3}:)?(?P<quantity>[0-9]{1,3})\.(?P<kind>[0-9]{1,3})\.[0-9]{1,3}")
_INTERVAL_VALUES: Final = "29"
_POINTS: Final = frozenset({"172", "90"})
_TIME: Final = re.compile(r"(?P<at>[0-9]{12})(?P<seconds>[0-9]{2})?(?P<zone>[+-][0-9]{2}(?:[0-9]{2})?|UTC)?")
_FIELDS: Final = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12))
_OFFSET: Final = re.compile(r"(?P<sign>[+-]?)(?P<hours>[0-9]{1,2})(?P<minutes>[0-9]{2})?")
_TIMES: Final = {"203": (12, False), "303": (12, True), "204": (14, False), "304": (14, True)}
_LENGTHS: Final = {"806": 60, "805": 3600}


def read_mscons(stream: Readable, options: Options) -> Iterator[Item]:
    """The readings of an interchange, in batches when the line of a message, or the metering point, is over."""
    interchange = _Interchange(Gate(options))
    for segment in segments(stream):
        if isinstance(segment, Problem):
            yield from interchange.cut(segment)
            return
        if not interchange.noted(segment):
            yield from interchange.take(segment)
    yield from interchange.ended()


@dataclass(slots=True)
class _Line:
    """One line of a message: the values of one quantity."""

    line: int
    item: int
    direction: Direction | None = None
    refused: Rule | None = Rule.DIRECTION
    begins: int | None = None
    ends: int | None = None
    interval: int | None = None
    rows: Rows = field(default_factory=Rows)


@dataclass(slots=True)
class _Message:
    """What holds for all lines of a message."""

    first_item: int
    is_mscons: bool
    registered: tuple[str, str] = ("", "")
    offset: int | None = None
    point: MeteringPoint | Rule = Rule.POINT
    line: _Line | None = None


class _Interchange:
    """Follows the segments; gives a line's readings when the line is over."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._message: _Message | None = None
        self._messages = 0
        self._last: Segment | None = None
        self._is_closed = False

    def noted(self, segment: Segment) -> bool:
        """Take a segment that completes nothing, as nearly all do; whether it was one."""
        take = _TAKERS.get(segment.elements[0][0])
        if take is None or self._message is None or not self._message.is_mscons:
            return False
        self._last = segment
        take(self._message, segment)
        return True

    def take(self, segment: Segment) -> Iterator[Item]:
        """What this segment completes."""
        self._last = segment
        message = self._message
        if segment.tag == "UNH":
            yield from self._open(segment)
        elif segment.tag == "UNZ":
            yield from self._close(segment)
        elif message is not None and message.is_mscons:
            yield from self._within(message, segment)
        elif message is not None and segment.tag == "UNT":
            self._message = None

    def cut(self, problem: Problem) -> Iterator[Item]:
        """The interchange cannot be read further: the line that was being read is lost."""
        line = self._message.line if self._message else None
        yield Problem(problem.rule, problem.line, problem.item, readings=len(line.rows) if line else 0)

    def ended(self) -> Iterator[Item]:
        """The interchange is over, and must have been closed."""
        if not self._is_closed and self._last is not None:
            yield from self.cut(Problem(Rule.TRUNCATED, self._last.line, self._last.item))

    def _open(self, segment: Segment) -> Iterator[Item]:
        self._messages += 1
        is_mscons = segment.value(2) == "MSCONS"
        self._message = _Message(segment.item, is_mscons)
        if not is_mscons:
            yield Problem(Rule.UNREAD, segment.line, segment.item, Severity.WARNING)

    def _close(self, segment: Segment) -> Iterator[Item]:
        self._is_closed = True
        if self._message is not None:
            yield from self.cut(Problem(Rule.TRUNCATED, segment.line, segment.item))
            self._message = None
        yield from _counted(segment, self._messages)

    def _within(self, message: _Message, segment: Segment) -> Iterator[Item]:
        match segment.tag:
            case "LIN":
                yield from self._line_over(message)
                message.line = _Line(segment.line, segment.item)
            case "NAD" | "LOC" | "UNS":
                yield from self._line_over(message)
                _take_point(message, segment)
            case "UNT":
                yield from self._line_over(message)
                yield from _counted(segment, segment.item - message.first_item + 1)
                self._message = None
            case _:
                pass

    def _line_over(self, message: _Message) -> Iterator[Item]:
        line, message.line = message.line, None
        if line is None or not len(line.rows):
            return
        rule = line.rows.too_many or (message.point if isinstance(message.point, Rule) else line.refused)
        if rule is None and line.interval is not None:
            rule = line.rows.spread(line.begins, line.ends, line.interval)
        if isinstance(message.point, Rule) or line.direction is None or rule is not None:
            yield Problem(rule or Rule.DIRECTION, line.line, line.item, readings=len(line.rows))
            return
        registered = _instant(*message.registered, message.offset)
        for batch in line.rows.batches(message.point, line.direction, registered):
            yield from self._gate.passed(batch)
        yield from line.rows.problems()


def _take_point(message: _Message, segment: Segment) -> None:
    if segment.tag == "LOC" and segment.value(1) in _POINTS:
        point = metering_point(segment.value(2))
        message.point = Rule.POINT if isinstance(point, BadValue) else point


def _take_product(message: _Message, segment: Segment) -> None:
    if message.line is None:
        return
    match = _OBIS.fullmatch(segment.value(2))
    if match is None:
        return
    message.line.direction = _DIRECTIONS.get(match["quantity"])
    is_interval = match["kind"] == _INTERVAL_VALUES
    message.line.refused = None if message.line.direction and is_interval else Rule.PRODUCT


def _take_quantity(message: _Message, segment: Segment) -> None:
    if message.line is None:
        return
    energy = watt_hours(segment.value(1, 1), mark=segment.mark)
    quality = _QUALITIES.get(segment.value(1))
    rule = Rule.UNIT if segment.value(1, 2) not in {"", "KWH"} else None
    rule = rule or (Rule.QUALITY if quality is None else None) or (energy if isinstance(energy, Rule) else None)
    message.line.rows.add(segment.line, segment.item)
    if isinstance(energy, int) and quality is not None and rule is None:
        message.line.rows.measured(energy, quality)
    else:
        message.line.rows.refuse(rule or Rule.ENERGY)


def _take_time(message: _Message, segment: Segment) -> None:
    kind, written, form = segment.value(1), segment.value(1, 1), segment.value(1, 2)
    if kind in {"735", "ZZZ"}:
        message.offset = _offset(written)
    elif kind == "137":
        message.registered = (written, form)
    elif message.line is not None and kind in {"163", "164"}:
        _take_bound(message.line, kind, _instant(written, form, message.offset))
    elif message.line is not None and kind == "672":
        message.line.interval = int(written) * _LENGTHS.get(form, 0) if written.isdecimal() else 0


def _take_bound(line: _Line, kind: str, at: int | None) -> None:
    """A start or an end: of the last value, or of all of them where none came yet."""
    if len(line.rows) and line.interval is None:
        line.rows.bound(at, is_end=kind == "164")
    elif kind == "163":
        line.begins = at
    else:
        line.ends = at


_TAKERS: Final = {"PIA": _take_product, "QTY": _take_quantity, "DTM": _take_time}


def _counted(segment: Segment, expected: int) -> Iterator[Problem]:
    """A warning when a control count is another number."""
    if segment.value(1).lstrip("0") != str(expected):
        yield Problem(Rule.CONTROL_COUNT, segment.line, segment.item, Severity.WARNING)


@lru_cache(maxsize=4096)  # of bare instants: the end of an interval is the start of the next
def _instant(written: str, form: str, offset: int | None) -> int | None:
    """Seconds since 1970-01-01 UTC of a date in one of the forms of code list 2379."""
    digits, zoned = _TIMES.get(form, (0, False))
    match = _TIME.fullmatch(written)
    if match is None or len(match["at"] + (match["seconds"] or "")) != digits:
        return None
    ahead = _offset(match["zone"]) if zoned and match["zone"] else offset
    if ahead is None:
        return None
    try:
        year, month, day, hour, minute = (int(written[begin:end]) for begin, end in _FIELDS)
        at = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return seconds(at + timedelta(seconds=int(match["seconds"] or 0) - ahead))


def _offset(written: str) -> int | None:
    """Seconds ahead of UTC."""
    if written == "UTC":
        return 0
    match = _OFFSET.fullmatch(written)
    if match is None:
        return None
    ahead = int(match["hours"]) * 3600 + int(match["minutes"] or 0) * 60
    return -ahead if match["sign"] == "-" else ahead
