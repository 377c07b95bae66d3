"""Until when a category is kept, over a virtual clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from policy_builder import LOAN, LOAN_2, PROJECT, ROOF, START, Person, category, days, field_policy, months, rule, years
from policy_of_values import POLICY, changed

from policies.model import FieldType, HoldRule, Period, RecordId, Sequel
from policies.oslo import LAST, OSLO, midnight, oslo_date, over
from policies.retention import (
    Due,
    KeptByClock,
    KeptByConsent,
    KeptByHold,
    KeptByState,
    KeptUntil,
    NoAnchor,
    beneath_holds,
    due,
    hold,
    lapsed,
    next_due,
)

FAR = datetime(2090, 1, 1, tzinfo=UTC)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def oslo(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=OSLO).astimezone(UTC)


@pytest.mark.parametrize(
    ("began", "keep", "ends"),
    [
        pytest.param(
            utc(2024, 2, 29, 13), years(20), oslo(2044, 2, 29), marks=pytest.mark.clause("SOL-42"), id="leap to leap"
        ),
        pytest.param(
            utc(2024, 2, 29, 13), years(5), oslo(2029, 2, 28), marks=pytest.mark.clause("NAB-19"), id="leap to none"
        ),
        pytest.param(utc(2019, 3, 15), years(20), oslo(2039, 3, 15), marks=pytest.mark.clause("HUB-16"), id="hub"),
        pytest.param(
            utc(2024, 1, 1), days(90), utc(2024, 3, 31), marks=pytest.mark.clause("ERR-04"), id="90 days, leap year"
        ),
        pytest.param(
            utc(2024, 2, 20, 10), days(14), utc(2024, 3, 5, 10), marks=pytest.mark.clause("MLG-03"), id="14 days"
        ),
        pytest.param(utc(2024, 1, 31, 12), months(1), oslo(2024, 2, 29), id="the last day, leap year"),
        pytest.param(utc(2023, 1, 31, 12), months(1), oslo(2023, 2, 28), id="the last day"),
        pytest.param(utc(2024, 8, 31, 12), months(24), oslo(2026, 8, 31), id="24 months"),
        pytest.param(utc(2024, 12, 31, 22, 59), months(12), oslo(2025, 12, 31), id="still the old year in Oslo"),
        pytest.param(utc(2024, 12, 31, 23), months(12), oslo(2026, 1, 1), id="already the new year in Oslo"),
        pytest.param(utc(2024, 1, 10), months(6), utc(2024, 7, 9, 22), id="winter to summer: midnight is 22:00Z"),
        pytest.param(utc(2024, 7, 10), months(6), utc(2025, 1, 9, 23), id="summer to winter: midnight is 23:00Z"),
        pytest.param(utc(2024, 3, 30, 12), days(1), utc(2024, 3, 31, 12), id="a day is 24 hours over the change"),
        pytest.param(utc(2024, 3, 30, 12), days(0), utc(2024, 3, 30, 12), id="at once"),
        pytest.param(utc(9990, 1, 1), years(20), LAST, id="beyond the calendar, years"),
        pytest.param(utc(9999, 12, 31), days(2), LAST, id="beyond the calendar, days"),
        pytest.param(utc(9999, 12, 31, 23, 59), Period(0, 0), utc(9999, 12, 31, 23, 59), id="its last night"),
    ],
)
def test_a_duration_ends_at_midnight_in_oslo_or_at_the_exact_instant(
    began: datetime, keep: Period, ends: datetime
) -> None:
    assert over(began, keep) == ends


def test_the_ends_of_the_calendar_do_not_raise() -> None:
    assert oslo_date(LAST) == date.max
    assert midnight(date.min) == utc(1, 1, 1)


def customer(installed: datetime) -> Person:
    person = Person().facts("calculation.requested", "lead.active", "contract.signed", "contract.ended")
    return person.fact("pv.installed", at=installed)


@pytest.mark.clause("SOL-42")
def test_a_customers_data_are_kept_the_day_before_and_due_the_day_of() -> None:
    person = customer(utc(2024, 2, 29, 13))
    ends = oslo(2044, 2, 29)
    before, then = ends - timedelta(microseconds=1), ends
    assert due(POLICY, "contract", PROJECT, person.standing, before) == KeptByClock(ends, "solstrom_customer")
    assert due(POLICY, "contract", PROJECT, person.standing, then) == Due(ends, "solstrom_customer", Sequel.ERASE)


@pytest.mark.clause("MLG-03")
def test_mail_metadata_are_there_a_second_before_and_gone_at_the_instant() -> None:
    person = Person()
    person.fact("message.sent", person.root, at=utc(2024, 2, 20, 10))
    ends = utc(2024, 3, 5, 10)
    assert due(POLICY, "mail", person.root, person.standing, ends - timedelta(seconds=1)) == KeptByClock(ends, "mail")
    assert due(POLICY, "mail", person.root, person.standing, ends) == Due(ends, "mail", Sequel.ERASE)


@pytest.mark.clause("HUB-16")
def test_the_later_of_two_installations_counts() -> None:
    person = Person().fact("pv.installed", at=utc(2018, 6, 1)).fact("hub.installed", at=utc(2019, 3, 15))
    assert due(POLICY, "hub", PROJECT, person.standing, FAR) == Due(oslo(2039, 3, 15), "hub", Sequel.ERASE)


def test_the_first_of_several_anchors_counts_where_the_rule_says_first() -> None:
    policy = changed(retention=[rule("loan", "loan.submitted", "loan.closed", keep=days(1), latest=False)])
    person = Person().fact("loan.submitted", LOAN).fact("loan.closed", LOAN)
    submitted = person.standing.facts[LOAN]["loan.submitted"].first
    assert due(policy, "loan", LOAN, person.standing, FAR) == Due(submitted + timedelta(days=1), "loan", Sequel.ERASE)


@pytest.mark.clause("SOL-40")
def test_a_contract_in_force_keeps_beyond_the_clock() -> None:
    person = Person().facts("contract.signed", "pv.installed")
    assert due(POLICY, "contract", PROJECT, person.standing, FAR) == KeptByState(
        "contract.solstrom", "solstrom_customer"
    )
    ended = person.fact("contract.ended").standing
    assert isinstance(due(POLICY, "contract", PROJECT, ended, FAR), Due)


@pytest.mark.clause("SOL-41")
def test_a_consent_keeps_only_what_its_own_purposes_use() -> None:
    person = customer(START).consent("marketing")
    kept = due(POLICY, "contact", person.root, person.standing, FAR)
    assert kept == KeptByConsent(frozenset({"newsletter", "marketing"}), "solstrom_customer")
    for unused, record in (("contract", PROJECT), ("building", ROOF)):
        assert isinstance(due(POLICY, unused, record, person.standing, FAR), Due)


def test_a_withdrawn_consent_keeps_nothing() -> None:
    person = customer(START).consent("marketing").consent("marketing", given=False)
    assert isinstance(due(POLICY, "contact", person.root, person.standing, FAR), Due)


def test_a_consent_keeps_nothing_of_a_rule_that_does_not_name_it() -> None:
    person = Person().facts("calculation.requested", "lead.active").consent("marketing")
    found = due(POLICY, "contact", person.root, person.standing, FAR)
    assert isinstance(found, Due)
    assert found.rule == "solstrom_lead"


@pytest.mark.clause("SOL-22")
@pytest.mark.clause("SOL-23")
def test_a_closed_loan_goes_at_once_and_the_other_loan_stays() -> None:
    person = Person().fact("contract.signed").fact("loan.submitted", LOAN).fact("loan.submitted", LOAN_2)
    person.fact("loan.closed", LOAN)
    assert due(POLICY, "loan", LOAN, person.standing, person.now) == Due(person.now, "loan", Sequel.ERASE)
    assert due(POLICY, "loan", LOAN_2, person.standing, person.now) == NoAnchor(("loan",))


@pytest.mark.clause("SOL-01")
def test_a_leads_data_go_at_the_withdrawal_of_the_consent() -> None:
    person = Person().consent("calculation").facts("calculation.requested", "lead.active")
    kept = due(POLICY, "contact", person.root, person.standing, person.now)
    assert isinstance(kept, KeptByClock)
    person.consent("calculation", given=False)
    found = due(POLICY, "contact", person.root, person.standing, person.now)
    assert found == Due(person.now, "solstrom_lead", Sequel.ERASE)
    person.consent("calculation")
    assert due(POLICY, "contact", person.root, person.standing, person.now) == kept


def test_a_withdrawal_ends_a_rule_that_nothing_anchored() -> None:
    person = Person().consent("calculation").fact("calculation.requested").consent("calculation", given=False)
    assert due(POLICY, "contact", person.root, person.standing, FAR) == Due(person.now, "solstrom_lead", Sequel.ERASE)


@pytest.mark.clause("SOL-02")
def test_a_withdrawal_ends_nothing_while_the_contract_is_in_force() -> None:
    person = Person().consent("calculation").facts("calculation.requested", "lead.active", "offer.requested")
    person.fact("contract.signed").consent("calculation", given=False)
    kept = due(POLICY, "contact", person.root, person.standing, person.now)
    assert kept == KeptByState("contract.solstrom", "solstrom_lead")


def test_shared_identity_lives_as_long_as_the_longest_rule_of_any_case() -> None:
    person = customer(utc(2024, 3, 1))
    assert due(POLICY, "contact", person.root, person.standing, FAR) == Due(
        oslo(2044, 3, 1), "solstrom_customer", Sequel.ERASE
    )
    second = RecordId(UUID(int=6))
    person.record(second, "project", person.root).fact("calculation.requested", second)
    assert due(POLICY, "contact", person.root, person.standing, FAR) == NoAnchor(("solstrom_lead",))
    assert due(POLICY, "building", ROOF, person.standing, FAR) == NoAnchor(("solstrom_lead",))


def test_a_missing_anchor_keeps_and_is_reported_beside_a_clock_that_is_over() -> None:
    person = Person().facts("calculation.requested", "lead.active", "contract.signed", "contract.ended")
    assert due(POLICY, "contact", person.root, person.standing, FAR) == NoAnchor(("solstrom_customer",))


def test_where_no_rule_applies_nothing_is_due() -> None:
    person = Person()
    assert due(POLICY, "contact", person.root, person.standing, FAR) == NoAnchor(())
    assert due(POLICY, "standing", person.root, person.standing, FAR) == NoAnchor(())
    assert lapsed(POLICY, "contact", person.root, person.standing, FAR) is None


def test_a_clock_without_a_duration_keeps_and_is_reported() -> None:
    policy = changed(retention=[rule("loan", "loan.closed")])
    person = Person().fact("loan.closed", LOAN)
    assert due(policy, "loan", LOAN, person.standing, FAR) == NoAnchor(("loan",))


@pytest.mark.clause("SOL-13")
def test_roof_data_go_when_the_persons_own_categories_are_over() -> None:
    person = customer(utc(2024, 3, 1))
    ends = oslo(2044, 3, 1)
    assert due(POLICY, "building", ROOF, person.standing, START) == KeptByClock(ends, "building")
    assert due(POLICY, "building", ROOF, person.standing, ends) == Due(ends, "building", Sequel.DETACH)


def test_roof_data_stay_while_a_state_keeps_the_person() -> None:
    person = Person().facts("calculation.requested", "lead.active", "contract.signed")
    assert due(POLICY, "building", ROOF, person.standing, FAR) == KeptByState("contract.solstrom", "solstrom_lead")


def test_roof_data_of_a_person_no_rule_speaks_of_are_reported() -> None:
    assert due(POLICY, "building", ROOF, Person().standing, FAR) == NoAnchor(("building",))


@pytest.mark.clause("COM-07")
def test_the_suppression_stays_until_a_new_opt_in() -> None:
    person = Person()
    person.fact("newsletter.opted_in", person.root).fact("newsletter.unsubscribed", person.root)
    kept = due(POLICY, "suppression", person.root, person.standing, FAR)
    assert kept == KeptUntil("newsletter.opted_in", "suppression")
    assert lapsed(POLICY, "suppression", person.root, person.standing, FAR) is None
    person.fact("newsletter.opted_in", person.root)
    found = due(POLICY, "suppression", person.root, person.standing, FAR)
    assert found == Due(person.now, "suppression", Sequel.ERASE)


def test_until_a_fact_without_a_beginning_waits_for_the_fact() -> None:
    policy = changed(retention=[rule("suppression", until="newsletter.opted_in")])
    person = Person()
    assert due(policy, "suppression", person.root, person.standing, FAR) == KeptUntil(
        "newsletter.opted_in", "suppression"
    )
    person.fact("newsletter.opted_in", person.root)
    assert isinstance(due(policy, "suppression", PROJECT, person.standing, FAR), Due)


def test_a_missing_anchor_is_reported_before_a_fact_awaited() -> None:
    policy = changed(
        retention=[rule("suppression", until="newsletter.opted_in"), rule("second", "message.sent", keep=days(1))],
        categories=[category("suppression", 5, "suppression", "second")],
    )
    person = Person()
    assert due(policy, "suppression", person.root, person.standing, FAR) == NoAnchor(("second",))


@pytest.mark.clause("SOL-39")
def test_a_statutory_hold_keeps_from_its_anchor_and_then_no_longer() -> None:
    person = customer(START).fact("fiscal_year.end", at=utc(2044, 12, 31, 23))
    ends = oslo(2050, 1, 1)
    held = due(POLICY, "invoice", PROJECT, person.standing, ends - timedelta(seconds=1))
    assert held == KeptByHold("bookkeeping", "bokføringsloven § 13", ends)
    assert isinstance(due(POLICY, "invoice", PROJECT, person.standing, ends), Due)
    assert hold(POLICY, "contact", person.root, person.standing, START) is None


def test_a_statutory_hold_not_yet_anchored_keeps_without_end() -> None:
    assert due(POLICY, "invoice", PROJECT, customer(START).standing, FAR) == KeptByHold(
        "bookkeeping", "bokføringsloven § 13", None
    )


def test_an_explicit_hold_keeps_its_record_those_above_and_those_below_until_lifted() -> None:
    person = customer(START)
    second = RecordId(UUID(int=6))
    person.record(second, "project", person.root).hold("legal_claim", PROJECT)
    claim = KeptByHold("legal_claim", "GDPR art. 17(3)(e)", None)
    assert due(POLICY, "contact", person.root, person.standing, FAR) == claim
    assert due(POLICY, "contract", PROJECT, person.standing, FAR) == claim
    assert hold(POLICY, "contract", second, person.standing, FAR) is None
    assert hold(POLICY, "contract", PROJECT, person.standing, person.now - timedelta(seconds=1)) is None
    assert due(POLICY, "building", ROOF, person.standing, FAR) == claim
    person.hold("legal_claim", PROJECT, on=False)
    assert isinstance(due(POLICY, "contract", PROJECT, person.standing, FAR), Due)
    person.hold("legal_claim", person.root)
    assert due(POLICY, "contract", PROJECT, person.standing, FAR) == claim


def test_of_two_holds_the_one_without_end_is_named() -> None:
    policy = changed(
        holds=[HoldRule("claim", "law", ("invoice",), None, None, ())],
    )
    person = customer(START).fact("fiscal_year.end").hold("claim", PROJECT)
    assert hold(policy, "invoice", PROJECT, person.standing, person.now) == KeptByHold("claim", "law", None)


def test_beneath_a_hold_the_clock_goes_on() -> None:
    person = customer(START).hold("legal_claim", PROJECT)
    assert isinstance(beneath_holds(POLICY, "contract", PROJECT, person.standing, FAR), Due)


def test_the_next_due_month_is_that_of_the_first_dated_end() -> None:
    person = customer(utc(2024, 3, 20))
    assert next_due(POLICY, person.standing, START) == date(2044, 3, 1)
    person.fact("loan.closed", LOAN, at=utc(2026, 5, 31, 22))
    assert next_due(POLICY, person.standing, START) == date(2026, 6, 1)


def test_nothing_dated_has_no_next_due_month() -> None:
    assert next_due(POLICY, Person().standing, START) is None
    assert next_due(POLICY, Person().fact("contract.signed").standing, START) is None


def test_the_next_due_month_asks_only_for_what_is_stored() -> None:
    person = customer(utc(2024, 3, 20)).fact("loan.closed", LOAN, at=utc(2026, 5, 31, 22))
    assert next_due(POLICY, person.standing, START, [(PROJECT, "contract")]) == date(2044, 3, 1)
    assert next_due(POLICY, person.standing, START, []) is None


def test_a_hold_postpones_the_next_due_month_to_its_own_end() -> None:
    person = customer(utc(2024, 3, 20)).fact("fiscal_year.end", at=utc(2044, 12, 31, 22))
    assert next_due(POLICY, person.standing, START, [(PROJECT, "invoice")]) == date(2049, 12, 1)
    person = customer(utc(2024, 3, 20)).fact("fiscal_year.end", at=utc(2024, 12, 31, 22))
    assert next_due(POLICY, person.standing, START, [(PROJECT, "invoice")]) == date(2044, 3, 1)
    person.hold("legal_claim", PROJECT)
    assert next_due(POLICY, person.standing, person.now, [(PROJECT, "contract")]) is None


def test_a_rule_of_the_person_that_is_no_clock_is_not_followed() -> None:
    policy = changed(
        categories=[category("note", 20, "building")],
        fields=[field_policy("person.note", "note", FieldType.TEXT)],
    )
    person = customer(START)
    assert isinstance(due(policy, "note", person.root, person.standing, FAR), Due)
