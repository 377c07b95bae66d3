"""Packages as a person gets them, parsed and held against their published schema; and stand-ins for what they ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
from rights_desk import Office

from policies.model import Principal, RecordId, SubjectId
from rights import exporting
from rights.package.gathering import Sources
from rights.package.parts import Language, Reading, What

FORMATS = Path(__file__).parents[2] / "docs" / "formats"
HOUR = timedelta(hours=1)
HOURLY = "metering_point.consumption_hourly"


async def made(
    office: Office,
    who: Principal,
    what: What,
    form: str,
    *,
    language: Language = Language.NB,
    sources: Sources | None = None,
) -> bytes:
    chunks = exporting.export(office.desk, who, what, form, language=language, sources=sources or Sources())
    return b"".join([chunk async for chunk in chunks])


async def package(office: Office, who: Principal, what: What = What.ACCESS, sources: Sources | None = None) -> Any:
    """The JSON package, valid by its published schema."""
    found = json.loads(await made(office, who, what, "json", sources=sources))
    schema = json.loads((FORMATS / f"{what.value}-package.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(found)
    return found


def values(found: Any) -> dict[str, list[object]]:
    got: dict[str, list[object]] = {}
    for record in found["records"]:
        for each in record["values"]:
            got.setdefault(each["field"], []).append(each["value"])
    return got


class Years:
    """Readings of every hour of so many years: stands in for the store of series, speaks its Protocol."""

    def __init__(self, years: int) -> None:
        self.hours = years * 365 * 24

    async def of(
        self, who: Principal, subject: SubjectId, record: RecordId, field: str
    ) -> AsyncIterator[Sequence[Reading]]:
        del who, subject, record
        if field != HOURLY:
            return
        begin = datetime(2005, 1, 1, tzinfo=UTC)
        for first in range(0, self.hours, 744):
            yield [
                Reading(begin + n * HOUR, 1_000 + n % 997, "measured")
                for n in range(first, min(first + 744, self.hours))
            ]
