"""Many subjects at once: rows of control by COPY, wrapped as the vault wraps them.

They have a key and, if wanted, two index tokens each, and no standing: enough to be rolled and to have their keys
opened, not enough to be asked for.
"""

from __future__ import annotations

import os
import uuid
from typing import Any, Final

from benchmarks.ground import Pair, connect
from policies.model import SubjectId
from vault.crypto.aead import KEY_BYTES
from vault.crypto.blind_index import TOKEN_BYTES, encrypt_tokens
from vault.keys.tree import KeyTree
from vault.request import Secret
from vault.storage.epochs import slot
from vault.storage.rows import LIVE, SubjectKeyRow

SUBJECT: Final = ("subject", "version", "state", "generation")
KEY: Final = ("slot", "subject", "epoch", "generation", "wrapped")
TOKEN: Final = ("slot", "token", "subject", "record", "field", "epoch")
INDEXED: Final = ("person.email", "person.phone")


async def more_subjects(pair: Pair, keys: KeyTree, count: int) -> dict[SubjectId, Secret[bytes]]:
    """Add so many subjects with a key each; gives their keys, to compare with later."""
    made: dict[SubjectId, Secret[bytes]] = {}
    rows: list[tuple[object, ...]] = []
    for _ in range(count):
        subject = SubjectId(uuid.uuid4())
        made[subject], row = keys.new_subject_key(subject, 1)
        rows.append((slot(row.epoch), subject, row.epoch, row.generation, row.wrapped))
    control = await connect(pair.owner("control"))
    await _copy(control, "subject", SUBJECT, [(subject, 1, LIVE, 1) for subject in made])
    await _copy(control, f"subject_key_{slot(keys.current.number)}", KEY, rows)
    await control.execute("analyze")
    await control.close()
    return made


async def more_tokens(pair: Pair, keys: KeyTree, subjects: list[SubjectId]) -> None:
    """Give each of these two index tokens in the current epoch."""
    epoch = keys.current
    plain = [os.urandom(TOKEN_BYTES) for _ in range(len(subjects) * len(INDEXED))]
    stored = iter(encrypt_tokens(epoch.system["index_tokens"], plain))
    place = slot(epoch.number)
    rows = [(place, next(stored), s, s, field, epoch.number) for s in subjects for field in INDEXED]
    control = await connect(pair.owner("control"))
    await _copy(control, f"index_token_{place}", TOKEN, rows)
    await control.execute("analyze")
    await control.close()


async def key_rows(control: Any, keys: KeyTree, subjects: list[SubjectId]) -> dict[SubjectId, SubjectKeyRow]:
    """The stored keys of these subjects in the current epoch."""
    found = await control.fetch(
        "select subject, epoch, generation, wrapped from subject_key where slot = $1 and subject = any($2::uuid[])",
        slot(keys.current.number), subjects,
    )  # fmt: skip
    return {SubjectId(row[0]): SubjectKeyRow(*row[1:]) for row in found}


def opened(keys: KeyTree, rows: dict[SubjectId, SubjectKeyRow]) -> dict[SubjectId, bytes]:
    """The keys themselves, opened one by one."""
    found = {s: keys.open_subject_key(s, row.generation, [row]).reveal() for s, row in rows.items()}
    assert all(len(key) == KEY_BYTES for key in found.values())
    return found


async def _copy(control: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    await control.copy_records_to_table(table, columns=list(columns), records=rows)
