"""`hvelv backup` and `hvelv restore`: copies of both databases, and the way back.

A backup holds sealed bytes, wrapped keys and random ids, as its database does; nobody opens it without the key service,
and one of control opens nothing once the next roll is through.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hvelv.commands.exits import CommandRefused
from hvelv.commands.progress import shown
from hvelv.settings import Settings

if TYPE_CHECKING:
    from vault.backups.restoring import Restored
    from vault.backups.returning import Returned
    from vault.backups.shelf import Backup

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


class What(StrEnum):
    """What to back up."""

    ALL = "all"
    CONTROL = "control"
    CONTENTS = "contents"
    ERASURES = "erasures"


class Which(StrEnum):
    """What to restore."""

    CONTROL = "control"
    CONTENTS = "contents"


def backup(
    what: Annotated[What, typer.Argument(help="Which; `erasures` takes milliseconds: do it every minute.")] = What.ALL,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Write nothing; show the backups there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write backups into the folder of `HVELV_BACKUP_DIR`.

    Of control two are kept, none older than 7 days: each is opened from its file before it counts, and the roll writes
    one under every new root. Those of contents may be kept for years. `erasures` puts the tombstones of the last 7
    days and the ledger's newest checkpoint beside them: a restore erases again who was erased after the backup.
    """
    settings = Settings.load()
    if listed:
        _print(_found(settings), as_json=as_json)
    elif what is What.ERASURES:
        count = asyncio.run(_erasures(settings))
        typer.echo(json.dumps({"tombstones": count}) if as_json else f"{count} tombstones of the last 7 days are kept")
    else:
        _print(asyncio.run(_backup(settings, what)), as_json=as_json)


def restore(
    which: Annotated[Which, typer.Argument(help="Control first, where both are lost.")],
    name: Annotated[str | None, typer.Argument(help="The backup's name; the newest if left out.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a database back. What a tombstone says is gone stays gone.

    `control` is replaced whole, with every process of Hvelv stopped; erasures since the backup are done again, and all
    tokens are refused. `contents` gets back the blobs that the living control still names, beside what is there; its
    backup may be of any age.
    """
    settings = Settings.load()
    if which is Which.CONTENTS:
        _say_returned(asyncio.run(_contents(settings, name)), as_json=as_json)
        return
    if not yes and not typer.confirm("Replace the control database by a backup?", err=True):
        raise CommandRefused("nothing was restored")
    _say_restored(asyncio.run(_control(settings, name)), as_json=as_json)


def _print(backups: Sequence[Backup], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in backups], indent=2))
        return
    for each in backups:
        made = each.manifest
        keys = f", {made.keys} persons' keys opened" if made.database == "control" else ""
        typer.echo(f"{made.database}  {each.name}  {made.taken_at:%Y-%m-%d %H:%MZ}  {made.size} bytes{keys}")


def _plain(each: Backup) -> dict[str, object]:
    made = each.manifest
    return {
        "database": made.database, "name": each.name, "taken_at": made.taken_at.isoformat(), "epoch": made.epoch,
        "size": made.size, "sha256": made.digest, "keys": made.keys, "folder": str(each.folder),
    }  # fmt: skip


def _say_restored(done: Restored, *, as_json: bool) -> None:
    if as_json:
        told = {"name": done.backup.name, "erased_again": done.erased_again, "tokens_refused": done.tokens_refused}
        typer.echo(json.dumps({**told, "tombstones_readable": done.readable, "new_log": done.new_log}))
    else:
        typer.echo(f"control is that of {done.backup.manifest.taken_at:%Y-%m-%d %H:%MZ}")
        typer.echo(f"{done.erased_again} erasures since then were done again, {done.tokens_refused} tokens are refused")
        if done.new_log:
            typer.echo("entries of the ledger were lost: a new log began, with the last checkpoint of the old in it")
    if not done.readable:
        typer.echo("what was there could not tell its tombstones; erasures after the last `hvelv backup erasures` "
                   "have to be done again by hand", err=True)  # fmt: skip


def _say_returned(done: Returned, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"returned": done.returned, "missing": done.missing}))
    else:
        typer.echo(f"{done.returned} rows are back; {done.missing} groups were written after the backup and are lost")


def _found(settings: Settings) -> list[Backup]:
    from vault.backups.shelf import CONTENTS, CONTROL, Shelf

    shelf = Shelf(settings.backups)
    return [*shelf.backups(CONTROL), *shelf.backups(CONTENTS)]


async def _backup(settings: Settings, what: What) -> list[Backup]:
    from hvelv.dumping import PgArchive
    from hvelv.house import addresses, running_database, started
    from vault.backups.control import Backups
    from vault.backups.shelf import Shelf

    made: list[Backup] = []
    with running_database(settings) as server, shown("back up") as told:
        archive = PgArchive(addresses(settings, server, "owner"))
        async with started(settings, server, "owner") as house:
            backups = Backups(house, archive, Shelf(settings.backups), told)
            if what is not What.CONTENTS:  # control first: every blob a head of it names is in the other then
                made.append(await backups.control())
            if what is not What.CONTROL:
                made.append(await backups.contents())
    return made


async def _erasures(settings: Settings) -> int:
    from hvelv.house import running_database, started
    from vault.backups.control import keep_erasures
    from vault.backups.shelf import Shelf

    with running_database(settings) as server:
        async with started(settings, server, "app") as house:
            return await keep_erasures(house, Shelf(settings.backups))


async def _control(settings: Settings, name: str | None) -> Restored:
    from hvelv.dumping import PgArchive
    from hvelv.house import addresses, house, read_policy, running_database
    from vault.backups.restoring import Restoring
    from vault.backups.shelf import CONTROL, Shelf

    shelf = Shelf(settings.backups)
    chosen = shelf.named(CONTROL, name)
    with running_database(settings) as server, shown("restore") as told:
        where = addresses(settings, server, "owner")
        opened = house(settings, read_policy(settings), where)
        restoring = Restoring(opened, PgArchive(where), shelf, told, witnessed=await _witnessed(settings))
        return await restoring.control(chosen)


async def _witnessed(settings: Settings) -> list[str]:
    """What the witnesses of the ledger hold; one that does not answer is named, and the restore goes on."""
    from hvelv.tending import witnesses
    from vault.errors import Unavailable

    notes: list[str] = []
    for witness in witnesses(settings):
        try:
            notes += await witness.heads()
        except Unavailable:
            typer.echo(
                f"witness `{witness.name}` does not answer; lost entries only it knows of are not noticed", err=True
            )
    return notes


async def _contents(settings: Settings, name: str | None) -> Returned:
    from hvelv.dumping import PgArchive
    from hvelv.house import addresses, running_database, started
    from vault.backups.returning import return_contents
    from vault.backups.shelf import CONTENTS, Shelf

    chosen = Shelf(settings.backups).named(CONTENTS, name)
    with running_database(settings) as server, shown("restore") as told:
        archive = PgArchive(addresses(settings, server, "owner"))
        async with started(settings, server, "owner") as house:
            return await return_contents(house, archive, chosen, told)
