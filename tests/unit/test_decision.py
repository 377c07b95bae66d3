"""May this be opened? One case per rule, in the order in which they are weighed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from policy_builder import ACCOUNT, LOAN, LOAN_2, PROJECT, ROOF, START, SUBJECT, Person, access, principal, role
from policy_of_values import POLICY, changed

from policies.decision import Decision, Permit, Refusal, Screened, decide, reach, screen, weigh
from policies.model import Access, Mask, PolicySet, Principal, Reach, RecordId, RoleKind
from policies.oslo import oslo_date

ROOT = RecordId(SUBJECT)
SELF = principal("self", subject=SUBJECT)
BANK = principal("bank", recipient="bank", purpose="loan_application")
MISFIT = principal("bank", recipient="installer", purpose="installation")
ADVISOR = principal("advisor", second_factor=True)
SERVICE = principal("customer_service")
NEWSLETTER = principal("newsletter")
ENGINE = principal("solar_engine")
SELF_SERVICE = access("self_service", "self")
APPLY = access("loan_application", "bank")
OFFER = access("offer", "advisor", "called back")
CARE = access("customer_service", "customer_service", "she called")
ROOF_CALCULATION = access("roof_calculation", "solar_engine")
IMPROVE = access("model_improvement", "solar_engine")

PERMIT = Permit(Mask.PLAIN)


def asked(
    who: Principal, what: Access, field: str, record: RecordId, person: Person, policy: PolicySet = POLICY
) -> Decision:
    return decide(policy, who, what, field, record, person.standing, person.now)


def rule_of(
    who: Principal, what: Access, field: str, record: RecordId, person: Person, policy: PolicySet = POLICY
) -> str:
    found = asked(who, what, field, record, person, policy)
    assert isinstance(found, Refusal)
    return found.rule


def borrower() -> Person:
    person = Person().facts("calculation.requested", "offer.requested", "contract.signed")
    return person.fact("loan.submitted", LOAN).assign("loan_application", LOAN, recipient="bank")


@pytest.mark.parametrize(
    ("rule", "who", "what", "field"),
    [
        ("policy.field", SELF, access("no_such_purpose", "self"), "person.shoe_size"),
        ("policy.purpose", SELF, access("no_such_purpose", "self"), "person.email"),
        ("token.purpose", BANK, access("installation", "bank"), "loan.national_id"),
        ("token.recipient", BANK, access("loan_application", "installer"), "loan.national_id"),
        ("token.purpose", principal("bank", recipient="bank"), APPLY, "loan.national_id"),
        ("token.recipient", principal("bank", purpose="loan_application"), APPLY, "loan.national_id"),
        ("token.purpose", principal("self", purpose="offer"), SELF_SERVICE, "person.email"),
        ("use", BANK, APPLY, "person.email"),
        ("use", SELF, access("self_service", "nobody"), "person.email"),
        ("role", SERVICE, OFFER, "person.phone"),
        ("role", principal("advisor", second_factor=True), SELF_SERVICE, "person.email"),
        ("role", principal("no_such_role"), SELF_SERVICE, "person.email"),
        ("role", MISFIT, access("installation", "installer"), "person.phone"),
        ("second_factor", principal("advisor"), OFFER, "person.phone"),
        ("recipient", principal("disclosure"), access("installation", "old_bank"), "person.phone"),
        ("recipient", principal("disclosure"), access("installation", "new_bank"), "person.phone"),
        ("reason", ADVISOR, access("offer", "advisor"), "person.phone"),
        ("reason", ADVISOR, access("offer", "advisor", " \t"), "person.phone"),
    ],
)  # fmt: skip
def test_rules_of_the_policy_refuse_before_anything_of_a_person_is_read(
    rule: str, who: Principal, what: Access, field: str
) -> None:
    refusal = Refusal(rule, personal=False)
    assert screen(POLICY, who, what, field, oslo_date(START + timedelta(days=2))) == refusal
    assert decide(POLICY, who, what, field, ROOT, Person().standing, START + timedelta(days=2)) == refusal


def test_what_was_screened_names_the_roles_acted_in_and_their_reach() -> None:
    found = screen(POLICY, principal("self", "advisor", second_factor=True), OFFER, "person.phone", oslo_date(START))
    assert isinstance(found, Screened)
    assert found.acting == (("advisor", Reach.ASSIGNED),)
    assert (found.use.purpose, found.purpose.name) == ("offer", "offer")


def test_a_recipient_is_valid_until_the_day_it_ends_in_oslo() -> None:
    what = access("installation", "old_bank")
    last_moment = START.replace(hour=22, minute=59, second=59)
    for at, valid in ((last_moment, True), (last_moment + timedelta(seconds=1), False)):
        found = screen(POLICY, principal("disclosure"), what, "person.phone", oslo_date(at))
        assert isinstance(found, Screened) is valid


def test_every_acting_role_that_demands_a_second_factor_needs_one() -> None:
    policy = changed(roles=[role("solar_engine", RoleKind.SERVICE, second_factor=True)])
    assert rule_of(ENGINE, IMPROVE, "roof.azimuth_deg", ROOF, Person(), policy) == "second_factor"


@pytest.mark.parametrize(
    ("field", "record"),
    [("person.email", RecordId(UUID(int=99))), ("person.email", PROJECT), ("loan.national_id", ROOT)],
)
def test_a_record_that_is_not_the_subjects_or_of_another_kind_is_refused(field: str, record: RecordId) -> None:
    assert rule_of(SELF, SELF_SERVICE, field, record, Person()) == "record"


def test_weighing_asks_again_whether_the_record_is_there() -> None:
    screened = screen(POLICY, SELF, SELF_SERVICE, "person.email", oslo_date(START))
    assert isinstance(screened, Screened)
    nowhere = RecordId(UUID(int=99))
    standing = Person().standing
    reached = reach(SELF, screened, nowhere, standing, START)
    assert weigh(POLICY, screened, "contact", nowhere, standing, START, reached) == Refusal("record", personal=False)


def test_a_subject_reaches_itself_and_nobody_else() -> None:
    assert asked(SELF, SELF_SERVICE, "person.email", ROOT, Person()) == PERMIT
    stranger = principal("self", subject=UUID(int=98))
    assert rule_of(stranger, SELF_SERVICE, "person.email", ROOT, Person()) == "reach"
    assert rule_of(principal("self"), SELF_SERVICE, "person.email", ROOT, Person()) == "reach"


def test_a_computed_field_opens_without_retention() -> None:
    assert asked(SELF, SELF_SERVICE, "person.consents", ROOT, Person()) == PERMIT


@pytest.mark.clause("SOL-18")
@pytest.mark.clause("SOL-20")
def test_the_bank_reads_the_loan_assigned_to_it_and_no_other() -> None:
    person = borrower().fact("loan.submitted", LOAN_2)
    assert asked(BANK, APPLY, "loan.national_id", LOAN, person) == PERMIT
    assert rule_of(BANK, APPLY, "loan.national_id", LOAN_2, person) == "reach"


def test_an_assignment_for_another_purpose_or_ended_does_not_reach() -> None:
    person = Person().facts("calculation.requested", "offer.requested").assign("installation", account=ACCOUNT)
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "reach"
    person.assign("offer", account=UUID(int=78))
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "reach"
    person.assign("offer", account=ACCOUNT)
    assert asked(ADVISOR, OFFER, "person.phone", ROOT, person) == PERMIT
    person.assign("offer", account=ACCOUNT, ends=True)
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "reach"


def test_an_assignment_reaches_what_hangs_below_its_record() -> None:
    person = borrower().assign("loan_application", PROJECT, recipient="bank").fact("loan.submitted", LOAN_2)
    assert asked(BANK, APPLY, "loan.national_id", LOAN_2, person) == PERMIT


@pytest.mark.clause("SOL-15")
def test_the_first_condition_failing_in_the_first_lane_reached_is_named() -> None:
    person = Person().fact("calculation.requested").assign("offer", account=ACCOUNT)
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "while:offer.requested"
    person = borrower().fact("loan.closed", LOAN)
    assert rule_of(BANK, APPLY, "loan.national_id", LOAN, person) == "while:not loan.closed"


def test_only_lanes_reached_count_for_the_conditions() -> None:
    person = Person().fact("offer.requested")
    second = RecordId(UUID(int=6))
    person.record(second, "project", person.root).assign("offer", second, account=ACCOUNT)
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "while:offer.requested"


def test_a_contract_counts_only_in_a_lane_that_meets_the_conditions() -> None:
    person = Person().fact("offer.requested").fact("offer.declined").assign("offer", account=ACCOUNT)
    assert rule_of(ADVISOR, OFFER, "person.phone", ROOT, person) == "basis.contract"
    assert asked(ADVISOR, OFFER, "person.phone", ROOT, person.fact("offer.requested")) == PERMIT
    assert rule_of(SERVICE, CARE, "person.phone", ROOT, Person()) == "basis.contract"


@pytest.mark.clause("SOL-04")
@pytest.mark.clause("SOL-05")
def test_a_consent_carries_its_own_purposes_until_it_is_withdrawn() -> None:
    person = Person().consent("calculation")
    news = access("newsletter", "newsletter")
    assert asked(ENGINE, ROOF_CALCULATION, "roof.azimuth_deg", ROOF, person) == PERMIT
    assert rule_of(NEWSLETTER, news, "person.email", ROOT, person) == "basis.consent"
    person.consent("marketing")
    assert asked(NEWSLETTER, news, "person.email", ROOT, person) == PERMIT
    person.consent("marketing", given=False)
    assert asked(NEWSLETTER, news, "person.email", ROOT, person) == Refusal("basis.consent", personal=True)
    assert asked(ENGINE, ROOF_CALCULATION, "roof.azimuth_deg", ROOF, person) == PERMIT


@pytest.mark.clause("SOL-13")
def test_an_objection_stops_a_legitimate_interest_and_direct_marketing() -> None:
    person = Person().consent("marketing")
    assert asked(ENGINE, IMPROVE, "roof.azimuth_deg", ROOF, person) == PERMIT
    person.object("model_improvement").object("marketing").object("newsletter")
    assert asked(ENGINE, IMPROVE, "roof.azimuth_deg", ROOF, person) == Refusal("objection", personal=True)
    assert rule_of(NEWSLETTER, access("marketing", "newsletter"), "person.email", ROOT, person) == "objection"
    assert asked(NEWSLETTER, access("newsletter", "newsletter"), "person.email", ROOT, person) == PERMIT


@pytest.mark.clause("RGT-04")
def test_a_restriction_stops_all_below_it_but_the_subject_and_legal_claims() -> None:
    person = Person().fact("offer.requested").consent("calculation").restrict(PROJECT)
    assert asked(ENGINE, ROOF_CALCULATION, "roof.azimuth_deg", ROOF, person) == Refusal("restriction", personal=True)
    assert asked(SELF, SELF_SERVICE, "roof.azimuth_deg", ROOF, person) == PERMIT
    assert asked(SERVICE, CARE, "person.phone", ROOT, person) == PERMIT
    person.restrict(person.root)
    assert rule_of(SERVICE, CARE, "person.phone", ROOT, person) == "restriction"
    claims = principal("dpo", second_factor=True)
    assert asked(claims, access("claims", "dpo"), "person.email", ROOT, person) == PERMIT


def later(person: Person, years: int) -> Person:
    person.now += timedelta(days=366 * years)
    return person


def former_customer() -> Person:
    person = Person().facts("calculation.requested", "lead.active", "offer.requested", "contract.signed")
    return person.facts("pv.installed", "contract.ended").consent("calculation")


def test_what_is_over_does_not_open_and_the_longest_rule_is_named() -> None:
    person = later(former_customer().consent("calculation", given=False), 21)
    found = asked(SELF, SELF_SERVICE, "person.email", ROOT, person)
    assert found == Refusal("retention:solstrom_customer", personal=True)


@pytest.mark.clause("SOL-41")
def test_what_a_consent_keeps_opens_for_its_purposes_only() -> None:
    person = later(former_customer().consent("marketing"), 21)
    assert asked(NEWSLETTER, access("newsletter", "newsletter"), "person.email", ROOT, person) == PERMIT
    claims = access("claims", "sales_lead")
    assert rule_of(principal("sales_lead"), claims, "person.email", ROOT, person) == "retention:solstrom_customer"


@pytest.mark.clause("SOL-39")
def test_what_a_hold_alone_keeps_opens_for_a_legal_obligation_only() -> None:
    person = former_customer().fact("offer.requested").hold("legal_claim", PROJECT)
    assert asked(SERVICE, CARE, "project.contract_document", PROJECT, person) == PERMIT
    later(person, 21)
    assert rule_of(SERVICE, CARE, "project.contract_document", PROJECT, person) == "retention:solstrom_customer"
    claims = principal("dpo", second_factor=True)
    assert asked(claims, access("claims", "dpo"), "project.contract_document", PROJECT, person) == PERMIT
    person.hold("legal_claim", PROJECT, on=False)
    assert rule_of(claims, access("claims", "dpo"), "project.contract_document", PROJECT, person) == (
        "retention:solstrom_customer"
    )


def test_a_missing_anchor_does_not_close_anything() -> None:
    person = later(Person().facts("calculation.requested", "contract.signed", "contract.ended"), 50)
    assert asked(SELF, SELF_SERVICE, "person.email", ROOT, person) == PERMIT


def test_the_same_decision_is_made_at_the_ends_of_the_calendar() -> None:
    person = former_customer()
    person.now = person.now.max.replace(tzinfo=person.now.tzinfo)
    assert rule_of(SELF, SELF_SERVICE, "person.email", ROOT, person) == "retention:solstrom_customer"
