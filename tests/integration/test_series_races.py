"""Two at once, damage, and a roll in between: decided again or refused, and nothing half done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from behind import another_house, another_vault, execute, roll, value
from databases import Databases
from power import CONSUMPTION, FOLDING, METERING, OWN, SUMS, Customer, Metering, arrival, at, readings
from vault_house import Home, home

from policies.event import Restriction
from policies.model import Access, RecordId
from vault.errors import BrokenSeal, Contended, Invalid, TokenRefused
from vault.request import Cause, CauseKind, RequestKey, Scope
from vault.series import arriving, coarsening, folding, periods, reading
from vault.series.readings import Quality
from vault.series.request import Taken
from vault.series.sweeping import unlisted
from vault.storage.engine import Collision
from vault.storage.series import insert_segments
from vault.sweeping import sweep

pytestmark = pytest.mark.slow

JUNE = at("2025-06-01T00:00+02:00"), at("2025-07-01T00:00+02:00")
INTO = {CONSUMPTION: SUMS}


@pytest.fixture
async def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path_factory.mktemp("home") / "keys", seed="series races") as at_home:
        yield at_home


@pytest.fixture
def meters(house: Home) -> Metering:
    return Metering(house)


def first(real: Callable[..., Awaitable[object]], happens: Callable[[], Awaitable[object]]) -> Any:
    """Once, something else happens right before."""
    done = False

    async def called(*arguments: object, **named: object) -> object:
        nonlocal done
        if not done:
            done = True
            await happens()
        return await real(*arguments, **named)

    return called


def before(patch: pytest.MonkeyPatch, place: Any, name: str, happens: Callable[[], Awaitable[object]]) -> None:
    """Once, right before the function of this name, something else happens."""
    patch.setattr(place, name, first(getattr(place, name), happens))


def june(hours: int, salt: int = 0, registered: int = 1_760_000_000, skip: int = 0) -> Any:
    begin = JUNE[0] + timedelta(hours=skip)
    return readings(begin, begin + timedelta(hours=hours), salt=salt, registered=registered)


async def hours_of(meters: Metering, customer: Customer) -> int:
    (series,) = (await meters.read(customer, *JUNE)).series
    return int(np.count_nonzero(series.readings.reveal().quality))


async def test_many_writers_of_one_month_lose_nothing(meters: Metering) -> None:
    customer = await meters.customer()
    await asyncio.gather(
        *(meters.append([arrival(customer, june(24, skip=24 * day))]) for day in range(6)),
        *(meters.append([arrival(customer, june(24, skip=24 * day))]) for day in range(6)),
    )
    assert await hours_of(meters, customer) == 144


async def test_one_request_sent_twice_at_once_has_one_effect(meters: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = await meters.customer()
    ingest = await meters.somebody("meter_ingest")
    arrivals, key = [arrival(customer, june(24))], RequestKey("once", b"file")

    async def other() -> None:
        await meters.vault.append(ingest, METERING, arrivals, key)

    before(monkeypatch, arriving, "insert_segments", other)
    assert (await meters.vault.append(ingest, METERING, arrivals, key)).replayed


@pytest.mark.parametrize("name", ["insert_segments", "hold_current_epoch"])
async def test_somebody_else_writes_in_between_and_it_is_compared_again(
    meters: Metering, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    customer = await meters.customer()

    async def other() -> None:
        await meters.append([arrival(customer, june(24))])

    before(monkeypatch, arriving, name, other)
    assert await meters.takes(arrival(customer, june(48))) == Taken(accepted=24, duplicate=24)

    async def again() -> None:
        await meters.append([arrival(customer, june(12, skip=48))])

    before(monkeypatch, arriving, name, again)
    assert await meters.takes(arrival(customer, june(24, skip=48))) == Taken(accepted=12, duplicate=12)


async def test_a_roll_in_between_is_waited_out(house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = await meters.customer(points=2)
    await meters.append([arrival(customer, june(24)), arrival(customer, june(24), 1)])
    cause = Cause(CauseKind.OFFICER, "letter", await house.bearer("privacy_approver"))
    await house.vault.erase(await house.principal("dpo"), cause, [Scope(customer.subject, customer.points[1])])

    async def rolls() -> None:
        await roll(house)

    before(monkeypatch, arriving, "insert_segments", rolls)
    assert await meters.takes(arrival(customer, june(24, skip=24))) == Taken(accepted=24)
    assert await hours_of(meters, customer) == 48


async def test_an_epoch_that_is_gone_is_read_again(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, other = await meters.customers(2)

    async def none(_connection: object) -> None:
        return None

    for module in (arriving, coarsening):
        real, calls = module.hold_current_epoch, iter([none])

        async def once(connection: Any, real: Any = real, calls: Any = calls) -> Any:
            return await next(calls, real)(connection)

        monkeypatch.setattr(module, "hold_current_epoch", once)
    assert await meters.takes(arrival(customer, june(24))) == Taken(accepted=24)
    await later(house, meters, customer, other)
    assert (await coarsens(house, meters, customer)).periods == 1


async def later(house: Home, meters: Metering, *customers: Customer) -> None:
    """It is 2029."""
    house.clock.set(at("2029-03-01T00:00"))
    meters.roles.clear()
    for customer in customers:
        customer.me = await house.principal("self", subject=customer.subject)


async def coarsens(house: Home, meters: Metering, customer: Customer) -> Any:
    vault = await meters.somebody("vault")
    return await house.vault.coarsen(vault, FOLDING, customer.subject, customer.points[0], INTO, house.clock())


async def test_hours_that_arrive_while_they_are_summed_are_not_lost(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])

    came: list[int] = []

    async def other() -> None:
        house.clock.set(at("2026-03-01T00:00"))
        ingest = await house.principal("meter_ingest")
        came.append(24 * (1 + len(came)))
        await house.vault.append(ingest, METERING, [arrival(customer, june(24, skip=came[-1]))])
        house.clock.set(at("2029-03-01T00:00"))

    await later(house, meters, customer)
    for name in ("fetch_heads", "insert_segments"):
        before(monkeypatch, coarsening, name, other)
    await coarsens(house, meters, customer)
    (sums,) = (await meters.read(customer, *JUNE, (CONSUMPTION, SUMS))).series
    assert sums.readings.reveal().wh.tolist() == [int(june(72).wh.sum())]


async def test_hours_erased_while_they_are_summed_are_not_summed(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await later(house, meters, customer)

    async def gone() -> None:
        await execute(house.databases, "delete from series_head")

    before(monkeypatch, coarsening, "fetch_heads", gone)
    assert (await coarsens(house, meters, customer)).periods == 0


async def test_a_head_of_a_series_nobody_has_is_left_alone(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await execute(house.databases, "update series_head set series = gen_random_uuid()")
    await later(house, meters, customer)
    assert (await coarsens(house, meters, customer)).periods == 0
    assert not (await meters.read(customer, *JUNE)).series


async def test_a_number_that_is_taken_is_not_taken_twice(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    row = (customer.subject, customer.points[0], 1, 7, b"sealed")
    async with house.house.contents.transaction() as connection:
        await insert_segments(connection, [row])
    with pytest.raises(Collision):
        async with house.house.contents.transaction() as connection:
            await insert_segments(connection, [row])


async def test_a_sweep_stops_at_its_limit_and_leaves_what_is_listed(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(48))])
    await execute(house.databases, "update segment set stored_at = '2020-01-01'", kind="contents")
    async with another_house(house, "sweeper", sweeper=True) as sweeping:
        assert await unlisted(sweeping, 1_000) == 0
        await execute(house.databases, "delete from series_head")
        assert await unlisted(sweeping, 1) == 2


async def test_a_subject_that_keeps_changing_is_left_for_later(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await later(house, meters, customer)

    async def collides(*_: object) -> None:
        raise Collision("again")

    for module, name in ((coarsening, "delete_heads"), (arriving, "update_heads"), (folding, "update_heads")):
        monkeypatch.setattr(module, name, collides)
    with pytest.raises(Contended):
        await coarsens(house, meters, customer)
    assert (await house.vault.compact(await meters.somebody("vault"), FOLDING)).periods == 0
    house.clock.set(at("2026-03-01T00:00"))
    meters.roles.clear()
    with pytest.raises(Contended):
        await meters.append([arrival(customer, june(24, skip=24))])


async def test_a_token_revoked_in_between_stops_every_door(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await later(house, meters, customer)
    for role in ("vault", "meter_ingest"):
        meters.roles[role] = await house.principal(role)
    vault = meters.roles["vault"]

    async def revokes() -> None:
        await house.vault.tokens.revoke(vault.token)

    before(monkeypatch, coarsening, "insert_segments", revokes)
    with pytest.raises(TokenRefused):
        await coarsens(house, meters, customer)
    with pytest.raises(TokenRefused):
        await coarsens(house, meters, customer)
    with pytest.raises(TokenRefused):
        await house.vault.compact(vault, FOLDING)
    await house.vault.tokens.revoke(customer.me.token)
    with pytest.raises(TokenRefused):
        await meters.read(customer, *JUNE)
    assert await value(house.databases, "select count(*) from series_head") == 1


async def test_hours_that_do_not_open_are_not_summed_and_it_is_on_record(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await later(house, meters, customer)
    await execute(house.databases, "update segment set sealed = set_byte(sealed, 30, 0)", kind="contents")
    await execute(house.databases, "update segment set sealed = set_byte(sealed, 31, 1)", kind="contents")
    with pytest.raises(BrokenSeal):
        await coarsens(house, meters, customer)
    assert await value(house.databases, "select count(*) from ledger_entry where kind = 'not_opened'") == 1
    assert await value(house.databases, "select count(*) from series_head") == 1


async def test_a_month_summed_before_is_not_summed_again(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await meters.append([arrival(customer, june(24))])
    await later(house, meters, customer)
    await coarsens(house, meters, customer)
    house.clock.set(at("2026-03-01T00:00"))  # as a clock that was wrong would let it happen
    meters.roles.clear()
    await meters.append([arrival(customer, june(3, salt=5, registered=1_800_000_000))])
    await later(house, meters, customer)
    assert (await coarsens(house, meters, customer)).periods == 1
    (sums,) = (await meters.read(customer, *JUNE, (CONSUMPTION, SUMS))).series
    assert sums.readings.reveal().wh.tolist() == [int(june(24).wh.sum())]


async def test_a_reader_whose_segments_are_folded_and_swept_meanwhile_reads_again(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    for day in range(3):
        await meters.append([arrival(customer, june(24, skip=24 * day))])

    async def folds() -> None:
        async with another_vault(house.databases, house.keyring, house, "folder") as other:
            await other.compact(await house.principal("vault"), FOLDING)
        await execute(house.databases, "update segment set stored_at = '2020-01-01'", kind="contents")
        async with another_house(house, "sweeper", sweeper=True) as sweeping:
            await sweep(sweeping)

    before(monkeypatch, periods, "fetch_segments", folds)
    assert await hours_of(meters, customer) == 72


async def test_a_standing_that_changes_while_it_is_decided_is_decided_again(
    house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await meters.customer()
    for day in range(2):
        await meters.append([arrival(customer, june(24, skip=24 * day))])

    async def changes() -> None:
        event = Restriction(
            subject=customer.subject, record=RecordId(customer.subject), on=True, at=house.clock()
        )  # fmt: skip
        dpo = await house.principal("dpo")
        await house.vault.seal(dpo, Access("rights", "asked", "dpo"), [], [event])

    committer = house.house.committer
    before(monkeypatch, committer, "record", changes)
    assert await hours_of(meters, customer) == 48
    refused = (await meters.append([arrival(customer, june(24, skip=48))])).taken[0].rule
    assert refused == "restriction"


async def test_folding_goes_on_page_by_page(house: Home, meters: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = await meters.customers(3)
    await meters.append([arrival(each, june(24)) for each in customers])
    vault = await meters.somebody("vault")
    done = await house.vault.compact(vault, FOLDING, 2)
    assert (done.periods, done.more) == (2, True)
    committer = house.house.committer

    async def not_yet(_entry: object) -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(committer, "record", not_yet)
        assert (await house.vault.compact(vault, FOLDING)).periods == 0
    assert (await house.vault.compact(vault, FOLDING)).periods == 1


async def test_two_blocks_of_a_month_and_a_part_of_it_are_read_as_one(meters: Metering) -> None:
    customer, other = await meters.customers(2)
    whole = june(720)
    hole = june(720, salt=1, registered=1_770_000_000)
    hole.quality[:480] = Quality.MISSING
    await meters.append([arrival(customer, whole), arrival(other, hole)])
    await meters.append([arrival(customer, hole)])
    end = JUNE[0] + timedelta(hours=10)
    (series,) = (await meters.read(customer, *JUNE)).series
    assert series.readings.reveal().wh.tolist() == [*whole.wh[:480].tolist(), *hole.wh[480:].tolist()]
    await meters.append([arrival(customer, june(24, salt=2, registered=1_780_000_000))])
    await meters.append([arrival(other, june(48, salt=2))])
    assert (await meters.vault.compact(await meters.somebody("vault"), FOLDING)).periods == 1
    assert await hours_of(meters, other) == 288
    whole = june(24, salt=2)
    (part,) = (await meters.read(customer, JUNE[0], end)).series
    assert part.readings.reveal().wh.tolist() == whole.wh[:10].tolist()


async def test_a_damaged_key_stays_behind_in_a_roll_and_is_reported(house: Home, meters: Metering) -> None:
    customer = await meters.customer(points=2)
    july = readings(JUNE[1], at("2025-08-01T00:00+02:00"))
    await meters.append([arrival(customer, june(24)), arrival(customer, july), arrival(customer, june(24), 1)])
    cause = Cause(CauseKind.OFFICER, "letter", await house.bearer("privacy_approver"))
    await house.vault.erase(await house.principal("dpo"), cause, [Scope(customer.subject, customer.points[1])])
    await execute(
        house.databases, "update series_head set wrapped = set_byte(wrapped, 30, 0) where period = $1", 12 * 2025 + 6
    )
    await execute(
        house.databases, "update series_head set wrapped = set_byte(wrapped, 31, 1) where period = $1", 12 * 2025 + 6
    )
    report = await roll(house)
    assert report.damaged == [customer.subject]
    assert await hours_of(meters, customer) == 24


async def test_longer_than_a_hundred_years_is_not_streamed(meters: Metering) -> None:
    customer = await meters.customer()
    pages = meters.vault.series_by_month(
        customer.me, OWN, [customer.subject], frozenset({CONSUMPTION}), at("1970-01-01T00:00"), at("2100-01-01T00:00")
    )
    with pytest.raises(Invalid):
        await anext(aiter(pages))
    assert reading.MAX_PAGES == 1_200
