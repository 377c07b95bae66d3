"""A witness in a folder on another disk than the databases: two files per log.

    <SHA-256 of the origin, 32 digits>.key          who signs this log, pinned at the first checkpoint
    <SHA-256 of the origin, 32 digits>.checkpoint   the newest checkpoint, as it was signed

The folder must exist, so that a disk that is not mounted is not taken for a witness that has seen nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar, final

from vault.errors import Tampered, Unavailable
from vault.ledger.merkle import check_consistency
from vault.ledger.notes import Checkpoint, Verifier, check_checkpoint
from vault.ledger.witnessing import Accepted, Holds

T = TypeVar("T")
SUFFIX: Final = ".checkpoint"


@final
class FileWitness:
    """`Witness` over a folder. File work is done in a thread; processes take turns by a lock on the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = f"the witness in `{folder}`"

    async def add(self, shown: Checkpoint, by: Verifier, old: int, proof: Sequence[bytes]) -> Accepted | Holds:
        """See `Witness.add`. Written aside, flushed and renamed: killed anywhere, the old checkpoint or the new one."""
        return await self._in_thread(lambda: self._add(shown, by, old, proof))

    async def heads(self) -> Sequence[str]:
        """See `Witness.heads`."""
        return await self._in_thread(self._heads)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"{self.name} does not answer: {type(error).__name__}") from error

    def _heads(self) -> list[str]:
        with self._locked():
            return [path.read_text(encoding="utf-8") for path in sorted(self._folder.glob(f"*{SUFFIX}"))]

    def _add(self, shown: Checkpoint, by: Verifier, old: int, proof: Sequence[bytes]) -> Accepted | Holds:
        with self._locked():
            public = self._pinned(by)
            check_checkpoint(shown.note, public)
            held = self._held(by.name, public)
            size = held.size if held else 0
            if old != size:
                return Holds(size)
            if held is not None:
                check_consistency((held.size, held.root), (shown.size, shown.root), proof)
            self._write(self._path(by.name, SUFFIX), shown.note)
            return Accepted()

    def _pinned(self, by: Verifier) -> bytes:
        path = self._path(by.name, ".key")
        if not path.exists():
            self._write(path, f"{by}\n")
        if path.read_text(encoding="utf-8") != f"{by}\n":
            raise Tampered(f"{self.name} knows this log under another key")
        return by.public

    def _held(self, origin: str, public: bytes) -> Checkpoint | None:
        path = self._path(origin, SUFFIX)
        return check_checkpoint(path.read_text(encoding="utf-8"), public) if path.exists() else None

    def _path(self, origin: str, suffix: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}{suffix}"

    def _write(self, path: Path, text: str) -> None:
        aside = path.with_suffix(".new")
        with aside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _locked(self) -> Generator[None]:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
