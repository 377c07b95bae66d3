"""Tombstones kept outside control: one small file with all of them since the last backup could have been written.

A backup of control brings back whoever was erased after it; these files are what a restore erases again. Writing one
takes milliseconds, so that it can be done every minute and after every erasure. They hold random ids, times and sealed
bytes, and die with the backups they belong to. The ledger's newest checkpoint goes along: a restored ledger that does
not reach it has lost entries, and says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from vault.backups.shelf import sync
from vault.storage.writing import TombstoneRow

FOLDER: Final = "erasures"
CHECKPOINT: Final = "checkpoint"
STAMP: Final = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Seen:
    """Tombstones, each once and as they were set; checkpoints as they were seen."""

    stones: Sequence[TombstoneRow]
    checkpoints: Sequence[str]


class Erasures:
    """The files of tombstones on a shelf."""

    def __init__(self, shelf: Path) -> None:
        self._folder = shelf / FOLDER

    def write(self, stones: Sequence[TombstoneRow], checkpoint: str | None, at: datetime) -> Path:
        """Put these on the disk, in a file that appears whole and replaces none that says something else."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        noted = [] if checkpoint is None else [{CHECKPOINT: checkpoint}]
        text = "".join(json.dumps(line) + "\n" for line in (*noted, *map(_plain, stones)))
        said = sha256(text.encode()).hexdigest()[:16]
        file = self._folder / f"{at.astimezone(UTC):{STAMP}}-{said}.jsonl"
        unfinished = file.with_suffix(".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as lines:
            lines.write(text)
            lines.flush()
            os.fsync(descriptor)
        unfinished.replace(file)
        sync(self._folder)
        return file

    def read(self) -> Seen:
        """What every file says, oldest first."""
        lines = (line for file in sorted(self._folder.glob("*.jsonl")) for line in file.read_text("ascii").splitlines())
        found = [json.loads(line) for line in lines]
        stones = {stone.id: stone for stone in (_stone(each) for each in found if CHECKPOINT not in each)}
        notes = dict.fromkeys(str(each[CHECKPOINT]) for each in found if CHECKPOINT in each)
        return Seen(sorted(stones.values(), key=lambda stone: (stone.at, stone.id)), list(notes))

    def prune(self, oldest: datetime) -> None:
        """Remove the files written before `oldest`: no backup that is restored is older."""
        for file in self._folder.glob("*.jsonl"):
            if datetime.strptime(file.stem.partition("-")[0], STAMP).replace(tzinfo=UTC) < oldest:
                file.unlink()


def _plain(stone: TombstoneRow) -> Mapping[str, object]:
    return {
        "id": str(stone.id),
        "subject": str(stone.subject),
        "whole": stone.whole,
        "at": stone.at.isoformat(),
        "month": stone.month.isoformat(),
        "sealed": stone.sealed.hex(),
        "keys": [str(key) for key in stone.keys],
    }


def _stone(plain: Mapping[str, Any]) -> TombstoneRow:
    return TombstoneRow(
        id=UUID(plain["id"]),
        subject=SubjectId(UUID(plain["subject"])),
        whole=plain["whole"],
        at=datetime.fromisoformat(plain["at"]),
        month=date.fromisoformat(plain["month"]),
        sealed=bytes.fromhex(plain["sealed"]),
        keys=tuple(UUID(key) for key in plain["keys"]),
    )
