"""What names a person is found however it is wrapped, and what names nobody passes."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.scanner import finding

PLANTED = {
    "email": "kari.nordmann@example.no",
    "phone": "41 23 45 67",
    "international": "+46 70 174 06 05",
    "national_id": "150886 95088",
    "metering_point": "707057500000000017",
    "uuid": "6f1c1f3a-8f0e-4c55-9d5e-0d2a8e5b7c11",
    "ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "sha256": hashlib.sha256(b"kari.nordmann@example.no").hexdigest(),
    "md5": hashlib.md5(b"kari.nordmann@example.no", usedforsecurity=False).hexdigest(),
    "digest": b64encode(hashlib.sha256(b"kari.nordmann@example.no").digest()).decode(),
    "token": "hv_" + "a1B2" * 8,
    "number": "4711042",
}
WRAPPED: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "every character": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64url": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "utf-16": lambda text: b64encode(text.encode("utf-16-le")).decode(),
    "hex": lambda text: text.encode().hex(),
    "base64 in url": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
    "url in base64": lambda text: b64encode(quote(text, safe="").encode()).decode(),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "zero width": "\u200b".join,
}
AROUND = ("{}", "x {} y", "/calc/{}/edit", "id={}&x=1", "({})", "før{}etter", '{{"a":"{}"}}')


@pytest.mark.clause("CKE-14", "CKE-15")
@pytest.mark.parametrize(("what", "how"), list(product(PLANTED, WRAPPED)))
def test_what_names_a_person_is_found_in_every_wrapping_and_surrounding(what: str, how: str) -> None:
    assert [around for around in AROUND if finding(around.format(WRAPPED[how](PLANTED[what]))) is None] == []


@pytest.mark.parametrize(
    "text",
    [
        "", "page_viewed", "/calc/:id", "https://m.facebook.com/x?fbclid=1", "m.facebook.com", "Oslo", "Mo i Rana",
        "what_does_it_cost", "https://www.google.no/search?q=solceller+pris", "mobile", "iOS",
        "/articles/slik-virker-solceller-om-vinteren", "https://otovo.no/privacy#section-4", "analytics", "2018",
        "utm_source=newsletter&utm_campaign=host-18",
    ],
)  # fmt: skip
def test_what_an_honest_event_says_passes(text: str) -> None:
    assert finding(text) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (PLANTED["email"], "email"),
        (PLANTED["national_id"], "national_id"),
        (PLANTED["metering_point"], "metering_point"),
        (PLANTED["phone"], "phone"),
        (PLANTED["uuid"], "uuid"),
        (PLANTED["ulid"], "ulid"),
        (PLANTED["sha256"], "hash"),
        (PLANTED["digest"], "hash"),
        (PLANTED["token"], "token"),
        ("order 4711042", "number"),
    ],
)
def test_a_finding_is_the_name_of_a_rule(text: str, rule: str) -> None:
    assert finding(text) == rule


@given(st.text(max_size=400))
def test_any_text_whatever_is_read_to_its_end(text: str) -> None:
    assert finding(text) is None or finding(text) in {
        "email", "token", "uuid", "hash", "ulid", "metering_point", "national_id", "phone", "number",
    }  # fmt: skip
