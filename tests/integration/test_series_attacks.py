"""Whoever writes the databases moves, swaps, restores and invents rows of series: nothing opens that should not."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from behind import execute, fetch, put_back, value
from databases import Databases
from power import CONSUMPTION, METERING, Customer, Metering, arrival, at, readings
from vault_house import Home, home

from policies.model import Access
from vault.errors import BrokenSeal, Contended, Invalid
from vault.request import Everyone

pytestmark = pytest.mark.slow

JUNE = at("2025-06-01T00:00+02:00"), at("2025-07-01T00:00+02:00")
JULY = JUNE[1], at("2025-08-01T00:00+02:00")
BOTH = JUNE[0], JULY[1]


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="series attacks") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def meters(house: Home) -> Metering:
    return Metering(house)


@pytest.fixture(scope="module")
async def pair(meters: Metering) -> tuple[Customer, Customer]:
    one, two = await meters.customers(2)
    for number, each in enumerate((one, two)):
        await meters.append([arrival(each, readings(*BOTH, salt=number))])
    return one, two


async def refused(meters: Metering, customer: Customer) -> None:
    entries = "select count(*) from ledger_entry where kind = 'not_opened'"
    before = await value(meters.home.databases, entries)
    with pytest.raises(BrokenSeal):
        await meters.read(customer, *BOTH)
    assert await value(meters.home.databases, entries) == before + 1


@pytest.mark.parametrize(
    "change",
    [
        "version = version + 1",
        "version = version - 1",
        "width = 4",
        "proof = set_byte(proof, 3, 7)",
        "wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
        "accepted = accepted || accepted",
        "accepted = ''::bytea",
        "accepted = '\\x00'::bytea",
        "period = period + 24",
    ],
)
async def test_a_changed_head_opens_nothing(
    house: Home, meters: Metering, pair: tuple[Customer, Customer], change: str
) -> None:
    async with put_back(house.databases, "series_head", pair[0].subject):
        await execute(house.databases, f"update series_head set {change} where subject = $1", pair[0].subject)
        if change.startswith("period"):
            with pytest.raises(BrokenSeal):
                await meters.read(pair[0], at("2027-06-01T00:00+02:00"), at("2027-08-01T00:00+02:00"))
        else:
            await refused(meters, pair[0])
    assert len((await meters.read(pair[0], *BOTH)).series) == 1


@pytest.mark.parametrize(
    ("change", "of"),
    [
        ("sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)", "one"),
        ("sealed = ''::bytea", "one"),
        ("sealed = (select sealed from segment o where o.subject <> segment.subject limit 1)", "another person"),
        (
            "sealed = (select sealed from segment o where o.subject = segment.subject and o.period <> segment.period)",
            "another month",
        ),
        ("delivery = delivery + 1", "another number"),
        ("period = period + 100", "nowhere"),
    ],
)
async def test_a_segment_changed_moved_or_taken_away_opens_nothing(
    house: Home, meters: Metering, pair: tuple[Customer, Customer], change: str, of: str
) -> None:
    async with put_back(house.databases, "segment", pair[0].subject, kind="contents"):
        await execute(
            house.databases, f"update segment set {change} where subject = $1", pair[0].subject, kind="contents"
        )
        await refused(meters, pair[0])
    assert (await meters.read(pair[0], *BOTH)).series, of


async def test_an_old_segment_put_back_is_not_listed_and_an_old_head_lists_what_is_gone(
    house: Home, meters: Metering
) -> None:
    customer = await meters.customer()
    first = readings(JUNE[0], at("2025-06-03T00:00+02:00"))
    await meters.append([arrival(customer, first)])
    old = (await fetch(house.databases, "select * from series_head where subject = $1", customer.subject))[0]
    segments = await fetch(
        house.databases, "select * from segment where subject = $1", customer.subject, kind="contents"
    )
    newer = readings(JUNE[0], at("2025-06-03T00:00+02:00"), salt=5, registered=1_800_000_000)
    await meters.append([arrival(customer, newer)])
    extra = (*segments[0][:3], 12345, *segments[0][4:])
    await execute(house.databases, "insert into segment values ($1, $2, $3, $4, $5, $6)", *extra, kind="contents")
    (series,) = (await meters.read(customer, *JUNE)).series
    assert series.readings.reveal().wh[:48].tolist() == newer.wh.tolist()
    places = ", ".join(f"${n + 1}" for n in range(len(old)))
    await execute(house.databases, "delete from series_head where subject = $1", customer.subject)
    await execute(house.databases, f"insert into series_head values ({places})", *old)
    await meters.read(customer, *JUNE)  # a whole row of control put back opens: found against the ledger, as with heads
    await execute(house.databases, "update series_head set version = 2 where subject = $1", customer.subject)
    await refused_head(meters, customer)


async def refused_head(meters: Metering, customer: Customer) -> None:
    with pytest.raises(BrokenSeal):
        await meters.read(customer, *JUNE)
    with pytest.raises(BrokenSeal):
        await meters.append([arrival(customer, readings(*JUNE))])


async def test_a_head_of_another_generation_is_read_again_and_then_given_up(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, readings(*JUNE))])
    await execute(house.databases, "update series_head set generation = 9 where subject = $1", customer.subject)
    with pytest.raises(Contended):
        await meters.read(customer, *JUNE)
    with pytest.raises(Contended):
        await meters.append([arrival(customer, readings(*JUNE))])


async def test_a_stranger_and_an_unknown_purpose_see_nothing_and_it_is_on_record(
    house: Home, meters: Metering, pair: tuple[Customer, Customer]
) -> None:
    one, two = pair
    own = Access("self_service", None, "self")
    stranger = await house.vault.series(two.me, own, [one.subject], frozenset({CONSUMPTION}), *BOTH)
    assert not stranger.series
    assert not stranger.found
    assert {each.rule for each in stranger.withheld} == {"reach"}
    wrong = await house.vault.series(two.me, METERING, [one.subject], frozenset({CONSUMPTION}), *BOTH)
    assert not wrong.series
    kinds = await fetch(
        house.databases, "select kind from ledger_entry where id = any($1)", [stranger.entry, wrong.entry]
    )
    assert kinds == [("refused",), ("refused",)]


async def test_a_population_is_read_page_by_page(meters: Metering, pair: tuple[Customer, Customer]) -> None:
    billing = await meters.somebody("billing")
    access = Access("billing", None, "billing")
    found = await meters.vault.series(billing, access, Everyone(None, 1), frozenset({CONSUMPTION}), *BOTH)
    assert len(found.found) == 1
    assert found.more
    assert {found.found[0]} <= {each.subject for each in pair} or found.more


async def test_what_is_no_series_or_too_long_is_invalid(meters: Metering, pair: tuple[Customer, Customer]) -> None:
    long = at("2015-01-01T00:00"), at("2025-01-01T00:00")
    with pytest.raises(Invalid):
        await meters.read(pair[0], *BOTH, ("metering_point.meter_number",))
    with pytest.raises(Invalid):
        await meters.read(pair[0], *long)
    with pytest.raises(Invalid):
        await meters.append([arrival(pair[0], readings(*JUNE))] * 5_001)
    nothing = await meters.read(pair[0], JUNE[1], JUNE[0])
    assert not nothing.series
