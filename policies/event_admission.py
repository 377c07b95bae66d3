"""May this event happen? `admit_event` is total: `Admit`, or the first rule that refuses. It follows `standing`.

For all: `event.subject` (it is this subject's) and `event.at` (in UTC, not in the future) come first, `event.fold`
comes last (`fold` takes it: there is something to end, to lift or to withdraw). Between them:

    RecordAdded   `record.kind` declared; `record.exists` not there yet; `record.parent` there and of the declared kind
                  (of the root: none, and the root is the subject itself); `record.by` a role that may collect a field
                  of such records or record a fact on them
    Fact          `fact.unknown`; `record` there; `fact.record` of the declared kind; `fact.by` a role of the rule's
                  `by`; `after:<cond>` in the record's own lane
    Consent       `consent.unknown`; `consent.by` the subject, or the visitor it is born with; a withdrawal also an
                  officer, for whom it came by letter
    Assignment    `record` there; `assignment.purpose` reaches somebody by assignment; `assignment.recipient` declared;
                  `assignment.by` a role the purpose lists in `assigned_by`, or a service
    Objection     `objection.purpose` can be objected to; `objection.by` the subject, or an officer; only the subject
                  ends an absolute one
    Restriction   `record` there; `restriction.by` the subject or an officer
    Hold          `record` there; `hold.unknown`; `hold.statutory` (that one comes by itself); `hold.by` an officer

Who may act acts as in `admission.py`, role by role of the principal: `second_factor`, `reach` (a partner's assignment,
for its token's purpose, is on the record or above). The first role that passes admits, else its refusal counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from policies.admission import Admission, Admit, Writing, first, in_person, marks, proof_rule
from policies.decision import Refusal, refuse
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import Objection as Objecting
from policies.model import PolicySet, Principal, Reach, RecordId, Role, RoleKind
from policies.standing import BadEvent, Standing, facts_in_lane, fold, path
from policies.weighing import first_failing, text


def admit_event(
    policy: PolicySet, principal: Principal, event: Event, standing: Standing, now: datetime, *, born: bool
) -> Admission:
    """Whether the principal may let this happen. `standing` is that before it; `now` is aware."""
    if event.subject != standing.subject:
        return refuse("event.subject")
    if event.at.utcoffset() != timedelta(0) or event.at > now:
        return refuse("event.at")
    writing = Writing(policy=policy, principal=principal, standing=standing, born=born, now=now)
    admission = _admit(writing, event)
    if isinstance(admission, Refusal):
        return admission
    try:
        fold(standing, event)
    except BadEvent:
        return refuse("event.fold")
    return admission


def _admit(writing: Writing, event: Event) -> Admission:
    match event:
        case RecordAdded():
            return _record(writing, event)
        case Consent():
            return _consent(writing, event)
        case Objection():
            return _objection(writing, event)
        case _:
            return _on_record(writing, event)


def _consent(writing: Writing, event: Consent) -> Admission:
    if event.name not in writing.policy.consents:
        return refuse("consent.unknown")
    other = RoleKind.VISITOR if event.given else RoleKind.OFFICER
    return _by(writing, "consent", _of_kind(writing, RoleKind.SUBJECT, other), None)


def _objection(writing: Writing, event: Objection) -> Admission:
    purpose = writing.policy.purposes.get(event.purpose)
    if purpose is None or purpose.objection is Objecting.NOT_APPLICABLE:
        return refuse("objection.purpose")
    absolute = purpose.objection is Objecting.ABSOLUTE and not event.made
    others = () if absolute else (RoleKind.OFFICER,)
    return _by(writing, "objection", _of_kind(writing, RoleKind.SUBJECT, *others), None)


def _on_record(writing: Writing, event: Fact | Assignment | Restriction | Hold) -> Admission:
    match event:
        case Fact():
            return _fact(writing, event)
        case _ if event.record not in writing.standing.records:
            return refuse("record")
        case Assignment():
            return _assignment(writing, event)
        case Restriction():
            return _by(writing, "restriction", _of_kind(writing, RoleKind.SUBJECT, RoleKind.OFFICER), event.record)
        case _:
            return _hold(writing, event)


def _record(writing: Writing, event: RecordAdded) -> Admission:
    policy, records = writing.policy, writing.standing.records
    kind = policy.records.get(event.kind)
    if kind is None:
        return refuse("record.kind")
    if event.record in records:
        return refuse("record.exists")
    parent = None if event.parent is None else records.get(event.parent)
    hangs = kind.parent is None if event.parent is None else parent is not None and parent.kind == kind.parent
    if not hangs:
        return refuse("record.parent")
    may = {row.by for field in policy.fields.values() if field.record == event.kind for row in field.collect}
    may.update(role for fact in policy.facts.values() if fact.record == event.kind for role in fact.by)
    return _by(writing, "record", may, event.parent)


def _fact(writing: Writing, event: Fact) -> Admission:
    rule = writing.policy.facts.get(event.name)
    if rule is None:
        return refuse("fact.unknown")
    node = writing.standing.records.get(event.record)
    if node is None or node.kind != rule.record:
        return refuse("record" if node is None else "fact.record")
    admission = _by(writing, "fact", rule.by, event.record)
    failing = first_failing(rule.after, facts_in_lane(writing.standing, event.record))
    return admission if failing is None or isinstance(admission, Refusal) else refuse(f"after:{text(failing)}")


def _assignment(writing: Writing, event: Assignment) -> Admission:
    policy = writing.policy
    purpose = policy.purposes.get(event.purpose)
    if purpose is None or Reach.ASSIGNED not in purpose.roles.values():
        return refuse("assignment.purpose")
    if event.recipient is not None and event.recipient not in {*policy.recipients, *policy.roles}:
        return refuse("assignment.recipient")
    return _by(writing, "assignment", {*purpose.assigned_by, *_of_kind(writing, RoleKind.SERVICE)}, event.record)


def _hold(writing: Writing, event: Hold) -> Admission:
    rule = writing.policy.holds.get(event.hold)
    if rule is None or rule.anchor is not None:
        return refuse("hold.unknown" if rule is None else "hold.statutory")
    return _by(writing, "hold", _of_kind(writing, RoleKind.OFFICER), event.record)


def _of_kind(writing: Writing, *kinds: RoleKind) -> Collection[str]:
    return [name for name, role in writing.policy.roles.items() if role.kind in kinds]


def _by(writing: Writing, word: str, may: Collection[str], record: RecordId | None) -> Admission:
    """The first of the principal's roles that may and does act; `record` is where a partner has to be assigned."""
    held = [role for name, role in writing.policy.roles.items() if name in may and name in writing.principal.roles]
    acting = [_acts(writing, role, record) for role in held]
    return first(acting) if acting else refuse(f"{word}.by")


def _acts(writing: Writing, role: Role, record: RecordId | None) -> Admission:
    rule = proof_rule(writing, role)
    if rule is not None:
        return refuse(rule)
    reached = in_person(writing, role)
    if role.kind is RoleKind.PARTNER:
        above: Iterator[RecordId] = iter(()) if record is None else path(writing.standing, record)
        reached = not marks(writing, writing.principal.purpose).isdisjoint(above)
    return Admit(role.name, None) if reached else refuse("reach")
