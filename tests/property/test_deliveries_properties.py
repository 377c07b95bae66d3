"""Whole deliveries: split, merged, repeated and in any order they give one series; and no bytes make a reader fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from metering import FIXTURES, OPTIONS, Trickle, problems_of, read_all, rows_of

from ingest.formats import read
from ingest.merging import history, merged
from ingest.problems import Problem
from ingest.readings import Batch, instant
from policies.oslo import OSLO

HEADER: Final = "Fra;Til;Målenavn;Volum;Enhet;Kvalitet;Registreringstidspunkt"
FIRST: Final = 1_792_879_200  # the midnight before the autumn night of 2026, in Oslo
SAMPLES: Final = [path.read_bytes() for path in sorted(FIXTURES.glob("elhub_*/*")) if path.suffix in {".csv", ".xml"}]
MSCONS: Final = (
    b"UNA:+.? 'UNB+UNOC:3+1+2+1:1+1'UNH+1+MSCONS:D:04B:UN'DTM+137:202606160430?+00:303'LOC+172+707057500000000018'"
    b"LIN+1'PIA+5+1-1?:1.29.0:SRW'QTY+220:0.609:KWH'DTM+163:202606142200?+00:303'DTM+164:202606142300?+00:303'"
    b"UNT+10+1'UNZ+1+1'"
)
JSONL: Final = (
    b'{"kind":"series","point":"707057500000000018","direction":"consumption","resolution":"PT1H",'
    b'"start":"2026-06-14T22:00:00Z","end":"2026-06-15T00:00:00Z","registered":"2026-06-16T04:30:00Z",'
    b'"quality":["measured","missing"],"energy_wh":[609,null]}\n'
)


def row(hour: int, energy_wh: int, quality: str, registered: int) -> str:
    start, end, at = (
        instant(FIRST + 3600 * each).astimezone(OSLO).isoformat() for each in (hour, hour + 1, 100 + registered)
    )
    return f"{start};{end};KWH 60 Forbruk;{energy_wh // 1000},{energy_wh % 1000:03};kWh;{quality};{at}"


ROWS: Final = st.lists(
    st.builds(row, st.integers(0, 24), st.integers(0, 2000), st.sampled_from(["Målt", "Estimert"]), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


def batches(rows: list[str]) -> list[Batch]:
    items = read_all("\n".join([HEADER, *rows, ""]).encode())
    assert {each.severity.value for each in problems_of(items)} <= {"warning"}
    return [item for item in items if isinstance(item, Batch)]


@given(rows=ROWS, data=st.data())
def test_the_same_files_three_times_in_any_order_split_or_merged_give_the_same_series(
    rows: list[str], data: st.DataObject
) -> None:
    whole = batches(rows)
    of_rows = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    files = [[row for row, file in zip(rows, of_rows, strict=True) if file == number] for number in range(4)]
    deliveries = data.draw(st.permutations([file for file in files if file] * 3))
    standing: list[Batch] = []
    for delivery in deliveries:
        standing = [merged(*standing, *batches(data.draw(st.permutations(delivery))))]
    assert rows_of(standing[0]) == rows_of(merged(*whole))
    assert rows_of(history(*[each for delivery in deliveries for each in batches(delivery)])) == rows_of(
        history(*whole)
    )


@settings(max_examples=300)
@given(
    sample=st.sampled_from([*SAMPLES, MSCONS, JSONL]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=6)), max_size=6),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=4),
)
def test_no_bytes_make_a_reader_fail_and_however_they_are_cut_the_same_comes_out(
    sample: bytes, edits: list[tuple[float, int, bytes]], sizes: list[int]
) -> None:
    data = sample
    for share, lost, new in edits:
        at = int(share * len(data))
        data = data[:at] + new + data[at + lost :]
    whole = read_all(data)
    parts = list(read(Trickle(data, sizes), OPTIONS))
    assert taken(parts) == taken(whole)
    assert {each.rule for each in problems_of(parts)} == {each.rule for each in problems_of(whole)}


def taken(items: Sequence[object]) -> list[object]:
    """All that is no problem, reading by reading: batches may be divided otherwise."""
    found: list[object] = []
    for item in items:
        found += list(item.readings()) if isinstance(item, Batch) else [item]
    return sorted((each for each in found if not isinstance(each, Problem)), key=repr)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert read_all(data)


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) == 12
