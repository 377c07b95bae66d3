"""The record of processing activities (Article 30(1)), one activity a purpose, derived from the policy.

The columns are those Datatilsynet lists for a controller: purpose, categories of data subjects and of personal data,
categories of recipients, transfers to third countries with their ground, time limits for erasure, security measures;
the legal basis stands beside them. Source: datatilsynet.no, "Protokoll over behandlingsaktiviteter".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from outreach.processors import Entry, register
from policies.model import FieldPolicy, PolicySet, Purpose, RetentionRule

SUBJECTS: Final = {
    "shared": "customers and others who turn to the company",
    "solstrom": "people interested in solar power, and customers of Solstrøm",
    "nabostrom": "customers of Nabostrøm",
    "hub": "customers with a Hub",
    "outreach": "visitors of the site, readers of the newsletter and recipients of messages",
}
"""Whom the records of a product are about."""

CONTACTS: Final = "contact persons of companies"
COMPANIES: Final = "company_contract"

MEASURES: Final = (
    "sealed field by field (AES-256-GCM) under keys outside the databases",
    "opened only for a declared purpose and recipient, after the opening is on record",
    "staff prove a second factor",
    "TLS on every connection",
)
"""Article 32, for all data alike."""
SPECIAL_MEASURES: Final = "sensitive class: staff state a reason for every opening"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """To a country outside the EEA, and on what ground (chapter V)."""

    recipient: str
    country: str
    ground: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One row of the record: what is done for one purpose.

    `limits` are the retention rules of the data, by category; `categories` of the sensitive class are in `special` too.
    """

    purpose: str
    basis: str
    article: str
    substantiated_by: str
    subjects: tuple[str, ...]
    categories: tuple[str, ...]
    special: tuple[str, ...]
    fields: tuple[str, ...]
    recipients: tuple[Entry, ...]
    transfers: tuple[Transfer, ...]
    limits: tuple[RetentionRule, ...]
    measures: tuple[str, ...]
    clauses: tuple[str, ...]


def activities(policy: PolicySet) -> list[Activity]:
    """One activity for each purpose that some data are collected or used for, in the order of the policy."""
    entries = {entry.name: entry for entry in register(policy)}
    found = ((purpose, _fields(policy, purpose)) for purpose in policy.purposes.values())
    return [_activity(policy, purpose, fields, entries) for purpose, fields in found if fields]


def _fields(policy: PolicySet, purpose: Purpose) -> list[FieldPolicy]:
    return [
        field
        for field in policy.fields.values()
        if purpose.name in {use.purpose for use in field.uses} | {row.purpose for row in field.collect}
    ]


def _activity(
    policy: PolicySet, purpose: Purpose, fields: Sequence[FieldPolicy], entries: dict[str, Entry]
) -> Activity:
    categories = [policy.categories[name] for name in dict.fromkeys(field.category for field in fields)]
    special = tuple(category.name for category in categories if category.special)
    recipients = _recipients(purpose, fields, entries)
    rules = dict.fromkeys(rule for category in categories for rule in category.retention)
    return Activity(
        purpose=purpose.name,
        basis=purpose.basis.value,
        article=purpose.article,
        substantiated_by=purpose.consent or purpose.contract or purpose.law or purpose.balancing or "",
        subjects=_subjects(policy, fields),
        categories=tuple(category.name for category in categories),
        special=special,
        fields=tuple(field.name for field in fields),
        recipients=recipients,
        transfers=tuple(transfer for entry in recipients for transfer in _transfers(entry)),
        limits=tuple(policy.retention[name] for name in rules),
        measures=(*MEASURES, SPECIAL_MEASURES) if special else MEASURES,
        clauses=purpose.clauses,
    )


def _subjects(policy: PolicySet, fields: Sequence[FieldPolicy]) -> tuple[str, ...]:
    kinds = dict.fromkeys(field.record for field in fields)
    return tuple(
        dict.fromkeys(CONTACTS if kind == COMPANIES else SUBJECTS[policy.records[kind].product] for kind in kinds)
    )


def _recipients(purpose: Purpose, fields: Sequence[FieldPolicy], entries: dict[str, Entry]) -> tuple[Entry, ...]:
    """Those a use names, each followed by the sub-processors it works on."""
    named = dict.fromkeys(use.to for field in fields for use in field.uses if use.purpose == purpose.name)
    chains = [(name, *entries[name].sub_processors) for name in named if name in entries]
    return tuple(entries[name] for name in dict.fromkeys(name for chain in chains for name in chain))


def _transfers(entry: Entry) -> list[Transfer]:
    """A recipient with a ground has one because it, or some of what it keeps, is outside the EEA."""
    if entry.transfer == "none_needed":
        return []
    why = "" if entry.agreement is None else entry.agreement.abroad or ""
    return [Transfer(recipient=entry.name, country=entry.country, ground=entry.transfer, why=why)]
