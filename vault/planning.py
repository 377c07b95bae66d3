"""From a question to what may be opened: every field of every record weighed, for many subjects at once.

The static half of each decision is screened once per call, the half that depends on a person once per (purpose,
category, record); a field only adds how it is seen. What comes out says which sealed groups to fetch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policies.decision import Refusal, Screened, reach, screen, weigh
from policies.model import Access, Category, FieldPolicy, PolicySet, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from policies.retention import next_change
from policies.standing import Standing
from vault.address import Address
from vault.groups import address_of
from vault.house import Loaded
from vault.ledger.book import Outcome
from vault.request import RecordFilter, Withheld
from vault.storage.rows import HeadRow, SubjectRow

NO_FILTER: Final = RecordFilter()
REACH: Final = "reach"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each subject: fields that passed the screen, and those that did not."""

    who: Principal
    access: Access
    passed: Mapping[str, tuple[tuple[FieldPolicy, Category, Screened], ...]]  # by record kind
    stopped: frozenset[Withheld]
    filter: RecordFilter
    key: tuple[object, ...]  # all that the weighing of one subject depends on, beside its standing and the time


@dataclass(frozen=True, slots=True)
class Grant:
    """Fields of one category of one record that may be opened. `head` is None where nothing is stored."""

    record: RecordId
    category: Category
    head: HeadRow | None
    address: Address | None  # of `head`
    fields: tuple[tuple[FieldPolicy, Screened], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided for one subject."""

    loaded: Loaded
    grants: tuple[Grant, ...]
    withheld: Mapping[Withheld, int]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Kept:
    """What was weighed for one subject, and until when it stands if nothing happens to the subject."""

    version: int
    heads: bytes
    since: datetime
    until: datetime | None
    grants: tuple[Grant, ...]
    withheld: Mapping[Withheld, int]
    outcome: Outcome

    def stands(self, row: SubjectRow, now: datetime) -> bool:
        """Whether weighing again would give the same."""
        same = self.version == row.version and self.heads == row.packed_heads
        return same and self.since <= now and (self.until is None or now < self.until)


def question(
    policy: PolicySet, who: Principal, access: Access, fields: Iterable[str], wanted: RecordFilter | None, now: datetime
) -> Question:
    """Screen every field once."""
    passed: dict[str, list[tuple[FieldPolicy, Category, Screened]]] = {}
    stopped: set[Withheld] = set()
    today = oslo_date(now)
    for name in sorted(fields):
        answer = screen(policy, who, access, name, today)
        if isinstance(answer, Refusal):
            stopped.add(Withheld(name, answer.rule, answer.personal))
        else:
            field = policy.fields[name]
            passed.setdefault(field.record, []).append((field, policy.categories[field.category], answer))
    by_kind = {kind: tuple(entries) for kind, entries in passed.items()}
    chosen = wanted or NO_FILTER
    asker = who.account, who.roles, who.subject, who.recipient, who.purpose, who.second_factor
    key = (policy.digest, asker, access.purpose, access.recipient, frozenset(fields), frozenset(stopped), chosen)
    return Question(who, access, by_kind, frozenset(stopped), chosen, key)


def plan(policy: PolicySet, asked: Question, loaded: Loaded, now: datetime) -> Plan:
    """Weigh the question for one subject, or take what was weighed before while it stands."""
    known = loaded.keys.cached.weighed.get(asked.key)
    if known is None or not known.stands(loaded.row, now):
        known = _weigh_all(policy, asked, loaded, now)
        loaded.keys.cached.remember(asked.key, known)
    return Plan(loaded, known.grants, known.withheld, known.outcome)


def _weigh_all(policy: PolicySet, asked: Question, loaded: Loaded, now: datetime) -> Kept:
    heads = {(head.record, head.category): head for head in loaded.row.heads}
    withheld: Counter[Withheld] = Counter(dict.fromkeys(asked.stopped, 1))
    grants: list[Grant] = []
    until = _next_assignment(loaded.standing, now)
    for record, node in loaded.standing.records.items():
        entries = asked.passed.get(node.kind)
        if entries and _wanted(asked.filter, record, node.kind):
            grants.extend(_weighed(policy, asked, loaded, record, entries, heads, withheld, now))
            for category in {category.name for _, category, _ in entries}:
                until = _earlier(until, next_change(policy, category, record, loaded.standing, now))
    fields = frozenset(field.name for grant in grants for field, _ in grant.fields)
    outcome = Outcome(fields, frozenset(withheld))
    told = _told(withheld, asked.stopped, reached=bool(grants))
    return Kept(loaded.row.version, loaded.row.packed_heads, now, until, tuple(grants), told, outcome)


def _told(withheld: Mapping[Withheld, int], stopped: frozenset[Withheld], *, reached: bool) -> Mapping[Withheld, int]:
    """What may be told of a subject: of one that is reached nothing of records that are not, not even their number."""
    if reached or any(each.rule != REACH for each in withheld if each not in stopped):
        return {each: count for each, count in withheld.items() if each.rule != REACH}
    return withheld


def _next_assignment(standing: Standing, now: datetime) -> datetime | None:
    times = [at for made in standing.assignments for at in (made.start, made.end) if at is not None and at > now]
    return min(times, default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _wanted(chosen: RecordFilter, record: RecordId, kind: str) -> bool:
    return (not chosen.kinds or kind in chosen.kinds) and (not chosen.records or record in chosen.records)


def _weighed(
    policy: PolicySet,
    asked: Question,
    loaded: Loaded,
    record: RecordId,
    entries: Sequence[tuple[FieldPolicy, Category, Screened]],
    heads: Mapping[tuple[RecordId, int], HeadRow],
    withheld: Counter[Withheld],
    now: datetime,
) -> Iterable[Grant]:
    allowed: dict[str, list[tuple[FieldPolicy, Screened]]] = {}
    verdicts: dict[str, Refusal | None] = {}
    reached = reach(asked.who, entries[0][2], record, loaded.standing, now)  # one access: every field reaches alike
    for field, category, screened in entries:
        if category.name not in verdicts:
            verdicts[category.name] = weigh(policy, screened, category.name, record, loaded.standing, now, reached)
        verdict = verdicts[category.name]
        if verdict is None:
            allowed.setdefault(category.name, []).append((field, screened))
        else:
            withheld[Withheld(field.name, verdict.rule, verdict.personal)] += 1
    for name, fields in allowed.items():
        category = policy.categories[name]
        head = heads.get((record, category.number))
        yield Grant(record, category, head, None if head is None else address_of(loaded, head), tuple(fields))


def refused_everything(asked: Question, subjects: Iterable[SubjectId]) -> dict[SubjectId, Outcome]:
    """The outcome where no field passed the screen: no standing was looked at, known and unknown alike."""
    return dict.fromkeys(subjects, Outcome(frozenset(), asked.stopped))
