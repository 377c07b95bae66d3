"""`hvelv newsletter`: keeps the list at MailChimp equal to those who may be written to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from hvelv.settings import Settings

commands: Final = typer.Typer(no_args_is_help=True, help="The newsletter and its processor.")


@commands.callback()
def group() -> None:
    """The newsletter and its processor."""


@commands.command()
def sync(
    *, as_json: Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")] = False
) -> None:
    """Make the audience at MailChimp equal to the readers: consented, and not suppressed. Safe to repeat; run it often.

    Who unsubscribed there is suppressed here first. Who is no reader any more is unsubscribed there, and what was known
    of them beside the address is taken away. Prints numbers, never an address.
    """
    from hvelv.newsletter import synchronised

    done = asyncio.run(synchronised(Settings.load()))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"{done.told} readers told, {done.silenced} unsubscribed there, {done.refused} refused there")
