"""Whether a restored control has lost entries of the ledger, and the new log that says so.

A checkpoint that somebody has seen and the restored ledger does not reach means that entries are gone. The old log
would then fork at its next checkpoint; so a new one begins, and its first leaf embeds the newest checkpoint of the old.
What nobody had seen when it was lost cannot be told from what never was: keep checkpoints outside control every minute
(`hvelv backup erasures`), and with the witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vault.house import House
from vault.ledger.notes import Checkpoint, read_checkpoint
from vault.ledger.sequencing import Sequencer
from vault.storage.restoring import has_ledger
from vault.storage.tree import logs, newest


async def newest_note(connection: Any) -> str | None:
    """The newest checkpoint of the newest log, if there is one."""
    known = await logs(connection) if await has_ledger(connection) else []
    last = await newest(connection, known[-1].number) if known else None
    return None if last is None else last.note


async def go_on(house: House, notes: Sequence[str]) -> bool:
    """Begin a new log if one of these checkpoints is beyond what was restored; tells whether it did.

    Raises:
        Tampered: one of them is no checkpoint.
        Contended: another process is adding to the ledger.
    """
    async with house.control.connection() as connection:
        known = await logs(connection)
        sizes = {log.origin: last.size if (last := await newest(connection, log.number)) else 0 for log in known}
    succeeded = {log.origin for log in known[:-1]}  # what was lost of these, the log after them says already
    beyond = [
        note
        for note in map(read_checkpoint, notes)
        if note.size > sizes.get(note.origin, 0) and note.origin not in succeeded
    ]
    if not beyond:
        return False
    await Sequencer(house).begin_again(_latest(beyond, known[-1].origin if known else None).note)
    return True


def _latest(beyond: Sequence[Checkpoint], origin: str | None) -> Checkpoint:
    """The last one seen; a log that was begun after the backup comes after the backup's own."""
    return max(enumerate(beyond), key=lambda each: (each[1].origin != origin, each[1].size, each[0]))[1]
