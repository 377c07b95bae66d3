"""From the `Authorization` header to a principal.

A request without a bearer is refused like one with a bad bearer: there is no anonymous principal. Visitors of the web
site come with the site's own token.
"""

from __future__ import annotations

from typing import Final, Protocol

from policies.model import Principal
from vault.errors import TokenRefused
from vault.request import Secret

SCHEME: Final = "bearer"
LONGEST_HEADER: Final = 256


class Resolver(Protocol):
    """Turns the secret of a live token into its principal; raises `TokenRefused` for every other text."""

    async def resolve(self, secret: Secret[str], /) -> Principal:
        """Who bears it now."""
        ...


def bearer(header: str | None) -> Secret[str]:
    """The credentials of an `Authorization` header of the scheme `Bearer` (RFC 6750, any letter case).

    Raises:
        TokenRefused: no header, another scheme, nothing behind it, or longer than any token of ours.
    """
    scheme, _, credentials = (header or "").partition(" ")
    if scheme.lower() != SCHEME or not credentials.strip() or len(credentials) > LONGEST_HEADER:
        raise TokenRefused("a bearer token is needed")
    return Secret(credentials.strip())


async def authenticate(tokens: Resolver, bearer: Secret[str]) -> Principal:
    """Who bears this token now.

    The answer is good for the beginning of a request only: each door checks the token's row again when it records.

    Raises:
        TokenRefused: unknown, expired, revoked, malformed and truncated alike.
    """
    return await tokens.resolve(bearer)
