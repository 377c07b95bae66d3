"""How long the shipped policy keeps what, over a virtual clock: the rules as a table, and the cases of the notice."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from shipped_policy import shipped

from policies.event import Consent, Fact, RecordAdded
from policies.model import Period, RecordId, SubjectId
from policies.retention import Due, KeptByClock, KeptByConsent, KeptByHold, KeptByState, NoAnchor, Retention, due
from policies.standing import Standing, empty, fold

SUBJECT = SubjectId(UUID(int=1))
PERSON = RecordId(SUBJECT)
PROJECT = RecordId(UUID(int=2))
LOAN = RecordId(UUID(int=3))
PLANT = RecordId(UUID(int=4))
HUB = RecordId(UUID(int=5))
NETWORK = RecordId(UUID(int=6))
CONTRACT = RecordId(UUID(int=7))
COMPANY = RecordId(UUID(int=8))
INVOICE = RecordId(UUID(int=9))
METER = RecordId(UUID(int=10))
OTHER_CONTRACT = RecordId(UUID(int=11))

TREE = {
    PERSON: ("person", None),
    PROJECT: ("project", PERSON),
    LOAN: ("loan", PROJECT),
    PLANT: ("plant", PROJECT),
    HUB: ("hub", PLANT),
    NETWORK: ("hub_network", HUB),
    CONTRACT: ("power_contract", PERSON),
    COMPANY: ("company_contract", PERSON),
    INVOICE: ("invoice", PERSON),
    METER: ("metering_point", CONTRACT),
    OTHER_CONTRACT: ("power_contract", PERSON),
}

DURATIONS = {
    "invoice": (60, 0, False),
    "messages": (36, 0, False),
    "rights_proof": (36, 0, False),
    "login": (0, 30, False),
    "audit": (24, 0, False),
    "solstrom_lead": (24, 0, False),
    "solstrom_customer": (240, 0, True),
    "loan": (0, 0, True),
    "power_inquiry": (0, 90, False),
    "power_order": (24, 0, False),
    "power_customer": (60, 0, True),
    "hourly_then_monthly": (36, 0, False),
    "company_contact": (0, 0, False),
    "company_customer": (60, 0, True),
    "hub_order": (24, 0, False),
    "hub_customer": (240, 0, True),
    "hub_wifi": (0, 0, False),
    "hub_scan": (0, 0, False),
    "newsletter": (0, 0, True),
    "mail_content": (0, 0, False),
    "mail_metadata": (0, 14, True),
    "sms_content": (0, 30, False),
    "sms_metadata": (12, 0, False),
    "slack": (0, 90, False),
    "analytics": (0, 0, True),
    "errors": (0, 90, True),
}
"""Months, days, and whether the notice says so."""


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def life(*happened: tuple[str, RecordId, str]) -> Standing:
    """A person with the whole tree below, and facts (`name`, record, day) in their order."""
    standing = empty(SUBJECT)
    for record, (kind, parent) in TREE.items():
        added = RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=parent, at=on("2018-01-01"))
        standing = fold(standing, added)
    for name, record, day in happened:
        standing = fold(standing, Fact(subject=SUBJECT, record=record, name=name, at=on(day)))
    return standing


def consenting(standing: Standing, name: str, day: str, *, given: bool = True) -> Standing:
    digest = shipped().digest
    return fold(standing, Consent(subject=SUBJECT, name=name, given=given, policy_digest=digest, at=on(day)))


def kept(category: str, record: RecordId, standing: Standing, day: str) -> Retention:
    return due(shipped(), category, record, standing, on(day))


LEAD = (("calculation.requested", PROJECT, "2020-01-10"), ("lead.active", PROJECT, "2020-03-10"))
SIGNED = (*LEAD, ("offer.requested", PROJECT, "2020-03-10"), ("contract.signed", PROJECT, "2020-04-01"))


@pytest.mark.clause("COM-02")
@pytest.mark.clause("SMS-02")
@pytest.mark.clause("MLG-03")
@pytest.mark.clause("ERR-04")
@pytest.mark.parametrize("rule", DURATIONS)
def test_a_rule_keeps_as_long_as_the_clauses_say(rule: str) -> None:
    found = shipped().retention[rule]
    months, days, stated = DURATIONS[rule]
    assert (found.keep, found.stated_in_notice) == (Period(months, days), stated)


def test_rules_without_a_duration_follow_the_person_or_wait_for_a_new_opt_in() -> None:
    others = {name: rule for name, rule in shipped().retention.items() if name not in DURATIONS}
    assert set(others) == {"building", "suppression"}
    assert others["building"].with_person
    assert others["suppression"].until == "newsletter.opted_in"


@pytest.mark.clause("SOL-01")
def test_a_lead_goes_two_years_after_its_last_sign_of_life() -> None:
    standing = life(*LEAD)
    for category, record in (("contact", PERSON), ("email", PERSON), ("address", PROJECT)):
        assert isinstance(kept(category, record, standing, "2022-03-09"), KeptByClock)
        assert isinstance(kept(category, record, standing, "2022-03-10"), Due)


@pytest.mark.clause("SOL-01")
def test_a_lead_that_withdraws_goes_at_once() -> None:
    standing = consenting(life(*LEAD), "calculation", "2020-01-10")
    withdrawn = consenting(standing, "calculation", "2020-04-01", given=False)
    assert isinstance(kept("address", PROJECT, withdrawn, "2020-04-02"), Due)


@pytest.mark.clause("SOL-02")
def test_a_customer_who_withdraws_the_consent_of_the_lead_keeps_the_contract() -> None:
    standing = consenting(life(*SIGNED), "calculation", "2020-01-10")
    withdrawn = consenting(standing, "calculation", "2020-05-01", given=False)
    for category, record in (("contact", PERSON), ("address", PROJECT), ("contract_document", PROJECT)):
        assert isinstance(kept(category, record, withdrawn, "2020-05-02"), KeptByState)


@pytest.mark.clause("SOL-40")
def test_an_order_that_ends_before_installation_goes_like_a_lead() -> None:
    standing = life(*SIGNED, ("contract.ended", PROJECT, "2023-05-01"))
    assert isinstance(kept("contact", PERSON, standing, "2025-04-30"), KeptByClock)
    assert isinstance(kept("contact", PERSON, standing, "2025-05-01"), Due)


@pytest.mark.clause("SOL-42")
def test_a_customer_goes_twenty_years_after_installation() -> None:
    ended = ("contract.ended", PROJECT, "2030-01-01")
    standing = life(*SIGNED, ("pv.installed", PROJECT, "2024-02-29"), ended)
    for category, record in (("contact", PERSON), ("address", PROJECT), ("plant", PLANT), ("loan_outcome", LOAN)):
        assert isinstance(kept(category, record, standing, "2044-02-28"), KeptByClock)
        assert isinstance(kept(category, record, standing, "2044-02-29"), Due)


@pytest.mark.clause("SOL-40")
def test_a_valid_contract_keeps_beyond_the_clock() -> None:
    standing = life(*SIGNED, ("pv.installed", PROJECT, "2020-06-01"))
    assert isinstance(kept("address", PROJECT, standing, "2041-06-01"), KeptByState)


@pytest.mark.clause("SOL-41")
def test_a_consent_to_marketing_keeps_the_e_mail_address_and_nothing_else() -> None:
    standing = life(*SIGNED, ("pv.installed", PROJECT, "2020-06-01"), ("contract.ended", PROJECT, "2030-01-01"))
    standing = consenting(standing, "marketing", "2039-01-01")
    found = kept("email", PERSON, standing, "2041-01-01")
    assert isinstance(found, KeptByConsent)
    assert found.purposes == {"newsletter"}
    for category, record in (("contact", PERSON), ("address", PROJECT), ("contract_document", PROJECT)):
        assert isinstance(kept(category, record, standing, "2041-01-01"), Due)


@pytest.mark.clause("SOL-22")
@pytest.mark.clause("SOL-24")
def test_a_closed_loan_is_over_while_its_outcome_stays() -> None:
    standing = life(*SIGNED, ("loan.submitted", LOAN, "2020-05-01"), ("loan.closed", LOAN, "2020-06-01"))
    assert isinstance(kept("loan", LOAN, standing, "2020-06-01"), Due)
    assert isinstance(kept("loan_outcome", LOAN, standing, "2020-06-01"), KeptByState)


@pytest.mark.clause("NAB-19")
def test_a_power_contract_goes_five_years_after_its_end_and_takes_nothing_of_solstrom_along() -> None:
    power = (("power.ordered", CONTRACT, "2020-01-01"), ("power.started", CONTRACT, "2020-02-01"))
    standing = life(*SIGNED, *power, ("power.ended", CONTRACT, "2024-02-29"))
    assert isinstance(kept("power_national_id", CONTRACT, standing, "2029-02-27"), KeptByClock)
    assert isinstance(kept("power_national_id", CONTRACT, standing, "2029-02-28"), Due)
    assert isinstance(kept("power_identity", PERSON, standing, "2029-02-28"), Due)
    assert isinstance(kept("email", PERSON, standing, "2029-02-28"), KeptByState)


@pytest.mark.clause("NAB-18")
def test_a_contract_in_force_keeps_the_person_and_nothing_of_one_that_ended_long_ago() -> None:
    old = (("power.ordered", CONTRACT, "2014-01-01"), ("power.started", CONTRACT, "2014-02-01"))
    live = (("power.ordered", OTHER_CONTRACT, "2018-01-01"), ("power.started", OTHER_CONTRACT, "2018-02-01"))
    standing = life(*old, ("power.ended", CONTRACT, "2018-02-01"), *live)
    assert isinstance(kept("power_identity", PERSON, standing, "2024-02-01"), KeptByState)
    assert isinstance(kept("power_contract", OTHER_CONTRACT, standing, "2024-02-01"), KeptByState)
    for category, record in (("power_contract", CONTRACT), ("power_national_id", CONTRACT), ("metering_point", METER)):
        assert isinstance(kept(category, record, standing, "2024-02-01"), Due)


@pytest.mark.clause("NAB-11")
def test_a_cancelled_power_order_goes_after_two_years() -> None:
    standing = life(("power.ordered", CONTRACT, "2020-01-01"), ("power.cancelled", CONTRACT, "2020-01-05"))
    assert isinstance(kept("power_contract", CONTRACT, standing, "2022-01-01"), Due)


@pytest.mark.clause("NAB-05")
def test_a_power_of_attorney_that_never_became_an_order_goes_after_ninety_days() -> None:
    given = ("power_of_attorney.given", CONTRACT, "2020-01-01")
    assert isinstance(kept("metering_point", METER, life(given), "2020-03-30"), KeptByClock)
    assert isinstance(kept("metering_point", METER, life(given), "2020-04-01"), Due)
    ordered = life(given, ("power.ordered", CONTRACT, "2020-01-02"))
    assert not isinstance(kept("metering_point", METER, ordered, "2020-06-01"), Due)


@pytest.mark.clause("NAB-04")
def test_a_replaced_contact_person_goes_at_once_and_the_last_one_five_years_after_the_contract() -> None:
    ordered = ("company.ordered", COMPANY, "2020-01-01")
    replaced = life(ordered, ("company.contact_replaced", COMPANY, "2021-01-01"))
    assert isinstance(kept("company_contract", COMPANY, replaced, "2021-01-01"), Due)
    ended = life(ordered, ("company.ended", COMPANY, "2021-01-01"))
    assert isinstance(kept("company_contract", COMPANY, ended, "2025-12-31"), KeptByClock)
    assert isinstance(kept("company_contract", COMPANY, ended, "2026-01-01"), Due)
    assert isinstance(kept("company_contract", COMPANY, life(ordered), "2026-01-01"), NoAnchor)


@pytest.mark.clause("HUB-16")
def test_a_hub_goes_twenty_years_after_the_later_installation() -> None:
    hub = (("hub.ordered", HUB, "2018-05-30"), ("hub.installed", HUB, "2019-03-15"), ("hub.removed", HUB, "2030-01-01"))
    standing = life(*SIGNED, ("pv.installed", PROJECT, "2018-06-01"), *hub)
    assert isinstance(kept("hub", HUB, standing, "2039-03-14"), KeptByClock)
    assert isinstance(kept("hub", HUB, standing, "2039-03-15"), Due)


@pytest.mark.clause("HUB-05")
@pytest.mark.clause("HUB-07")
@pytest.mark.parametrize("fact", ["hub.disconnected", "hub.network_replaced"])
def test_the_secrets_of_a_home_network_go_when_the_hub_leaves_it(fact: str) -> None:
    standing = life(("hub.ordered", HUB, "2019-01-01"), (fact, NETWORK, "2020-01-01"))
    assert isinstance(kept("hub_secret", NETWORK, standing, "2020-01-01"), Due)
    assert isinstance(kept("hub_network", NETWORK, standing, "2020-01-01"), Due)


@pytest.mark.clause("SOL-39")
@pytest.mark.clause("NAB-17")
def test_an_invoice_is_held_for_five_years_after_its_fiscal_year() -> None:
    standing = life(("fiscal_year.ended", INVOICE, "2024-12-31"))
    assert isinstance(kept("invoice", INVOICE, standing, "2029-12-30"), KeptByHold)
    assert isinstance(kept("invoice", INVOICE, standing, "2029-12-31"), Due)


@pytest.mark.clause("SOL-39")
def test_no_law_holds_the_contract_of_somebody_who_did_not_sign() -> None:
    assert isinstance(kept("contract_document", PROJECT, life(*LEAD), "2022-03-10"), Due)
