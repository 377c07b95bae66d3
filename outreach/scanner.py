"""Finds what names a person in text that is about to leave: raw, URL-encoded, base64 or hexadecimal, nested to a depth.

A finding is the name of a rule, never the value. The scanner is the second line: what may leave is a closed list, and
this looks whether something slipped into it. It would rather be wrong in the direction of dropping: eleven digits are a
national id whether or not their check digits fit, thirty-two hexadecimal digits are a hash whatever was hashed.

Rules: email, token, hash (and a UUID without its hyphens), uuid, ulid, metering_point, national_id, phone, number.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

DEPTH: Final = 4
"""How many wrappings are opened: base64 of a URL-encoded base64 of an address is still found."""

_GAP: Final = r"[ \u00a0\u202f.\-_/]?"


def _digits(count: int) -> str:
    return rf"(?<!\d)\d(?:{_GAP}\d){{{count - 1}}}(?!\d)"


PATTERNS: Final = (
    ("email", re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")),
    ("token", re.compile(r"hv_[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("hash", re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)),
    ("uuid", re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)),
    ("ulid", re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE)),
    ("metering_point", re.compile(_digits(18))),
    ("national_id", re.compile(_digits(11))),
    ("phone", re.compile(rf"(?:\+|(?<!\d)00){_GAP}[1-9](?:{_GAP}\d){{6,14}}|{_digits(8)}")),
    ("number", re.compile(r"\d{5,}")),
)
HIDDEN: Final = dict.fromkeys(map(ord, "\u0000\u200b\u200c\u200d\u2060\ufeff\u00ad"))
"""Characters that do not show and would keep two digits apart."""
BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
MIXED: Final = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"\d"))
SHORTEST: Final = 5
"""Characters of the shortest finding: five digits."""
HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
SHORTEST_DIGEST: Final = 22
"""Characters of the shortest digest in base64: sixteen bytes."""


def finding(text: str) -> str | None:
    """The first rule that finds something in the text or in what is wrapped in it; None where nothing is found."""
    return _finding(text, DEPTH)


def _finding(text: str, depth: int) -> str | None:
    plain = unicodedata.normalize("NFKC", text).translate(HIDDEN)
    for rule, pattern in PATTERNS:
        if pattern.search(plain):
            return rule
    if _has_digest(plain):
        return "hash"
    inside = (_finding(unwrapped, depth - 1) for unwrapped in _unwrapped(plain)) if depth else iter(())
    return next((rule for rule in inside if rule), None)


def _unwrapped(text: str) -> Iterator[str]:
    """What is in the text once more: as a form value, and behind each run that reads as base64 or hexadecimal."""
    decoded = unquote_plus(text)
    if decoded != text:
        yield decoded
    for run in HEX.findall(text):
        yield from _readable(bytes.fromhex(run))
    for run in BASE64.findall(text):
        # glued to other letters it may begin at any of four places
        for start in range(4):
            yield from _readable(_base64(run[start:]))


def _base64(run: str) -> bytes:
    letters = run.rstrip("=").replace("+", "-").replace("/", "_")
    whole = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    try:
        return urlsafe_b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


def _readable(data: bytes) -> Iterator[str]:
    """The stretches that are text: what was glued before or behind spoils only its own part."""
    text = data.replace(b"\x00", b"").decode("utf-8", "replace").replace("\ufffd", "\n")
    shown = "".join(letter if letter.isprintable() else "\n" for letter in text)
    yield from (stretch for stretch in shown.split("\n") if len(stretch) >= SHORTEST)


def _has_digest(text: str) -> bool:
    """A run of mixed letters and digits as long as that of a digest: no word, and nothing an event needs to say."""
    return any(
        len(run.rstrip("=")) >= SHORTEST_DIGEST and all(kind.search(run) for kind in MIXED)
        for run in BASE64.findall(text)
    )
