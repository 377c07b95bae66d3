"""The record of processing and the register of recipients, for people, for spreadsheets and for scripts.

`md` is one document with both tables under the names Article 30 asks for; `csv` is one table in UTF-8 for spreadsheets;
`json` has stable English keys. Headings come in Norwegian (`nb`) or English; what stands in the cells is the policy's
own text.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, unique
from typing import Final

from hvelv.commands.policy_view import retention_text
from outreach.processing import Activity, activities
from outreach.processors import Entry, register
from policies.model import PolicySet

Cells = Mapping[str, Sequence[str]]
"""One row: column to its values; a cell may hold several."""


@unique
class Format(Enum):
    """What to print."""

    MD = "md"
    CSV = "csv"
    JSON = "json"


@unique
class Language(Enum):
    """In which language the headings are."""

    NB = "nb"
    EN = "en"


ACTIVITY: Final[Mapping[str, tuple[str, str]]] = {
    "purpose": ("Formål", "Purpose"),
    "basis": ("Behandlingsgrunnlag", "Legal basis"),
    "subjects": ("Kategorier av registrerte", "Categories of data subjects"),
    "categories": ("Kategorier av personopplysninger", "Categories of personal data"),
    "special": ("Herav særlig vernede", "Of these, sensitive class"),
    "recipients": ("Kategorier av mottakere", "Categories of recipients"),
    "transfers": ("Overføring til tredjestat og garantier", "Transfers to third countries and safeguards"),
    "limits": ("Tidsfrister for sletting", "Time limits for erasure"),
    "measures": ("Sikkerhetstiltak", "Security measures"),
    "clauses": ("Punkter i personvernerklæringen", "Clauses of the privacy notice"),
}
RECIPIENT: Final[Mapping[str, tuple[str, str]]] = {
    "recipient": ("Mottaker", "Recipient"),
    "kind": ("Rolle", "Role"),
    "country": ("Land", "Country"),
    "regions": ("Lagringssted", "Stored in"),
    "transfer": ("Overføringsgrunnlag", "Transfer basis"),
    "abroad": ("Begrunnelse for overføring", "Why it leaves the EEA"),
    "agreement": ("Avtaledato", "Date of agreement"),
    "sub_processors": ("Underdatabehandlere", "Sub-processors"),
    "requests": ("Innsyn og sletting", "Access and erasure"),
    "purposes": ("Formål", "Purposes"),
    "fields": ("Personopplysninger", "Personal data"),
    "clauses": ("Punkter i personvernerklæringen", "Clauses of the privacy notice"),
}
TITLES: Final = {
    "record": ("Protokoll over behandlingsaktiviteter (artikkel 30)", "Record of processing activities (Article 30)"),
    "register": ("Databehandlere og andre mottakere", "Processors and other recipients"),
    "controller": ("Behandlingsansvarlig", "Controller"),
    "officer": ("Personvernombud", "Data protection officer"),
    "authority": ("Tilsynsmyndighet", "Supervisory authority"),
    "version": ("Versjon", "Version"),
}


def records_text(policy: PolicySet, form: Format, language: Language) -> str:
    """The record of processing; `md` and `json` carry the register of recipients as well."""
    rows = [_activity(each) for each in activities(policy)]
    if form is Format.CSV:
        return _csv(rows, _headings(ACTIVITY, language))
    entries = [_recipient(each) for each in register(policy)]
    if form is Format.JSON:
        return _json({**_head(policy), "activities": rows, "recipients": entries})
    return "\n".join([
        *_titled(policy, language),
        *_md(rows, _headings(ACTIVITY, language)),
        "",
        f"## {_say('register', language)}",
        "",
        *_md(entries, _headings(RECIPIENT, language)),
    ])  # fmt: skip


def recipients_text(policy: PolicySet, form: Format, language: Language) -> str:
    """The register of processors and other recipients alone."""
    entries, headings = [_recipient(each) for each in register(policy)], _headings(RECIPIENT, language)
    printed: Mapping[Format, Callable[[], str]] = {
        Format.CSV: lambda: _csv(entries, headings),
        Format.JSON: lambda: _json({**_head(policy), "recipients": entries}),
        Format.MD: lambda: "\n".join([f"# {_say('register', language)}", "", *_md(entries, headings)]),
    }
    return printed[form]()


def _activity(found: Activity) -> Cells:
    return {
        "purpose": [found.purpose],
        "basis": [f"{found.article} {found.basis}: {found.substantiated_by}"],
        "subjects": found.subjects,
        "categories": found.categories,
        "special": found.special,
        "recipients": [entry.title for entry in found.recipients],
        "transfers": [f"{each.recipient}: {each.country}, {each.ground}; {each.why}" for each in found.transfers],
        "limits": [retention_text(rule) for rule in found.limits],
        "measures": found.measures,
        "clauses": found.clauses,
    }


def _recipient(found: Entry) -> Cells:
    agreed = found.agreement
    return {
        "recipient": [found.title],
        "kind": [found.kind],
        "country": [found.country],
        "regions": agreed.regions if agreed else [],
        "transfer": [found.transfer],
        "abroad": [agreed.abroad] if agreed and agreed.abroad else [],
        "agreement": [agreed.signed.isoformat()] if agreed else [],
        "sub_processors": found.sub_processors,
        "requests": [agreed.requests.value] if agreed else [],
        "purposes": found.purposes,
        "fields": found.fields,
        "clauses": found.clauses,
    }


def _head(policy: PolicySet) -> dict[str, object]:
    who = policy.controller
    return {
        "version": policy.version.isoformat(),
        "digest": policy.digest.hex(),
        "controller": {"name": who.name, "contact": who.contact},
        "data_protection_officer": who.data_protection_officer,
        "supervisory_authority": who.supervisory_authority,
    }


def _titled(policy: PolicySet, language: Language) -> list[str]:
    who = policy.controller
    said = {
        "controller": f"{who.name}, {who.contact}",
        "officer": who.data_protection_officer,
        "authority": who.supervisory_authority,
        "version": f"{policy.version.isoformat()}, sha-256 {policy.digest.hex()}",
    }
    lines = [f"* {_say(name, language)}: {text}" for name, text in said.items()]
    return [f"# {_say('record', language)}", "", *lines, ""]


def _say(name: str, language: Language) -> str:
    return TITLES[name][language is Language.EN]


def _headings(columns: Mapping[str, tuple[str, str]], language: Language) -> dict[str, str]:
    return {name: texts[language is Language.EN] for name, texts in columns.items()}


def _md(rows: Sequence[Cells], headings: Mapping[str, str]) -> list[str]:
    lines = [[*headings.values()], ["---"] * len(headings)]
    lines += [["<br>".join(row[name]).replace("|", "\\|") for name in headings] for row in rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _csv(rows: Sequence[Cells], headings: Mapping[str, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings.values())
    writer.writerows(["; ".join(row[name]) for name in headings] for row in rows)
    return text.getvalue().removesuffix("\r\n")


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
