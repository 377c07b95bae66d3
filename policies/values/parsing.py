"""One reader for each type of field: `parse` finds it and is total over its input.

Numbers are whole, in the unit their type names, within the bounds below; text that looks like a number is none, and a
truth is neither a number nor text. Series and computed fields are never given by anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from policies.model import FieldType
from policies.values import contacts, identifiers, texts, times
from policies.values.outcome import BadValue, Raw, Value, ValueRules

_BOUNDS: Final[Mapping[FieldType, tuple[int, int]]] = {
    FieldType.INTEGER: (-(2**63), 2**63 - 1),
    FieldType.AMOUNT_NOK: (0, 10**12),
    FieldType.AZIMUTH_DEG: (0, 360),
    FieldType.TILT_DEG: (0, 90),
    FieldType.AREA_DM2: (1, 10**8),
    FieldType.HEIGHT_CM: (1, 10**5),
    FieldType.ENERGY_WH: (0, 10**15),
    FieldType.POWER_W: (0, 10**9),
}
_TEXTS: Final[Mapping[FieldType, Callable[[str], str | BadValue]]] = {
    FieldType.TEXT: texts.text,
    FieldType.NAME: texts.name,
    FieldType.EMAIL: contacts.email,
    FieldType.PHONE: contacts.phone,
    FieldType.ADDRESS: texts.address,
    FieldType.REGION: texts.region,
    FieldType.ORGANISATION_NUMBER: identifiers.organisation_number,
    FieldType.METERING_POINT: identifiers.metering_point,
    FieldType.DATE: times.iso_date,
    FieldType.INSTANT: times.instant,
    FieldType.SECRET: texts.secret,
}
_NEVER_GIVEN: Final = frozenset({FieldType.SERIES, FieldType.STANDING})
_DOCUMENT_BYTES: Final = 1 << 20
_DOCUMENT_BEGINNING: Final = b"%PDF-"


def parse(kind: FieldType, raw: Raw, rules: ValueRules, choices: tuple[str, ...] = ()) -> Value | BadValue:
    """The canonical value of type `kind` that `raw` is, or the rule it breaks. `choices` belong to type `choice`."""
    if kind in _NEVER_GIVEN:
        return BadValue("never given, only computed or measured")
    if kind is FieldType.BOOLEAN:
        return raw if isinstance(raw, bool) else BadValue("neither true nor false")
    if kind is FieldType.DOCUMENT:
        return _document(raw)
    if kind in _BOUNDS:
        return _whole_number(raw, _BOUNDS[kind])
    return _text(kind, raw, rules, choices) if isinstance(raw, str) else BadValue("not text")


def _text(kind: FieldType, raw: str, rules: ValueRules, choices: tuple[str, ...]) -> Value | BadValue:
    if kind is FieldType.NATIONAL_ID:
        return identifiers.national_id(raw, rules)
    if kind is FieldType.CHOICE:
        return texts.choice(raw, choices)
    return _TEXTS[kind](raw)


def _whole_number(raw: Raw, bounds: tuple[int, int]) -> Value | BadValue:
    if isinstance(raw, bool) or not isinstance(raw, int):
        return BadValue("not a whole number")
    lowest, highest = bounds
    return raw if lowest <= raw <= highest else BadValue(f"not within {lowest} and {highest}")


def _document(raw: Raw) -> Value | BadValue:
    if not isinstance(raw, bytes):
        return BadValue("not bytes")
    if len(raw) > _DOCUMENT_BYTES:
        return BadValue("larger than 1 MiB")
    return raw if raw.startswith(_DOCUMENT_BEGINNING) else BadValue("not a PDF document")
