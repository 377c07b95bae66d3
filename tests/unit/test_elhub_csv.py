"""Elhub's end-user CSV: four dialects read to the watt-hour, and every line that is not one is named, never quoted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from metering import (
    FIXTURES,
    NOW,
    OPTIONS,
    OTHER_POINT,
    POINT,
    Trickle,
    problems_of,
    read_all,
    readings_of,
    refusals_of,
    rows_of,
    total_wh,
)  # fmt: skip

from ingest.formats import Options, read
from ingest.merging import as_of, history, merged
from ingest.problems import Problem, Rule, Severity
from ingest.readings import Batch, Direction, Quality, Resolution

SAMPLES: Final = FIXTURES / "elhub_csv"
EXPECTED: Final[dict[str, dict[str, Any]]] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
D: Final = "Fra;Til;Målenavn;Volum;Enhet;Kvalitet;Registreringstidspunkt"
ROW: Final = (
    "2026-06-15T00:00:00+02:00;2026-06-15T01:00:00+02:00;KWH 60 Forbruk;0,508;kWh;Målt;2026-06-16T06:27:23+02:00"
)
QUALITIES: Final = {
    "Målt": Quality.MEASURED, "Estimert": Quality.ESTIMATED, "Endelig estimert": Quality.FINAL_ESTIMATED,
}  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def csv(*lines: str) -> bytes:
    return "\n".join([*lines, ""]).encode()


def autumn(minutes: int, hours: range) -> list[str]:
    """Rows of the autumn night as dialect C shows them; hours count from midnight, 25 of them."""
    rows: list[str] = []
    midnight = datetime(2026, 10, 25)  # noqa: DTZ001  what a clock shows has no zone
    for quarter in range(hours.start * 60 // minutes, hours.stop * 60 // minutes):
        shown = [
            midnight + timedelta(minutes=at * minutes - 60 * (at * minutes >= 180)) for at in (quarter, quarter + 1)
        ]
        rows.append(
            f"{shown[0]:%d.%m.%Y %H:%M};{shown[1]:%d.%m.%Y %H:%M};{abs(quarter) // 10},{abs(quarter) % 10}00;Målt"
        )
    return rows


@pytest.mark.clause("NAB-14")
@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "rows" in expected])
def test_every_sample_gives_its_expected_rows_and_sum(name: str) -> None:
    expected, items = EXPECTED[name], read_all(sample(name))
    readings = readings_of(items)
    assert problems_of(items) == []
    assert len(readings) == expected["rows"]
    assert total_wh(items) == round(float(expected["sum_kwh"]) * 1000)
    if "first_utc" in expected:
        assert readings[0].start == datetime.fromisoformat(expected["first_utc"])
        assert readings[-1].end == datetime.fromisoformat(expected["last_end_utc"])
    if "resolution" in expected:
        assert (
            readings[0].series.resolution
            == {"PT60M": Resolution.HOUR, "PT15M": Resolution.QUARTER}[expected["resolution"]]
        )
    for label, count in expected.get("quality", {}).items():
        assert sum(each.quality is QUALITIES[label] for each in readings) == count


def test_a_correction_replaces_the_estimates_and_what_stood_before_is_still_known() -> None:
    name = "D_synthetic_2026-06-15_correction.csv"
    expected, items = EXPECTED[name], read_all(sample(name))
    batches = [item for item in items if isinstance(item, Batch)]
    standing, before = merged(*batches), as_of(history(*batches), datetime(2026, 6, 16, 12, tzinfo=UTC))
    assert sum(map(len, batches)) == expected["file_rows"]
    assert len(standing) == expected["intervals"]
    assert int(standing.energy_wh.sum()) == round(float(expected["effective_sum_kwh"]) * 1000)
    assert {row[2] for row in rows_of(standing)} == {Quality.MEASURED}
    assert [row[2] for row in rows_of(before)].count(Quality.ESTIMATED) == 2


@pytest.mark.clause("NAB-16")
def test_a_prosumer_has_two_series_that_are_not_netted() -> None:
    items = read_all(sample("D_synthetic_2026-06-15_pluskunde.csv"))
    assert total_wh(items, Direction.CONSUMPTION) == 14_525
    assert total_wh(items, Direction.EXPORT) == 18_700
    assert problems_of(items) == []


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("sizes", [[1], [7, 1, 300], [64]])
def test_however_the_bytes_are_cut_the_same_readings_come_out(name: str, sizes: list[int]) -> None:
    items = list(read(Trickle(sample(name), sizes), OPTIONS))
    assert sorted(readings_of(items), key=repr) == sorted(readings_of(read_all(sample(name))), key=repr)


@pytest.mark.clause("NAB-14")
@pytest.mark.parametrize(("minutes", "count"), [(60, 25), (15, 100)])
def test_the_hour_that_comes_twice_in_autumn_is_read_twice(minutes: int, count: int) -> None:
    items = read_all(csv(f"Fra;Til;KWH {minutes} Forbruk;Kvalitet", *autumn(minutes, range(25))))
    assert problems_of(items) == []
    starts = [each.start for each in readings_of(items)]
    first = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert starts == [first + timedelta(minutes=minutes * number) for number in range(count)]


def test_of_two_equal_hours_the_end_tells_which_is_meant_even_alone() -> None:
    rows = autumn(60, range(2, 4))
    assert rows[0].startswith("25.10.2026 02:00;25.10.2026 02:00;")
    for row, hour in zip(rows, (0, 1), strict=True):
        (reading,) = readings_of(read_all(csv("Fra;Til;KWH 60 Forbruk;Kvalitet", row)))
        assert reading.start == datetime(2026, 10, 25, hour, tzinfo=UTC)


def test_a_quarter_that_nothing_tells_apart_is_refused_and_never_guessed() -> None:
    row = "25.10.2026 02:15;25.10.2026 02:30;0,100;Målt"
    items = read_all(csv("Fra;Til;KWH 15 Forbruk;Kvalitet", row))
    assert refusals_of(items) == [(2, Rule.LOCAL_TIME_TWICE)]
    after_a_bad_one = read_all(csv("Fra;Til;KWH 15 Forbruk;Kvalitet", "25.10.2026 02:00;?;0,1;Målt", row))
    assert refusals_of(after_a_bad_one) == [(2, Rule.TIME), (3, Rule.LOCAL_TIME_TWICE)]


def test_rows_of_the_autumn_night_keep_their_order_over_the_edge_of_a_block() -> None:
    data = csv("Fra;Til;KWH 15 Forbruk;Kvalitet", *autumn(15, range(-24, 25)))
    items = list(read(Trickle(data, [50]), OPTIONS))
    assert problems_of(items) == []
    assert len({each.start for each in readings_of(items)}) == 196


def with_row(old: str, new: str) -> bytes:
    assert old in ROW
    return csv(D, ROW, ROW.replace(old, new, 1), ROW)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("2026-06-15T00", "2026-06-31T00", Rule.TIME),
        ("2026-06-15T00", "2026-13-15T00", Rule.TIME),
        ("2026-06-15T00:00:00+02:00", "15.06.2026 00:00", Rule.TIME),
        ("2026-06-15T00:00:00+02:00", "2026-06-15T00:00:00", Rule.TIME),
        ("2026-06-15T00:00:00+02:00", "2026-06-15T24:00:00+02:00", Rule.TIME),
        ("2026-06-15T00:00:00+02:00", "1026-06-15T00:00:00+02:00", Rule.TIME),
        ("T01:00:00", "T01:15:00", Rule.INTERVAL),
        ("T01:00:00", "T00:15:00", Rule.INTERVAL),
        ("KWH 60 Forbruk", "KWH 15 Forbruk", Rule.INTERVAL),
        ("KWH 60 Forbruk", "KVARH 60 Forbruk", Rule.DIRECTION),
        ("0,508", "0.508", Rule.ENERGY),
        ("0,508", "1 000,508", Rule.ENERGY),
        ("0,508", "-0,508", Rule.NEGATIVE),
        ("0,508", "0,5081", Rule.SUB_WATT_HOUR),
        ("0,508", "10000,001", Rule.ABSURD),
        ("0,508", "99999999999999,001", Rule.ABSURD),
        ("0,508", "", Rule.VALUE_MISSING),
        ("Målt", "Manglende", Rule.MISSING_WITH_VALUE),
        ("Målt", "Avvist", Rule.QUALITY),
        ("Målt", "", Rule.QUALITY),
        ("kWh", "MWh", Rule.UNIT),
        (";kWh", "", Rule.FIELDS),
        (";kWh", ";kWh;kWh", Rule.FIELDS),
        (";kWh", ';"kWh', Rule.FIELDS),
        ("2026-06-16T06:27:23", "2026-06-16", Rule.TIME),
        ("2026-06-16T06:27:23", "2099-06-16T06:27:23", Rule.REGISTERED_AHEAD),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_by_its_line_and_the_others_are_read(old: str, new: str, rule: Rule) -> None:
    items = read_all(with_row(old, new))
    assert refusals_of(items) == [(3, rule)]
    assert len(readings_of(items)) == 2
    assert all(not new or len(new) < 4 or new not in str(each) for each in problems_of(items))


@pytest.mark.parametrize(
    ("old", "new", "energy_wh"),
    [("0,508", "0,5", 500), ("0,508", "7", 7000), ("0,508", "0,50800", 508), ("0,508", '"0,508"', 508)],
)
def test_a_number_with_more_or_fewer_decimals_is_read_exactly(old: str, new: str, energy_wh: int) -> None:
    items = read_all(csv(D, ROW.replace(old, new)))
    assert [each.energy_wh for each in readings_of(items)] == [energy_wh]


def test_missing_is_not_zero() -> None:
    items = read_all(csv(D, ROW.replace("0,508", "").replace("Målt", "Manglende"), ROW.replace("0,508", "0,000")))
    assert [(each.energy_wh, each.quality) for each in readings_of(items)] == [
        (None, Quality.MISSING), (0, Quality.MEASURED),
    ]  # fmt: skip


def test_other_spellings_of_an_instant_are_read() -> None:
    row = ROW.replace("2026-06-15T00:00:00+02:00", "2026-06-14T22:00Z").replace("06:27:23+02", "06:27:23.987+02")
    (reading,) = readings_of(read_all(csv(D, row)))
    assert reading.start == datetime(2026, 6, 14, 22, tzinfo=UTC)
    assert reading.registered_at == datetime(2026, 6, 16, 4, 27, 23, tzinfo=UTC)


def test_an_interval_that_has_not_ended_is_refused() -> None:
    during = replace(OPTIONS, now=datetime(2026, 6, 14, 22, 59, 59, tzinfo=UTC))
    over = replace(OPTIONS, now=datetime(2026, 6, 16, 5, tzinfo=UTC))
    assert refusals_of(read_all(csv(D, ROW), during)) == [(2, Rule.FUTURE)]
    assert refusals_of(read_all(csv(D, ROW), over)) == []


def test_nothing_is_taken_before_its_interval_ended_whatever_registered_it() -> None:
    data = csv(
        "Fra;Til;KWH 60 Forbruk", "15.06.2026 00:00;15.06.2026 01:00;0,100", "15.06.2026 01:00;15.06.2026 02:00;0,1"
    )
    ends = datetime(2026, 6, 15, 0, 0, tzinfo=UTC)
    assert refusals_of(read_all(data, replace(OPTIONS, now=ends))) == []
    assert refusals_of(read_all(data, replace(OPTIONS, now=ends - timedelta(seconds=1)))) == [(3, Rule.FUTURE)]


def test_the_clock_that_registered_may_be_five_minutes_ahead_and_no_more() -> None:
    registered = datetime(2026, 6, 16, 4, 27, 23, tzinfo=UTC)
    ahead = replace(OPTIONS, now=registered - timedelta(minutes=5))
    further = replace(OPTIONS, now=registered - timedelta(minutes=5, seconds=1))
    assert refusals_of(read_all(csv(D, ROW), ahead)) == []
    assert refusals_of(read_all(csv(D, ROW), further)) == [(2, Rule.REGISTERED_AHEAD)]


def test_two_resolutions_in_one_day_are_refused_but_not_in_two_days() -> None:
    quarter = ROW.replace("KWH 60", "KWH 15").replace("T00:00:00", "T05:00:00").replace("T01:00:00", "T05:15:00")
    next_day = quarter.replace("2026-06-15", "2026-06-16").replace("06:27", "23:27")
    items = read_all(csv(D, ROW, quarter, next_day))
    assert refusals_of(items) == [(3, Rule.MIXED_DAY)]
    assert len(readings_of(items)) == 2


def test_contradicting_rows_of_one_file_are_warned_of_at_both_lines() -> None:
    other = ROW.replace("0,508", "0,607")
    items = read_all(csv(D, other, ROW, ROW))
    assert [(each.line, each.rule, each.severity) for each in problems_of(items)] == [
        (2, Rule.CONTRADICTION, Severity.WARNING), (3, Rule.CONTRADICTION, Severity.WARNING),
    ]  # fmt: skip
    (batch,) = [item for item in items if isinstance(item, Batch)]
    assert merged(batch).energy_wh.tolist() == [607]


def test_a_wall_time_that_was_skipped_in_spring_is_refused() -> None:
    items = read_all(csv("Fra;Til;KWH 60 Forbruk", '29.03.2026 02:00;29.03.2026 03:00;"0,100"'))
    assert refusals_of(items) == [(2, Rule.LOCAL_TIME_SKIPPED)]


@pytest.mark.parametrize(
    "header",
    [
        "Fra;Til;KWH 60 Forbruk;Noe",
        "Fra;Til;KWH 60 Forbruk;KWH 15 Forbruk",
        "Fra;Til;Målenavn;Volum",
        "Fra;Til;Kvalitet",
        "Fra;Til;Til;KWH 60 Forbruk",
    ],
)
def test_columns_of_no_known_dialect_are_refused_whole(header: str) -> None:
    assert refusals_of(read_all(csv(header, "a;b;c;d"))) == [(1, Rule.COLUMNS)]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_another_encoding_is_refused_as_such(encoding: str) -> None:
    header = "Fra;Til;KWH 60 Forbruk;Kvalitet"
    text = f"{header}\n01.01.2024 00:00;01.01.2024 01:00;0,708;Estimert\n01.01.2024 01:00;01.01.2024 02:00;0,542;Målt\n"
    items = read_all(text.encode(encoding))
    assert refusals_of(items) == [(3, Rule.ENCODING)]
    assert [each.quality for each in readings_of(items)] == [Quality.ESTIMATED]
    assert refusals_of(read_all(f"{D}\n{ROW}\n".encode(encoding))) == [(1, Rule.ENCODING)]
    assert refusals_of(read_all(text.encode("utf-16"))) == [(1, Rule.ENCODING)]


@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "D_synthetic_2026-06-15_correction.csv"])
def test_a_file_cut_anywhere_gives_only_readings_of_the_whole_file(name: str) -> None:
    data = sample(name)
    whole = set(map(repr, readings_of(read_all(data))))
    begin = data.index(b"\n") + 1
    for length in range(begin, min(begin + 400, len(data))):
        items = read_all(data[:length])
        assert set(map(repr, readings_of(items))) <= whole
        assert {each.rule for each in problems_of(items)} <= {Rule.TRUNCATED, Rule.ENCODING}


def test_a_last_number_that_may_be_cut_is_refused() -> None:
    data = b"Fra;Til;KWH 60 Forbruk\n01.01.2024 00:00;01.01.2024 01:00;0,70"
    assert refusals_of(read_all(data)) == [(2, Rule.TRUNCATED)]
    assert [each.energy_wh for each in readings_of(read_all(data + b"8"))] == [708]
    assert [each.energy_wh for each in readings_of(read_all(data + b"\n"))] == [700]


def test_empty_lines_are_none_and_lines_are_counted_as_an_editor_does() -> None:
    items = read_all(("\ufeff" + D + "\r\n\r\n" + ROW + "\r\n\r\n" + "x\r\n").encode())
    assert len(readings_of(items)) == 1
    assert refusals_of(items) == [(5, Rule.FIELDS)]


def test_a_header_alone_is_a_file_without_readings() -> None:
    assert read_all(csv(D)) == []


@pytest.mark.clause("NAB-06")
def test_the_metering_point_comes_from_the_option_or_the_file_name_and_is_never_guessed() -> None:
    data = csv(D, ROW)

    def of(point: object = None, name: str | None = None) -> object:
        options = Options(now=NOW, point=point, file_name=name)  # type: ignore[arg-type]  # None or a point
        items = read_all(data, options)
        return readings_of(items)[0].series.point if readings_of(items) else problems_of(items)[0].rule

    assert of(POINT) == POINT
    assert of(None, f"Måleverdier_{POINT}_CONSUMPTION_2024-01.csv") == POINT
    assert of(None, f"meteringvalues-mp-{POINT}-consumption-20240101.csv") == POINT
    assert of(POINT, f"/in/{POINT}/{POINT}.csv") == POINT
    assert of(POINT, "delivery.csv") == POINT
    assert of(OTHER_POINT, f"Måleverdier_{POINT}.csv") == Rule.POINT_CONTRADICTS
    assert of(None, f"{POINT}_{OTHER_POINT}.csv") == Rule.POINT_CONTRADICTS
    assert of(None, "delivery.csv") == Rule.POINT_UNKNOWN
    assert of() == Rule.POINT_UNKNOWN
    assert of(None, "Måleverdier_707057500000000019.csv") == Rule.POINT_UNKNOWN  # check digit
    assert of(None, "Måleverdier_571313104402686056.csv") == Rule.POINT_UNKNOWN  # another country
    assert of(None, f"Måleverdier_1{POINT}.csv") == Rule.POINT_UNKNOWN


class Endless:
    """A gigabyte of one line."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = beginning
        self.given = 0

    def read(self, size: int, /) -> bytes:
        part = (self._beginning or b"0" * size)[:size]
        self._beginning = self._beginning[len(part) :]
        self.given += len(part)
        return part if self.given < 1 << 30 else b""


@pytest.mark.parametrize("beginning", [b"Fra;Til;", csv(D, ROW)])
def test_a_gigabyte_of_one_line_is_refused_after_a_megabyte(beginning: bytes) -> None:
    stream = Endless(beginning)
    items = list(read(stream, OPTIONS))
    assert [each.rule for each in problems_of(items)] == [Rule.LINE_TOO_LONG]
    assert stream.given < 4 << 20


def test_problems_say_where_and_which_rule_and_nothing_else() -> None:
    assert str(Problem(Rule.ENERGY, 3, 2)) == "line 3, item 2: no decimal number"
    assert str(Problem(Rule.EMPTY)) == "nothing is in it"
