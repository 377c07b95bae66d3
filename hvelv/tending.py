"""The ledger of a process that serves: looked at before it serves, kept in order and witnessed while it does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from hvelv.settings import Settings
from vault import Vault
from vault.errors import Tampered, VaultError
from vault.ledger.witness_file import FileWitness
from vault.ledger.witness_http import HttpWitness
from vault.ledger.witnessing import Witness

RECENT: Final = 10_000
"""Leaves that are looked at before serving; all of them are `hvelv ledger verify`'s part."""

_log = structlog.get_logger("hvelv.ledger")


def witnesses(settings: Settings) -> Sequence[Witness]:
    """The witnesses of the settings."""
    named = [each.strip() for each in settings.witnesses.split(",") if each.strip()]
    return [FileWitness(Path(each)) if each.startswith("/") else HttpWitness(each) for each in named]


def report(who: str, error: VaultError) -> None:
    """A line of the log, an error where the ledger is not what was witnessed. These messages hold no data."""
    line = f"{who}: {error}"
    if isinstance(error, Tampered):
        _log.error(line, code="TAMPERED", exc_type=type(error).__name__)
    else:
        _log.warning(line, exc_type=type(error).__name__)


@asynccontextmanager
async def tended(vault: Vault, settings: Settings) -> AsyncGenerator[None]:
    """The vault with its ledger looked at, and kept in order for as long as this lasts.

    Raises:
        Tampered: its newest part is not what was recorded, or not what a witness holds: nothing is served.
    """
    keeper = vault.keeper(witnesses(settings), report)
    await keeper.compare()
    verdict = await vault.examiner().run(recent=RECENT)
    if verdict.faults:
        raise Tampered(f"the ledger has {len(verdict.faults)} faults; see `hvelv ledger verify`")
    async with keeper.running():
        yield
