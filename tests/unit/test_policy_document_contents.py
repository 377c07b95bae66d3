"""Keys of retention rules, holds, categories and fields that go together or exclude each other."""

from __future__ import annotations

import pytest
from small_policy import refuses

NATIONAL_ID = "      - { purpose: offer, to: advisor, sees: presence }\n    index: none\n"


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        (
            "  building:  { with: person, then",
            "  «building:  { then",
            "retention.building: say either `from` and `keep`, or `with`, or `until`",
        ),
        (
            "  joined:    { until: newsletter.joined,",
            "  «joined:    { until: newsletter.joined, with: person,",
            "retention.joined: say either `from` and `keep`, or `with`, or `until`",
        ),
        (
            "  loan:      { from: loan.closed, keep: P0D,",
            "  «loan:      { from: loan.closed, keep: P0D, until: loan.closed,",
            "retention.loan: say either `from` and `keep`, or `with`, or `until`",
        ),
        (
            "  loan:      { from: loan.closed, keep: P0D,",
            "  «loan:      { from: loan.closed,",
            "retention.loan: add the key `keep`",
        ),
        (
            "  loan:      { from: loan.closed, keep: P0D,",
            "  «loan:      { keep: P0D,",
            "retention.loan: add the key `from`",
        ),
        (
            "keep: P0D,",
            "keep: P0D, «unless: [contract.solstrom],",
            "retention.loan.unless: remove `unless`, `P0D` keeps nothing",
        ),
        (
            "  legal_claim: { law: GDPR Article 17(3)(e),",
            "  «legal_claim: { law: GDPR Article 17(3)(e), keep: P1Y,",
            "holds.legal_claim: add the key `from`, or remove the other for an explicit hold",
        ),
        (
            "  bookkeeping: { law: bokføringsloven § 13, categories: [case], from: year.ended, keep: P5Y,",
            "  «bookkeeping: { law: bokføringsloven § 13, categories: [case], from: year.ended,",
            "holds.bookkeeping: add the key `keep`, or remove the other for an explicit hold",
        ),
        (
            "categories: [case, loan]",
            "categories: [case, «views]",
            "holds.legal_claim.categories[1]: remove `views`, nothing of a computed category is stored",
        ),
        (
            "number: 7,",
            "number: «3,",
            "categories.views.number: choose another number, `building` has `3`",
        ),
        (
            "number: 7, retention: []",
            "number: 7, retention: «[lead]",
            "categories.views.retention: write `[]`, nothing of a computed category is stored",
        ),
        (
            "number: 3, retention: [building]",
            "number: 3, retention: «[]",
            "categories.building.retention: name at least one retention rule",
        ),
        (
            "  project.state:\n    category: case\n    type: choice\n    choices: [open, closed]\n",
            "  «project.state:\n    category: case\n    type: choice\n",
            "fields.project.state: add the key `choices`, the type is `choice`",
        ),
        (
            "type: boolean\n",
            "type: boolean\n    «choices: [yes, no]\n",
            "fields.person.unsubscribed.choices: remove `choices`, the type is `boolean`",
        ),
        (
            NATIONAL_ID,
            NATIONAL_ID.replace("none", "«exact"),
            "fields.loan.national_id.index: write `none`, a national id is never looked up",
        ),
        (
            "index: none\n    clauses: [HUB-05]",
            "index: «exact\n    clauses: [HUB-05]",
            "fields.hub.wifi_password.index: write `none`, a value of type `secret` is not looked up",
        ),
        (
            "      - { purpose: claims, to: sales_lead, sees: plain }\n",
            (
                "      - { purpose: claims, to: sales_lead, sees: plain }\n"
                "      - «{ purpose: offer, to: advisor, sees: presence }\n"
            ),
            "fields.person.email.uses[5]: remove the second row for purpose `offer` to `advisor`",
        ),
        (
            "uses: [ { purpose: self_service, to: self, sees: presence } ]",
            "uses: [ { purpose: self_service, to: self, sees: «plain } ]",
            "fields.hub.wifi_password.uses[0].sees: write `presence`, a secret is never shown",
        ),
        (
            "{ by: self, purpose: loan_application, when",
            "{ by: «bank, purpose: loan_application, when",
            (
                "fields.loan.national_id.collect[0].by: "
                "remove the row, or name `bank` as the `source`: a partner gives what is its own"
            ),
        ),
        (
            "type: standing",
            "type: «text",
            "fields.person.consents.type: write `standing`, the category `views` is computed",
        ),
        (
            "type: boolean",
            "type: «standing",
            "fields.person.unsubscribed.type: choose another type, the category `suppression` is not computed",
        ),
        (
            "collect: []",
            "collect: «[ { by: self, purpose: newsletter, when: [] } ]",
            "fields.person.consents.collect: write `[]`, the category `views` is computed",
        ),
        (
            "collect: [ { by: solar_engine, purpose: roof_calculation, when: [] } ]",
            "collect: «[]",
            "fields.roof.tilt_deg.collect: add a row, a field nobody gives is always empty",
        ),
        (
            "collect: []",
            "«required_for: contract.signed\n    collect: []",
            "fields.person.consents.required_for: remove `required_for`, a computed field is never given",
        ),
        (
            "number: 3, retention: [building], instance: record, special: false",
            "number: 3, retention: [building], instance: record, special: true",
            (
                "fields.roof.tilt_deg.uses[1].purpose: "
                "add `reason: required` to `improvement`, it opens special contents to `advisor`"
            ),
        ),
    ],
)
def test_keys_that_do_not_go_together_are_refused(old: str, new: str, saying: str) -> None:
    if saying.startswith("fields.roof.tilt_deg.uses"):
        refuses((old, new), ("{ purpose: improvement, to", "{ purpose: «improvement, to"), saying=saying)
    else:
        refuses((old, new), saying=saying)
