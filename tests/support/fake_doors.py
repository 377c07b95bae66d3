"""A vault in memory: the policy is really applied, nothing is sealed. For tests of what stands in front of the doors.

It promises what `products.doors.Doors` promises: decided as a whole, all or nothing, one effect for each key. `sealed`
and `opened` record every call, the refused ones too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from determinism import SeededIds, VirtualClock
from identity_house import MemoryTokens

from policies.admission import Admit, admit
from policies.decision import Decision, Permit, Refusal, decide
from policies.event import Assignment, Consent, Event, Fact, RecordAdded
from policies.event_admission import admit_event
from policies.masks import apply
from policies.model import Access, PolicySet, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from policies.retention import Due, due
from policies.standing import Standing, empty, fold
from policies.values import BadValue, NationalIds, ValueRules, parse
from vault.errors import Conflict, Invalid, Refused
from vault.request import (
    Change,
    Everyone,
    FieldMask,
    Lookup,
    Opened,
    OpenedRecord,
    RecordFilter,
    Removed,
    RequestKey,
    Sealed,
    Secret,
    Value,
    Withheld,
)

Cell = tuple[RecordId, str]


@dataclass(frozen=True)
class SealCall:
    """What a step handed over."""

    who: Principal
    access: Access
    changes: tuple[Change, ...]
    events: tuple[Event, ...]
    request: RequestKey | None


@dataclass(frozen=True)
class OpenCall:
    """What was asked for."""

    who: Principal
    access: Access
    fields: FieldMask


@dataclass
class Person:
    """One subject: what is true of it and what is stored of it."""

    standing: Standing
    values: dict[Cell, Value] = field(default_factory=dict)


@dataclass
class FakeDoors:
    """The doors over a dictionary."""

    policy: PolicySet
    clock: VirtualClock
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    national_ids: NationalIds = NationalIds.SYNTHETIC
    people: dict[SubjectId, Person] = field(default_factory=dict)
    sealed: list[SealCall] = field(default_factory=list)
    opened: list[OpenCall] = field(default_factory=list)
    keys: dict[str, tuple[bytes, Sealed]] = field(default_factory=dict)
    entries: SeededIds = field(default_factory=lambda: SeededIds("entries"))

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        self.sealed.append(SealCall(who, access, tuple(changes), tuple(events), idempotency))
        if idempotency is not None and (done := self._done(idempotency)) is not None:
            return done
        drafts = [Draft(self, who, name) for name in dict.fromkeys(each.subject for each in (*changes, *events))]
        for draft in drafts:
            subject = draft.person.standing.subject
            draft.seal([c for c in changes if c.subject == subject], [e for e in events if e.subject == subject])
        self.people |= {draft.person.standing.subject: draft.person for draft in drafts}
        result = Sealed(
            subjects=tuple(draft.person.standing.subject for draft in drafts),
            records=tuple(dict.fromkeys(each.record for each in changes if each.values)),
            born=tuple(draft.person.standing.subject for draft in drafts if draft.born),
            receipts=(),
            entry=self.entries(),
            replayed=False,
        )
        if idempotency is not None:
            self.keys[idempotency.key] = (idempotency.body, result)
        return result

    def _done(self, request: RequestKey) -> Sealed | None:
        if request.key not in self.keys:
            return None
        body, first = self.keys[request.key]
        if body != request.body:
            raise Conflict("the idempotency key was used for another request")
        return replace(first, replayed=True)

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        self.opened.append(OpenCall(who, access, fields))
        named = self._chosen(subjects)
        found: list[OpenedRecord] = []
        by_subject: dict[SubjectId, Counter[Withheld]] = {}
        for subject in named:
            seen, refused = self._seen(who, access, self.people[subject], fields, records or RecordFilter())
            found += seen
            by_subject[subject] = refused
        total: Counter[Withheld] = Counter()
        for each in by_subject.values():
            total.update(each)
        answered = list(dict.fromkeys(each.subject for each in found))
        return Opened(found, total, by_subject, answered, more=False, entry=self.entries())

    async def explain(
        self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask
    ) -> Mapping[str, Decision]:
        standing, now = self.people[subject].standing, self.clock()
        return {
            name: decide(self.policy, who, access, name, record, standing, now)
            for name in fields
            for record, node in standing.records.items()
            if node.kind == name.split(".")[0]
        }

    def _chosen(self, subjects: Sequence[SubjectId] | Lookup) -> list[SubjectId]:
        if isinstance(subjects, Everyone):
            return sorted(self.people)
        assert isinstance(subjects, Sequence), "this fake has no index"
        return [subject for subject in subjects if subject in self.people]

    def _seen(
        self, who: Principal, access: Access, person: Person, fields: FieldMask, only: RecordFilter
    ) -> tuple[list[OpenedRecord], Counter[Withheld]]:
        found: list[OpenedRecord] = []
        refused: Counter[Withheld] = Counter()
        wanted = {
            record: node
            for record, node in person.standing.records.items()
            if (not only.kinds or node.kind in only.kinds) and (not only.records or record in only.records)
        }
        for record, node in wanted.items():
            values: dict[str, Secret[Value]] = {}
            permitted = False
            for name in sorted(fields):
                if name.split(".")[0] != node.kind:
                    continue
                answer = decide(self.policy, who, access, name, record, person.standing, self.clock())
                if isinstance(answer, Refusal):
                    refused[Withheld(name, answer.rule, answer.personal)] += 1
                    continue
                permitted = True
                values |= self._shown(person, (record, name), answer)
            if permitted:
                found.append(OpenedRecord(person.standing.subject, record, node.parent, node.kind, values))
        return found, refused

    def _shown(self, person: Person, cell: Cell, permit: Permit) -> dict[str, Secret[Value]]:
        if cell not in person.values:
            return {}
        kind = self.policy.fields[cell[1]].type
        return {cell[1]: Secret(apply(permit.sees, kind, person.values[cell]))}

    def stored(self, subject: SubjectId, record: RecordId | None = None) -> set[str]:
        """The names of the fields that are stored of a subject, or of one record."""
        return {name for at, name in self.people[subject].values if record in {None, at}}


class Draft:
    """One call of `seal`, worked out before any of it is kept."""

    def __init__(self, doors: FakeDoors, who: Principal, subject: SubjectId) -> None:
        before = doors.people.get(subject)
        self.doors = doors
        self.who = who
        self.now: datetime = doors.clock()
        self.born = before is None
        self.person = Person(before.standing, dict(before.values)) if before else Person(empty(subject))
        self.refused: list[Withheld] = []
        self.facts: set[str] = set()

    def seal(self, changes: Sequence[Change], events: Sequence[Event]) -> None:
        self.add_records(changes)
        for event in events:
            self.take(event)
        for change in changes:
            self.put(change)
        self.missing()
        if self.refused:
            raise Refused(self.refused)
        self.expire()

    def add_records(self, changes: Sequence[Change]) -> None:
        if self.born:
            subject = self.person.standing.subject
            self.take(RecordAdded(subject=subject, record=RecordId(subject), kind="person", parent=None, at=self.now))
        for change in changes:
            if change.record not in self.person.standing.records:
                self.take(
                    RecordAdded(
                        subject=change.subject,
                        record=change.record,
                        kind=change.entity,
                        parent=change.parent,
                        at=self.now,
                    )
                )

    def take(self, event: Event) -> None:
        answer = admit_event(self.doors.policy, self.who, event, self.person.standing, self.now, born=self.born)
        if isinstance(answer, Refusal):
            self.refused.append(Withheld(named(event), answer.rule, answer.personal))
            return
        self.person.standing = fold(self.person.standing, event)
        if isinstance(event, Fact):
            self.facts.add(event.name)
            self.assign(event)

    def assign(self, event: Fact) -> None:
        assigns = self.doors.policy.facts[event.name].assigns
        if assigns is not None:
            self.person.standing = fold(
                self.person.standing,
                Assignment(
                    subject=event.subject,
                    record=event.record,
                    purpose=assigns.purpose,
                    account=None,
                    recipient=assigns.recipient,
                    ends=False,
                    at=event.at,
                ),
            )

    def put(self, change: Change) -> None:
        rules = ValueRules(self.doors.national_ids, oslo_date(self.now))
        for name, raw in change.values.items():
            answer = admit(
                self.doors.policy, self.who, name, change.record, self.person.standing, self.now, born=self.born
            )
            if not isinstance(answer, Admit):
                self.refused.append(Withheld(name, answer.rule, answer.personal))
                continue
            if isinstance(raw, Removed):
                self.person.values.pop((change.record, name), None)
                continue
            field = self.doors.policy.fields[name]
            value = parse(field.type, raw, rules, field.choices)
            if isinstance(value, BadValue):
                raise Invalid(name, value.rule)
            self.person.values[change.record, name] = value

    def missing(self) -> None:
        held = {name for _, name in self.person.values}
        for name, rule in self.doors.policy.fields.items():
            if rule.required_for in self.facts and name not in held:
                self.refused.append(Withheld(rule.required_for or "", f"required:{name}", personal=False))

    def expire(self) -> None:
        for record, name in list(self.person.values):
            category = self.doors.policy.fields[name].category
            if isinstance(due(self.doors.policy, category, record, self.person.standing, self.now), Due):
                del self.person.values[record, name]


def named(event: Event) -> str:
    """What a refusal of an event is about."""
    match event:
        case Fact(name=name) | Consent(name=name):
            return name
        case RecordAdded(kind=kind):
            return kind
        case _:
            return type(event).__name__.lower()
