"""`hvelv doctor`: each thing an installation needs, looked at in the order in which one rests on the other.

A finding is one line: what was looked at, and what to mend. What rests on something broken is not looked at.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import typer

from hvelv.commands.exits import Code, code_of, line_of
from hvelv.commands.policy import read
from hvelv.settings import Settings
from vault.errors import ClockJumped
from vault.ticking import Alarm, said


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `code` says what a command would end with because of it; `says` what is there or wrong."""

    about: str
    code: Code
    says: str


def _settings() -> str:
    settings = Settings.load()
    where = "embedded databases" if settings.embedded else "databases of one's own"
    return f"{settings.mode} mode, {where}, key service `{settings.key_service}`, region `{settings.region}`"


def _policy() -> str:
    policy = read(Settings.load().policy)
    return f"version {policy.version.isoformat()}, {len(policy.fields)} fields"


def _databases() -> str:
    settings = Settings.load()
    if not settings.embedded:
        return "addresses are set"
    from hvelv.house import running_database

    with running_database(settings):
        return f"the embedded server starts in `{settings.database_dir}`"


def _vault() -> str:
    asyncio.run(_open())
    return "schemas are current, the key service answers, the epoch opens"


async def _open() -> None:
    from hvelv.house import open_vault

    async with open_vault(Settings.load()):
        pass


def _clock() -> str:
    found = asyncio.run(_alarm())
    if found is not None:
        raise ClockJumped(said(found))
    return "no jump between two retention runs"


async def _alarm() -> Alarm | None:
    from hvelv.house import open_house
    from vault.ticking import alarm

    async with open_house(Settings.load(), "app") as house:
        return await alarm(house)


CHECKS: Final[Sequence[tuple[str, Callable[[], str]]]] = (
    ("settings", _settings),
    ("policy", _policy),
    ("databases", _databases),
    ("vault", _vault),
    ("clock", _clock),
)


def examine(checks: Sequence[tuple[str, Callable[[], str]]] = CHECKS) -> Iterator[Finding]:
    """Look at one thing after the other; stop behind the first that is broken."""
    for about, look in checks:
        try:
            says = look()
        except Exception as error:  # noqa: BLE001  (whatever is wrong here is the finding)
            yield Finding(about, code_of(error), line_of(error).removeprefix("hvelv: "))
            return
        yield Finding(about, Code.DONE, says)


def report(findings: Iterator[Finding], *, as_json: bool) -> Code:
    """Print each finding as it comes; give the code of the worst."""
    seen: list[Finding] = []
    for finding in findings:
        seen.append(finding)
        if not as_json:
            typer.echo(f"{'ok   ' if finding.code is Code.DONE else 'wrong'} {finding.about}: {finding.says}")
    if as_json:
        typer.echo(json.dumps([{"about": f.about, "code": int(f.code), "says": f.says} for f in seen], indent=2))
    return max((finding.code for finding in seen), default=Code.DONE)
