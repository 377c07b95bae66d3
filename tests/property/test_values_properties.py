"""What holds of every input whatever: reading never raises, never quotes, and reading twice is reading once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.no import orgnr

from policies.model import FieldType
from policies.values import BadValue, NationalIds, Raw, ValueRules, index_form, parse

CHOICES = ("paid_out", "aborted", "rejected")
EVERY_RULE = frozenset({
    "a control character", "a number of a synthetic person", "check digit does not fit", "check digits do not fit",
    "empty", "larger than 1 MiB", "neither eight digits nor a number with `+` or `00`", "neither true nor false",
    "never given, only computed or measured", "no letter", "no such date", "no such instant",
    "no such telephone number", "not 8 to 63 printable ASCII characters", "not a Norwegian metering point",
    "not a PDF document", "not a county of Norway", "not a date `YYYY-MM-DD`", "not a domain after the `@`",
    "not a local part before the `@`", "not a number of a synthetic person", "not a whole number",
    "not an instant with an offset from UTC", "not bytes", "not eighteen digits", "not eleven digits",
    "not exactly one `@`", "not nine digits", "not one of the choices", "not text", "not within 0 and 1000000000",
    "not within 0 and 1000000000000", "not within 0 and 1000000000000000", "not within 0 and 360",
    "not within 0 and 90", "not within 1 and 100000", "not within 1 and 100000000",
    "not within -9223372036854775808 and 9223372036854775807", "too long",
})  # fmt: skip

RULES = st.builds(ValueRules, st.sampled_from(NationalIds), st.dates(min_value=date(1, 1, 1)))
KINDS = st.sampled_from(FieldType)
SHAPED = st.one_of(
    st.from_regex(r"[0-9 +().-]{1,20}", fullmatch=True),
    st.from_regex(r"(\+|00)[1-9][0-9]{6,15}", fullmatch=True),
    st.from_regex(r"[!-~æøåÆØÅßς]{1,20}@([a-zA-ZæøåßéΣ0-9-]{1,12}\.){1,3}[a-zA-Zæøå]{2,6}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?",
                  fullmatch=True),
    st.from_regex(r"[0-7][0-9][0189][0-9][0-9]{7}", fullmatch=True),
    st.from_regex(r"7070575[0-9]{11}", fullmatch=True),
    st.sampled_from(["oslo", "TROMS", "Trøndelag", "paid_out"]),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.emails(),
)  # fmt: skip
RAW: st.SearchStrategy[Raw] = st.one_of(
    SHAPED,
    st.text(),
    st.text(st.characters(categories=["M", "Z", "C", "L"]), min_size=1, max_size=12),
    st.text(st.characters(categories=["Cs", "Cf", "Cc"]), min_size=1, max_size=4),
    st.booleans(),
    st.integers(),
    st.integers(-1, 400),
    st.binary(),
    st.binary().map(lambda tail: b"%PDF-" + tail),
)


@given(kind=KINDS, raw=RAW, rules=RULES)
@example(kind=FieldType.EMAIL, raw="kari@xn--a.no", rules=ValueRules(NationalIds.REAL, date(2026, 1, 1)))
@example(kind=FieldType.EMAIL, raw="kari@ⅷ。no", rules=ValueRules(NationalIds.REAL, date(2026, 1, 1)))
@example(kind=FieldType.TEXT, raw="\u2001\u0301x", rules=ValueRules(NationalIds.REAL, date(2026, 1, 1)))
def test_reading_never_raises_never_quotes_and_twice_is_once(kind: FieldType, raw: Raw, rules: ValueRules) -> None:
    value = parse(kind, raw, rules, CHOICES)
    if isinstance(value, BadValue):
        assert value.rule in EVERY_RULE
    else:
        again = parse(kind, value, rules, CHOICES)
        assert (type(again), again) == (type(value), value)


@given(raw=st.from_regex(r"[0-9]{9}", fullmatch=True) | st.text(max_size=10))
def test_organisation_numbers_are_those_of_an_independent_library(raw: str) -> None:
    by_us = parse(FieldType.ORGANISATION_NUMBER, raw, ValueRules(NationalIds.REAL, date(2026, 1, 1)))
    by_them = raw.isascii() and raw.isdigit() and bool(orgnr.is_valid(raw))
    assert (by_us == raw) is by_them


@given(eight=st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_one_digit_at_most_completes_an_organisation_number(eight: str) -> None:
    rules = ValueRules(NationalIds.REAL, date(2026, 1, 1))
    kept = [
        digit for digit in "0123456789" if parse(FieldType.ORGANISATION_NUMBER, eight + digit, rules) == eight + digit
    ]
    assert len(kept) <= 1
    assert kept == [digit for digit in "0123456789" if orgnr.is_valid(eight + digit)]


@pytest.mark.parametrize("kind", [FieldType.EMAIL, FieldType.PHONE, FieldType.METERING_POINT, FieldType.TEXT])
@given(raw=SHAPED | st.text(), rules=RULES)
def test_the_form_of_the_index_is_the_same_before_and_after_reading(
    kind: FieldType, raw: str, rules: ValueRules
) -> None:
    form = index_form(kind, raw)
    value = parse(kind, raw, rules)
    if isinstance(value, str) and kind is not FieldType.TEXT:
        assert index_form(kind, value) == form
    assert index_form(kind, form) == form
