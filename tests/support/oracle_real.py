"""What can be asked under the shipped policy, and the histories that matter to each question.

The subject has one record of every kind, hanging as the policy says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations, product
from pathlib import Path
from uuid import UUID

from oracle_paper import capacities
from oracle_policy import SUBJECT, partner, principal
from oracle_states import BEGINNING, State
from oracle_world import Tree, World

from policies.document import load
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import (
    Access,
    Basis,
    FieldPolicy,
    PolicySet,
    Principal,
    Purpose,
    Reach,
    RecordId,
    RetentionRule,
    RoleKind,
    SubjectId,
)
from policies.standing import Standing, empty, fold

ACCOUNT = UUID(int=300)
ALL_SUBSETS = 7
"""Of up to so many facts every subset is told; of more, those that lack or have at most two."""
SOON = BEGINNING + timedelta(days=9)
INSTANTS = (SOON, BEGINNING + timedelta(days=99), datetime(2021, 1, 1, tzinfo=UTC), datetime(2078, 1, 1, tzinfo=UTC))
"""Only what is erased at once is over; days are; months are; everything is."""


@cache
def shipped() -> PolicySet:
    return load(Path(__file__).parent.parent.parent.joinpath("policies.yaml").read_bytes())


@cache
def records() -> Mapping[str, RecordId]:
    """One of each kind, parents first."""
    kinds = shipped().records
    found: dict[str, RecordId] = {}
    while len(found) < len(kinds):
        for name, kind in kinds.items():
            if name not in found and (kind.parent is None or kind.parent in found):
                found[name] = RecordId(UUID(int=1000 + len(found)) if kind.parent else SUBJECT)
    return found


@dataclass(frozen=True)
class Story:
    """What happens, in this order."""

    facts: tuple[str, ...] = ()
    consents: tuple[tuple[str, bool], ...] = ()
    assignments: tuple[Assignment, ...] = ()
    objections: tuple[str, ...] = ()
    restricted: RecordId | None = None
    held: tuple[tuple[str, RecordId], ...] = ()

    def events(self) -> Iterator[Event]:
        at = BEGINNING + timedelta(hours=len(self.facts))
        yield from self._told()
        for name, given in self.consents:
            yield Consent(subject=SUBJECT, name=name, given=given, policy_digest=shipped().digest, at=at)
        for purpose in self.objections:
            yield Objection(subject=SUBJECT, purpose=purpose, made=True, at=at)
        if self.restricted is not None:
            yield Restriction(subject=SUBJECT, record=self.restricted, on=True, at=at)
        for hold, record in self.held:
            yield Hold(subject=SUBJECT, record=record, hold=hold, on=True, at=at)
        yield from (replace(assignment, at=at) for assignment in self.assignments)

    def _told(self) -> Iterator[Event]:
        for hour, name in enumerate(self.facts, start=1):
            record = records()[shipped().facts[name].record]
            yield Fact(subject=SUBJECT, record=record, name=name, at=BEGINNING + timedelta(hours=hour))

    def state(self, instants: tuple[datetime, ...] = (SOON,)) -> State:
        tree, standing = _beginning()
        events = list(self.events())
        for event in events:
            standing = fold(standing, event)
        return State(standing, World(SUBJECT, events, tree), instants)


@cache
def _beginning() -> tuple[Tree, Standing]:
    kinds, here = shipped().records, records()
    added = [
        RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=_parent(kinds[kind].parent), at=BEGINNING)
        for kind, record in here.items()
    ]
    standing = empty(SUBJECT)
    for event in added:
        standing = fold(standing, event)
    return Tree(added), standing


def _parent(kind: str | None) -> RecordId | None:
    return None if kind is None else records()[kind]


@cache
def holder_of(role: str, purpose: str) -> Principal:
    """Somebody with this role alone, holding what its kind of token holds."""
    kind, recipient = shipped().roles[role].kind, shipped().roles[role].recipient
    if kind is RoleKind.PARTNER and recipient is not None:
        return replace(partner(role, purpose, recipient), account=ACCOUNT)
    return replace(principal(role, account=ACCOUNT), subject=SUBJECT if kind is RoleKind.SUBJECT else None)


@dataclass(frozen=True)
class Row:
    """A use of a field, and a role in which it can be made."""

    field: FieldPolicy
    purpose: Purpose
    to: str
    role: str

    @property
    def who(self) -> Principal:
        return holder_of(self.role, self.purpose.name)

    @property
    def access(self) -> Access:
        return Access(self.purpose.name, "she called", self.to)

    @property
    def record(self) -> RecordId:
        return records()[self.field.record]


@cache
def rows() -> tuple[Row, ...]:
    policy = shipped()
    everybody = principal(*policy.roles)
    return tuple(
        Row(known, policy.purposes[use.purpose], use.to, role)
        for known in policy.fields.values()
        for use in known.uses
        for role in sorted(
            capacities(policy, everybody, Access(use.purpose, None, use.to), policy.purposes[use.purpose])
        )
    )


def gates(purpose: Purpose) -> tuple[str, ...]:
    """The facts that rules 9 and 10 read for it."""
    named = [condition.fact for condition in purpose.conditions]
    if purpose.contract is not None:
        state = shipped().states[purpose.contract]
        named += [state.begins, *state.ends]
    return tuple(dict.fromkeys(named))


def opening(purpose: Purpose) -> tuple[str, ...]:
    """The facts with which its gates stand open."""
    begins = () if purpose.contract is None else (shipped().states[purpose.contract].begins,)
    return tuple(dict.fromkeys([*begins, *(one.fact for one in purpose.conditions if one.holds)]))


def closing(purpose: Purpose) -> frozenset[str]:
    return frozenset(gates(purpose)) - frozenset(opening(purpose))


def keepers(category: str) -> tuple[str, ...]:
    """The facts that rule 13 reads for the category."""
    policy = shipped()
    followed = {category}
    if any(policy.retention[name].with_person for name in policy.categories[category].retention):
        followed |= {known.category for known in policy.fields.values() if known.record == "person"}
    rules = [policy.retention[name] for one in followed for name in policy.categories[one].retention]
    holds = [hold for hold in policy.holds.values() if followed & set(hold.categories)]
    named = [fact for rule in rules for fact in _facts_of(rule)] + [hold.anchor for hold in holds]
    return tuple(name for name in policy.facts if name in named)


def _facts_of(rule: RetentionRule) -> Iterator[str | None]:
    yield from (*rule.anchor, rule.applies_after, rule.until)
    for name in rule.unless:
        if name in shipped().states:
            yield from (shipped().states[name].begins, *shipped().states[name].ends)


def subsets(facts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    sizes = range(len(facts) + 1)
    few = sizes if len(facts) <= ALL_SUBSETS else (0, 1, 2, len(facts) - 2, len(facts) - 1, len(facts))
    for size in few:
        yield from combinations(facts, size)


def orders(facts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return dict.fromkeys((facts, facts[::-1]))


def relations(row: Row) -> Iterator[tuple[Principal, Story]]:
    """Everybody the reach of the role tells apart, with what must have happened for it."""
    who, purpose = row.who, row.purpose
    reach = purpose.roles[row.role]
    yield who, Story()
    if reach is Reach.SELF:
        yield replace(who, subject=SubjectId(UUID(int=9))), Story()
    if reach is Reach.ASSIGNED:
        policy, outside = shipped(), row.to in shipped().recipients
        above = _parent(policy.records[row.field.record].parent) or row.record
        child = next((kind.name for kind in policy.records.values() if kind.parent == row.field.record), "")
        for record in dict.fromkeys((row.record, above, records().get(child, row.record))):
            live = Assignment(
                subject=SUBJECT, record=record, purpose=purpose.name, account=None if outside else ACCOUNT,
                recipient=row.to if outside else None, ends=False, at=BEGINNING,
            )  # fmt: skip
            yield who, Story(assignments=(live,))
            yield replace(who, account=UUID(int=301)), Story(assignments=(live,))
            yield who, Story(assignments=(live, replace(live, ends=True)))


def reached(row: Row) -> tuple[Principal, Story]:
    """The relation with which rule 8 is passed."""
    found = list(relations(row))
    return found[1] if row.purpose.roles[row.role] is Reach.ASSIGNED else found[0]


def gate_stories(row: Row) -> Iterator[tuple[Principal, Story]]:
    """Every combination of what rules 8 to 12 read."""
    purpose = row.purpose
    words: tuple[tuple[tuple[str, bool], ...], ...] = ((),)
    if purpose.basis is Basis.CONSENT and purpose.consent is not None:
        words = ((), ((purpose.consent, True),), ((purpose.consent, True), (purpose.consent, False)))
    told = [order for facts in subsets(gates(purpose)) for order in orders(facts)]
    for (who, story), facts, consents, objections, restricted in product(
        relations(row), told, words, ((), (purpose.name,)), (None, records()["person"], row.record)
    ):
        yield who, replace(story, facts=facts, consents=consents, objections=objections, restricted=restricted)


def keeping_stories(row: Row) -> Iterator[Story]:
    """Every combination of what rule 13 reads, the gates before it standing open."""
    policy, purpose, category = shipped(), row.purpose, row.field.category
    shut = closing(purpose)
    fixed = opening(purpose)
    free = tuple(fact for fact in keepers(category) if fact not in shut and fact not in fixed)
    names = tuple(policy.consents)
    given = tuple((name, True) for name in names)
    words = ((), given, (*given, *((name, False) for name in names)), (*given, (names[0], False)))
    explicit = [hold.name for hold in policy.holds.values() if hold.anchor is None]
    helds: tuple[tuple[tuple[str, RecordId], ...], ...] = ((), tuple((name, row.record) for name in explicit))
    _, story = reached(row)
    for facts, consents, held in product(subsets(free), words, helds):
        for order in orders((*fixed, *facts)):
            yield replace(story, facts=order, consents=consents, held=held)
