"""What a person gave, as one table: `record,kind,field,start,value` (RFC 4180, UTF-8 with a byte order mark).

A plain value has no `start`; a reading of a series has the instant at which its hour or month begins, in UTC, and its
watt-hours. The mark is there so that spreadsheets read å as å. A document is its base64; a truth is `true` or `false`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC
from typing import Final

from policies.model import FieldPolicy
from rights.package.as_json import plain
from rights.package.parts import Head, Part, RecordPart, SeriesPart
from vault.request import Value

COLUMNS: Final = ("record", "kind", "field", "start", "value")
MARK: Final = "\N{BYTE ORDER MARK}"

Row = tuple[str, str, str, str, str]


async def as_csv(parts: AsyncIterator[Part]) -> AsyncIterator[bytes]:
    """The table, a chunk a part."""
    async for part in parts:
        match part:
            case Head():
                yield (MARK + _written([COLUMNS])).encode()
            case RecordPart():
                rows = [
                    (str(part.record), part.kind, declared.name, "", _cell(declared, secret.reveal()))
                    for declared, secret in part.values
                ]
                yield _written(rows).encode()
            case SeriesPart():
                kind = part.field.partition(".")[0]
                yield _written(
                    (str(part.record), kind, part.field, each.start.astimezone(UTC).isoformat(), str(each.value_wh))
                    for each in part.readings
                ).encode()
            case _:
                pass


def _cell(declared: FieldPolicy, value: Value) -> str:
    match plain(declared, value):
        case {"base64": str(text)} | str(text):
            return text
        case other:
            return json.dumps(other, ensure_ascii=False, separators=(",", ":"))


def _written(rows: Iterable[Row | tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
