"""The token table on PostgreSQL: what it knows, how it is listed, who may race."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from databases import Databases
from determinism import SeededEntropy, VirtualClock

from policies.model import SubjectId, TokenId
from vault.errors import TokenRefused, VaultError
from vault.request import MAX_PAGE
from vault.storage.engine import Database
from vault.tokens import Tokens, TokenSpec

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
ADA, BO = UUID(int=1), UUID(int=2)


@pytest.fixture
async def control(databases: Databases) -> AsyncGenerator[Database, None]:
    database = Database("control", databases.control)
    await database.open_pool(size=4)
    yield database
    await database.close()


@pytest.fixture
def tokens(control: Database, entropy: SeededEntropy, clock: VirtualClock) -> Tokens:
    return Tokens(control, entropy=entropy, clock=clock)


def spec(account: UUID = ADA, *, lifetime: timedelta = HOUR) -> TokenSpec:
    return TokenSpec(account=account, roles=frozenset({"advisor"}), lifetime=lifetime)


async def test_the_table_knows_the_hash_of_a_secret_and_not_the_secret(control: Database, tokens: Tokens) -> None:
    _, secret = await tokens.issue(spec())
    row = await control.fetchrow("select secret_hash, token::text as everything from token")
    assert row["secret_hash"] == sha256(secret.reveal().encode()).digest()
    assert secret.reveal()[3:] not in row["everything"]


async def test_a_list_pages_through_all_tokens_newest_first_and_once_each(tokens: Tokens, clock: VirtualClock) -> None:
    made: list[TokenId] = []
    for number in range(7):
        made.append((await tokens.issue(spec()))[0])
        if number % 2:
            clock.advance(timedelta(seconds=1))
    seen: list[TokenId] = []
    after: TokenId | None = None
    while True:
        page = await tokens.list(first=3, after=after)
        seen += [row.id for row in page.rows]
        if not page.more:
            break
        after = page.rows[-1].id
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))
    assert seen[0] == made[-1]


async def test_a_list_may_be_of_one_account_and_of_live_tokens_only(tokens: Tokens, clock: VirtualClock) -> None:
    short, _ = await tokens.issue(spec(lifetime=timedelta(minutes=1)))
    gone, _ = await tokens.issue(spec())
    live, _ = await tokens.issue(spec())
    other, _ = await tokens.issue(spec(BO))
    await tokens.revoke(gone)
    clock.advance(timedelta(minutes=1))
    assert {row.id for row in (await tokens.list(account=ADA)).rows} == {short, gone, live}
    assert {row.id for row in (await tokens.list(live=True)).rows} == {live, other}
    assert [row.id for row in (await tokens.list(account=BO, live=True)).rows] == [other]


@pytest.mark.parametrize("asked", [-1, 0, 10_000])
async def test_a_page_is_never_empty_for_its_size_nor_longer_than_the_longest(tokens: Tokens, asked: int) -> None:
    for _ in range(MAX_PAGE + 1):
        await tokens.issue(spec())
    assert len((await tokens.list(first=asked)).rows) == (1 if asked < 1 else MAX_PAGE)


async def test_a_listed_token_says_who_answers_for_it(tokens: Tokens, clock: VirtualClock) -> None:
    subject = SubjectId(UUID(int=11))
    whole = TokenSpec(
        account=ADA,
        roles=frozenset({"self"}),
        lifetime=HOUR,
        subject=subject,
        issued_by=UUID(int=3),
        approved_by=UUID(int=4),
    )
    token, _ = await tokens.issue(whole)
    await tokens.revoke(token)
    (row,) = (await tokens.list()).rows
    assert (row.issued_by, row.approved_by, row.subject) == (UUID(int=3), UUID(int=4), subject)
    assert row.expires_at - row.issued_at == HOUR
    assert row.revoked_at == clock()


async def test_revoking_twice_keeps_the_first_time(tokens: Tokens, clock: VirtualClock) -> None:
    token, _ = await tokens.issue(spec())
    await tokens.revoke(token)
    first = (await tokens.list()).rows[0].revoked_at
    clock.advance(HOUR)
    await tokens.revoke(token)
    assert (await tokens.list()).rows[0].revoked_at == first


async def test_many_revocations_of_one_account_at_once_neither_fail_nor_count_twice(tokens: Tokens) -> None:
    secrets = [(await tokens.issue(spec()))[1] for _ in range(30)]
    assert sum(await asyncio.gather(*(tokens.revoke_account(ADA) for _ in range(8)))) == 30
    for secret in secrets:
        with pytest.raises(TokenRefused):
            await tokens.resolve(secret)


async def test_a_database_that_is_gone_is_named_so_and_nothing_resolves(control: Database, tokens: Tokens) -> None:
    _, secret = await tokens.issue(spec())
    await control.close()
    with pytest.raises(VaultError, match="does not answer") as caught:
        await tokens.resolve(secret)
    assert secret.reveal() not in repr(caught.value)
