"""What a policy is made of in one line an entry, and a person to try it on.

`Person` folds events with a clock that moves one hour at a time, so that every event has an instant of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from policies import model, recipients
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import (
    Access,
    Basis,
    FieldType,
    Mask,
    Period,
    Principal,
    Reach,
    RecordId,
    RoleKind,
    SubjectId,
    TokenId,
)
from policies.standing import Standing, empty, fold

ACCOUNT: Final = UUID(int=77)
SUBJECT: Final = SubjectId(UUID(int=1))
PROJECT, ROOF, LOAN, LOAN_2 = (RecordId(UUID(int=n)) for n in (2, 3, 4, 5))

START = datetime(2024, 1, 15, 9, tzinfo=UTC)
DIGEST = bytes(range(32))


def conditions(*written: str) -> tuple[model.Condition, ...]:
    return tuple(model.Condition(w.removeprefix("not "), not w.startswith("not ")) for w in written)


def role(name: str, kind: RoleKind, recipient: str | None = None, *, second_factor: bool = False) -> model.Role:
    return model.Role(name, kind, recipient, second_factor, ())


def fact(
    name: str,
    record: str,
    by: Sequence[str] = ("customer_service",),
    after: Sequence[str] = (),
    assigns: model.Assigns | None = None,
) -> model.FactRule:
    return model.FactRule(name, "solstrom", record, tuple(by), conditions(*after), assigns, ())


def purpose(  # noqa: PLR0913  (an entry of the policy)
    name: str,
    basis: Basis,
    roles: dict[str, Reach],
    *,
    needs: str | None = None,
    objection: model.Objection = model.Objection.NOT_APPLICABLE,
    assigned_by: Sequence[str] = (),
    reason: bool = False,
    while_: Sequence[str] = (),
    despite: str | None = None,
) -> model.Purpose:
    return model.Purpose(
        name=name,
        basis=basis,
        article="6(1)",
        consent=needs if basis is Basis.CONSENT else None,
        contract=needs if basis is Basis.CONTRACT else None,
        law="a law" if basis is Basis.LEGAL_OBLIGATION else None,
        balancing="weighed" if basis is Basis.LEGITIMATE_INTEREST else None,
        objection=objection,
        roles=roles,
        assigned_by=tuple(assigned_by),
        reason_required=reason,
        conditions=conditions(*while_),
        despite_restriction=despite,
        clauses=(),
    )


def recipient(name: str, since: date = date(2018, 5, 28), until: date | None = None) -> recipients.Recipient:
    return recipients.Recipient(
        name, name, recipients.RecipientKind.CONTROLLER, "NO", "none_needed", None, since, until, ()
    )


def rule(  # noqa: PLR0913  (an entry of the policy)
    name: str,
    *anchor: str,
    keep: Period | None = None,
    latest: bool = True,
    applies_after: str | None = None,
    unless: Sequence[str] = (),
    also_on: Sequence[str] = (),
    with_person: bool = False,
    until: str | None = None,
    then: model.Sequel = model.Sequel.ERASE,
) -> model.RetentionRule:
    return model.RetentionRule(
        name=name,
        anchor=anchor,
        latest=latest,
        keep=keep,
        applies_after=applies_after,
        unless=tuple(unless),
        also_on=tuple(also_on),
        with_person=with_person,
        until=until,
        then=then,
        stated_in_notice=True,
        clauses=(),
    )


def category(name: str, number: int, *retention: str, computed: bool = False) -> model.Category:
    return model.Category(name, number, retention, model.Instance.RECORD, special=False, computed=computed, clauses=())


def field_policy(
    name: str,
    category: str,
    kind: FieldType,
    *,
    collect: Iterable[tuple[str, str, Sequence[str]]] = (),
    uses: Iterable[tuple[str, str]] = (),
) -> model.FieldPolicy:
    return model.FieldPolicy(
        name=name,
        record=name.partition(".")[0],
        category=category,
        type=kind,
        choices=(),
        source="subject",
        required_for=None,
        collect=tuple(model.Collect(by, for_, conditions(*when)) for by, for_, when in collect),
        uses=tuple(model.Use(for_, to, Mask.PLAIN) for for_, to in uses),
        index=model.Index.NONE,
        clauses=(),
    )


def years(count: int) -> Period:
    return Period(12 * count, 0)


def months(count: int) -> Period:
    return Period(count, 0)


def days(count: int) -> Period:
    return Period(0, count)


def principal(
    *roles: str,
    subject: UUID | None = None,
    recipient: str | None = None,
    purpose: str | None = None,
    second_factor: bool = False,
    account: UUID = ACCOUNT,
) -> Principal:
    return Principal(
        token=TokenId(UUID(int=76)),
        account=account,
        roles=frozenset(roles),
        subject=None if subject is None else SubjectId(subject),
        recipient=recipient,
        purpose=purpose,
        expires=datetime(2100, 1, 1, tzinfo=UTC),
        second_factor=second_factor,
    )


def access(purpose: str, recipient: str, reason: str | None = None) -> Access:
    return Access(purpose, reason, recipient)


@dataclass
class Person:
    """One subject with a project, its roof and two loans; each method lets something happen an hour later."""

    subject: SubjectId = SUBJECT
    project: RecordId = PROJECT
    roof: RecordId = ROOF
    loan: RecordId = LOAN
    loan_2: RecordId = LOAN_2
    now: datetime = START
    standing: Standing = field(default_factory=lambda: empty(SUBJECT))

    @property
    def root(self) -> RecordId:
        return RecordId(self.subject)

    def __post_init__(self) -> None:
        self.record(self.root, "person", None)
        self.record(self.project, "project", self.root)
        self.record(self.roof, "roof", self.project)
        self.record(self.loan, "loan", self.project)
        self.record(self.loan_2, "loan", self.project)

    def tick(self, at: datetime | None) -> datetime:
        self.now = self.now + timedelta(hours=1) if at is None else at
        return self.now

    def happens(self, event: Event) -> Person:
        self.standing = fold(self.standing, event)
        return self

    def record(self, record: RecordId, kind: str, parent: RecordId | None) -> Person:
        at = self.tick(None)
        return self.happens(RecordAdded(subject=self.subject, record=record, kind=kind, parent=parent, at=at))

    def fact(self, name: str, record: RecordId | None = None, at: datetime | None = None) -> Person:
        where = self.project if record is None else record
        return self.happens(Fact(subject=self.subject, record=where, name=name, at=self.tick(at)))

    def facts(self, *names: str) -> Person:
        for name in names:
            self.fact(name)
        return self

    def consent(self, name: str, *, given: bool = True, at: datetime | None = None) -> Person:
        when = self.tick(at)
        return self.happens(Consent(subject=self.subject, name=name, given=given, policy_digest=DIGEST, at=when))

    def assign(
        self,
        purpose: str,
        record: RecordId | None = None,
        *,
        account: UUID | None = None,
        recipient: str | None = None,
        ends: bool = False,
    ) -> Person:
        return self.happens(
            Assignment(
                subject=self.subject,
                record=self.project if record is None else record,
                purpose=purpose,
                account=account,
                recipient=recipient,
                ends=ends,
                at=self.tick(None),
            )
        )

    def object(self, purpose: str, *, made: bool = True) -> Person:
        return self.happens(Objection(subject=self.subject, purpose=purpose, made=made, at=self.tick(None)))

    def restrict(self, record: RecordId, *, on: bool = True) -> Person:
        return self.happens(Restriction(subject=self.subject, record=record, on=on, at=self.tick(None)))

    def hold(self, hold: str, record: RecordId, *, on: bool = True) -> Person:
        return self.happens(Hold(subject=self.subject, record=record, hold=hold, on=on, at=self.tick(None)))
