"""An access package to read: PDF/UA-1 in Norwegian or English, made by Typst from `access.typ` and nothing on disk.

The template is layout alone; every word and number is put in words here. A person with a long history reads the newest
`ACCESSES` entries of the ledger, long texts to `shown.CHARACTERS`, and how many readings there are: JSON has it all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import typst

from policies.model import PolicySet
from policies.oslo import oslo_date
from rights.package.parts import (
    AccessPart,
    ConsentPart,
    Head,
    Held,
    Part,
    RecipientPart,
    RecordPart,
    SeriesPart,
    WithheldPart,
)
from rights.package.shown import shown
from rights.package.words import Words

TEMPLATE: Final = "access.typ"
ACCESSES: Final = 200
FEW: Final = 6
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
STANDARD: Final = "ua-1"


async def as_pdf(policy: PolicySet, words: Words, parts: AsyncIterator[Part]) -> bytes:
    """The document. Typst runs in a thread: a long one takes a second, and others are served meanwhile."""
    page = _Page(policy, words)
    async for part in parts:
        page.add(part)
    return await asyncio.to_thread(_compiled, json.dumps(page.data(), ensure_ascii=False), page.made_at)


def _compiled(data: str, made_at: datetime) -> bytes:
    return typst.compile(
        (files("rights.package") / TEMPLATE).read_bytes(),
        format="pdf",
        sys_inputs={"data": data},
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
        timestamp=int(made_at.timestamp()),
    )


@dataclass(slots=True)
class _Page:
    """Collects parts as the rows the template lays out."""

    policy: PolicySet
    words: Words
    made_at: datetime = LONG_AGO
    subject: str = ""
    records: list[dict[str, Any]] = field(default_factory=list)
    readings: dict[tuple[str, str], int] = field(default_factory=dict)
    withheld: list[dict[str, str]] = field(default_factory=list)
    accesses: list[dict[str, str]] = field(default_factory=list)
    total: int = 0
    recipients: list[dict[str, Any]] = field(default_factory=list)
    purposes: dict[str, None] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """One more part."""
        match part:
            case Head():
                self.made_at, self.subject = part.made_at, str(part.subject)
            case RecordPart() | SeriesPart():
                self._add_held(part)
            case AccessPart():
                self._add_access(part)
            case WithheldPart() | RecipientPart() | ConsentPart():
                self._add_row(part)

    def _add_row(self, part: WithheldPart | RecipientPart | ConsentPart) -> None:
        match part:
            case WithheldPart():
                self.withheld = [{"field": self._field(name), "rule": rule} for name, rule in part.rules]
            case RecipientPart():
                self.recipients += self._recipient(part)
            case ConsentPart():
                pass  # the records show the latest word on each, the JSON all of them

    def _add_held(self, part: RecordPart | SeriesPart) -> None:
        if isinstance(part, SeriesPart):
            key = str(part.record), part.field
            self.readings[key] = self.readings.get(key, 0) + len(part.readings)
            return
        rows = [
            {"field": self._field(declared.name), "value": shown(self.words, declared, secret.reveal()),
             "source": self.words.of("sources", declared.source)}
            for declared, secret in part.values
        ]  # fmt: skip
        self.purposes |= {use.purpose: None for declared, _ in part.values for use in declared.uses}
        title = self.words.of("records", part.kind)
        held = [self._held(each) for each in part.held]
        self.records.append({"id": str(part.record), "title": title, "rows": rows, "held": held})

    def _add_access(self, part: AccessPart) -> None:
        self.total += 1
        if self.total > ACCESSES:
            return
        entry = part.entry
        who = ", ".join(self.words.of("roles", role) for role in entry.roles) or "-"
        to = "" if entry.recipient is None or entry.recipient in entry.roles else f" → {self._outside(entry.recipient)}"
        self.accesses.append(
            {
                "at": self.words.instant(entry.at),
                "what": self.words.of("acts", entry.kind),
                "who": who + to,
                "purpose": "-" if entry.purpose is None else self.words.of("purposes", entry.purpose),
                "fields": self._few(entry.fields),
            }
        )

    def _few(self, fields: Sequence[str]) -> str:
        """The first of them, and how many more there are."""
        named = ", ".join(dict.fromkeys(map(self._field, fields[:FEW])))
        more = f" {self.words.phrase('more', count=len(fields) - FEW)}" if len(fields) > FEW else ""
        return f"{named}{more}" or "-"

    def _held(self, held: Held) -> dict[str, str]:
        names = [self._field(each.name) for each in self.policy.fields.values() if each.category == held.category]
        until = "-" if held.until is None else f"{self.words.phrase('until')} {self.words.day(oslo_date(held.until))}"
        why = self.words.of("holds", held.rule) if held.why == "hold" else self.words.of("why", held.why)
        return {"fields": ", ".join(names), "until": until, "why": why}

    def _recipient(self, part: RecipientPart) -> list[dict[str, str]]:
        found = self.policy.recipients[part.recipient]
        return [
            {
                "recipient": f"{self._outside(part.recipient)} ({self.words.of('kinds', found.kind.value)})",
                "country": found.country,
                "field": self._field(name),
                "first": self.words.day(oslo_date(first)),
                "last": self.words.day(oslo_date(last)),
            }
            for name, first, last in part.fields
        ]

    def _outside(self, recipient: str) -> str:
        found = self.policy.recipients.get(recipient)
        words = self.words.of("recipients", recipient)
        return words if found is None or words != recipient else found.title

    def _field(self, name: str) -> str:
        return self.words.of("fields", name)

    def data(self) -> dict[str, Any]:
        """Everything the template shows."""
        words, controller = self.words, self.policy.controller
        shown = len(self.accesses)
        phrases = {name: words.phrase(name) for name in PHRASES}
        return {
            "lang": words.language.value,
            "words": phrases,
            "made_at": words.instant(self.made_at),
            "subject": self.subject,
            "records": [self._with_series(record) for record in self.records if record["rows"] or record["held"]],
            "purposes": [self._purpose(name) for name in self.purposes],
            "recipients": self.recipients,
            "accesses": self.accesses,
            "accesses_note": words.phrase("accesses_note", shown=words.number(shown), total=words.number(self.total)),
            "withheld": self.withheld,
            "rights": words.rights(),
            "controller": {"name": controller.name, "contact": controller.contact,
                           "dpo": controller.data_protection_officer, "authority": controller.supervisory_authority},
            "notice": self.policy.version.isoformat(),
        }  # fmt: skip

    def _with_series(self, record: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {"field": self._field(name), "value": self.words.phrase("series", count=self.words.number(count)),
             "source": self.words.of("sources", self.policy.fields[name].source)}
            for (of, name), count in self.readings.items() if of == record["id"]
        ]  # fmt: skip
        return {**record, "rows": [*record["rows"], *rows]}

    def _purpose(self, name: str) -> dict[str, str]:
        purpose = self.policy.purposes[name]
        basis = self.words.of("bases", purpose.basis.value)
        law = f", {self.words.law(purpose.law)}" if purpose.law else ""
        return {"purpose": self.words.of("purposes", name), "basis": f"{basis} ({purpose.article}){law}"}


PHRASES: Final[Sequence[str]] = (
    "title", "intro", "made_at", "reference", "held", "held_none", "field", "value", "source", "kept", "why",
    "purposes", "purpose", "basis", "recipients", "recipients_none", "recipient", "country", "first", "last",
    "accesses", "at", "what", "who", "withheld", "withheld_note", "rule", "rights", "automated", "contact",
    "controller", "dpo", "authority", "complaint", "notice", "empty",
)  # fmt: skip
