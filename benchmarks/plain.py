"""The plain twin: the same people as rows of plaintext in three tables, as a good engineer writes it without privacy.

Tables and their rows only; `natural.py` serves them in the usual way, `like.py` through our own resolvers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from benchmarks.ground import connect
from hvelv.population import ROOF, Person

TABLES: Final = (
    "create table person (id uuid primary key, name text, phone text, email text)",
    "create table project (id uuid primary key, person uuid not null references person, advisor uuid, address text)",
    "create index project_person on project (person)",
    "create index project_advisor on project (advisor)",
    """create table roof (
        id uuid primary key, project uuid not null references project, azimuth_deg integer, tilt_deg integer,
        area_dm2 integer, height_cm integer, source text, fetched_on date
    )""",
    "create index roof_project on roof (project)",
)
COLUMNS: Final = ("azimuth_deg", "tilt_deg", "area_dm2", "height_cm", "source", "fetched_on")
MANY: Final = """
select p.id, p.name, p.phone, p.email, j.id, j.address,
  r.id, r.azimuth_deg, r.tilt_deg, r.area_dm2, r.height_cm, r.source, r.fetched_on
from person p join project j on j.person = p.id join roof r on r.project = j.id
where p.id = any($1::uuid[])
"""
ASSIGNED: Final = MANY.replace("p.id = any($1::uuid[])", "j.advisor = $1 and ($2::uuid is null or p.id > $2)") + (
    " order by p.id limit $3"
)


async def fill(address: str, everybody: Sequence[Person], advisor: UUID) -> None:
    """Make the tables and put these people in, those who want an offer with their advisor."""
    day = date.fromisoformat(str(ROOF["roof.fetched_on"]))
    roof = [ROOF[f"roof.{name}"] for name in COLUMNS[:-1]]
    connection = await connect(address)
    try:
        for statement in TABLES:
            await connection.execute(statement)
        await connection.copy_records_to_table(
            "person", records=[(p.subject, p.name, p.phone, p.email) for p in everybody]
        )
        await connection.copy_records_to_table(
            "project",
            records=[(p.project, p.subject, advisor if p.wants_offer else None, p.address) for p in everybody],
        )
        await connection.copy_records_to_table("roof", records=[(p.roof, p.project, *roof, day) for p in everybody])
        await connection.execute("analyze")
    finally:
        await connection.close()


def expected(person: Person) -> tuple[object, ...]:
    """The ten values of one person, in the order in which every program is asked for them."""
    return (person.name, person.phone, person.email, person.address, *(ROOF[f"roof.{name}"] for name in COLUMNS))
