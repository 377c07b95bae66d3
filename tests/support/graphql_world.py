"""Cases behind the GraphQL application: bearers for everybody, and a client that asks in their name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final, Protocol
from uuid import UUID

import httpx2
from determinism import SeededIds, VirtualClock
from fake_doors import FakeDoors
from fake_vault import FakeVault
from memory_addresses import MemoryAddresses
from nabostrom_world import PowerCase
from shipped_policy import shipped
from solstrom_world import Case
from starlette.applications import Starlette

from hvelv.app import AppSettings, create_app
from hvelv.roofs import Roofs
from hvelv.standins.direct import DirectPersons, DirectPoints
from policies.model import SubjectId
from resolvers.house import Registers, Vault
from vault.request import Secret
from vault.tokens import TokenSpec

RESPONSE: Final = "application/graphql-response+json"
HOUR: Final = timedelta(hours=1)


class Issuer(Protocol):
    """Where bearers come from."""

    async def issue(self, spec: TokenSpec, /) -> tuple[Any, Secret[str]]: ...


@dataclass(slots=True)
class Answered:
    """An HTTP answer, taken apart."""

    status: int
    body: dict[str, Any]
    text: str
    headers: Mapping[str, str]

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body.get("errors", [])
        return found

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def rules(self) -> set[tuple[str, str | None]]:
        """The (field, rule) of every `WITHHELD`."""
        found = [e["extensions"] for e in self.errors if e["extensions"]["code"] == "WITHHELD"]
        return {(each["field"], each.get("rule")) for each in found}


@dataclass
class World:
    """An application over a vault, and a case to ask about."""

    vault: Vault
    clock: VirtualClock
    case: Case
    app: Starlette
    client: httpx2.AsyncClient
    power: PowerCase
    addresses: MemoryAddresses
    bearers: dict[str, str] = field(default_factory=dict)
    ids: SeededIds = field(default_factory=lambda: SeededIds("graphql"))

    async def bearer(self, role: str, *, subject: UUID | None = None, purpose: str | None = None) -> str:
        """A token of this role. Staff share the account under which `Case` assigns to the role."""
        key = f"{role} {subject} {purpose}"
        if key not in self.bearers:
            rule = self.vault.policy.roles[role]
            known = self.case.people.get(role)
            spec = TokenSpec(
                account=known.account if known else self.ids(),
                roles=frozenset({role}),
                lifetime=HOUR,
                subject=None if subject is None else SubjectId(subject),
                recipient=rule.recipient,
                purpose=purpose,
                second_factor=True,
            )
            _, secret = await self.vault.tokens.issue(spec)
            self.bearers[key] = secret.reveal()
        return self.bearers[key]

    async def ask(
        self,
        document: str,
        bearer: str | None = None,
        *,
        accept: str = "application/json",
        headers: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> Answered:
        """Send one request."""
        sent = {"accept": accept, **({"authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
        body: dict[str, Any] = {"query": document}
        if variables:
            body["variables"] = {name: str(v) if isinstance(v, UUID) else v for name, v in variables.items()}
        answer = await self.client.post("/graphql", json=body, headers=sent)
        answered = Answered(answer.status_code, answer.json(), answer.text, dict(answer.headers))
        assert not {"INTERNAL", "DAMAGED"} & set(answered.codes), answered.text
        return answered

    async def me(self, document: str, **variables: Any) -> Answered:
        """Ask as the customer of the case."""
        return await self.ask(document, await self.bearer("self", subject=self.case.subject), **variables)


def fake_vault() -> FakeVault:
    """An empty vault in memory, under the shipped policy."""
    return FakeVault(FakeDoors(shipped(), VirtualClock()))


def world_over(vault: Vault, clock: VirtualClock, settings: AppSettings | None = None) -> World:
    """An application over a vault."""
    power = PowerCase(vault, clock, SeededIds("power"))
    registers = Registers(points=DirectPoints(power.registers), persons=DirectPersons(power.registers))
    settings = settings or AppSettings()
    known = MemoryAddresses()
    app = create_app(
        vault, settings, clock=clock, ids=SeededIds("application"), registers=registers, solar=Roofs(known)
    )
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hvelv.example")
    case = Case(vault, clock, SeededIds("case"))
    return World(vault=vault, clock=clock, case=case, app=app, client=client, power=power, addresses=known)


def fake_world(settings: AppSettings | None = None) -> World:
    """The same over a fresh fake."""
    vault = fake_vault()
    return world_over(vault, vault.doors.clock, settings)


AUDITOR: Final = f"hv_{1:043d}"
"""The bearer that `audited` accepts: the first of a fresh fake."""


def audited() -> Starlette:
    """An application with one token, a developer's; for a server in a process of its own."""
    world = fake_world()
    assert asyncio.run(world.bearer("developer")) == AUDITOR
    return world.app


_keys = count(1)


def key() -> str:
    """A fresh idempotency key."""
    return f"request-{next(_keys):08d}"
