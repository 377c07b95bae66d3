"""The record of Article 30 and the register of recipients say what the policy says, all of it and nothing else."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from shipped_policy import shipped, uses
from typer.testing import CliRunner

from hvelv.cli import app
from outreach.processing import SPECIAL_MEASURES, activities
from outreach.processors import reached_by, register
from policies.recipients import RequestPath

NAMED = {
    "Idfy.io", "SpareBank 1", "Smooch", "Zendesk", "MailChimp", "Google Analytics", "Facebook Pixel", "Hotjar",
    "Sentry", "Amazon Web Services", "Heroku", "Mailgun", "Twilio", "Slack", "Google G Suite",
}  # fmt: skip
DATATILSYNET = [
    "Formål",
    "Behandlingsgrunnlag",
    "Kategorier av registrerte",
    "Kategorier av personopplysninger",
    "Kategorier av mottakere",
    "Overføring til tredjestat og garantier",
    "Tidsfrister for sletting",
    "Sikkerhetstiltak",
]


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["policy", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed(*arguments, "--format", "csv"))))


@pytest.mark.clause("INF-01")
@pytest.mark.parametrize("form", ["md", "csv", "json"])
def test_the_record_lists_all_fifteen_named_processors_in_every_format(form: str) -> None:
    text = printed("records", "--format", form)
    assert {title for title in NAMED if title not in text} == set()


def test_the_record_has_the_columns_that_datatilsynet_lists_in_norwegian_and_english() -> None:
    assert [name for name in rows("records")[0] if name in DATATILSYNET] == DATATILSYNET
    assert "Categories of data subjects" in rows("records", "--language", "en")[0]


def test_every_purpose_that_touches_data_is_one_row_with_a_basis_data_limits_and_measures() -> None:
    policy = shipped()
    touched = {use.purpose for _, use in uses()} | {
        row.purpose for field in policy.fields.values() for row in field.collect
    }
    found = {activity.purpose: activity for activity in activities(policy)}
    stored = {category.name for category in policy.categories.values() if not category.computed}
    assert found.keys() == touched
    assert all(each.substantiated_by and each.subjects and each.categories and each.measures for each in found.values())
    assert all(each.limits for each in found.values() if stored & set(each.categories))


def test_no_recipient_is_left_out_of_an_activity_and_none_is_added() -> None:
    policy = shipped()
    for activity in activities(policy):
        direct = {use.to for _, use in uses() if use.purpose == activity.purpose} & policy.recipients.keys()
        listed = {entry.name for entry in activity.recipients}
        assert direct <= listed
        assert listed - direct <= {name for entry in activity.recipients for name in entry.sub_processors}


def test_an_activity_with_data_of_the_sensitive_class_says_so_and_states_the_further_measure() -> None:
    for activity in activities(shipped()):
        assert (SPECIAL_MEASURES in activity.measures) is bool(activity.special)


@pytest.mark.clause("INF-03")
def test_every_transfer_out_of_the_eea_names_country_ground_and_reason() -> None:
    transfers = [transfer for activity in activities(shipped()) for transfer in activity.transfers]
    assert {transfer.recipient for transfer in transfers} >= {"zendesk", "smooch", "mailgun", "twilio", "mailchimp"}
    assert all(transfer.country and transfer.ground != "none_needed" and transfer.why for transfer in transfers)


@pytest.mark.clause("INF-02")
def test_heroku_works_on_amazon_and_whoever_gets_one_gets_both() -> None:
    entries = {entry.name: entry for entry in register(shipped())}
    assert entries["heroku"].sub_processors == ("aws",)
    hosting = next(activity for activity in activities(shipped()) if activity.purpose == "hosting")
    assert {entry.name for entry in hosting.recipients} == {"heroku", "aws"}


@pytest.mark.clause("INF-03")
def test_every_processor_has_a_region_a_contract_date_and_a_way_for_requests() -> None:
    for entry in register(shipped()):
        assert (entry.agreement is not None) is (entry.kind in {"processor", "joint_controller"})
    hosts = [entry for entry in register(shipped()) if entry.name in {"aws", "heroku"}]
    assert {region for host in hosts if host.agreement for region in host.agreement.regions} == {"IE", "DE"}


@pytest.mark.clause("CKE-04", "CKE-05")
def test_nobody_is_in_the_register_who_sells_advertising_or_buys_data() -> None:
    assert {entry.kind for entry in register(shipped())} == {"controller", "joint_controller", "processor", "public"}
    assert all(entry.clauses and (entry.purposes or entry.name == "aws") for entry in register(shipped()))
    assert not {purpose for purpose in shipped().purposes if "sale" in purpose or "advertis" in purpose}


@pytest.mark.clause("INT-01", "INT-04", "ERR-03", "COM-03")
def test_slack_g_suite_sentry_and_smooch_are_in_the_register_with_how_requests_reach_them() -> None:
    assert reached_by(shipped(), RequestPath.MANUAL) == ("idfy", "installer", "g_suite")
    assert {"zendesk", "smooch", "slack", "twilio", "mailchimp"} == set(reached_by(shipped(), RequestPath.API))
    assert "sentry" in reached_by(shipped(), RequestPath.NOT_LINKABLE)


def test_the_json_names_the_policy_it_was_made_from() -> None:
    document: dict[str, Any] = json.loads(printed("records", "--format", "json"))
    assert document["digest"] == shipped().digest.hex()
    assert document["controller"] == {"name": "Otovo", "contact": "sol@otovo.no"}
    assert len(document["recipients"]) == len(shipped().recipients)


def test_the_register_alone_comes_in_every_format() -> None:
    assert len(rows("recipients")) == len(shipped().recipients)
    assert printed("recipients").startswith("# Databehandlere og andre mottakere")
    assert set(json.loads(printed("recipients", "--format", "json"))) > {"recipients", "version"}


def test_the_headings_follow_the_language_and_a_markdown_row_has_every_column() -> None:
    lines = [line for line in printed("records", "--language", "en").splitlines() if line.startswith("|")]
    assert "| Purpose | Legal basis |" in lines[0]
    assert {line.replace("\\|", "").count("|") for line in lines} == {11, 13}
