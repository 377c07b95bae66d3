"""Keys of roles, records, consents, purposes and recipients that go together or exclude each other."""

from __future__ import annotations

import pytest
from small_policy import edited, refusal, refuses

ERASURE = '    basis: legal_obligation\n    article: "6(1)(c)"\n    law: GDPR Article 17\n'
OFFER = '    basis: contract\n    article: "6(1)(b)"\n    contract: order.solstrom\n'
IMPROVE = "    objection: honoured\n"
CHAIN = (
    "  «one: { name: One, kind: processor, country: NO, transfer: none_needed, parent: two, "
    "agreement: { signed: 2018-05-28, regions: [NO], requests: manual }, "
    "valid: { from: 2018-05-28 }, clauses: [INF-02] }\n"
    "  two: { name: Two, kind: processor, country: NO, transfer: none_needed, parent: one, "
    "agreement: { signed: 2018-05-28, regions: [NO], requests: manual }, "
    "valid: { from: 2018-05-28 }, clauses: [INF-02] }\n"
)


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        (
            "  bank:           { kind: partner, recipient: bank,",
            "  «bank:           { kind: partner,",
            "roles.bank: add the `recipient` the partner speaks for, exactly the roles of kind `partner` have one",
        ),
        (
            "  mailing:        { kind: service,",
            "  mailing:        { kind: service, «recipient: mailer,",
            "roles.mailing.recipient: remove `recipient`, exactly the roles of kind `partner` have one",
        ),
        (
            "  visitor:        { kind: visitor",
            "  visitor:        { kind: «subject",
            "roles.visitor.kind: the role `self` and no other is of kind `subject`, change the kind",
        ),
        (
            "  mailing:        {",
            "  «mailer: { kind: service, second_factor: false, clauses: [COM-05] }\n  mailing:        {",
            "roles.mailer: rename the role, `mailer` is a recipient too",
        ),
        (
            "{ product: shared, parent: null,",
            "{ product: shared, parent: «project,",
            "records.person.parent: write `null`, `person` is the root",
        ),
        (
            "{ product: hub, parent: person,",
            "{ product: hub, parent: «null,",
            "records.hub.parent: name the kind it hangs under, only `person` is a root",
        ),
        (
            "{ product: hub, parent: person,",
            "{ product: hub, parent: «hub,",
            "records.hub.parent: hang `hub` elsewhere, it is its own ancestor",
        ),
        (
            "  marketing:   { purposes: [newsletter]",
            "  marketing:   { purposes: [newsletter, «offer]",
            "consents.marketing.purposes[1]: write `consent: marketing` in purpose `offer`, or remove it here",
        ),
        (
            ERASURE,
            ERASURE.replace("    law: GDPR Article 17\n", ""),
            "purposes.erasure: add the key `law`, the basis is `legal_obligation`",
        ),
        (
            OFFER,
            OFFER.replace("    contract: order.solstrom\n", ""),
            "purposes.offer: add the key `contract`, the basis is `contract`",
        ),
        (
            "    balancing: Better estimates for everybody, roof figures without names, an objection stops it\n",
            "",
            "purposes.improvement: add the key `balancing`, the basis is `legitimate_interest`",
        ),
        (IMPROVE, "", "purposes.improvement: add the key `objection`, the basis is `legitimate_interest`"),
        (
            ERASURE,
            ERASURE + "    «balancing: none\n",
            "purposes.erasure.balancing: remove `balancing`, the basis is `legal_obligation`",
        ),
        (
            ERASURE,
            ERASURE + "    «contract: order.solstrom\n",
            "purposes.erasure.contract: remove `contract`, the basis is `legal_obligation`",
        ),
        (OFFER, OFFER + "    «law: none\n", "purposes.offer.law: remove `law`, the basis is `contract`"),
        (
            OFFER,
            OFFER + "    «objection: absolute\n",
            "purposes.offer.objection: remove `objection`, the basis is `contract`",
        ),
        (
            "objection: absolute\n",
            "objection: «honoured\n",
            "purposes.newsletter.objection: write `absolute` or remove it, consent is withdrawn instead",
        ),
        (
            ERASURE,
            ERASURE.replace('article: "', 'article: «"').replace("(c)", "(e)"),
            "purposes.erasure.article: begin with `6(1)(c)`, the basis is `legal_obligation`",
        ),
        (
            "assigned_by: [sales_lead]",
            "assigned_by: [sales_lead, «dpo]",
            "purposes.offer.assigned_by[1]: name a role of kind `staff`, `dpo` is another",
        ),
        (
            "  host:\n    name: Example Host\n",
            "  «self:\n    name: Example Host\n",
            "recipients.self: rename the recipient, `self` is the subject",
        ),
        (
            "country: SE\n    transfer: none_needed",
            "country: GB\n    transfer: «none_needed",
            "recipients.installer.transfer: name the transfer mechanism of chapter V, `GB` is outside the EEA",
        ),
        (
            "to: 2030-01-01",
            "to: «2018-05-28",
            "recipients.installer.valid.to: write a day after `from`",
        ),
        (
            "regions: [SE, NO]",
            "regions: [SE, «GB], abroad: the archive is there",
            (
                "recipients.installer.agreement.regions[1]: "
                "name a transfer mechanism in `transfer`, `GB` is outside the EEA"
            ),
        ),
        (
            "regions: [SE, NO], requests: manual }",
            "regions: [SE, NO], requests: manual, «abroad: for fun }",
            "recipients.installer.agreement.abroad: remove `abroad`, nothing leaves the EEA",
        ),
        (
            "signed: 2018-05-01",
            "signed: «2018-05-29",
            "recipients.installer.agreement.signed: write a day not after the first one in `valid`",
        ),
        (
            "{ name: Example Bank, kind: controller,",
            "{ name: Example Bank, «agreement: { signed: 2018-05-28, regions: [NO], requests: api }, kind: controller,",
            "recipients.bank.agreement: remove `agreement`, only processors and joint controllers have one",
        ),
        (
            "    transfer: none_needed\n    valid: { from: 2018-05-28, to",
            "    transfer: none_needed\n    «parent: mailer\n    valid: { from: 2018-05-28, to",
            "recipients.installer.parent: remove `parent`, it joins a processor to its sub-processor",
        ),
        (
            "parent: mailer",
            "«parent: bank",
            "recipients.host.parent: remove `parent`, it joins a processor to its sub-processor",
        ),
        (
            "parent: mailer",
            "parent: «host",
            "recipients.host.parent: name another parent, `host` is its own sub-processor",
        ),
    ],
)  # fmt: skip
def test_keys_that_do_not_go_together_are_refused(old: str, new: str, saying: str) -> None:
    if "«" not in new:  # a missing key is reported at the entry that lacks it
        entry = saying.split(":", 1)[0].split(".")[1]
        refuses((old, new), (f"  {entry}:\n    basis:", f"  «{entry}:\n    basis:"), saying=saying)
    else:
        refuses((old, new), saying=saying)


def test_a_consent_and_its_purposes_name_each_other() -> None:
    text, places = edited(
        ("    consent: marketing\n", "    consent: «calculation\n"),
        ("marketing:   { purposes: [newsletter]", "marketing:   { purposes: [«newsletter]"),
    )
    assert refusal(text.encode()) == [
        (
            f"policies.yaml:{places[0]}: consents.marketing.purposes[0]: "
            "write `consent: marketing` in purpose `newsletter`, or remove it here"
        ),
        (
            f"policies.yaml:{places[1]}: purposes.newsletter.consent: "
            "list `newsletter` in the purposes of consent `calculation`, or name another consent"
        ),
    ]


def test_a_basis_of_consent_needs_one() -> None:
    text, places = edited(
        ("    consent: marketing\n", ""),
        ("  newsletter:\n    basis", "  «newsletter:\n    basis"),
        ("marketing:   { purposes: [newsletter]", "marketing:   { purposes: [«newsletter]"),
    )
    assert refusal(text.encode()) == [
        (
            f"policies.yaml:{places[0]}: consents.marketing.purposes[0]: "
            "write `consent: marketing` in purpose `newsletter`, or remove it here"
        ),
        f"policies.yaml:{places[1]}: purposes.newsletter: add the key `consent`, the basis is `consent`",
    ]


def test_without_the_role_self_nobody_could_see_own_data() -> None:
    text, places = edited(("roles:\n  self:           {", "«roles:\n  me:             { "))
    assert f"policies.yaml:{places[0]}: roles: add the role `self` of kind `subject`" in refusal(text.encode())


def test_the_role_self_is_the_subject() -> None:
    text, places = edited(("  self:           { kind: subject", "  self:           { kind: «staff"))
    assert (
        f"policies.yaml:{places[0]}: roles.self.kind: "
        "the role `self` and no other is of kind `subject`, change the kind"
    ) in refusal(text.encode())


def test_without_the_record_person_there_is_no_root() -> None:
    text, places = edited(("records:\n  person:  { product", "«records:\n  human:  { product"))
    assert f"policies.yaml:{places[0]}: records: add the record kind `person`, the root of all others" in refusal(
        text.encode(),
    )


def test_records_in_a_circle_are_refused_at_each_of_them() -> None:
    text, places = edited(
        ("project: { product: solstrom, parent: person", "project: { product: solstrom, parent: «roof"),
        ("roof:    { product: solstrom, parent: project", "roof:    { product: solstrom, parent: «project"),
    )
    assert refusal(text.encode()) == [
        f"policies.yaml:{places[0]}: records.project.parent: hang `project` elsewhere, it is its own ancestor",
        f"policies.yaml:{places[1]}: records.roof.parent: hang `roof` elsewhere, it is its own ancestor",
    ]


def test_processors_in_a_circle_are_refused_at_each_of_them_and_nowhere_else() -> None:
    text, places = edited(
        (
            "  host:\n    name: Example Host\n",
            CHAIN.replace("  two", "  «two").replace("parent: ", "parent: «") + "  host:\n    name: Example Host\n",
        ),
        ("parent: mailer", "parent: one"),
    )
    assert refusal(text.encode()) == [
        f"policies.yaml:{places[1]}: recipients.one.parent: name another parent, `one` is its own sub-processor",
        f"policies.yaml:{places[3]}: recipients.two.parent: name another parent, `two` is its own sub-processor",
    ]


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        ("options: [1, 2]", "options: [1, 2, «1]", "consents.calculation.options[2]: remove the repeated `1`"),
        ("by: [visitor, advisor]", "by: [visitor, «visitor]", "facts.lead.active.by[1]: remove the repeated `visitor`"),
        (
            "retention: [lead, customer], instance: subject",
            "retention: [lead, customer, «lead], instance: subject",
            "categories.contact.retention[2]: remove the repeated `lead`",
        ),
        (
            "  - { by: self, purpose: newsletter, when: [] }\n",
            "  - { by: self, purpose: newsletter, when: [] }\n      - «{ by: self, purpose: newsletter, when: [] }\n",
            "fields.person.email.collect[2]: remove the repeated row",
        ),
    ],
)
def test_a_list_says_everything_once(old: str, new: str, saying: str) -> None:
    refuses((old, new), saying=saying)


MAILER = "mailer:    { name"
NO_AGREEMENT = (
    ",\n               agreement: { signed: 2018-05-28, regions: [IE, US], requests: api, "
    "abroad: the mailer is there } }"
)


def test_a_processor_without_an_agreement_is_refused() -> None:
    refuses(
        (MAILER, f"«{MAILER}"),
        (NO_AGREEMENT, " }"),
        saying="recipients.mailer: add the key `agreement`, a recipient of kind `processor` is bound by one",
    )


@pytest.mark.clause("INF-03")
def test_data_that_leave_the_eea_without_a_stated_reason_are_refused() -> None:
    refuses(
        ("agreement: { signed: 2018-05-28, regions: [IE, US]", "«agreement: { signed: 2018-05-28, regions: [IE, US]"),
        (", abroad: the mailer is there }", " }"),
        saying="recipients.mailer.agreement: add the key `abroad` and say why data leave the EEA",
    )


@pytest.mark.clause("INF-03")
def test_a_region_outside_the_eea_without_a_transfer_mechanism_is_refused() -> None:
    refuses(
        ("regions: [IE], requests: keys", "regions: [IE, «US], requests: keys"),
        saying="recipients.host.agreement.regions[1]: name a transfer mechanism in `transfer`, `US` is outside the EEA",
    )
