"""How much of an opened value a use shows. `apply` is total: a mask that does not suit a value shows nothing of it.

What is hidden is replaced by a fixed run of bullets, which does not tell how long it was. Masks that leave a part work
on text; numbers, truths, bytes, documents, secrets, series and standings are shown whole, as presence, or not at all.

| mask | shows |
|---|---|
| `plain` | the value |
| `last_5_hidden` | all but the last five characters: of a national id the six digits of the birth date |
| `last_4_shown` | the last four characters, if there are more than four |
| `year_only` | the year of a date or an instant |
| `presence` | `True`: there is a value |
"""

from __future__ import annotations

import re
from typing import Final, assert_never

from policies.model import FieldType, Mask

Value = str | int | bool | bytes

HIDDEN: Final = "•••••"
_WHOLE: Final = frozenset({FieldType.DOCUMENT, FieldType.SECRET, FieldType.SERIES, FieldType.STANDING})
_DATED: Final = frozenset({FieldType.DATE, FieldType.INSTANT})
_YEAR: Final = re.compile(r"[0-9]{4}(?=-)")


def apply(mask: Mask, kind: FieldType, value: Value) -> Value:
    """The value as the use shows it."""
    match mask:
        case Mask.PLAIN:
            return value
        case Mask.PRESENCE:
            return True
        case Mask.LAST_5_HIDDEN | Mask.LAST_4_SHOWN | Mask.YEAR_ONLY:
            return _partly(mask, kind, value) if isinstance(value, str) and kind not in _WHOLE else HIDDEN
        case _:
            assert_never(mask)


def _partly(mask: Mask, kind: FieldType, text: str) -> str:
    if mask is Mask.LAST_5_HIDDEN:
        return text[:-5] + HIDDEN
    if mask is Mask.LAST_4_SHOWN:
        return HIDDEN + (text[-4:] if text[:-4] else "")
    year = _YEAR.match(text) if kind in _DATED else None
    return year.group() if year is not None else HIDDEN
