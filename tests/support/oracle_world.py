"""What has happened to one subject, as the independent evaluator sees it: read from the events, never from a standing.

Nothing is folded ahead: each question looks through the history again and the answer is remembered for the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import PolicySet, RecordId, StateRule, SubjectId

E = TypeVar("E", RecordAdded, Fact, Consent, Assignment, Objection, Restriction, Hold)
Dated = tuple[datetime, E]


class Tree:
    """The records of a subject and how they hang together."""

    def __init__(self, added: Iterable[RecordAdded]) -> None:
        self.added = {event.record: event for event in added}
        self.age = {record: number for number, record in enumerate(self.added)}
        self.root = next((record for record, event in self.added.items() if event.parent is None), None)
        self._ways: dict[RecordId, list[RecordId]] = {}
        self._lanes: dict[RecordId, list[RecordId]] = {}

    def up(self, record: RecordId | None) -> list[RecordId]:
        """The record and all above it, nearest first."""
        if record is None or record not in self.added:
            return []
        if record not in self._ways:
            self._ways[record] = [record, *self.up(self.added[record].parent)]
        return self._ways[record]

    def lanes(self, record: RecordId) -> list[RecordId]:
        """The record and all below it: nearest first, then by the age of what they descend through."""
        if record not in self._lanes:
            ways = {below: self.up(below) for below in self.added}
            below = {one: way[: way.index(record)] for one, way in ways.items() if record in way}
            self._lanes[record] = sorted(
                below, key=lambda one: (len(below[one]), [self.age[step] for step in reversed(below[one])])
            )
        return self._lanes[record]


class World:
    """One subject's history, all of it past. An event dated before what it follows happened when that did.

    Many worlds can share a tree; then their events add no record.
    """

    def __init__(self, subject: SubjectId, events: Sequence[Event], tree: Tree | None = None) -> None:
        self.subject = subject
        self.history: list[tuple[datetime, Event]] = []
        for event in events:
            latest = self.history[-1][0] if self.history else event.at
            self.history.append((max(latest, event.at), event))
        tree = tree or Tree(event for _, event in self.every(RecordAdded))
        self.added, self.root, self.up, self.lanes = tree.added, tree.root, tree.up, tree.lanes
        self._sights: dict[tuple[RecordId, str], tuple[datetime, ...]] = {}
        self._states: dict[tuple[str, RecordId], bool] = {}

    def every(self, sort: type[E]) -> list[Dated[E]]:
        return [(at, event) for at, event in self.history if isinstance(event, sort)]

    def sight(self, lane: RecordId, fact: str) -> tuple[datetime, ...]:
        """When the fact was recorded on the nearest record of the lane that carries it."""
        if fact not in self.names:
            return ()
        if (lane, fact) not in self._sights:
            found = [self.recorded.get((record, fact), ()) for record in self.up(lane)]
            self._sights[lane, fact] = next(filter(None, found), ())
        return self._sights[lane, fact]

    @cached_property
    def names(self) -> set[str]:
        return {event.name for _, event in self.every(Fact)}

    @cached_property
    def recorded(self) -> dict[tuple[RecordId, str], tuple[datetime, ...]]:
        names = {(event.record, event.name) for _, event in self.every(Fact)}
        return {
            name: tuple(at for at, event in self.every(Fact) if (event.record, event.name) == name) for name in names
        }

    def is_in_force(self, state: StateRule, lane: RecordId) -> bool:
        """Plays the beginnings and the ends the lane sees in the order of time; at one instant ends come first."""
        if (state.name, lane) not in self._states:
            steps = sorted(
                [(at, 1) for at in self.sight(lane, state.begins)]
                + [(at, 0) for end in state.ends for at in self.sight(lane, end)]
            )
            self._states[state.name, lane] = bool(steps) and steps[-1][1] == 1
        return self._states[state.name, lane]

    @cached_property
    def consents(self) -> set[str]:
        """Those whose last word is yes."""
        return {name for name, (_, last) in self._last_words.items() if last.given}

    @cached_property
    def withdrawals(self) -> dict[str, datetime]:
        """Those whose last word is no, and when it was said first."""
        return {
            name: self._first_words(name)[-1][0]
            for name, (_, last) in self._last_words.items()
            if not last.given and any(event.given for _, event in self.every(Consent) if event.name == name)
        }

    def _first_words(self, name: str) -> list[Dated[Consent]]:
        """What was said of one consent, repetitions left out."""
        said = [(at, event) for at, event in self.every(Consent) if event.name == name]
        return [word for number, word in enumerate(said) if number == 0 or said[number - 1][1].given != word[1].given]

    @cached_property
    def _last_words(self) -> dict[str, Dated[Consent]]:
        return {event.name: (at, event) for at, event in self.every(Consent)}

    @cached_property
    def assigned(self) -> set[tuple[RecordId, str, str]]:
        """Record, purpose and holder (an account's text, or a recipient) of every assignment not ended."""
        last = {
            (event.record, event.purpose, str(event.account or event.recipient)): event.ends
            for _, event in self.every(Assignment)
        }
        return {key for key, ended in last.items() if not ended}

    @cached_property
    def objections(self) -> set[str]:
        last = {event.purpose: event.made for _, event in self.every(Objection)}
        return {purpose for purpose, made in last.items() if made}

    @cached_property
    def restricted(self) -> set[RecordId]:
        last = {event.record: event.on for _, event in self.every(Restriction)}
        return {record for record, on in last.items() if on}

    @cached_property
    def held(self) -> set[tuple[RecordId, str]]:
        last = {(event.record, event.hold): event.on for _, event in self.every(Hold)}
        return {key for key, on in last.items() if on}

    def purposes_consented(self, policy: PolicySet) -> set[str]:
        return {purpose for name in self.consents & set(policy.consents) for purpose in policy.consents[name].purposes}
