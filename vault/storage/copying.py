"""A logical copy of a database's rows into a migrated empty one, table by table in PostgreSQL's binary COPY format.

It reads in one snapshot. What is copied is what a stolen dump holds: sealed bytes, wrapped keys, tokens.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final, cast

import asyncpg

CONTROL: Final = (
    "epoch", "system_key", "audit_key", "subject", "standing", "event", "subject_key", "index_token", "data_key",
    "head", "token", "tombstone", "idempotency", "ledger_entry", "ledger_subject", "ledger_log", "ledger_leaf",
    "ledger_node", "ledger_checkpoint", "device_key", "inbox",
    "series_head",
)  # fmt: skip
CONTENTS: Final = ("blob", "segment")


async def copy_rows(source: str, target: str, tables: tuple[str, ...], *, replace: bool = False) -> int:
    """Copy these tables as their owner; returns the number of bytes that went over. `replace` empties them first."""
    reader = cast("Any", await asyncpg.connect(source))
    writer = cast("Any", await asyncpg.connect(target))
    copied = 0
    try:
        async with reader.transaction(isolation="repeatable_read", readonly=True), writer.transaction():
            for table in tables:
                if replace:
                    await writer.execute(f"delete from {table}")  # noqa: S608  names above
                rows = BytesIO()
                await reader.copy_from_query(f"select * from {table}", output=rows, format="binary")  # noqa: S608  names above
                copied += rows.tell()
                rows.seek(0)
                await writer.copy_to_table(table, source=rows, format="binary")
    finally:
        await reader.close()
        await writer.close()
    return copied
