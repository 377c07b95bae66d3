"""Folding events into a standing, and looking at it by lanes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from policy_builder import DIGEST, LOAN, LOAN_2, PROJECT, ROOF, START, SUBJECT, Person, conditions
from policy_of_values import POLICY

from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import RecordId, StateRule, SubjectId
from policies.standing import (
    BadEvent,
    Times,
    ancestors,
    consented,
    empty,
    facts_in_lane,
    fold,
    holds,
    in_force,
    lanes,
    live,
    path,
    views,
)

ROOT = RecordId(SUBJECT)
NOWHERE = RecordId(UUID(int=99))
LATER = START + timedelta(days=1)
CONTRACT = POLICY.states["contract.solstrom"]


def fact(record: RecordId, at: datetime = LATER, subject: SubjectId = SUBJECT) -> Fact:
    return Fact(subject=subject, record=record, name="lead.active", at=at)


def added(record: RecordId, parent: RecordId | None) -> RecordAdded:
    return RecordAdded(subject=SUBJECT, record=record, kind="person", parent=parent, at=LATER)


def assignment(
    *, record: RecordId = PROJECT, account: UUID | None = None, recipient: str | None = None, ends: bool = False
) -> Assignment:
    return Assignment(
        subject=SUBJECT, record=record, purpose="offer", account=account, recipient=recipient, ends=ends, at=LATER
    )


BAD: dict[str, Event] = {
    "another subject's": fact(PROJECT, subject=SubjectId(UUID(int=98))),
    "naive": fact(PROJECT, datetime(2024, 2, 1, tzinfo=UTC).replace(tzinfo=None)),
    "in local time": fact(PROJECT, datetime(2024, 2, 1, tzinfo=timezone(timedelta(hours=1)))),
    "of an unknown record": fact(NOWHERE),
    "a record already there": added(PROJECT, ROOT),
    "a second root": added(NOWHERE, None),
    "below nothing": added(RecordId(UUID(int=97)), NOWHERE),
    "a withdrawal of what was never given": Consent(
        subject=SUBJECT, name="calculation", given=False, policy_digest=DIGEST, at=LATER
    ),
    "an assignment to nobody": assignment(),
    "an assignment to two": assignment(account=UUID(int=7), recipient="bank"),
    "the end of no assignment": assignment(recipient="bank", ends=True),
    "an assignment of an unknown record": assignment(record=NOWHERE, recipient="bank"),
    "the end of no objection": Objection(subject=SUBJECT, purpose="offer", made=False, at=LATER),
    "the lifting of no restriction": Restriction(subject=SUBJECT, record=ROOT, on=False, at=LATER),
    "the lifting of no hold": Hold(subject=SUBJECT, record=ROOT, hold="legal_claim", on=False, at=LATER),
}


@pytest.mark.parametrize("event", BAD.values(), ids=BAD.keys())
def test_an_event_that_cannot_follow_is_refused(event: Event) -> None:
    with pytest.raises(BadEvent):
        fold(Person().standing, event)


def test_the_root_is_the_subject_itself_and_comes_first() -> None:
    with pytest.raises(BadEvent):
        fold(empty(SUBJECT), added(PROJECT, None))
    assert list(fold(empty(SUBJECT), added(ROOT, None)).records) == [ROOT]


def test_a_standing_does_not_print() -> None:
    assert repr(Person().fact("lead.active").standing) == "Standing()"


def test_folding_leaves_the_former_standing_as_it_was() -> None:
    person = Person()
    before = person.standing
    person.fact("lead.active")
    assert not before.facts
    assert person.standing != before


def test_a_fact_recorded_again_keeps_first_and_moves_last_but_never_back() -> None:
    person = Person().fact("lead.active", at=LATER).fact("lead.active", at=LATER + timedelta(days=2))
    person.fact("lead.active", at=LATER - timedelta(days=5))
    assert person.standing.facts[PROJECT] == {"lead.active": Times(LATER, LATER + timedelta(days=2))}


def test_a_consent_given_again_after_withdrawal_is_in_force_anew() -> None:
    person = Person().consent("calculation")
    assert consented(person.standing, "calculation")
    person.consent("calculation", given=False)
    assert not consented(person.standing, "calculation")
    person.consent("calculation")
    assert person.standing.consents["calculation"].given_at == person.now
    assert consented(person.standing, "calculation")
    assert not consented(person.standing, "marketing")


@pytest.mark.clause("SOL-10")
def test_a_second_withdrawal_changes_nothing() -> None:
    person = Person().consent("marketing").consent("marketing", given=False)
    before = person.standing
    assert person.consent("marketing", given=False).standing == before


def test_a_word_on_consent_dated_too_early_counts_as_of_the_word_before() -> None:
    person = Person().consent("marketing", at=LATER).consent("marketing", given=False, at=START)
    assert person.standing.consents["marketing"].withdrawn_at == LATER
    person.consent("marketing", at=START)
    assert person.standing.consents["marketing"].given_at == LATER


def test_an_assignment_is_live_from_its_start_to_its_end() -> None:
    person = Person().assign("offer", account=UUID(int=7))
    start = person.now
    person.assign("offer", account=UUID(int=7))
    (made,) = person.standing.assignments
    assert made.start == start
    person.assign("offer", recipient="bank").assign("offer", account=UUID(int=7), ends=True)
    ended, other = person.standing.assignments
    assert ended == replace(made, end=person.now)
    assert other.end is None
    assert [live(ended, at) for at in (start - timedelta(1), start, person.now - timedelta(hours=1), person.now)] == [
        False,
        True,
        True,
        False,
    ]
    assert live(other, person.now)


def test_objections_restrictions_and_holds_keep_their_first_instant_until_lifted() -> None:
    person = Person().object("offer").restrict(PROJECT).hold("legal_claim", PROJECT)
    before = person.standing
    assert person.object("offer").restrict(PROJECT).hold("legal_claim", PROJECT).standing == before
    person.hold("legal_claim", LOAN)
    person.object("offer", made=False).restrict(PROJECT, on=False).hold("legal_claim", PROJECT, on=False)
    assert not person.standing.objections
    assert not person.standing.restricted
    assert [held.end for held in person.standing.held] == [person.now, None]


def test_lanes_are_the_record_and_all_below_it_breadth_first() -> None:
    person = Person()
    other = RecordId(UUID(int=6))
    person.record(other, "project", person.root)
    assert list(lanes(person.standing, ROOT)) == [ROOT, PROJECT, other, ROOF, LOAN, LOAN_2]
    assert list(lanes(person.standing, PROJECT)) == [PROJECT, ROOF, LOAN, LOAN_2]
    assert list(lanes(person.standing, LOAN)) == [LOAN]
    assert list(lanes(person.standing, NOWHERE)) == []


def test_ancestors_are_nearest_first() -> None:
    standing = Person().standing
    assert list(ancestors(standing, LOAN)) == [PROJECT, ROOT]
    assert list(path(standing, LOAN)) == [LOAN, PROJECT, ROOT]
    assert list(ancestors(standing, ROOT)) == []
    assert list(ancestors(standing, NOWHERE)) == []


def test_a_lane_sees_the_facts_of_its_record_and_of_those_above_only() -> None:
    person = Person().fact("newsletter.opted_in", ROOT).fact("contract.signed").fact("loan.submitted", LOAN)
    standing = person.standing
    assert set(facts_in_lane(standing, LOAN)) == {"newsletter.opted_in", "contract.signed", "loan.submitted"}
    assert set(facts_in_lane(standing, LOAN_2)) == {"newsletter.opted_in", "contract.signed"}
    assert facts_in_lane(standing, ROOF) is facts_in_lane(standing, PROJECT)
    assert facts_in_lane(standing, NOWHERE) == {}
    assert len(views(standing, ROOT)) == 3
    assert views(standing, ROOT) is views(standing, ROOT)


def test_a_state_is_in_force_from_its_begin_until_an_end_after_it() -> None:
    person = Person()
    assert not in_force(CONTRACT, facts_in_lane(person.standing, PROJECT))
    person.fact("contract.signed")
    assert in_force(CONTRACT, facts_in_lane(person.standing, PROJECT))
    person.fact("contract.ended")
    assert not in_force(CONTRACT, facts_in_lane(person.standing, PROJECT))
    person.fact("contract.signed")
    assert in_force(CONTRACT, facts_in_lane(person.standing, PROJECT))
    assert not in_force(CONTRACT, facts_in_lane(person.standing, ROOT))


def test_at_one_instant_the_end_came_before_the_begin() -> None:
    at = datetime(2024, 6, 1, tzinfo=UTC)
    assert in_force(StateRule("s", "a", ("b",)), {"a": Times(at, at), "b": Times(at, at)})


def test_a_condition_asks_for_a_fact_or_for_its_absence() -> None:
    lane = facts_in_lane(Person().fact("loan.submitted", LOAN).standing, LOAN)
    submitted, not_submitted, closed, not_closed = conditions(
        "loan.submitted", "not loan.submitted", "loan.closed", "not loan.closed"
    )
    assert holds(submitted, lane)
    assert holds(not_closed, lane)
    assert not holds(not_submitted, lane)
    assert not holds(closed, lane)
