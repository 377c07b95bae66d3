"""What is wrong with a delivery is named by line and rule; nothing of it is stored, quoted, or waited for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from deliveries import jsonl
from determinism import SeededIds, VirtualClock
from fake_doors import FakeDoors
from fake_vault import FakeVault
from nabostrom_world import POINT, SERVICE, PowerCase
from shipped_policy import shipped

from ingest.formats import Options, Readable
from ingest.pipeline import Pipeline
from ingest.problems import Rule
from ingest.readings import MeteringPoint
from ingest.report import Outcome, Report
from policies.oslo import midnight

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
DAY = midnight(date(2026, 6, 1))
REGISTERED = NOW - timedelta(days=20)
GOOD = jsonl(POINT, DAY, [5] * 24, registered=REGISTERED)
XML = (Path(__file__).parents[1] / "fixtures/elhub_xml/consumption_24h_mixed_quality.xml").read_bytes()


@dataclass
class Taken:
    """A vault in memory with one customer, and what was stored."""

    vault: FakeVault
    power: PowerCase
    seen: list[int] = field(default_factory=list)

    async def take(self, stream: bytes | Readable, *, point: str | None = None) -> Report:
        options = Options(now=NOW, point=None if point is None else MeteringPoint(point))
        pipeline = Pipeline(self.vault, await self.power.somebody(*SERVICE))
        readable: Readable = BytesIO(stream) if isinstance(stream, bytes) else stream
        return await pipeline.take(readable, options, progress=self.seen.append)

    @property
    def stored(self) -> int:
        return sum(len(each) for each in self.vault.kept.values())


@pytest.fixture
async def taken() -> Taken:
    clock = VirtualClock(NOW - timedelta(hours=1))
    vault = FakeVault(FakeDoors(shipped(), clock))
    power = PowerCase(vault, clock, SeededIds("bad"))
    await power.until_started(date(2026, 1, 1))
    return Taken(vault, power)


def changed(**other: Any) -> bytes:
    return json.dumps(json.loads(GOOD) | other).encode() + b"\n"


def csv(*rows: str) -> bytes:
    return ("Fra;Til;KWH 60 Forbruk;Kvalitet\n" + "\n".join(rows) + "\n").encode()


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + n, 97 + n, 97 + n, 97 + n, 97 + n) for n in range(20))
    + b"]><l>&u;</l>"
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l>&a;</l>'

BAD: dict[str, tuple[bytes, set[Rule]]] = {
    "nothing": (b"", {Rule.EMPTY}),
    "a letter": (b"Dear grid company,\n", {Rule.UNKNOWN_FORMAT}),
    "another encoding": (GOOD.decode().encode("utf-16"), {Rule.ENCODING}),
    "a line cut off": (GOOD[:90], {Rule.TRUNCATED, Rule.NOT_WELL_FORMED, Rule.DOCUMENT}),
    "a document cut off": (XML[: len(XML) // 2], {Rule.TRUNCATED, Rule.NOT_WELL_FORMED}),
    "entities that expand": (BOMB, {Rule.DECLARES_TYPES}),
    "an entity from outside": (OUTSIDE, {Rule.DECLARES_TYPES}),
    "negative energy": (changed(energy_wh=[-1] * 24), {Rule.NEGATIVE}),
    "absurd energy": (changed(energy_wh=[10**9] * 24), {Rule.ABSURD}),
    "a part of a watt-hour": (changed(energy_wh=[0.5] * 24), {Rule.ENERGY, Rule.SUB_WATT_HOUR, Rule.DOCUMENT}),
    "a value too few": (changed(energy_wh=[5] * 23), {Rule.COUNT}),
    "the future": (jsonl(POINT, NOW + timedelta(days=2), [5] * 24, registered=NOW), {Rule.FUTURE}),
    "a check digit": (changed(point="707057500000000019"), {Rule.POINT}),
    "another country": (changed(point="735999100000000017"), {Rule.POINT}),
    "no point at all": (csv("01.06.2026 00:00;01.06.2026 01:00;0,5;Målt"), {Rule.POINT_UNKNOWN}),
}


@pytest.mark.parametrize("name", sorted(BAD))
async def test_what_is_wrong_is_named_and_nothing_of_it_is_stored(taken: Taken, name: str) -> None:
    data, rules = BAD[name]
    report = await taken.take(data)
    assert report.outcome is Outcome.REFUSED
    assert {each.rule for each in report.problems} & rules, report.by_rule
    assert taken.stored == 0
    assert "735999" not in json.dumps(report.plain())
    assert POINT not in json.dumps(report.plain())


@pytest.mark.parametrize("name", sorted(name for name, (data, _) in BAD.items() if data.startswith(b"{")))
async def test_a_good_line_beside_a_bad_one_is_taken(taken: Taken, name: str) -> None:
    report = await taken.take(GOOD + BAD[name][0])
    assert (report.outcome, report.accepted) == (Outcome.PARTLY, 24)
    assert taken.stored == 24
    assert {each.line for each in report.problems} == {2}


async def test_hours_and_quarters_in_one_day_of_a_csv_are_not_both_taken(taken: Taken) -> None:
    rows = ["01.06.2026 00:00;01.06.2026 01:00;0,5;Målt", "01.06.2026 01:00;01.06.2026 01:15;0,1;Målt"]
    report = await taken.take(csv(*rows), point=POINT)
    assert report.outcome in {Outcome.REFUSED, Outcome.PARTLY}
    assert {each.rule for each in report.problems} & {Rule.MIXED_DAY, Rule.RESOLUTION, Rule.INTERVAL}


async def test_contradictory_values_of_one_registration_are_never_billed_by_the_order_they_came_in(
    taken: Taken,
) -> None:
    one, other = changed(energy_wh=[5] * 24), changed(energy_wh=[9] * 24)
    first = await taken.take(one + other)
    there = {lane: sorted(zip(v.at.tolist(), v.wh.tolist(), strict=True)) for lane, v in taken.vault.kept.items()}
    taken.vault.kept.clear()
    second = await taken.take(other + one)
    assert there == {
        lane: sorted(zip(v.at.tolist(), v.wh.tolist(), strict=True)) for lane, v in taken.vault.kept.items()
    }
    assert first.outcome == second.outcome


class OneLine:
    """A gigabyte without a line break, made as it is read."""

    def __init__(self) -> None:
        self.left = 1 << 30
        self.given = 0

    def read(self, size: int, /) -> bytes:
        part = b"{" + b"x" * (size - 1) if not self.given else b"x" * min(size, self.left)
        self.left -= len(part)
        self.given += len(part)
        return part


async def test_a_gigabyte_of_one_line_is_given_up_after_a_few_megabytes(taken: Taken) -> None:
    stream = OneLine()
    report = await taken.take(stream)
    assert (report.outcome, stream.given < 8 << 20) == (Outcome.REFUSED, True)
    assert {each.rule for each in report.problems} & {Rule.LINE_TOO_LONG}


async def test_a_million_bad_lines_are_counted_and_a_hundred_are_shown(taken: Taken) -> None:
    report = await taken.take(b"{}\n" * 20_000)
    assert (len(report.problems), report.by_rule.total()) == (100, 20_000)
    assert report.plain()["problems_left_out"] == 19_900
