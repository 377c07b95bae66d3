"""`feed`: a month of hours, bytes in, day by day and in one file; then compaction. A file is of all meters at once.

Three deliveries in a hundred come twice, one reading in a hundred is corrected by a later one. Both programs read the
same lines with the same reader. The plain twin is idempotent too: COPY into a temporary table, then INSERT with ON
CONFLICT DO UPDATE where the registration is newer. Afterwards the lengths of all segments are compared with who was
away.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from benchmarks.ground import Ground, connect
from benchmarks.meters import COLUMNS, FIELD, FOLDING, METERING, READINGS, Grid, Meter, arrival, grid, hours
from benchmarks.table import Against, Figure, Results
from vault import Vault
from vault.series.axis import Resolution
from vault.series.readings import Readings

START: Final = datetime(2025, 9, 30, 22, tzinfo=UTC)
FIRST: Final = int(START.timestamp()) // 3600
DAY: Final = 24
CORRECTED, TWICE, AWAY = 100, 33, 10
NONE: Final = np.zeros(0, np.int64)
MERGE: Final = (
    "insert into readings select * from incoming on conflict (point, start) do update set wh = excluded.wh,"
    " quality = excluded.quality, registered = excluded.registered where readings.registered < excluded.registered"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrives on one day: lines `point;hour;wh;quality;registered`, and how often each meter is in them."""

    lines: bytes
    readings: int


def delivery(meters: Sequence[Meter], day: int, days: int) -> Delivery:
    """The lines of these days. Every tenth meter is away for some days and delivers nothing of them."""
    parts: list[bytes] = []
    count = 0
    registered = 1_760_000_000 + 86_400 * day
    for meter in meters:
        rows = np.concatenate(
            [DAY * n + np.arange(DAY) for n in range(day, day + days) if not away(meter, n)] or [NONE]
        )
        again = rows if (meter.number + day) % TWICE == 0 else NONE
        earlier = np.arange((meter.number * 7 + day) % CORRECTED, DAY * day, CORRECTED)[-days:]
        late = np.array([row for row in earlier if not away(meter, int(row) // DAY)], np.int64)
        for salt, some in ((0, rows), (0, again), (1, late)):
            wh = ((FIRST + some) * 2_654_435_761 + meter.number * 40_503 + salt * 97) % 8_999
            said = registered + salt
            parts += [b"%d;%d;%d;6;%d\n" % (meter.number, FIRST + at, w, said) for at, w in zip(some, wh, strict=True)]
            count += len(some)
    return Delivery(b"".join(parts), count)


def away(meter: Meter, day: int) -> bool:
    """Whether nobody read this meter on this day."""
    return meter.number % AWAY == 0 and 3 <= day < 8


def columns(lines: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The five columns of a delivery."""
    return np.array(lines.replace(b"\n", b";").split(b";")[:-1], dtype="S12").astype(np.int64).reshape(-1, 5)


def arrivals(meters: Sequence[Meter], lines: bytes) -> list[Any]:
    """Runs of one meter and one registration become arrivals."""
    table = columns(lines)
    point, at, wh, quality, registered = table.T
    breaks = np.flatnonzero((np.diff(point) != 0) | (np.diff(at) != 1) | (np.diff(registered) != 0)) + 1
    bounds = [0, *breaks.tolist(), len(table)]
    marks = quality.astype(np.uint8)
    return [
        arrival(
            meters[int(point[a])],
            Readings(Resolution.HOUR, int(at[a]), wh[a:b].copy(), marks[a:b], registered[a:b].copy()),
        )
        for a, b in itertools.pairwise(bounds)
    ]


async def run(place: Ground, results: Results) -> None:
    """The figures: a month day by day, and as it comes in one file."""
    for days in (1, place.sizes.feed_days):
        async with place.pair() as pair, place.plain() as natural, Vault(pair.house()) as vault:
            town = await grid(vault, place.sizes.feed_meters)
            plain, contents = await connect(natural), await connect(pair.owner("contents"))
            await plain.execute(READINGS)
            await plain.execute("create temporary table incoming (like readings) on commit delete rows")
            await _fed(vault, town, plain, (place.sizes.feed_days, days), results)
            await _side_channel(contents, town, results)
            for connection in (plain, contents):
                await connection.close()


async def _fed(vault: Vault, town: Grid, plain: Any, days: tuple[int, int], results: Results) -> None:
    whole, step = days
    ours = theirs = 0.0
    given = [delivery(town.meters, day, step) for day in range(0, whole, step)]
    for each in given:
        began = time.perf_counter()
        await vault.append(town.ingest, METERING, arrivals(town.meters, each.lines))
        between = time.perf_counter()
        await _merge(plain, each.lines)
        ours, theirs = ours + between - began, theirs + time.perf_counter() - between
    began = time.perf_counter()
    folded = await vault.compact(town.folder, FOLDING, limit=1_000_000)
    ours += time.perf_counter() - began
    await _checked(vault, town, plain, whole, results)
    how = "day by day" if step == 1 else f"{step} days in one file"
    results.figures.append(
        Figure(work=f"feed of {len(town.meters):,} meters, {how}, folded", ours=ours,
               other="idempotent plaintext rows", theirs=theirs, against=Against.NATURAL, at_most=0.15)
    )  # fmt: skip
    speed = sum(each.readings for each in given) / ours
    results.notes.append(f"feed, {how}: {speed:,.0f} readings a second, {folded.before} segments became {folded.after}")


async def _merge(plain: Any, lines: bytes) -> None:
    point, at, wh, quality, registered = (column.tolist() for column in columns(lines).T)
    times = {each: datetime.fromtimestamp(each * 3600, UTC) for each in set(at)}
    said = {each: datetime.fromtimestamp(each, UTC) for each in set(registered)}
    newest: dict[tuple[int, int], tuple[object, ...]] = {}
    for p, a, w, q, r in sorted(zip(point, at, wh, quality, registered, strict=True), key=lambda row: row[4]):
        newest[p, a] = (p, times[a], w, q, said[r])
    async with plain.transaction():
        await plain.copy_records_to_table("incoming", records=newest.values(), columns=COLUMNS)
        await plain.execute(MERGE)


async def _checked(vault: Vault, town: Grid, plain: Any, days: int, results: Results) -> None:
    end = START + timedelta(days=days)
    for meter in town.meters:
        opened = await vault.series(town.ingest, METERING, [meter.subject], frozenset({FIELD}), START, end)
        readings = opened.series[0].readings.reveal()
        found = [(readings.first + int(at), int(readings.wh[at])) for at in np.flatnonzero(readings.quality)]
        rows = await plain.fetch("select start, wh from readings where point = $1 order by start", meter.number)
        results.check(found == [(int(start.timestamp()) // 3600, wh) for start, wh in rows], "feed: a series differs")
    results.check(len(hours(town.meters[0], START, end).wh) == DAY * days, "feed: the days are others")


async def _side_channel(contents: Any, town: Grid, results: Results) -> None:
    """The chance that of two meters the one with absent days is told by the length of its block."""
    rows = await contents.fetch("select subject, length(sealed) from segment where get_byte(sealed, 1) = 1")
    lengths = {row[0]: row[1] for row in rows}
    gone = [lengths[meter.subject] for meter in town.meters if meter.number % AWAY == 0]
    there = [lengths[meter.subject] for meter in town.meters if meter.number % AWAY]
    pairs = [(a > b) + (a == b) / 2 for a in gone for b in there]
    area = sum(pairs) / len(pairs)
    results.check(abs(area - 0.5) < 1e-9, "feed: the length of a block tells who was away")
    results.notes.append(f"side channel: who was away is told by the length of a block with AUC {area:.2f}")
