"""`hvelv keys`: the epochs of the key tree, and the roll that makes what was erased gone for everybody."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hvelv.commands.progress import shown
from hvelv.settings import Settings

if TYPE_CHECKING:
    from vault import House
    from vault.keys.roll import Report
    from vault.sweeping import Swept

commands: Final = typer.Typer(no_args_is_help=True, help="Look at the key epochs and roll them.")
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]
DAMAGED: Final = "{count} keys did not open and were left behind; they opened nothing before either"


@commands.command()
def roll(*, as_json: AsJson = False) -> None:
    """Move everything under a new root and destroy the old one: what was erased before is then gone for everybody.

    Before it destroys, it writes a backup of control under the new root and opens it. A roll that was interrupted goes
    on where it was. Readers are served meanwhile.
    """
    report = asyncio.run(_roll(Settings.load()))
    if as_json:
        counts = {"moved": report.moved, "renewed": report.renewed, "damaged": len(report.damaged)}
        typer.echo(json.dumps({"old": report.old, "new": report.new, **counts}))
    else:
        typer.echo(f"epoch {report.new} is current, epoch {report.old} is gone: {report.moved} subjects moved")
        typer.echo(f"{report.renewed} subjects got a new key because something of theirs was erased")
    if report.damaged:
        typer.echo(DAMAGED.format(count=len(report.damaged)), err=True)
    if report.waited_in_vain:
        typer.echo("another process held the old epoch too long; it reloads at its next request", err=True)


@commands.command()
def status(*, as_json: AsJson = False) -> None:
    """The epochs whose root still exists. More than one means a roll was begun and not finished."""
    numbers = asyncio.run(_epochs(Settings.load()))
    if as_json:
        typer.echo(json.dumps({"current": numbers[-1], "live": numbers}))
        return
    typer.echo(f"epoch {numbers[-1]} is current")
    if len(numbers) > 1:
        typer.echo(f"epoch {numbers[0]} is not destroyed: a roll is not finished; `hvelv keys roll` goes on with it")


@commands.command()
def sweep(*, as_json: AsJson = False) -> None:
    """Remove what nobody can read any more: leftovers of erased subjects, unnamed blobs, old request keys."""
    swept = asyncio.run(_sweep(Settings.load()))
    if as_json:
        typer.echo(json.dumps(asdict(swept)))
    else:
        typer.echo(f"removed {swept.subjects} erased subjects, {swept.blobs} blobs, {swept.requests} request keys")


def _sweeping(settings: Settings) -> AbstractAsyncContextManager[House]:
    """A started house with the sweeper's role."""
    from hvelv.house import open_house

    return open_house(settings, "sweeper")


async def _roll(settings: Settings) -> Report:
    from hvelv.dumping import PgArchive
    from hvelv.house import addresses, running_database, started
    from vault.backups.control import Backups
    from vault.backups.shelf import Shelf
    from vault.keys.roll import Roll

    with running_database(settings) as server, shown("roll") as told:
        archive = PgArchive(addresses(settings, server, "owner"))
        async with started(settings, server, "sweeper") as house:
            return await Roll(house, told, backups=Backups(house, archive, Shelf(settings.backups), told)).run()


async def _sweep(settings: Settings) -> Swept:
    from vault.sweeping import Swept, sweep

    total = Swept(0, 0, 0, 0)
    async with _sweeping(settings) as house:
        while any(astuple(swept := await sweep(house))):
            total = Swept(*map(sum, zip(astuple(total), astuple(swept), strict=True)))
    return total


async def _epochs(settings: Settings) -> list[int]:
    from vault.storage.epochs import unfinished_epochs

    async with _sweeping(settings) as house, house.control.connection() as connection:
        return [epoch.number for epoch in await unfinished_epochs(connection)]
