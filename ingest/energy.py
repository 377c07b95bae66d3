"""From decimal kilowatt-hours to whole watt-hours, exactly or not at all.

Elhub gives kilowatt-hours with three decimals, which are whole watt-hours. A fourth decimal that is not zero is a
fraction of a watt-hour: it is refused, not rounded, since a sum of rounded values is not the rounded sum.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.problems import Rule
from ingest.readings import Resolution

MOST_W: Final = 10_000_000
"""The power above which a value is absurd: ten megawatts, far beyond any connection of a customer of a retailer."""

_DECIMAL: Final = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,15})(?:[.,](?P<part>[0-9]{1,15}))?")
_DECIMALS: Final = 3
_LONGEST: Final = 18


def watt_hours(kilowatt_hours: str, *, mark: str = ".") -> int | Rule:
    """The whole watt-hours of a decimal number of kilowatt-hours written with this decimal mark."""
    digits = kilowatt_hours[: -_DECIMALS - 1] + kilowatt_hours[-_DECIMALS:]
    if kilowatt_hours[-_DECIMALS - 1 : -_DECIMALS] == mark and digits.isascii() and digits.isdigit():
        return int(digits) if _DECIMALS < len(digits) <= _LONGEST else Rule.ENERGY
    match = _DECIMAL.fullmatch(kilowatt_hours)
    other = "," if mark == "." else "."
    if match is None or other in kilowatt_hours:
        return Rule.ENERGY
    part = (match["part"] or "").ljust(_DECIMALS, "0")
    if part[_DECIMALS:].strip("0"):
        return Rule.SUB_WATT_HOUR
    energy_wh = int(match["whole"]) * 1000 + int(part[:_DECIMALS])
    return Rule.NEGATIVE if match["sign"] == "-" and energy_wh else energy_wh


def most_wh(resolution: Resolution) -> int:
    """The energy above which an interval of this resolution is absurd."""
    return MOST_W * int(resolution) // Resolution.HOUR
