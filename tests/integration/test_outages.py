"""What the vault depends on goes away: a clear error, nothing opened, and it comes back without anybody's help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from behind import execute, roll, row_counts, sweepers, value
from databases import QUICK, Databases, fresh_pair, private_server
from determinism import SeededEntropy, VirtualClock
from people import People, email
from transit_standin import TOKEN, InsecureTransitStandIn, TransitKey
from vault_house import NOON, build_house, home, shipped_policy

from policies.values import NationalIds
from vault import House, Vault
from vault.errors import Misconfigured, Unavailable
from vault.keys.local_keyring import LocalKeyring
from vault.keys.roll import Roll
from vault.keys.transit import Transit, TransitSettings
from vault.request import Secret
from vault.storage.engine import Database

pytestmark = pytest.mark.slow


async def until_served(people: People, person: Any) -> None:
    for _ in range(50):
        try:
            assert (await people.own(person))["person.email"] == email(person.number)
        except Unavailable:
            await asyncio.sleep(0.1)
        else:
            return
    pytest.fail("the vault did not come back")


async def test_a_database_restarted_in_the_middle_of_requests_opens_nothing_and_comes_back(  # noqa: PLR0915  (one outage, from its first request to the last)
    tmp_path: Path,
) -> None:
    # the connection that would drop the databases dies with the server, which is removed as a whole
    with private_server(QUICK) as server, suppress(asyncpg.InterfaceError):
        async with fresh_pair(server) as databases, home(databases, tmp_path / "keys") as at_home:
            people = People(at_home)
            person = await people.customer()
            stored = await row_counts(databases)
            reads = [asyncio.create_task(people.own(person)) for _ in range(40)]
            writes = [asyncio.create_task(people.lead()) for _ in range(10)]
            await asyncio.sleep(0.01)
            await asyncio.to_thread(server.stop, immediate=True)
            answers: list[object] = [*await asyncio.gather(*reads, *writes, return_exceptions=True)]
            assert {type(each) for each in answers if isinstance(each, BaseException)} <= {Unavailable}
            with pytest.raises(Unavailable) as down:
                await people.own(person)
            assert "sqlstate" in str(down.value)
            with pytest.raises(Unavailable):
                await people.lead()
            await asyncio.to_thread(server.start)
            await until_served(people, person)
            done = sum(not isinstance(each, BaseException) for each in answers[40:])
            subjects = await row_counts(databases)
            assert subjects["subject"] >= stored["subject"] + done
            await asyncio.sleep(1.5)
            held = "select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock'"
            assert await value(databases, held) == 1
            assert not (await roll(at_home)).waited_in_vain
            await until_served(people, person)


@pytest.fixture
def standin() -> Iterator[InsecureTransitStandIn]:
    with InsecureTransitStandIn(keys={"hvelv": TransitKey()}).serving() as serving:
        yield serving


def over_transit(databases: Any, standin: InsecureTransitStandIn, clock: VirtualClock, seed: str) -> House:
    settings = TransitSettings(address=standin.address, token=Secret(TOKEN), key="hvelv", timeout_seconds=2)
    return House(
        policy=shipped_policy(),
        control=Database("control", databases.control),
        contents=Database("contents", databases.contents),
        key_service=Transit(settings),
        clock=clock,
        entropy=SeededEntropy(seed),
        national_ids=NationalIds.SYNTHETIC,
    )


async def test_a_vault_over_transit_starts_with_one_call_and_rolls(
    databases: Databases, standin: InsecureTransitStandIn
) -> None:
    clock = VirtualClock(NOON)
    house = over_transit(databases, standin, clock, "transit")
    await house.found()
    async with Vault(house):
        assert house.keys.service_calls == 1
        rolling = over_transit(sweepers(databases), standin, clock, "sweeper")
        await rolling.start()
        try:
            assert (await Roll(rolling, wait_seconds=5).run()).new == 2
        finally:
            await rolling.stop()


@pytest.mark.parametrize("trouble", ["gone", "sealed", "slow", "partial"])
async def test_a_key_service_in_trouble_lets_nobody_start_or_roll_and_hinders_nobody_afterwards(
    databases: Databases, standin: InsecureTransitStandIn, trouble: str
) -> None:
    clock = VirtualClock(NOON)
    house = over_transit(databases, standin, clock, "transit")
    await house.found()
    rolling = over_transit(sweepers(databases), standin, clock, "sweeper")
    await rolling.start()
    try:
        _trouble(standin, trouble, on=True)
        with pytest.raises(Unavailable):
            await house.start()
        await house.stop()
        with pytest.raises(Unavailable):
            await Roll(rolling, wait_seconds=5).run()
        _trouble(standin, trouble, on=False)
        assert (await Roll(rolling, wait_seconds=5).run()).new == 2
    finally:
        await rolling.stop()
    async with Vault(house) as vault:
        assert vault.policy.fields


def _trouble(standin: InsecureTransitStandIn, trouble: str, *, on: bool) -> None:
    if trouble == "gone":
        standin.gone = on
    elif trouble == "sealed":
        standin.sealed = on
    elif trouble == "slow":
        standin.delay_seconds = 5.0 if on else 0.0
    else:
        standin.drop_results = int(on)


class Partial:
    """A key service that answers `unwrap` as told."""

    def __init__(self, real: LocalKeyring) -> None:
        self._real = real
        self.failing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        if self.failing:
            raise Unavailable("the key service answered part of a batch")
        return await self._real.unwrap(items)


async def test_a_process_whose_key_service_fails_during_a_roll_reads_on_and_catches_up(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.customer()
        house = build_house(databases, at_home.keyring, at_home.clock, seed="partial")
        service = Partial(LocalKeyring(at_home.keyring, SeededEntropy("partial")))
        stand_in: Any = service
        house.key_service = stand_in
        house.keys._service = stand_in  # pyright: ignore[reportPrivateUsage]  (it was given the one before)
        async with Vault(house) as vault:
            await people.own(person, vault=vault)
            service.failing = True
            await roll(at_home, wait_seconds=0.3)
            with pytest.raises(Unavailable):
                await people.own(person, vault=vault)
            service.failing = False
            assert (await people.own(person, vault=vault))["person.email"] == email(person.number)


async def test_a_missing_key_directory_is_named_with_its_setting(databases: Databases, tmp_path: Path) -> None:
    house = build_house(databases, tmp_path / "nowhere", VirtualClock(NOON))
    with pytest.raises(Misconfigured, match="HVELV_KEYRING_DIR"):
        await house.start()
    with pytest.raises(Misconfigured, match="HVELV_KEYRING_DIR"):
        await house.found()


async def test_a_vault_that_was_never_founded_says_what_to_run(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    house = build_house(databases, tmp_path / "keys", VirtualClock(NOON))
    with pytest.raises(Misconfigured, match="hvelv migrate"):
        await house.start()
    await house.stop()


async def test_another_keyring_than_the_databases_is_refused(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        (tmp_path / "other").mkdir(mode=0o700)
        await LocalKeyring(tmp_path / "other", SeededEntropy("other")).create_root()
        house = build_house(databases, tmp_path / "other", at_home.clock)
        with pytest.raises(Exception, match=r"seal|open") as refused:
            await house.start()
        assert type(refused.value).__name__ == "BrokenSeal"
        await house.stop()


async def test_an_old_schema_is_refused_with_the_command_that_mends_it(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    await execute(databases, "delete from migration")
    house = build_house(databases, tmp_path / "keys", VirtualClock(NOON))
    with pytest.raises(Misconfigured, match=r"schema version than this code; run `hvelv migrate`"):
        await house.start()
    await house.stop()


WRONG: dict[str, Callable[[Databases], str]] = {
    "another database of the server": lambda d: d.contents,
    "a database that does not exist": lambda d: d.control.replace(d.control_name, "nowhere"),
    "a role that does not exist": lambda d: d.control.replace("hvelv_app", "nobody_at_all"),
    "no address at all": lambda _: "nonsense",
    "another scheme": lambda _: "mysql://localhost/hvelv",
}


@pytest.mark.parametrize("how", WRONG)
async def test_a_wrong_address_is_refused_in_words_that_help(databases: Databases, how: str) -> None:
    with pytest.raises(Misconfigured, match=r"url|hvelv migrate"):
        await Database("control", WRONG[how](databases)).open_pool()


async def test_an_address_where_nothing_answers_is_unavailable(databases: Databases) -> None:
    with pytest.raises(Unavailable):
        await Database("control", "postgresql://hvelv_app@127.0.0.1:1/hvelv").open_pool()
