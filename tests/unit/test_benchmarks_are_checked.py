"""A benchmark that is slow is a figure; a benchmark that answers wrongly fails the run."""

from __future__ import annotations

import json

import pytest

from benchmarks.table import Against, Figure, Results, as_json, ending, spoken, table
from benchmarks.timing import alternating, median


def figure(ours: float = 0.002, theirs: float = 0.004, at_most: float | None = 1.0) -> Figure:
    return Figure(
        work="open 1", ours=ours, other="one select", theirs=theirs, against=Against.NATURAL, at_most=at_most,
        within=0.003,
    )  # fmt: skip


def test_a_wrong_answer_fails_the_run_and_is_named() -> None:
    results = Results(figures=[figure()])
    results.check(right=True, answer="one")
    results.check(right=False, answer="another subject opened")
    assert results.exit_code == 1
    assert "WRONG ANSWER: another subject opened" in ending(results)
    assert "2 answers checked, 1 wrong" in ending(results)


def test_a_wrong_answer_is_named_once_however_often_it_comes() -> None:
    results = Results()
    for _ in range(3):
        results.check(right=False, answer="the same")
    assert results.wrong == ["the same"]
    assert results.checked == 3


def test_a_slow_run_does_not_fail() -> None:
    slow = figure(ours=10.0, theirs=0.001)
    results = Results(figures=[slow])
    results.check(right=True, answer="one")
    assert slow.met is False
    assert "MISSED" in table(results.figures)
    assert results.exit_code == 0


def test_a_run_that_checked_nothing_fails() -> None:
    assert Results(figures=[figure()]).exit_code == 1


@pytest.mark.parametrize(
    ("ours", "met"),
    [
        pytest.param(0.002, True, id="both targets met"),
        pytest.param(0.0035, False, id="ratio met, own seconds missed"),
        pytest.param(0.005, False, id="both missed"),
    ],
)
def test_every_target_of_a_figure_counts(ours: float, met: bool) -> None:  # noqa: FBT001  a parameter
    assert figure(ours=ours).met is met


def test_the_table_says_ratio_and_target_of_each_figure() -> None:
    line = table([figure()]).splitlines()[-1]
    assert "N = 0.5" in line
    assert "N ≤ 1, ≤ 3.00 ms" in line
    assert line.endswith("| met    |") or "| met " in line


def test_the_same_is_there_for_programs() -> None:
    results = Results(figures=[figure()], wrong=["one"], checked=1)
    said = json.loads(as_json(results, {"machine": "quiet"}))
    assert said["about"] == {"machine": "quiet"}
    assert said["figures"][0]["ratio"] == 0.5
    assert said["wrong"] == ["one"]


async def test_programs_take_turns_and_the_first_turns_are_not_counted() -> None:
    turns: list[str] = []

    async def one() -> None:
        turns.append("one")

    async def other() -> None:
        turns.append("other")

    times = await alternating({"one": one, "other": other}, runs=3, warm_up=1)
    assert turns == ["one", "other"] * 4
    assert {name: len(taken) for name, taken in times.items()} == {"one": 3, "other": 3}


def test_durations_are_spoken_with_their_unit() -> None:
    assert [spoken(each) for each in (2.5, 0.0105, 0.00005)] == ["2.50 s", "10.50 ms", "50 µs"]
    assert median([3.0, 1.0, 2.0]) == 2.0
