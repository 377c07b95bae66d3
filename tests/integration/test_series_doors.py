"""Readings in and out: exact, idempotent, decided, on record."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from databases import Databases
from power import CONSUMPTION, EXPORT, METERING, REGISTERED, Metering, arrival, at, readings
from vault_house import Home, home

from policies.model import SubjectId
from vault.errors import Conflict
from vault.request import RequestKey
from vault.series.readings import Quality, Readings
from vault.series.request import SeriesOpened, Taken

pytestmark = pytest.mark.slow

YEAR = at("2025-01-01T00:00"), at("2026-01-01T00:00")


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="series") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def meters(house: Home) -> Metering:
    return Metering(house)


def only(opened: SeriesOpened) -> Readings:
    (series,) = opened.series
    return series.readings.reveal()


def same(found: Readings, wanted: Readings) -> bool:
    return (
        found.first == wanted.first
        and found.wh.tolist() == wanted.wh.tolist()
        and found.quality.tolist() == wanted.quality.tolist()
        and found.registered.tolist() == wanted.registered.tolist()
    )


@pytest.mark.clause("NAB-12")
async def test_a_year_of_hours_comes_back_to_the_watt_hour(meters: Metering) -> None:
    customer = await meters.customer()
    year = readings(*YEAR)
    assert await meters.takes(arrival(customer, year)) == Taken(accepted=8760)
    assert same(only(await meters.read(customer, *YEAR)), year)
    assert await meters.takes(arrival(customer, year)) == Taken(duplicate=8760)
    assert same(only(await meters.read(customer, *YEAR)), year)


async def test_days_one_by_one_give_the_same_as_the_month_at_once(meters: Metering) -> None:
    customer = await meters.customer()
    start = at("2025-10-20T00:00+02:00")
    for day in range(20):
        begin = start + timedelta(days=day)
        hours = readings(begin, begin + timedelta(days=1), registered=REGISTERED + day)
        assert await meters.takes(arrival(customer, hours)) == Taken(accepted=24)
    found = only(await meters.read(customer, start, start + timedelta(days=20)))
    assert found.wh.tolist() == readings(start, start + timedelta(days=20)).wh.tolist()
    assert sorted(set(found.registered.tolist())) == [REGISTERED + day for day in range(20)]


async def test_a_correction_counts_and_an_older_one_stays_history(meters: Metering) -> None:
    customer = await meters.customer()
    start = at("2025-06-03T00:00+02:00")
    end = start + timedelta(days=1)
    await meters.append([arrival(customer, readings(start, end))])
    newer = readings(start, start + timedelta(hours=2), salt=1, registered=REGISTERED + 60)
    older = readings(start, start + timedelta(hours=3), salt=2, registered=REGISTERED - 60)
    assert await meters.takes(arrival(customer, newer)) == Taken(corrected=2)
    assert await meters.takes(arrival(customer, older)) == Taken(superseded=3)
    assert await meters.takes(arrival(customer, older)) == Taken(duplicate=3)
    opened = await meters.read(customer, start, end, history=True)
    assert only(opened).wh[:2].tolist() == newer.wh.tolist()
    earlier = opened.series[0].earlier
    assert earlier is not None
    assert len(earlier.reveal()) == 5


async def test_two_arrivals_of_one_call_may_contradict_each_other(meters: Metering) -> None:
    customer = await meters.customer()
    start = at("2025-06-03T00:00+02:00")
    end = start + timedelta(hours=3)
    one, two = readings(start, end), readings(start, end, salt=3, registered=REGISTERED + 1)
    appended = await meters.append([arrival(customer, two), arrival(customer, one), arrival(customer, two)])
    assert appended.taken == (Taken(accepted=3), Taken(superseded=3), Taken(duplicate=3))
    assert only(await meters.read(customer, start, end)).wh.tolist() == two.wh.tolist()


async def test_consumption_and_export_are_two_series_of_a_point_and_points_are_apart(meters: Metering) -> None:
    customer = await meters.customer(points=2)
    start = at("2025-06-03T00:00+02:00")
    end = start + timedelta(days=1)
    given = {
        (point, name): readings(start, end, salt=point * 2 + (name == EXPORT))
        for point in (0, 1)
        for name in (CONSUMPTION, EXPORT)
    }
    await meters.append([arrival(customer, values, *key) for key, values in given.items()])
    opened = await meters.read(customer, start, end, (CONSUMPTION, EXPORT))
    found = {
        (customer.points.index(each.record), each.field): each.readings.reveal().wh.tolist() for each in opened.series
    }
    assert found == {key: values.wh.tolist() for key, values in given.items()}


async def test_missing_is_not_zero_and_ends_are_trimmed_to_what_is_kept(meters: Metering) -> None:
    customer = await meters.customer()
    start = at("2025-06-03T00:00+02:00")
    day = readings(start, start + timedelta(days=1))
    day.wh[:] = 0
    day.quality[5:10] = Quality.MISSING
    assert await meters.takes(arrival(customer, day)) == Taken(accepted=19)
    found = only(await meters.read(customer, at("2020-12-01T00:00"), at("2025-12-01T00:00")))
    assert len(found.wh) == 720
    assert np.count_nonzero(found.quality) == 19
    nothing = await meters.read(customer, at("2024-01-01T00:00"), at("2024-02-01T00:00"))
    assert not nothing.series
    assert nothing.found == [customer.subject]


async def test_the_same_request_has_one_effect(meters: Metering) -> None:
    customer = await meters.customer()
    ingest = await meters.somebody("meter_ingest")
    start = at("2025-06-03T00:00+02:00")
    arrivals = [arrival(customer, readings(start, start + timedelta(days=1)))]
    key = RequestKey("file 1", b"the file")
    first = await meters.vault.append(ingest, METERING, arrivals, key)
    again = await meters.vault.append(ingest, METERING, arrivals, key)
    assert again == replace(first, replayed=True)
    with pytest.raises(Conflict):
        await meters.vault.append(ingest, METERING, arrivals, RequestKey("file 1", b"another file"))


async def test_nothing_but_gaps_is_taken_and_leaves_nothing(meters: Metering) -> None:
    customer = await meters.customer()
    gaps = readings(at("2025-06-03T00:00+02:00"), at("2025-06-04T00:00+02:00"))
    gaps.quality[:] = Quality.MISSING
    assert await meters.takes(arrival(customer, gaps)) == Taken()
    assert not (await meters.read(customer, *YEAR)).series


async def test_a_month_that_one_of_many_has_not_read_stays_missing(meters: Metering) -> None:
    one, two = await meters.customers(2)
    whole, holes = readings(*YEAR), readings(*YEAR)
    june = slice(24 * 151 - 1, 24 * 181 - 1)
    holes.quality[june] = Quality.MISSING
    appended = await meters.append([arrival(one, whole), arrival(two, holes)])
    assert [taken.accepted for taken in appended.taken] == [8760, 8760 - 720]
    assert not only(await meters.read(two, *YEAR)).quality[june].any()
    assert same(only(await meters.read(one, *YEAR)), whole)


async def test_a_category_kept_by_the_year_has_one_key_a_year_and_is_read_by_the_month(meters: Metering) -> None:
    customer = await meters.customer()
    field = "metering_point.register_readings"
    await meters.append([arrival(customer, readings(*YEAR), 0, field)])
    march = at("2025-03-01T00:00"), at("2025-04-01T00:00+02:00")
    assert same(only(await meters.read(customer, *march, (field,))), readings(*march))
    assert same(only(await meters.read(customer, *YEAR, (field,))), readings(*YEAR))


async def test_what_the_policy_refuses_is_reported_and_the_rest_is_stored(meters: Metering) -> None:
    customer = await meters.customer()
    start = at("2025-06-03T00:00+02:00")
    good = arrival(customer, readings(start, start + timedelta(days=1)))
    stranger = replace(good, subject=SubjectId(meters.home.ids()))
    other_record = replace(good, record=customer.contract)
    no_series = replace(good, field="metering_point.meter_number")
    appended = await meters.append([stranger, good, other_record, no_series])
    assert appended.refused == [(0, "unknown"), (2, "record"), (3, "policy.field")]
    assert appended.total() == Taken(accepted=24)
    billing = await meters.somebody("billing")
    refused = await meters.vault.append(billing, METERING, [good])
    assert refused.refused == [(0, "collect")]
