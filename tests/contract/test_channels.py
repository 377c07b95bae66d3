"""What every channel that keeps messages guarantees: Zendesk and Smooch, each over TLS to a stand-in of itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import pytest
from channel_standins import SmoochStandIn, ZendeskStandIn
from https_standin import Answering, Asked, Reply, StandIn, standin, trust

from outreach.channels import Smooch, Zendesk
from outreach.errors import SystemFailed
from outreach.fanout import Found
from outreach.https import Https
from vault.request import Secret

KARI, OLA = UUID(int=11, version=4), UUID(int=12, version=4)


class Keeper(Protocol):
    async def store(self, alias: UUID, text: Secret[str]) -> None: ...
    async def search(self, alias: UUID) -> Sequence[Found]: ...
    async def erase(self, alias: UUID) -> None: ...


class Keeping(Protocol):
    @property
    def left(self) -> str: ...


@dataclass
class World:
    channel: Keeper
    server: StandIn
    keeping: Keeping

    async def texts(self, alias: UUID) -> list[str]:
        return [each.text.reveal() for each in await self.channel.search(alias)]


@pytest.fixture(params=["zendesk", "smooch"])
async def world(request: pytest.FixtureRequest) -> AsyncGenerator[World]:
    keeping: ZendeskStandIn | SmoochStandIn = ZendeskStandIn() if request.param == "zendesk" else SmoochStandIn()
    answer: Answering = keeping
    with standin(answer) as server:
        headers = {"authorization": Secret("Bearer channel-token")}
        client = Https(request.param, server.address, headers=headers, trust=trust(), seconds=0.5)
        channel = Zendesk(client) if request.param == "zendesk" else Smooch(client, app="app1")
        yield World(channel, server, keeping)
        await client.close()


@pytest.mark.clause("COM-04")
async def test_what_was_stored_of_one_person_is_found_and_nothing_of_another(world: World) -> None:
    for number in range(5):
        await world.channel.store(KARI, Secret(f"melding {number} på ås"))
    await world.channel.store(OLA, Secret("en annens"))
    assert await world.texts(KARI) == [f"melding {number} på ås" for number in range(5)]
    assert await world.texts(OLA) == ["en annens"]
    assert await world.texts(UUID(int=13, version=4)) == []


@pytest.mark.clause("COM-03", "COM-04")
async def test_what_is_erased_is_nowhere_and_erasing_again_succeeds(world: World) -> None:
    for alias, text in ((KARI, "takk"), (KARI, "hei"), (OLA, "en annens")):
        await world.channel.store(alias, Secret(text))
    for _ in range(2):
        await world.channel.erase(KARI)
    assert str(KARI) not in world.keeping.left
    assert "takk" not in world.keeping.left
    assert await world.texts(OLA) == ["en annens"]


async def test_whoever_was_never_there_is_erased_already(world: World) -> None:
    await world.channel.erase(KARI)


@pytest.mark.parametrize("steps", range(10))
async def test_an_erasure_cut_off_anywhere_is_finished_by_the_next(world: World, steps: int) -> None:
    await world.channel.store(KARI, Secret("takk"))
    answer, limit = world.server.answer, len(world.server.asked) + steps

    def failing(asked: Asked) -> Reply:
        return Reply(500) if len(world.server.asked) > limit else answer(asked)

    world.server.answer = failing
    with suppress(SystemFailed):
        await world.channel.erase(KARI)
    world.server.answer = answer
    await world.channel.erase(KARI)
    assert str(KARI) not in world.keeping.left


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(429), "throttled"),
        (Reply(500), "broken"),
        (Reply(200, [1]), "unreadable"),
        (Reply(200, {}), "unreadable"),
    ],
    ids=["429", "500", "a list", "nothing of it"],
)
async def test_a_channel_that_fails_says_so_in_one_word(world: World, reply: Reply, why: str) -> None:
    world.server.replies = [reply]
    with pytest.raises(SystemFailed) as failed:
        await world.channel.search(KARI)
    assert failed.value.why == why


async def test_a_person_is_known_by_an_alias_and_by_no_address(world: World) -> None:
    await world.channel.store(KARI, Secret("hei"))
    assert b"@" not in world.server.received
