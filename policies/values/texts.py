"""Text: free text, names, addresses, regions, choices, secrets.

Stored text is NFC and trimmed. Free text may hold line breaks and tabs; a name or an address holds no control, format
or private character at all. A secret is stored as typed: trimming or normalising a password changes it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from policies.values.outcome import BadValue

_TEXT_CHARACTERS: Final = 10_000
_NAME_CHARACTERS: Final = 200
_ADDRESS_CHARACTERS: Final = 300
_MAX_EXPANSION: Final = 4
_BREAKS: Final = frozenset("\n\t")
_UNPRINTABLE_IN_TEXT: Final = frozenset({"Cc", "Cs"})
_UNPRINTABLE_IN_LINE: Final = frozenset({"Cc", "Cs", "Cf", "Co", "Zl", "Zp"})

# The counties of Norway from 1 January 2024. Source: fylkesinndelingen 2024, SSB Klass 104.
_COUNTIES: Final = (
    "Agder", "Akershus", "Buskerud", "Finnmark", "Innlandet", "Møre og Romsdal", "Nordland", "Oslo",
    "Rogaland", "Telemark", "Troms", "Trøndelag", "Vestfold", "Vestland", "Østfold",
)  # fmt: skip
_COUNTY_BY_FOLDED: Final = {county.casefold(): county for county in _COUNTIES}

# A WPA2 passphrase. Source: IEEE 802.11-2016, annex J.4.1.
_SECRET: Final = re.compile(r"[ -~]{8,63}")


def text(raw: str) -> str | BadValue:
    """Free text of at most 10,000 characters; every line break becomes a line feed."""
    canonical = _canonical(raw.replace("\r\n", "\n").replace("\r", "\n"), _TEXT_CHARACTERS)
    if isinstance(canonical, BadValue) or _is_printable(canonical):
        return canonical
    return BadValue("a control character")


def name(raw: str) -> str | BadValue:
    """The name of a person or an organisation: one line of at most 200 characters with a letter in it."""
    canonical = _line(raw, _NAME_CHARACTERS)
    if isinstance(canonical, BadValue) or any(character.isalpha() for character in canonical):
        return canonical
    return BadValue("no letter")


def address(raw: str) -> str | BadValue:
    """A postal address: one line of at most 300 characters."""
    return _line(raw, _ADDRESS_CHARACTERS)


def region(raw: str) -> str | BadValue:
    """A county of Norway as of 2024, in its official spelling."""
    canonical = _canonical(raw, _NAME_CHARACTERS)
    if isinstance(canonical, BadValue):
        return canonical
    return _COUNTY_BY_FOLDED.get(canonical.casefold(), BadValue("not a county of Norway"))


def choice(raw: str, choices: tuple[str, ...]) -> str | BadValue:
    """One of `choices`."""
    return raw if raw in choices else BadValue("not one of the choices")


def secret(raw: str) -> str | BadValue:
    """A secret of 8 to 63 printable ASCII characters, exactly as typed."""
    return raw if _SECRET.fullmatch(raw) else BadValue("not 8 to 63 printable ASCII characters")


def _canonical(raw: str, limit: int) -> str | BadValue:
    if len(raw) > limit * _MAX_EXPANSION:  # normalising is not linear in hostile text
        return BadValue("too long")
    canonical = unicodedata.normalize("NFC", raw).strip()
    if not canonical:
        return BadValue("empty")
    return canonical if len(canonical) <= limit else BadValue("too long")


def _line(raw: str, limit: int) -> str | BadValue:
    canonical = _canonical(raw, limit)
    if isinstance(canonical, BadValue) or _UNPRINTABLE_IN_LINE.isdisjoint(map(unicodedata.category, canonical)):
        return canonical
    return BadValue("a control character")


def _is_printable(canonical: str) -> bool:
    return all(
        character in _BREAKS or unicodedata.category(character) not in _UNPRINTABLE_IN_TEXT for character in canonical
    )
