"""Invented power customers: ordered, identified, looked up and supplied through the doors, with hours of a year.

Numbers are synthetic: national ids carry month + 80, metering points lie under the prefix of the published examples,
and every customer has the one mobile number that libphonenumber publishes as the example of a Norwegian one.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Final

from hvelv.standins.direct import DirectPersons, DirectPoints
from hvelv.standins.registers import MeterEntry, PersonEntry, StandInRegisters
from ingest.formats import Options
from ingest.pipeline import Pipeline
from ingest.report import Report
from policies.model import Principal, RecordId, SubjectId
from policies.oslo import midnight, oslo_date
from policies.values import BadValue, NationalIds, ValueRules
from policies.values.identifiers import national_id
from products import nabostrom
from products.request import keyed
from vault import Vault

MOBILE: Final = "40612345"
STREET: Final = "Kvernveien"
POINTS: Final = "70705750000"
BORN: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Staff:
    """Who takes the steps that are not the customer's."""

    visitor: Principal
    service: Principal
    operator: Principal

    @staticmethod
    async def of(principal: Callable[..., Awaitable[Principal]]) -> Staff:
        """From whatever hands out principals of roles."""
        return Staff(
            await principal("visitor"), await principal("meter_ingest", "register_lookup"), await principal("operator")
        )


@dataclass(frozen=True, slots=True)
class PowerCustomer:
    """One of them: `record` is the metering point's."""

    subject: SubjectId
    contract: RecordId
    record: RecordId
    metering_point: str


async def supplied(
    vault: Vault, staff: Staff, number: int, since: date, clock: Callable[[], datetime]
) -> PowerCustomer:
    """The invented customer of this number, supplied from a day on; each number is somebody else."""
    point, born = metering_point(number), BORN + timedelta(days=number)
    address = f"{STREET} {number % 9000 + 1}, 0002 Prøvestad"
    person = PersonEntry(
        national_id=synthetic_id(born), first_name="Ingrid", last_name=f"Prøve{'abcdefghij'[number % 10]}",
        birth_date=born.isoformat(), address=address,
    )  # fmt: skip
    entry = MeterEntry(
        metering_point=point, meter_number=f"{number:010}", end_user=person.national_id, postcode="0002",
        street=STREET, house_number=str(number % 9000 + 1), feeds_in=number % 5 == 0,
    )  # fmt: skip
    registers = StandInRegisters(meters=[entry], persons=[person])
    wish = nabostrom.OrderPower(
        contract=None, address=address, first_name=person.first_name, last_name=person.last_name,
        birth_date=person.birth_date, mobile=MOBILE, email=f"power{number}@example.no",
    )  # fmt: skip
    made = await nabostrom.order_power(
        vault, staff.visitor, wish, keyed(str(uuid.uuid4()), wish), reason=None, ids=uuid.uuid4, clock=clock
    )
    identity = nabostrom.FetchIdentity(subject=made.subject, contract=made.contract)
    await nabostrom.fetch_identity(
        vault, staff.service, DirectPersons(registers), identity, keyed(str(uuid.uuid4()), identity), clock=clock
    )
    sought = nabostrom.LookUp(subject=made.subject, contract=made.contract, meter_number=None)
    found = await nabostrom.look_up(
        vault, staff.service, DirectPoints(registers), sought, keyed(str(uuid.uuid4()), sought), ids=uuid.uuid4,
        clock=clock,
    )  # fmt: skip
    if not isinstance(found, nabostrom.PointFound):
        raise TypeError("an invented customer was not found in its own register")
    start = nabostrom.StartSupply(subject=made.subject, contract=made.contract, supply_from=since)
    await nabostrom.start_supply(
        vault, staff.operator, start, keyed(str(uuid.uuid4()), start), reason="invented", clock=clock
    )
    return PowerCustomer(made.subject, made.contract, found.metering_point, point)


async def delivered(vault: Vault, staff: Staff, data: bytes, clock: Callable[[], datetime]) -> Report:
    """Take a delivery in, as the service would."""
    return await Pipeline(vault, staff.service).take(BytesIO(data), Options(now=clock()))


def hours(point: str, first: date, after: date) -> bytes:
    """Invented hours of some days, as a partner delivers them: a line a month."""
    lines: list[str] = []
    begin = first
    while begin < after:
        end = min(after, date(begin.year + begin.month // 12, begin.month % 12 + 1, 1))
        wh = load(begin, end)
        lines.append(json.dumps({
            "kind": "series", "point": point, "direction": "consumption", "resolution": "PT1H",
            "start": _z(midnight(begin)), "end": _z(midnight(end)), "registered": _z(midnight(end)),
            "quality": "measured", "energy_wh": list(wh),
        }))  # fmt: skip
        begin = end
    return ("\n".join(lines) + "\n").encode()


def load(first: date, after: date) -> Sequence[int]:
    """Invented watt-hours by hour: more in winter, in the morning and in the evening."""
    begin, count = midnight(first), (midnight(after) - midnight(first)) // timedelta(hours=1)
    return [_load(begin + timedelta(hours=number)) for number in range(count)]


def _load(at: datetime) -> int:
    season = 1 + 0.6 * math.cos(2 * math.pi * (oslo_date(at).timetuple().tm_yday - 20) / 365)
    daily = 1 + 0.4 * math.cos(2 * math.pi * (at.hour - 18) / 12)
    return round(900 * season * daily)


def metering_point(number: int) -> str:
    """A metering point id whose check digit fits."""
    body = f"{POINTS}{number:06}"
    weighed = sum(int(digit) * weight for digit, weight in zip(body, (3, 1) * 9, strict=False))
    return f"{body}{-weighed % 10}"


def synthetic_id(born: date) -> str:
    """A national id of nobody: the month carries + 80."""
    rules = ValueRules(NationalIds.SYNTHETIC, date(2026, 1, 1))
    start = f"{born.day:02}{born.month + 80}{born.year % 100:02}"
    tried = (f"{start}{individual:03}{control:02}" for individual in range(999) for control in range(100))
    return next(each for each in tried if not isinstance(national_id(each, rules), BadValue))


def _z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
