"""The independent evaluator's view of retention: what each rule says of each lane, and what follows from all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce

from oracle_calendar import later
from oracle_world import World

from policies.model import HoldRule, PolicySet, RecordId, RetentionRule
from policies.retention import (
    Due,
    KeptByClock,
    KeptByConsent,
    KeptByHold,
    KeptByState,
    KeptUntil,
    NoAnchor,
    Retention,
)


@dataclass(frozen=True)
class State:
    """Kept while this state is in force."""

    name: str


@dataclass(frozen=True)
class Open:
    """No end in sight: the fact that would end it (`until`), or `None` where an anchor is missing."""

    until: str | None


@dataclass(frozen=True)
class Ends:
    """Over at this instant, unless a consent keeps it."""

    at: datetime
    consent_keeps: bool


Word = State | Open | Ends
"""What one rule says of one lane."""
Words = list[tuple[str, Word]]


class Keeping:
    """Until when the categories of one subject's records are kept. Where the rules leave a tie, every answer is right.

    Rules without anchor are named in the order of the alphabet.
    """

    def __init__(self, policy: PolicySet, world: World) -> None:
        self.policy = policy
        self.world = world
        self._words: dict[tuple[str, RecordId], Words] = {}
        self._holds: dict[tuple[str, RecordId], dict[str, datetime | None]] = {}

    def due(self, category: str, record: RecordId, now: datetime) -> frozenset[Retention]:
        if self.world.restricted.intersection(self.world.up(record)):
            return frozenset({KeptByHold("restriction", "GDPR Article 18", None)})
        held = self.holds(category, record, now)
        if held:
            longest = reduce(longer, held.values())
            laws = {name: self.policy.holds[name].law for name in held}
            return frozenset(KeptByHold(name, laws[name], longest) for name in held if held[name] == longest)
        words = self.words(category, record)
        states = frozenset(KeptByState(word.name, rule) for rule, word in words if isinstance(word, State))
        if any(rule.with_person for rule in self._rules(category)):
            # which of the person's rules that keep without end is named, the rules of reading leave open
            single = frozenset(one for said in words for one in self._endless([said]))
            return states | single | self._endless(words) or self._clocks(category, words, now)
        return states or self._endless(words) or self._clocks(category, words, now)

    def _endless(self, words: Words) -> frozenset[Retention]:
        untils = frozenset(KeptUntil(word.until, rule) for rule, word in words if isinstance(word, Open) and word.until)
        open_ = {rule for rule, word in words if isinstance(word, Open) and word.until is None}
        missing = NoAnchor(tuple(sorted(open_)))
        return untils | {missing} if open_ or not words else untils

    def _clocks(self, category: str, words: Words, now: datetime) -> frozenset[Retention]:
        ends = {(rule, word) for rule, word in words if isinstance(word, Ends)}
        last = max(word.at for _, word in ends)
        latest = {rule for rule, word in ends if word.at == last}
        if last > now:
            return frozenset(KeptByClock(last, rule) for rule in latest)
        purposes = frozenset(self.consented(category))
        keeping = {rule for rule, word in ends if word.consent_keeps}
        if purposes and keeping:
            return frozenset(KeptByConsent(purposes, rule) for rule in keeping)
        return frozenset(Due(last, rule, self.policy.retention[rule].then) for rule in latest)

    def consented(self, category: str) -> set[str]:
        """The purposes consented to for which a field of the category is used."""
        fields = [field for field in self.policy.fields.values() if field.category == category]
        return {use.purpose for field in fields for use in field.uses} & self.world.purposes_consented(self.policy)

    def words(self, category: str, record: RecordId) -> Words:
        """What each rule of the category says of each lane it speaks of."""
        if (category, record) not in self._words:
            self._words[category, record] = [
                said
                for rule in self._rules(category)
                for lane in self.world.lanes(record)
                if rule.applies_after is None or self.world.sight(lane, rule.applies_after)
                for said in self._say(rule, lane)
            ]
        return self._words[category, record]

    def _rules(self, category: str) -> list[RetentionRule]:
        return [self.policy.retention[name] for name in self.policy.categories[category].retention]

    def _say(self, rule: RetentionRule, lane: RecordId) -> Words:
        states = (self.policy.states[name] for name in rule.unless if name in self.policy.states)
        state = next((state.name for state in states if self.world.is_in_force(state, lane)), None)
        if state is not None:
            return [(rule.name, State(state))]
        if rule.with_person:
            return self._say_of_person(rule)
        if rule.until is not None:
            return [(rule.name, self._word_until(rule, rule.until, lane))]
        anchors = sorted(at for fact in rule.anchor for at in self.world.sight(lane, fact))
        over = [self.world.withdrawals[name] for name in rule.also_on if name in self.world.withdrawals]
        if anchors and rule.keep is not None:
            over.append(later(anchors[-1 if rule.latest else 0], rule.keep))
        return [(rule.name, Ends(min(over), "consent" in rule.unless) if over else Open(None))]

    def _word_until(self, rule: RetentionRule, fact: str, lane: RecordId) -> Word:
        starts = self.world.sight(lane, rule.applies_after) if rule.applies_after is not None else ()
        came = [at for at in self.world.sight(lane, fact) if not starts or at > max(starts)]
        return Ends(max(came), consent_keeps=False) if came else Open(fact)

    @cached_property
    def _own_categories(self) -> set[str]:
        """The person's: with a field on the root's kind, stored, every rule a clock."""
        root = self.world.root
        named = {
            field.category
            for field in self.policy.fields.values()
            if root is not None and field.record == self.world.added[root].kind
        }
        return {
            name
            for name in named
            if not self.policy.categories[name].computed and all(rule.keep is not None for rule in self._rules(name))
        }

    def _say_of_person(self, rule: RetentionRule) -> Words:
        """The rules of the person's own that keep without end, by their names; else the last of their clocks."""
        root = self.world.root
        words = [said for name in self._own_categories if root is not None for said in self.words(name, root)]
        ends = [word.at for _, word in words if isinstance(word, Ends)]
        if ends and len(ends) == len(words):
            return [(rule.name, Ends(max(ends), consent_keeps=False))]
        return [said for said in words if not isinstance(said[1], Ends)] or [(rule.name, Open(None))]

    def holds(self, category: str, record: RecordId, now: datetime) -> dict[str, datetime | None]:
        """The holds in force, with their ends."""
        if (category, record) not in self._holds:
            asked = {(category, record)}
            if self.world.root is not None and any(rule.with_person for rule in self._rules(category)):
                asked |= {(own, self.world.root) for own in self._own_categories}
            found: dict[str, datetime | None] = {}
            for one, where in asked:
                for rule in self.policy.holds.values():
                    for until in self._hold(rule, where) if one in rule.categories else ():
                        found[rule.name] = longer(found.get(rule.name, until), until)
            self._holds[category, record] = found
        return {name: until for name, until in self._holds[category, record].items() if until is None or until > now}

    def _hold(self, rule: HoldRule, record: RecordId) -> Iterator[datetime | None]:
        """Its end, where it was ever in force on the record; `None` is no end."""
        world = self.world
        if rule.anchor is None or rule.keep is None:
            near = {*world.up(record), *world.lanes(record)}
            yield from {None for held, name in world.held if name == rule.name and held in near}
            return
        anchors = [at for lane in world.lanes(record) for at in world.sight(lane, rule.anchor)]
        yield later(max(anchors), rule.keep) if anchors else None


def longer(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; `None` is no end."""
    return None if one is None or other is None else max(one, other)
