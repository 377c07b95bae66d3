"""What the notice asks of a value beyond its type. A value that was left out is the contract's to miss, not ours."""

from __future__ import annotations

from datetime import date, datetime

from policies.oslo import oslo_date
from policies.values import BadValue, is_norwegian_mobile
from policies.values.contacts import phone
from policies.values.times import iso_date
from vault.errors import Invalid


def past_day(field: str, raw: str | None, now: datetime) -> None:
    """A day of the calendar that is over in Oslo (NAB-02).

    Raises:
        Invalid: it is not.
    """
    if raw is None:
        return
    day = iso_date(raw)
    if isinstance(day, BadValue):
        raise Invalid(field, day.rule)
    if date.fromisoformat(day) >= oslo_date(now):
        raise Invalid(field, "does not lie in the past")


def mobile(field: str, raw: str | None) -> None:
    """A Norwegian mobile number, which begins with 4 or 9 (NAB-02, NAB-04).

    Raises:
        Invalid: another number, or none.
    """
    if raw is None:
        return
    number = phone(raw)
    if isinstance(number, BadValue):
        raise Invalid(field, number.rule)
    if not is_norwegian_mobile(number):
        raise Invalid(field, "not a Norwegian mobile number: those begin with 4 or 9")
