"""A forecast made today is what runs destroy when the day comes, whenever they run: random lives, twenty years."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lives import histories
from oracle_policy import POLICY, SUBJECT
from oracle_real import shipped

from policies.ending import Ending, Stored, emptied, ending, forgettable
from policies.event import Assignment, Event, Fact, Hold, RecordAdded, Restriction
from policies.model import PolicySet, RecordId
from policies.plan import of_kind
from policies.retention import due, next_due
from policies.standing import Standing, empty, fold

TWENTY_YEARS = timedelta(days=20 * 365 + 5)
BOTH = pytest.mark.parametrize("policy", [POLICY, shipped()], ids=["small policy", "shipped policy"])


class Kept:
    """A person as the vault keeps one: events, and what is stored; runs let it die as `vault/killing.py` does."""

    def __init__(self, policy: PolicySet, events: Sequence[Event], stored: Collection[Stored]) -> None:
        self.policy = policy
        self.events = list(events)
        self.stored = set(stored)

    @property
    def standing(self) -> Standing:
        standing = empty(SUBJECT)
        for each in self.events:
            standing = fold(standing, each)
        return standing

    def over(self, now: datetime) -> dict[Stored, Ending]:
        standing = self.standing
        found = {(r, c): ending(self.policy, c, r, standing, now) for r, c in self.stored}
        return {place: end for place, end in found.items() if end is not None}

    def run(self, now: datetime) -> set[Stored]:
        dying, standing = set(self.over(now)), self.standing
        self.stored -= dying
        gone = self.forgotten(standing, dying)
        self.events = [each for each in self.events if record_of(each) not in gone]
        return dying

    def forgotten(self, standing: Standing, dying: Collection[Stored]) -> frozenset[RecordId]:
        empty_ = emptied(standing, {record for record, _ in dying}, {record for record, _ in self.stored})
        return forgettable(self.policy, standing, empty_, self.stored)


def record_of(each: Event) -> RecordId | None:
    match each:
        case RecordAdded() | Fact() | Assignment() | Restriction() | Hold():
            return each.record
        case _:
            return None


@st.composite
def people(draw: st.DrawFn, policy: PolicySet) -> Kept:
    events, standing = draw(histories(policy))
    places = [
        (record, name) for record, node in standing.records.items() for name in sorted(of_kind(policy, node.kind))
    ]
    stored = draw(st.sets(st.sampled_from(places), max_size=len(places))) if places else set[Stored]()
    return Kept(policy, events, stored)


def latest(events: Sequence[Event]) -> datetime:
    return max(each.at for each in events)


@BOTH
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_forecast_is_exactly_what_later_runs_destroy(policy: PolicySet, data: st.DataObject) -> None:
    person = data.draw(people(policy))
    today = latest(person.events)
    day = today + data.draw(st.timedeltas(timedelta(0), TWENTY_YEARS))
    promised = person.over(day)
    runs = sorted(
        today + data.draw(st.timedeltas(timedelta(0), day - today)) for _ in range(data.draw(st.integers(0, 4)))
    )
    destroyed: set[Stored] = set()
    for run in [*runs, day]:
        dying = person.run(run)
        assert all(promised[place].at <= run for place in dying)
        destroyed |= dying
        assert destroyed >= {place for place, end in promised.items() if end.at <= run}
    assert destroyed == promised.keys()
    assert not person.over(day)
    event(f"{len(destroyed)} destroyed in {len(runs)} runs and the last")


@BOTH
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_run_forgets_changes_no_answer_about_what_is_left(policy: PolicySet, data: st.DataObject) -> None:
    person = data.draw(people(policy))
    before, now = person.standing, latest(person.events)
    person.run(now + data.draw(st.timedeltas(timedelta(0), TWENTY_YEARS)))
    after = person.standing
    for days in (0, 1, 400, 4_000, 8_000):
        then = now + timedelta(days=days)
        for record, category in person.stored:
            assert due(policy, category, record, after, then) == due(policy, category, record, before, then)
    event(f"{len(before.records) - len(after.records)} records forgotten")


@BOTH
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_is_over_before_the_month_in_the_index(policy: PolicySet, data: st.DataObject) -> None:
    person = data.draw(people(policy))
    today = latest(person.events)
    first = next_due(policy, person.standing, today, person.stored)
    day = today + data.draw(st.timedeltas(timedelta(0), TWENTY_YEARS))
    over = person.over(day)
    if over:
        assert first is not None
        assert first <= day.date()
    event(f"indexed {first is not None}, over {bool(over)}")
