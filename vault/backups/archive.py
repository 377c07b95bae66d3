"""What a backup needs of the tools of the database, which are the composition root's to find and start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol


class Archive(Protocol):
    """Writes the rows of one database into a file and reads them back: PostgreSQL's own dump.

    Every call may raise:
        Unavailable: the database does not answer.
        Misconfigured: the tools are missing or refuse; the message names what to mend.
    """

    async def dump(self, database: str, file: Path, without: Sequence[str]) -> None:
        """Schema and rows of `control` or `contents` as of one instant; of the tables `without`, no rows."""
        ...

    async def load(self, database: str, file: Path) -> None:
        """Everything in the file in place of what the database has: all of it or, after a crash, what was there."""
        ...

    def lines(self, file: Path, table: str) -> AsyncIterator[bytes]:
        """The rows of one table, each a line of PostgreSQL's text form, behind a first line of its column names."""
        ...
