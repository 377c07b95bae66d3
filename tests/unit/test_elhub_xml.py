"""Elhub's XML: a series is whole or refused, and no document can make the reader expand, fetch or hoard anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from metering import FIXTURES, OPTIONS, Trickle, problems_of, read_all, readings_of, refusals_of, total_wh

from ingest.formats import read
from ingest.problems import Rule
from ingest.readings import Batch, Direction, PeriodVolume, Quality

SAMPLES: Final = FIXTURES / "elhub_xml"
EXPECTED: Final[dict[str, dict[str, Any]]] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
MIXED: Final = (SAMPLES / "consumption_24h_mixed_quality.xml").read_text(encoding="utf-8")
MANUAL: Final = (SAMPLES / "manual_reading_rollover_5digit.xml").read_text(encoding="utf-8")
BEGIN: Final = MIXED[: MIXED.index("<rsm:Header>")]
LAST: Final = MIXED[MIXED.index('  <abie:Observation Sequence="23">') : MIXED.index(" </rsm:PayloadEnergyTimeSeries>")]


def wh(kilowatt_hours: str) -> int:
    return round(float(kilowatt_hours) * 1000)


@pytest.mark.clause("NAB-14")
@pytest.mark.parametrize("name", ["consumption_24h_mixed_quality.xml", "consumption_23h_spring.xml"])
def test_every_hourly_sample_gives_its_expected_values(name: str) -> None:
    expected, items = EXPECTED[name], read_all((SAMPLES / name).read_bytes())
    readings = readings_of(items)
    assert problems_of(items) == []
    assert {each.series.point for each in readings} == {expected["mp"]}
    assert {each.series.direction for each in readings} == {Direction.CONSUMPTION}
    assert len(readings) == expected["n"]
    assert total_wh(items) == wh(expected["sum"])
    assert {each.registered_at for each in readings} == {datetime(2026, 6, 16, 4, 30, tzinfo=UTC)}
    if "start" in expected:
        assert readings[0].start == datetime.fromisoformat(expected["start"])
        assert readings[-1].end == datetime.fromisoformat(expected["end"])
    for quality, count in expected.get("quality", {}).items():
        assert sum(each.quality is Quality[quality.upper()] for each in readings) == count


@pytest.mark.clause("NAB-16")
def test_the_two_directions_of_a_prosumer_are_two_series() -> None:
    expected, items = (
        EXPECTED["pluskunde_two_directions.xml"],
        read_all((SAMPLES / "pluskunde_two_directions.xml").read_bytes()),
    )
    assert problems_of(items) == []
    assert total_wh(items, Direction.CONSUMPTION) == wh(expected["Out"])
    assert total_wh(items, Direction.EXPORT) == wh(expected["In"])
    assert len([item for item in items if isinstance(item, Batch)]) == 2


def test_a_series_of_fewer_values_than_its_period_is_refused_whole() -> None:
    items = read_all((SAMPLES / "bad_23_of_24.xml").read_bytes())
    assert readings_of(items) == []
    (problem,) = problems_of(items)
    assert (problem.rule, problem.line, problem.readings) == (Rule.COUNT, 5, 23)


@pytest.mark.clause("NAB-13")
def test_a_period_of_a_manual_meter_that_passed_its_end_is_one_volume() -> None:
    expected, items = EXPECTED["manual_reading_rollover_5digit.xml"], read_all(MANUAL.encode())
    (volume,) = items
    assert isinstance(volume, PeriodVolume)
    assert volume.energy_wh == expected["consumption"] * 1000
    assert (volume.start, volume.end) == (datetime(2026, 3, 31, 22, tzinfo=UTC), datetime(2026, 6, 14, 22, tzinfo=UTC))
    assert (volume.point, volume.quality) == (expected["mp"], Quality.MEASURED)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("1826.000", "1825.000", Rule.REGISTER_VOLUME),
        ("99412.000", "x", Rule.REGISTER_VOLUME),
        ("<abie:MeterReadingEnd>1238.000</abie:MeterReadingEnd>", "", Rule.REGISTER_VOLUME),
        ("2026-06-14T22:00:00Z", "2026-03-31T22:00:00Z", Rule.INTERVAL),
        ("2026-06-14T22:00:00Z", "2027-03-31T22:00:00Z", Rule.FUTURE),
        ("2026-06-14T22:00:00Z", "2026-03-31T22:10:00Z", Rule.ABSURD),
        ("2026-06-16T04:30:00Z", "2027-06-16T04:30:00Z", Rule.REGISTERED_AHEAD),
        ("<abie:ProfiledObservation>", "<abie:ProfiledObservation/><abie:ProfiledObservation>", Rule.COUNT),
    ],
)
def test_a_volume_that_breaks_a_rule_is_refused(old: str, new: str, rule: Rule) -> None:
    assert old in MANUAL
    assert refusals_of(read_all(MANUAL.replace(old, new).encode())) == [(5, rule)]


def test_a_negative_volume_is_refused_at_its_line() -> None:
    assert refusals_of(read_all(MANUAL.replace("1826.000", "-1826.000").encode())) == [(11, Rule.NEGATIVE)]


def test_a_volume_without_register_readings_is_taken_as_it_is() -> None:
    bare = MANUAL.replace("<abie:MeterReadingStart>99412.000</abie:MeterReadingStart>", "")
    items = read_all(bare.replace("<abie:MeterReadingEnd>1238.000</abie:MeterReadingEnd>", "").encode())
    assert [type(item) for item in items] == [PeriodVolume]


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("PT60M", "PT30M", 5, Rule.RESOLUTION),
        ("PT60M", "PT15M", 5, Rule.COUNT),
        ("2026-06-14T22:00:00Z", "2026-06-14T22:30:00Z", 5, Rule.INTERVAL),
        ("2026-06-14T22:00:00Z", "2026-06-15T22:00:00Z", 5, Rule.INTERVAL),
        ("2026-06-14T22:00:00Z", "2026-06-14T22:00:00", 5, Rule.TIME),
        ("<abie:RegistrationDateTime>2026-06-16T04:30:00Z</abie:RegistrationDateTime>", "", 5, Rule.TIME),
        ("707057500000000018", "707057500000000019", 5, Rule.POINT),
        ("707057500000000018", "571313104402686056", 5, Rule.POINT),
        (">Out<", ">Up<", 5, Rule.DIRECTION),
        (">kWh<", ">MWh<", 5, Rule.UNIT),
        ("8716867000030", "8716867000139", 5, Rule.PRODUCT),
        ('Sequence="3"', 'Sequence="4"', 5, Rule.SEQUENCE),
        ('Sequence="3"', 'Sequence="33"', 5, Rule.SEQUENCE),
        ('Sequence="3"', "", 5, Rule.SEQUENCE),
        ("0.459", "0.4591", 14, Rule.SUB_WATT_HOUR),
        ("0.459", "-0.459", 14, Rule.NEGATIVE),
        ("0.459", "0,459", 14, Rule.ENERGY),
        ("0.459", "", 14, Rule.ENERGY),
        ("0.459", "1" * 1000, 14, Rule.ENERGY),
        ('Quality="56"', 'Quality="57"', 16, Rule.QUALITY),
        ("<abie:Metered>0.459</abie:Metered>", "<abie:Guess>0.459</abie:Guess>", 14, Rule.QUALITY),
        ("0.459</abie:Metered>", "0.459</abie:Metered><abie:Metered>9.000</abie:Metered>", 14, Rule.QUALITY),
        (LAST, "", 5, Rule.COUNT),
        (LAST, LAST + LAST, 5, Rule.COUNT),
    ],
)
def test_a_series_that_breaks_a_rule_is_refused_whole_and_the_next_is_read(
    old: str, new: str, line: int, rule: Rule
) -> None:
    assert old in MIXED
    begin, end = MIXED.index(" <rsm:PayloadEnergyTimeSeries>"), MIXED.index("</rsm:NotifyValidated")
    document = MIXED[:begin] + MIXED[begin:end].replace(old, new) + MIXED[begin:]
    items = read_all(document.encode())
    assert refusals_of(items) == [(line, rule)]
    assert len(readings_of(items)) == 24
    assert len(new) < 4 or new.strip("<>") not in str(problems_of(items)[0])


def test_numbers_may_begin_at_one_and_come_in_any_order() -> None:
    begin, end = MIXED.index("  <abie:Observation"), MIXED.index(" </rsm:PayloadEnergyTimeSeries>")
    lines = MIXED[begin:end].splitlines(keepends=True)
    from_one = [line.replace(f'"{number}"', f'"{number + 1}"') for number, line in enumerate(lines)]
    document = MIXED[:begin] + "".join(reversed(from_one)) + MIXED[end:]
    assert [each.energy_wh for each in readings_of(read_all(document.encode()))] == [
        each.energy_wh for each in readings_of(read_all(MIXED.encode()))
    ]


def test_one_absurd_value_does_not_take_the_others_with_it() -> None:
    items = read_all(MIXED.replace("0.459", "99999.000").encode())
    assert refusals_of(items) == [(14, Rule.ABSURD)]
    assert len(readings_of(items)) == 23


LAUGHS: Final = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE: Final = '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
PARAMETER: Final = '<!DOCTYPE x [<!ENTITY % net SYSTEM "http://127.0.0.1:9/x.dtd"> %net;]>'


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, PARAMETER, '<!DOCTYPE x SYSTEM "x.dtd">', "<!DOCTYPE x>"])
def test_a_document_that_declares_a_type_or_entities_is_refused_before_it_is_read(doctype: str) -> None:
    first, rest = MIXED.split("\n", 1)
    items = read_all(f"{first}\n{doctype}\n{rest.replace('0.459', '&file;')}".encode())
    assert refusals_of(items) == [(2, Rule.DECLARES_TYPES)]
    assert readings_of(items) == []


def test_an_entity_nobody_declared_is_refused() -> None:
    items = read_all(MIXED.replace("0.459", "&file;").encode())
    assert refusals_of(items) == [(14, Rule.NOT_WELL_FORMED)]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.999])
def test_a_document_that_was_cut_loses_the_series_that_was_open_and_says_how_many_values(share: float) -> None:
    begin, end = MIXED.index(" <rsm:PayloadEnergyTimeSeries>"), MIXED.index("</rsm:NotifyValidated")
    document = (MIXED[:end] + MIXED[begin:]).encode()
    second = MIXED[:end].encode()
    items = read_all(second + document[len(second) :][: int((len(document) - len(second)) * share)])
    assert len(readings_of(items)) in {24, 48}
    (problem,) = problems_of(items)
    assert problem.rule is Rule.TRUNCATED
    assert len(readings_of(items)) + problem.readings <= 48


def test_a_series_that_says_two_things_of_itself_is_refused_with_the_document() -> None:
    twice = MIXED.replace(">Out</abie:Direction>", ">Out</abie:Direction><abie:Direction>In</abie:Direction>")
    assert [rule for _, rule in refusals_of(read_all(twice.encode()))] == [Rule.DOCUMENT]


def test_other_documents_are_refused_by_name() -> None:
    assert refusals_of(read_all(b"<html><body/></html>")) == [(1, Rule.DOCUMENT)]
    other = MIXED.replace("NotifyValidatedDataForBillingEnergy", "NotifyMeteringPointCharacteristics")
    assert refusals_of(read_all(other.encode())) == [(2, Rule.DOCUMENT)]
    assert refusals_of(read_all(b"<a><b></a>")) == [(1, Rule.DOCUMENT)]


@pytest.mark.parametrize(
    ("encoding", "rules"),
    [("utf-8", set[Rule]()), ("iso-8859-1", set[Rule]()), ("klingon", {Rule.ENCODING}), ("utf-7", {Rule.ENCODING})],
)
def test_the_declared_encoding_is_honoured_or_refused(encoding: str, rules: set[Rule]) -> None:
    document = MIXED.replace("UTF-8", encoding).replace("<rsm:Header>", "<!-- Målt --><rsm:Header>")
    data = document.encode("latin-1" if encoding == "iso-8859-1" else "utf-8")
    assert {each.rule for each in problems_of(read_all(data))} == rules


def test_bytes_of_another_encoding_than_declared_are_refused() -> None:
    document = MIXED.replace("<rsm:Header>", "<!-- Målt --><rsm:Header>").encode("latin-1")
    assert refusals_of(read_all(document)) == [(3, Rule.NOT_WELL_FORMED)]


class Endless:
    """A beginning, then one piece again and again: a gigabyte in all."""

    def __init__(self, beginning: str, again: bytes) -> None:
        self.given = 0
        self._left = b""
        self._parts = self._all(beginning.encode(), again)

    def read(self, size: int, /) -> bytes:
        self._left = self._left or next(self._parts, b"")
        part, self._left = self._left[:size], self._left[size:]
        self.given += len(part)
        return part

    @staticmethod
    def _all(beginning: bytes, again: bytes) -> Iterator[bytes]:
        yield beginning
        piece = again * (65536 // len(again))
        for _ in range((1 << 30) // len(piece)):
            yield piece


@pytest.mark.parametrize(
    ("beginning", "again", "rule"),
    [
        pytest.param(f"{BEGIN}<abie:A x='", b"0", Rule.LINE_TOO_LONG, id="an attribute"),
        pytest.param(f"{BEGIN}<!-- ", b"0", Rule.LINE_TOO_LONG, id="a comment"),
        pytest.param(f"{BEGIN}<", b"a", Rule.LINE_TOO_LONG, id="a name"),
        pytest.param(BEGIN, b"<abie:A>", Rule.DOCUMENT, id="a depth"),
    ],
)
def test_a_gigabyte_of_one_thing_is_refused_after_a_few_megabytes(beginning: str, again: bytes, rule: Rule) -> None:
    stream = Endless(beginning, again)
    assert [each.rule for each in problems_of(read(stream, OPTIONS))] == [rule]
    assert stream.given < 4 << 20


def test_a_series_longer_than_any_year_is_refused_and_its_values_are_not_kept() -> None:
    values = "".join(
        f'<abie:Observation Sequence="{number}"><abie:Metered>1.000</abie:Metered></abie:Observation>'
        for number in range(40_000)
    )
    items = read_all(MIXED.replace(LAST, values).encode())
    assert refusals_of(items) == [(5, Rule.COUNT)]


@pytest.mark.parametrize("name", EXPECTED)
def test_however_the_bytes_are_cut_the_same_comes_out(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    items = list(read(Trickle(data, [1, 5, 33]), OPTIONS))
    assert readings_of(items) == readings_of(read_all(data))
    assert problems_of(items) == problems_of(read_all(data))


RUN: Final = LAST * 3
SLOWLY: Final = "<!-- from here on nothing is taken out before the parser -->"


def slowly(document: str) -> bytes:
    return document.replace("<rsm:Header>", f"{SLOWLY}<rsm:Header>", 1).encode()


@pytest.mark.parametrize("name", EXPECTED)
def test_runs_taken_out_before_the_parser_give_what_the_parser_gives(name: str) -> None:
    text = (SAMPLES / name).read_text(encoding="utf-8")
    assert read_as_lines(text.encode()) == read_as_lines(slowly(text))
    one_line = text.replace("\n", "")
    assert readings_of(read_all(one_line.encode())) == readings_of(read_all(text.encode()))


def read_as_lines(data: bytes) -> list[object]:
    return [
        (each.series, each.start.tolist(), each.energy_wh.tolist(), each.quality.tolist(), each.line.tolist())
        if isinstance(each, Batch)
        else each
        for each in read_all(data)
    ]


@pytest.mark.parametrize(
    "hidden", [f"<!-- {RUN} -->", f"<![CDATA[{RUN}]]>", f"<?run {RUN}?>", "<?run 1?>", f"<?run 1?><!-- {RUN} -->"]
)
def test_what_only_looks_like_a_run_of_values_is_none(hidden: str) -> None:
    for at in (LAST, "<rsm:Header>", " </rsm:PayloadEnergyTimeSeries>", "</rsm:NotifyValidated"):
        items = read_all(MIXED.replace(at, hidden + at, 1).encode())
        assert refusals_of(items) == []
        assert readings_of(items) == readings_of(read_all(MIXED.encode()))


@pytest.mark.parametrize("at", ["<rsm:Header>", " <rsm:PayloadEnergyTimeSeries>", "</rsm:NotifyValidated"])
def test_a_run_outside_a_series_is_of_none(at: str) -> None:
    items = read_all(MIXED.replace(at, RUN + at, 1).encode())
    assert readings_of(items) == readings_of(read_all(MIXED.encode()))


@pytest.mark.parametrize("at", ["<rsm:NotifyValidated", "<abie:ResolutionDuration>", "<abie:Metered>0.459"])
def test_a_run_where_no_values_may_stand_refuses_the_document(at: str) -> None:
    items = read_all(MIXED.replace(at, RUN + at, 1).encode())
    assert [rule for _, rule in refusals_of(items)] == [Rule.DOCUMENT]
    assert readings_of(items) == []


@pytest.mark.parametrize("often", [1, 50])
def test_a_run_behind_the_end_is_not_read(often: int) -> None:
    items = read_all((MIXED + RUN * often).encode())
    assert {rule for _, rule in refusals_of(items)} <= {Rule.DOCUMENT, Rule.NOT_WELL_FORMED}
    assert refusals_of(items)
    assert len(readings_of(items)) == 24
