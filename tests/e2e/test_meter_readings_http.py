"""Grid companies deliver over HTTP: who may, how much at once, and that memory does not grow with the body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from databases import fresh_pair
from deliveries import jsonl
from nabostrom_world import SERVICE, PowerCase
from starlette.applications import Starlette
from vault_house import Home, home

from hvelv.app import AppSettings, create_app, deliveries_into
from hvelv.embedded import EmbeddedPostgres
from ingest.endpoint import Deliveries
from policies.model import Principal
from policies.oslo import midnight
from vault.tokens import TokenSpec

pytestmark = pytest.mark.slow

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
POINT = "707057500000000018"
DAY = jsonl(POINT, midnight(date(2026, 6, 1)), [5] * 24, registered=NOW - timedelta(days=20))


@dataclass
class Counter:
    """The application and who delivers to it."""

    at_home: Home
    app: Starlette
    client: httpx2.AsyncClient
    deliveries: Deliveries

    async def bearer(self, role: str = "grid_company", purpose: str | None = "meter_delivery") -> str:
        rule = self.at_home.vault.policy.roles[role]
        spec = TokenSpec(
            account=self.at_home.ids(), roles=frozenset({role}), lifetime=timedelta(minutes=5),
            recipient=rule.recipient, purpose=purpose, second_factor=rule.second_factor,
        )  # fmt: skip
        _, secret = await self.at_home.vault.tokens.issue(spec)
        return secret.reveal()

    async def send(self, body: bytes | AsyncIterator[bytes], bearer: str | None, **headers: str) -> httpx2.Response:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer is not None:
            said["authorization"] = f"Bearer {bearer}"
        return await self.client.post("/meter-readings", content=body, headers=said)


@asynccontextmanager
async def counter_over(server: EmbeddedPostgres, keyring: Path) -> AsyncGenerator[Counter]:
    async with fresh_pair(server) as databases, home(databases, keyring) as at_home:
        at_home.clock.set(NOW)
        await PowerCase(at_home.vault, at_home.clock, at_home.ids).until_started(date(2026, 1, 1))

        async def service() -> Principal:
            return await at_home.principal(*SERVICE)

        deliveries = deliveries_into(at_home.vault, service, at_home.clock)
        app = create_app(at_home.vault, AppSettings(), clock=at_home.clock, deliveries=deliveries)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hvelv.example") as client:
            yield Counter(at_home, app, client, deliveries)


@pytest.fixture
async def counter(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[Counter]:
    async with counter_over(postgres, tmp_path / "keys") as made:
        yield made


@pytest.mark.clause("NAB-12")
async def test_a_delivery_is_taken_reported_and_known_when_it_comes_again(counter: Counter) -> None:
    bearer = await counter.bearer()
    first = await counter.send(DAY, bearer)
    assert (first.status_code, first.json()["outcome"], first.json()["accepted"]) == (200, "taken", 24)
    again = (await counter.send(DAY, bearer)).json()
    assert (again["outcome"], again["accepted"], again["duplicate"]) == ("taken", 0, 24)
    assert POINT not in first.text


async def test_no_token_a_strangers_and_one_for_something_else_deliver_nothing(counter: Counter) -> None:
    assert (await counter.send(DAY, None)).status_code == 401
    assert (await counter.send(DAY, "hv_nobody")).status_code == 401
    for role, purpose in (("grid_company", "grid_registration"), ("bank", "loan_application"), ("meter_ingest", None)):
        assert (await counter.send(DAY, await counter.bearer(role, purpose))).status_code == 403
    assert (await counter.client.get("/meter-readings")).status_code == 405


async def test_too_much_and_nonsense_are_refused_by_name(counter: Counter) -> None:
    bearer = await counter.bearer()
    counter.deliveries.longest = 1000
    assert (await counter.send(b"{" + b" " * 2000, bearer)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"{" + b" " * 500

    assert (await counter.send(endless(), bearer)).status_code == 413
    refused = await counter.send(b"Dear Hvelv,", bearer)
    assert (refused.status_code, refused.json()["outcome"]) == (200, "refused")
    assert (await counter.send(DAY, bearer, metering_point="707057500000000019")).status_code == 422


async def test_one_delivery_of_an_account_at_a_time_and_the_second_is_told_when_to_come(counter: Counter) -> None:
    bearer, going, finish = await counter.bearer(), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield DAY
        going.set()
        await finish.wait()

    first = asyncio.create_task(counter.send(slow(), bearer))
    await asyncio.wait_for(going.wait(), 10)
    second = await counter.send(DAY, bearer)
    assert (second.status_code, second.headers["retry-after"]) == (429, "5")
    counter.deliveries.at_once = 1
    assert (await counter.send(DAY, await counter.bearer())).status_code == 429
    finish.set()
    assert (await first).json()["accepted"] == 24
    assert (await counter.send(DAY, bearer)).status_code == 200


async def test_a_body_that_stops_coming_is_given_up_and_its_place_is_free_again(counter: Counter) -> None:
    bearer = await counter.bearer()
    counter.deliveries.slowest_seconds = 0.2

    async def stuck() -> AsyncIterator[bytes]:
        yield DAY[:50]
        await asyncio.sleep(5)

    assert (await counter.send(stuck(), bearer)).status_code == 408
    assert counter.deliveries.busy == set()
    assert (await counter.send(DAY, bearer)).json()["accepted"] == 24
