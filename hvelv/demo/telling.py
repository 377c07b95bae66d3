"""How the story is told: each step with who asked what for which purpose, what came back, and whether it had to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

SHORT = 36


@dataclass(slots=True)
class Teller:
    """Prints the story and counts what did not go as the policy says."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    steps: int = 0
    wrong: list[str] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """A new part of the story."""
        self.steps += 1
        self.console.print(f"\n[bold cyan]{self.steps:2}. {escape(title)}[/]")

    def asked(self, who: str, purpose: str, what: str) -> None:
        """Who asks what for which purpose."""
        self.console.print(f"    [bold]{escape(who)}[/] · purpose [magenta]{escape(purpose)}[/] · {escape(what)}")

    def got(self, values: Mapping[str, Any]) -> None:
        """What came back."""
        for name, value in values.items():
            self.console.print(f"      [green]{escape(name)}[/] = {escape(shown(value))}")

    def withheld(self, rules: Mapping[str, str]) -> None:
        """What did not, and by which rule."""
        for name, rule in rules.items():
            self.console.print(f"      [yellow]{escape(name)}[/] withheld by rule [yellow]{escape(rule)}[/]")

    def entry(self, text: str) -> None:
        """The ledger entry that goes with it."""
        self.console.print(f"      [dim]ledger {escape(text)}[/]")

    def note(self, text: str) -> None:
        """Something to know."""
        self.console.print(f"      [dim]{escape(text)}[/]")

    def check(self, promise: str, kept: object) -> None:
        """A promise of the policy; the story goes on when it is broken, and ends with exit code 1."""
        mark = "[bold green]✓[/]" if kept else "[bold red]✗ BROKEN[/]"
        self.console.print(f"      {mark} {escape(promise)}")
        if not kept:
            self.wrong.append(promise)


def shown(value: object) -> str:
    """A value on one short line. Everybody in this story is invented."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHORT * 3 else text[: SHORT * 3] + " …"
