"""May this field be stored, may this event happen? One case per rule, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from policy_builder import (
    ACCOUNT,
    DIGEST,
    LOAN,
    LOAN_2,
    PROJECT,
    ROOF,
    START,
    SUBJECT,
    Person,
    category,
    field_policy,
    principal,
    role,
)
from policy_of_values import POLICY, changed

from policies.admission import Admission, Admit, admit
from policies.decision import Refusal
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.event_admission import admit_event
from policies.model import FieldType, PolicySet, Principal, RecordId, RoleKind, SubjectId
from policies.standing import empty, fold

ROOT = RecordId(SUBJECT)
NOWHERE = RecordId(UUID(int=99))
NEW = RecordId(UUID(int=50))
SELF = principal("self", subject=SUBJECT)
STRANGER = principal("self", subject=UUID(int=98))
VISITOR = principal("visitor")
ADVISOR = principal("advisor", second_factor=True)
SERVICE = principal("customer_service")
ENGINE = principal("solar_engine")
DPO = principal("dpo", second_factor=True)
BANK = principal("bank", recipient="bank", purpose="loan_application")
INSTALLER = principal("installer", recipient="installer", purpose="installation")


def given(
    who: Principal,
    field: str,
    record: RecordId,
    person: Person,
    *,
    born: bool = False,
    policy: PolicySet = POLICY,
) -> Admission:
    return admit(policy, who, field, record, person.standing, person.now, born=born)


def rule_of(admission: Admission) -> str:
    assert isinstance(admission, Refusal)
    return admission.rule


def consenting() -> Person:
    return Person().consent("calculation")


def ordering() -> Person:
    return consenting().facts("calculation.requested", "offer.requested")


@pytest.mark.parametrize(
    ("rule", "who", "field", "record"),
    [
        ("policy.field", SELF, "person.shoe_size", ROOT),
        ("policy.field", SELF, "person.consents", ROOT),
        ("record", SELF, "person.email", NOWHERE),
        ("record", SELF, "person.email", PROJECT),
        ("collect", SELF, "project.invoice", PROJECT),
        ("collect", SERVICE, "person.email", ROOT),
        ("second_factor", principal("advisor"), "person.phone", ROOT),
        ("reach", STRANGER, "person.email", ROOT),
        ("reach", VISITOR, "person.email", ROOT),
        ("when:offer.requested", ADVISOR, "person.phone", ROOT),
        ("when:contract.signed", SERVICE, "project.contract_document", PROJECT),
        ("basis.consent", SELF, "person.email", ROOT),
        ("basis.contract", SELF, "loan.national_id", LOAN),
        ("token.purpose", INSTALLER, "person.national_register", ROOT),
        ("token.purpose", principal("installer", recipient="installer"), "project.contract_document", PROJECT),
        ("token.purpose", principal("self", subject=SUBJECT, purpose="offer"), "person.email", ROOT),
        ("reach", INSTALLER, "project.contract_document", PROJECT),
    ],
)
def test_a_field_is_refused_by_the_first_rule_it_breaks(
    rule: str, who: Principal, field: str, record: RecordId
) -> None:
    policy = changed(
        categories=[category("register", 30, "solstrom_customer")],
        fields=[
            field_policy(
                "person.national_register",
                "register",
                FieldType.NATIONAL_ID,
                collect=(("installer", "loan_application", ()),),
            )
        ],
    )
    assert rule_of(given(who, field, record, Person(), policy=policy)) == rule


@pytest.mark.clause("SOL-01")
@pytest.mark.clause("SOL-06")
def test_a_visitor_collects_only_of_a_subject_born_in_the_call() -> None:
    assert given(VISITOR, "person.email", ROOT, consenting(), born=True) == Admit("visitor", "send_calculation")
    assert rule_of(given(VISITOR, "person.email", ROOT, consenting())) == "reach"
    assert rule_of(given(VISITOR, "person.email", ROOT, Person(), born=True)) == "basis.consent"
    assert rule_of(given(VISITOR, "person.phone", ROOT, ordering(), born=True)) == "collect"


@pytest.mark.clause("SOL-14")
def test_a_phone_number_is_taken_once_the_person_asks_to_proceed() -> None:
    assert rule_of(given(SELF, "person.phone", ROOT, consenting())) == "when:offer.requested"
    assert given(SELF, "person.phone", ROOT, ordering()) == Admit("self", "offer")
    assert given(ADVISOR, "person.phone", ROOT, ordering()) == Admit("advisor", "offer")


def test_the_first_row_that_passes_admits() -> None:
    person = Person()
    assert given(ENGINE, "roof.azimuth_deg", ROOF, person) == Admit("solar_engine", "model_improvement")
    assert given(ENGINE, "roof.azimuth_deg", ROOF, consenting()) == Admit("solar_engine", "roof_calculation")
    person.object("model_improvement")
    assert given(ENGINE, "roof.azimuth_deg", ROOF, person) == Refusal("basis.consent", personal=True)


def test_an_objection_stops_collecting_for_that_purpose() -> None:
    policy = changed(
        fields=[
            replace(POLICY.fields["roof.azimuth_deg"], collect=POLICY.fields["roof.azimuth_deg"].collect[1:]),
        ]
    )
    person = Person().object("model_improvement")
    assert rule_of(given(ENGINE, "roof.azimuth_deg", ROOF, person, policy=policy)) == "objection"


@pytest.mark.clause("RGT-04")
def test_under_restriction_only_the_subject_itself_adds() -> None:
    person = ordering().restrict(person_root := ROOT)
    assert given(SELF, "person.phone", person_root, person) == Admit("self", "offer")
    assert given(ADVISOR, "person.phone", ROOT, person) == Refusal("restriction", personal=True)


def test_a_partner_adds_where_it_is_assigned() -> None:
    person = ordering().fact("contract.signed").assign("installation", recipient="installer")
    assert given(INSTALLER, "project.contract_document", PROJECT, person) == Admit("installer", "installation")


LATER = START + timedelta(days=30)


def fact(name: str, record: RecordId, at: datetime = LATER) -> Fact:
    return Fact(subject=SUBJECT, record=record, name=name, at=at)


def consent(name: str, *, given: bool = True) -> Consent:
    return Consent(subject=SUBJECT, name=name, given=given, policy_digest=DIGEST, at=LATER)


def added(kind: str, parent: RecordId | None, record: RecordId = NEW) -> RecordAdded:
    return RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=parent, at=LATER)


def assignment(
    purpose: str = "offer", record: RecordId = PROJECT, recipient: str | None = None, *, ends: bool = False
) -> Assignment:
    account = ACCOUNT if recipient is None else None
    return Assignment(
        subject=SUBJECT, record=record, purpose=purpose, account=account, recipient=recipient, ends=ends, at=LATER
    )


def restriction(record: RecordId = PROJECT, *, on: bool = True) -> Restriction:
    return Restriction(subject=SUBJECT, record=record, on=on, at=LATER)


def hold(name: str = "legal_claim", record: RecordId = PROJECT) -> Hold:
    return Hold(subject=SUBJECT, record=record, hold=name, on=True, at=LATER)


def objection(purpose: str, *, made: bool = True) -> Objection:
    return Objection(subject=SUBJECT, purpose=purpose, made=made, at=LATER)


def asked(who: Principal, event: Event, person: Person, *, born: bool = False) -> Admission:
    return admit_event(POLICY, who, event, person.standing, LATER, born=born)


SALES_LEAD = principal("sales_lead")

REFUSED: list[tuple[str, Principal, Event]] = [
    ("event.subject", SELF, replace(fact("lead.active", PROJECT), subject=SubjectId(UUID(int=98)))),
    ("event.at", SELF, fact("lead.active", PROJECT, LATER + timedelta(microseconds=1))),
    ("event.at", SELF, fact("lead.active", PROJECT, LATER.replace(tzinfo=None))),
    ("record.kind", SELF, added("garage", ROOT)),
    ("record.exists", SELF, added("project", ROOT, PROJECT)),
    ("record.parent", SELF, added("loan", ROOT)),
    ("record.parent", SELF, added("loan", NOWHERE)),
    ("record.parent", SELF, added("loan", None)),
    ("record.parent", SELF, added("person", ROOT)),
    ("record.by", SALES_LEAD, added("loan", PROJECT)),
    ("event.fold", SELF, added("person", None)),
    ("reach", STRANGER, added("project", ROOT)),
    ("reach", VISITOR, added("project", ROOT)),
    ("reach", BANK, added("loan", PROJECT)),
    ("fact.unknown", SELF, fact("moon.landed", PROJECT)),
    ("record", SELF, fact("lead.active", NOWHERE)),
    ("fact.record", SELF, fact("lead.active", LOAN)),
    ("fact.by", SELF, fact("contract.signed", PROJECT)),
    ("second_factor", principal("advisor"), fact("contract.signed", PROJECT)),
    ("reach", STRANGER, fact("offer.requested", PROJECT)),
    ("reach", BANK, fact("loan.closed", LOAN_2)),
    ("reach", principal("bank", recipient="bank"), fact("loan.closed", LOAN)),
    ("after:calculation.requested", SELF, fact("offer.requested", PROJECT)),
    ("after:offer.requested", SERVICE, fact("contract.signed", PROJECT)),
    ("consent.unknown", SELF, consent("everything")),
    ("consent.by", SERVICE, consent("marketing")),
    ("consent.by", DPO, consent("marketing")),
    ("reach", STRANGER, consent("marketing")),
    ("reach", VISITOR, consent("marketing")),
    ("event.fold", SELF, consent("marketing", given=False)),
    ("record", SALES_LEAD, assignment(record=NOWHERE)),
    ("assignment.purpose", SALES_LEAD, assignment("breakfast")),
    ("assignment.purpose", SALES_LEAD, assignment("newsletter")),
    ("assignment.recipient", SALES_LEAD, assignment(recipient="nobody")),
    ("assignment.by", ADVISOR, assignment()),
    ("assignment.by", SALES_LEAD, assignment("installation", recipient="installer")),
    ("event.fold", SALES_LEAD, assignment(ends=True)),
    ("objection.purpose", SELF, objection("breakfast")),
    ("objection.purpose", SELF, objection("offer")),
    ("objection.by", SERVICE, objection("model_improvement")),
    ("event.fold", SELF, objection("model_improvement", made=False)),
    ("event.fold", DPO, objection("model_improvement", made=False)),
    ("objection.by", DPO, objection("marketing", made=False)),
    ("second_factor", principal("dpo"), objection("model_improvement")),
    ("record", SELF, restriction(NOWHERE)),
    ("restriction.by", SERVICE, restriction()),
    ("event.fold", SELF, restriction(on=False)),
    ("record", DPO, hold(record=NOWHERE)),
    ("hold.unknown", DPO, hold("grudge")),
    ("hold.statutory", DPO, hold("bookkeeping")),
    ("hold.by", SERVICE, hold()),
    ("second_factor", principal("dpo"), hold()),
]


@pytest.mark.parametrize(("rule", "who", "event"), REFUSED)
def test_an_event_is_refused_by_the_first_rule_it_breaks(rule: str, who: Principal, event: Event) -> None:
    assert asked(who, event, Person()) == Refusal(rule, personal=False)


ADMITTED: list[tuple[str, Principal, Event]] = [
    ("self", SELF, added("project", ROOT)),
    ("self", SELF, added("loan", PROJECT)),
    ("self", SELF, fact("calculation.requested", PROJECT)),
    ("customer_service", SERVICE, fact("lead.active", PROJECT)),
    ("self", SELF, consent("marketing")),
    ("sales_lead", SALES_LEAD, assignment()),
    ("sales_lead", SALES_LEAD, assignment(recipient="advisor")),
    ("disclosure", principal("disclosure"), assignment("installation", recipient="installer")),
    ("self", SELF, objection("marketing")),
    ("self", SELF, restriction()),
    ("dpo", DPO, restriction()),
    ("dpo", DPO, objection("marketing")),
    ("dpo", DPO, objection("model_improvement")),
    ("dpo", DPO, hold()),
]


@pytest.mark.parametrize(("role_", "who", "event"), ADMITTED)
def test_an_event_is_admitted_to_whom_it_belongs(role_: str, who: Principal, event: Event) -> None:
    assert asked(who, event, Person()) == Admit(role_, None)


def test_an_officer_carries_out_a_withdrawal_and_the_end_of_an_objection_that_was_weighed() -> None:
    person = Person().consent("marketing")
    assert asked(DPO, consent("marketing", given=False), person) == Admit("dpo", None)
    objected = fold(person.standing, replace(objection("model_improvement"), at=START))
    ended = objection("model_improvement", made=False)
    assert admit_event(POLICY, DPO, ended, objected, LATER, born=False) == Admit("dpo", None)


def test_a_visitor_brings_a_subject_into_being() -> None:
    root = RecordAdded(subject=SUBJECT, record=ROOT, kind="person", parent=None, at=LATER)
    assert admit_event(POLICY, VISITOR, root, empty(SUBJECT), LATER, born=True) == Admit("visitor", None)
    assert rule_of(admit_event(POLICY, VISITOR, root, empty(SUBJECT), LATER, born=False)) == "reach"
    assert asked(VISITOR, consent("calculation"), Person(), born=True) == Admit("visitor", None)


def test_a_partner_cannot_bring_a_subject_into_being() -> None:
    policy = changed(
        fields=[
            field_policy("person.seen", "contact", FieldType.BOOLEAN, collect=(("installer", "installation", ()),)),
        ]
    )
    root = RecordAdded(subject=SUBJECT, record=ROOT, kind="person", parent=None, at=LATER)
    assert rule_of(admit_event(policy, INSTALLER, root, empty(SUBJECT), LATER, born=True)) == "reach"


@pytest.mark.clause("SOL-23")
def test_the_bank_closes_the_loan_assigned_to_it() -> None:
    person = Person().facts("calculation.requested", "offer.requested", "contract.signed")
    person.fact("loan.submitted", LOAN).assign("loan_application", LOAN, recipient="bank")
    assert asked(BANK, fact("loan.closed", LOAN), person) == Admit("bank", None)
    assert rule_of(asked(BANK, fact("loan.closed", LOAN_2), person)) == "reach"


def test_a_condition_that_must_not_hold_stops_a_fact() -> None:
    person = Person().facts("calculation.requested", "offer.requested")
    assert asked(SERVICE, fact("contract.signed", PROJECT), person) == Admit("customer_service", None)
    person.fact("offer.declined")
    assert rule_of(asked(SERVICE, fact("contract.signed", PROJECT), person)) == "after:not offer.declined"


def test_one_role_that_may_is_enough() -> None:
    both = principal("advisor", "customer_service")
    person = Person().facts("calculation.requested", "offer.requested")
    assert asked(both, fact("contract.signed", PROJECT), person) == Admit("customer_service", None)


def test_a_visitor_that_demands_a_second_factor_is_refused_without() -> None:
    policy = changed(roles=[role("visitor", RoleKind.VISITOR, second_factor=True)])
    found = admit_event(policy, VISITOR, consent("marketing"), Person().standing, LATER, born=True)
    assert rule_of(found) == "second_factor"
