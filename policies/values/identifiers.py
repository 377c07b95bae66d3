"""Numbers with check digits: national identity, organisation, metering point.

National identity number (fødselsnummer), eleven ASCII digits `ddmmyy iii kk`:

* D-numbers add 40 to the day, numbers of synthetic test persons add 80 to the month; both may be added.
* The weighted sums below leave remainder 0 modulo 11. Numbers of the series in use from 2032 may leave 0, 1, 2 or 3
  in the first; both series are read side by side, whatever the date.
* The individual number `iii` does not tell the century in the new series, so the date must exist, and not lie ahead,
  in some century since 1800.

Source: Skatteetaten, folkeregisteret-api-dokumentasjon, `nytt-fodselsnummer-fra-2032`.

Organisation number: nine digits, modulo 11. Source: Brønnøysundregistrene.

Metering point: a GSRN of eighteen digits under the company prefix that Norwegian metering points share, GS1 check
digit modulo 10. Source: GS1 Norway.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Final

from policies.values.outcome import BadValue, NationalIds, ValueRules

_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_FIRST_REMAINDERS: Final = frozenset({0, 1, 2, 3})
_D_NUMBER_DAYS: Final = 40
_SYNTHETIC_MONTHS: Final = 80
_FIRST_CENTURY: Final = 18
_MONTHS: Final = 12

_ORGANISATION_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2, 1)

_METERING_POINT_PREFIX: Final = "7070575"
_GSRN_WEIGHTS: Final = (3, 1) * 8 + (3, 1)


def national_id(raw: str, rules: ValueRules) -> str | BadValue:
    """The eleven digits of a national identity number or D-number, of the kind `rules` admits."""
    if not re.fullmatch(r"[0-9]{11}", raw):
        return BadValue("not eleven digits")
    day, month, year = int(raw[0:2]), int(raw[2:4]), int(raw[4:6])
    synthetic = month > _SYNTHETIC_MONTHS
    if synthetic and rules.national_ids is NationalIds.REAL:
        return BadValue("a number of a synthetic person")
    if not synthetic and rules.national_ids is NationalIds.SYNTHETIC:
        return BadValue("not a number of a synthetic person")
    day_of_month = day - _D_NUMBER_DAYS if day > _D_NUMBER_DAYS else day
    month_of_year = month - _SYNTHETIC_MONTHS if synthetic else month
    if not _was_a_day(day_of_month, month_of_year, year, rules.today):
        return BadValue("no such date")
    return raw if _check_digits_fit(raw) else BadValue("check digits do not fit")


def organisation_number(raw: str) -> str | BadValue:
    """The nine digits of an organisation number."""
    if not re.fullmatch(r"[0-9]{9}", raw):
        return BadValue("not nine digits")
    return raw if _weigh(raw, _ORGANISATION_WEIGHTS) % 11 == 0 else BadValue("check digit does not fit")


def metering_point(raw: str) -> str | BadValue:
    """The eighteen digits of a Norwegian metering point id."""
    if not re.fullmatch(r"[0-9]{18}", raw):
        return BadValue("not eighteen digits")
    if not raw.startswith(_METERING_POINT_PREFIX):
        return BadValue("not a Norwegian metering point")
    return raw if _weigh(raw, _GSRN_WEIGHTS) % 10 == 0 else BadValue("check digit does not fit")


def _weigh(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _check_digits_fit(digits: str) -> bool:
    return _weigh(digits, _FIRST_WEIGHTS) % 11 in _FIRST_REMAINDERS and _weigh(digits, _SECOND_WEIGHTS) % 11 == 0


def _was_a_day(day: int, month: int, year_of_century: int, today: date) -> bool:
    if day < 1 or not 1 <= month <= _MONTHS:
        return False
    years = (century * 100 + year_of_century for century in range(_FIRST_CENTURY, today.year // 100 + 1))
    return any(day <= monthrange(year, month)[1] and date(year, month, day) <= today for year in years)
