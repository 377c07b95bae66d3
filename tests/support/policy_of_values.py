"""A small policy made of values; nothing is read from a file.

It has two products and one of each kind of role, basis, rule and hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, TypeVar

from policy_builder import DIGEST, category, days, fact, field_policy, months, purpose, recipient, role, rule, years

from policies import model
from policies.model import Basis, FieldType, Reach, RoleKind

ROLES = (
    role("self", RoleKind.SUBJECT),
    role("visitor", RoleKind.VISITOR),
    role("advisor", RoleKind.STAFF, second_factor=True),
    role("sales_lead", RoleKind.STAFF),
    role("customer_service", RoleKind.STAFF),
    role("dpo", RoleKind.OFFICER, second_factor=True),
    role("bank", RoleKind.PARTNER, "bank"),
    role("installer", RoleKind.PARTNER, "installer"),
    role("newsletter", RoleKind.SERVICE),
    role("disclosure", RoleKind.SERVICE),
    role("solar_engine", RoleKind.SERVICE),
)
RECORDS = (
    model.RecordKind("person", "shared", None, ()),
    model.RecordKind("project", "solstrom", "person", ()),
    model.RecordKind("roof", "solstrom", "project", ()),
    model.RecordKind("loan", "solstrom", "project", ()),
)
FACTS = (
    fact("newsletter.opted_in", "person", ("self",)),
    fact("newsletter.unsubscribed", "person", ("self",)),
    fact("calculation.requested", "project", ("visitor", "self")),
    fact("lead.active", "project", ("visitor", "self", "customer_service")),
    fact("offer.requested", "project", ("self",), ("calculation.requested",)),
    fact("offer.declined", "project", ("self",), ("offer.requested",)),
    fact("contract.signed", "project", ("customer_service", "advisor"), ("offer.requested", "not offer.declined")),
    fact("contract.ended", "project", ("customer_service",), ("contract.signed",)),
    fact("design.completed", "project", assigns=model.Assigns("installer", "installation")),
    fact("pv.installed", "project", ("customer_service", "installer")),
    fact("hub.installed", "project", ("customer_service",)),
    fact("project.closed", "project", ("customer_service",)),
    fact("fiscal_year.end", "project", ("disclosure",)),
    fact("loan.submitted", "loan", ("self",), ("contract.signed",), model.Assigns("bank", "loan_application")),
    fact("loan.closed", "loan", ("self", "bank"), ("loan.submitted",)),
    fact("message.sent", "person", ("newsletter",)),
)
CONSENTS = (
    model.ConsentRule("calculation", ("roof_calculation", "send_calculation"), (1, 2), ()),
    model.ConsentRule("marketing", ("newsletter", "marketing"), (2,), ()),
)
STATES = (
    model.StateRule("order.solstrom", "offer.requested", ("offer.declined", "contract.ended")),
    model.StateRule("contract.solstrom", "contract.signed", ("contract.ended",)),
    model.StateRule("application.loan", "loan.submitted", ("loan.closed",)),
)
PURPOSES = (
    purpose("self_service", Basis.LEGAL_OBLIGATION, {"self": Reach.SELF}),
    purpose(
        "roof_calculation", Basis.CONSENT, {"self": Reach.SELF, "solar_engine": Reach.POPULATION}, needs="calculation"
    ),
    purpose("send_calculation", Basis.CONSENT, {"disclosure": Reach.POPULATION}, needs="calculation"),
    purpose("newsletter", Basis.CONSENT, {"newsletter": Reach.POPULATION}, needs="marketing"),
    purpose(
        "marketing",
        Basis.CONSENT,
        {"newsletter": Reach.POPULATION},
        needs="marketing",
        objection=model.Objection.ABSOLUTE,
    ),
    purpose(
        "offer",
        Basis.CONTRACT,
        {"advisor": Reach.ASSIGNED},
        needs="order.solstrom",
        assigned_by=("sales_lead",),
        reason=True,
        while_=("offer.requested",),
    ),
    purpose(
        "customer_service", Basis.CONTRACT, {"customer_service": Reach.POPULATION}, needs="order.solstrom", reason=True
    ),
    purpose(
        "installation",
        Basis.CONTRACT,
        {"installer": Reach.ASSIGNED, "disclosure": Reach.POPULATION},
        needs="contract.solstrom",
        while_=("design.completed", "not project.closed"),
    ),
    purpose(
        "loan_application",
        Basis.CONTRACT,
        {"bank": Reach.ASSIGNED},
        needs="application.loan",
        while_=("loan.submitted", "not loan.closed"),
    ),
    purpose(
        "model_improvement",
        Basis.LEGITIMATE_INTEREST,
        {"solar_engine": Reach.POPULATION},
        objection=model.Objection.HONOURED,
    ),
    purpose(
        "claims", Basis.LEGAL_OBLIGATION, {"dpo": Reach.POPULATION, "sales_lead": Reach.POPULATION}, despite="18(2)"
    ),
)
RECIPIENTS = (
    recipient("bank"),
    recipient("installer"),
    recipient("old_bank", until=date(2024, 1, 16)),
    recipient("new_bank", date(2030, 1, 1)),
)
RETENTION = (
    rule(
        "solstrom_lead",
        "lead.active",
        keep=months(24),
        applies_after="calculation.requested",
        also_on=("calculation",),
        unless=("contract.solstrom",),
    ),
    rule(
        "solstrom_customer",
        "pv.installed",
        keep=years(20),
        applies_after="contract.signed",
        unless=("contract.solstrom", "consent"),
    ),
    rule("hub", "pv.installed", "hub.installed", keep=years(20), applies_after="hub.installed"),
    rule("loan", "loan.closed", keep=days(0)),
    rule("building", with_person=True, then=model.Sequel.DETACH),
    rule("suppression", until="newsletter.opted_in", applies_after="newsletter.unsubscribed"),
    rule("mail", "message.sent", keep=days(14), applies_after="message.sent"),
)
HOLDS = (
    model.HoldRule("bookkeeping", "bokføringsloven § 13", ("invoice",), "fiscal_year.end", years(5), ()),
    model.HoldRule("legal_claim", "GDPR art. 17(3)(e)", ("contact", "contract"), None, None, ()),
)
CATEGORIES = (
    category("contact", 1, "solstrom_lead", "solstrom_customer"),
    category("contract", 2, "solstrom_customer"),
    category("loan", 3, "loan"),
    category("building", 4, "building"),
    category("suppression", 5, "suppression"),
    category("mail", 6, "mail"),
    category("invoice", 7, "solstrom_customer"),
    category("standing", 8, computed=True),
    category("hub", 9, "hub"),
)
FIELDS = (
    field_policy(
        "person.email",
        "contact",
        FieldType.EMAIL,
        collect=(("visitor", "send_calculation", ()), ("self", "send_calculation", ())),
        uses=(
            ("self_service", "self"),
            ("newsletter", "newsletter"),
            ("marketing", "newsletter"),
            ("send_calculation", "disclosure"),
            ("claims", "dpo"),
            ("claims", "sales_lead"),
        ),
    ),
    field_policy(
        "person.phone",
        "contact",
        FieldType.PHONE,
        collect=(("self", "offer", ("offer.requested",)), ("advisor", "offer", ("offer.requested",))),
        uses=(
            ("self_service", "self"),
            ("offer", "advisor"),
            ("customer_service", "customer_service"),
            ("installation", "installer"),
            ("installation", "old_bank"),
            ("installation", "new_bank"),
        ),
    ),
    field_policy("person.consents", "standing", FieldType.STANDING, uses=(("self_service", "self"),)),
    field_policy("person.suppressed", "suppression", FieldType.BOOLEAN, uses=(("newsletter", "newsletter"),)),
    field_policy("person.mail_sent", "mail", FieldType.INSTANT, uses=(("self_service", "self"),)),
    field_policy(
        "project.contract_document",
        "contract",
        FieldType.DOCUMENT,
        collect=(
            ("customer_service", "customer_service", ("contract.signed", "not contract.ended")),
            ("installer", "installation", ()),
        ),
        uses=(("self_service", "self"), ("customer_service", "customer_service"), ("claims", "dpo")),
    ),
    field_policy("project.invoice", "invoice", FieldType.DOCUMENT, uses=(("self_service", "self"), ("claims", "dpo"))),
    field_policy("project.hub", "hub", FieldType.TEXT, uses=(("self_service", "self"),)),
    field_policy(
        "roof.azimuth_deg",
        "building",
        FieldType.AZIMUTH_DEG,
        collect=(("solar_engine", "roof_calculation", ()), ("solar_engine", "model_improvement", ())),
        uses=(("roof_calculation", "solar_engine"), ("model_improvement", "solar_engine"), ("self_service", "self")),
    ),
    field_policy(
        "loan.national_id",
        "loan",
        FieldType.NATIONAL_ID,
        collect=(("self", "loan_application", ()),),
        uses=(("loan_application", "bank"), ("self_service", "self")),
    ),
)


class Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def by_name(entries: Iterable[N]) -> dict[str, N]:
    return {entry.name: entry for entry in entries}


def small_policy() -> model.PolicySet:
    return model.PolicySet(
        version=date(2018, 5, 28),
        digest=DIGEST,
        controller=model.Controller("Hvelv", "post", "dpo", "authority"),
        roles=by_name(ROLES),
        records=by_name(RECORDS),
        facts=by_name(FACTS),
        consents=by_name(CONSENTS),
        states=by_name(STATES),
        purposes=by_name(PURPOSES),
        recipients=by_name(RECIPIENTS),
        retention=by_name(RETENTION),
        holds=by_name(HOLDS),
        categories=by_name(CATEGORIES),
        fields=by_name(FIELDS),
    )


POLICY = small_policy()


def changed(**sections: Iterable[Named]) -> model.PolicySet:
    """The small policy with these entries added to its sections, or put in the place of those of their names."""
    merged: dict[str, Any] = {name: {**getattr(POLICY, name), **by_name(found)} for name, found in sections.items()}
    return replace(POLICY, **merged)
