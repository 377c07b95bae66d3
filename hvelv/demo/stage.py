"""What the story needs around it: a database, a keyring, a vault, a server on the loopback interface, and tokens."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from uuid import UUID

from hvelv.app import METER_READINGS, AppSettings, create_app, deliveries_into
from hvelv.deputy import Deputy
from hvelv.embedded import EmbeddedPostgres
from hvelv.house import addresses, house, now, read_policy
from hvelv.installing import install
from hvelv.registers import stand_in_registers
from hvelv.serving import free_port, served
from hvelv.settings import Addresses, Settings
from hvelv.standins.registers import TOKEN, StandInRegisters, registers
from identity.issuing import InsecureDevelopment, issue_token
from identity.specs import LONGEST
from policies.model import PolicySet, Principal
from vault import House, Vault
from vault.request import Secret
from vault.tokens import TokenSpec

OWNER: Final = "hvelv_owner"


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer."""

    data: Mapping[str, Any]
    errors: list[Mapping[str, Any]]

    def withheld(self) -> dict[str, str]:
        """Fields withheld and their rules."""
        found: dict[str, str] = {}
        for error in self.errors:
            more = error.get("extensions", {})
            if more.get("code") == "WITHHELD":
                found[str(more.get("field"))] = str(more.get("rule", "not shown"))
        return found

    def codes(self) -> list[str]:
        """The codes of all errors."""
        return [str(error.get("extensions", {}).get("code")) for error in self.errors]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a bearer token at the other end of HTTP."""

    name: str
    url: str
    bearer: Secret[str]

    async def ask(self, query: str, **variables: object) -> Answer:
        """One request. The document is text, the values travel as variables."""
        return await asyncio.to_thread(self._ask, query, variables)

    async def deliver(self, body: bytes) -> Delivered:
        """Readings, as a grid company sends them."""
        return await asyncio.to_thread(self._deliver, body)

    def _deliver(self, body: bytes) -> Delivered:
        headers = {"authorization": f"Bearer {self.bearer.reveal()}"}
        request = urllib.request.Request(f"{self.url}{METER_READINGS}", body, headers)  # noqa: S310  the loopback server above
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  the same
                return Delivered(response.status, json.load(response))
        except HTTPError as error:
            return Delivered(error.code, json.load(error))

    def _ask(self, query: str, variables: Mapping[str, object]) -> Answer:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.bearer.reveal()}"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)  # noqa: S310  the loopback server above
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  the same
                said = json.load(response)
        except HTTPError as error:
            said = json.load(error)
        return Answer(said.get("data") or {}, said.get("errors") or [])


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery of readings was answered."""

    status: int
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running house."""

    settings: Settings
    policy: PolicySet
    server: EmbeddedPostgres
    vault: Vault
    sweeper: House
    url: str
    registers: StandInRegisters

    async def caller(
        self,
        name: str,
        *roles: str,
        recipient: str | None = None,
        purpose: str | None = None,
        account: UUID | None = None,
        second_factor: bool = True,
    ) -> Caller:
        """A caller with a fresh token, handed out by the development installation, on record."""
        kind = self.policy.roles[roles[0]].kind
        spec = TokenSpec(
            account=account or uuid.uuid4(),
            roles=frozenset(roles),
            lifetime=min(LONGEST[kind], timedelta(hours=8)),
            recipient=recipient,
            purpose=purpose,
            second_factor=second_factor,
        )
        issued = await issue_token(self.vault, spec, InsecureDevelopment())
        return Caller(name, self.url, issued.secret)

    async def principal(self, caller: Caller) -> Principal:
        """Who a caller is, for the jobs that run inside."""
        return await self.vault.tokens.resolve(caller.bearer)

    def owner(self, database: str) -> str:
        """The owner's address of a database on this server."""
        return self.server.dsn(OWNER, database)

    def house_over(self, control: str, contents: str) -> House:
        """A house over other databases of this server, with the live keyring and nothing cached."""
        where = Addresses(self.server.dsn("hvelv_app", control), self.server.dsn("hvelv_app", contents))
        return house(self.settings, self.policy, where)


@asynccontextmanager
async def stage(settings: Settings, server: EmbeddedPostgres) -> AsyncGenerator[Stage, None]:
    """A vault over the embedded databases, served over HTTP on a free loopback port."""
    await install(settings)
    policy = read_policy(settings)
    sweeper = house(settings, policy, addresses(settings, server, "sweeper"))
    await sweeper.start()
    try:
        known = StandInRegisters()
        async with (
            Vault(house(settings, policy, addresses(settings, server, "app"))) as vault,
            registers(known) as register_url,
            stand_in_registers(register_url, TOKEN) as asked,
        ):
            deliveries = deliveries_into(vault, Deputy(vault, settings), now)
            app = create_app(vault, AppSettings(development=True), clock=now, registers=asked, deliveries=deliveries)
            async with served(app, "127.0.0.1", free_port()) as url:
                yield Stage(settings, policy, server, vault, sweeper, url, known)
    finally:
        await sweeper.stop()


def data_files(home: Path) -> list[Path]:
    """Every file of the cluster, write-ahead log included."""
    return [Path(folder) / name for folder, _, names in os.walk(home) for name in names]
