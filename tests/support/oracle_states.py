"""Histories for the small policy: every combination of what the dynamic rules read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from oracle_policy import ADVISOR, CASE_A, CASE_B, LOAN_A, LOAN_B, PERSON, POLICY, SUBJECT
from oracle_world import Tree, World

from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import RecordId
from policies.standing import Standing, empty, fold

BEGINNING = datetime(2018, 6, 1, 12, tzinfo=UTC)
Story = tuple[tuple[RecordId, str], ...]

STORIES_OF_A: tuple[Story, ...] = (
    (),
    ((CASE_A, "case.asked"),),
    ((CASE_A, "case.asked"), (CASE_A, "case.signed")),
    ((CASE_A, "case.asked"), (CASE_A, "case.signed"), (LOAN_A, "loan.submitted")),
    ((CASE_A, "case.asked"), (CASE_A, "case.signed"), (LOAN_A, "loan.submitted"), (LOAN_A, "loan.closed"),
     (CASE_A, "case.built")),
    ((CASE_A, "case.asked"), (CASE_A, "case.signed"), (CASE_A, "case.built"), (CASE_A, "case.closed")),
    ((CASE_A, "case.asked"), (CASE_A, "case.signed"), (LOAN_A, "loan.submitted"), (LOAN_A, "loan.closed"),
     (CASE_A, "case.built"), (CASE_A, "case.closed"), (CASE_A, "case.ended")),
)  # fmt: skip
STORIES_OF_B: tuple[Story, ...] = (
    (),
    ((CASE_B, "case.asked"), (CASE_B, "case.signed"), (CASE_B, "case.ended")),
    ((CASE_B, "case.asked"), (CASE_B, "case.signed"), (LOAN_B, "loan.submitted")),
)
CONSENTS: tuple[tuple[tuple[str, bool], ...], ...] = (
    (),
    (("calculation", True), ("news", True)),
    (("calculation", True), ("news", True), ("calculation", False)),
)
RESTRICTED = (None, PERSON, CASE_A)
OBJECTIONS: tuple[tuple[str, ...], ...] = ((), ("improve", "news"))
ASSIGNED: tuple[tuple[RecordId | None, bool], ...] = (
    (None, False), (PERSON, False), (CASE_A, True), (CASE_A, False), (LOAN_A, False),
)  # fmt: skip
HELD = (None, CASE_A)
INSTANTS = (datetime(2019, 9, 1, tzinfo=UTC), datetime(2058, 9, 1, tzinfo=UTC))
"""The longer clocks run still; all clocks are over."""


@dataclass(frozen=True)
class State:
    """One history, as each side sees it, and the instants at which to ask."""

    standing: Standing
    world: World
    instants: tuple[datetime, ...]


@cache
def beginning() -> tuple[Tree, Standing]:
    """The person and her two cases with a loan each."""
    added = [
        RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=parent, at=BEGINNING)
        for record, kind, parent in (
            (PERSON, "person", None),
            (CASE_A, "case", PERSON),
            (LOAN_A, "loan", CASE_A),
            (CASE_B, "case", PERSON),
            (LOAN_B, "loan", CASE_B),
        )
    ]
    return Tree(added), folded(empty(SUBJECT), added)


class History:
    """Events of the one subject, an hour apart."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def next_hour(self) -> datetime:
        return BEGINNING + timedelta(hours=len(self.events))

    def tell(self, story: Story) -> None:
        for record, name in story:
            self.events.append(Fact(subject=SUBJECT, record=record, name=name, at=self.next_hour()))

    def consent(self, words: Sequence[tuple[str, bool]]) -> None:
        for name, given in words:
            self.events.append(
                Consent(subject=SUBJECT, name=name, given=given, policy_digest=POLICY.digest, at=self.next_hour())
            )

    def assign(self, record: RecordId, *, ended: bool) -> None:
        """To the advisor for two purposes, to the bank for its own."""
        holders = (("offer", ADVISOR, None), ("build", ADVISOR, None), ("lend", None, "bank"))
        for ends in (False, True)[: 1 + ended]:
            for purpose, account, recipient in holders:
                self.events.append(
                    Assignment(
                        subject=SUBJECT, record=record, purpose=purpose, account=account, recipient=recipient,
                        ends=ends, at=self.next_hour(),
                    )
                )  # fmt: skip

    def object(self, purposes: Sequence[str]) -> None:
        for purpose in purposes:
            self.events.append(Objection(subject=SUBJECT, purpose=purpose, made=True, at=self.next_hour()))

    def restrict(self, record: RecordId) -> None:
        self.events.append(Restriction(subject=SUBJECT, record=record, on=True, at=self.next_hour()))

    def hold(self, record: RecordId) -> None:
        self.events.append(Hold(subject=SUBJECT, record=record, hold="legal_claim", on=True, at=self.next_hour()))

    def state(self) -> State:
        tree, standing = beginning()
        return State(folded(standing, self.events), World(SUBJECT, self.events, tree), INSTANTS)


def folded(standing: Standing, events: Sequence[Event]) -> Standing:
    for event in events:
        standing = fold(standing, event)
    return standing


def every_state() -> Iterator[State]:
    for story_a, story_b, words, restricted, objections, (assigned, ended), held in product(
        STORIES_OF_A, STORIES_OF_B, CONSENTS, RESTRICTED, OBJECTIONS, ASSIGNED, HELD
    ):
        history = History()
        history.tell(story_a)
        history.tell(story_b)
        history.consent(words)
        history.object(objections)
        if assigned is not None:
            history.assign(assigned, ended=ended)
        if restricted is not None:
            history.restrict(restricted)
        if held is not None:
            history.hold(held)
        yield history.state()
