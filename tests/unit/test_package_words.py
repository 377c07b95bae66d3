"""What people read: everything the policy can show them has a name in Norwegian and in English, whole and unmangled."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from shipped_policy import shipped

from policies.model import FieldPolicy
from rights.package.parts import Language, What, file_of
from rights.package.shown import CHARACTERS, shown
from rights.package.words import Words, all_words
from vault.request import Value

NB, EN = Words(Language.NB), Words(Language.EN)
SECTIONS: dict[str, set[str]] = {
    "fields": {f.name for f in shipped().fields.values() if any(u.to == "self" for u in f.uses)},
    "purposes": {*shipped().purposes},
    "records": {*shipped().records},
    "sources": {f.source for f in shipped().fields.values() if any(u.to == "self" for u in f.uses)},
    "facts": {*shipped().facts},
    "roles": {*shipped().roles},
    "consents": {*shipped().consents},
    "holds": {*shipped().holds},
    "bases": {p.basis.value for p in shipped().purposes.values()},
    "kinds": {r.kind.value for r in shipped().recipients.values()},
    "choices": {choice for name in ("kind", "channel", "identity", "outcome")
                for choice in shipped().fields[f"rights_request.{name}"].choices},
}  # fmt: skip


@pytest.mark.clause("RGT-01")
@pytest.mark.parametrize("section", SECTIONS)
def test_every_name_a_person_may_meet_has_words_in_both_languages(section: str) -> None:
    words = all_words()[section]
    assert SECTIONS[section] - words.keys() == set()
    assert all(pair.keys() == {"nb", "en"} and all(pair.values()) for pair in words.values())


def test_no_text_is_mangled() -> None:
    text = json.dumps(all_words(), ensure_ascii=False)
    assert not {"Ã", "Â", "\ufffd", "&oslash;"} & set(text)
    assert {"æ", "ø", "å"} <= set(text)


def field(name: str) -> FieldPolicy:
    return shipped().fields[name]


@pytest.mark.parametrize(
    ("name", "value", "norwegian", "english"),
    [
        ("project.offer_amount_nok", 150_000, "150\u00a0000\u00a0kr", "150,000\u00a0kr"),
        ("loan.applied", True, "ja", "yes"),
        ("loan.applied", False, "nei", "no"),
        ("roof.fetched_on", "2024-02-29", "29. februar 2024", "29 February 2024"),
        ("mail.sent_at", "2024-03-31T01:30:00Z", "31. mars 2024 kl. 03.30", "31 March 2024 at 03:30"),
        ("rights_request.kind", "copy", "kopi", "copy"),
        ("plant.peak_power_w", 9_800, "9\u00a0800", "9,800"),
        ("person.consents", "[]", "ingen", "none"),
        ("person.restriction", "null", "ingen", "none"),
        ("person.restriction", '"2024-01-05T11:00:00+00:00"', "5. januar 2024 kl. 12.00", "5 January 2024 at 12:00"),
        ("person.objections", '{"newsletter":"2024-01-05T11:00:00+00:00"}',
         "Nyhetsbrev: 5. januar 2024 kl. 12.00", "Newsletter: 5 January 2024 at 12:00"),
        ("rights_request.notices", "[]", "ingen", "none"),
        ("project.contract_document", b"%PDF-" + b"x" * 3_000, "dokument, 2 kB, vedlagt i JSON-filen",
         "document, 2 kB, contained in the JSON file"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_its_reader_writes_it(name: str, value: Value, norwegian: str, english: str) -> None:
    assert shown(NB, field(name), value) == norwegian
    assert shown(EN, field(name), value) == english


def test_what_happened_is_shown_in_the_order_in_which_it_did() -> None:
    late, early = "2024-02-01T11:00:00+00:00", "2024-01-01T11:00:00+00:00"
    view = {"loan.closed": {"first": late, "last": late}, "loan.submitted": {"first": early, "last": early}}
    assert shown(NB, field("loan.journey"), json.dumps(view)).splitlines() == [
        "Lånesøknad sendt: 1. januar 2024 kl. 12.00", "Lånesøknad avsluttet: 1. februar 2024 kl. 12.00",
    ]  # fmt: skip


def test_a_consent_shows_when_it_was_given_and_when_it_ended() -> None:
    given, ended = "2024-01-01T11:00:00+00:00", "2024-02-01T11:00:00+00:00"
    view = [{"consent": "marketing", "given_at": given, "withdrawn_at": ended, "notice": "00"}]
    assert shown(EN, field("person.consents"), json.dumps(view)) == (
        "Tailored content and newsletter: 1 January 2024 at 12:00 – 1 February 2024 at 12:00"
    )


def test_a_notice_names_the_recipient_and_the_field() -> None:
    at = "2024-01-01T11:00:00+00:00"
    text = json.dumps([{"recipient": "grid_company", "field": "person.name", "first": at, "last": at}])
    assert shown(NB, field("rights_request.notices"), text) == "nettselskapet for målepunktet: Navn"


def test_a_long_text_is_cut_on_paper_only() -> None:
    assert len(shown(NB, field("message.text"), "å" * (CHARACTERS + 5))) == CHARACTERS + 2


def test_a_law_is_cited_in_the_language_of_its_reader() -> None:
    assert NB.law("GDPR Articles 12 and 15 to 22") == "personvernforordningen artikkel 12 og 15 til 22"
    assert EN.law("GDPR Article 17") == "GDPR Article 17"


def test_an_unknown_name_shows_itself() -> None:
    assert NB.of("fields", "moon.phase") == "moon.phase"


def test_a_file_is_called_after_nobody() -> None:
    day = date(2026, 11, 24)
    assert file_of(What.ACCESS, "pdf", Language.NB, day).name == "innsyn-2026-11-24.pdf"
    assert file_of(What.COPY, "csv", Language.EN, day).media_type.startswith("text/csv")


def test_an_instant_is_the_one_of_the_clocks_in_oslo() -> None:
    assert NB.instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2. juli 2026 kl. 00.30"
