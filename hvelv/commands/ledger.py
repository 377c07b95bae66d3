"""`hvelv ledger`: is the record whole, what does it sign, and whose data did a stolen token see."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hvelv.commands.exits import Code, CommandRefused
from hvelv.settings import Settings
from vault.errors import Unavailable
from vault.request import Secret, SignedCheckpoint

if TYPE_CHECKING:
    from vault.ledger.examining import Verdict
    from vault.scoping import ScopePage, Suspect, Touched

commands: Final = typer.Typer(no_args_is_help=True, help="Examine the record of all openings, and ask it questions.")
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]
SHOWN: Final = 20


@commands.command()
def verify(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint that somebody kept; the ledger must begin with it."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check every leaf, every row, every checkpoint, every person's version and every witness. Ends with 5 at a fault.

    What was recorded up to now is put in order first. Reads while others write.
    """
    verdict = asyncio.run(_verified(Settings.load(), [_note(path) for path in checkpoints or []]))
    typer.echo(json.dumps(_plain(verdict)) if as_json else _told(verdict))
    for fault in () if as_json else verdict.faults[:SHOWN]:
        place = [
            f"log {fault.log}" if fault.log else "",
            f"leaf {fault.position}" if fault.position is not None else "",
        ]
        entry = f"entry {fault.entry}" if fault.entry else ""
        typer.echo("  ".join(each for each in ("✗", fault.trouble.value, *place, entry, fault.about) if each))
    for away in verdict.away:
        typer.echo(away, err=True)
    if verdict.faults:
        raise typer.Exit(Code.DAMAGED)
    if verdict.away:
        raise typer.Exit(Code.UNAVAILABLE)


@commands.command()
def checkpoint(*, as_json: AsJson = False) -> None:
    """Put everything in order, tell the witnesses, and print the signed checkpoint: keep it somewhere else.

    With --json also the public keys that verify it and receipts, for whoever checks proofs offline.
    """
    made, receipts = asyncio.run(_checkpoint(Settings.load()))
    if as_json:
        keys = {"key": made.key, "receipts": receipts}
        typer.echo(json.dumps({"origin": made.origin, "size": made.size, "note": made.note, **keys}))
    else:
        typer.echo(made.note, nl=False)


@commands.command()
def retire(*, as_json: AsJson = False) -> None:
    """Destroy the audit keys of months whose audit retention is over. The next roll makes it final."""
    months = [f"{month:%Y-%m}" for month in asyncio.run(_retired(Settings.load()))]
    typer.echo(
        json.dumps({"months": months}) if as_json else f"{len(months)} months died: {', '.join(months) or 'none'}"
    )


def instant(text: str) -> datetime:
    """`2026-11-24`, `2026-11-24T08:30` or `…Z`; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a time as 2026-11-24T08:30Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Instant = Annotated[datetime, typer.Option(parser=instant, metavar="TIME", help="As 2026-11-24T08:30Z.")]


@commands.command()
def scope(
    since: Instant,
    until: Instant,
    officer: Annotated[Path | None, typer.Option(help="A file with an officer's token; asked for if left out.")] = None,
    token: Annotated[UUID | None, typer.Option(help="The id of the token that was stolen.")] = None,
    account: Annotated[UUID | None, typer.Option(help="The account that was misused.")] = None,
    role: Annotated[str | None, typer.Option(help="Everybody who asked in this role.")] = None,
    epoch: Annotated[int | None, typer.Option(help="What was opened while this epoch's key opened anything.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Whose which fields were opened between two times: the scope of a breach, for the notice to Datatilsynet.

    One line for each person. Asking is on record, in the name of the officer.
    """
    from vault.scoping import Suspect

    by = Suspect(token=token, account=account, role=role, epoch=epoch)
    bearer = _read(officer) if officer else Secret(str(typer.prompt("Token of the officer", hide_input=True, err=True)))
    found = asyncio.run(_scope(Settings.load(), bearer, by, (since, until)))
    for each in found.touched:
        typer.echo(json.dumps(_line(each)) if as_json else _words(each))
    typer.echo(f"{found.persons} persons, {found.entries} entries, {found.unreadable} parts unreadable", err=True)


def _note(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CommandRefused(f"`{path}`: no checkpoint can be read there") from None


def _read(path: Path) -> Secret[str]:
    try:
        return Secret(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError):
        raise CommandRefused(f"`{path}`: no token can be read there") from None


def _told(verdict: Verdict) -> str:
    counts = [f"{verdict.leaves} leaves", f"{verdict.persons} persons", f"{verdict.witnesses} witnesses"]
    counts += [f"{verdict.unreadable} of months that died"] if verdict.unreadable else []
    counts += [f"{verdict.before} entries from before the tree"] if verdict.before else []
    answer = "whole" if not verdict.faults else f"{len(verdict.faults)} FAULTS"
    return f"{answer}: {', '.join(counts)}"


def _plain(verdict: Verdict) -> dict[str, object]:
    return {
        "whole": not verdict.faults,
        "logs": verdict.origins,
        "leaves": verdict.leaves,
        "persons": verdict.persons,
        "witnesses": verdict.witnesses,
        "away": verdict.away,
        "unreadable": verdict.unreadable,
        "before": verdict.before,
        "troubles": Counter(fault.trouble.name.lower() for fault in verdict.faults),
        "faults": [
            {key: None if value is None else str(value) for key, value in asdict(fault).items()}
            for fault in verdict.faults
        ],
    }


def _line(each: Touched) -> dict[str, object]:
    times = {"first": each.first.isoformat(), "last": each.last.isoformat()}
    return {"subject": str(each.subject), "fields": sorted(each.fields), "entries": each.entries, **times}


def _words(each: Touched) -> str:
    return f"{each.subject}  {each.entries} times, {each.first:%Y-%m-%d %H:%MZ}  {' '.join(sorted(each.fields))}"


async def _verified(settings: Settings, kept: Sequence[str]) -> Verdict:
    from hvelv.house import open_vault
    from hvelv.tending import report, witnesses

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    async with open_vault(settings) as vault:
        await vault.keeper((), report).once()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("ledger")

            def told(step: str, done: int, of: int) -> None:
                progress.update(task, description=step, completed=done, total=of)

            return await vault.examiner(witnesses(settings), told).run(kept)


async def _checkpoint(settings: Settings) -> tuple[SignedCheckpoint, str]:
    from hvelv.house import running_database, started
    from hvelv.tending import report, witnesses
    from vault.ledger.keeping import Keeper
    from vault.ledger.proving import latest
    from vault.ledger.receipts import receipt_key
    from vault.ledger.sequencing import signing_key

    with running_database(settings) as server:
        async with started(settings, server, "app") as house:
            await Keeper(house, witnesses(settings), report).once()
            made = await latest(house)
            if made is None:
                raise Unavailable("nothing could be put in order; try again")
            return made, receipt_key(signing_key(house))


async def _retired(settings: Settings) -> Sequence[date]:
    from hvelv.house import running_database, started
    from vault.ledger.retiring import retire

    with running_database(settings) as server:
        async with started(settings, server, "sweeper") as house:
            return await retire(house)


async def _scope(settings: Settings, bearer: Secret[str], by: Suspect, between: tuple[datetime, datetime]) -> ScopePage:
    from hvelv.house import open_vault

    async with open_vault(settings) as vault:
        who = await vault.tokens.resolve(bearer)
        return await vault.breach_scope(who, by, between, None, None)
