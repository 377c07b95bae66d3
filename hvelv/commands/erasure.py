"""`hvelv erasure`: what people asked to have erased, carried out when they can no longer take it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hvelv.commands.exits import Code
from hvelv.commands.progress import shown
from hvelv.settings import Settings

if TYPE_CHECKING:
    from rights.erasure import Carried
    from vault.cooling import Pending

commands: Final = typer.Typer(no_args_is_help=True, help="Carry out the erasures that people asked for.")
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


@commands.command()
def due(*, as_json: AsJson = False) -> None:
    """Those whose time has come and that `hvelv erasure run` carries out. Shows ids and times."""
    found = asyncio.run(_due(Settings.load()))
    if as_json:
        typer.echo(json.dumps([{"id": str(each.id), "due_at": each.due_at.isoformat()} for each in found], indent=2))
        return
    for each in found:
        typer.echo(f"{each.id}  due since {each.due_at:%Y-%m-%d %H:%MZ}")


@commands.command()
def run(*, as_json: AsJson = False) -> None:
    """Carry out every erasure whose time has come. Repeating it, or running it twice at once, changes nothing.

    `hvelv worker` does it every hour. A clock that jumped since the last run stops it, as it stops the retention.

    Ends with code 5 if somebody's rows are damaged: those wait on and are reported.
    """
    carried = asyncio.run(_run(Settings.load()))
    if as_json:
        typer.echo(json.dumps({"receipts": list(map(str, carried.receipts)), "failed": list(map(str, carried.failed))}))
    else:
        typer.echo(f"{len(carried.receipts)} erasures were carried out; the next roll completes their receipts")
    if carried.failed:
        typer.echo(f"{len(carried.failed)} could not be carried out: {', '.join(map(str, carried.failed))}", err=True)
        raise typer.Exit(Code.DAMAGED)


async def _due(settings: Settings) -> Sequence[Pending]:
    from hvelv.house import open_vault
    from rights.erasure import PAGE

    async with open_vault(settings) as vault:
        return await vault.cooling.due(PAGE)


async def _run(settings: Settings) -> Carried:
    from hvelv.house import open_house
    from hvelv.working import carry_out

    done = 0
    with shown("erase") as told:

        def one(_: Pending) -> None:
            nonlocal done
            done += 1
            told("erase", done)

        async with open_house(settings, "sweeper") as house:
            return await carry_out(house, one)
