"""`hvelv ingest`: takes files of meter readings in, and says of each what became of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hvelv.settings import Settings


def ingest(
    files: Annotated[list[Path] | None, typer.Argument(help="Files in any format of `docs/formats/`.")] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            help="Take every file that appears in this folder, until interrupted; those taken move to `taken/`."
        ),
    ] = None,
    metering_point: Annotated[
        str | None, typer.Option(help="The metering point of files that do not name it (Elhub's CSV).")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: one JSON object per file, a line each.")
    ] = False,
) -> None:
    """Take meter readings in. The format is told by the content; the same file twice changes nothing.

    Readings outside a subscription, or of a point nobody ordered, are refused by line; the rest is taken. Exit code 0:
    everything was taken. 1: something was refused, see the report. 3: stopped by a database or a full disk; what was
    reported is stored, run it again.
    """
    from hvelv.ingesting import Work, run

    if not files and watch is None:
        raise typer.BadParameter("name files, or a folder with --watch")
    work = Work(files=tuple(files or ()), watch=watch, metering_point=metering_point, as_json=as_json)
    raise typer.Exit(asyncio.run(run(Settings.load(), work)))
