"""A small policy that has one of everything a decision can depend on, and two cases with a loan each to ask it about.

All four bases, the three reaches, every kind of principal, `while` with and without `not`, a purpose that restriction
spares, clocks that a state or a consent outlasts, a withdrawal that ends one, a category that follows the person, one
kept until a fact, a statutory and an explicit hold, a recipient no longer valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from policies.model import (
    Access,
    Basis,
    Category,
    Collect,
    Condition,
    ConsentRule,
    Controller,
    FactRule,
    FieldPolicy,
    FieldType,
    HoldRule,
    Index,
    Instance,
    Mask,
    Objection,
    Period,
    PolicySet,
    Principal,
    Purpose,
    Reach,
    RecordId,
    RecordKind,
    RetentionRule,
    Role,
    RoleKind,
    Sequel,
    StateRule,
    SubjectId,
    TokenId,
    Use,
)
from policies.recipients import Recipient, RecipientKind

CITED = ("GEN-01",)
SUBJECT = SubjectId(UUID(int=1))
PERSON = RecordId(SUBJECT)
CASE_A, LOAN_A, CASE_B, LOAN_B = (RecordId(UUID(int=number)) for number in (10, 11, 20, 21))
ADVISOR, BANK, SOMEBODY = UUID(int=100), UUID(int=200), UUID(int=300)


class Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def by_name(entries: Iterable[N]) -> dict[str, N]:
    return {entry.name: entry for entry in entries}


def conditions(*texts: str) -> tuple[Condition, ...]:
    return tuple(Condition(text.removeprefix("not "), not text.startswith("not ")) for text in texts)


def purpose(
    name: str,
    basis: Basis,
    roles: dict[str, Reach],
    *,
    needs: str | None = None,
    only_while: tuple[str, ...] = (),
    reason: bool = False,
    objection: Objection = Objection.NOT_APPLICABLE,
    despite_restriction: str | None = None,
) -> Purpose:
    return Purpose(
        name=name,
        basis=basis,
        article="6(1)",
        consent=needs if basis is Basis.CONSENT else None,
        contract=needs if basis is Basis.CONTRACT else None,
        law="the law" if basis is Basis.LEGAL_OBLIGATION else None,
        balancing="weighed" if basis is Basis.LEGITIMATE_INTEREST else None,
        objection=objection,
        roles=roles,
        assigned_by=(),
        reason_required=reason,
        conditions=conditions(*only_while),
        despite_restriction=despite_restriction,
        clauses=CITED,
    )


def rule(
    name: str,
    *anchor: str,
    months: int = 0,
    days: int = 0,
    latest: bool = True,
    applies_after: str | None = None,
    unless: tuple[str, ...] = (),
    also_on: tuple[str, ...] = (),
    until: str | None = None,
) -> RetentionRule:
    return RetentionRule(
        name=name,
        anchor=anchor,
        latest=latest,
        keep=Period(months, days) if anchor else None,
        applies_after=applies_after,
        unless=unless,
        also_on=also_on,
        with_person=not anchor and until is None,
        until=until,
        then=Sequel.DETACH if not anchor and until is None else Sequel.ERASE,
        stated_in_notice=True,
        clauses=CITED,
    )


def fact(name: str, record: str) -> FactRule:
    return FactRule(name=name, product="solar", record=record, by=("self",), after=(), assigns=None, clauses=CITED)


def recipient(name: str, *, valid_from: date, valid_to: date | None = None) -> Recipient:
    return Recipient(
        name, name.title(), RecipientKind.CONTROLLER, "NO", "none_needed", None, valid_from, valid_to, CITED
    )


def field(name: str, category: str, *uses: tuple[str, str, Mask]) -> FieldPolicy:
    return FieldPolicy(
        name=name,
        record=name.split(".", maxsplit=1)[0],
        category=category,
        type=FieldType.TEXT,
        choices=(),
        source="subject",
        required_for=None,
        collect=(Collect("self", "view", ()),),
        uses=tuple(Use(*use) for use in uses),
        index=Index.NONE,
        clauses=CITED,
    )


P, L, S, Y, E = Mask.PLAIN, Mask.LAST_5_HIDDEN, Mask.LAST_4_SHOWN, Mask.YEAR_ONLY, Mask.PRESENCE
SELF, ASSIGNED, POPULATION = Reach.SELF, Reach.ASSIGNED, Reach.POPULATION

ROLES = (
    Role("self", RoleKind.SUBJECT, None, second_factor=False, clauses=CITED),
    Role("advisor", RoleKind.STAFF, None, second_factor=False, clauses=CITED),
    Role("clerk", RoleKind.STAFF, None, second_factor=True, clauses=CITED),
    Role("dpo", RoleKind.OFFICER, None, second_factor=True, clauses=CITED),
    Role("bank", RoleKind.PARTNER, "bank", second_factor=True, clauses=CITED),
    Role("old_bank", RoleKind.PARTNER, "old_bank", second_factor=False, clauses=CITED),
    Role("mailer", RoleKind.SERVICE, None, second_factor=False, clauses=CITED),
)
PURPOSES = (
    purpose("view", Basis.LEGAL_OBLIGATION, {"self": SELF}),
    purpose("send", Basis.CONSENT, {"mailer": POPULATION, "clerk": POPULATION}, needs="calculation"),
    purpose("news", Basis.CONSENT, {"mailer": POPULATION}, needs="news", objection=Objection.ABSOLUTE),
    purpose("offer", Basis.CONTRACT, {"advisor": ASSIGNED, "clerk": POPULATION}, needs="order",
            only_while=("case.asked",), reason=True),
    purpose("build", Basis.CONTRACT, {"advisor": ASSIGNED}, needs="contract",
            only_while=("case.signed", "not case.closed")),
    purpose("lend", Basis.CONTRACT, {"bank": ASSIGNED, "old_bank": POPULATION, "mailer": ASSIGNED},
            needs="application", only_while=("loan.submitted", "not loan.closed")),
    purpose("improve", Basis.LEGITIMATE_INTEREST, {"clerk": POPULATION}, objection=Objection.HONOURED),
    purpose("claim", Basis.LEGITIMATE_INTEREST, {"dpo": POPULATION}, despite_restriction="legal claims"),
    purpose("books", Basis.LEGAL_OBLIGATION, {"clerk": POPULATION}),
)  # fmt: skip
RETENTION = (
    rule("lead", "case.asked", months=24, applies_after="case.asked", also_on=("calculation",), unless=("contract",)),
    rule(
        "customer", "case.built", months=240, latest=False, applies_after="case.signed", unless=("contract", "consent")
    ),
    rule("papers", "case.asked", "case.signed", days=90),
    rule("loan", "loan.closed", applies_after="loan.submitted"),
    rule("building"),
    rule("suppression", applies_after="case.asked", until="case.built"),
)
HOLDS = (
    HoldRule("bookkeeping", "the bookkeeping act", ("papers",), "case.signed", Period(60, 0), CITED),
    HoldRule("legal_claim", "the claim", ("contact", "loan"), None, None, CITED),
)
CATEGORIES = tuple(
    Category(name, number, rules, Instance.RECORD, special=False, computed=not rules, clauses=CITED)
    for number, (name, rules) in enumerate(
        {
            "contact": ("lead", "customer"),
            "papers": ("papers",),
            "loan": ("loan",),
            "building": ("building",),
            "mailing": ("suppression",),
            "journey": (),
        }.items(),
        start=1,
    )
)
FIELDS = (
    field("person.name", "contact", ("view", "self", P), ("offer", "advisor", P), ("offer", "clerk", Y),
          ("build", "advisor", P), ("lend", "bank", P), ("claim", "dpo", P)),
    field("person.email", "contact", ("view", "self", P), ("send", "mailer", P), ("send", "clerk", S),
          ("news", "mailer", P), ("improve", "clerk", E)),
    field("person.choice", "mailing", ("news", "mailer", P), ("improve", "clerk", P), ("view", "self", P)),
    field("person.journey", "journey", ("view", "self", P), ("offer", "advisor", P)),
    field("case.contract", "papers", ("view", "self", P), ("build", "advisor", P), ("books", "clerk", P),
          ("claim", "dpo", L)),
    field("case.roof", "building", ("improve", "clerk", P), ("offer", "advisor", P), ("view", "self", P)),
    field("loan.income", "loan", ("lend", "bank", P), ("lend", "old_bank", P), ("view", "self", L),
          ("books", "clerk", E)),
)  # fmt: skip

POLICY = PolicySet(
    version=date(2018, 5, 28),
    digest=b"oracle".ljust(32),
    controller=Controller("the company", "contact", "officer", "authority"),
    roles=by_name(ROLES),
    records=by_name((
        RecordKind("person", "shared", None, CITED),
        RecordKind("case", "solar", "person", CITED),
        RecordKind("loan", "solar", "case", CITED),
    )),
    facts=by_name(
        fact(name, name.split(".")[0])
        for name in (
            "case.asked", "case.declined", "case.signed", "case.built", "case.closed", "case.ended",
            "loan.submitted", "loan.closed",
        )
    ),
    consents=by_name((
        ConsentRule("calculation", ("send",), (1, 2), CITED),
        ConsentRule("news", ("news",), (2,), CITED),
    )),
    states=by_name((
        StateRule("order", "case.asked", ("case.declined", "case.ended")),
        StateRule("contract", "case.signed", ("case.ended",)),
        StateRule("application", "loan.submitted", ("loan.closed",)),
    )),
    purposes=by_name(PURPOSES),
    recipients=by_name((
        recipient("bank", valid_from=date(2018, 5, 28)),
        recipient("old_bank", valid_from=date(2010, 1, 1), valid_to=date(2018, 5, 28)),
    )),
    retention=by_name(RETENTION),
    holds=by_name(HOLDS),
    categories=by_name(CATEGORIES),
    fields=by_name(FIELDS),
)  # fmt: skip


def principal(*roles: str, second_factor: bool = True, account: UUID = SOMEBODY) -> Principal:
    return Principal(
        token=TokenId(UUID(int=2)),
        account=account,
        roles=frozenset(roles),
        subject=None,
        recipient=None,
        purpose=None,
        expires=datetime(2100, 1, 1, tzinfo=UTC),
        second_factor=second_factor,
    )


def partner(role: str, purpose_name: str, recipient_name: str) -> Principal:
    return replace(principal(role, account=BANK), recipient=recipient_name, purpose=purpose_name)


PRINCIPALS = {
    "herself": replace(principal("self"), subject=SUBJECT),
    "another subject": replace(principal("self"), subject=SubjectId(UUID(int=9))),
    "nobody": principal(),
    "advisor": principal("advisor", account=ADVISOR, second_factor=False),
    "another advisor": principal("advisor"),
    "clerk": principal("clerk"),
    "clerk without second factor": principal("clerk", second_factor=False),
    "advisor and clerk": principal("advisor", "clerk", account=ADVISOR, second_factor=False),
    "officer": principal("dpo"),
    "mailer": principal("mailer"),
    "bank": partner("bank", "lend", "bank"),
    "bank without second factor": replace(partner("bank", "lend", "bank"), second_factor=False),
    "bank for another purpose": partner("bank", "view", "bank"),
    "bank under another name": partner("bank", "lend", "old_bank"),
    "bank for no purpose": replace(partner("bank", "lend", "bank"), purpose=None),
    "bank for no recipient": replace(partner("bank", "lend", "bank"), recipient=None),
    "old bank": partner("old_bank", "lend", "old_bank"),
}
ACCESSES = tuple(
    Access(name, reason, to)
    for name in (*POLICY.purposes, "snoop")
    for to in ("self", "advisor", "clerk", "dpo", "mailer", "bank", "old_bank", "nobody")
    for reason in (None, " ", "she called")
)
