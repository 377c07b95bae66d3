"""Names the policy does not know, and entries it never uses."""

from __future__ import annotations

import pytest
from small_policy import edited, refusal, refuses

from policies.document import load

EMAIL = "collect:\n      - { by: visitor, purpose: roof_calculation, when: [] }"
OFFER_TO_ADVISOR = "      - { purpose: offer, to: advisor, sees: plain }\n      - { purpose: newsletter, to: mailing"


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        (
            "kind: partner, recipient: installer,",
            "kind: partner, recipient: «instaler,",
            (
                "roles.installer.recipient: "
                "unknown recipient `instaler`, write `installer` or declare it under `recipients`"
            ),
        ),
        (
            "roof:    { product: solstrom, parent: project,",
            "roof:    { product: solstrom, parent: «house,",
            "records.roof.parent: unknown record kind `house`, declare it under `records`",
        ),
        (
            "hub.installed:     { product: hub, record: hub,",
            "hub.installed:     { product: hub, record: «tub,",
            "facts.hub.installed.record: unknown record kind `tub`, write `hub` or declare it under `records`",
        ),
        (
            "by: [visitor, advisor]",
            "by: [visitor, «adviser]",
            "facts.lead.active.by[1]: unknown role `adviser`, write `advisor` or declare it under `roles`",
        ),
        (
            "after: [not contract.ended]",
            "after: [«not contract.endet]",
            (
                "facts.offer.requested.after[0]: "
                "unknown fact `contract.endet`, write `contract.ended` or declare it under `facts`"
            ),
        ),
        (
            "assigns: { recipient: bank, purpose: loan_application }",
            "assigns: { recipient: «tax_office, purpose: loan_application }",
            "facts.loan.submitted.assigns.recipient: unknown recipient `tax_office`, declare it under `recipients`",
        ),
        (
            "assigns: { recipient: bank, purpose: loan_application }",
            "assigns: { recipient: bank, purpose: «loans_and_credit }",
            "facts.loan.submitted.assigns.purpose: unknown purpose `loans_and_credit`, declare it under `purposes`",
        ),
        (
            "{ purposes: [roof_calculation]",
            "{ purposes: [roof_calculation, «gazebo]",
            "consents.calculation.purposes[1]: unknown purpose `gazebo`, declare it under `purposes`",
        ),
        (
            "{ from: loan.submitted, to",
            "{ from: «winter, to",
            "states.application.loan.from: unknown fact `winter`, declare it under `facts`",
        ),
        (
            "to: [loan.closed]",
            "to: [loan.closed, «done]",
            "states.application.loan.to[1]: unknown fact `done`, declare it under `facts`",
        ),
        (
            "roles: { mailing: population }",
            "roles: { mailing: population, «postman: population }",
            "purposes.newsletter.roles.postman: unknown role `postman`, declare it under `roles`",
        ),
        (
            "assigned_by: [sales_lead]",
            "assigned_by: [sales_lead, «boss]",
            "purposes.offer.assigned_by[1]: unknown role `boss`, declare it under `roles`",
        ),
        (
            "while: [offer.requested, not pv.installed]",
            "while: [offer.requested, «not pv.instaled]",
            "purposes.offer.while[1]: unknown fact `pv.instaled`, write `pv.installed` or declare it under `facts`",
        ),
        (
            "consent: calculation",
            "consent: «drawing",
            "purposes.roof_calculation.consent: unknown consent `drawing`, declare it under `consents`",
        ),
        (
            "contract: order.solstrom",
            "contract: «order.sol",
            "purposes.offer.contract: unknown state `order.sol`, write `order.solstrom` or declare it under `states`",
        ),
        (
            "parent: mailer",
            "parent: «nobody",
            "recipients.host.parent: unknown recipient `nobody`, declare it under `recipients`",
        ),
        (
            "from: { last: [lead.active] }",
            "from: { last: [lead.active, «winter] }",
            "retention.lead.from.last[1]: unknown fact `winter`, declare it under `facts`",
        ),
        (
            "from: pv.installed",
            "from: «solar",
            "retention.customer.from: unknown fact `solar`, declare it under `facts`",
        ),
        (
            "{ first: [hub.installed] }",
            "{ first: [«tub] }",
            "retention.hub.from.first[0]: unknown fact `tub`, declare it under `facts`",
        ),
        (
            "applies_after: contract.signed",
            "applies_after: «signature",
            "retention.customer.applies_after: unknown fact `signature`, declare it under `facts`",
        ),
        (
            "unless: [contract.solstrom, consent]",
            "unless: [«winter, consent]",
            "retention.customer.unless[0]: unknown state `winter`, declare it under `states`",
        ),
        (
            "also_on: [calculation.withdrawn]",
            "also_on: [«estimate.withdrawn]",
            "retention.lead.also_on[0]: unknown consent `estimate`, declare it under `consents`",
        ),
        (
            "until: newsletter.joined",
            "until: «winter",
            "retention.joined.until: unknown fact `winter`, declare it under `facts`",
        ),
        (
            "categories: [case, loan]",
            "categories: [case, «loans]",
            "holds.legal_claim.categories[1]: unknown category `loans`, write `loan` or declare it under `categories`",
        ),
        (
            "from: year.ended",
            "from: «winter",
            "holds.bookkeeping.from: unknown fact `winter`, declare it under `facts`",
        ),
        (
            "number: 3, retention: [building]",
            "number: 3, retention: [«house]",
            "categories.building.retention[0]: unknown retention rule `house`, declare it under `retention`",
        ),
        (
            "  hub.wifi_password:\n    category: device",
            "  hub.wifi_password:\n    category: «gear",
            "fields.hub.wifi_password.category: unknown category `gear`, declare it under `categories`",
        ),
        (
            "  hub.wifi_password:\n",
            "  «router.wifi_password:\n",
            "fields.router.wifi_password: unknown record kind `router`, declare it under `records`",
        ),
        (
            "required_for: contract.signed",
            "required_for: «winter",
            "fields.person.name.required_for: unknown fact `winter`, declare it under `facts`",
        ),
        (
            EMAIL,
            EMAIL.replace("visitor", "«stranger"),
            "fields.person.email.collect[0].by: unknown role `stranger`, declare it under `roles`",
        ),
        (
            EMAIL,
            EMAIL.replace("roof_calculation", "«fun"),
            "fields.person.email.collect[0].purpose: unknown purpose `fun`, declare it under `purposes`",
        ),
        (
            EMAIL,
            EMAIL.replace("[]", "[«not winter]"),
            "fields.person.email.collect[0].when[0]: unknown fact `winter`, declare it under `facts`",
        ),
        (
            OFFER_TO_ADVISOR,
            OFFER_TO_ADVISOR.replace("offer", "«fun"),
            "fields.person.email.uses[1].purpose: unknown purpose `fun`, declare it under `purposes`",
        ),
        (
            OFFER_TO_ADVISOR,
            OFFER_TO_ADVISOR.replace("advisor", "«visitor"),
            "fields.person.email.uses[1].to: unknown recipient `visitor`, declare it under `recipients`",
        ),
    ],
)
def test_an_unknown_name_is_refused_where_it_stands(old: str, new: str, saying: str) -> None:
    refuses((old, new), saying=saying)


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        (
            "  mailing:        {",
            "  «printer:        { kind: service, second_factor: false, clauses: [SOL-07] }\n  mailing:        {",
            "roles.printer: use the role `printer` somewhere or remove it",
        ),
        (
            "facts:\n",
            "  «plant:   { product: solstrom, parent: project, clauses: [SOL-01] }\n\nfacts:\n",
            "records.plant: use the record kind `plant` somewhere or remove it",
        ),
        (
            "  year.ended:",
            (
                "  «year.began: { product: shared, record: person, by: [self], after: [not year.began], "
                "clauses: [SOL-40] }\n"
                "  year.ended:"
            ),
            "facts.year.began: use the fact `year.began` somewhere or remove it",
        ),
        (
            "  order.solstrom:    {",
            "  «idle: { from: offer.requested, to: [contract.ended] }\n  order.solstrom:    {",
            "states.idle: use the state `idle` somewhere or remove it",
        ),
        (
            "  erasure:\n",
            (
                "  «audits:\n    basis: legal_obligation\n    article: 6(1)(c)\n    law: GDPR Article 5(2)\n"
                "    roles: { dpo: population }\n    clauses: [ACC-02]\n  erasure:\n"
            ),
            "purposes.audits: use the purpose `audits` somewhere or remove it",
        ),
        (
            "  bank:      {",
            (
                "  «shop:      { name: Shop, kind: public, country: NO, transfer: none_needed, "
                "valid: { from: 2018-05-28 }, clauses: [SOL-19] }\n  bank:      {"
            ),
            "recipients.shop: use the recipient `shop` somewhere or remove it",
        ),
        (
            "  loan:      { from: loan.closed",
            (
                "  «spare:     { from: loan.closed, keep: P1Y, then: erase, "
                "stated_in_notice: true, clauses: [SOL-22] }\n"
                "  loan:      { from: loan.closed"
            ),
            "retention.spare: use the retention rule `spare` somewhere or remove it",
        ),
        (
            "categories:\n",
            (
                "categories:\n  «spare:       { number: 9, retention: [lead], instance: subject, special: false, "
                "computed: false, clauses: [SOL-14] }\n"
            ),
            "categories.spare: use the category `spare` somewhere or remove it",
        ),
    ],
)
def test_an_entry_nobody_uses_is_refused(old: str, new: str, saying: str) -> None:
    refuses((old, new), saying=saying)


def test_a_hold_on_nothing_is_refused() -> None:
    refuses(("categories: [case, loan]", "categories: «[]"), saying="holds.legal_claim.categories: name at least one")


def test_a_consent_no_purpose_rests_on_is_refused_with_the_purposes_it_claims() -> None:
    text, (place,) = edited(
        (
            "  marketing:   {",
            "  profiling: { purposes: [«newsletter], options: [], clauses: [COM-05] }\n  marketing:   {",
        ),
    )
    assert refusal(text.encode()) == [
        (
            f"policies.yaml:{place}: consents.profiling.purposes[0]: "
            "write `consent: profiling` in purpose `newsletter`, or remove it here"
        ),
    ]


def test_processors_nobody_sends_anything_to_are_refused_though_they_name_each_other() -> None:
    text, places = edited(
        (
            "  mailer:    {",
            (
                "  «cloud:    { name: Cloud, kind: processor, country: NO, transfer: none_needed, "
                "agreement: { signed: 2018-05-28, regions: [NO], requests: manual }, "
                "valid: { from: 2018-05-28 }, clauses: [SOL-19] }\n"
                "  «disks:    { name: Disks, kind: processor, country: NO, transfer: none_needed, parent: cloud, "
                "agreement: { signed: 2018-05-28, regions: [NO], requests: manual }, "
                "valid: { from: 2018-05-28 }, clauses: [SOL-19] }\n  mailer:    {"
            ),
        ),
    )
    assert refusal(text.encode()) == [
        f"policies.yaml:{places[0]}: recipients.cloud: use the recipient `cloud` somewhere or remove it",
        f"policies.yaml:{places[1]}: recipients.disks: use the recipient `disks` somewhere or remove it",
    ]


def test_the_purposes_of_the_vault_itself_and_officers_need_no_field() -> None:
    text, _ = edited(
        (
            "  erasure:\n",
            (
                "  audit:\n    basis: legal_obligation\n    article: 6(1)(c)\n    law: GDPR Article 5(2)\n"
                "    roles: { dpo: population }\n    clauses: [ACC-02]\n  erasure:\n"
            ),
        ),
    )
    assert {"audit", "erasure"} <= load(text.encode()).purposes.keys()


def test_a_processor_is_used_through_the_one_it_works_for_or_the_one_that_works_for_it() -> None:
    text, _ = edited(("parent: mailer\n", "parent: host_of_host\n"), ("  host:\n", _HOST_OF_HOST))
    text = text.replace("to: mailer, sees", "to: host, sees")
    assert refusal(text.encode())[0].endswith("recipients.mailer: use the recipient `mailer` somewhere or remove it")
    assert len(refusal(text.encode())) == 1


_HOST_OF_HOST = (
    "  host_of_host: { name: Disks, kind: processor, country: NO, transfer: none_needed, "
    "agreement: { signed: 2018-05-28, regions: [NO], requests: manual }, "
    "valid: { from: 2018-05-28 }, clauses: [INF-02] }\n  host:\n"
)


def test_unused_entries_wait_until_every_name_is_known() -> None:
    text, (place,) = edited(("until: newsletter.joined", "until: «newsletter.join"))
    (only,) = refusal(text.encode())
    assert only.startswith(f"policies.yaml:{place}: retention.joined.until: unknown fact `newsletter.join`")
