"""Delivery is idempotent: split, merged, repeated, in any order, the same readings give the same series."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from metering import Row, batch, rows_of

from ingest.merging import contradictions, history, merged
from ingest.readings import NO_ENERGY, UNREGISTERED, Quality
from vault.series import readings as vault
from vault.series.axis import Resolution, Span


def row(hour: int, value: tuple[int | None, Quality], registered: int | None) -> Row:
    return hour * 3600, value[0], value[1], registered


_VALUES = st.one_of(
    st.tuples(st.just(None), st.just(Quality.MISSING)),
    st.tuples(st.integers(0, 3), st.sampled_from([each for each in Quality if each is not Quality.MISSING])),
)
ROWS = st.lists(
    st.builds(row, st.integers(0, 5), _VALUES, st.one_of(st.none(), st.integers(0, 3))),
    max_size=30,
)


def plain(rows: list[Row]) -> list[tuple[int, int, int, int]]:
    """What stands, reading by reading."""
    standing: dict[int, tuple[int, int, int]] = {}
    for start, energy, quality, registered in rows:
        at = UNREGISTERED if registered is None else registered
        key = (at, int(quality), NO_ENERGY if energy is None else energy)
        standing[start] = max(key, standing.get(start, key))
    return [(start, key[2], key[1], key[0]) for start, key in sorted(standing.items())]


@given(rows=ROWS)
def test_what_stands_is_what_reading_by_reading_gives(rows: list[Row]) -> None:
    assert rows_of(merged(batch(rows))) == plain(rows)


@given(rows=ROWS, data=st.data())
def test_the_same_deliveries_in_any_order_split_and_repeated_give_the_same_series(
    rows: list[Row], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    bounds = [0, *cuts, len(rows)]
    deliveries = [rows[begin:end] for begin, end in pairwise(bounds)] * 3
    shuffled = data.draw(st.permutations(deliveries))
    standing = batch([])
    for delivery in shuffled:
        standing = merged(standing, batch(delivery))
    assert rows_of(standing) == rows_of(merged(batch(rows)))
    assert rows_of(history(*map(batch, shuffled))) == rows_of(history(batch(rows)))


@given(rows=ROWS)
def test_the_vault_keeps_what_stands_here(rows: list[Row]) -> None:
    told = [each for each in rows if each[1] is not None and each[3]]
    ours = merged(batch(told))
    columns = batch(told)
    versions = vault.Versions(columns.start // 3600, columns.energy_wh, columns.quality, columns.registered)
    theirs = vault.counting(Resolution.HOUR, Span(0, 6), versions)
    here = theirs.present
    assert theirs.wh[here].tolist() == ours.energy_wh.tolist()
    assert theirs.quality[here].tolist() == ours.quality.tolist()
    assert theirs.registered[here].tolist() == ours.registered.tolist()


def test_qualities_have_the_numbers_that_they_have_in_the_vault() -> None:
    assert all(int(vault.Quality[each.name]) == int(each) for each in Quality)
    assert {each for each in Quality if each.is_final} == {Quality[each.name] for each in vault.FINAL}


@given(rows=ROWS)
def test_merging_history_gives_what_stands_and_history_forgets_no_value(rows: list[Row]) -> None:
    kept = history(batch(rows))
    assert rows_of(merged(kept)) == rows_of(merged(batch(rows)))
    assert set(rows_of(kept)) == set(rows_of(batch(rows)))
    assert len(contradictions(batch(rows))) == len(kept)


@given(rows=ROWS)
def test_an_estimate_stands_over_a_final_value_only_when_registered_later(rows: list[Row]) -> None:
    finals: dict[int, int] = {}
    for start, _, quality, registered in rows:
        if quality.is_final:
            at = UNREGISTERED if registered is None else registered
            finals[start] = max(at, finals.get(start, at))
    for start, _, code, registered in rows_of(merged(batch(rows))):
        if not Quality(code).is_final and start in finals:
            assert registered > finals[start]
