"""A template says what the policy lets its channel say, in both languages, and nothing it did not declare."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from shipped_policy import shipped

from outreach.errors import MessageRefused, TemplateRefused
from outreach.limits import check, check_number
from outreach.templates import Channel, Language, Plain, Rendered, Template, Templates, Value, Wording
from outreach.wording import ALL, DOCUMENT_WAITING, INSTALLATION_CHANGED, NOTICED, OFFER_READY
from policies.model import FieldType

LINK = "https://otovo.no/me"


def templates() -> Templates:
    return Templates(shipped(), ALL)


def said(name: str, language: Language, **values: Value) -> Rendered:
    made = templates()
    return made.rendered(name, language, made.written(name, language, values))


def changed(template: Template, **variables: str | Plain) -> Template:
    words = " ".join(f"{{{{ {name} }}}}" for name in variables)
    wordings = {language: Wording(subject="", text=words) for language in Language}
    return replace(template, variables=variables, wordings=wordings)


def test_every_template_of_the_house_fits_the_policy_in_both_languages() -> None:
    assert len({template.name for template in ALL}) == len(ALL)
    assert templates().named("offer_ready") is OFFER_READY
    with pytest.raises(TemplateRefused):
        templates().named("nothing")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (changed(INSTALLATION_CHANGED, x="project.detials"), "unknown field `project.detials`"),
        (changed(INSTALLATION_CHANGED, x="loan.national_id"), "sensitive class"),
        (changed(INSTALLATION_CHANGED, x="consumption.hourly"), "unknown field"),
        (changed(DOCUMENT_WAITING, x="project.offer_amount_nok"), "leaves in no SMS"),
        (changed(ALL[-1], x="loan.result"), "does not let `slack` have `loan.result`"),
        (changed(ALL[-1], x="project.offer_amount_nok"), "does not let `slack`"),
        (replace(INSTALLATION_CHANGED, purpose="advertising"), "unknown purpose"),
        (replace(INSTALLATION_CHANGED, wordings={Language.NB: Wording(subject="", text="")}), "write it in `en`"),
        (replace(INSTALLATION_CHANGED, variables={"link": Plain.LINK}), "undeclared variable `details`"),
        (
            replace(INSTALLATION_CHANGED, variables={**INSTALLATION_CHANGED.variables, "name": "person.name"}),
            "`name` is declared and not used",
        ),
        (
            replace(changed(INSTALLATION_CHANGED), wordings=dict.fromkeys(Language, Wording(subject="", text="{{ x"))),
            "does not parse",
        ),
    ],
)
def test_a_template_that_does_not_fit_is_refused_at_the_start(template: Template, told: str) -> None:
    with pytest.raises(TemplateRefused, match=template.name) as refused:
        Templates(shipped(), [template])
    assert told in str(refused.value)


@pytest.mark.clause("INT-03")
def test_a_notice_may_name_at_most_name_address_and_contact() -> None:
    allowed: list[str] = []
    for name in shipped().fields:
        try:
            Templates(shipped(), [changed(ALL[-1], x=name)])
        except TemplateRefused:
            continue
        allowed.append(name)
    contact = {FieldType.NAME, FieldType.PHONE, FieldType.EMAIL, FieldType.ADDRESS}
    assert {shipped().fields[name].type for name in allowed} == contact
    assert {"person.name", "person.phone", "person.email", "project.address"} <= set(allowed)


@pytest.mark.clause("INT-02")
def test_the_events_colleagues_are_told_of_are_facts_of_the_policy_and_none_is_about_a_loan() -> None:
    assert shipped().facts.keys() >= NOTICED
    assert not [name for name in NOTICED if "loan" in name or "financing" in name]


def test_amounts_are_written_as_the_reader_writes_them() -> None:
    norwegian = said("offer_ready", Language.NB, amount=149_000, link=LINK)
    assert "149\u00a0000,00\u00a0kr" in norwegian.text.replace("\u202f", "\u00a0")
    assert norwegian.subject == "Tilbudet ditt er klart"
    english = said("offer_ready", Language.EN, amount=149_000, link=LINK)
    assert "149,000.00" in english.text


def test_dates_and_instants_are_written_in_the_language_and_in_oslo() -> None:
    dated = changed(INSTALLATION_CHANGED, day="roof.fetched_on", at="message.sent_at")
    made = Templates(shipped(), [dated])
    values: dict[str, Value] = {"day": date(2026, 5, 3), "at": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)}
    assert made.written(dated.name, Language.NB, values) == {"day": "3. mai 2026", "at": "2. juli 2026 kl. 00:30"}
    assert made.written(dated.name, Language.EN, values) == {"day": "3 May 2026", "at": "2 July 2026 at 00:30"}


@pytest.mark.parametrize(
    "values",
    [
        {"amount": 1},
        {"amount": 1, "link": LINK, "more": "x"},
        {"amount": "mye", "link": LINK},
        {"amount": 1, "link": 2},
    ],
)
def test_a_missing_a_further_or_a_wrong_value_is_refused_and_not_quoted(values: dict[str, Value]) -> None:
    with pytest.raises(MessageRefused) as refused:
        templates().written("offer_ready", Language.NB, values)
    assert str(refused.value) in {"variables", "type"}


def test_what_is_in_a_value_is_never_read_as_a_template() -> None:
    text = said("installation_changed", Language.NB, details="{{ link }} {% raw %} Kåre & Ærlend", link=LINK).text
    assert "{{ link }} {% raw %} Kåre & Ærlend" in text


@pytest.mark.clause("SMS-01")
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("nummeret ditt er 15898695088", "national_id_or_account"),
        ("150869 50889", "national_id_or_account"),
        ("konto 1234.56.78903", "national_id_or_account"),
        ("måler 707057500000000017", "metering_point"),
        ("kort 4111 1111 1111 1111", "card"),
        ("NO93 8601 1117 947", "iban"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("x" * 460, "length"),
    ],
)
def test_an_sms_with_a_national_id_or_bank_data_is_refused_by_its_rule(text: str, rule: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        check(Channel.SMS, Rendered("", text))
    assert refused.value.rule == rule


def test_an_sms_of_an_ordinary_text_passes() -> None:
    check(
        Channel.SMS,
        Rendered("", "Et dokument venter på deg: https://otovo.no/d/8f3a. Montering 3. mai kl. 08:00-16:00"),
    )


@pytest.mark.clause("SMS-01")
def test_an_sms_goes_to_a_norwegian_mobile_or_on_purpose_abroad() -> None:
    check_number("+4799999999", foreign=False)
    check_number("+46701740605", foreign=True)
    for number, foreign in (("+46701740605", False), ("+4722222222", False), ("+4722222222", True)):
        with pytest.raises(MessageRefused, match="number"):
            check_number(number, foreign=foreign)
