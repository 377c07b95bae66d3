"""What a thief finds: copies taken before the erasure, every key the live system still holds, and a phone book."""

from __future__ import annotations

import asyncio
import uuid
from base64 import b64encode
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from hvelv.demo.stage import Stage, data_files
from policies.model import Access, Principal, SubjectId
from vault import Vault
from vault.errors import VaultError
from vault.storage.copying import CONTENTS, CONTROL, copy_rows
from vault.storage.engine import Database
from vault.storage.migrate import migrate
from vault.tokens import TokenSpec

THEN: Final = ("then_control", "then_contents")
LIVE: Final = ("hvelv_control", "hvelv_contents")
KEYS: Final = ("epoch", "system_key", "audit_key", "subject_key")
PHONES: Final = range(68_050_000, 68_060_000)
FIELDS: Final = frozenset({"person.email", "person.name", "person.phone", "project.address", "loan.national_id"})


async def copy_everything(stage: Stage) -> int:
    """Copy both databases as they are now into two others; returns the bytes."""
    for name in THEN:
        await _create(stage, name)
    await migrate(stage.owner(THEN[0]), stage.owner(THEN[1]))
    copied = await copy_rows(stage.owner(LIVE[0]), stage.owner(THEN[0]), CONTROL)
    return copied + await copy_rows(stage.owner(LIVE[1]), stage.owner(THEN[1]), CONTENTS)


async def _create(stage: Stage, name: str) -> None:
    admin = Database("control", stage.owner("postgres"))
    connection = await admin.dedicated()
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()


async def steal_keys(stage: Stage) -> None:
    """Put every key row the live system holds into the old copy: more than any thief would have."""
    await copy_rows(stage.owner(LIVE[0]), stage.owner(THEN[0]), KEYS, replace=True)


async def opens(stage: Stage, who: UUID) -> int:
    """How many values of this person the thief opens from the copies, with the keyring as it is now."""
    async with Vault(stage.house_over(*THEN)) as vault:
        spec = TokenSpec(
            account=uuid.uuid4(), roles=frozenset({"self"}), lifetime=timedelta(hours=1), subject=SubjectId(who)
        )
        _, secret = await vault.tokens.issue(spec)
        thief: Principal = await vault.tokens.resolve(secret)
        with suppress(VaultError):
            opened = await vault.open(thief, Access("self_service", None, "self"), [SubjectId(who)], FIELDS)
            return sum(len(record.values) for record in opened.records)
    return 0


async def guessed_phones(stage: Stage, database: str) -> int:
    """How many index tokens of a database are those of a number in the phone book, under any live key."""
    tokens = set(await _tokens(stage, database))
    keys = stage.sweeper.keys
    hits: set[bytes] = set()
    for number in PHONES:
        hits |= tokens.intersection(keys.stored_tokens("person.phone", f"+47{number}").values())
        if number % 1_000 == 0:
            await asyncio.sleep(0)
    return len(hits)


async def _tokens(stage: Stage, database: str) -> list[bytes]:
    connection = await Database("control", stage.owner(database)).dedicated()
    try:
        return [row[0] for row in await connection.fetch("select token from index_token where field = 'person.phone'")]
    finally:
        await connection.close()


def plaintext_in_files(stage: Stage, wanted: tuple[str, ...]) -> set[str]:
    """Which of these stand in clear in any file of the cluster, as UTF-8, UTF-16, hex or base64."""
    forms = {canary: _forms(canary) for canary in wanted}
    found: set[str] = set()
    for file in data_files(stage.server.home):
        with suppress(OSError):
            content = file.read_bytes()
            found |= {canary for canary, needles in forms.items() if any(needle in content for needle in needles)}
    return found


def _forms(canary: str) -> tuple[bytes, ...]:
    raw = canary.encode()
    return raw, canary.encode("utf-16-le"), raw.hex().encode(), b64encode(raw).rstrip(b"=")[:-1]
