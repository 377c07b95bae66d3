"""Packages as a person gets them, parsed and held against their published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from rights_desk import Office

from policies.model import Principal
from rights import exporting
from rights.package.parts import Language, What

FORMATS = Path(__file__).parents[2] / "docs" / "formats"


async def made(office: Office, who: Principal, what: What, form: str, *, language: Language = Language.NB) -> bytes:
    chunks = exporting.export(office.desk, who, what, form, language=language)
    return b"".join([chunk async for chunk in chunks])


async def package(office: Office, who: Principal, what: What = What.ACCESS) -> Any:
    """The JSON package, valid by its published schema."""
    found = json.loads(await made(office, who, what, "json"))
    schema = json.loads((FORMATS / f"{what.value}-package.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(found)
    return found


def values(found: Any) -> dict[str, list[object]]:
    got: dict[str, list[object]] = {}
    for record in found["records"]:
        for each in record["values"]:
            got.setdefault(each["field"], []).append(each["value"])
    return got
