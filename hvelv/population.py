"""A synthetic population: invented people with invented homes, put in through the doors like anybody else.

Names, streets and numbers are drawn from short lists with a seed, so two runs give the same people. Telephone numbers
lie in the range reserved for fiction (6805 0000 to 6805 9999), addresses end in `example.no`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from policies.event import Assignment, Consent, Event, Fact
from policies.model import Access, Principal, RecordId, SubjectId
from vault import Vault
from vault.request import Change

FIRST: Final = (
    "Åse",
    "Bjørn",
    "Kari",
    "Ola",
    "Sølvi",
    "Terje",
    "Ingrid",
    "Håkon",
    "Ragnhild",
    "Øystein",
    "Máret",
    "Leif",
)
LAST: Final = ("Nordmann", "Hansen", "Bakke", "Østby", "Sæther", "Li", "Moen", "Haugen", "Ødegård", "Solberg", "Vik")
STREETS: Final = ("Solveien", "Taksteinveien", "Østre Åsvei", "Bjørkelia", "Fjordgløtt", "Kirkegata", "Sørhellinga")
TOWNS: Final = ("0001 Testby", "0002 Prøvestad", "0003 Øvingsnes", "0004 Eksempelvik")
BATCH: Final = 25
ROOF: Final[dict[str, str | int]] = {
    "roof.azimuth_deg": 175, "roof.tilt_deg": 32, "roof.area_dm2": 6_400, "roof.height_cm": 620,
    "roof.source": "synthetic building register", "roof.fetched_on": "2026-01-15",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person and its records."""

    subject: SubjectId
    project: RecordId
    roof: RecordId
    name: str
    email: str
    phone: str
    address: str
    wants_newsletter: bool
    wants_offer: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """Who puts them in: a visitor's, a solar engine's and a sales lead's principal, and the advisor they go to."""

    visitor: Principal
    engine: Principal
    sales_lead: Principal
    advisor: UUID
    customer: Callable[[SubjectId], Principal]


def people(count: int, ids: Callable[[], UUID], seed: int = 1) -> Iterator[Person]:
    """Invented people; every second wants an offer, every fifth the newsletter."""
    chance = random.Random(seed)  # noqa: S311  invents people, protects nothing
    for number in range(count):
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
        yield Person(
            subject=SubjectId(ids()),
            project=RecordId(ids()),
            roof=RecordId(ids()),
            name=name,
            email=f"person{number}@example.no",
            phone=f"+47{68_050_000 + number % 10_000}",
            address=f"{chance.choice(STREETS)} {chance.randint(1, 99)}, {chance.choice(TOWNS)}",
            wants_newsletter=number % 5 == 0,
            wants_offer=number % 2 == 0,
        )


async def settle(
    vault: Vault, cast: Cast, everybody: Sequence[Person], now: datetime, progress: Callable[[int], None]
) -> None:
    """Put everybody in, in batches; each batch is a few transactions."""
    for start in range(0, len(everybody), BATCH):
        batch = everybody[start : start + BATCH]
        await vault.seal(cast.visitor, Access("roof_calculation", None, "self"), *_requests(vault, batch, now))
        await vault.seal(
            cast.engine, Access("roof_calculation", None, "solar_engine"),
            [Change(subject=p.subject, record=p.roof, parent=p.project, entity="roof", values={**ROOF}) for p in batch],
        )  # fmt: skip
        wanting = [person for person in batch if person.wants_offer]
        await asyncio.gather(*(_proceed(vault, cast, person, now) for person in wanting))
        await _assign(vault, cast, wanting, now)
        progress(len(batch))


def _requests(vault: Vault, batch: Sequence[Person], now: datetime) -> tuple[list[Change], list[Event]]:
    changes: list[Change] = []
    events: list[Event] = []
    for p in batch:
        root = RecordId(p.subject)
        changes += [
            Change(subject=p.subject, record=root, parent=None, entity="person", values={"person.email": p.email}),
            Change(
                subject=p.subject,
                record=p.project,
                parent=root,
                entity="project",
                values={"project.address": p.address},
            ),
        ]
        consents = ("calculation", "marketing") if p.wants_newsletter else ("calculation",)
        events += [
            Consent(subject=p.subject, name=name, given=True, policy_digest=vault.policy.digest, at=now)
            for name in consents
        ]
        events += [
            Fact(subject=p.subject, record=p.project, name=name, at=now)
            for name in ("calculation.requested", "lead.active")
        ]
    return changes, events


async def _proceed(vault: Vault, cast: Cast, p: Person, now: datetime) -> None:
    contact = Change(
        subject=p.subject, record=RecordId(p.subject), parent=None, entity="person",
        values={"person.name": p.name, "person.phone": p.phone},
    )  # fmt: skip
    wanted = [
        Fact(subject=p.subject, record=p.project, name=name, at=now) for name in ("offer.requested", "lead.active")
    ]
    await vault.seal(cast.customer(p.subject), Access("offer", None, "self"), [contact], wanted)


async def _assign(vault: Vault, cast: Cast, wanting: Sequence[Person], now: datetime) -> None:
    given = [
        Assignment(
            subject=p.subject,
            record=p.project,
            purpose="offer",
            account=cast.advisor,
            recipient=None,
            ends=False,
            at=now,
        )
        for p in wanting
    ]
    await vault.seal(cast.sales_lead, Access("offer", "synthetic population", "sales_lead"), [], given)
