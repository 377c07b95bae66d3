"""What the policy's names are called in Norwegian and English, from `words.json`. A name without words shows itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from policies.oslo import OSLO
from rights.package.parts import Language

FILE: Final = "words.json"
LAW: Final = (
    ("GDPR Articles", "personvernforordningen artikkel"),
    ("GDPR Article", "personvernforordningen artikkel"),
    (" and ", " og "),
    (" to ", " til "),
)


@cache
def all_words() -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = json.loads((files("rights.package") / FILE).read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: Language

    def of(self, section: str, name: str) -> str:
        """What a name of the policy is called."""
        found: dict[str, dict[str, str]] = all_words()[section]
        return found[name][self.language.value] if name in found else name

    def phrase(self, name: str, **given: object) -> str:
        """A fixed text, with what is given put in its places."""
        return str(all_words()["phrases"][name][self.language.value]).format(**given)

    def rights(self) -> list[dict[str, str]]:
        """What a person may ask for, and how."""
        rows: list[dict[str, dict[str, str]]] = all_words()["rights"]
        return [{"title": row["title"][self.language.value], "how": row["how"][self.language.value]} for row in rows]

    def law(self, text: str) -> str:
        """A law as the policy cites it."""
        if self.language is Language.NB:
            for english, norwegian in LAW:
                text = text.replace(english, norwegian)
        return text

    def day(self, day: date) -> str:
        """`24. november 2026`, `24 November 2026`."""
        month = all_words()["months"][self.language.value][day.month - 1]
        return f"{day.day}. {month} {day.year}" if self.language is Language.NB else f"{day.day} {month} {day.year}"

    def instant(self, at: datetime) -> str:
        """The same with the time it was in Oslo."""
        here = at.astimezone(OSLO)
        clock = f"kl. {here:%H.%M}" if self.language is Language.NB else f"at {here:%H:%M}"
        return f"{self.day(here.date())} {clock}"

    def number(self, number: int) -> str:
        """Thousands apart by a space that does not break, or by a comma."""
        grouped = f"{number:,}"
        return grouped.replace(",", "\u00a0") if self.language is Language.NB else grouped
