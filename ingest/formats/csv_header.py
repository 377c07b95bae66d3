"""The header of Elhub's end-user CSV: which dialect, and what each column is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.formats.delivery import Options
from ingest.problems import Problem, Rule
from ingest.readings import Direction, MeteringPoint, Resolution, metering_point
from policies.values import BadValue

NAMES: Final[Mapping[str, tuple[Direction, Resolution]]] = {
    "KWH 60 Forbruk": (Direction.CONSUMPTION, Resolution.HOUR),
    "KWH 15 Forbruk": (Direction.CONSUMPTION, Resolution.QUARTER),
    "KWH 60 Produksjon": (Direction.EXPORT, Resolution.HOUR),
    "KWH 15 Produksjon": (Direction.EXPORT, Resolution.QUARTER),
}
"""What a name of a measurement says of the series."""

_ZONED: Final = ("Målenavn", "Volum", "Enhet")
_EIGHTEEN_DIGITS: Final = re.compile(r"(?<![0-9])[0-9]{18}(?![0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where each column is. `kind` is the series that all rows are of, or None when each row names its own."""

    delimiter: int
    fields: int
    start: int
    end: int
    volume: int
    quality: int | None
    kind: tuple[Direction, Resolution] | None
    name: int | None
    unit: int | None
    registered: int | None

    @property
    def is_zoned(self) -> bool:
        """Whether times carry their offset from UTC (dialect D); else they are what a clock in Oslo showed."""
        return self.kind is None


def header(line: bytes) -> Header | Problem:
    """The header that a first line is."""
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return Problem(Rule.ENCODING, line=1)
    delimiter = ";" if ";" in text else ","
    names = [name.strip().strip('"') for name in text.split(delimiter)]
    at = {name: column for column, name in enumerate(names)}
    unknown = set(names) - {"Fra", "Til", "Kvalitet", "Registreringstidspunkt", *_ZONED, *NAMES}
    kinds = [name for name in names if name in NAMES]
    zoned = [name for name in _ZONED if name in at]
    if unknown or len(at) != len(names) or not {"Fra", "Til"} <= at.keys():
        return Problem(Rule.COLUMNS, line=1)
    if (len(kinds), len(zoned)) not in {(1, 0), (0, len(_ZONED))}:
        return Problem(Rule.COLUMNS, line=1)
    return Header(
        delimiter=ord(delimiter),
        fields=len(names),
        start=at["Fra"],
        end=at["Til"],
        volume=at[kinds[0]] if kinds else at["Volum"],
        quality=at.get("Kvalitet"),
        kind=NAMES[kinds[0]] if kinds else None,
        name=at.get("Målenavn"),
        unit=at.get("Enhet"),
        registered=at.get("Registreringstidspunkt"),
    )


def point_of(options: Options) -> MeteringPoint | Problem:
    """The metering point of a file that does not name it: the option, else the one in the file name, never a guess."""
    written = _EIGHTEEN_DIGITS.findall(options.file_name or "")
    found = {point for point in map(metering_point, written) if not isinstance(point, BadValue)}
    if len(found) > 1 or (found and options.point not in {None, *found}):
        return Problem(Rule.POINT_CONTRADICTS)
    if options.point is not None:
        return options.point
    return found.pop() if found else Problem(Rule.POINT_UNKNOWN)
