"""Commands over servers of one's own: their settings, and a run that gives the exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from databases import Databases

from hvelv.cli import main
from hvelv.commands.exits import Code


def settings(databases: Databases, place: Path) -> dict[str, str]:
    return {
        "HVELV_CONTROL_URL": databases.control,
        "HVELV_CONTENTS_URL": databases.contents,
        "HVELV_CONTROL_OWNER_URL": databases.owner_control,
        "HVELV_CONTENTS_OWNER_URL": databases.owner_contents,
        "HVELV_CONTROL_SWEEPER_URL": databases.sweeper_control,
        "HVELV_CONTENTS_SWEEPER_URL": databases.sweeper_contents,
        "HVELV_DATA_DIR": str(place / "data"),
    }


async def run(*arguments: str) -> int:
    """A command in a thread, since each brings its own event loop."""

    def ended() -> int:
        try:
            main(arguments)
        except SystemExit as error:
            return int(error.code or 0)
        return 0

    return await asyncio.to_thread(ended)


async def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command that ends well says in JSON."""
    capsys.readouterr()
    assert await run(*arguments, "--json") == Code.DONE
    return json.loads(capsys.readouterr().out)
