"""The commands that run something: the story, the development server, the server, the migrations, the doctor."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hvelv.settings import Settings


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the data directory behind, to look into it.")] = False,
) -> None:
    """Run the main story from nothing, in this terminal. Exit code 0 only if every step did what the policy says."""
    from hvelv.demo import run

    raise typer.Exit(run(keep=keep))


def dev() -> None:
    """Serve on this machine with the embedded database, 500 synthetic people, GraphiQL and tokens to try."""
    from hvelv.dev import run

    run(Settings.load())


def serve() -> None:
    """Serve GraphQL with the settings of the environment."""
    from hvelv.serving import run

    run(Settings.load())


def collect() -> None:
    """Serve the analytics gateway: `/collect`, `/preferences`, `/cookies`. Needs no database and no key."""
    from hvelv.collecting import run

    run(Settings.load())


def worker() -> None:
    """Work in the background: the retention run every hour, leftovers every night. As many as there are machines.

    Each job is done by one of them. Stops at SIGTERM or Ctrl-C when what it began is done.
    """
    from hvelv.working import run

    run(Settings.load())


def migrate(
    *,
    back: Annotated[str | None, typer.Option("--back", help="Undo down to and including this migration.")] = None,
) -> None:
    """Make the installation ready: both schemas and the first epoch of keys. Repeating it changes nothing."""
    from hvelv.installing import install, undo

    settings = Settings.load()
    asyncio.run(install(settings) if back is None else undo(settings, back))
    typer.echo("the installation is ready" if back is None else "both databases went back")


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")] = False,
) -> None:
    """Look at the settings, the policy, the databases and the keys; say what is wrong and how to mend it."""
    from hvelv.commands.doctor import examine, report

    raise typer.Exit(report(examine(), as_json=as_json))
