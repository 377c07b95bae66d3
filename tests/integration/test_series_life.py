"""What becomes of readings: folded, corrected, widened, rolled, coarsened, erased, swept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import numpy as np
import pytest
from behind import another_house, copies, execute, fetch, roll, value
from databases import Databases
from power import (
    CONSUMPTION,
    EXPORT,
    FOLDING,
    METERING,
    REGISTERED,
    SUMS,
    Customer,
    Metering,
    arrival,
    at,
    readings,
)
from vault_house import Home, home

from policies.model import Access, RecordId
from vault.errors import BrokenSeal, Contended, Refused, TokenRefused, Unknown
from vault.request import Cause, CauseKind, ReceiptStatus, Scope
from vault.series.axis import Resolution, Span, frame_of, number
from vault.series.codec import Form
from vault.series.readings import Quality, Readings
from vault.series.request import Coarsened, Taken
from vault.sweeping import sweep

pytestmark = pytest.mark.slow

JUNE = at("2025-06-01T00:00+02:00"), at("2025-07-01T00:00+02:00")
INTO = {CONSUMPTION: SUMS, EXPORT: "metering_point.export_monthly"}


@pytest.fixture
async def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path_factory.mktemp("home") / "keys", seed="life of series") as at_home:
        yield at_home


@pytest.fixture
def meters(house: Home) -> Metering:
    return Metering(house)


async def day_by_day(meters: Metering, customer: Customer, days: int = 30, salt: int = 0) -> None:
    for day in range(days):
        begin = JUNE[0] + timedelta(days=day)
        hours = readings(begin, begin + timedelta(days=1), salt=salt, registered=REGISTERED + day)
        await meters.append([arrival(customer, hours)])


async def counted(meters: Metering, customer: Customer, *, history: bool = False) -> tuple[Readings, int]:
    """What counts in June, and how many earlier versions there are."""
    (series,) = (await meters.read(customer, *JUNE, history=history)).series
    return series.readings.reveal(), 0 if series.earlier is None else len(series.earlier.reveal())


async def forms(house: Home, customer: Customer) -> list[Form]:
    """The forms of the segments that count."""
    (accepted,) = (
        await fetch(house.databases, "select accepted from series_head where subject = $1", customer.subject)
    )[0]
    numbers = [int.from_bytes(accepted[n : n + 8], "big", signed=True) for n in range(0, len(accepted), 8)]
    rows = await fetch(
        house.databases, "select sealed from segment where subject = $1 and delivery = any($2)", customer.subject,
        numbers, kind="contents",
    )  # fmt: skip
    return sorted(Form(row[0][1]) for row in rows)


async def test_days_become_one_block_when_the_window_has_closed(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await day_by_day(meters, customer)
    before, _ = await counted(meters, customer)
    assert await forms(house, customer) == [Form.DAY] * 30
    vault = await meters.somebody("vault")
    folded = await house.vault.compact(vault, FOLDING)
    assert (folded.periods, folded.before, folded.after, folded.more) == (1, 30, 1, False)
    assert await forms(house, customer) == [Form.BLOCK]
    after, _ = await counted(meters, customer)
    assert (after.wh.tolist(), after.registered.tolist()) == (before.wh.tolist(), before.registered.tolist())
    assert (await house.vault.compact(vault, FOLDING)).periods == 0


async def test_a_month_that_is_not_over_by_ten_days_is_left_alone(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    house.clock.set(at("2025-07-10T12:00+02:00"))
    vault = await house.principal("vault")
    await day_by_day(meters, customer, 3)
    assert (await house.vault.compact(vault, FOLDING)).periods == 0
    house.clock.advance(timedelta(hours=13))
    vault = await house.principal("vault")
    assert (await house.vault.compact(vault, FOLDING)).periods == 1


async def test_a_correction_after_compaction_is_an_overlay_and_history_stays(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await day_by_day(meters, customer)
    newer = readings(JUNE[0], JUNE[0] + timedelta(hours=5), salt=9, registered=REGISTERED + 10_000)
    await meters.append([arrival(customer, newer)])
    vault = await meters.somebody("vault")
    await house.vault.compact(vault, FOLDING)
    assert await forms(house, customer) == [Form.BLOCK, Form.OVERLAY]
    newest = readings(JUNE[0], JUNE[0] + timedelta(hours=2), salt=8, registered=REGISTERED + 20_000)
    assert await meters.takes(arrival(customer, newest)) == Taken(corrected=2)
    assert await forms(house, customer) == [Form.BLOCK, Form.OVERLAY, Form.OVERLAY]
    found, earlier = await counted(meters, customer, history=True)
    assert found.wh[:5].tolist() == [*newest.wh.tolist(), *newer.wh[2:].tolist()]
    assert earlier == 7
    assert (await house.vault.compact(vault, FOLDING)).periods == 0


async def test_a_compaction_is_on_record_and_of_the_role_that_may(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await day_by_day(meters, customer, 2)
    nobody = await house.vault.compact(await meters.somebody("operator"), FOLDING)
    assert nobody.periods == 0
    assert await value(house.databases, "select kind from ledger_entry where id = $1", nobody.entry) == "refused"
    vault = await house.vault.compact(await meters.somebody("vault"), FOLDING)
    assert vault.periods == 1
    query = "select kind || ' ' || purpose from ledger_entry where id = $1"
    assert await value(house.databases, query, vault.entry) == "opened storage_limitation"


async def test_values_that_outgrow_the_width_rewrite_the_series_and_nothing_of_it(
    house: Home, meters: Metering
) -> None:
    customer = await meters.customer()
    await day_by_day(meters, customer, 3)
    may = at("2025-05-01T00:00+02:00"), JUNE[0]
    await meters.append([arrival(customer, readings(*may))])
    big = readings(JUNE[0], JUNE[0] + timedelta(hours=2), registered=REGISTERED + 9_000)
    big.wh[:] = [70_000, (1 << 32) - 1]
    assert await meters.takes(arrival(customer, big)) == Taken(corrected=2)
    widths = await fetch(house.databases, "select width from series_head where subject = $1", customer.subject)
    assert widths == [(4,), (4,)]
    found, earlier = await counted(meters, customer, history=True)
    assert found.wh[:2].tolist() == [70_000, (1 << 32) - 1]
    assert found.wh[2:72].tolist() == readings(*JUNE).wh[2:72].tolist()
    assert earlier == 2
    (series,) = (await meters.read(customer, *may)).series
    assert series.readings.reveal().wh.tolist() == readings(*may).wh.tolist()


async def test_a_roll_takes_the_keys_of_a_dirty_subject_along(house: Home, meters: Metering) -> None:
    customer, other = await meters.customers(2, points=2)
    for each in (customer, other):
        await meters.append([arrival(each, readings(*JUNE), point) for point in (0, 1)])
    cause = Cause(CauseKind.OFFICER, "letter", await house.bearer("privacy_approver"))
    await house.vault.erase(await house.principal("dpo"), cause, [Scope(customer.subject, customer.points[0])])
    await roll(house)
    for each, points in ((customer, [1]), (other, [0, 1])):
        found = (await meters.read(each, *JUNE)).series
        assert sorted(each.points.index(series.record) for series in found) == points
        assert all(series.readings.reveal().wh.tolist() == readings(*JUNE).wh.tolist() for series in found)
    assert await meters.takes(arrival(customer, readings(*JUNE), 1)) == Taken(duplicate=720)


YEARS = at("2023-01-01T00:00"), at("2025-01-01T00:00")


async def two_years(house: Home, meters: Metering) -> tuple[Customer, dict[str, Readings]]:
    """A customer with consumption and export of 2023 and 2024; it is July 2026."""
    customer = await meters.customer()
    house.clock.set(at("2025-01-20T12:00"))
    meters.roles.clear()
    given = {CONSUMPTION: readings(*YEARS), EXPORT: readings(*YEARS, salt=4)}
    given[CONSUMPTION].quality[:3] = Quality.MISSING
    await meters.append([arrival(customer, values, 0, name) for name, values in given.items()])
    house.clock.set(at("2026-07-15T12:00+02:00"))
    meters.roles.clear()
    customer.me = await house.principal("self", subject=customer.subject)
    return customer, given


async def coarsens(house: Home, meters: Metering, customer: Customer) -> Coarsened:
    vault = await meters.somebody("vault")
    return await house.vault.coarsen(vault, FOLDING, customer.subject, customer.points[0], INTO, house.clock())


@pytest.mark.clause("NAB-14")
async def test_hours_older_than_three_years_become_sums_to_the_watt_hour(house: Home, meters: Metering) -> None:
    customer, given = await two_years(house, meters)
    done = await coarsens(house, meters, customer)
    assert done.periods == 12  # January to June 2023, of two series
    opened = await meters.read(customer, *YEARS, (CONSUMPTION, EXPORT, *INTO.values()))
    found = {each.field: each.readings.reveal() for each in opened.series}
    for fine, total in INTO.items():
        assert found[fine].starts()[0] == at("2023-07-01T00:00+02:00").timestamp()
        parts = [given[fine].cut(span_of(2023, month)) for month in range(1, 7)]
        assert found[total].wh[:6].tolist() == [int(part.wh[part.quality != 0].sum()) for part in parts]
        assert not found[total].quality[6:].any()
    assert found[SUMS].quality[:2].tolist() == [Quality.INCOMPLETE, Quality.MEASURED]
    again = await coarsens(house, meters, customer)
    assert (again.periods, again.receipt) == (0, None)
    late = readings(at("2023-02-01T00:00"), at("2023-02-02T00:00"), registered=REGISTERED + 99)
    assert (await meters.takes_refusal(arrival(customer, late))) == "retention:hourly_then_monthly"


@pytest.mark.clause("NAB-14")
async def test_no_copy_opens_coarsened_hours_after_the_roll(house: Home, meters: Metering) -> None:
    customer, _ = await two_years(house, meters)
    async with copies(house.databases, "stolen") as stolen:
        done = await coarsens(house, meters, customer)
        assert done.receipt is not None
        await roll(house)
        assert (await house.vault.receipt(customer.me, done.receipt)).status is ReceiptStatus.ERASED
        query = "select * from series_head where subject = $1 and period < $2"
        old = await fetch(stolen, query, customer.subject, 12 * 2023 + 6)
    assert len(old) == 12
    for row in old:
        places = ", ".join(f"${n + 1}" for n in range(len(row)))
        await execute(house.databases, f"insert into series_head values ({places})", *row)
    with pytest.raises(Contended):
        await meters.read(customer, *YEARS)  # they say of which generation they are
    await execute(
        house.databases,
        "update series_head h set generation = s.generation from subject s where s.subject = h.subject",
    )
    with pytest.raises(BrokenSeal):
        await meters.read(customer, *YEARS)


def span_of(year: int, month: int) -> Span:
    return frame_of(Resolution.HOUR, number(Resolution.HOUR, at(f"{year}-{month:02}-10T12:00")))


async def test_coarsening_needs_the_policy_and_a_live_token(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    ingest = await meters.somebody("meter_ingest")
    now = house.clock()
    with pytest.raises(Refused):
        await house.vault.coarsen(ingest, FOLDING, customer.subject, customer.points[0], INTO, now)
    with pytest.raises(Unknown):
        await house.vault.coarsen(ingest, FOLDING, customer.subject, RecordId(house.ids()), INTO, now)
    vault = await meters.somebody("vault")
    nothing = await house.vault.coarsen(vault, FOLDING, customer.subject, customer.points[0], INTO, now)
    assert nothing.receipt is None


@pytest.mark.clause("NAB-19")
async def test_an_erased_record_takes_its_series_along_and_an_erased_person_all(house: Home, meters: Metering) -> None:
    customer = await meters.customer(points=2)
    await meters.append([arrival(customer, readings(*JUNE), point) for point in (0, 1)])
    cause = Cause(CauseKind.OFFICER, "letter", await house.bearer("privacy_approver"))
    dpo = await house.principal("dpo")
    receipt = await house.vault.erase(dpo, cause, [Scope(customer.subject, customer.points[0])])
    assert CONSUMPTION in {fate.field for fate in receipt.fates}
    (left,) = (await meters.read(customer, *JUNE)).series
    assert left.record == customer.points[1]
    await house.vault.erase(dpo, cause, [Scope(customer.subject)])
    assert not (await meters.read(customer, *JUNE)).series
    assert (await meters.takes_refusal(arrival(customer, readings(*JUNE)))) == "unknown"
    async with another_house(house, "sweeper", sweeper=True) as sweeping:
        await execute(house.databases, "update segment set stored_at = now() - interval '9 years'", kind="contents")
        await sweep(sweeping)
    assert await value(house.databases, "select count(*) from segment", kind="contents") == 0
    assert await value(house.databases, "select count(*) from series_head") == 0


async def test_the_sweeper_takes_what_no_head_lists_and_only_that(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    await day_by_day(meters, customer, 4)
    await house.vault.compact(await meters.somebody("vault"), FOLDING)
    assert await value(house.databases, "select count(*) from segment", kind="contents") == 5
    async with another_house(house, "sweeper", sweeper=True) as sweeping:
        assert (await sweep(sweeping)).segments == 0  # stored within the hour, as far as the clock of the house tells
        await execute(house.databases, "update segment set stored_at = '2020-01-01'", kind="contents")
        assert (await sweep(sweeping)).segments == 4
    found, _ = await counted(meters, customer)
    assert np.count_nonzero(found.quality) == 96


async def test_streaming_gives_month_by_month_what_one_opening_gives(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    year = at("2025-01-01T00:00"), at("2026-01-01T00:00")
    await meters.append([arrival(customer, readings(*year))])
    pages = [
        page
        async for page in house.vault.series_by_month(
            customer.me, Access("self_service", None, "self"), [customer.subject], frozenset({CONSUMPTION}), *year
        )
    ]
    assert len({page.entry for page in pages}) == 12
    assert (
        np.concatenate([page.series[0].readings.reveal().wh for page in pages]).tolist() == readings(*year).wh.tolist()
    )


async def test_a_revoked_token_appends_nothing(house: Home, meters: Metering) -> None:
    customer = await meters.customer()
    ingest = await house.principal("meter_ingest")
    await house.vault.tokens.revoke(ingest.token)
    with pytest.raises(TokenRefused):
        await house.vault.append(ingest, METERING, [arrival(customer, readings(*JUNE))])
    assert await value(house.databases, "select count(*) from series_head") == 0
