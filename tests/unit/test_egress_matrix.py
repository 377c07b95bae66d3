"""What may leave the house, written out a second time: to whom, which fields, for which purposes, and what never.

The matrix below is not read from the policy. A use added there without a row here fails, and so does a row here that
the policy no longer has.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from shipped_policy import shipped, uses

from policies.model import SELF, FieldType, Mask, RoleKind

CONTACT = {"person.name", "person.phone", "person.email"}
LOAN_FORM = {"loan.national_id", "loan.household_income_nok", "loan.household_loans_nok"}
POWER_PARTY = {"person.first_name", "person.last_name"}
LOOKUP_KEYS = {
    "power_contract.address",
    "metering_point.id",
    "metering_point.meter_number",
    "company_contract.site_address",
    "company_contract.organisation_number",
}
MESSAGES = {"message.text", "message.channel", "message.sent_at"}
TRAFFIC = {
    "traffic_event.route",
    "traffic_event.event_name",
    "traffic_event.referrer_host",
    "traffic_event.city",
    "traffic_event.device_class",
    "traffic_event.truncated_ip",
}

MATRIX: dict[str, set[str]] = {
    "idfy": {"person.name", "person.phone", "project.contract_document"},
    "bank": LOAN_FORM | CONTACT | {"project.address"},
    "power_company": CONTACT,
    "installer": CONTACT | {"project.address", "project.details"},
    "grid_company": CONTACT | {"project.address", "plant.peak_power_w", "plant.inverter_make"} | LOOKUP_KEYS,
    "inverter_manufacturer": {"plant.production", "plant.inverter_serial", "plant.fault_codes"},
    "industry_partners": {"plant.published_cell"},
    "kartverket": {"project.address"},
    "public": {"plant.published_cell"},
    "folkeregisteret": POWER_PARTY | {"person.birth_date", "power_contract.address"},
    "elhub": LOOKUP_KEYS | {"power_contract.national_id"},
    "aws": {"person.sealed_store"},
    "heroku": {"person.sealed_store"},
    "zendesk": MESSAGES | POWER_PARTY | {"person.email", "person.name"},
    "smooch": MESSAGES | POWER_PARTY | {"person.email", "person.name"},
    "mailgun": {
        "person.email",
        "company_contract.contact_email",
        "mail.template_variables",
        "rights_request.pickup",
    },
    "twilio": {"person.phone", "person.mobile", "sms.text"},
    "slack": CONTACT | POWER_PARTY | {"person.mobile", "project.address", "power_contract.address"},
    "g_suite": {"message.text", "file.document"},
    "mailchimp": {"person.email", "subscription.product_interest", "subscription.region", "suppression.email"},
    "google_analytics": TRAFFIC,
    "facebook_pixel": TRAFFIC,
    "hotjar": TRAFFIC,
    "sentry": {
        "error_event.exception_type",
        "error_event.stack",
        "error_event.release",
        "error_event.scrubbed_state",
    },
}

PURPOSES: dict[str, set[str]] = {
    "idfy": {"e_signature"},
    "bank": {"loan_application"},
    "power_company": {"supplier_switch"},
    "installer": {"installation"},
    "grid_company": {
        "grid_registration",
        "metering_lookup",
        "metering_lookup_by_attorney",
        "company_supply",
        "meter_delivery",
    },
    "inverter_manufacturer": {"diagnostics"},
    "industry_partners": {"research_sharing"},
    "kartverket": {"roof_calculation"},
    "public": {"open_data"},
    "folkeregisteret": {"end_user_identity"},
    "elhub": {"metering_lookup", "metering_lookup_by_attorney", "end_user_identity", "company_supply"},
    "aws": {"hosting"},
    "heroku": {"hosting"},
    "zendesk": {"customer_service"},
    "smooch": {"customer_service"},
    "mailgun": {
        "send_calculation",
        "newsletter",  # asks a mailbox whether it wants it again; the newsletter itself goes by MailChimp
        "service_mail",
        "power_messages",
        "company_supply",
        "message_delivery",
        "notice_change_solstrom",
        "notice_change_nabostrom",
        "notice_change_hub",
        "rights",
    },
    "twilio": {"service_sms", "power_messages", "message_delivery"},
    "slack": {"internal_notify"},
    "g_suite": {"internal_files"},
    "mailchimp": {"newsletter", "suppression"},
    "google_analytics": {"analytics"},
    "facebook_pixel": {"targeting"},
    "hotjar": {"analytics"},
    "sentry": {"software_quality"},
}

CLAUSES = {
    "idfy": ["SOL-17"],
    "bank": ["SOL-18", "SOL-19", "SOL-20"],
    "power_company": ["SOL-25"],
    "installer": ["SOL-27"],
    "grid_company": ["SOL-28", "NAB-05"],
    "inverter_manufacturer": ["SOL-30", "SOL-31"],
    "industry_partners": ["SOL-35", "SOL-37", "SOL-38"],
    "kartverket": ["SOL-11"],
    "public": ["SOL-36", "SOL-37", "SOL-38"],
    "folkeregisteret": ["NAB-09"],
    "elhub": ["NAB-05", "NAB-08"],
    "aws": ["INF-02"],
    "heroku": ["INF-02"],
    "zendesk": ["COM-04"],
    "smooch": ["COM-03"],
    "mailgun": ["MLG-01"],
    "twilio": ["SMS-01"],
    "slack": ["INT-01", "INT-03"],
    "g_suite": ["INT-04"],
    "mailchimp": ["COM-05", "COM-06"],
    "google_analytics": ["CKE-06", "CKE-14", "CKE-15"],
    "facebook_pixel": ["CKE-06", "CKE-14", "CKE-15", "CKE-17"],
    "hotjar": ["CKE-06", "CKE-14", "CKE-15"],
    "sentry": ["ERR-01", "ERR-02", "ERR-03"],
}


def leaving() -> dict[str, dict[str, set[str]]]:
    """Recipient -> field -> purposes, as the policy has it."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for field, use in uses():
        if use.to in shipped().recipients:
            found[use.to][field.name].add(use.purpose)
    return found


def fields_to(*recipients: str) -> set[str]:
    return {field for recipient in recipients for field in leaving()[recipient]}


def receivers(field: str) -> set[str]:
    """Everybody who may ever see the field, inside and outside."""
    return {use.to for use in shipped().fields[field].uses}


@pytest.mark.parametrize(
    "recipient",
    [pytest.param(name, marks=[pytest.mark.clause(clause) for clause in CLAUSES[name]]) for name in MATRIX],
)
def test_a_recipient_gets_exactly_its_fields_and_each_only_for_its_purposes(recipient: str) -> None:
    found = leaving()[recipient]
    assert set(found) == MATRIX[recipient]
    assert set().union(*found.values()) == PURPOSES[recipient]


@pytest.mark.clause("CKE-04")
@pytest.mark.clause("CKE-05")
def test_nobody_else_gets_anything_and_nothing_is_sold() -> None:
    assert set(shipped().recipients) == set(MATRIX) == set(PURPOSES) == set(CLAUSES)
    assert set(leaving()) == set(MATRIX)


@pytest.mark.clause("SOL-20")
@pytest.mark.clause("NAB-09")
@pytest.mark.clause("NAB-10")
def test_national_ids_go_to_those_who_must_have_them_and_are_hidden_from_everybody_else() -> None:
    assert receivers("loan.national_id") == {"bank", SELF}
    assert receivers("power_contract.national_id") == {"elhub", SELF}
    for field, use in uses():
        if field.type is FieldType.NATIONAL_ID and use.to == SELF:
            # whole in the package of Article 15 that the person makes itself, and nowhere else
            assert use.sees is (Mask.PLAIN if use.purpose == "own_copy" else Mask.LAST_5_HIDDEN)


@pytest.mark.clause("NAB-08")
@pytest.mark.clause("NAB-09")
def test_no_person_can_give_the_national_id_of_a_power_contract() -> None:
    field = shipped().fields["power_contract.national_id"]
    assert {shipped().roles[row.by].kind for row in field.collect} == {RoleKind.SERVICE}
    assert field.source == "Folkeregisteret"
    assert field.required_for == "power.started"


@pytest.mark.clause("SOL-20")
@pytest.mark.clause("INT-03")
@pytest.mark.clause("SMS-01")
def test_the_loan_form_is_seen_by_the_bank_and_the_person_alone() -> None:
    for field in LOAN_FORM:
        assert receivers(field) == {"bank", SELF}


@pytest.mark.clause("SOL-18")
def test_the_bank_gets_no_roof_no_metering_and_no_hub() -> None:
    assert {name.partition(".")[0] for name in fields_to("bank")} == {"loan", "person", "project"}


@pytest.mark.clause("SOL-25")
def test_the_power_company_gets_no_address_roof_or_loan() -> None:
    assert {name.partition(".")[0] for name in fields_to("power_company")} == {"person"}


@pytest.mark.clause("SOL-30")
@pytest.mark.clause("SOL-31")
def test_the_maker_of_the_inverter_gets_nothing_but_the_plant() -> None:
    assert {name.partition(".")[0] for name in fields_to("inverter_manufacturer")} == {"plant"}


@pytest.mark.clause("SOL-31")
@pytest.mark.clause("SOL-37")
def test_no_series_of_consumption_leaves_and_production_leaves_to_the_maker_only() -> None:
    for name, field in shipped().fields.items():
        if field.type is FieldType.SERIES:
            outside = receivers(name) & set(shipped().recipients)
            assert outside == ({"inverter_manufacturer"} if name == "plant.production" else set())


@pytest.mark.clause("SOL-35")
@pytest.mark.clause("SOL-36")
def test_only_computed_aggregates_are_published() -> None:
    for name in fields_to("industry_partners", "public"):
        assert shipped().categories[shipped().fields[name].category].computed


@pytest.mark.clause("INF-02")
def test_hosts_get_bytes_they_cannot_read() -> None:
    assert {use.sees for _, use in uses() if use.to in {"aws", "heroku"}} == {Mask.PRESENCE}
    assert shipped().recipients["heroku"].parent == "aws"


@pytest.mark.clause("CKE-14")
@pytest.mark.clause("CKE-15")
def test_traffic_sinks_get_nothing_that_is_of_a_person() -> None:
    sinks = ("google_analytics", "facebook_pixel", "hotjar")
    assert {name.partition(".")[0] for name in fields_to(*sinks)} == {"traffic_event"}


@pytest.mark.clause("HUB-07")
def test_secrets_are_told_of_to_the_person_and_shown_to_nobody() -> None:
    for field, use in uses():
        if field.type is FieldType.SECRET:
            assert (use.purpose, use.to, use.sees) == ("self_service", SELF, Mask.PRESENCE)


@pytest.mark.clause("HUB-06")
def test_nothing_of_the_home_network_leaves() -> None:
    for name, field in shipped().fields.items():
        if field.record in {"hub_network", "hub_scan"}:
            assert not receivers(name) & set(shipped().recipients)


@pytest.mark.clause("SOL-15")
def test_phones_are_never_used_for_marketing() -> None:
    used = {use.purpose for field, use in uses() if field.type is FieldType.PHONE}
    assert not used & {"newsletter", "marketing", "targeting", "follow_up"}


@pytest.mark.clause("SOL-09")
def test_mail_is_sent_for_the_listed_purposes_alone() -> None:
    posts = {"mailgun", "mailchimp"}
    found = leaving()
    assert {purpose for post in posts for purpose in found[post]["person.email"]} == {
        "send_calculation",
        "newsletter",
        "service_mail",
        "power_messages",
        "notice_change_solstrom",
        "notice_change_nabostrom",
        "notice_change_hub",
        "rights",
    }


@pytest.mark.clause("INF-01")
def test_the_fifteen_recipients_the_notice_names_are_registered() -> None:
    titles = {recipient.title for recipient in shipped().recipients.values()}
    assert titles >= {
        "Idfy.io",
        "SpareBank 1",
        "Smooch",
        "Zendesk",
        "MailChimp",
        "Google Analytics",
        "Facebook Pixel",
        "Hotjar",
        "Sentry",
        "Amazon Web Services",
        "Heroku",
        "Mailgun",
        "Twilio",
        "Slack",
        "Google G Suite",
    }


@pytest.mark.clause("INF-03")
def test_outside_the_eea_every_recipient_has_a_transfer_mechanism() -> None:
    european = {"AT", "IE", "MT", "NO"}
    for recipient in shipped().recipients.values():
        assert (recipient.transfer == "none_needed") is (recipient.country in european)
