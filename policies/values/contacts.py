"""How somebody is reached: e-mail address and telephone number, and the form of each that the blind index is over.

E-mail (practical, not all of RFC 5322): one `@`, an ASCII dot-atom of at most 64 characters before it, kept as given,
a domain of two labels or more after it, lower case and IDNA-encoded, at most 254 characters in all. A domain that the
encoding would turn into another one (`ß` into `ss`, full-width letters) is refused instead.

Telephone: eight digits are Norwegian, everything else starts with `+` or `00`; stored as E.164. Ten digits that begin
with a country code but lack the prefix are ambiguous and refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers

from policies.model import FieldType
from policies.values.outcome import BadValue

_EMAIL_CHARACTERS: Final = 254
_LOCAL_CHARACTERS: Final = 64
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z0-9-]*[a-z]){_LABEL}")

_PHONE_CHARACTERS: Final = 64
_SEPARATORS: Final = str.maketrans("", "", " \u00a0\u202f-.()/")
_PHONE: Final = re.compile(r"(?:\+|00)(?P<international>[1-9][0-9]{6,14})|(?P<norwegian>[2-9][0-9]{7})")
_NORWEGIAN_MOBILE: Final = re.compile(r"\+47[49][0-9]{7}")


def email(raw: str) -> str | BadValue:
    """The address with its domain in lower-case ASCII."""
    if len(raw) > _EMAIL_CHARACTERS:
        return BadValue("too long")
    local, at, domain = unicodedata.normalize("NFC", raw).strip().partition("@")
    if not at or "@" in domain:
        return BadValue("not exactly one `@`")
    if len(local) > _LOCAL_CHARACTERS or not _LOCAL.fullmatch(local):
        return BadValue("not a local part before the `@`")
    encoded = _idna(domain.lower())
    if not _DOMAIN.fullmatch(encoded):
        return BadValue("not a domain after the `@`")
    address = f"{local}@{encoded}"
    return address if len(address) <= _EMAIL_CHARACTERS else BadValue("too long")


def phone(raw: str) -> str | BadValue:
    """The number in E.164."""
    match = _PHONE.fullmatch(raw.strip().translate(_SEPARATORS)) if len(raw) <= _PHONE_CHARACTERS else None
    if match is None:
        return BadValue("neither eight digits nor a number with `+` or `00`")
    digits = match["international"] or f"47{match['norwegian']}"
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return BadValue("no such telephone number")
    if not phonenumbers.is_valid_number(number):
        return BadValue("no such telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_norwegian_mobile(value: str) -> bool:
    """Whether a canonical telephone number is Norwegian and begins with 4 or 9."""
    return _NORWEGIAN_MOBILE.fullmatch(value) is not None


def index_form(kind: FieldType, value: str) -> str:
    """What the blind index of `value` is computed over: equal for any two spellings that reach the same person.

    E-mail is casefolded, a telephone number is E.164, any other type is its trimmed NFC text. Text that is no value of
    its type has a form as well, one that no stored value shares.
    """
    trimmed = unicodedata.normalize("NFC", value).strip()
    if kind is FieldType.EMAIL:
        address = email(trimmed)
        if not isinstance(address, BadValue):
            return address.casefold()
        # what is no address must not become one: casefolding makes `ss` of `ß`
        return folded if isinstance(email(folded := trimmed.casefold()), BadValue) else trimmed
    if kind is FieldType.PHONE:
        number = phone(trimmed)
        return trimmed if isinstance(number, BadValue) else number
    return trimmed


def _idna(domain: str) -> str:
    """The ASCII form of a lower-case domain; empty where there is none that means the same domain."""
    if domain.isascii():
        return domain
    try:
        encoded = domain.encode("idna")
        return encoded.decode("ascii") if encoded.decode("idna") == domain else ""
    except UnicodeError:
        return ""
