"""Opens a backup of control from its file alone, before anything that could still open it otherwise is destroyed.

The epoch by the key service; under it every key of the house and of every person; of a sample of persons the standing
as well. A person without a key that opens is counted and stops nothing: the roll reports the same ones as damaged.
Nothing here looks at the living database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from vault.address import Label
from vault.backups.archive import Archive
from vault.crypto.aead import BROKEN, Sealer
from vault.crypto.documents import open_document
from vault.crypto.wrap import unwrap_at, unwrap_many
from vault.errors import BrokenSeal
from vault.house import version_part
from vault.keys.epoch import LoadedEpoch, open_epochs
from vault.keys.service import KeyService
from vault.keys.tree import STANDING_CATEGORY, data_key_place, subject_key_place
from vault.storage.epochs import CURRENT, EpochKeys, EpochRow, slot
from vault.storage.rows import LIVE, DataKeyRow

SAMPLE: Final = 100
BATCH: Final = 1_000
ABSENT: Final = rb"\N"
HEX_AT: Final = len(rb"\\x")

Row = Mapping[str, bytes]


@dataclass(slots=True)
class Tested:
    """What was found: the epoch, its root, keys of persons that open, and persons that nothing opens."""

    epoch: int
    root_version: int
    keys: int = 0
    damaged: int = 0
    sample: dict[UUID, Sealer] = field(default_factory=dict)


async def open_test(service: KeyService, archive: Archive, file: Path) -> Tested:
    """Open the backup in `file`.

    Raises:
        BrokenSeal: it has no current epoch, a key of the house does not open, or nobody's does, or no standing.
    """
    epoch = await _epoch(service, archive, file)
    tested = Tested(epoch.number, epoch.root_version)
    await _subject_keys(archive, file, epoch, tested)
    living = 0
    versions: dict[UUID, int] = {}
    async for row in _rows(archive, file, "subject"):
        living += int(row["state"]) == LIVE
        if (subject := UUID(row["subject"].decode())) in tested.sample:
            versions[subject] = int(row["version"])
    tested.damaged = living - tested.keys
    standings = await _standings(archive, file, tested.sample, versions)
    if (living and not tested.keys) or (tested.sample and not standings):
        raise BrokenSeal(BROKEN)
    return tested


async def _rows(archive: Archive, file: Path, table: str) -> AsyncIterator[Row]:
    columns: Sequence[str] = ()
    async for line in archive.lines(file, table):
        if not columns:
            columns = line.decode().split()
        else:
            yield dict(zip(columns, line.rstrip(b"\n").split(b"\t"), strict=True))


def _bytes(text: bytes) -> bytes:
    """A bytea of PostgreSQL's text form."""
    return b"" if text == ABSENT else bytes.fromhex(text[HEX_AT:].decode())


async def _epoch(service: KeyService, archive: Archive, file: Path) -> LoadedEpoch:
    found = [
        EpochRow(int(r["number"]), CURRENT, int(r["root_version"]), _bytes(r["wrapped"]), _bytes(r["inbox_public"]))
        async for r in _rows(archive, file, "epoch")
        if r["state"] == CURRENT.encode()
    ]
    if len(found) != 1:
        raise BrokenSeal(BROKEN)
    number = found[0].number
    system = {
        row["name"].decode(): _bytes(row["wrapped"])
        async for row in _rows(archive, file, "system_key")
        if int(row["epoch"]) == number
    }
    audit = {
        date.fromisoformat(row["month"].decode()): _bytes(row["wrapped"])
        async for row in _rows(archive, file, "audit_key")
        if int(row["epoch"]) == number
    }
    return (await open_epochs(service, [(found[0], EpochKeys(system, audit))]))[0]


async def _subject_keys(archive: Archive, file: Path, epoch: LoadedEpoch, tested: Tested) -> None:
    batch: list[tuple[UUID, bytes, bytes]] = []
    async for row in _rows(archive, file, f"subject_key_{slot(epoch.number)}"):
        subject = UUID(row["subject"].decode())
        place = subject_key_place(subject, int(row["epoch"]), int(row["generation"]))
        batch.append((subject, _bytes(row["wrapped"]), place))
        if len(batch) == BATCH:
            await _open_keys(batch, epoch, tested)
            batch.clear()
    await _open_keys(batch, epoch, tested)


async def _open_keys(batch: Sequence[tuple[UUID, bytes, bytes]], epoch: LoadedEpoch, tested: Tested) -> None:
    keys = unwrap_many(epoch.sealer, [(wrapped, place) for _, wrapped, place in batch])
    for (subject, _, _), key in zip(batch, keys, strict=True):
        if key is not None:
            tested.keys += 1
            if len(tested.sample) < SAMPLE:
                tested.sample[subject] = Sealer(key)
    await asyncio.sleep(0)  # readers get a turn


async def _standings(archive: Archive, file: Path, sample: Mapping[UUID, Sealer], versions: Mapping[UUID, int]) -> int:
    keys: dict[UUID, tuple[UUID, int, int, bytes]] = {}
    async for row in _rows(archive, file, "data_key"):
        subject = UUID(row["subject"].decode())
        if subject in sample and int(row["category"]) == STANDING_CATEGORY:
            keys[subject] = UUID(row["id"].decode()), int(row["generation"]), versions[subject], _bytes(row["wrapped"])
    opened = 0
    async for row in _rows(archive, file, "standing"):
        subject = UUID(row["subject"].decode())
        if subject in keys and UUID(row["key"].decode()) == keys[subject][0]:
            opened += _opens(subject, sample[subject], keys[subject], _bytes(row["sealed"]))
    return opened


def _opens(subject: UUID, above: Sealer, key: tuple[UUID, int, int, bytes], sealed: bytes) -> bool:
    name, generation, version, wrapped = key
    place = data_key_place(subject, DataKeyRow(name, STANDING_CATEGORY, subject, generation, b""))
    try:
        sealer = Sealer(unwrap_at(above, wrapped, place))
        open_document(sealer, Label.STANDING, (subject.bytes, version_part(version)), sealed)
    except BrokenSeal:
        return False
    return True
