"""The story of one power customer: ordered, identified, looked up, supplied, metered, read; and a stranger refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from hvelv.demo.stage import Answer, Caller
from hvelv.demo.story import Story
from hvelv.house import now
from hvelv.standins.registers import MeterEntry, PersonEntry
from policies.oslo import midnight, oslo_date
from vault.request import Secret

NAME: Final = ("Åse", "Fossefall")
ADDRESS: Final = "Kvernveien 31, 0002 Prøvestad"
EMAIL: Final = "aase.fossefall@example.no"
NATIONAL_ID: Final = "12829499914"  # published for tests: the month carries +80
POINT: Final = "707057500000000018"
METER: Final = "0069708055555"
POWER_CANARIES: Final = (ADDRESS, EMAIL, NAME[1], NATIONAL_ID, POINT, METER)

ORDER: Final = """mutation Order($k: String!, $o: PowerOrderInput!) {
  orderPower(idempotencyKey: $k, order: $o) { subject contract token } }"""
IDENTIFY: Final = """mutation Identify($k: String!, $s: UUID!, $c: UUID!) {
  fetchIdentity(idempotencyKey: $k, subject: $s, contract: $c) { outcome } }"""
LOOK_UP: Final = """mutation LookUp($k: String!, $s: UUID!, $c: UUID!) {
  lookUpMeteringPoint(idempotencyKey: $k, subject: $s, contract: $c) { outcome record } }"""
START: Final = """mutation Start($k: String!, $s: UUID!, $c: UUID!, $d: Date!)
  @access(purpose: METERING, reason: "supply began") {
  startSupply(idempotencyKey: $k, subject: $s, contract: $c, supplyFrom: $d) { record } }"""
MINE: Final = """query Mine { me { firstName powerContracts { address supplyFrom nationalId
  meteringPoints { meteringPointId meterNumber readingForm } } } }"""
SERIES: Final = """query Series($s: UUID!, $p: UUID!, $f: Date!, $t: Date!) %s {
  meteringPoint(subject: $s, id: $p) { series(kind: CONSUMPTION, from: $f, to: $t, resolution: DAY) {
    energyWh coverage preliminary counts { measured waiting } } } }"""
BASIS: Final = """query Basis($s: UUID!, $p: UUID!, $f: Date!, $t: Date!) @access(purpose: BILLING) {
  meteringPoint(subject: $s, id: $p) { meterNumber
    billingBasis(from: $f, to: $t) { months { month consumptionWh coverage } } } }"""
IN_VAIN: Final = '@access(purpose: CUSTOMER_SERVICE, reason: "curious")'


@dataclass(slots=True)
class PowerStory:
    """What has happened so far, beside the story of the homeowner."""

    story: Story
    subject: str = ""
    contract: str = ""
    point: str = ""
    since: date = field(default_factory=lambda: oslo_date(now()) - timedelta(days=30))

    async def tell(self) -> None:
        """Two chapters."""
        await self._cast()
        await self._ordered()
        await self._metered()

    async def _cast(self) -> None:
        people, caller = self.story.people, self.story.stage.caller
        people["the look-up service"] = await caller("the look-up service", "meter_ingest", "register_lookup")
        people["an operator"] = await caller("an operator", "operator")
        people["billing"] = await caller("billing", "billing")
        people["customer service"] = await caller("customer service", "customer_service")
        people["the grid company"] = await caller(
            "the grid company", "grid_company", recipient="grid_company", purpose="meter_delivery"
        )
        registers = self.story.stage.registers
        registers.persons.append(
            PersonEntry(
                national_id=NATIONAL_ID, first_name=NAME[0], last_name=NAME[1], birth_date="1994-02-12", address=ADDRESS
            )
        )
        registers.meters.append(
            MeterEntry(
                metering_point=POINT,
                meter_number=METER,
                end_user=NATIONAL_ID,
                postcode="0002",
                street="Kvernveien",
                house_number="31",
            )
        )

    async def _ask(self, who: str, purpose: str, what: str, query: str, **more: Any) -> Answer:
        return await self.story.ask(who, purpose, what, query, **more)

    async def _step(self, who: str, purpose: str, what: str, query: str, **more: Any) -> Answer:
        of = {"k": self.story.key(), "s": self.subject, "c": self.contract}
        return await self._ask(who, purpose, what, query, **of, **more)

    async def _ordered(self) -> None:
        teller = self.story.teller
        teller.chapter("A neighbour orders electricity; her identity and her meter are fetched, never typed")
        order = {
            "address": ADDRESS, "firstName": NAME[0], "lastName": NAME[1], "birthDate": "1994-02-12",
            "mobile": "406 12 345", "email": EMAIL,
        }  # fmt: skip
        made = (await self._ask("the website", "power_supply", "orderPower", ORDER, k=self.story.key(), o=order)).data[
            "orderPower"
        ]
        self.subject, self.contract = made["subject"], made["contract"]
        self.story.people[NAME[0]] = Caller(NAME[0], self.story.stage.url, Secret(made["token"]))
        service = "the look-up service"
        found = await self._step(service, "end_user_identity", "fetchIdentity at Folkeregisteret", IDENTIFY)
        teller.check("exactly one person fits (NAB-09)", found.data["fetchIdentity"]["outcome"] == "FOUND")
        looked = await self._step(service, "metering_lookup", "lookUpMeteringPoint at Elhub", LOOK_UP)
        self.point = str(looked.data["lookUpMeteringPoint"]["record"])
        teller.check("and one meter (NAB-05)", looked.data["lookUpMeteringPoint"]["outcome"] == "FOUND")
        await self._step("an operator", "metering", "startSupply", START, d=self.since.isoformat())
        me = (await self._ask(NAME[0], "self_service", "me", MINE)).data["me"]
        (contract,) = me["powerContracts"]
        teller.got({"nationalId": contract["nationalId"], **contract["meteringPoints"][0]})
        teller.check("she is shown her number with its last five digits hidden", "•••••" in contract["nationalId"])

    async def _metered(self) -> None:
        teller = self.story.teller
        teller.chapter("Her grid company delivers hours; she and billing read them, nobody else does")
        first = self.since - timedelta(days=1)
        data = hours(first, days=3)
        self.story.teller.asked("the grid company", "meter_delivery", "POST /meter-readings, three days of hours")
        company = self.story.people["the grid company"]
        said = (await company.deliver(data)).report
        teller.got({name: said[name] for name in ("outcome", "accepted", "refused")})
        teller.check("the day before her supply began is refused by name (NAB-12)", said["refused"] == _count(first))
        again = (await company.deliver(data)).report
        teller.check("sent again it changes nothing", (again["accepted"], again["corrected"]) == (0, 0))
        days = {
            "s": self.subject,
            "p": self.point,
            "f": first.isoformat(),
            "t": (first + timedelta(days=3)).isoformat(),
        }
        mine = await self._ask(NAME[0], "self_service", "meteringPoint.series by day", SERIES % "", **days)
        seen = mine.data["meteringPoint"]["series"]
        teller.got(seen)
        teller.check(
            "she sees sums of days, and a day that is missing is no zero", seen["energyWh"] == _expected(first)
        )
        basis = await self._ask("billing", "billing", "billingBasis", BASIS, **days)
        teller.check(
            "billing has what it bills by, not the meter's number", _billed(basis) == sum(_expected(first)[1:])
        )
        for who, said_why in (("Kari", ""), ("customer service", IN_VAIN)):
            vain = await self._ask(who, "customer_service", "the same series", SERIES % said_why, **days)
            point: Any = vain.data.get("meteringPoint") or {}
            teller.check(f"{who} is refused", vain.errors and point.get("series") is None)


def hours(first: date, *, days: int) -> bytes:
    """Hours of some days of Oslo as a partner sends them: each hour 100 Wh more than the one before."""
    lines: list[str] = []
    for number in range(days):
        start, end = (midnight(first + timedelta(days=number + each)) for each in (0, 1))
        count = _count(first + timedelta(days=number))
        lines.append(json.dumps({
            "kind": "series", "point": POINT, "direction": "consumption", "resolution": "PT1H", "start": _z(start),
            "end": _z(end), "registered": _z(end + timedelta(hours=6)), "quality": "measured",
            "energy_wh": [400 + 100 * hour for hour in range(count)],
        }))  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def _z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(day: date) -> int:
    """Hours of a day in Oslo."""
    return (midnight(day + timedelta(days=1)) - midnight(day)) // timedelta(hours=1)


def _expected(first: date) -> list[Any]:
    """None for the day before supply, then the sums of the two days that were taken."""
    counts = (_count(first + timedelta(days=number)) for number in (1, 2))
    return [None, *(sum(400 + 100 * hour for hour in range(count)) for count in counts)]


def _billed(answer: Answer) -> int:
    months = answer.data["meteringPoint"]["billingBasis"]["months"]
    hidden = answer.data["meteringPoint"]["meterNumber"] is None
    return sum(month["consumptionWh"] or 0 for month in months) if hidden else -1
