"""Dates and instants in ISO 8601.

A date is `YYYY-MM-DD` and exists in the calendar. An instant carries its offset from UTC (`Z` or `±hh:mm`), seconds and
microseconds being optional, and is stored in UTC as `YYYY-MM-DDThh:mm:ss[.ffffff]Z`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from policies.values.outcome import BadValue

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9](?P<seconds>:[0-5][0-9](?P<fraction>\.[0-9]{1,6})?)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def iso_date(raw: str) -> str | BadValue:
    """A day of the calendar."""
    trimmed = raw.strip()
    if not _DATE.fullmatch(trimmed):
        return BadValue("not a date `YYYY-MM-DD`")
    try:
        return date.fromisoformat(trimmed).isoformat()
    except ValueError:
        return BadValue("no such date")


def instant(raw: str) -> str | BadValue:
    """An instant, in UTC."""
    trimmed = raw.strip()
    if not _INSTANT.fullmatch(trimmed):
        return BadValue("not an instant with an offset from UTC")
    try:
        utc = datetime.fromisoformat(trimmed).astimezone(UTC)
    except (ValueError, OverflowError):
        return BadValue("no such instant")
    return f"{utc.replace(tzinfo=None).isoformat()}Z"
