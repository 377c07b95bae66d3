"""The cookies of the site, all of them: name, why, how long, and whether they are set without asking (CKE-01).

No other module writes a `Set-Cookie`. A cookie of the `__Host-` prefix is bound to the one host that set it, over TLS,
for every path; `HttpOnly` keeps it from scripts, `SameSite` from other sites. The services of traffic analysis set
none: their scripts are not loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie. `necessary`: the service asked for needs it, so it is set without a consent (ekomloven § 3-15)."""

    name: str
    purpose: str
    nb: str
    en: str
    lives: timedelta
    necessary: bool


SESSION: Final = Cookie(
    name="__Host-session",
    purpose="authentication",
    nb="Holder deg innlogget. Slett den, så er du logget ut.",
    en="Keeps you signed in. Delete it and you are signed out.",
    lives=timedelta(days=30),
    necessary=True,
)
PREFERENCES: Final = Cookie(
    name="__Host-preferences",
    purpose="preferences",
    nb="Husker hva du svarte om trafikkanalyse og målrettet markedsføring.",
    en="Remembers what you answered about traffic analysis and targeted marketing.",
    lives=timedelta(days=180),
    necessary=True,
)
REGISTER: Final = (SESSION, PREFERENCES)
HELP: Final = "https://www.allaboutcookies.org/how-to-manage-cookies"
"""How to delete cookies (CKE-03)."""


def set_cookie(cookie: Cookie, value: str) -> str:
    """The `Set-Cookie` header of a registered cookie.

    Raises:
        ValueError: the cookie is not in the register, or the value would not come back as it is.
    """
    if cookie not in REGISTER:
        raise ValueError("only cookies of the register are set")
    if not value or not all(character.isalnum() or character in "-_.~" for character in value):
        raise ValueError("a value of letters, digits and `-_.~`")
    return f"{cookie.name}={value}; Max-Age={int(cookie.lives.total_seconds())}; {_FLAGS}"


def expire(cookie: Cookie) -> str:
    """The `Set-Cookie` header that deletes a cookie."""
    return f"{cookie.name}=; Max-Age=0; {_FLAGS}"


_FLAGS: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"
