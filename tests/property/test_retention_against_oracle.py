"""`due` and the evaluator written from the rules alone answer alike on random histories, by two calendars.

X"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from oracle_keeping import Keeping
from oracle_policy import POLICY, SUBJECT
from oracle_real import shipped
from oracle_world import World

from policies.event import Consent, Event, Fact, Hold, RecordAdded
from policies.model import PolicySet, RecordId
from policies.retention import KeptByClock, KeptByHold, NoAnchor, due
from policies.standing import BadEvent, Standing, empty, fold

BEGINNING = datetime(2018, 1, 1, tzinfo=UTC)
Tree = Mapping[RecordId, tuple[str, RecordId | None]]
STEPS = st.one_of(
    st.just(timedelta(0)),
    st.timedeltas(timedelta(0), timedelta(days=120)),
    st.integers(0, 800).map(lambda days: timedelta(days=days)),
    st.integers(0, 48).map(lambda months: timedelta(days=30.4375 * months)),
)


@st.composite
def trees(draw: st.DrawFn, policy: PolicySet) -> Tree:
    """The root and up to six records of kinds that can hang under what is there."""
    tree: dict[RecordId, tuple[str, RecordId | None]] = {RecordId(SUBJECT): ("person", None)}
    for number in range(draw(st.integers(0, 6))):
        parent = draw(st.sampled_from(list(tree)))
        fitting = [kind.name for kind in policy.records.values() if kind.parent == tree[parent][0]]
        if fitting:
            tree[RecordId(UUID(int=50 + number))] = (draw(st.sampled_from(fitting)), parent)
    return tree


def possible(policy: PolicySet, tree: Tree) -> list[Callable[[datetime], Event]]:
    """Everything retention reads that can be told of these records, facts more often than the rest."""
    facts = [
        partial(_fact, record, fact.name)
        for record, (kind, _) in tree.items()
        for fact in policy.facts.values()
        if fact.record == kind
    ]
    consents = [
        partial(_consent, policy.digest, name, given_=given_) for name in policy.consents for given_ in (True, False)
    ]
    explicit = [hold.name for hold in policy.holds.values() if hold.anchor is None]
    holds = [partial(_hold, hold, record, on=on) for hold in explicit for record in tree for on in (True, False)]
    return [*facts * (1 + 3 * (len(consents) + len(holds)) // (1 + len(facts))), *consents, *holds]


def _fact(record: RecordId, name: str, at: datetime) -> Event:
    return Fact(subject=SUBJECT, record=record, name=name, at=at)


def _consent(digest: bytes, name: str, at: datetime, *, given_: bool) -> Event:
    return Consent(subject=SUBJECT, name=name, given=given_, policy_digest=digest, at=at)


def _hold(hold: str, record: RecordId, at: datetime, *, on: bool) -> Event:
    return Hold(subject=SUBJECT, record=record, hold=hold, on=on, at=at)


@st.composite
def histories(draw: st.DrawFn, policy: PolicySet) -> tuple[list[Event], Standing]:
    tree = draw(trees(policy))
    events: list[Event] = [
        RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=parent, at=BEGINNING)
        for record, (kind, parent) in tree.items()
    ]
    at = BEGINNING
    for tell in draw(st.lists(st.sampled_from(possible(policy, tree)), max_size=12)):
        at += draw(STEPS)
        events.append(tell(at))
    standing = empty(SUBJECT)
    folded: list[Event] = []
    for happening in events:
        try:
            standing = fold(standing, happening)
        except BadEvent:
            continue
        folded.append(happening)
    return folded, standing


@pytest.mark.parametrize("policy", [POLICY, shipped()], ids=["small policy", "shipped policy"])
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_due_agrees_on_random_histories(policy: PolicySet, data: st.DataObject) -> None:
    events, standing = data.draw(histories(policy))
    keeping = Keeping(policy, World(SUBJECT, events))
    latest = max(at for at, _ in keeping.world.history)
    asked = [latest, latest + data.draw(st.timedeltas(timedelta(0), timedelta(days=12000)))]
    kinds = {field.category: field.record for field in policy.fields.values()}
    for category, record in product(policy.categories, standing.records):
        if standing.records[record].kind == kinds.get(category):
            ends = [answer.until for now in asked for answer in keeping.due(category, record, now)
                    if isinstance(answer, KeptByClock | KeptByHold) and answer.until is not None]  # fmt: skip
            for now in [*asked, *ends, *(end - timedelta(microseconds=1) for end in ends)]:
                answer = due(policy, category, record, standing, now)
                if isinstance(answer, NoAnchor):
                    answer = NoAnchor(tuple(sorted(answer.rules)))
                assert answer in keeping.due(category, record, now), (category, record, now)
                event(type(answer).__name__)
