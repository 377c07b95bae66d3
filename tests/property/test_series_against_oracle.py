"""Versions in any order, split and repeated, through segments and back: the series that a dictionary would give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.model import Instance
from vault.series import axis
from vault.series.axis import Resolution, Span
from vault.series.codec import Form, Layout, decode
from vault.series.layout import Kind, Pages, blocks, segments
from vault.series.readings import Numbers, Quality, Readings, Versions, counting, joined, ordered, versions_of

Version = tuple[int, int, int, int]
"""Interval, value, quality, registration time."""

FIRST = {resolution: axis.number(resolution, axis.period_bounds(12 * 2025 + 9)[0]) for resolution in Resolution}
"""October 2025: the month of 745 hours."""


def oracle(versions: Sequence[Version]) -> dict[int, Version]:
    """What counts: the greatest (registration, quality, value) of each interval."""
    found: dict[int, Version] = {}
    for version in versions:
        at, wh, quality, registered = version
        if at not in found or (registered, quality, wh) > (found[at][3], found[at][2], found[at][1]):
            found[at] = version
    return found


def columns(versions: Sequence[Version]) -> Versions:
    wh = [version[1] for version in versions]
    return Versions(
        np.array([version[0] for version in versions], np.int64),
        np.array(wh, np.int64),
        np.array([version[2] for version in versions], np.uint8),
        np.array([version[3] for version in versions], np.int64),
    )


def rows(versions: Versions) -> list[Version]:
    return list(
        zip(
            versions.at.tolist(),
            versions.wh.tolist(),
            versions.quality.tolist(),
            versions.registered.tolist(),
            strict=True,
        )
    )


def reopened(kind: Kind, pages: Sequence[Pages]) -> tuple[Numbers, Versions]:
    """The versions that plain segments hold, and the lane of each."""
    lanes: list[Numbers] = [np.zeros(0, np.int64)]
    parts: list[Versions] = []
    for page in pages:
        layout = Layout(page.form, kind.resolution, kind.width)
        sheets = decode(layout, [row.tobytes() for row in page.octets])
        row, place = np.nonzero(sheets.quality)
        first = np.array([axis.period_span(kind.resolution, int(each)).first for each in page.period])
        at = sheets.at[row, place] + first[row]
        lanes.append(page.lane[row])
        parts.append(Versions(at, sheets.wh[row, place], sheets.quality[row, place], sheets.registered[row, place]))
    return np.concatenate(lanes), joined(parts)


def version(resolution: Resolution) -> st.SearchStrategy[Version]:
    reach = {Resolution.QUARTER: 4_000, Resolution.HOUR: 1_500, Resolution.DAY: 500, Resolution.MONTH: 30}[resolution]
    return st.tuples(
        st.integers(FIRST[resolution], FIRST[resolution] + reach),
        st.sampled_from([0, 1, 2, 255, 65_535]),
        st.sampled_from([quality.value for quality in Quality if quality is not Quality.MISSING]),
        st.integers(1_760_000_000, 1_760_000_060),
    )


@pytest.mark.parametrize("instance", [Instance.MONTH, Instance.YEAR])
@pytest.mark.parametrize("resolution", Resolution)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_segments_hold_exactly_the_versions_they_were_made_of(
    resolution: Resolution, instance: Instance, data: st.DataObject
) -> None:
    given_versions = data.draw(st.lists(version(resolution), min_size=1, max_size=120))
    often = [*given_versions, *data.draw(st.permutations(given_versions))]
    lanes = np.array([at % 3 for at, _, _, _ in often], np.int64)
    kind = Kind(resolution, 2, instance)
    frame = axis.frame_of(resolution, often[0][0]).first
    compacted: set[tuple[int, int]] = {(int(lanes[0]), frame)} if data.draw(st.booleans()) else set()
    pages = list(segments(kind, lanes, columns(often), compacted, folded=data.draw(st.booleans())))
    of, found = reopened(kind, pages)
    assert sorted(zip(of.tolist(), rows(found), strict=True)) == sorted({(v[0] % 3, v) for v in often})
    span = Span(min(v[0] for v in often), max(v[0] for v in often) + 1)
    counts = versions_of(counting(resolution, span, found))
    assert {each[0]: each for each in rows(counts)} == oracle(often)


@settings(max_examples=40, deadline=None)
@given(
    start=st.integers(0, 800),
    length=st.integers(1, 3_000),
    holes=st.sets(st.integers(0, 2_999), max_size=50),
    times=st.integers(1, 40),
)
def test_whole_arrivals_become_blocks_and_what_is_left_over_is_told(
    start: int, length: int, holes: set[int], times: int
) -> None:
    numbers = np.arange(length, dtype=np.int64)
    quality = np.full(length, Quality.MEASURED, np.uint8)
    quality[[hole for hole in holes if hole < length]] = Quality.MISSING
    present = quality != 0
    readings = [
        Readings(
            Resolution.HOUR,
            FIRST[Resolution.HOUR] + start,
            np.where(present, (numbers * 7 + lane) % 60_000, 0),
            quality,
            np.where(present, 1_760_000_000 + numbers * (lane + 1) % times, 0),
        )
        for lane in range(2)
    ]
    kind = Kind(Resolution.HOUR, 2, Instance.MONTH)
    pages: list[Pages] = []
    for each in blocks(kind, np.arange(2), readings):
        if isinstance(each, Pages):
            assert each.form is Form.BLOCK
            pages.append(each)
        else:
            pages += segments(kind, *each, set())
    of, found = reopened(kind, pages)
    for lane, given_readings in enumerate(readings):
        assert rows(ordered(found.take(of == lane))) == rows(versions_of(given_readings))
