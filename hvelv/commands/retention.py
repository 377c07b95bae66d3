"""`hvelv retention`: what is over, what will be by a day to come, and the run that destroys it.

Shown are ids, names of the policy and dates; no contents are opened. With the sweeper's addresses, and on record
without a name: whoever has such a shell carries out what the policy says, and decides nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hvelv.commands.exits import Code
from hvelv.settings import Settings
from policies.model import SubjectId
from policies.oslo import midnight, oslo_date

if TYPE_CHECKING:
    from vault.judging import Tally
    from vault.retention import EndsPage, Retention, Verdict, VerdictPage

HELP: Final = """
What the policy's retention rules say is over, and the run that destroys its keys.

`due` shows what a run would destroy now, `forecast` what runs will have destroyed by a day to come if nothing else
happens until then; neither changes anything. `run` destroys. What a rule cannot date because the event that starts its
clock was never recorded is never due: `due --missing` lists it.
"""
commands: Final = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode="markdown")
AHEAD: Final = timedelta(days=365)


def day(text: str) -> date:
    """`2044-02-29`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a date such as 2044-02-29") from None


AsOf = Annotated[
    date | None,
    typer.Option("--as-of", parser=day, metavar="DATE", help="To the end of that day in Oslo, such as 2044-02-29."),
]
Of = Annotated[UUID | None, typer.Option("--subject", help="Only this person.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


@commands.command()
def due(
    as_of: AsOf = None,
    subject: Of = None,
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="What has no date: the event that starts its clock is not recorded.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a run would destroy now. With `--subject`: also what keeps everything else of this person.

    Only people of whom something may be over this month are looked at; `--missing` looks at everybody.
    """
    settings = Settings.load()
    if missing or subject is not None:
        asyncio.run(_verdicts(settings, as_of, subject, missing=missing, as_json=as_json))
    else:
        asyncio.run(_ends(settings, as_of, timedelta(0), as_json=as_json))


@commands.command()
def forecast(as_of: AsOf = None, subject: Of = None, *, as_json: AsJson = False) -> None:
    """What will be destroyed by the end of a day to come (a year from now if left out) if nothing else happens.

    With `--subject`: what will keep everything else of this person on that day.
    """
    settings = Settings.load()
    if subject is not None:
        asyncio.run(_verdicts(settings, as_of, subject, missing=False, as_json=as_json, ahead=AHEAD))
    else:
        asyncio.run(_ends(settings, as_of, AHEAD, as_json=as_json))


@commands.command()
def run(as_of: AsOf = None, subject: Of = None, *, as_json: AsJson = False) -> None:
    """Destroy what is over, key by key. May be interrupted and repeated; a second run finds nothing.

    `--as-of` a day that is past destroys only what was over by then. A day to come is refused.
    """
    tally = asyncio.run(_run(Settings.load(), as_of, None if subject is None else SubjectId(subject)))
    if as_json:
        typer.echo(json.dumps(_counts(tally)))
    else:
        _tell(tally)
    raise typer.Exit(Code.DAMAGED if tally.damaged else Code.UNAVAILABLE if tally.contended else Code.DONE)


@commands.command()
def acknowledge(
    today: Annotated[date, typer.Argument(parser=day, metavar="DATE", help="What day it is, read somewhere else.")],
) -> None:
    """Go on after the clock jumped. Look at a clock that is not this machine's, and say what day it is in Oslo."""
    asyncio.run(_acknowledge(Settings.load(), today))
    typer.echo("the clock is believed; runs go on")


# -- reading -----------------------------------------------------------------------------------------------------------


def at_end_of(chosen: date | None, otherwise: datetime) -> datetime:
    """The last instant of that day in Oslo."""
    return otherwise if chosen is None else midnight(chosen + timedelta(days=1)) - timedelta(microseconds=1)


async def _pages(settings: Settings, as_of: date | None, ahead: timedelta) -> AsyncGenerator[EndsPage, None]:
    from hvelv.house import now, open_house
    from vault.retention import Retention

    at = at_end_of(as_of, now() + ahead)
    async with open_house(settings, "sweeper") as house:
        page = await Retention(house).forecast(None, at)
        yield page
        while page.more:
            page = await Retention(house).forecast(None, at, page.last)
            yield page


async def _ends(settings: Settings, as_of: date | None, ahead: timedelta, *, as_json: bool) -> None:
    """Page by page, so that any number of people fits."""
    counts: Counter[str] = Counter()
    damaged: list[str] = []
    separator = "["
    async with aclosing(_pages(settings, as_of, ahead)) as pages:
        async for page in pages:
            damaged += map(str, page.damaged)
            for row in _rows(page):
                counts[f"{row.category}: {row.then}"] += 1
                typer.echo(f"{separator}{json.dumps(row.shown())}" if as_json else row.line())
                separator = ","
    if as_json:
        typer.echo("]" if counts else "[]")
    else:
        typer.echo("\n".join(f"{count} × {what}" for what, count in sorted(counts.items())) or "nothing is over")
    _complain(damaged)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is over, for people and for scripts."""

    subject: str
    record: str
    category: str
    rule: str
    since: datetime
    then: str
    period: datetime | None

    def line(self) -> str:
        """In columns."""
        return f"{oslo_date(self.since)}  {self.then:7}  {self.category:20}  {self.subject}  {self.rule}"

    def shown(self) -> dict[str, str | None]:
        """For scripts."""
        period = None if self.period is None else self.period.isoformat()
        return {
            "subject": self.subject, "record": self.record, "category": self.category, "rule": self.rule,
            "since": self.since.isoformat(), "then": self.then, "period": period,
        }  # fmt: skip


def _rows(page: EndsPage) -> Iterator[Row]:
    for each in page.found:
        for end in each.endings:
            yield Row(str(each.subject), str(end.record), end.category, end.rule, end.at, end.then.value, end.period)


async def _verdicts(
    settings: Settings,
    as_of: date | None,
    subject: UUID | None,
    *,
    missing: bool,
    as_json: bool,
    ahead: timedelta = timedelta(0),
) -> None:
    from hvelv.house import now, open_house
    from policies.retention import NoAnchor
    from vault.retention import Retention

    at = at_end_of(as_of, now() + ahead)
    async with open_house(settings, "sweeper") as house:
        if subject is not None:
            found = await Retention(house).verdicts(None, SubjectId(subject), at)
            _print([each for each in found if not missing or isinstance(each.answer, NoAnchor)], as_json=as_json)
            return
        pages = await _missing(Retention(house), at)
    _print([each for page in pages for each in page.found], as_json=as_json)
    _complain([str(each) for page in pages for each in page.damaged])


async def _missing(door: Retention, at: datetime) -> list[VerdictPage]:
    with _progress() as progress:
        task = progress.add_task("looking at everybody")
        pages = [await door.missing(None, at)]
        while pages[-1].more:
            progress.update(task, description=f"looking at everybody, page {len(pages)}")
            pages.append(await door.missing(None, at, pages[-1].last))
    return pages


def _print(found: list[Verdict], *, as_json: bool) -> None:
    from hvelv.commands.retention_view import line, plain

    if as_json:
        typer.echo(json.dumps([plain(each) for each in found], indent=2))
    else:
        typer.echo("\n".join(map(line, found)) or "nothing")


# -- the run -----------------------------------------------------------------------------------------------------------


def _progress() -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True)


async def _run(settings: Settings, as_of: date | None, subject: SubjectId | None) -> Tally:
    from hvelv.house import now, open_house
    from vault.retention import Retention

    until = None
    if as_of is not None:
        today = now()
        until = today if as_of == oslo_date(today) else at_end_of(as_of, today)
    async with open_house(settings, "sweeper") as house:
        with _progress() as progress:
            task = progress.add_task("retention")

            def told(step: str, done: int) -> None:
                progress.update(task, description=f"{step} {done}")

            return await Retention(house).run(None, until=until, subject=subject, told=told)


def _counts(tally: Tally) -> dict[str, object]:
    return {
        "subjects": tally.subjects, "wholes": tally.wholes, "destroyed": tally.dead, "detached": tally.detached,
        "coarsened": tally.coarsened, "receipts": [str(each) for each in tally.receipts],
        "damaged": [str(each) for each in tally.damaged], "contended": [str(each) for each in tally.contended],
    }  # fmt: skip


def _tell(tally: Tally) -> None:
    typer.echo(f"{tally.subjects} people looked at, {tally.wholes} of them gone whole")
    for category, count in sorted(tally.dead.items()):
        typer.echo(f"{count} × {category} destroyed")
    if tally.detached:
        typer.echo(f"{tally.detached} records go on under ids that lead to nobody")
    if tally.coarsened:
        typer.echo(f"{tally.coarsened} periods became sums")
    _complain([str(each) for each in tally.damaged])
    if tally.contended:
        typer.echo(f"{len(tally.contended)} people kept changing; the next run takes them", err=True)


def _complain(damaged: list[str]) -> None:
    if damaged:
        typer.echo(f"{len(damaged)} people did not open and are left as they are: {', '.join(damaged)}", err=True)


async def _acknowledge(settings: Settings, today: date) -> None:
    from hvelv.house import open_house
    from vault.retention import Retention

    async with open_house(settings, "sweeper") as house:
        await Retention(house).acknowledge(None, today)
