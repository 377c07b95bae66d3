"""`python -m benchmarks [NAME…] [--json] [--quick]`: run them, print one table, fail only on a wrong answer."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from benchmarks import (
    bulk_series,
    documents,
    erasing,
    expiring,
    feed,
    formats,
    in_process,
    meter_year,
    over_http,
    recording,
    rolling,
    roofs,
    series_reads,
    starting,
    withdrawing,
)
from benchmarks.ground import Ground, connect, ground, policy
from benchmarks.sizes import FULL, QUICK, Sizes
from benchmarks.table import Results, as_json, ending, spoken, table
from benchmarks.timing import median, seconds
from hvelv.logs import configure

Benchmark = Callable[[Ground, Results], Awaitable[None]]
BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {
        "http": over_http.run,
        "documents": documents.run,
        "formats": formats.run,
        "open": in_process.run,
        "erase": erasing.run,
        "retention": expiring.run,
        "roll": rolling.run,
        "start": starting.run,
        "record": recording.run,
        "withdraw": withdrawing.run,
        "roofs": roofs.run,
        "meter-year": meter_year.run,
        "bulk": bulk_series.run,
        "feed": feed.run,
        "series": series_reads.run,
    }
)
LIBRARIES: Final = ("asyncpg", "cryptography", "granian", "graphql-core", "piccolo", "strawberry-graphql")


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that all runs, measures nothing")
    asked = parser.parse_args()
    configure()  # what the programs log goes to standard error, not between the figures
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return asyncio.run(_run(asked.names or list(BENCHMARKS), QUICK if asked.quick else FULL, as_text=not asked.json))


async def _run(names: list[str], sizes: Sizes, *, as_text: bool) -> int:
    results = Results()
    async with ground(sizes) as place:
        about = await _about(place)
        for name in names:
            began = time.perf_counter()
            await BENCHMARKS[name](place, results)
            print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if as_text:
        print("\n".join([*(f"{key}: {value}" for key, value in about.items()), ""]))
        print(f"{table(results.figures)}\n\n{ending(results)}")
    else:
        print(as_json(results, about))
    return results.exit_code


async def _about(place: Ground) -> dict[str, str]:
    connection = await connect(place.server.dsn("hvelv_owner", "postgres"))
    postgres = await connection.fetchval("select current_setting('server_version') || ', fsync ' ||"
                                         " current_setting('fsync')")  # fmt: skip
    await connection.close()
    began = time.perf_counter()
    policy()
    read = time.perf_counter() - began
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return {
        "one small commit": spoken(await _flush(place)),
        "reading the policy": f"{spoken(read)}, once in each process, in no figure",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, load {load} before, {platform.system()}",
        "versions": f"Python {platform.python_version()}, PostgreSQL {postgres}, "
        + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "sizes": ", ".join(f"{name} {getattr(place.sizes, name)}" for name in place.sizes.__dataclass_fields__),
    }


async def _flush(place: Ground) -> float:
    """The median of committing one small row on this disk: what every durable act waits for at least once."""
    async with place.plain() as address:
        connection = await connect(address)
        await connection.execute("create table flush (number integer)")

        async def commit() -> None:
            await connection.execute("insert into flush values (1)")

        taken = median([await seconds(commit) for _ in range(50)])
        await connection.close()
        return taken


if __name__ == "__main__":
    sys.exit(main())
