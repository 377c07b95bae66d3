"""The natural design (N): stock Strawberry over Piccolo tables of plaintext, as both projects' manuals show it.

`objects()`, a DataLoader per relation, a pool started with the application. It knows no purpose, asks for no token and
keeps no record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import strawberry
from piccolo import columns
from piccolo.columns import Date, Integer, Text
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info


class Person(Table):
    """A person."""

    id = columns.UUID(primary_key=True)
    name = Text()
    phone = Text()
    email = Text()


class Project(Table):
    """A case."""

    id = columns.UUID(primary_key=True)
    person = columns.UUID()
    advisor = columns.UUID()
    address = Text()


class Roof(Table):
    """A roof."""

    id = columns.UUID(primary_key=True)
    project = columns.UUID()
    azimuth_deg = Integer()
    tilt_deg = Integer()
    area_dm2 = Integer()
    height_cm = Integer()
    source = Text()
    fetched_on = Date()


ROOF_FIELDS = ("azimuth_deg", "tilt_deg", "area_dm2", "height_cm", "source", "fetched_on")


class Loaders(dict[str, DataLoader[UUID, list[Any]]]):
    """The loaders of one request, by what they load."""


@strawberry.type(name="Roof")
class RoofType:
    """A roof."""

    azimuth_deg: int
    tilt_deg: int
    area_dm2: int
    height_cm: int
    source: str
    fetched_on: date


@strawberry.type(name="Project")
class ProjectType:
    """A case."""

    id: UUID
    address: str

    @strawberry.field
    async def roof(self, info: Info[Loaders, None]) -> RoofType | None:
        """Its roof."""
        rows = await info.context["roofs"].load(self.id)
        return RoofType(**{name: getattr(rows[0], name) for name in ROOF_FIELDS}) if rows else None


@strawberry.type(name="Customer")
class CustomerType:
    """A person."""

    id: UUID
    name: str
    phone: str
    email: str

    @strawberry.field
    async def projects(self, info: Info[Loaders, None]) -> list[ProjectType]:
        """Its cases."""
        return [ProjectType(id=row.id, address=row.address) for row in await info.context["projects"].load(self.id)]


@strawberry.type
class Edge:
    """One item of a page."""

    node: CustomerType


@strawberry.type
class Page:
    """One page."""

    edges: list[Edge]


@strawberry.type
class Query:
    """All there is to ask."""

    @strawberry.field
    async def customers(self, advisor: UUID, first: int) -> Page:
        """The customers of an advisor."""
        mine = await Project.objects().where(Project.advisor == advisor)
        found = (
            await Person.objects().where(Person.id.is_in([row.person for row in mine])).order_by(Person.id).limit(first)
        )
        nodes = [CustomerType(id=row.id, name=row.name, phone=row.phone, email=row.email) for row in found]
        return Page(edges=[Edge(node=node) for node in nodes])


async def _projects(people: Sequence[UUID]) -> list[list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await Project.objects().where(Project.person.is_in(list(people))):
        found[row.person].append(row)
    return [found[person] for person in people]


async def _roofs(projects: Sequence[UUID]) -> list[list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in await Roof.objects().where(Roof.project.is_in(list(projects))):
        found[row.project].append(row)
    return [found[project] for project in projects]


class Application(GraphQL[Loaders, None]):
    """Strawberry's own application with two loaders per request."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loaders:
        """Fresh loaders."""
        del request, response
        return Loaders(projects=DataLoader(load_fn=_projects), roofs=DataLoader(load_fn=_roofs))


def application(address: str) -> ASGIApp:
    """Serves the tables at this address."""
    engine = PostgresEngine(config={"dsn": address})
    for table in (Person, Project, Roof):
        table._meta.db = engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (the address is not known earlier)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        await engine.start_connection_pool(min_size=8, max_size=8)
        yield
        await engine.close_connection_pool()

    graphql = Application(strawberry.Schema(query=Query), graphql_ide=None)
    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)
