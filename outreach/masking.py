"""National ids in what people write are masked before anything is stored (COM-01).

People write their number where nobody asked for it. Eleven digits that are a national id or a D-number, of a person or
of a synthetic one, keep the six of the birth date and lose the five that make them one; written with gaps they are
found as well. Eleven digits whose check digits do not fit are left: they are something else, or cannot be used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from policies.model import FieldType
from policies.values import BadValue, NationalIds, ValueRules, parse

_GAP: Final = r"[\s.\-\u00a0\u00ad\u200b-\u200d\u202f\u2060\ufeff]{0,3}"
_CANDIDATE: Final = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{10}}(?!\d)")
_KEPT: Final = 6
MASK: Final = "•"


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """A text that may be sealed, and how many numbers were taken out of it. Without a repr: somebody wrote it."""

    text: str
    numbers: int


def masked(text: str, today: date) -> Masked:
    """The text with the last five digits of every national id blotted out, gaps and everything else as they were."""
    found = 0

    def blotted(match: re.Match[str]) -> str:
        nonlocal found
        digits = re.sub(r"\D", "", match[0])
        if not (digits.isascii() and _is_national_id(digits, today)):
            return match[0]
        found += 1
        return _blot(match[0])

    return Masked(_CANDIDATE.sub(blotted, text), found)


def _is_national_id(digits: str, today: date) -> bool:
    kinds = (ValueRules(kind, today) for kind in NationalIds)
    return any(not isinstance(parse(FieldType.NATIONAL_ID, digits, rules), BadValue) for rules in kinds)


def _blot(written: str) -> str:
    seen, out = 0, list[str]()
    for character in written:
        seen += character.isdigit()
        out.append(MASK if character.isdigit() and seen > _KEPT else character)
    return "".join(out)
