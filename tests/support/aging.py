"""People grow old: the clock of a real vault moves on by years, roofs are measured, a run happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from behind import execute
from people import People, Person
from vault_house import Home

from policies.event import Fact, Objection
from policies.model import SELF, Access, RecordId
from vault.request import Change, Everyone, Value

SOLAR: Final = Access("roof_calculation", None, "solar_engine")
TRAINING: Final = Access("model_improvement", None, "model_trainer")
ROOF: Final = frozenset(
    f"roof.{name}" for name in ("azimuth_deg", "tilt_deg", "area_dm2", "height_cm", "source", "fetched_on")
)


async def move(people: People, to: datetime) -> None:
    """Let the time pass as it does where a worker runs: the clock is looked at every hour, staff come and go."""
    people.home.clock.set(to)
    people.staff.clear()
    await execute(people.home.databases, "delete from expiry_tick")


async def again(people: People, person: Person) -> dict[str, object]:
    """What the person sees with a token of that day."""
    person.me = await people.home.principal("self", subject=person.subject)
    return await people.own(person)


def measured(person: Person) -> Mapping[str, Value]:
    """The roof of this person."""
    return {
        "roof.azimuth_deg": person.number % 360, "roof.tilt_deg": 30, "roof.area_dm2": 5_000 + person.number,
        "roof.height_cm": 600, "roof.source": "a register", "roof.fetched_on": "2026-01-15",
    }  # fmt: skip


async def roofed(people: People, person: Person) -> RecordId:
    """The public register's word on the roof."""
    roof = RecordId(people.home.ids())
    change = Change(
        subject=person.subject, record=roof, parent=person.project, entity="roof", values=measured(person)
    )  # fmt: skip
    await people.vault.seal(await people.somebody("solar_engine"), SOLAR, [change])
    return roof


async def objects(people: People, person: Person, purpose: str) -> None:
    """The person objects (Article 21)."""
    made = Objection(subject=person.subject, purpose=purpose, made=True, at=people.home.clock())
    await people.vault.seal(person.me, Access("self_service", None, SELF), [], [made])


async def installed(people: People, person: Person) -> None:
    """The plant is on the roof."""
    engineer = await people.somebody("project_engineer")
    for name in ("design.completed", "pv.installed"):
        fact = Fact(subject=person.subject, record=person.project, name=name, at=people.home.clock())
        await people.vault.seal(engineer, Access("delivery", "the case", "project_engineer"), [], [fact])


async def booked(people: People, person: Person) -> None:
    """The year of the contract is closed in the books, from which the law counts."""
    billing = await people.somebody("billing")
    fact = Fact(subject=person.subject, record=person.project, name="contract_year.ended", at=people.home.clock())
    await people.vault.seal(billing, Access("billing", None, "billing"), [], [fact])


async def training_set(home: Home) -> list[dict[str, object]]:
    """Every roof that the trainer of the model sees, as values by field."""
    trainer = await home.principal("model_trainer")
    opened = await home.vault.open(trainer, TRAINING, Everyone(None, 100), ROOF)
    return [{name: value.reveal() for name, value in record.values.items()} for record in opened.records]
