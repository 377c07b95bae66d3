"""`meter-year`: a year of one meter's hours through GraphQL, as a column; and deliveries of years from bytes to commit.

The twin of the first answers the same year as a list of objects from plaintext rows with stock Strawberry, as one would
write it. The twin of the second parses the same lines with the standard library and stores a row per reading, with `ON
CONFLICT` keeping the newest registration. What comes back is compared with what was delivered.
"""

from __future__ import annotations

import json
import resource
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

import strawberry

from benchmarks.ground import Ground, connect, principal
from benchmarks.table import Against, Figure, Results
from benchmarks.timing import Program, alternating, median, seconds
from hvelv.app import bearer_of
from hvelv.house import now
from hvelv.metered import PowerCustomer, Staff, delivered, hours, load, supplied
from hvelv.roofs import Roofs
from policies.model import SELF, Access, PolicySet, Principal
from policies.oslo import midnight, oslo_date
from resolvers.house import House
from resolvers.service import Given, Openness, Service
from schema.series import CONSUMED
from vault import Vault
from vault.series.request import SeriesOpened

DOCUMENT: Final = """query Year($s: UUID!, $p: UUID!, $f: Date!, $t: Date!) {
  meteringPoint(subject: $s, id: $p) { series(kind: CONSUMPTION, from: $f, to: $t, resolution: HOUR) {
    first energyWh qualities } } }"""
OBJECTS: Final = "query Year($p: Int!) { readings(point: $p) { start energyWh quality } }"
ROWS: Final = (
    "create table reading (point integer not null, start timestamptz not null, wh integer not null,"
    " quality text not null, registered timestamptz not null, primary key (point, start))"
)
INSERT: Final = (
    "insert into reading values ($1, $2, $3, $4, $5) on conflict (point, start) do update set wh = excluded.wh,"
    " quality = excluded.quality, registered = excluded.registered where reading.registered <= excluded.registered"
)
YEAR: Final = "select start, wh, quality from reading where point = $1 order by start"
WITHIN: Final = 0.001
BATCH: Final = 10_000


@strawberry.type
class Reading:
    """A reading as one would write it."""

    start: datetime
    energy_wh: int
    quality: str


@strawberry.type
class Query:
    """The natural schema."""

    @strawberry.field
    async def readings(self, info: strawberry.Info[Any, None], point: int) -> list[Reading]:
        """A year, row by row; from rows at hand, or from the database."""
        rows = await _rows_of(info.context, point)
        return [Reading(start=row[0], energy_wh=row[1], quality=row[2]) for row in rows]


async def _rows_of(source: Any, point: int) -> Any:
    return await source.fetch(YEAR, point) if hasattr(source, "fetch") else source


@dataclass(frozen=True, slots=True)
class Years:
    """Invented customers with a whole calendar year behind them, and both programs."""

    vault: Vault
    staff: Staff
    customers: Sequence[PowerCustomer]
    first: date
    after: date
    plain: Any

    @property
    def delivery(self) -> bytes:
        """All of them in one file."""
        return b"".join(hours(each.metering_point, self.first, self.after) for each in self.customers)


async def run(ground: Ground, results: Results) -> None:
    """Deliver, read, check, add three figures."""
    async with ground.pair() as pair, ground.plain() as address, Vault(pair.house()) as vault:
        first = date(oslo_date(now()).year - 1, 1, 1)

        async def somebody(*roles: str) -> Principal:
            return await principal(vault.tokens, *roles)

        staff = await Staff.of(somebody)
        customers = [await supplied(vault, staff, n, first, now) for n in range(ground.sizes.metered)]
        plain = await connect(address)
        await plain.execute(ROWS)
        years = Years(vault, staff, customers, first, date(first.year + 1, 1, 1), plain)
        results.figures.append(await _deliveries(years, results))
        results.figures += await _year(years, results, ground.sizes.runs)
        await plain.close()


async def _deliveries(years: Years, results: Results) -> Figure:
    data = years.delivery
    count = len(load(years.first, years.after)) * len(years.customers)

    async def ours() -> None:
        report = await delivered(years.vault, years.staff, data, now)
        results.check(report.accepted == count and not report.refused, "meter-year: a delivery was taken otherwise")

    async def natural() -> None:
        await _rows(years.plain, data)
        results.check(await years.plain.fetchval("select count(*) from reading") == count, "meter-year: rows are lost")

    taken, plain = await seconds(ours), await seconds(natural)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.notes.append(
        f"meter-year: {count:,} readings of {len(years.customers)} meters in {len(data) / 1e6:.1f} MB from bytes to"
        f" commit: {count / taken:,.0f} readings/s; peak of the whole process {peak:,.0f} MiB"
    )
    return Figure(
        work=f"deliver a year of {len(years.customers)} meters", ours=taken, other="idempotent plaintext rows",
        theirs=plain, against=Against.NATURAL, at_most=0.15,
    )  # fmt: skip


async def _rows(connection: Any, data: bytes) -> None:
    rows: list[tuple[int, datetime, int, str, datetime]] = []
    for line in data.splitlines():
        said = json.loads(line)
        start, registered = (datetime.fromisoformat(said[name]).astimezone(UTC) for name in ("start", "registered"))
        point = int(said["point"][-7:])
        rows += [
            (point, start + timedelta(hours=number), wh, said["quality"], registered)
            for number, wh in enumerate(said["energy_wh"])
        ]
        while len(rows) >= BATCH:
            await connection.executemany(INSERT, rows[:BATCH])
            del rows[:BATCH]
    await connection.executemany(INSERT, rows)


async def _year(years: Years, results: Results, runs: int) -> list[Figure]:
    answers: dict[str, str] = {}
    programs = {**await _ours(years, answers), **await _stock(years, answers)}
    times = await alternating(programs, runs=min(runs, 15))
    wanted = list(load(years.first, years.after))
    for name in ("ours", "completed"):
        column = json.loads(answers[name])["data"]["meteringPoint"]["series"]["energyWh"]
        results.check(column == wanted, f"meter-year: {name}: the column is another year")
    for name in ("natural", "listed"):
        found = [each["energyWh"] for each in json.loads(answers[name])["readings"]]
        results.check(found == wanted, f"meter-year: {name}: the list is another year")
    return [
        Figure(
            work="a meter-year through GraphQL", ours=median(times["ours"]), other="a list of objects",
            theirs=median(times["natural"]), against=Against.NATURAL, at_most=0.01,
        ),
        Figure(
            work="the same, once opened", ours=median(times["completed"]), other="the same, once selected",
            theirs=median(times["listed"]), against=Against.NATURAL, at_most=0.01, within=WITHIN,
        ),
    ]  # fmt: skip


async def _ours(years: Years, answers: dict[str, str]) -> dict[str, Program]:
    """The year as a column: opened anew each time, and from what was opened before."""
    customer = years.customers[0]
    me = await principal(years.vault.tokens, "self", subject=customer.subject)
    house = House(vault=years.vault, authenticate=bearer_of, clock=now, ids=uuid.uuid4, solar=Roofs())
    openness = Openness(introspectors=frozenset(), development=False)
    kept = AtHand(years.vault, await _opened(years, me))
    services = {
        "ours": Service(house, openness),
        "completed": Service(replace(house, vault=cast("Any", kept)), openness),
    }
    first, after = years.first.isoformat(), years.after.isoformat()
    given = Given(DOCUMENT, {"s": str(customer.subject), "p": str(customer.record), "f": first, "t": after}, None)

    def program(name: str) -> Program:
        async def run() -> None:
            answers[name] = json.dumps((await services[name].answer(given, me)).body)

        return run

    return {name: program(name) for name in services}


async def _stock(years: Years, answers: dict[str, str]) -> dict[str, Program]:
    """The year as a list of objects: selected anew each time, and from rows at hand."""
    stock, point = strawberry.Schema(query=Query), int(years.customers[0].metering_point[-7:])
    sources = {"natural": years.plain, "listed": await years.plain.fetch(YEAR, point)}

    def program(name: str) -> Program:
        async def run() -> None:
            answer = await stock.execute(OBJECTS, variable_values={"p": point}, context_value=sources[name])
            answers[name] = json.dumps(answer.data)

        return run

    return {name: program(name) for name in sources}


async def _opened(years: Years, me: Principal) -> SeriesOpened:
    customer = years.customers[0]
    start, end = midnight(years.first), midnight(years.after)
    return await years.vault.series(
        me, Access("self_service", None, SELF), [customer.subject], frozenset({CONSUMED[0]}), start, end
    )


@dataclass(frozen=True, slots=True)
class AtHand:
    """A vault that has opened the year already: what is left is GraphQL."""

    vault: Vault
    opened: SeriesOpened

    @property
    def policy(self) -> PolicySet:
        """The policy in force."""
        return self.vault.policy

    async def series(self, *_: Any) -> SeriesOpened:
        """What was opened."""
        return self.opened
