"""What is wrong with a delivery: a closed list of rules, and where one of them was broken.

A problem never quotes what stood there. `line` counts from 1 as an editor does; `item` counts the things of a line that
holds several: the segment of an EDIFACT interchange, the observation of an XML series, the value of a JSON array.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Severity(StrEnum):
    """What becomes of the readings concerned."""

    REFUSED = "refused"  # they are not taken
    QUESTION = "question"  # they wait for somebody to confirm or to read again
    WARNING = "warning"  # they are taken


@unique
class Rule(StrEnum):
    """Every rule that a delivery can break, in words for the person who sent it."""

    # the file as a whole
    UNKNOWN_FORMAT = "the beginning is of no known format"
    EMPTY = "nothing is in it"
    ENCODING = "another encoding than UTF-8, or than the one declared"
    TRUNCATED = "ends in the middle"
    LINE_TOO_LONG = "a line, or what cannot be read without its end, is too long"
    COLUMNS = "the columns are of no known kind"
    POINT_UNKNOWN = "no metering point: give `--metering-point`, the header `metering-point`, or a file name with it"
    POINT_CONTRADICTS = "another metering point than the option, the header or the file name says"
    NOT_WELL_FORMED = "not well-formed"
    DECLARES_TYPES = "declares a document type or entities"
    # a reading or a series
    POINT = "no Norwegian metering point: eighteen digits, Norwegian prefix, check digit"
    FIELDS = "another number of fields than the header"
    TIME = "no such time"
    LOCAL_TIME_SKIPPED = "a local time that was skipped when the clocks went forward"
    LOCAL_TIME_TWICE = "a local time that was there twice, and nothing tells which is meant"
    INTERVAL = "the interval is neither a quarter nor an hour on the clock"
    RESOLUTION = "another resolution than the series says"
    MIXED_DAY = "two resolutions in one day of a series"
    COUNT = "the number of values does not equal the period (E87)"
    SEQUENCE = "the values are not numbered one after another"
    ENERGY = "no decimal number"
    SUB_WATT_HOUR = "a fraction of a watt-hour"
    NEGATIVE = "negative energy: export is a series of its own"
    ABSURD = "more energy than the connection of a customer can carry"
    UNIT = "a unit other than kilowatt-hours"
    PRODUCT = "not active energy"
    DIRECTION = "neither consumption nor export"
    QUALITY = "an unknown quality"
    MISSING_WITH_VALUE = "missing, and yet a value"
    VALUE_MISSING = "no value, and yet not missing"
    FUTURE = "the interval has not ended yet"
    REGISTERED_AHEAD = "registered in the future"
    CONTRADICTION = "two different values of one interval, registered at the same time"
    REGISTER = "no register reading: whole steps within the register's digits"
    REGISTER_ORDER = "not after the reading before"
    REGISTER_DROP = "the register went back, and not over its end: read again"
    REGISTER_VOLUME = "the volume is not the difference of the register readings"
    METER_CHANGE = "another meter: the final reading of the old or the first of the new one is missing"
    DOCUMENT = "not a document of this format"
    # worth knowing
    CONTROL_COUNT = "a control count is wrong"
    UNREAD = "not read: of no use here"


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule, broken at one place. `readings` counts the values that are lost by it, 0 for a warning."""

    rule: Rule
    line: int = 0
    item: int = 0
    severity: Severity = Severity.REFUSED
    readings: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", item {self.item}" if self.item else "")
        return f"{place}: {self.rule.value}" if self.line else self.rule.value
