"""What a long command shows while it works: its step, how far it has come, how long it has taken. On standard error."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def shown(title: str) -> Generator[Callable[[str, int], None], None, None]:
    """A line of progress for as long as this lasts; gives what to tell it: the step, and how many it has done."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title)

        def told(step: str, done: int) -> None:
            progress.update(task, description=f"{step} {done or ''}".strip())

        yield told
