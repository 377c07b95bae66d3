"""Power customers with a meter each, put in through the doors, and their readings as columns and as plain rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from benchmarks.ground import principal
from hvelv.house import now
from policies.event import Fact
from policies.model import SELF, Access, Principal, RecordId, SubjectId
from vault import Vault
from vault.request import Change
from vault.series.axis import Resolution, between
from vault.series.readings import Quality, Readings
from vault.series.request import Arrival

FIELD: Final = "metering_point.consumption_hourly"
METERING: Final = Access("metering", None, "meter_ingest")
FOLDING: Final = Access("storage_limitation", None, "vault")
BILLING: Final = Access("billing", None, "billing")
REGISTERED: Final = 1_750_000_000
PAGE: Final = 200

READINGS: Final = (
    "create table readings (point bigint not null, start timestamptz not null, wh integer not null,"
    " quality smallint not null, registered timestamptz not null, primary key (point, start))"
)
COLUMNS: Final = ("point", "start", "wh", "quality", "registered")
Row = tuple[int, datetime, int, int, datetime]


@dataclass(frozen=True, slots=True)
class Meter:
    """One metering point; `number` names it in the plain twin."""

    number: int
    subject: SubjectId
    point: RecordId


@dataclass(frozen=True, slots=True)
class Grid:
    """Meters in a vault, and who delivers, reads and folds."""

    meters: Sequence[Meter]
    ingest: Principal
    billing: Principal
    folder: Principal


async def grid(vault: Vault, count: int) -> Grid:
    """So many customers that ordered and were started."""
    roles = ("visitor", "register_lookup", "meter_ingest", "billing", "vault")
    visitor, register, ingest, billing, folder = [await principal(vault.tokens, role) for role in roles]
    meters = [Meter(n, SubjectId(uuid.uuid4()), RecordId(uuid.uuid4())) for n in range(count)]
    for start in range(0, count, PAGE):
        await _settle(vault, meters[start : start + PAGE], visitor, register, ingest)
    return Grid(meters, ingest, billing, folder)


async def _settle(
    vault: Vault, meters: Sequence[Meter], visitor: Principal, register: Principal, ingest: Principal
) -> None:
    contracts = {meter.number: RecordId(uuid.uuid4()) for meter in meters}

    def change(meter: Meter, entity: str, **values: str) -> Change:
        root, contract = RecordId(meter.subject), contracts[meter.number]
        record, parent = {
            "person": (root, None),
            "power_contract": (contract, root),
            "metering_point": (meter.point, contract),
        }[entity]
        given = {f"{entity}.{name}": value for name, value in values.items()}
        return Change(subject=meter.subject, record=record, parent=parent, entity=entity, values=given)

    def facts(name: str) -> list[Fact]:
        return [Fact(subject=m.subject, record=contracts[m.number], name=name, at=now()) for m in meters]

    orders = [
        each
        for meter in meters
        for each in (
            change(
                meter, "person", first_name="Kari", last_name="Prøve", birth_date="1980-05-17",
                mobile=f"+476805{meter.number % 10_000:04}", email=f"meter-{meter.number}@example.no",
            ),
            change(meter, "power_contract", address=f"Prøveveien {meter.number}, 0170 Oslo"),
        )
    ]  # fmt: skip
    await vault.seal(visitor, Access("power_supply", None, SELF), orders, facts("power.ordered"))
    ids = [change(meter, "power_contract", national_id=SYNTHETIC) for meter in meters]
    await vault.seal(register, Access("end_user_identity", None, "register_lookup"), ids)
    points = [change(meter, "metering_point", meter_number=str(meter.number)) for meter in meters]
    await vault.seal(ingest, Access("metering_lookup", None, "meter_ingest"), points)
    begun = [change(meter, "power_contract", supply_from="2015-01-01") for meter in meters]
    await vault.seal(ingest, METERING, begun, facts("power.started"))


SYNTHETIC: Final = "05898597468"
"""A national id of nobody: its month is 89."""


# -- readings --------------------------------------------------------------------------------------------------------


def hours(meter: Meter, start: datetime, end: datetime, registered: int = REGISTERED, salt: int = 0) -> Readings:
    """Measured hours of [start, end): values that follow from meter, hour and salt."""
    span = between(Resolution.HOUR, start, end)
    numbers = np.arange(span.first, span.stop, dtype=np.int64)
    wh = (numbers * 2_654_435_761 + meter.number * 40_503 + salt * 97) % 8_999
    return Readings(
        Resolution.HOUR, span.first, wh, np.full(len(wh), Quality.MEASURED, np.uint8),
        np.full(len(wh), registered, np.int64),
    )  # fmt: skip


def arrival(meter: Meter, readings: Readings) -> Arrival:
    """These readings as they arrive."""
    return Arrival(meter.subject, meter.point, FIELD, readings)


def rows(meter: Meter, readings: Readings) -> list[Row]:
    """The same as rows of the plain twin."""
    first = datetime.fromtimestamp(readings.first * 3600, UTC)
    step = timedelta(hours=1)
    registered = datetime.fromtimestamp(int(readings.registered[0]), UTC)
    return [
        (meter.number, first + place * step, wh, quality, registered)
        for place, (wh, quality) in enumerate(zip(readings.wh.tolist(), readings.quality.tolist(), strict=True))
    ]


async def wal_at(connection: Any) -> Any:
    """Where the server's log of changes is."""
    return await connection.fetchval("select pg_current_wal_lsn()")


async def wal_since(connection: Any, before: Any) -> int:
    """How many bytes it has grown since."""
    return int(await connection.fetchval("select pg_wal_lsn_diff(pg_current_wal_lsn(), $1)", before))


async def size_of(connection: Any, *tables: str) -> int:
    """Bytes of these tables with their indexes."""
    return int(
        await connection.fetchval(
            "select sum(pg_total_relation_size(t::regclass)) from unnest($1::text[]) t", list(tables)
        )
    )
