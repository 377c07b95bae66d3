"""Which keys an entry of the policy has, and what sort of value stands behind each."""

from __future__ import annotations

import pytest
from small_policy import SCHEMA_FILE, SMALL, plain, refusal, refuses, schema_text, walked

from policies.document import schema

ROLE = "{ kind: subject, second_factor: false, clauses: [RTS-01] }"
KINDS = "`subject`, `visitor`, `staff`, `officer`, `partner` or `service`"


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        ("  contact: Example Street 1, 0001 Oslo\n", "", "controller: add the key `contact`"),
        (
            "    law: GDPR Article 17\n",
            "    law: GDPR Article 17\n    «why: x\n",
            "purposes.erasure.why: remove the key `why`, it is unknown here",
        ),
        (
            "{ purpose: claims, to: sales_lead, sees: plain }",
            "«{ purpose: claims, to: sales_lead }",
            "fields.person.email.uses[4]: add the key `sees`",
        ),
        (
            "  self:           " + ROLE,
            "  «self: { kind: subject, clauses: [RTS-01] }",
            "roles.self: add the key `second_factor`",
        ),
        (ROLE, "{ kind: «lord, second_factor: false, clauses: [RTS-01] }", f"roles.self.kind: write one of {KINDS}"),
        (
            ROLE,
            "{ kind: subject, second_factor: «no, clauses: [RTS-01] }",
            "roles.self.second_factor: write `true` or `false`",
        ),
        (ROLE, "{ kind: subject, second_factor: false, clauses: «[] }", "roles.self.clauses: name at least one"),
        (ROLE, "{ kind: subject, second_factor: false, clauses: «RTS-01 }", "roles.self.clauses: write a list"),
        (
            ROLE,
            "{ kind: subject, second_factor: false, clauses: [RTS-01, «RTS-1] }",
            "roles.self.clauses[1]: cite a clause by its id, such as `SOL-21`",
        ),
        (
            ROLE,
            "{ kind: subject, second_factor: false, clauses: [RTS-01, «G-01] }",
            "roles.self.clauses[1]: cite a clause by its id, such as `SOL-21`",
        ),
        (ROLE, "«subject", "roles.self: write a mapping of keys"),
        ("  self:           " + ROLE, "  «self: ~", "roles.self: give the key a value, or remove it"),
        (
            ROLE,
            "{ kind: subject, «recipient: , second_factor: false, clauses: [RTS-01] }",
            "roles.self.recipient: give the key a value, or remove it",
        ),
        (
            "  advisor:        {",
            "  «Advisor: {",
            "roles.Advisor: write a name of lower case words, such as `loan.submitted`",
        ),
        ("version: 2018-05-28", "version: «2018-02-30", "version: write a date that exists, such as `2018-05-28`"),
        ("version: 2018-05-28", "version: «1", "version: write a date that exists, such as `2018-05-28`"),
        ("version: 2018-05-28", "version: «20180528", "version: write a date that exists, such as `2018-05-28`"),
        ("contact: Example Street 1, 0001 Oslo", 'contact: «" "', "controller.contact: write some words"),
        (
            "contact: Example Street 1, 0001 Oslo",
            "contact: «1",
            "controller.contact: write text, in quotes if it looks like something else",
        ),
        (
            "product: hub, parent: person",
            "product: «hubs, parent: person",
            "records.hub.product: write one of `shared`, `solstrom`, `nabostrom`, `hub` or `outreach`",
        ),
        (
            "after: [not contract.ended]",
            "after: [«no contract.ended]",
            "facts.offer.requested.after[0]: write a fact or `not` and a fact, such as `not loan.closed`",
        ),
        ("number: 7,", "number: «0,", "categories.views.number: write a number of at least 1"),
        ("number: 7,", "number: «32768,", "categories.views.number: write a number of at most 32767"),
        ("number: 7,", 'number: «"7",', "categories.views.number: write a whole number"),
        ("number: 7,", "number: «true,", "categories.views.number: write a whole number"),
        (
            "keep: P24M",
            "keep: «P1Y2D",
            "retention.lead.keep: write a duration in years and months or in days, such as `P20Y`, `P24M` or `P90D`",
        ),
        (
            "keep: P24M",
            "keep: «2 years",
            "retention.lead.keep: write a duration in years and months or in days, such as `P20Y`, `P24M` or `P90D`",
        ),
        (
            "country: SE",
            "country: «Sweden",
            "recipients.installer.country: write the country as two capitals, such as `NO`",
        ),
        (
            "also_on: [calculation.withdrawn]",
            "also_on: [«calculation]",
            "retention.lead.also_on[0]: write a consent and `.withdrawn`, such as `marketing.withdrawn`",
        ),
        (
            "until: newsletter.joined",
            "until: «[newsletter.joined]",
            "retention.joined.until: write text, in quotes if it looks like something else",
        ),
        (
            "{ first: [hub.installed] }",
            "«[hub.installed]",
            "retention.hub.from: write a fact, or `first` or `last` with a list of facts",
        ),
        (
            "from: { first: [hub.installed] }",
            "from: «{}",
            "retention.hub.from: write a fact, or `first` or `last` with a list of facts",
        ),
        ("{ first: [hub.installed] }", "{ first: «[] }", "retention.hub.from.first: name at least one"),
        (
            "{ first: [hub.installed] }",
            "{ first: [hub.installed], «last: [hub.installed] }",
            "retention.hub.from.last: remove the key `last`, it is unknown here",
        ),
        ("with: person", "with: «project", "retention.building.with: write one of `person`"),
        (
            "choices: [open, closed]",
            "choices: [open, «Closed]",
            "fields.project.state.choices[1]: write the choice as one word in lower case, such as `paid_out`",
        ),
        (
            "  person.name:\n",
            "  «name:\n",
            "fields.name: name the field by its record and itself, such as `loan.national_id`",
        ),
        ("options: [1, 2]", "options: [1, «two]", "consents.calculation.options[1]: write a whole number"),
        (
            "    law: GDPR Article 15\n    roles: { self: self }",
            "    law: GDPR Article 15\n    roles: «{}",
            "purposes.self_service.roles: name at least one",
        ),
        (
            "    law: GDPR Article 15\n    roles: { self: self }",
            "    law: GDPR Article 15\n    roles: «[self]",
            "purposes.self_service.roles: write a mapping of names",
        ),
    ],
)
def test_each_kind_of_misshapen_entry_is_refused_at_its_key_or_value(old: str, new: str, saying: str) -> None:
    if "«" not in new:  # a missing key is reported at the entry that lacks it
        refuses(("controller:\n", "«controller:\n"), (old, new), saying=saying)
    else:
        refuses((old, new), saying=saying)


def test_a_transfer_is_one_of_chapter_v_and_no_misspelt_one_passes() -> None:
    refuses(
        ("transfer: standard_contractual_clauses", "transfer: «none_neded"),
        saying="recipients.mailer.transfer: write one of `none_needed`, `adequacy_decision`, "
        "`standard_contractual_clauses`, `binding_corporate_rules`, `code_of_conduct` or `certification`",
    )


def test_an_article_is_cited_in_full() -> None:
    old = '    article: "6(1)(c)"\n    law: GDPR Article 15\n'
    new = "    article: «Article 6\n    law: GDPR Article 15\n"
    refuses((old, new), saying="purposes.self_service.article: cite the article, such as `6(1)(a)`")


def test_a_file_that_is_no_mapping_is_refused() -> None:
    assert refusal(b"policy\n") == ["policies.yaml:1:1: (file): write a mapping of keys"]
    assert refusal(b"---\n") == ["policies.yaml:2:1: (file): give the key a value, or remove it"]


def test_all_missing_sections_are_reported_together() -> None:
    assert len(refusal(b"version: 2018-05-28\n")) == 12


def test_the_schema_for_editors_in_the_project_is_current() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run `hvelv policy schema > policies.schema.json`"


def test_the_schema_knows_no_null_but_the_parent_of_the_root_and_no_default() -> None:
    found = [path for path, value in walked(schema()) if value == "null" or path[-1:] == ("default",)]
    assert found == [("$defs", "Record", "properties", "parent", "type", 1)]


def test_the_schema_requires_what_the_loader_requires() -> None:
    definitions = schema()["$defs"]
    assert definitions["Use"]["required"] == ["purpose", "to", "sees"]
    assert definitions["Retention"]["required"] == ["then", "stated_in_notice", "clauses"]
    assert set(definitions["Retention"]["properties"]) >= {"from", "with", "until"}
    assert all(not d["additionalProperties"] for d in definitions.values() if d["type"] == "object")
    assert set(schema()["required"]) == set(plain(SMALL))
