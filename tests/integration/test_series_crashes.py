"""Killed by the kernel between segment, head and acknowledgement: nothing acknowledged is lost, none counts twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from behind import another_house, execute, value
from databases import Databases
from dying_writer import JUNE, POINTS
from power import CONSUMPTION, FOLDING, SUMS, Customer, Metering, arrival, at, readings
from vault_house import Home, home

from vault.series.readings import Readings
from vault.series.request import Taken
from vault.sweeping import sweep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MONTH = JUNE, at("2025-07-01T00:00+02:00")


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="crashes") as at_home:
        yield at_home


@pytest.fixture
def meters(house: Home) -> Metering:
    return Metering(house)


def run(house: Home, customer: Customer, token: str, what: str, point: str) -> list[str]:
    """What the process said before it died."""
    told = {
        "what": what, "point": point, "control": house.databases.control, "contents": house.databases.contents,
        "keyring": str(house.keyring), "seed": f"{what} {point}", "subject": str(customer.subject),
        "record": str(customer.points[0]), "token": token, "sums": SUMS,
    }  # fmt: skip
    died = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "dying_writer.py")],
        input=json.dumps(told), capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"},
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr
    return died.stdout.split("\n")


async def counted(meters: Metering, customer: Customer) -> Readings | None:
    series = (await meters.read(customer, *MONTH, history=True)).series
    if not series:
        return None
    assert series[0].earlier is not None
    assert not len(series[0].earlier.reveal())
    return series[0].readings.reveal()


@pytest.mark.parametrize("point", POINTS)
async def test_no_acknowledged_day_is_lost_and_none_counts_twice(house: Home, meters: Metering, point: str) -> None:
    customer = await meters.customer()
    token = (await house.bearer("meter_ingest")).reveal()
    acknowledged = [int(line.split()[1]) for line in run(house, customer, token, "append", point) if line]
    assert acknowledged == [0, 1]
    found = await counted(meters, customer)
    assert found is not None
    assert np.count_nonzero(found.quality) == (72 if point == "committed" else 48)
    whole = readings(JUNE, JUNE + timedelta(days=5))
    again = await meters.takes(arrival(customer, whole))
    assert again == (Taken(48, 0, 0, 72) if point == "committed" else Taken(72, 0, 0, 48))
    found = await counted(meters, customer)
    assert found is not None
    assert found.wh[:120].tolist() == whole.wh.tolist()
    await swept(house, 1 if point != "committed" else 0)
    assert (await meters.takes(arrival(customer, whole))).duplicate == 120


async def swept(house: Home, left_over: int) -> None:
    """What the dead process stored and nobody lists goes, and nothing else."""
    async with another_house(house, "sweeper", sweeper=True) as sweeping:
        await execute(house.databases, "update segment set stored_at = '2020-01-01'", kind="contents")
        assert (await sweep(sweeping)).segments == left_over


@pytest.mark.parametrize("point", POINTS)
async def test_a_compaction_that_dies_loses_nothing_and_is_done_again(
    house: Home, meters: Metering, point: str
) -> None:
    customer = await meters.customer()
    for day in range(4):
        begin = JUNE + timedelta(days=day)
        await meters.append([arrival(customer, readings(begin, begin + timedelta(days=1)))])
    before = await counted(meters, customer)
    assert before is not None
    run(house, customer, (await house.bearer("vault")).reveal(), "compact", point)
    after = await counted(meters, customer)
    assert after is not None
    assert after.wh.tolist() == before.wh.tolist()
    folded = await house.vault.compact(await meters.somebody("vault"), FOLDING)
    assert folded.periods == (0 if point == "committed" else 1)
    await swept(house, 4 if point == "committed" else 5)
    last = await counted(meters, customer)
    assert last is not None
    assert last.wh.tolist() == before.wh.tolist()


@pytest.mark.parametrize("point", POINTS)
async def test_a_coarsening_that_dies_leaves_hours_or_sums_never_neither(
    house: Home, meters: Metering, point: str
) -> None:
    customer = await meters.customer()
    month = readings(*MONTH)
    await meters.append([arrival(customer, month)])
    house.clock.set(at("2029-03-01T00:00"))
    token = (await house.bearer("vault")).reveal()
    run(house, customer, token, "coarsen", point)
    meters.roles.clear()
    customer.me = await house.principal("self", subject=customer.subject)
    vault = await meters.somebody("vault")
    into = {CONSUMPTION: SUMS}
    done = await house.vault.coarsen(vault, FOLDING, customer.subject, customer.points[0], into, house.clock())
    assert done.periods == (0 if point == "committed" else 1)
    (sums,) = (await meters.read(customer, *MONTH, (CONSUMPTION, SUMS))).series
    assert sums.field == SUMS
    assert sums.readings.reveal().wh.tolist() == [int(month.wh.sum())]
    assert await value(house.databases, "select count(*) from series_head") == 1
