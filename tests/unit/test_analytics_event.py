"""An event says what the vocabulary has, cut down to what names nobody; anything else is dropped by a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.analytics.arrival import SILENT, device, nearest, preferences, truncated
from outreach.analytics.event import LONGEST, Dropped, Event, read
from outreach.analytics.vocabulary import QUESTIONS, ROUTES, TOWNS
from outreach.scanner import finding


def event(**changed: Any) -> Event | Dropped:
    whole = {"purposes": ["analytics"], "name": "page_viewed", "url": "https://otovo.no/calc", **changed}
    return read(json.dumps({k: v for k, v in whole.items() if v is not ...}).encode())


def kept(**changed: Any) -> Event:
    found = event(**changed)
    assert isinstance(found, Event), found
    return found


@pytest.mark.clause("CKE-08")
@pytest.mark.parametrize(
    ("url", "route"),
    [
        ("/calc/8f3a?email=x", "/calc/:id"),
        ("https://otovo.no/", "/"),
        ("https://otovo.no", "/"),
        ("https://otovo.no/faq/", "/faq"),
        ("https://otovo.no/faq/hva-koster-det?x=1#kari", "/faq/:question"),
        ("https://otovo.no/towns/moss", "/towns/:town"),
        ("https://otovo.no/kari/nordmann", "/:other"),
        ("https://otovo.no/calc/a/b", "/:other"),
        ("javascript:kari", "/:other"),
    ],
)
def test_of_a_url_the_route_template_is_kept(url: str, route: str) -> None:
    assert kept(url=url).route == route


@pytest.mark.clause("CKE-10")
@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://m.facebook.com/x?fbclid=IwAR0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV", "m.facebook.com"),
        ("https://www.google.no:443/search?q=kari", "www.google.no"),
        ("", ""),
    ],
)
def test_of_a_referrer_the_host_is_kept(referrer: str, host: str) -> None:
    assert kept(referrer=referrer).referrer_host == host


@pytest.mark.clause("CKE-09", "CKE-16")
@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"note": "Kari"}, "vocabulary"),
        ({"title": "Kari Nordmann"}, "vocabulary"),
        ({"user_id": 7}, "vocabulary"),
        ({"idfa": "x"}, "vocabulary"),
        ({"name": "kari_clicked"}, "event"),
        ({"name": ...}, "event"),
        ({"purposes": ...}, "purpose"),
        ({"purposes": []}, "purpose"),
        ({"purposes": ["profiling"]}, "purpose"),
        ({"purposes": [["analytics"]]}, "purpose"),
        ({"purposes": "analytics"}, "purpose"),
        ({"name": "faq_opened"}, "faq"),
        ({"name": "faq_opened", "faq": "what does Kari pay"}, "faq"),
        ({"faq": "who_installs"}, "faq"),
        ({"url": 7}, "url"),
        ({"url": "https://[kari"}, "url"),
        ({"referrer": "android-app://no.kari"}, "referrer"),
        ({"referrer": "kari"}, "referrer"),
        ({"referrer": {"host": "x.no"}}, "referrer"),
    ],
)
def test_what_the_vocabulary_does_not_have_drops_the_event_by_its_rule(changed: dict[str, Any], rule: str) -> None:
    assert event(**changed) == Dropped(rule)


@pytest.mark.clause("CKE-11")
@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"lat": 59.9, "lon": 10.7}, "vocabulary"),
        ({"postcode": "0150"}, "vocabulary"),
        ({"city": "0150 Oslo"}, "city"),
        ({"city": "Karl Johans gate 1"}, "city"),
        ({"city": "Kari Nordmann"}, "city"),
        ({"city": ["Oslo"]}, "city"),
    ],
)
def test_a_place_is_a_town_and_never_nearer(changed: dict[str, Any], rule: str) -> None:
    assert kept(city="Oslo").city == "Oslo"
    assert event(**changed) == Dropped(rule)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff", b'"x"', b"[" * 4000])
def test_what_is_no_object_is_dropped(body: bytes) -> None:
    assert read(body) == Dropped("syntax")


def test_an_event_of_a_megabyte_is_dropped_unread() -> None:
    assert read(b"x" * 1_000_000) == Dropped("size")
    assert event(city="x" * LONGEST) == Dropped("size")


def test_which_question_was_opened_is_part_of_the_name() -> None:
    assert kept(name="faq_opened", faq="who_installs").event_name == "faq_opened_who_installs"


def test_nothing_of_the_vocabulary_itself_looks_like_a_person() -> None:
    assert [text for text in (*ROUTES, *TOWNS, *QUESTIONS) if finding(text)] == []


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40) | st.integers() | st.none(), max_size=5))
def test_whatever_is_sent_only_words_of_the_vocabulary_come_out(extra: dict[str, Any]) -> None:
    found = event(**extra)
    if isinstance(found, Event):
        assert found.route in {*ROUTES, "/:other"}
        assert found.city in TOWNS | {""}


@pytest.mark.clause("CKE-13")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::FFFF:CB00:714D", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("kari", "0.0.0.0"),  # noqa: S104  (an address that names nobody)
        ("", "0.0.0.0"),  # noqa: S104  (an address that names nobody)
    ],
)
def test_an_address_loses_its_last_octet_or_its_last_eighty_bits(address: str, expected: str) -> None:
    assert truncated(address) == expected


@given(st.ip_addresses(v=6))
def test_no_more_than_forty_eight_bits_of_an_ipv6_address_are_kept(address: Any) -> None:
    assert truncated(str(address)).endswith("::") or address.ipv4_mapped is not None


def test_a_forwarded_address_is_believed_only_from_our_own_proxies() -> None:
    assert nearest("10.0.0.1", "1.2.3.4, 203.0.113.77", proxies=1) == "203.0.113.77"
    assert nearest("10.0.0.1", "1.2.3.4, 203.0.113.77, 10.0.0.9", proxies=2) == "203.0.113.77"
    assert nearest("203.0.113.77", "1.2.3.4", proxies=0) == "203.0.113.77"
    assert nearest("203.0.113.77", "", proxies=1) == "203.0.113.77"


@pytest.mark.clause("CKE-12")
@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Safari/604.1", "mobile, iOS"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)", "tablet, iOS"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari", "mobile, Android"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X700) Safari", "tablet, Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "desktop, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "desktop, Linux"),
        ("kari@example.no", "desktop, other"),
    ],
)
def test_a_user_agent_becomes_a_class_and_a_family(agent: str, shown: str) -> None:
    assert str(device(agent)) == shown


@pytest.mark.clause("CKE-01", "CKE-17")
@pytest.mark.parametrize(
    "cookie", [None, "", "yes", "analytics-yes", "analytics-maybe.targeting-no", "analytics-yes.targeting-yes.x"]
)
def test_nothing_but_a_whole_answer_is_a_consent(cookie: str | None) -> None:
    assert preferences(cookie, {}) == SILENT


def test_analytics_and_targeting_are_agreed_to_apart_and_a_browser_that_objects_is_heard() -> None:
    assert preferences("analytics-yes.targeting-no", {}).consents() == {"analytics"}
    assert preferences("analytics-no.targeting-yes", {}).consents() == {"targeting"}
    both = "analytics-yes.targeting-yes"
    assert preferences(both, {}).consents() == {"analytics", "targeting"}
    assert preferences(both, {"sec-gpc": "1"}).consents() == {"analytics"}
