"""`year`, `portfolio` and `sweep`: a meter-year, sums over many meters, and a month of hours let go.

The plain twin has one row per reading and a primary key (point, start). It asks no purpose, keeps no record and checks
no token. `opened` leaves out decision and record, to show what is theirs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from benchmarks.bulk_series import YEAR
from benchmarks.ground import Ground, connect
from benchmarks.meters import (
    BILLING,
    COLUMNS,
    FIELD,
    METERING,
    READINGS,
    Grid,
    Meter,
    arrival,
    grid,
    hours,
    rows,
)
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import alternating, median
from policies.model import Instance
from vault import House, Vault
from vault.series.axis import Resolution, frames
from vault.series.periods import Lane
from vault.series.reading import SeriesOpening
from vault.series.sealed import series_id
from vault.storage.series import delete_heads, fetch_heads_in

MASK: Final = frozenset({FIELD})
JUNE: Final = datetime(2025, 5, 31, 22, tzinfo=UTC), datetime(2025, 6, 30, 22, tzinfo=UTC)
SUMS: Final = (
    "select date_trunc('month', start at time zone 'Europe/Oslo') as month, sum(wh) from readings"
    " where point = any($1) and start >= $2 and start < $3 group by 1 order by 1"
)


async def run(place: Ground, results: Results) -> None:
    """The figures."""
    async with place.pair() as pair, place.plain() as natural:
        house = pair.house()
        async with Vault(house) as vault:
            town = await grid(vault, place.sizes.meters)
            plain = await connect(natural)
            await plain.execute(READINGS)
            await _fill(vault, town, plain)
            await _year(place, house, vault, town, plain, results)
            await _portfolio(place, vault, town, plain, results)
            await _sweep(house, town, plain, results)
            await plain.close()


async def _fill(vault: Vault, town: Grid, plain: Any) -> None:
    arrivals = [arrival(meter, hours(meter, *YEAR)) for meter in town.meters]
    await vault.append(town.ingest, METERING, arrivals)
    table = itertools.chain.from_iterable(rows(meter, hours(meter, *YEAR)) for meter in town.meters)
    await plain.copy_records_to_table("readings", records=table, columns=COLUMNS)
    await plain.execute("vacuum analyze readings")


async def _year(place: Ground, house: House, vault: Vault, town: Grid, plain: Any, results: Results) -> None:
    turn = itertools.cycle(town.meters)
    opening = _Unrecorded(house)

    async def ours() -> None:
        meter = next(turn)
        opened = await vault.series(town.billing, BILLING, [meter.subject], MASK, *YEAR)
        results.check(_same(opened.series[0].readings.reveal().wh, meter), "year: it reads otherwise")

    async def opened() -> None:
        meter = next(turn)
        (found,) = await opening.read([meter], *YEAR)
        results.check(_same(found.readings.reveal().wh, meter), "year: it opens otherwise")

    async def natural() -> None:
        meter = next(turn)
        found = await plain.fetch(
            "select start, wh, quality from readings where point = $1 and start >= $2 and start < $3 order by start",
            meter.number, *YEAR,
        )  # fmt: skip
        results.check(len(found) == 8_760, "year: the plain twin reads otherwise")

    times = await alternating({"ours": ours, "opened": opened, "natural": natural}, runs=place.sizes.runs)
    theirs = median(times["natural"])
    results.figures += [
        Figure(work="a meter-year, fetched and opened", ours=median(times["opened"]), other="select of 8,760 rows",
               theirs=theirs, against=Against.NATURAL, at_most=0.03),
        Figure(work="a meter-year, decided and recorded first", ours=median(times["ours"]),
               other="select of 8,760 rows", theirs=theirs, against=Against.NATURAL),
    ]  # fmt: skip


def _same(wh: np.ndarray[Any, Any], meter: Meter) -> bool:
    return bool(np.array_equal(wh, hours(meter, *YEAR).wh))


class _Unrecorded(SeriesOpening):
    """Only the last step of an opening. A benchmark's; nothing in the tree has it."""

    async def read(self, meters: Sequence[Meter], start: datetime, end: datetime) -> Any:
        """The hours of these meters."""
        rows_of = await self._house.subjects([meter.subject for meter in meters])
        lanes = [
            Lane.of(self._house.standing(rows_of[m.subject]), m.point, FIELD, Resolution.HOUR, Instance.MONTH)
            for m in meters
        ]
        return await self._read(lanes, start, end, history=False)


async def _portfolio(place: Ground, vault: Vault, town: Grid, plain: Any, results: Results) -> None:
    subjects, numbers = [meter.subject for meter in town.meters], [meter.number for meter in town.meters]
    wanted = [int(row[1]) for row in await plain.fetch(SUMS, numbers, *YEAR)]

    async def ours() -> None:
        opened = await vault.series(town.billing, BILLING, subjects, MASK, *YEAR)
        found = [series.readings.reveal() for series in opened.series]
        total = np.sum([each.wh for each in found], axis=0)
        first = found[0]
        parts = [total[f.first - first.first : f.stop - first.first] for f in frames(Resolution.HOUR, first.span)]
        results.check([int(part.sum()) for part in parts] == wanted, "portfolio: the sums are others")

    async def natural() -> None:
        results.check(len(await plain.fetch(SUMS, numbers, *YEAR)) == len(wanted), "portfolio: months are missing")

    times = await alternating({"ours": ours, "natural": natural}, runs=max(3, place.sizes.runs // 4), warm_up=1)
    results.figures.append(
        Figure(work=f"sums by month over {len(subjects):,} meter-years", ours=median(times["ours"]),
               other="SQL over plaintext rows", theirs=median(times["natural"]), against=Against.NATURAL, at_most=0.12)
    )  # fmt: skip


async def _sweep(house: House, town: Grid, plain: Any, results: Results) -> None:
    """One month of everybody's hours: the keys of the month against the rows of the month, in one transaction each."""
    named = [(meter.subject, series_id(meter.point, FIELD, Resolution.HOUR)) for meter in town.meters]
    month = 12 * 2025 + 5
    async with house.control.connection() as connection:
        heads = await fetch_heads_in(connection, named, ((month, month), (0, 0)))
    results.check(len(heads) == len(town.meters), "sweep: a month is missing")

    async def ours() -> None:
        async with house.control.transaction() as connection:
            await delete_heads(connection, heads)

    async def natural() -> None:
        await plain.execute("delete from readings where start >= $1 and start < $2", *JUNE)

    times = await alternating({"ours": ours, "natural": natural}, runs=1, warm_up=0)
    results.check(await plain.fetchval("select count(*) from readings") == len(heads) * 8_040, "sweep: rows are left")
    results.figures.append(
        Figure(work=f"a month's keys of {len(heads):,} meters destroyed", ours=times["ours"][0],
               other="delete the rows", theirs=times["natural"][0], against=Against.NATURAL, at_most=0.01)
    )  # fmt: skip
