"""A file that holds personal data: made where it was asked for, readable by its owner alone, and never half there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from hvelv.commands.exits import CommandRefused

MODE: Final = 0o600


async def written(chunks: AsyncIterator[bytes], path: Path) -> int:
    """Write all chunks; gives how many bytes. What was begun and not finished is removed again.

    The first chunk is made before the file: who is refused leaves no file behind.

    Raises:
        CommandRefused: the file is there already, or cannot be made.
    """
    first = await anext(chunks)
    file = _made(path)
    try:
        with file:
            file.write(first)
            async for chunk in chunks:
                file.write(chunk)
            return file.tell()
    except BaseException:
        _removed(path)
        raise


def _made(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb")
    except OSError:
        raise CommandRefused(f"`{path}`: cannot be made; it may be there already") from None


def _removed(path: Path) -> None:
    path.unlink(missing_ok=True)
