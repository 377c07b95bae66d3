"""Rules that could never take effect: facts, uses, retention and holds out of each other's reach."""

from __future__ import annotations

import pytest
from small_policy import SMALL, edited, refusal, refuses, unmarked

from policies.document import load

EMAIL_USE = "      - { purpose: claims, to: sales_lead, sees: plain }\n"
TILT_USE = "      - { purpose: improvement, to: advisor, sees: plain }\n"


def use(line: str, purpose: str, to: str) -> tuple[str, str]:
    """One more row after `line`, which a mark is already in."""
    return line, f"{line}      - {{ purpose: {purpose}, to: {to}, sees: plain }}\n"


@pytest.mark.parametrize(
    ("edit", "saying"),
    [
        (
            use(EMAIL_USE, "offer", "«self"),
            "fields.person.email.uses[5].to: add `self` to the `roles` of purpose `offer`, or remove this row",
        ),
        (
            use(EMAIL_USE, "newsletter", "«advisor"),
            "fields.person.email.uses[5].to: add `advisor` to the `roles` of purpose `newsletter`, or remove this row",
        ),
        (
            use(EMAIL_USE, "loan_application", "«installer"),
            (
                "fields.person.email.uses[5].to: "
                "add a partner role of `installer` or a service role to the `roles` of purpose `loan_application`, "
                "or remove this row"
            ),
        ),
        (
            use(TILT_USE, "«loan_application", "bank"),
            (
                "fields.roof.tilt_deg.uses[2].purpose: "
                "remove this row, `loan_application` looks at `loan.submitted`, `loan.closed`, `loan.submitted`, "
                "never together in reach of a `roof`"
            ),
        ),
        (
            ("roles: { self: self }\n    clauses: [RTS-01]", "roles: { self: «population }\n    clauses: [RTS-01]"),
            "purposes.self_service.roles.self: write `self`, `self` reaches its own records only",
        ),
        (
            ("{ self: self, dpo: population }", "{ self: self, dpo: «self }"),
            "purposes.erasure.roles.dpo: write `assigned` or `population`, `dpo` has no records of its own",
        ),
        (
            ("roles: { sales_lead: population }", "roles: { sales_lead: «assigned }"),
            (
                "purposes.claims.roles.sales_lead: "
                "name who assigns to `sales_lead` in `assigned_by`, or let a fact assign `claims`"
            ),
        ),
        (
            ("roles: { sales_lead: population }", "roles: { sales_lead: population }\n    «assigned_by: [sales_lead]"),
            "purposes.claims.assigned_by: remove `assigned_by`, no role here reaches `assigned`",
        ),
        (
            ("while: [design.completed]", "while: [design.completed, «not design.completed]"),
            (
                "purposes.installation.while[1]: "
                "remove `not design.completed`, `design.completed` is demanded and never stands without it"
            ),
        ),
        (
            ("while: [design.completed]", "while: [«not offer.requested, design.completed]"),
            (
                "purposes.installation.while[0]: "
                "remove `not offer.requested`, `design.completed` is demanded and never stands without it"
            ),
        ),
    ],
)
def test_a_use_that_can_never_be_permitted_is_refused(edit: tuple[str, str], saying: str) -> None:
    refuses(edit, saying=saying)


def test_a_use_where_the_assigned_record_is_never_in_reach_is_refused() -> None:
    refuses(
        ("contract: application.loan\n", "contract: order.solstrom\n"),
        ("    while: [loan.submitted, not loan.closed]\n", ""),
        use(TILT_USE, "«loan_application", "bank"),
        ("  application.loan:  { from: loan.submitted, to: [loan.closed] }\n", ""),
        saying="fields.roof.tilt_deg.uses[2].purpose: "
        "remove this row, `loan_application` is never assigned where a `roof` would be reached",
    )


def test_a_service_may_carry_to_a_recipient_what_no_partner_role_opens() -> None:
    assert load(SMALL.encode()).fields["person.email"].uses[3].to == "mailer"


@pytest.mark.parametrize(
    ("edit", "saying"),
    [
        (
            ("record: loan, by: [bank], after: [loan.submitted]", "record: loan, by: [bank], after: [«loan.closed]"),
            "facts.loan.closed.after[0]: remove `loan.closed`, it is never recorded before `loan.closed`",
        ),
        (
            ("hub.installed:     { product: hub, record: hub, by: [advisor], after: []",
             "hub.installed:     { product: hub, record: hub, by: [advisor], after: [«not pv.installed]"),
            "facts.hub.installed.after[0]: remove `pv.installed`, a `project` is never in reach of a `hub`",
        ),
        (
            ("newsletter.joined: { product: outreach, record: person, by: [self], after: []",
             ("newsletter.joined: { product: outreach, record: person, by: [self], "
             "after: [«hub.installed]")),
            "facts.newsletter.joined.after[0]: remove `hub.installed`, a `hub` is never in reach of a `person`",
        ),
        (
            ("record: loan, by: [bank], after: [loan.submitted]",
             "record: loan, by: [bank], after: [loan.submitted, «not offer.requested]"),
            ("facts.loan.closed.after[1]: "
            "remove `not offer.requested`, `loan.submitted` is demanded and never stands without it"),
        ),
        (
            ("offer.requested, to: [contract.ended]", "offer.requested, to: [contract.ended, «loan.closed]"),
            (
                "states.order.solstrom.to[1]: "
                "name a fact of `project` or above, `offer.requested` is recorded on a `project`"
            ),
        ),
        (
            ("when: [hub.installed]", "when: [hub.installed, «not pv.installed]"),
            ("fields.hub.wifi_password.collect[0].when[1]: "
            "remove `pv.installed`, a `project` is never in reach of a `hub`"),
        ),
        (
            ("source: map service\n", "source: map service\n    required_for: «hub.installed\n"),
            "fields.roof.tilt_deg.required_for: name another fact, a `hub` is never in reach of a `roof`",
        ),
        (
            ("{ by: solar_engine, purpose: roof_calculation, when: [] }",
             "{ by: solar_engine, purpose: «loan_application, when: [] }"),
            "fields.roof.tilt_deg.collect[0].purpose: name another purpose, its contract is never in reach of a `roof`",
        ),
    ],
)  # fmt: skip
def test_facts_and_fields_that_can_never_be_recorded_are_refused(edit: tuple[str, str], saying: str) -> None:
    refuses(edit, saying=saying)


def test_a_partner_gives_only_what_is_near_a_record_assigned_to_it() -> None:
    old = "{ by: advisor, purpose: offer, when: [offer.requested] }"
    text, _ = edited((old, "{ by: bank, purpose: loan_application, when: [] }"))
    assert load(text.encode()).fields["project.state"].collect[0].by == "bank"
    refuses(
        (old, "{ by: «bank, purpose: installation, when: [] }"),
        saying="fields.project.state.collect[0].by: "
        "remove the row, `installation` is never assigned to `bank` near a `project`",
    )


def test_what_a_role_may_be_assigned_by_hand_is_near_every_record() -> None:
    old = "{ by: advisor, purpose: offer, when: [offer.requested] }"
    text, _ = edited((old, "{ by: installer, purpose: offer, when: [] }"))
    assert load(text.encode()).fields["project.state"].collect[0].by == "installer"


def test_facts_that_wait_for_each_other_are_refused_at_each_of_them() -> None:
    text, places = edited(
        ("by: [self], after: [not contract.ended]", "by: [self], after: [«contract.signed]"),
        ("by: [advisor], after: [offer.requested]", "by: [advisor], after: [«offer.requested]"),
    )
    assert refusal(text.encode())[:2] == [
        (
            f"policies.yaml:{places[0]}: facts.offer.requested.after[0]: "
            "remove `contract.signed`, it is never recorded before `offer.requested`"
        ),
        (
            f"policies.yaml:{places[1]}: facts.contract.signed.after[0]: "
            "remove `offer.requested`, it is never recorded before `contract.signed`"
        ),
    ]


def test_conditions_no_single_lane_can_hold_are_refused_as_a_list() -> None:
    refuses(
        ("when: [offer.requested, not contract.ended]", "when: «[hub.installed, offer.requested]"),
        saying="fields.person.name.collect[0].when: demand less, these facts are never together in reach of a `person`",
    )


def test_a_fact_assigns_to_somebody_who_can_be_assigned_to() -> None:
    text, places = edited(
        ("assigns: { recipient: installer, purpose: installation }",
         "assigns: { recipient: bank, purpose: «installation }"),
        ("roles: { installer: assigned }", "roles: { installer: «assigned }"),
    )  # fmt: skip
    assert refusal(text.encode()) == [
        (
            f"policies.yaml:{places[0]}: facts.design.completed.assigns.purpose: "
            "let a role of `bank` reach `assigned` with purpose `installation`, or name another"
        ),
        (
            f"policies.yaml:{places[1]}: purposes.installation.roles.installer: "
            "name who assigns to `installer` in `assigned_by`, or let a fact assign `installation`"
        ),
    ]


@pytest.mark.parametrize(
    ("edit", "saying"),
    [
        (
            ("number: 4, retention: [loan]", "number: 4, retention: [loan, «hub]"),
            "categories.loan.retention[1]: remove `hub`, on a `loan` it never starts and would keep for ever",
        ),
        (
            ("categories: [case, loan], clauses", "categories: [case, «device], from: loan.closed, keep: P1Y, clauses"),
            "holds.legal_claim.categories[1]: remove `device`, `loan.closed` is never in reach of its records",
        ),
    ],
)
def test_a_rule_that_could_never_start_is_refused(edit: tuple[str, str], saying: str) -> None:
    refuses(edit, saying=saying)


def test_a_category_whose_only_rule_could_never_start_is_refused_as_a_whole() -> None:
    text, places = edited(("number: 5, retention: [hub]", "number: 5, retention: «[«lead]"))
    assert refusal(text.encode())[1:] == [
        (
            f"policies.yaml:{places[0]}: categories.device.retention: "
            "name a rule that can start on a `hub`, or move its fields to another category"
        ),
        (
            f"policies.yaml:{places[1]}: categories.device.retention[0]: "
            "remove `lead`, on a `hub` it never starts and would keep for ever"
        ),
    ]


def test_a_rule_that_does_not_apply_to_a_kind_of_record_keeps_nothing_there() -> None:
    text, _ = edited(("number: 5, retention: [hub]", "number: 5, retention: [hub, customer]"))
    assert load(text.encode()).categories["device"].retention == ("hub", "customer")


def test_the_persons_own_categories_cannot_follow_the_person() -> None:
    text, places = unmarked(SMALL.replace("number: 6, retention: [joined]", "number: 6, retention: «[«building]"))
    lines = refusal(text.encode())
    assert lines[1:] == [
        (
            f"policies.yaml:{places[0]}: categories.suppression.retention: "
            "name a rule that can start on a `person`, or move its fields to another category"
        ),
        (
            f"policies.yaml:{places[1]}: categories.suppression.retention[0]: "
            "remove `building`, on a `person` it never starts and would keep for ever"
        ),
    ]
