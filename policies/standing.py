"""What is true of one subject: the standing that a decision reads.

A standing is folded from the subject's sealed event history; it holds no contents, but consents, contracts and
restrictions are personal data all the same and never leave the vault. Pure and frozen: `fold` returns a new one.
The history's order decides and time never runs backwards: an event dated before what it follows counts as of then.

*Lane*: a record is looked at in its own context and in each context below it. The lane of record S sees the facts
recorded on S and on S's ancestors. A field of record R opens if one lane among R and R's descendants allows it: a
person's name may be opened for any of the person's live cases, a loan's income only for that loan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from policies.errors import PolicyError
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import Condition, RecordId, StateRule, SubjectId


class BadEvent(PolicyError):
    """An event that cannot follow this standing. Nothing was folded."""


@dataclass(frozen=True, slots=True)
class Node:
    """A record of the subject: its kind and the record it hangs under (`None` for the root)."""

    kind: str
    parent: RecordId | None


@dataclass(frozen=True, slots=True)
class Times:
    """When a fact was recorded on one record: the first and the last time."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The latest word on one consent. Withdrawn or expired is none (G-21)."""

    given_at: datetime
    withdrawn_at: datetime | None
    policy_digest: bytes  # the notice in force when it was given (GEN-02)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A live or past assignment of a record to an account, or to everyone who speaks for a recipient."""

    record: RecordId
    purpose: str
    account: UUID | None
    recipient: str | None
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """An explicit hold on a category (or all) of a record, e.g. a legal claim."""

    hold: str
    record: RecordId
    start: datetime
    end: datetime | None


K = TypeVar("K")

Lane = Mapping[str, Times]
"""What one lane sees: the facts of a record and of its ancestors, by name."""

_NOTHING: Final[Lane] = {}


class _Survey(NamedTuple):
    """What one walk over the tree found, whole before anybody sees it: two walks at once cost time only."""

    below: Mapping[RecordId, Sequence[RecordId]]
    sights: Mapping[RecordId, Lane]
    views: dict[RecordId, tuple[Lane, ...]]
    known: dict[object, Any]  # what others read out of this standing and nothing else, by their own keys


@dataclass(frozen=True, slots=True, repr=False)
class Standing:
    """Everything a decision may ask about one subject. Does not print: it is the subject's."""

    subject: SubjectId
    records: Mapping[RecordId, Node]  # a parent stands before its children
    facts: Mapping[RecordId, Mapping[str, Times]]
    consents: Mapping[str, ConsentState]
    assignments: tuple[Assigned, ...]
    objections: Mapping[str, datetime]  # purpose -> since
    restricted: Mapping[RecordId, datetime]  # Article 18, on a record and all below it
    held: tuple[Held, ...]
    surveys: list[_Survey] = field(default_factory=list, init=False, compare=False)  # one at most, once looked at

    def __repr__(self) -> str:
        return "Standing()"


def empty(subject: SubjectId) -> Standing:
    """The standing before the first event: not even the root record is there."""
    return Standing(subject, {}, {}, {}, (), {}, {}, ())


def path(standing: Standing, record: RecordId) -> Iterator[RecordId]:
    """The record, its parent, and so on up to the root. Nothing for a record that is not there."""
    at: RecordId | None = record
    while at is not None and (node := standing.records.get(at)) is not None:
        yield at
        at = node.parent


def ancestors(standing: Standing, record: RecordId) -> Iterator[RecordId]:
    """The records above this one, nearest first."""
    above = path(standing, record)
    next(above, None)
    return above


def lanes(standing: Standing, record: RecordId) -> Iterator[RecordId]:
    """The record itself, then all below it, breadth first, siblings in the order they were added."""
    below = _survey(standing).below
    queue = [record] if record in standing.records else []
    for at in queue:  # grows while it is walked
        yield at
        queue.extend(below.get(at, ()))


def facts_in_lane(standing: Standing, record: RecordId) -> Lane:
    """The facts recorded on the record and on its ancestors (what two of them carry counts where it is nearest)."""
    return _survey(standing).sights.get(record, _NOTHING)


def views(standing: Standing, record: RecordId) -> tuple[Lane, ...]:
    """What the lanes of the record see, in their order, each distinct sight once."""
    _, sights, seen, _ = _survey(standing)
    known = seen.get(record)
    if known is None:
        known = seen[record] = distinct(sights[at] for at in lanes(standing, record))
    return known


def known(standing: Standing) -> dict[object, Any]:
    """A place to keep what was read out of this standing and of nothing else that may change; it goes with it."""
    return _survey(standing).known


def _survey(standing: Standing) -> _Survey:
    """The tree, walked once. A record without facts of its own shares its parent's sight."""
    if standing.surveys:
        return standing.surveys[0]
    below: dict[RecordId, list[RecordId]] = {}
    sights: dict[RecordId, Lane] = {}
    for at, node in standing.records.items():
        above = _NOTHING
        if node.parent is not None:
            below.setdefault(node.parent, []).append(at)
            above = sights[node.parent]
        own = standing.facts.get(at)
        sights[at] = {**above, **own} if own else above
    found = _Survey(below, sights, {at: (sight,) for at, sight in sights.items() if at not in below}, {})
    standing.surveys.append(found)
    return found


def distinct(seen: Iterator[Lane]) -> tuple[Lane, ...]:
    """Each lane once, in order. Lanes are one when they are the same object, as `_survey` shares them."""
    return tuple({id(lane): lane for lane in seen}.values())


def in_force(state: StateRule, lane: Lane) -> bool:
    """Whether the state holds: it began and did not end after it last began. At one instant, the end came first."""
    begun = lane.get(state.begins)
    if begun is None:
        return False
    for name in state.ends:
        end = lane.get(name)
        if end is not None and end.last > begun.last:
            return False
    return True


def holds(condition: Condition, lane: Lane) -> bool:
    """Whether the fact is (or, for `not`, is not) on record in the lane."""
    return (condition.fact in lane) is condition.holds


def consented(standing: Standing, consent: str) -> bool:
    """Whether this consent is given and not withdrawn."""
    state = standing.consents.get(consent)
    return state is not None and state.withdrawn_at is None


def live(assigned: Assigned, now: datetime) -> bool:
    """Whether the assignment has begun and not ended."""
    return assigned.start <= now and (assigned.end is None or now < assigned.end)


def fold(standing: Standing, event: Event) -> Standing:
    """The standing after the event. Needs no policy: whether the event may happen, `admission.py` has said.

    Said again, an assignment, objection, restriction or hold in force stays as it was, and so does a consent withdrawn
    (SOL-10); a fact keeps its first time; a consent given again is the newer one.

    Raises:
        BadEvent: another subject's, not in UTC, of a record or a thing that is not there, a record already there.
    """
    if event.subject != standing.subject:
        raise BadEvent("the event is of another subject")
    if event.at.utcoffset() != timedelta(0):
        raise BadEvent("`at` is no instant in UTC")
    match event:
        case Consent():
            return _fold_consent(standing, event)
        case Objection():
            return replace(
                standing, objections=_toggled(standing.objections, event.purpose, on=event.made, at=event.at)
            )
        case RecordAdded():
            return _fold_record(standing, event)
        case _:
            return _fold_on_record(standing, event)


def _fold_on_record(standing: Standing, event: Fact | Assignment | Restriction | Hold) -> Standing:
    if event.record not in standing.records:
        raise BadEvent("the record is not there")
    match event:
        case Fact():
            return _fold_fact(standing, event)
        case Assignment():
            return _fold_assignment(standing, event)
        case Restriction():
            return replace(standing, restricted=_toggled(standing.restricted, event.record, on=event.on, at=event.at))
        case _:
            return _fold_hold(standing, event)


def _fold_record(standing: Standing, event: RecordAdded) -> Standing:
    if event.record in standing.records:
        raise BadEvent("the record is already there")
    if event.parent is None and (standing.records or event.record != event.subject):
        raise BadEvent("the root is the subject itself and comes first")
    if event.parent is not None and event.parent not in standing.records:
        raise BadEvent("the parent is not there")
    return replace(standing, records={**standing.records, event.record: Node(event.kind, event.parent)})


def _fold_fact(standing: Standing, event: Fact) -> Standing:
    own = standing.facts.get(event.record, _NOTHING)
    before = own.get(event.name)
    times = Times(event.at, event.at) if before is None else Times(before.first, max(before.last, event.at))
    return replace(standing, facts={**standing.facts, event.record: {**own, event.name: times}})


def _fold_consent(standing: Standing, event: Consent) -> Standing:
    before = standing.consents.get(event.name)
    if event.given:
        latest = event.at if before is None else max(before.withdrawn_at or before.given_at, event.at)
        state = ConsentState(latest, None, event.policy_digest)
    elif before is None:
        raise BadEvent("the consent was never given")
    else:
        state = replace(before, withdrawn_at=before.withdrawn_at or max(before.given_at, event.at))
    return replace(standing, consents={**standing.consents, event.name: state})


def _fold_assignment(standing: Standing, event: Assignment) -> Standing:
    if (event.account is None) is (event.recipient is None):
        raise BadEvent("an assignment is to one account or to one recipient")
    made = Assigned(event.record, event.purpose, event.account, event.recipient, event.at, None)
    old = next((a for a in standing.assignments if replace(a, start=event.at) == made), None)
    if not event.ends:
        return standing if old is not None else replace(standing, assignments=(*standing.assignments, made))
    if old is None:
        raise BadEvent("there is no such assignment to end")
    ended = replace(old, end=max(old.start, event.at))
    return replace(standing, assignments=tuple(ended if a is old else a for a in standing.assignments))


def _fold_hold(standing: Standing, event: Hold) -> Standing:
    made = Held(event.hold, event.record, event.at, None)
    old = next((h for h in standing.held if replace(h, start=event.at) == made), None)
    if event.on:
        return standing if old is not None else replace(standing, held=(*standing.held, made))
    if old is None:
        raise BadEvent("there is no such hold to lift")
    lifted = replace(old, end=max(old.start, event.at))
    return replace(standing, held=tuple(lifted if h is old else h for h in standing.held))


def _toggled(since: Mapping[K, datetime], key: K, *, on: bool, at: datetime) -> Mapping[K, datetime]:
    if on:
        return since if key in since else {**since, key: at}
    if key not in since:
        raise BadEvent("there is nothing to end or lift")
    return {k: then for k, then in since.items() if k != key}
