"""Scalars: 64-bit amounts, instants with a zone, sealed documents.

GraphQL's own `Int` has 32 bits; amounts and energy need 64. JSON numbers above 2**53 lose digits in JavaScript, which
is the client's to know.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, NewType
from uuid import UUID

import strawberry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strawberry.types.scalar import ScalarDefinition

Nok = NewType("Nok", int)
Document = NewType("Document", bytes)
WattHours = NewType("WattHours", int)


class Column:
    """Whole numbers or nothing, one for each interval, completed as they are: no value of them is looked at again."""

    __slots__ = ("values",)

    def __init__(self, values: list[int | None]) -> None:
        self.values = values


_LONG: Final = 1 << 63


def _refused() -> ValueError:
    """What graphql-core wants raised, whatever is wrong."""
    return ValueError("not a value of this scalar")


def _long(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LONG <= value < _LONG:
        raise _refused()
    return value


def _show_instant(value: object) -> str:
    """An aware instant, or the ISO text of one as the standing gives it."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise _refused()
    return instant.isoformat()


def _read_instant(value: object) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    if instant is None or instant.tzinfo is None:
        raise _refused()
    return instant


def _show_day(value: object) -> str:
    """A day, or the ISO text of one as records hold it."""
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(day, date) or isinstance(day, datetime):
        raise _refused()
    return day.isoformat()


def _read_day(value: object) -> date:
    if not isinstance(value, str):
        raise _refused()
    return date.fromisoformat(value)


def _show_document(value: object) -> str:
    if not isinstance(value, bytes):
        raise _refused()
    return base64.b64encode(value).decode("ascii")


def _read_document(value: object) -> bytes:
    if not isinstance(value, str):
        raise _refused()
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as bad:
        raise _refused() from bad


def _read_uuid(value: object) -> UUID:
    if not isinstance(value, str):
        raise _refused()
    return UUID(value)


def _show_column(value: object) -> list[int | None]:
    if not isinstance(value, Column):
        raise _refused()
    return value.values


def _never_read(_: object) -> Column:
    raise _refused()


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    Nok: strawberry.scalar(
        name="Nok", serialize=_long, parse_value=_long, description="Whole Norwegian kroner, 64 bits."
    ),
    WattHours: strawberry.scalar(
        name="WattHours", serialize=_long, parse_value=_long, description="Whole watt-hours, 64 bits."
    ),
    Column: strawberry.scalar(
        name="Column",
        serialize=_show_column,
        parse_value=_never_read,
        description="An array of whole numbers and `null`, one for each value. Only ever answered.",
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        serialize=_show_instant,
        parse_value=_read_instant,
        description="A point in time, ISO 8601 with its offset from UTC.",
    ),
    UUID: strawberry.scalar(name="UUID", serialize=str, parse_value=_read_uuid, description="A random id, RFC 9562."),
    date: strawberry.scalar(name="Date", serialize=_show_day, parse_value=_read_day, description="A day, ISO 8601."),
    Document: strawberry.scalar(
        name="Document", serialize=_show_document, parse_value=_read_document, description="Bytes of a file, in base64."
    ),
}
