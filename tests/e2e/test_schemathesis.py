"""Generated operations in every role: never a server error, never a value of somebody the role does not serve.

Many of them on a vault in memory, and a few on the real one over PostgreSQL.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import pytest
import schemathesis
from databases import fresh_pair
from graphql_world import World, fake_world, key, world_over
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from nabostrom_world import ADDRESS as POWER_ADDRESS
from nabostrom_world import EMAIL as POWER_EMAIL
from nabostrom_world import NATIONAL_ID as POWER_NATIONAL_ID
from nabostrom_world import POINT
from schemathesis.specs.graphql import nodes
from shipped_policy import shipped
from solstrom_world import ADDRESS, EMAIL, NAME, NATIONAL_ID
from vault_house import home

from hvelv.app import AppSettings
from hvelv.embedded import EmbeddedPostgres
from policies.model import RoleKind
from policies.oslo import oslo_date

T = TypeVar("T")

OTHER: Final = ("ola.ukjent@example.no", "Skyggeveien 2, 5003 Bergen", POWER_ADDRESS, POWER_EMAIL, POINT)
MINE: Final = (EMAIL, ADDRESS, NAME, NATIONAL_ID)
ROLES: Final = (
    "self",
    "visitor",
    "advisor",
    "customer_service",
    "dpo",
    "developer",
    "bank",
    "installer",
    "solar_engine",
    "meter_ingest",
    "billing",
    "operator",
    "grid_company",
)
PARTNERS: Final = {
    "bank": "loan_application",
    "installer": "installation",
    "grid_company": "grid_registration",
}
OTHER_ROLES: Final = sorted(shipped().roles.keys() - set(ROLES))
"""Nothing here is assigned to them: partners and officers see nobody, staff and services no national id."""
SEES_EVERYBODY: Final = frozenset({"customer_service", "solar_engine", "meter_ingest", "billing", "operator"})
SEES_NOBODY: Final = frozenset({"visitor", "dpo", "developer", "installer"})
PURPOSES: Final = sorted(name.upper() for name in shipped().purposes)


@dataclass(frozen=True)
class Stage:
    """An application with two cases, and the bearers of all roles."""

    world: World
    bearers: dict[str, str]
    ids: list[UUID]


def _one_purpose(role: str) -> str | None:
    """What a partner's token is for; other tokens say it with each request."""
    if shipped().roles[role].kind is not RoleKind.PARTNER:
        return None
    return PARTNERS.get(role) or min(name for name, purpose in shipped().purposes.items() if role in purpose.roles)


async def _staged(world: World) -> Stage:
    case = world.case
    other = await case.ask(email=OTHER[0], address=OTHER[1])
    loan = await case.until_loan()
    power = world.power
    await power.until_started(oslo_date(world.clock()))
    ids = [case.subject, case.project, loan, other.subject, other.project, UUID(int=7, version=4)]
    ids += [power.subject, power.contract]
    bearers = {
        role: await world.bearer(role, subject=case.subject if role == "self" else None, purpose=_one_purpose(role))
        for role in (*ROLES, *OTHER_ROLES)
    }
    return Stage(world, bearers, ids)


STAGE: Final = asyncio.run(_staged(fake_world(AppSettings(development=True))))

schemathesis.graphql.scalar("UUID", st.sampled_from([str(each) for each in STAGE.ids]).map(nodes.String))
schemathesis.graphql.scalar("Nok", st.integers(-(2**63), 2**63 - 1).map(nodes.Int))
schemathesis.graphql.scalar("Document", st.sampled_from(["", "JVBERi0xLjcK", "x"]).map(nodes.String))

operations = schemathesis.graphql.from_asgi("/graphql", STAGE.world.app)


def hidden_from(role: str) -> tuple[str, ...]:
    """Values of the stage that this role serves nobody with."""
    outside = shipped().roles[role].kind in {RoleKind.PARTNER, RoleKind.OFFICER}
    if role in SEES_NOBODY or (role in OTHER_ROLES and outside):
        return (POWER_NATIONAL_ID, *MINE, *OTHER)
    if role in SEES_EVERYBODY or role in OTHER_ROLES:
        return (NATIONAL_ID, POWER_NATIONAL_ID)
    return (POWER_NATIONAL_ID, *OTHER)


def with_purpose(document: str, purpose: str) -> str:
    """The generated operation with a purpose stated."""
    return re.sub(
        r"^\s*(query|mutation)?\s*\{",
        lambda m: f'{m[1] or "query"} @access(purpose: {purpose}, reason: "r") {{',
        document,
    )


KEY: Final = re.compile(r'idempotencyKey:\s*"(?:[^"\\]|\\.)*"')
"""Seldom is a generated key one; behind the real vault a good one takes its place, so that the steps begin."""


class Answer(Protocol):
    """The part of an answer that both clients have."""

    @property
    def status_code(self) -> int: ...

    @property
    def text(self) -> str: ...

    def json(self) -> Any: ...


def harmless(answer: Answer, role: str) -> None:
    """No fault of ours, and nothing that this role may not see."""
    assert answer.status_code < 500
    codes = {e["extensions"]["code"] for e in answer.json().get("errors", [])}
    assert not codes & {"INTERNAL", "DAMAGED", "UNAVAILABLE"}, codes
    assert not [value for value in hidden_from(role) if value in answer.text]


def both_ways(document: str) -> tuple[str, str]:
    """The generated operation as it is, and with some purpose stated."""
    return document, with_purpose(document, random.Random(document).choice(PURPOSES))


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
@operations.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator]  (schemathesis declares none)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_no_operation_breaks_the_server_or_shows_what_the_role_may_not_see(case: Any, role: str) -> None:
    for body in both_ways(case.body):
        case.body = body
        harmless(case.call(headers={"authorization": f"Bearer {STAGE.bearers[role]}"}), role)


@pytest.mark.slow
@pytest.mark.parametrize("role", OTHER_ROLES)
@operations.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator]  (schemathesis declares none)
@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_no_other_role_of_the_policy_does_either(case: Any, role: str) -> None:
    for body in both_ways(case.body):
        case.body = body
        harmless(case.call(headers={"authorization": f"Bearer {STAGE.bearers[role]}"}), role)


class Elsewhere:
    """A loop in a thread of its own, where the pools of a real vault live while generated tests run here."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@dataclass(frozen=True)
class Real:
    """The same stage over the real vault."""

    there: Elsewhere
    stage: Stage

    def ask(self, document: str, role: str) -> Answer:
        """Send a generated operation, with the ids of this stage in place of those it was generated with."""
        for generated, mine in zip(STAGE.ids, self.stage.ids, strict=True):
            document = document.replace(str(generated), str(mine))
        document = KEY.sub(lambda _: f'idempotencyKey: "{key()}"', document)
        headers = {"authorization": f"Bearer {self.stage.bearers[role]}"}
        posted = self.stage.world.client.post("/graphql", json={"query": document}, headers=headers)
        return self.there.run(posted)


@asynccontextmanager
async def _real_stage(server: EmbeddedPostgres, keyring: Path) -> AsyncGenerator[Stage]:
    async with fresh_pair(server) as databases, home(databases, keyring) as kept:
        world = world_over(kept.vault, kept.clock, AppSettings(development=True))
        yield await _staged(world)
        await world.client.aclose()


@pytest.fixture(scope="module")
def real(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Generator[Real]:
    there = Elsewhere()
    staged = _real_stage(postgres, tmp_path_factory.mktemp("schemathesis") / "keyring")
    yield Real(there, there.run(staged.__aenter__()))
    there.run(staged.__aexit__(None, None, None))
    there.close()


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
@operations.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator]  (schemathesis declares none)
@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_nor_does_one_on_the_real_vault(case: Any, real: Real, role: str) -> None:
    for body in both_ways(case.body):
        harmless(real.ask(body, role), role)
