"""The queue: a job is done by one of many workers, exists only if its transaction does, and says nothing of anybody."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from behind import another_house, execute, fetch, value
from databases import Databases
from vault_house import Home, home

from hvelv.working import AUDIT_KEYS, LEFTOVERS, RETENTION, worker
from policies.oslo import oslo_date
from vault import House
from vault.errors import Unavailable
from vault.ledger.retiring import ends
from vault.queue import ATTEMPTS, Scheduled, Worker, put
from vault.ticking import acknowledge

pytestmark = pytest.mark.slow

SOMEBODY = UUID(int=7)
SECRET = "kari@example.no"


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="queue") as at_home:
        yield at_home


class Worked:
    """Remembers what was done and what failed."""

    def __init__(self) -> None:
        self.done: list[UUID | None] = []
        self.failed: list[str] = []

    async def work(self, of: UUID | None) -> None:
        await asyncio.sleep(0.01)
        self.done.append(of)

    async def fail(self, of: UUID | None) -> None:
        self.done.append(of)
        raise ValueError(SECRET)

    async def away(self, of: UUID | None) -> None:
        self.done.append(of)
        raise Unavailable(SECRET)

    def tell(self, job: str, error: Exception) -> None:
        self.failed.append(f"{job} {type(error).__name__}")

    def worker(self, house: House, *schedule: Scheduled) -> Worker:
        jobs = {"work": self.work, "fail": self.fail, "away": self.away}
        return Worker(house.control, jobs, schedule, self.tell)


async def put_one(house: House, job: str, of: UUID | None = None, *, once: bool = False) -> None:
    async with house.control.transaction() as connection:
        await put(connection, job, of, once=once)


async def test_a_job_exists_exactly_if_its_transaction_does(house: Home) -> None:
    worked = Worked()

    async def rolled_back() -> None:
        async with house.house.control.transaction() as connection:
            await put(connection, "work", SOMEBODY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await rolled_back()
    await worked.worker(house.house).drain()
    assert not worked.done
    await put_one(house.house, "work", SOMEBODY)
    await worked.worker(house.house).drain()
    assert worked.done == [SOMEBODY]
    await worked.worker(house.house).drain()
    assert worked.done == [SOMEBODY]


async def test_a_row_of_the_queue_holds_a_name_and_an_id(house: Home) -> None:
    for of in (SOMEBODY, None):
        await put_one(house.house, "work", of)
    rows = await fetch(house.databases, "select entrypoint, payload, headers, dedupe_key from pgqueuer order by id")
    assert rows == [("work", SOMEBODY.bytes, "null", None), ("work", None, "null", None)]


async def test_the_same_job_once_is_one_until_it_is_done(house: Home) -> None:
    worked = Worked()
    for _ in range(3):
        await put_one(house.house, "work", once=True)
    await worked.worker(house.house).drain()
    assert worked.done == [None]
    await put_one(house.house, "work", once=True)
    await worked.worker(house.house).drain()
    assert worked.done == [None, None]


async def test_what_a_job_raises_is_told_and_never_stored(house: Home) -> None:
    worked = Worked()
    await put_one(house.house, "fail", SOMEBODY)
    await worked.worker(house.house).drain()
    assert worked.failed == ["fail ValueError"]
    ((kept,),) = await fetch(
        house.databases, "select traceback::text from pgqueuer_log where status = 'exception'"
    )  # fmt: skip
    assert "JobFailed: ValueError" in kept
    assert SECRET not in kept


async def test_what_is_unavailable_is_tried_again_a_few_times_and_stores_nothing_either(house: Home) -> None:
    worked = Worked()
    await put_one(house.house, "away", SOMEBODY)
    working = asyncio.create_task(worked.worker(house.house).drain())
    async with asyncio.timeout(60):
        while not working.done():
            await execute(house.databases, "update pgqueuer set execute_after = now() where status = 'queued'")
            await asyncio.sleep(0.05)
    assert len(worked.done) == ATTEMPTS + 1
    kept = await fetch(house.databases, "select coalesce(traceback::text, '') from pgqueuer_log")
    assert not [row for row in kept if SECRET in row[0]]
    assert await value(house.databases, "select count(*) from pgqueuer") == 0


async def test_of_many_workers_one_does_what_the_clock_asks_for(house: Home) -> None:
    worked, every_second = Worked(), Scheduled("work", "* * * * * *")
    async with another_house(house, "one", sweeper=True) as one, another_house(house, "two", sweeper=True) as two:
        workers = [worked.worker(each, every_second) for each in (house.house, one, two)]
        running = [asyncio.create_task(each.run()) for each in workers]
        await asyncio.sleep(4.5)
        for each in workers:
            each.stop()
        await asyncio.wait_for(asyncio.gather(*running), 30)
    assert 2 <= len(worked.done) <= 6
    assert not worked.failed


async def test_a_sweep_put_by_hand_is_done_by_one_of_three_workers(house: Home) -> None:
    async with another_house(house, "one", sweeper=True) as one, another_house(house, "two", sweeper=True) as two:
        for job in (RETENTION, LEFTOVERS):
            await put_one(house.house, job, once=True)
        await asyncio.gather(*(worker(each).drain() for each in (house.house, one, two)))
    rows = await fetch(house.databases, "select entrypoint, status::text from pgqueuer_log where status = 'successful'")
    assert sorted(rows) == [(LEFTOVERS, "successful"), (RETENTION, "successful")]
    assert await value(house.databases, "select count(*) from expiry_tick") == 1


async def test_the_audit_key_of_a_month_dies_in_the_night_its_time_is_over(house: Home) -> None:
    month = date(2026, 11, 1)
    await house.house.keys.audit_key(month)
    end = ends(house.vault.policy, month)
    assert end is not None
    await put_one(house.house, AUDIT_KEYS, once=True)
    await worker(house.house).drain()
    assert await value(house.databases, "select count(distinct month) from audit_key") == 1
    house.clock.set(end)
    await put_one(house.house, AUDIT_KEYS, once=True)
    await worker(house.house).drain()
    # so many months at once are a clock that jumped: somebody has to say that it is true
    assert await value(house.databases, "select count(distinct month) from audit_key") == 1
    await acknowledge(house.house, None, oslo_date(end))
    await put_one(house.house, AUDIT_KEYS, once=True)
    await worker(house.house).drain()
    assert await value(house.databases, "select count(*) from audit_key where month = $1", month) == 0


async def test_the_process_sweeps_stops_when_told_and_says_so(
    house: Home, databases: Databases, tmp_path: Path
) -> None:
    await put_one(house.house, RETENTION, once=True)
    environment = {
        "HVELV_CONTROL_URL": databases.control, "HVELV_CONTENTS_URL": databases.contents,
        "HVELV_CONTROL_SWEEPER_URL": databases.sweeper_control,
        "HVELV_CONTENTS_SWEEPER_URL": databases.sweeper_contents,
        "HVELV_KEYRING_DIR": str(house.keyring), "HVELV_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "hvelv", "worker"], env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    async with asyncio.timeout(60):
        while not await value(house.databases, "select count(*) from expiry_tick"):
            await asyncio.sleep(0.1)
            assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0
    for event in ("worker.started", "retention.run", "worker.stopped"):
        assert f'"event": "{event}"' in said
