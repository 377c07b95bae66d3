"""The command line: each command is a short function in `hvelv/commands`; this file names them and ends the process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import typer

from hvelv.commands import (
    backup,
    erasure,
    ingest,
    keys,
    ledger,
    newsletter,
    policy,
    retention,
    rights,
    running,
    solar,
    token,
)
from hvelv.commands.exits import Code, ending

HELP: Final = """
A vault for personal data that opens a field only when the declared policy allows it, and only on the record.

Begin with `hvelv demo`: the main story, from nothing, in this terminal. `hvelv dev` serves it with synthetic people.
`hvelv policy explain person.email` says who may see a field, for what, and until when.

Settings are environment variables `HVELV_…`; `hvelv doctor` tells which are wrong and what to do.
"""
ENDINGS: Final = """
Exit codes: 0 done, 1 refused or invalid, 2 wrong command line, 3 unavailable (try again), 4 misconfigured (mend the
setting named), 5 damaged or a fault of Hvelv, 6 the clock jumped (`hvelv retention acknowledge`), 130 interrupted.
"""

app: Final = typer.Typer(
    name="hvelv",
    help=HELP,
    epilog=ENDINGS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(running.demo)
app.command()(running.dev)
app.command()(running.serve)
app.command()(running.collect)
app.command()(running.worker)
app.command()(running.migrate)
app.command()(ingest.ingest)
app.command()(running.doctor)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(policy.commands, name="policy")
app.add_typer(token.commands, name="token")
app.add_typer(keys.commands, name="keys")
app.add_typer(erasure.commands, name="erasure")
app.add_typer(newsletter.commands, name="newsletter")
app.add_typer(rights.commands, name="rights")
app.add_typer(solar.commands, name="solar")
app.add_typer(ledger.commands, name="ledger")
app.add_typer(retention.commands, name="retention")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its code. Nothing escapes as a traceback."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="hvelv")
    except Exception as error:  # noqa: BLE001  (the last place: every error becomes a line and a code)
        code = ending(error)
        if code is Code.DAMAGED:
            from hvelv.reports import tell

            tell(error)
        sys.exit(code)
