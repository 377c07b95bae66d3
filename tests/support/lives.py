"""Random lives of one person: a tree of records and everything retention reads that can be told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from hypothesis import strategies as st
from oracle_policy import SUBJECT

from policies.event import Consent, Event, Fact, Hold, RecordAdded, Restriction
from policies.model import PolicySet, RecordId
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
    restrictions = [partial(_restriction, record, on=on) for record in tree for on in (True, False)]
    return [
        *facts * (1 + 3 * (len(consents) + len(holds)) // (1 + len(facts))), *consents, *holds, *restrictions
    ]  # fmt: skip


def _fact(record: RecordId, name: str, at: datetime) -> Event:
    return Fact(subject=SUBJECT, record=record, name=name, at=at)


def _consent(digest: bytes, name: str, at: datetime, *, given_: bool) -> Event:
    return Consent(subject=SUBJECT, name=name, given=given_, policy_digest=digest, at=at)


def _restriction(record: RecordId, at: datetime, *, on: bool) -> Event:
    return Restriction(subject=SUBJECT, record=record, on=on, at=at)


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
