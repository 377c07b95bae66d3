"""What a valid policy becomes."""

from __future__ import annotations

import hashlib
import pickle
from datetime import date
from typing import cast

import pytest
from small_policy import ROOT, SMALL

from policies import model, recipients
from policies.document import load
from policies.errors import PolicyError, PolicyErrors, Problem
from policies.model import Condition, Period, PolicySet


@pytest.fixture(scope="module")
def small() -> PolicySet:
    return load(SMALL.encode())


def test_the_digest_is_that_of_exactly_these_bytes(small: PolicySet) -> None:
    assert small.digest == hashlib.sha256(SMALL.encode()).digest()
    assert load(SMALL.encode() + b"# \n").digest != small.digest


def test_the_version_is_the_date_of_the_notice(small: PolicySet) -> None:
    assert small.version == date(2018, 5, 28)
    assert small.controller.supervisory_authority == "Datatilsynet"


def test_a_partner_speaks_for_one_recipient_and_others_for_none(small: PolicySet) -> None:
    assert small.roles["bank"] == model.Role(
        "bank", model.RoleKind.PARTNER, recipient="bank", second_factor=True, clauses=("SOL-19",)
    )
    assert small.roles["self"].recipient is None


def test_records_hang_under_their_parents(small: PolicySet) -> None:
    assert {r.name: r.parent for r in small.records.values()} == {
        "person": None,
        "project": "person",
        "roof": "project",
        "loan": "project",
        "hub": "person",
    }


def test_a_fact_says_who_records_it_where_after_what_and_whom_it_assigns_to(small: PolicySet) -> None:
    assert small.facts["loan.submitted"] == model.FactRule(
        name="loan.submitted",
        product="solstrom",
        record="loan",
        by=("self",),
        after=(Condition("offer.requested", holds=True),),
        assigns=model.Assigns("bank", "loan_application"),
        clauses=("SOL-18",),
    )
    assert small.facts["offer.requested"].after == (Condition("contract.ended", holds=False),)
    assert small.facts["offer.requested"].assigns is None


def test_consents_and_states_are_read_as_they_stand(small: PolicySet) -> None:
    assert small.consents["calculation"] == model.ConsentRule("calculation", ("roof_calculation",), (1, 2), ("SOL-03",))
    assert small.states["application.loan"] == model.StateRule("application.loan", "loan.submitted", ("loan.closed",))


def test_a_purpose_has_what_its_basis_needs_and_nothing_else(small: PolicySet) -> None:
    assert small.purposes["offer"] == model.Purpose(
        name="offer",
        basis=model.Basis.CONTRACT,
        article="6(1)(b)",
        consent=None,
        contract="order.solstrom",
        law=None,
        balancing=None,
        objection=model.Objection.NOT_APPLICABLE,
        roles={"advisor": model.Reach.ASSIGNED},
        assigned_by=("sales_lead",),
        reason_required=True,
        conditions=(Condition("offer.requested", holds=True), Condition("pv.installed", holds=False)),
        despite_restriction=None,
        clauses=("SOL-14",),
    )
    assert small.purposes["improvement"].objection is model.Objection.HONOURED
    assert small.purposes["newsletter"].objection is model.Objection.ABSOLUTE
    assert small.purposes["claims"].despite_restriction == "legal claims"


def test_a_recipient_is_valid_from_a_day_until_a_day_or_without_end(small: PolicySet) -> None:
    assert small.recipients["installer"] == recipients.Recipient(
        name="installer",
        title="Example Installers",
        kind=recipients.RecipientKind.JOINT_CONTROLLER,
        country="SE",
        transfer="none_needed",
        parent=None,
        valid_from=date(2018, 5, 28),
        valid_to=date(2030, 1, 1),
        clauses=("SOL-27",),
        agreement=recipients.Agreement(date(2018, 5, 1), ("SE", "NO"), recipients.RequestPath.MANUAL, abroad=None),
    )
    assert small.recipients["host"].parent == "mailer"
    assert small.recipients["bank"].country == "NO"
    assert small.recipients["bank"].valid_to is None


def test_retention_rules_are_anchored_with_the_person_or_until_a_fact(small: PolicySet) -> None:
    rules = small.retention
    assert rules["lead"] == model.RetentionRule(
        name="lead",
        anchor=("lead.active",),
        latest=True,
        keep=Period(months=24, days=0),
        applies_after=None,
        unless=("contract.solstrom",),
        also_on=("calculation",),
        with_person=False,
        until=None,
        then=model.Sequel.ERASE,
        stated_in_notice=False,
        clauses=("SOL-06",),
    )
    assert (rules["customer"].anchor, rules["customer"].latest) == (("pv.installed",), True)
    assert (rules["customer"].keep, rules["customer"].applies_after) == (Period(240, 0), "contract.signed")
    assert (rules["hub"].anchor, rules["hub"].latest, rules["hub"].keep) == (("hub.installed",), False, Period(18, 0))
    assert rules["loan"].keep == Period(0, 0)
    assert (rules["building"].with_person, rules["building"].anchor, rules["building"].latest) == (True, (), False)
    assert rules["joined"].until == "newsletter.joined"


def test_days_and_months_of_a_duration_are_kept_apart() -> None:
    rules = load(SMALL.replace("keep: P24M", "keep: P90D").encode()).retention
    assert rules["lead"].keep == Period(months=0, days=90)


def test_holds_are_anchored_or_explicit(small: PolicySet) -> None:
    assert small.holds["bookkeeping"] == model.HoldRule(
        "bookkeeping",
        "bokføringsloven § 13",
        ("case",),
        "year.ended",
        Period(60, 0),
        ("SOL-40",),
    )
    assert (small.holds["legal_claim"].anchor, small.holds["legal_claim"].keep) == (None, None)


def test_categories_and_fields_are_read_as_they_stand(small: PolicySet) -> None:
    assert small.categories["loan"] == model.Category(
        name="loan",
        number=4,
        retention=("loan",),
        instance=model.Instance.RECORD,
        special=True,
        computed=False,
        clauses=("SOL-22",),
    )
    assert small.fields["person.name"] == model.FieldPolicy(
        name="person.name",
        record="person",
        category="contact",
        type=model.FieldType.NAME,
        choices=(),
        source="subject",
        required_for="contract.signed",
        collect=(
            model.Collect(
                "self",
                "offer",
                (Condition("offer.requested", holds=True), Condition("contract.ended", holds=False)),
            ),
        ),
        uses=(
            model.Use("self_service", "self", model.Mask.PLAIN),
            model.Use("offer", "advisor", model.Mask.PLAIN),
            model.Use("installation", "installer", model.Mask.PLAIN),
        ),
        index=model.Index.NONE,
        clauses=("SOL-16",),
    )
    assert small.fields["project.state"].choices == ("open", "closed")


def test_nothing_of_a_loaded_policy_can_be_changed(small: PolicySet) -> None:
    with pytest.raises(TypeError):
        cast("dict[str, object]", small.fields)["person.name"] = small.fields["person.email"]
    with pytest.raises(TypeError):
        cast("dict[str, object]", small.purposes["offer"].roles)["bank"] = model.Reach.POPULATION


def test_a_refusal_calls_the_file_by_the_name_it_was_given() -> None:
    with pytest.raises(PolicyError, match=r"^other\.yaml:1:1: \(file\): write the policy, the file is empty$"):
        load(b"", "other.yaml")


def test_a_refusal_lists_each_problem_once_in_the_order_of_the_file_and_survives_a_process_boundary() -> None:
    late, early = Problem(2, 1, "b", "write it"), Problem(1, 9, "a", "write it")
    refused = PolicyErrors("p", [late, early, late])
    assert refused.problems == (early, late)
    assert str(refused) == "p:1:9: a: write it\np:2:1: b: write it"
    assert pickle.loads(pickle.dumps(refused)).problems == refused.problems  # noqa: S301  (our own bytes)


def test_the_policy_of_the_project_is_one() -> None:
    policy = load((ROOT / "policies.yaml").read_bytes())
    assert policy.fields.keys() >= {"person.email", "loan.national_id", "hub_network.wifi_password"}
