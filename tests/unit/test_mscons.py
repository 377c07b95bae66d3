"""EDIFACT MSCONS: explicit and implicit times, service characters, and counts that are wrong but harmless."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from metering import OPTIONS, POINT, Trickle, problems_of, read_all, readings_of, refusals_of

from ingest.formats import read
from ingest.problems import Rule, Severity
from ingest.readings import Batch, Direction, Quality, Resolution

HEAD = [
    "UNB+UNOC:3+9999999999994:14+9999999999987:14+260616:0510+1'",
    "UNH+1+MSCONS:D:04B:UN:2.2e'",
    "BGM+7+1+9'",
    "DTM+137:202606160430?+00:303'",
    f"NAD+DP'LOC+172+{POINT}'",
]
EXPLICIT = [
    "LIN+1'PIA+5+1-1?:1.29.0:SRW'",
    "QTY+220:0.609:KWH'DTM+163:202606142200?+00:303'DTM+164:202606142300?+00:303'",
    "QTY+67:0.625:KWH'DTM+163:202606150000?+01:303'DTM+164:202606150100?+01:303'",
]
IMPLICIT = [
    "LIN+2'PIA+5+2.29.0:SRW'",
    "DTM+163:202606150000?+02:303'DTM+164:202606150100?+02:303'DTM+672:15:806'",
    "QTY+220:0.001'QTY+220:0.002'QTY+220:0.003'QTY+220:0.004'",
]


def interchange(*body: str, una: str = "UNA:+.? '", count: int | None = None, ends: bool = True) -> bytes:
    lines = [*HEAD, *body]
    segments = "".join(lines[1:]).count("'") - "".join(lines[1:]).count("?'")
    tail = [f"UNT+{segments + 1 if count is None else count}+1'", "UNZ+1+1'"] if ends else []
    return "\r\n".join([una, *lines, *tail, ""]).encode()


def test_explicit_times_are_read_in_utc_and_with_an_offset() -> None:
    items = read_all(interchange(*EXPLICIT))
    assert problems_of(items) == []
    first, second = readings_of(items)
    assert (first.start, first.energy_wh, first.quality) == (
        datetime(2026, 6, 14, 22, tzinfo=UTC),
        609,
        Quality.MEASURED,
    )
    assert (second.start, second.energy_wh, second.quality) == (
        datetime(2026, 6, 14, 23, tzinfo=UTC), 625, Quality.ESTIMATED,
    )  # fmt: skip
    assert first.series.direction is Direction.CONSUMPTION
    assert first.registered_at == datetime(2026, 6, 16, 4, 30, tzinfo=UTC)


@pytest.mark.clause("NAB-14")
def test_implicit_times_are_laid_over_their_period_by_quarters() -> None:
    items = read_all(interchange(*IMPLICIT))
    assert problems_of(items) == []
    (batch,) = [item for item in items if isinstance(item, Batch)]
    assert batch.series.resolution is Resolution.QUARTER
    assert batch.series.direction is Direction.EXPORT
    assert batch.energy_wh.tolist() == [1, 2, 3, 4]
    assert readings_of(items)[0].start == datetime(2026, 6, 14, 22, tzinfo=UTC)


def test_both_directions_of_a_point_are_two_series() -> None:
    items = read_all(interchange(*EXPLICIT, *IMPLICIT))
    assert [item.series.direction for item in items if isinstance(item, Batch)] == [
        Direction.CONSUMPTION, Direction.EXPORT,
    ]  # fmt: skip


def test_the_service_characters_are_those_that_una_declares() -> None:
    plain = interchange(*EXPLICIT).decode()
    body = plain.split("UNA:+.? '", 1)[1]
    bare = body.replace("?:", "<colon>").replace("?+", "<plus>").translate(str.maketrans(":+'", "|*~"))
    swapped = "UNA|*,\\ ~" + bare.replace("<colon>", ":").replace("<plus>", "\\+")
    for value in ("0.609", "0.625"):
        swapped = swapped.replace(value, value.replace(".", ","))
    assert readings_of(read_all(swapped.encode())) == readings_of(read_all(plain.encode()))
    assert readings_of(read_all(body.lstrip().encode())) == readings_of(read_all(plain.encode()))


def test_another_decimal_mark_than_una_declares_is_refused() -> None:
    items = read_all(interchange(*EXPLICIT, una="UNA:+,? '"))
    assert {rule for _, rule in refusals_of(items)} == {Rule.ENERGY}


@pytest.mark.parametrize("count", [1, 99])
def test_a_wrong_control_count_is_warned_of_and_the_readings_are_taken(count: int) -> None:
    items = read_all(interchange(*EXPLICIT, count=count))
    assert [(each.rule, each.severity) for each in problems_of(items)] == [(Rule.CONTROL_COUNT, Severity.WARNING)]
    assert len(readings_of(items)) == 2
    more = interchange(*EXPLICIT).replace(b"UNZ+1", b"UNZ+7")
    assert [each.rule for each in problems_of(read_all(more))] == [Rule.CONTROL_COUNT]


def test_a_time_without_offset_takes_the_one_the_message_declares_and_is_refused_without() -> None:
    body = [line.replace("?+00:303", ":203").replace("?+01:303", ":203") for line in EXPLICIT]
    assert {rule for _, rule in refusals_of(read_all(interchange(*body)))} == {Rule.TIME}
    for declared in ("DTM+735:?+0100:406'", "DTM+ZZZ:1:805'"):
        items = read_all(interchange(declared, *body))
        assert problems_of(items) == []
        assert readings_of(items)[0].start == datetime(2026, 6, 14, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "rule", "lost"),
    [
        ("1-1?:1.29.0", "1-1?:3.29.0", Rule.PRODUCT, 2),
        ("1-1?:1.29.0", "1-1?:1.8.0", Rule.PRODUCT, 2),
        ("1-1?:1.29.0", "unknown", Rule.DIRECTION, 2),
        (POINT, "707057500000000019", Rule.POINT, 2),
        (POINT, "DE0123456789012345678901234567890", Rule.POINT, 2),
        (f"LOC+172+{POINT}'", "", Rule.POINT, 2),
        ("0.609", "0.6091", Rule.SUB_WATT_HOUR, 1),
        ("0.609", "-0.609", Rule.NEGATIVE, 1),
        ("0.609", "", Rule.ENERGY, 1),
        ("0.609", "99999.000", Rule.ABSURD, 1),
        ("0.609:KWH", "0.609:K3", Rule.UNIT, 1),
        ("QTY+220:0.609", "QTY+187:0.609", Rule.QUALITY, 1),
        ("202606142200?+00", "202606142230?+00", Rule.INTERVAL, 1),
        ("202606142200?+00", "202613142200?+00", Rule.TIME, 1),
        ("DTM+163:202606142200?+00:303'", "", Rule.TIME, 1),
        ("202606142300?+00:303", "202606142300?+00:999", Rule.TIME, 1),
        ("202606142300?+00", "20260614230000?+00", Rule.TIME, 1),
    ],
)
def test_a_value_or_a_line_that_breaks_a_rule_is_refused(old: str, new: str, rule: Rule, lost: int) -> None:
    data = interchange(*EXPLICIT).decode()
    assert old in data
    items = read_all(data.replace(old, new, 1).encode())
    refused = [each for each in problems_of(items) if each.severity is Severity.REFUSED]
    assert [(each.rule, each.readings) for each in refused] == [(rule, lost)]
    assert refused[0].line in {7, 8}
    assert len(readings_of(items)) == 2 - lost


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("QTY+220:0.004'", "", Rule.COUNT),
        ("QTY+220:0.004'", "QTY+220:0.004'QTY+220:0.005'", Rule.COUNT),
        ("DTM+672:15:806", "DTM+672:30:806", Rule.RESOLUTION),
        ("DTM+672:15:806", "DTM+672:15:999", Rule.RESOLUTION),
        ("DTM+672:15:806", "DTM+672:1:805", Rule.COUNT),
        ("DTM+164:202606150100?+02:303'", "", Rule.TIME),
    ],
)
def test_implicit_times_that_do_not_fill_their_period_refuse_the_line(old: str, new: str, rule: Rule) -> None:
    data = interchange(*IMPLICIT).decode()
    assert old in data
    items = read_all(data.replace(old, new).encode())
    assert [rule for _, rule in refusals_of(items)] == [rule]
    assert readings_of(items) == []


def test_what_was_cut_loses_the_open_line_and_nothing_before_it() -> None:
    data = interchange(*EXPLICIT, *IMPLICIT)
    whole = readings_of(read_all(data))
    for length in range(data.index(b"LOC"), len(data) - 4):
        items = read_all(data[:length])
        assert readings_of(items) in ([], whole[:2], whole)
        assert [each.rule for each in problems_of(items)][-1:] == [Rule.TRUNCATED]


def test_an_interchange_closed_within_a_message_says_so() -> None:
    data = interchange(*EXPLICIT).replace(b"UNT+", b"XXX+")
    assert [each.rule for each in problems_of(read_all(data))] == [Rule.TRUNCATED]


def test_messages_of_other_kinds_are_passed_over_with_a_warning() -> None:
    other = "UNH+0+APERAK:D:07B:UN:2.1b'BGM+313'LIN+1'QTY+220:1.000:KWH'UNT+5+0'"
    data = interchange(*EXPLICIT).decode().replace("UNH+1", f"{other}UNH+1").replace("UNZ+1", "UNZ+2")
    items = read_all(data.encode())
    assert [(each.rule, each.severity) for each in problems_of(items)] == [(Rule.UNREAD, Severity.WARNING)]
    assert len(readings_of(items)) == 2


def test_released_characters_are_part_of_the_text() -> None:
    data = interchange("FTX+ZZZ+++it?'s ?? 50?+50'", *EXPLICIT)
    items = read_all(data)
    assert len(readings_of(items)) == 2
    assert refusals_of(items) == []


def test_segments_on_one_line_are_told_apart_by_their_number() -> None:
    data = interchange(*EXPLICIT).replace(b"\r\n", b"").replace(b"0.625", b"0.6255")
    (problem,) = problems_of(read_all(data))
    assert (problem.line, problem.item, problem.rule) == (1, 12, Rule.SUB_WATT_HOUR)


@pytest.mark.parametrize("sizes", [[1], [3, 50], [9]])
def test_however_the_bytes_are_cut_the_same_comes_out(sizes: list[int]) -> None:
    data = interchange("FTX+ZZZ+++it?'s ?? 50?+50'", *EXPLICIT, *IMPLICIT)
    assert readings_of(read(Trickle(data, sizes), OPTIONS)) == readings_of(read_all(data))


class Endless:
    """A segment without an end."""

    given = 0

    def read(self, size: int, /) -> bytes:
        part = b"UNB+" if not self.given else b"0" * size
        self.given += len(part)
        return part if self.given < 1 << 30 else b""


def test_a_gigabyte_of_one_segment_is_refused_after_a_megabyte() -> None:
    stream = Endless()
    assert [each.rule for each in problems_of(read(stream, OPTIONS))] == [Rule.LINE_TOO_LONG]
    assert stream.given < 4 << 20


def test_a_line_longer_than_any_year_is_refused_and_not_kept() -> None:
    def values() -> Iterator[str]:
        for _ in range(40_000):
            yield "QTY+220:1.000'"

    items = read_all(interchange("LIN+1'PIA+5+1.29.0:SRW'", "".join(values())))
    assert [rule for _, rule in refusals_of(items)] == [Rule.COUNT]
