"""JSON Lines of partners: what the published schema allows is read, what it forbids is refused by line and value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from metering import OPTIONS, POINT, Trickle, problems_of, read_all, readings_of, refusals_of

from ingest.formats import read
from ingest.problems import Rule
from ingest.readings import Direction, Quality, RegisterReading, Resolution

DOCS: Final = Path(__file__).parents[2] / "docs" / "formats"
SCHEMA: Final = jsonschema_rs.validator_for(
    json.loads((DOCS / "partner-readings.schema.json").read_text(encoding="utf-8"))
)
SERIES: Final[dict[str, Any]] = {
    "kind": "series",
    "point": POINT,
    "direction": "consumption",
    "resolution": "PT1H",
    "start": "2026-06-14T22:00:00Z",
    "end": "2026-06-15T03:00:00+02:00",
    "registered": "2026-06-16T04:30:00Z",
    "quality": "measured",
    "energy_wh": [609, None, 0],
}
REGISTER: Final[dict[str, Any]] = {
    "kind": "register",
    "point": POINT,
    "direction": "consumption",
    "meter": "M-1",
    "digits": 5,
    "constant": 1,
    "at": "2026-03-31T22:00:00Z",
    "steps": 99412,
    "registered": "2026-04-01T08:00:00Z",
}


def lines(*objects: object) -> bytes:
    return "".join(f"{json.dumps(each)}\n" for each in objects).encode()


@pytest.mark.clause("NAB-14")
def test_a_series_is_read_with_what_is_missing_told_from_zero() -> None:
    items = read_all(lines(SERIES))
    assert problems_of(items) == []
    readings = readings_of(items)
    assert [(each.energy_wh, each.quality) for each in readings] == [
        (609, Quality.MEASURED), (None, Quality.MISSING), (0, Quality.MEASURED),
    ]  # fmt: skip
    assert readings[0].start == datetime(2026, 6, 14, 22, tzinfo=UTC)
    assert readings[-1].end == datetime(2026, 6, 15, 1, tzinfo=UTC)
    assert readings[0].registered_at == datetime(2026, 6, 16, 4, 30, tzinfo=UTC)


def test_each_value_may_have_its_own_quality() -> None:
    items = read_all(lines({**SERIES, "quality": ["final_estimated", "missing", "temporary"], "direction": "export"}))
    assert [each.quality for each in readings_of(items)] == [
        Quality.FINAL_ESTIMATED, Quality.MISSING, Quality.TEMPORARY,
    ]  # fmt: skip
    assert {each.series.direction for each in readings_of(items)} == {Direction.EXPORT}


def test_quarters_are_read() -> None:
    quarters = {**SERIES, "resolution": "PT15M", "end": "2026-06-14T22:45:00Z"}
    assert {each.series.resolution for each in readings_of(read_all(lines(quarters)))} == {Resolution.QUARTER}


@pytest.mark.clause("NAB-13")
def test_a_register_reading_is_read() -> None:
    (reading,) = read_all(lines(REGISTER))
    assert reading == RegisterReading(
        point=POINT,
        direction=Direction.CONSUMPTION,
        meter="M-1",
        digits=5,
        constant=1,
        at=datetime(2026, 3, 31, 22, tzinfo=UTC),
        steps=99412,
        registered_at=datetime(2026, 4, 1, 8, tzinfo=UTC),
        line=1,
    )


def test_the_example_of_the_documentation_is_read_and_fits_its_schema() -> None:
    text = (DOCS / "partner-jsonl.md").read_text(encoding="utf-8")
    examples = [line.strip() for line in text.splitlines() if line.startswith('    {"kind"')]
    assert len(examples) == 2
    assert all(SCHEMA.is_valid(json.loads(each)) for each in examples)
    assert refusals_of(read_all("\n".join(examples).encode())) == []


ABSENT: Final = object()


@pytest.mark.parametrize(
    ("base", "member", "value", "rule", "in_schema"),
    [
        (SERIES, "point", "707057500000000019", Rule.POINT, True),
        (SERIES, "point", "571313104402686056", Rule.POINT, False),
        (SERIES, "point", 707057500000000018, Rule.DOCUMENT, False),
        (SERIES, "kind", "serie", Rule.DOCUMENT, False),
        (SERIES, "direction", "in", Rule.DIRECTION, False),
        (SERIES, "resolution", "PT30M", Rule.RESOLUTION, False),
        (SERIES, "resolution", 3600, Rule.DOCUMENT, False),
        (SERIES, "start", "2026-06-14 22:00", Rule.TIME, False),
        (SERIES, "start", "2026-06-14T22:00:00", Rule.TIME, False),
        (SERIES, "start", "2026-06-14T22:30:00Z", Rule.INTERVAL, True),
        (SERIES, "end", "2026-06-14T22:00:00Z", Rule.INTERVAL, True),
        (SERIES, "end", "2026-06-15T02:00:00Z", Rule.COUNT, True),
        (SERIES, "registered", None, Rule.DOCUMENT, False),
        (SERIES, "registered", ABSENT, Rule.DOCUMENT, False),
        (SERIES, "quality", "missing", Rule.QUALITY, False),
        (SERIES, "quality", "MEASURED", Rule.QUALITY, False),
        (SERIES, "quality", 5, Rule.QUALITY, False),
        (SERIES, "quality", ["measured", "missing"], Rule.QUALITY, True),
        (SERIES, "quality", ["measured", "missing", 5], Rule.QUALITY, False),
        (SERIES, "quality", ["measured", "measured", "measured"], Rule.VALUE_MISSING, True),
        (SERIES, "quality", ["missing", "missing", "measured"], Rule.MISSING_WITH_VALUE, True),
        (SERIES, "energy_wh", [], Rule.COUNT, False),
        (SERIES, "energy_wh", {}, Rule.DOCUMENT, False),
        (SERIES, "energy_wh", [1, 2], Rule.COUNT, True),
        (SERIES, "energy_wh", [1, 2, 2.5], Rule.ENERGY, False),
        (SERIES, "energy_wh", [1, 2, "3"], Rule.ENERGY, False),
        (SERIES, "energy_wh", [1, 2, True], Rule.ENERGY, False),
        (SERIES, "energy_wh", [1, 2, -3], Rule.NEGATIVE, False),
        (SERIES, "energy_wh", [1, 2, 10_000_001], Rule.ABSURD, False),
        (SERIES, "energy_wh", [1, 2, 10**30], Rule.ABSURD, False),
        (SERIES, "note", "", Rule.DOCUMENT, False),
        (REGISTER, "kind", "series", Rule.DOCUMENT, False),
        (REGISTER, "meter", "", Rule.REGISTER, False),
        (REGISTER, "meter", "1" * 19, Rule.REGISTER, False),
        (REGISTER, "digits", 0, Rule.REGISTER, False),
        (REGISTER, "digits", True, Rule.REGISTER, False),
        (REGISTER, "constant", 0, Rule.REGISTER, False),
        (REGISTER, "steps", 100_000, Rule.REGISTER, True),
        (REGISTER, "steps", -1, Rule.REGISTER, False),
        (REGISTER, "steps", 1.5, Rule.REGISTER, False),
        (REGISTER, "at", "2027-01-01T00:00:00Z", Rule.FUTURE, True),
        (REGISTER, "registered", "2027-01-01T00:00:00Z", Rule.REGISTERED_AHEAD, True),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused_and_the_lines_beside_it_are_read(
    base: dict[str, Any], member: str, value: object, rule: Rule, *, in_schema: bool
) -> None:
    changed = {name: each for name, each in {**base, member: value}.items() if each is not ABSENT}
    items = read_all(lines(SERIES, changed, SERIES))
    assert refusals_of(items) == [(2, rule)]
    assert len(readings_of(items)) == 6
    assert SCHEMA.is_valid(changed) is in_schema


def test_both_kinds_of_line_fit_the_schema() -> None:
    assert SCHEMA.is_valid(SERIES)
    assert SCHEMA.is_valid(REGISTER)


def test_the_value_that_broke_the_rule_is_named_by_its_place() -> None:
    (problem,) = problems_of(read_all(lines({**SERIES, "energy_wh": [1, 2, -3]})))
    assert str(problem).startswith("line 1, item 3: ")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"{", Rule.NOT_WELL_FORMED),
        (b"[1]", Rule.DOCUMENT),
        (b"null", Rule.DOCUMENT),
        (b"{}", Rule.DOCUMENT),
        (b'{"kind": NaN}', Rule.DOCUMENT),
        (b'{"kind":"series","kind":"series"}', Rule.DOCUMENT),
        (b'{"kind":' + b"[" * 100_000, Rule.NOT_WELL_FORMED),
        (b'{"kind":' + b"9" * 10_000 + b"}", Rule.NOT_WELL_FORMED),
        (b'{"kind":"M\xe5lt"}', Rule.ENCODING),
    ],
)
def test_what_is_no_line_of_the_format_is_refused_as_such(line: bytes, rule: Rule) -> None:
    items = read_all(lines(SERIES) + line + b"\n" + lines(SERIES))
    assert refusals_of(items) == [(2, rule)]
    assert len(readings_of(items)) == 6


def test_a_last_line_that_was_cut_says_so() -> None:
    items = read_all(lines(SERIES, SERIES)[:-5])
    assert refusals_of(items) == [(2, Rule.TRUNCATED)]
    assert len(readings_of(items)) == 3


def test_a_byte_order_mark_and_empty_lines_are_passed_over() -> None:
    items = read_all(b"\xef\xbb\xbf" + lines(SERIES) + b"\r\n\r\n" + lines(SERIES)[:-1])
    assert refusals_of(items) == []
    assert len(readings_of(items)) == 6


@pytest.mark.parametrize("sizes", [[1], [3, 50]])
def test_however_the_bytes_are_cut_the_same_comes_out(sizes: list[int]) -> None:
    data = lines(SERIES, REGISTER, {**SERIES, "point": ""}, SERIES)
    items = list(read(Trickle(data, sizes), OPTIONS))
    assert readings_of(items) == readings_of(read_all(data))
    assert problems_of(items) == problems_of(read_all(data))
