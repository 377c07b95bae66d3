"""Where the backups lie: a folder for each database, in it one folder per backup, and what a backup says of itself.

    <shelf>/control/20261124T020000Z-epoch-41/manifest.json, rows.dump
    <shelf>/contents/20261124T020013Z/…
    <shelf>/erasures/20261124T181500Z.jsonl

A backup appears whole: it is written in a folder that nobody takes for one, tested, and renamed. The manifest carries
the SHA-256 of the rows; a file that was changed since is not restored. Folders are for their owner alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from vault.errors import Misconfigured

CONTROL: Final = "control"
CONTENTS: Final = "contents"
MANIFEST: Final = "manifest.json"
ROWS: Final = "rows.dump"
UNFINISHED: Final = "unfinished-"
BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `migrations` is the schema of its rows; `keys` how many of them were opened."""

    database: str
    taken_at: datetime
    epoch: int
    root_version: int
    migrations: tuple[str, ...]
    size: int
    digest: str
    keys: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was finished."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.folder.name

    @property
    def rows(self) -> Path:
        """The file of its rows."""
        return self.folder / ROWS


class Shelf:
    """The folder of all backups; made by whoever installs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, database: str) -> Path:
        """A new folder to write into, and none left of those that a crash left. One writer at a time."""
        place = self.folder / database
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in place.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        unfinished = place / f"{UNFINISHED}{os.getpid()}"
        unfinished.mkdir(mode=0o700)
        return unfinished

    def finish(self, unfinished: Path, manifest: Manifest) -> Backup:
        """The backup, in its place and on the disk."""
        fields = {**asdict(manifest), "taken_at": manifest.taken_at.isoformat()}
        _write(unfinished / MANIFEST, json.dumps(fields, indent=2).encode())
        epoch = f"-epoch-{manifest.epoch}" if manifest.database == CONTROL else ""
        folder = unfinished.with_name(f"{manifest.taken_at:%Y%m%dT%H%M%S%fZ}{epoch}")
        # A crash before this line: a folder nobody takes for a backup. After it: a whole one.
        unfinished.rename(folder)
        sync(folder.parent)
        return Backup(folder, manifest)

    def backups(self, database: str) -> Sequence[Backup]:
        """The finished ones, oldest first. A folder whose manifest cannot be read is none."""
        found = (_read(folder) for folder in sorted((self.folder / database).glob("[0-9]*")))
        return [backup for backup in found if backup is not None]

    def named(self, database: str, name: str | None) -> Backup:
        """The backup of this name, or the newest.

        Raises:
            Misconfigured: there is none.
        """
        found = [backup for backup in self.backups(database) if name in {None, backup.name}]
        if not found:
            wanted = "of this name " if name else ""
            raise Misconfigured(
                f"no backup of {database} {wanted}in the folder of `HVELV_BACKUP_DIR`; `--list` shows them"
            )
        return found[-1]

    def remove(self, backup: Backup) -> None:
        """Remove a backup. Its manifest goes first: half removed it is none."""
        (backup.folder / MANIFEST).unlink()
        shutil.rmtree(backup.folder)


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    made = hashlib.sha256()
    with file.open("rb") as rows:
        while block := rows.read(BLOCK):
            made.update(block)
    return made.hexdigest()


def sync(folder: Path) -> None:
    """Make what happened in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)


def _read(folder: Path) -> Backup | None:
    try:
        fields = json.loads((folder / MANIFEST).read_bytes())
        fields["taken_at"] = datetime.fromisoformat(fields["taken_at"])
        fields["migrations"] = tuple(fields["migrations"])
        return Backup(folder, Manifest(**fields))
    except (OSError, ValueError, KeyError, TypeError):
        return None
