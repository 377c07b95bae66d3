"""`withdraw`: from the withdrawal of a consent, or of a token, to the first refusal elsewhere.

One house withdraws; another, as warm as it gets, reads the same person over and over: through the door (its caches),
over GraphQL (its loaders), and with a token that is revoked. Measured is the time from the acknowledgement to the end
of the first answer that refuses, which is itself on record. Checked is that no read that began after the
acknowledgement was given anything. The plain twin sets a flag in a table and reads with a join on another connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx2

from benchmarks.ground import Ground, Town, bearer, connect, principal, settled
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import median
from hvelv.app import AppSettings, create_app
from hvelv.house import now
from hvelv.population import Person
from policies.event import Consent
from policies.model import Access, Principal, SubjectId
from vault import Vault
from vault.errors import TokenRefused

WITHIN: Final = 0.05
WARM: Final = 3
NEWSLETTER: Final = Access("newsletter", None, "mailchimp")
OWN: Final = Access("self_service", None, "self")
ADDRESS: Final = frozenset({"person.email"})
DOCUMENT: Final = "query ($s: UUID!) @access(purpose: NEWSLETTER, recipient: MAILCHIMP) { customer(id: $s) { email } }"
PLAIN: Final = (
    "create table person (id uuid primary key, email text)",
    "create table consent (person uuid primary key references person, withdrawn boolean not null)",
)
Read = Callable[[], Awaitable[bool]]
Stop = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from the acknowledgement to the first refusal, and whether anything was given to who asked after it."""

    seconds: float
    late: bool


async def run(ground: Ground, results: Results) -> None:
    """Withdraw in turns, ours and plain, and add the figures."""
    rounds = ground.sizes.erasures
    async with ground.pair() as pair, ground.plain() as address, Vault(pair.house()) as vault:
        town = await settled(vault, 5 * rounds + 5)
        readers = [person for person in town.everybody if person.wants_newsletter][: 2 * rounds]
        async with Vault(pair.house()) as elsewhere:
            doors = [await _through_the_door(vault, elsewhere, person) for person in readers[:rounds]]
            loaders = await _over_graphql(vault, elsewhere, readers[rounds:])
            tokens = [await _with_a_token(vault, elsewhere, town) for _ in range(rounds)]
        plain = await _plainly(address, readers[:rounds])
    for name, lags in (("caches", doors), ("loaders", loaders), ("tokens", tokens), ("the plain twin", plain)):
        results.check(bool(lags) and not any(lag.late for lag in lags), f"withdraw: {name} gave something afterwards")
    theirs = median([lag.seconds for lag in plain])
    results.figures += [
        Figure(work=f"withdrawal to refusal, {name}", ours=median([lag.seconds for lag in lags]),
               other="set a flag, read with a join", theirs=theirs, against=Against.NATURAL, within=WITHIN)
        for name, lags in (("caches", doors), ("loaders", loaders), ("tokens", tokens))
    ]  # fmt: skip


async def lag_of(read: Read, stop: Stop) -> Lag:
    """Read over and over, stop it in between, and see when the first refusal comes."""
    acknowledged: float | None = None
    given: list[float] = []  # when reads began that were given something
    refused = 0.0

    async def reading() -> None:
        nonlocal refused
        while True:
            began = time.perf_counter()
            if not await read():
                refused = time.perf_counter()
                return
            given.append(began)
            await asyncio.sleep(0)

    task = asyncio.create_task(reading())
    while len(given) < WARM:
        await asyncio.sleep(0)
        if task.done():
            await task
            return Lag(0.0, late=True)  # it never opened: nothing was measured
    await stop()
    acknowledged = time.perf_counter()
    await task
    return Lag(max(refused - acknowledged, 0.0), late=any(began > acknowledged for began in given))


async def _through_the_door(vault: Vault, elsewhere: Vault, person: Person) -> Lag:
    service = await principal(vault.tokens, "newsletter")

    async def read() -> bool:
        return await _opens(elsewhere, service, person.subject)

    return await lag_of(read, await _withdrawal(vault, person))


async def _over_graphql(vault: Vault, elsewhere: Vault, people: Sequence[Person]) -> list[Lag]:
    token = (await bearer(vault.tokens, "newsletter")).reveal()
    transport = httpx2.ASGITransport(app=create_app(elsewhere, AppSettings()))
    lags: list[Lag] = []
    async with httpx2.AsyncClient(transport=transport, base_url="http://hvelv.example") as client:
        for person in people:
            body: dict[str, Any] = {"query": DOCUMENT, "variables": {"s": str(person.subject)}}

            async def read(sent: dict[str, Any] = body, wanted: str = person.email) -> bool:
                answer = await client.post("/graphql", json=sent, headers={"authorization": f"Bearer {token}"})
                customer: Any = answer.json()["data"]["customer"]
                return customer is not None and bool(customer["email"] == wanted)

            lags.append(await lag_of(read, await _withdrawal(vault, person)))
    return lags


async def _with_a_token(vault: Vault, elsewhere: Vault, town: Town) -> Lag:
    service = await principal(vault.tokens, "newsletter")
    person = next(each for each in reversed(town.everybody) if each.wants_newsletter)

    async def read() -> bool:
        try:
            return await _opens(elsewhere, service, person.subject)
        except TokenRefused:
            return False

    async def stop() -> None:
        await vault.tokens.revoke(service.token)

    return await lag_of(read, stop)


async def _plainly(address: str, people: Sequence[Person]) -> list[Lag]:
    writer, reader = await connect(address), await connect(address)
    for statement in PLAIN:
        await writer.execute(statement)
    await writer.copy_records_to_table("person", records=[(person.subject, person.email) for person in people])
    await writer.copy_records_to_table("consent", records=[(person.subject, False) for person in people])
    lags = [await _plain_lag(writer, reader, person.subject) for person in people]
    await writer.close()
    await reader.close()
    return lags


async def _plain_lag(writer: Any, reader: Any, person: UUID) -> Lag:
    query = "select email from person join consent on person = id where id = $1 and not withdrawn"

    async def read() -> bool:
        return await reader.fetchval(query, person) is not None

    async def stop() -> None:
        await writer.execute("update consent set withdrawn = true where person = $1", person)

    return await lag_of(read, stop)


async def _opens(vault: Vault, who: Principal, subject: SubjectId) -> bool:
    return bool((await vault.open(who, NEWSLETTER, [subject], ADDRESS)).records)


async def _withdrawal(vault: Vault, person: Person) -> Stop:
    me = await principal(vault.tokens, "self", subject=person.subject)

    async def stop() -> None:
        said = Consent(
            subject=person.subject, name="marketing", given=False, policy_digest=vault.policy.digest, at=now()
        )
        await vault.seal(me, OWN, (), (said,))

    return stop
