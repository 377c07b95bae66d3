"""`bulk`: a year of hours per meter, decoded → committed; what it takes on disk and in the log of changes.

N: the same readings as rows by COPY into one table with a primary key. L: the same blocks, without key, seal, decision
or record, in the same two tables by the same statements. The rows of the plain twin are made before the clock starts.
"""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

import numpy as np

from benchmarks.ground import Ground, connect
from benchmarks.meters import (
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
    size_of,
    wal_at,
    wal_since,
)
from benchmarks.table import Against, Figure, Results, Unit
from benchmarks.timing import median, seconds
from policies.model import Instance
from vault import Vault
from vault.series.axis import Resolution
from vault.series.layout import Kind, Pages, blocks
from vault.series.readings import Readings
from vault.series.sealed import series_id

YEAR: Final = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)
ROUNDS: Final = 3
LIKE: Final = (
    """create table segment (subject uuid not null, series uuid not null, period integer not null,
       delivery bigint not null, stored_at timestamptz not null default now(), plain bytea not null,
       primary key (subject, series, period, delivery)) with (toast_tuple_target = 8160)""",
    "alter table segment alter column plain set storage external",
    """create table head (subject uuid not null, series uuid not null, period integer not null,
       version integer not null, accepted bytea not null, primary key (subject, series, period))""",
)


SEGMENT: Final = ("subject", "series", "period", "delivery", "plain")


@dataclass(frozen=True, slots=True)
class Twins:
    """Connections to the plain designs."""

    natural: Any
    like: Any


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of each turn, and bytes of the log of all turns."""

    times: dict[str, list[float]]
    logs: dict[str, int]


async def run(place: Ground, results: Results) -> None:
    """The figures `bulk`, `disk` and `log`."""
    each = place.sizes.meters
    async with place.pair() as pair, place.plain() as natural, place.plain() as like, Vault(pair.house()) as vault:
        town = await grid(vault, each * ROUNDS)
        twins = Twins(await connect(natural), await connect(like))
        owner = {kind: await connect(pair.owner(kind)) for kind in ("control", "contents")}
        await twins.natural.execute(READINGS)
        for statement in LIKE:
            await twins.like.execute(statement)
        taken = Taken({"ours": [], "natural": [], "like": []}, {"ours": 0, "natural": 0})
        empty = await _sizes(owner, twins.natural)
        for number in range(ROUNDS):
            meters = town.meters[number * each : (number + 1) * each]
            await _round(vault, town, meters, twins, taken, results)
        full = await _sizes(owner, twins.natural)
        await _checked(vault, town, results)
        _figures(results, taken, {name: full[name] - empty[name] for name in full}, each)
        for connection in (twins.natural, twins.like, *owner.values()):
            await connection.close()


async def _round(
    vault: Vault, town: Grid, meters: Sequence[Meter], twins: Twins, taken: Taken, results: Results
) -> None:
    years = [hours(meter, *YEAR) for meter in meters]
    arrivals = [arrival(meter, year) for meter, year in zip(meters, years, strict=True)]
    table = list(itertools.chain.from_iterable(rows(meter, year) for meter, year in zip(meters, years, strict=True)))

    async def ours() -> None:
        appended = await vault.append(town.ingest, METERING, arrivals)
        results.check(appended.total().accepted == len(table), "bulk: not everything was accepted")

    async def natural() -> None:
        await twins.natural.copy_records_to_table("readings", records=table, columns=COLUMNS)

    async def like() -> None:
        await _like(twins.like, meters, years)

    await twins.natural.execute("checkpoint")
    for name, program in (("ours", ours), ("natural", natural), ("like", like)):
        before = await wal_at(twins.natural)
        taken.times[name].append(await seconds(program))
        if name in taken.logs:
            taken.logs[name] += await wal_since(twins.natural, before)


async def _like(twin: Any, meters: Sequence[Meter], years: Sequence[Readings]) -> None:
    """Ours with privacy taken out."""
    kind = Kind(Resolution.HOUR, 2, Instance.MONTH)
    names = [(meter.subject, series_id(meter.point, FIELD, Resolution.HOUR)) for meter in meters]
    segments: list[tuple[object, ...]] = []
    for page in blocks(kind, np.arange(len(meters)), years):
        if isinstance(page, Pages):
            numbers = struct.unpack(f">{len(page.octets)}q", os.urandom(8 * len(page.octets)))
            lanes: list[int] = page.lane.tolist()
            for row, lane in enumerate(lanes):
                segments.append((*names[lane], int(page.period[row]), numbers[row], page.octets[row].tobytes()))
    await twin.copy_records_to_table("segment", records=segments, columns=SEGMENT)
    heads = [(*row[:3], 1, struct.pack(">q", row[3])) for row in sorted(segments, key=itemgetter(0, 1, 2))]
    await twin.copy_records_to_table("head", records=heads)


async def _sizes(owner: dict[str, Any], plain: Any) -> dict[str, int]:
    """Everything that grows: for us also the ledger."""
    control = ("series_head", "ledger_entry", "ledger_subject")
    ours = await size_of(owner["control"], *control) + await size_of(owner["contents"], "segment")
    return {"ours": ours, "natural": await size_of(plain, "readings")}


async def _checked(vault: Vault, town: Grid, results: Results) -> None:
    for meter in town.meters[:: max(1, len(town.meters) // 20)]:
        opened = await vault.series(town.ingest, METERING, [meter.subject], frozenset({FIELD}), *YEAR)
        wanted = hours(meter, *YEAR)
        right = len(opened.series) == 1 and opened.series[0].readings.reveal().wh.tolist() == wanted.wh.tolist()
        results.check(right, "bulk: a meter reads otherwise")


def _figures(results: Results, taken: Taken, sizes: dict[str, int], each: int) -> None:
    times, logs, count = taken.times, taken.logs, each * ROUNDS * 8_760
    ours = median(times["ours"])
    work = f"bulk, {each:,} meters × a year of hours"
    results.figures += [
        Figure(work=work, ours=ours, other="rows by COPY", theirs=median(times["natural"]),
               against=Against.NATURAL, at_most=0.02),
        Figure(work=work, ours=ours, other="blocks unsealed, unrecorded", theirs=median(times["like"]),
               against=Against.LIKE, at_most=1.25),
        Figure(work="disk of a reading", ours=sizes["ours"] / count, other="a row", theirs=sizes["natural"] / count,
               against=Against.NATURAL, at_most=0.05, unit=Unit.BYTES),
        Figure(work="log of a reading", ours=logs["ours"] / count, other="a row", theirs=logs["natural"] / count,
               against=Against.NATURAL, at_most=0.03, unit=Unit.BYTES),
    ]  # fmt: skip
    results.notes.append(f"bulk: {count / ROUNDS / ours / 1e6:.1f} million readings a second, decoded to committed")
