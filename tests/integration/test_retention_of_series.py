"""The retention run and time series: hours become sums after their time, and years die with the person's other data."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from aging import move
from behind import fetch, value
from databases import Databases
from people import People
from power import CONSUMPTION, OWN, SUMS, Metering, arrival, at, readings
from vault_house import Home, home

from policies.event import Fact
from policies.model import SELF, Access, RecordId, SubjectId
from policies.oslo import midnight
from policies.retention import Due, KeptByClock
from vault.request import Change

pytestmark = pytest.mark.slow

JUNE, JULY, AUGUST = (at(f"2025-0{month}-01T00:00+02:00") for month in (6, 7, 8))


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="hours") as at_home:
        yield at_home


async def months(house: Home, subject: SubjectId) -> list[int]:
    """The months of hours there are."""
    query = "select period from series_head where subject = $1 and period > 23640 order by 1"
    return [row[0] for row in await fetch(house.databases, query, subject)]


async def read(house: Home, subject: SubjectId, field: str, start: datetime, end: datetime) -> list[int]:
    me = await house.principal("self", subject=subject)
    opened = await house.vault.series(me, OWN, [subject], frozenset({field}), start, end)
    return [wh for series in opened.series for wh in series.readings.reveal().wh.tolist()]


@pytest.mark.clause("NAB-14")
async def test_hours_become_sums_three_years_after_their_month_and_the_next_month_waits(house: Home) -> None:
    meters, people = Metering(house), People(house)
    customer = await meters.customer()
    june, july = readings(JUNE, JULY), readings(JULY, AUGUST)
    await meters.append([arrival(customer, june), arrival(customer, july)])
    await move(people, midnight(date(2028, 7, 1)) - timedelta(microseconds=1))
    assert (await house.vault.retention.run(None)).coarsened == 0
    before = await house.vault.retention.forecast(None, midnight(date(2028, 7, 1)))
    assert [(end.category, end.period) for each in before.found for end in each.endings] == [
        ("consumption_hourly", JULY)
    ]
    answers = await house.vault.retention.verdicts(None, customer.subject, midnight(date(2028, 7, 1)))
    assert [type(each.answer) for each in answers if each.category == "consumption_hourly"] == [Due, KeptByClock]
    await move(people, midnight(date(2028, 7, 1)))
    points: list[str] = []
    tally = await house.vault.retention.run(None, reached=points.append)
    assert (tally.coarsened, "coarsened" in points) == (1, True)
    assert await months(house, customer.subject) == [12 * 2025 + 6]
    assert await read(house, customer.subject, SUMS, JUNE, JULY) == [int(june.wh.sum())]
    assert await read(house, customer.subject, CONSUMPTION, JULY, AUGUST) == july.wh.tolist()
    assert (await house.vault.retention.run(None)).coarsened == 0
    kinds = await fetch(house.databases, "select kind, actor, token from ledger_entry order by id desc limit 9")
    assert ("opened", None, None) in kinds


@pytest.mark.clause("NAB-19")
async def test_sums_go_with_the_contract_and_nobody_is_left(house: Home) -> None:
    meters, people = Metering(house), People(house)
    customer = await meters.customer()
    await meters.append([arrival(customer, readings(JUNE, JULY))])
    me = await house.principal("self", subject=customer.subject)
    await move(people, house.clock() + timedelta(hours=1))
    until = Change(
        subject=customer.subject, record=customer.contract, parent=RecordId(customer.subject), entity="power_contract",
        values={"power_contract.supply_until": "2026-03-02"},
    )  # fmt: skip
    ended = Fact(subject=customer.subject, record=customer.contract, name="power.ended", at=house.clock())
    await house.vault.seal(me, Access("power_supply", None, SELF), [until], [ended])
    await move(people, midnight(date(2031, 3, 2)) - timedelta(microseconds=1))
    assert (await house.vault.retention.run(None)).coarsened == 1
    assert await months(house, customer.subject) == []
    assert await value(house.databases, "select count(*) from series_head") == 1
    await move(people, midnight(date(2031, 3, 2)))
    tally = await house.vault.retention.run(None)
    assert tally.dead["consumption_monthly"] == 1
    assert tally.wholes == 1
    assert await value(house.databases, "select state from subject where subject = $1", customer.subject) == 2
