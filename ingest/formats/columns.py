"""Columns of a table as instants and watt-hours: the common form of a field in bulk, any other one by one.

A field is read in bulk when it has the form that Elhub writes; what deviates is read alone, by the same rules, and what
is nothing at all is refused in the table's verdicts. Refused rows hold values that mean nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.energy import watt_hours
from ingest.formats.table import Table
from ingest.oslo import FIRST_YEAR, LAST_YEAR
from ingest.problems import Rule
from ingest.readings import NO_ENERGY, Seconds, seconds

_ZERO: Final = np.uint8(ord("0"))
_NINE: Final = 9
_DECEMBER: Final = 12
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTHS: Final = np.arange(
    np.datetime64(f"{FIRST_YEAR}-01"), np.datetime64(f"{LAST_YEAR + 1}-02"), dtype="datetime64[M]"
)
_FIRST_DAYS: Final = _MONTHS.astype("datetime64[D]").astype(np.int64)
_MONTH_DAYS: Final = np.diff(_FIRST_DAYS)
_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_ZONED_WIDTH: Final = 25
_WALL_WIDTH: Final = 16
_DECIMALS: Final = 3
_WHOLE_WIDTH: Final = 8
_ENERGY_WIDTH: Final = _WHOLE_WIDTH + 1 + _DECIMALS


class _Digits:
    """Numbers at fixed places of windows of one width; remembers which had another thing than a digit there."""

    def __init__(self, windows: NDArray[np.bytes_]) -> None:
        across = windows.view(np.uint8).reshape(len(windows), windows.itemsize)
        self._places = np.ascontiguousarray(across.T)
        self.bad = np.zeros(len(windows), dtype=np.bool_)

    def number(self, place: int, count: int) -> NDArray[np.int32]:
        """The number of `count` digits at `place`, nine at the most."""
        value = np.zeros(len(self.bad), dtype=np.int32)
        for place_bytes in self._places[place : place + count]:
            digit = place_bytes - _ZERO
            self.bad |= digit > _NINE  # bytes below `0` wrap around to far above it
            value = value * 10 + digit
        return value

    def is_at(self, place: int, mark: str) -> NDArray[np.bool_]:
        """Which have this character at this place."""
        found: NDArray[np.bool_] = self._places[place] == ord(mark)
        return found

    def marks(self, places: dict[int, str]) -> None:
        """Characters that must stand at these places."""
        for place, mark in places.items():
            self.bad |= ~self.is_at(place, mark)

    def within(self, values: NDArray[np.int32], most: int) -> NDArray[np.int32]:
        """The same values, those above `most` being bad."""
        self.bad |= values > most
        return values

    def day(self, year: NDArray[np.int32], month: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.int64]:
        """Days since 1970-01-01 of a date."""
        self.bad |= (year < FIRST_YEAR) | (year > LAST_YEAR) | (month < 1) | (month > _DECEMBER)
        months = np.where(self.bad, 0, (year - FIRST_YEAR) * 12 + month - 1)
        self.bad |= (day < 1) | (day > _MONTH_DAYS[months])
        return _FIRST_DAYS[months] + day - 1


def walls(table: Table, column: int) -> Seconds:
    """What a clock showed, `dd.MM.yyyy HH:mm`, as if it were UTC."""
    digits = _Digits(table.head(column, _WALL_WIDTH))
    digits.marks({2: ".", 5: ".", 10: " ", 13: ":"})
    day = digits.day(digits.number(6, 4), digits.number(3, 2), digits.number(0, 2))
    at = (
        day * _DAY + digits.within(digits.number(11, 2), 23) * _HOUR + digits.within(digits.number(14, 2), 59) * _MINUTE
    )
    table.verdicts.refuse(digits.bad | (table.length(column) != _WALL_WIDTH), Rule.TIME)
    return at


def instants(table: Table, column: int) -> Seconds:
    """Instants in ISO 8601 with an offset from UTC, in seconds; a fraction of a second is left out."""
    windows, length = table.head(column, _ZONED_WIDTH), table.length(column)
    new = np.ones(len(windows), dtype=np.bool_)  # a row that repeats the one before is not parsed again
    new[1:] = (windows[1:] != windows[:-1]) | (length[1:] != length[:-1])
    parsed, odd = _zoned(windows[new])
    repeats = np.cumsum(new) - 1
    at: Seconds = parsed[repeats]
    closer = odd[repeats] | (length != _ZONED_WIDTH)
    _look_closer(table, column, at, closer)
    return at


def following_instants(table: Table, column: int, other: int, other_at: Seconds) -> Seconds:
    """As `instants`, for a column that mostly says what the next row says in column `other`, which was read before."""
    windows, next_windows = table.head(column, _ZONED_WIDTH), table.head(other, _ZONED_WIDTH)
    at = np.empty_like(other_at)
    at[:-1] = other_at[1:]
    new = np.ones(len(at), dtype=np.bool_)
    fine = table.verdicts.fine
    new[:-1] = (windows[:-1] != next_windows[1:]) | ~fine[1:] | (table.length(other)[1:] != _ZONED_WIDTH)
    parsed, odd = _zoned(windows[new])
    at[new] = parsed
    closer = table.length(column) != _ZONED_WIDTH
    closer[new] |= odd
    _look_closer(table, column, at, closer)
    return at


@lru_cache(maxsize=4096)  # of bare instants: the series of a delivery share most of theirs
def iso_instant(text: str) -> int | None:
    """One instant in ISO 8601 with an offset from UTC, in seconds since 1970-01-01 UTC."""
    if not _ISO.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return seconds(found) if FIRST_YEAR <= found.year <= LAST_YEAR else None


def energies(table: Table, column: int) -> NDArray[np.int64]:
    """Kilowatt-hours with decimal comma in whole watt-hours; `NO_ENERGY` where the field is empty."""
    length = table.length(column)
    windows = table.tail(column, _ENERGY_WIDTH)
    across = windows.view(np.uint8).reshape(len(windows), _ENERGY_WIDTH)
    across[np.arange(_ENERGY_WIDTH) < (_ENERGY_WIDTH - length)[:, None]] = _ZERO
    digits = _Digits(windows)
    whole, part = digits.number(0, _WHOLE_WIDTH), digits.number(_WHOLE_WIDTH + 1, _DECIMALS)
    value = whole.astype(np.int64) * 1000 + part
    odd = digits.bad | ~digits.is_at(_WHOLE_WIDTH, ",") | (length < _DECIMALS + 2) | (length > _ENERGY_WIDTH)
    for row in np.flatnonzero(odd & table.verdicts.fine).tolist():
        value[row] = _energy(table, row, column)
    return value


def _energy(table: Table, row: int, column: int) -> int:
    written = table.field(row, column).decode("ascii", "replace")
    found = watt_hours(written, mark=",") if written else NO_ENERGY
    if isinstance(found, Rule):
        table.verdicts.refuse_row(row, found)
        return NO_ENERGY
    return found


def _look_closer(table: Table, column: int, at: Seconds, closer: NDArray[np.bool_]) -> None:
    for row in np.flatnonzero(closer & table.verdicts.fine).tolist():
        found = iso_instant(table.field(row, column).decode("ascii", "replace"))
        if found is None:
            table.verdicts.refuse_row(row, Rule.TIME)
        else:
            at[row] = found


def _zoned(windows: NDArray[np.bytes_]) -> tuple[Seconds, NDArray[np.bool_]]:
    """Instants of the form `yyyy-MM-ddTHH:mm:ss±HH:mm`, and which have another form."""
    digits = _Digits(windows)
    digits.marks({4: "-", 7: "-", 10: "T", 13: ":", 16: ":", 22: ":"})
    behind = digits.is_at(19, "-")
    digits.bad |= ~behind & ~digits.is_at(19, "+")
    day = digits.day(digits.number(0, 4), digits.number(5, 2), digits.number(8, 2))
    clock = digits.within(digits.number(11, 2), 23) * _HOUR + digits.within(digits.number(14, 2), 59) * _MINUTE
    clock += digits.within(digits.number(17, 2), 59)
    ahead = digits.within(digits.number(20, 2), 23) * _HOUR + digits.within(digits.number(23, 2), 59) * _MINUTE
    return day * _DAY + clock - np.where(behind, -ahead, ahead), digits.bad
