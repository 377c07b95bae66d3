"""The outcomes of reading a value, and the two things outside the input that they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, unique

Raw = str | int | bool | bytes
"""What comes in: text, a whole number, a truth, bytes."""

Value = str | int | bool | bytes
"""A canonical value: NFC text (dates and instants are ISO 8601), a whole number, a truth, bytes."""


@unique
class NationalIds(Enum):
    """Which national identity numbers exist here: those of test persons (month + 80) or of people, never both."""

    SYNTHETIC = "synthetic"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class ValueRules:
    """`today` (Europe/Oslo) bounds the centuries a two-digit birth year can mean."""

    national_ids: NationalIds
    today: date


@dataclass(frozen=True, slots=True)
class BadValue:
    """The input is no value of its type. `rule` says which rule it broke, in words that never quote the input."""

    rule: str
