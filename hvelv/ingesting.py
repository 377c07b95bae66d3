"""Takes files of meter readings in: named ones, or those that appear in a folder.

A watched folder is a queue. A file is taken when it has not changed for one look; then its report is written beside it
and both move to `taken/` or `refused/`. Report first, move second: a crash between them takes the file once more, which
changes nothing. A file whose taking was interrupted stays where it is. Names with a leading dot, or that end in `.part`
or `.tmp`, are somebody's unfinished work and left alone.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from hvelv.commands.exits import Code, CommandRefused
from hvelv.deputy import Deputy
from hvelv.errors import HvelvError
from hvelv.house import now, open_vault
from hvelv.settings import Settings
from ingest.formats import Options, Readable
from ingest.pipeline import Pipeline
from ingest.readings import MeteringPoint
from ingest.readings import metering_point as parse_point
from ingest.report import Outcome, Report
from policies.values import BadValue
from vault.errors import Unavailable

LOOK_SECONDS: Final = 1.0
UNFINISHED: Final = (".part", ".tmp")
REPORT: Final = ".report.json"


class DiskFull(HvelvError, Unavailable):
    """A folder cannot take another file. Nothing that was reported is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the command line asks for."""

    files: tuple[Path, ...]
    watch: Path | None
    metering_point: str | None
    as_json: bool


@dataclass(slots=True)
class Watched:
    """A stream that tells how much was read of it."""

    stream: Readable
    told: Callable[[int], None]

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        part = self.stream.read(size)
        self.told(len(part))
        return part


async def run(settings: Settings, work: Work) -> Code:
    """Take everything in; gives the exit code.

    Raises:
        CommandRefused: a file cannot be read, or the metering point is none.
        DiskFull, Unavailable: what was reported so far is stored.
    """
    point = None if work.metering_point is None else parse_point(work.metering_point)
    if isinstance(point, BadValue):
        raise CommandRefused(f"`--metering-point`: {point.rule}")
    missing = [file for file in work.files if not file.is_file()]
    if missing or (work.watch is not None and not work.watch.is_dir()):
        raise CommandRefused(f"`{missing[0] if missing else work.watch}`: there is no such file or folder")
    async with open_vault(settings) as vault:
        desk = Desk(Pipeline(vault, await Deputy(vault, settings)()), point, Teller(as_json=work.as_json))
        worst = Code.DONE
        for file in work.files:
            worst = max(worst, _code(await desk.take(file)))
        if work.watch is not None:
            await desk.watch(work.watch, Deputy(vault, settings))
        return worst


def _code(report: Report) -> Code:
    return Code.DONE if report.outcome in {Outcome.TAKEN, Outcome.NOTHING} else Code.REFUSED


@dataclass(slots=True)
class Teller:
    """Says what became of each file: a line and the rules for people, or a JSON object a line for scripts."""

    as_json: bool

    def tell(self, name: str, report: Report) -> None:
        """One file."""
        if self.as_json:
            sys.stdout.write(json.dumps({"file": name, **report.plain()}, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        counts = [f"{report.accepted:,} accepted", f"{report.corrected:,} corrected", f"{report.duplicate:,} known"]
        more = {
            "older": report.superseded, "missing": report.missing, "to be asked": report.questioned,
            "refused": report.refused, "warnings": report.warnings,
        }  # fmt: skip
        counts += [f"{count:,} {what}" for what, count in more.items() if count]
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"{name}: {report.outcome.value}; {', '.join(counts)}", markup=False)
        for problem in report.problems[:20]:
            where = f"line {problem.line}: " if problem.line else ""
            console.print(f"  {where}{problem.rule.value} ({problem.readings} readings)", markup=False)
        left = report.by_rule.total() - min(20, len(report.problems))
        if left > 0:
            console.print(f"  and {left:,} more problems: --json counts them by rule", markup=False)


@dataclass(slots=True)
class Desk:
    """Takes one file after another."""

    pipeline: Pipeline
    point: MeteringPoint | None
    teller: Teller

    async def take(self, file: Path) -> Report:
        """Take one file in and say what became of it."""
        options = Options(now=now(), point=self.point, file_name=file.name)
        with _reading(file) as stream:
            report = await self.pipeline.take(stream, options)
        self.teller.tell(str(file), report)
        return report

    async def watch(self, folder: Path, deputy: Deputy) -> None:
        """Take every file that appears, until cancelled; a file that was being taken then is taken again."""
        seen: dict[Path, tuple[int, int]] = {}
        while True:
            for file in _waiting(folder):
                is_now = file.stat().st_size, file.stat().st_mtime_ns
                if seen.pop(file, None) != is_now:
                    seen[file] = is_now  # looked at for the first time, or still growing
                    continue
                self.pipeline = Pipeline(self.pipeline.vault, await deputy())
                _put_away(file, await self.take(file))
            await asyncio.sleep(LOOK_SECONDS)


def _waiting(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(".") and not file.name.endswith((*UNFINISHED, REPORT))
    )


def _put_away(file: Path, report: Report) -> None:
    taken = report.outcome in {Outcome.TAKEN, Outcome.NOTHING, Outcome.PARTLY}
    to = file.parent / ("taken" if taken else "refused")
    with _full(file.parent):
        to.mkdir(exist_ok=True)
        _write(to / f"{file.name}{REPORT}", {"file": file.name, **report.plain()})
        file.replace(to / file.name)


def _write(path: Path, said: dict[str, Any]) -> None:
    """Whole or not at all, and durable."""
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        with unfinished.open("w", encoding="utf-8") as out:
            json.dump(said, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def _full(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise CommandRefused(f"`{folder}`: a report or a file cannot be put there") from None
        raise DiskFull(
            f"the disk of `{folder}` is full; free some space. The readings are stored: the file stays where it is, "
            "and taking it again changes nothing"
        ) from None


@contextmanager
def _reading(file: Path) -> Generator[Readable]:
    """The open file, with a bar of progress where somebody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    try:
        with (
            file.open("rb") as stream,
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
        ):
            task = bar.add_task(file.name, total=file.stat().st_size)
            yield Watched(stream, lambda size: bar.advance(task, size))
    except OSError as error:
        raise CommandRefused(
            f"`{file}`: cannot be read any further ({errno.errorcode.get(error.errno or 0, 'EIO')})"
        ) from None
