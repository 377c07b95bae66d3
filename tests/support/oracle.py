"""The independent evaluator: the rules of the policy read a second time, in another shape, to compare with `decide`.

It shares with the product the types and nothing else: not the fold, not the lanes, not the calendar, no order of work.
Histories are looked through by brute force; a decision is the first of all complaints the rules bring forward.

Where the rules leave a name open (two clocks over at one instant, two states in force) every name they allow is
right, so answers are sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from oracle_calendar import civil_date
from oracle_keeping import Ends, Keeping
from oracle_paper import Admitted, on_paper
from oracle_world import World

from policies.decision import Permit, Refusal
from policies.model import Access, Basis, Condition, Mask, Objection, PolicySet, Principal, Purpose, Reach, RecordId

PERSONAL = ("objection", "restriction", "basis.", "retention:")
Answers = frozenset[Permit | Refusal]


class Oracle:
    """Answers about one subject's world under one policy."""

    def __init__(self, policy: PolicySet, world: World) -> None:
        self.policy = policy
        self.world = world
        self.keeping = Keeping(policy, world)

    def decide(self, who: Principal, access: Access, field: str, record: RecordId, now: datetime) -> Answers:
        admitted = on_paper(self.policy, who, access, field, civil_date(now))
        if isinstance(admitted, str):
            return refusal(admitted)
        complaint = next(self.complaints(who, access, admitted, record), None)
        if complaint is not None:
            return refusal(complaint)
        over = self.over_for(admitted.purpose, admitted.field.category, record, now)
        if over:
            return refusal(*(f"retention:{rule}" for rule in over))
        return permit(admitted.sees)

    def complaints(self, who: Principal, access: Access, asked: Admitted, record: RecordId) -> Iterator[str]:
        """Of the rules that read the subject's history, but for retention, in their order."""
        world, purpose = self.world, asked.purpose
        if record not in world.added or world.added[record].kind != asked.field.record:
            yield "record"
        lanes = self.reached(who, asked, record)
        if not lanes:
            yield "reach"
        willing = [lane for lane in lanes if all(self.meets(lane, condition) for condition in purpose.conditions)]
        if not willing:
            failing = next(condition for condition in purpose.conditions if not self.meets(lanes[0], condition))
            yield f"while:{'' if failing.holds else 'not '}{failing.fact}"
        spared = access.recipient == "self" or purpose.despite_restriction is not None
        broken = {
            f"basis.{purpose.basis.value}": not self.has_basis(purpose, willing),
            "objection": purpose.objection is not Objection.NOT_APPLICABLE and purpose.name in world.objections,
            "restriction": not spared and not world.restricted.isdisjoint(world.up(record)),
        }
        yield from (rule for rule, is_broken in broken.items() if is_broken)

    def has_basis(self, purpose: Purpose, lanes: list[RecordId]) -> bool:
        match purpose.basis:
            case Basis.CONSENT:
                return purpose.consent in self.world.consents
            case Basis.CONTRACT:
                state = self.policy.states[str(purpose.contract)]
                return any(self.world.is_in_force(state, lane) for lane in lanes)
            case Basis.LEGAL_OBLIGATION | Basis.LEGITIMATE_INTEREST:
                return True

    def reached(self, who: Principal, asked: Admitted, record: RecordId) -> list[RecordId]:
        """The lanes of the record within reach."""
        lanes = self.world.lanes(record)
        if Reach.POPULATION in asked.reach or (Reach.SELF in asked.reach and who.subject == self.world.subject):
            return lanes
        assigned = {where for where, purpose, holder in self.world.assigned
                    if purpose == asked.purpose.name and holder in asked.holders}  # fmt: skip
        if Reach.ASSIGNED not in asked.reach or not assigned:
            return []
        return [lane for lane in lanes if not assigned.isdisjoint(self.world.up(lane))]

    def meets(self, lane: RecordId, condition: Condition) -> bool:
        return (self.world.sight(lane, condition.fact) != ()) == condition.holds

    def over_for(self, purpose: Purpose, category: str, record: RecordId, now: datetime) -> set[str]:
        """The rules whose end closes the category to this purpose; none where something keeps it for the purpose."""
        words = self.keeping.words(category, record)
        ends = [(rule, word) for rule, word in words if isinstance(word, Ends)]
        if len(ends) < len(words) or not ends or any(word.at > now for _, word in ends):
            return set()
        consented = self.keeping.consented(category)
        keeping = {rule for rule, word in ends if word.consent_keeps}
        if purpose.name in consented and keeping:
            return set()
        if purpose.basis is Basis.LEGAL_OBLIGATION and self.keeping.holds(category, record, now):
            return set()
        last = max(word.at for _, word in ends)
        return keeping if keeping and consented else {rule for rule, word in ends if word.at == last}


@cache
def refusal(*rules: str) -> Answers:
    return frozenset(Refusal(rule, rule.startswith(PERSONAL)) for rule in rules)


@cache
def permit(sees: Mask) -> Answers:
    return frozenset({Permit(sees)})
