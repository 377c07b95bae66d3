"""What every store of tokens guarantees: the table on PostgreSQL, and the one in memory that other tests use."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import pytest
from databases import fresh_pair
from determinism import SeededEntropy, VirtualClock
from identity_house import MemoryTokens

from hvelv.embedded import EmbeddedPostgres
from policies.model import Principal, SubjectId, TokenId
from vault.errors import TokenRefused, Unknown
from vault.request import Secret
from vault.storage.engine import Database
from vault.tokens import Tokens, TokenSpec

HOUR = timedelta(hours=1)
ADA, BO = UUID(int=1), UUID(int=2)
SUBJECT, OTHER = SubjectId(UUID(int=11)), SubjectId(UUID(int=12))


class Store(Protocol):
    async def issue(self, spec: TokenSpec) -> tuple[TokenId, Secret[str]]: ...
    async def resolve(self, secret: Secret[str]) -> Principal: ...
    async def revoke(self, token: TokenId) -> None: ...
    async def revoke_account(self, account: UUID) -> int: ...
    async def revoke_subject(self, subject: SubjectId) -> int: ...


@dataclass
class World:
    store: Store
    wait: Callable[[timedelta], object]


@pytest.fixture(params=["memory", pytest.param("table", marks=pytest.mark.slow)])
async def world(request: pytest.FixtureRequest) -> AsyncGenerator[World, None]:
    if request.param == "memory":
        store = MemoryTokens()

        def wait(duration: timedelta) -> None:
            store.now += duration

        yield World(store, wait)
        return
    # not asked for by every test of this module: only the table needs a server
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    async with fresh_pair(server) as databases:
        database = Database("control", databases.control)
        await database.open_pool(size=2)
        clock = VirtualClock()
        yield World(Tokens(database, entropy=SeededEntropy(request.node.nodeid), clock=clock), clock.advance)
        await database.close()


def spec(account: UUID = ADA, subject: SubjectId | None = None) -> TokenSpec:
    return TokenSpec(account=account, roles=frozenset({"self", "other"}), lifetime=HOUR, subject=subject)


async def refused(store: Store, secret: Secret[str]) -> str:
    with pytest.raises(TokenRefused) as caught:
        await store.resolve(secret)
    return str(caught.value)


async def test_a_token_resolves_to_the_principal_it_was_issued_for(world: World) -> None:
    whole = TokenSpec(
        account=ADA,
        roles=frozenset({"bank", "bank_clerk"}),
        lifetime=HOUR,
        subject=SUBJECT,
        recipient="bank",
        purpose="loan_application",
        second_factor=True,
    )
    token, secret = await world.store.issue(whole)
    who = await world.store.resolve(secret)
    assert (who.token, who.account, who.roles) == (token, ADA, frozenset({"bank", "bank_clerk"}))
    assert (who.subject, who.recipient, who.purpose) == (SUBJECT, "bank", "loan_application")
    assert who.second_factor


async def test_a_secret_is_the_prefix_and_43_characters_and_no_two_are_equal(world: World) -> None:
    secrets = [(await world.store.issue(spec()))[1].reveal() for _ in range(20)]
    assert len(set(secrets)) == 20
    assert {(text[:3], len(text)) for text in secrets} == {("hv_", 46)}


async def test_a_token_expires_at_its_instant_and_not_before(world: World) -> None:
    _, secret = await world.store.issue(spec())
    world.wait(HOUR - timedelta(microseconds=1))
    await world.store.resolve(secret)
    world.wait(timedelta(microseconds=1))
    await refused(world.store, secret)


async def test_a_revoked_token_is_refused_at_once_and_others_are_not(world: World) -> None:
    token, secret = await world.store.issue(spec())
    _, other = await world.store.issue(spec())
    await world.store.revoke(token)
    await world.store.revoke(token)
    await refused(world.store, secret)
    await world.store.resolve(other)


async def test_revoking_what_never_was_says_so(world: World) -> None:
    with pytest.raises(Unknown):
        await world.store.revoke(TokenId(UUID(int=404)))


async def test_an_account_and_a_subject_lose_all_their_tokens_and_only_those(world: World) -> None:
    _, adas = await world.store.issue(spec(ADA, SUBJECT))
    _, bos = await world.store.issue(spec(BO, SUBJECT))
    _, others = await world.store.issue(spec(BO, OTHER))
    assert await world.store.revoke_account(ADA) == 1
    assert await world.store.revoke_account(ADA) == 0
    await refused(world.store, adas)
    assert await world.store.revoke_subject(SUBJECT) == 1
    await refused(world.store, bos)
    await world.store.resolve(others)


async def test_every_bad_bearer_gets_the_same_answer(world: World) -> None:
    token, revoked = await world.store.issue(spec())
    _, live = await world.store.issue(spec())
    await world.store.revoke(token)
    text = live.reveal()
    bad = [
        revoked.reveal(),
        text[:-1],
        text + "A",
        text.removeprefix("hv_"),
        text.swapcase(),
        "",
        "hv_",
        "hv_" + "A" * 43,
        "x" * 100_000,
        "\udcff\x00",
        "' OR 1=1 --",
    ]
    assert len({await refused(world.store, Secret(each)) for each in bad}) == 1
