"""HTTPS to one provider: the only way a byte leaves this package. No plain HTTP, no redirect, no proxy from outside.

`http://` is refused when the adapter is made and a bad certificate before the request is written, so no byte of a body
leaves in either case. Whatever goes wrong becomes `SystemFailed` with one word; what a provider answered to a failure
is dropped unread, since providers echo what they were sent.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from outreach.errors import NotConfigured, SystemFailed
from vault.request import Secret

SECONDS: Final = 10.0
LONGEST_ANSWER: Final = 4_000_000
LONGEST_PAUSE: Final = 3_600
TOO_MANY, SERVER_FAULT, CONFLICT, NOT_FOUND, REDIRECT = 429, 500, 409, 404, 300


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """A body to send: `content` as `kind`. Without a repr: it holds what is written to people."""

    content: bytes
    kind: str


def as_json(document: object) -> Sent:
    """A JSON body."""
    return Sent(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), "application/json")


def as_form(pairs: Sequence[tuple[str, str]]) -> Sent:
    """A form body; names may repeat."""
    return Sent(str(httpx2.QueryParams(list(pairs))).encode(), "application/x-www-form-urlencoded")


class Https:
    """A client of one provider. `trust` are the authorities its certificate must come from, the usual ones if None."""

    def __init__(
        self,
        system: str,
        address: str,
        *,
        headers: Mapping[str, Secret[str]] | None = None,
        login: tuple[str, Secret[str]] | None = None,
        trust: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        if not address.startswith("https://"):
            raise NotConfigured(f"the address of `{system}` must begin with `https://`; nothing is sent without TLS")
        self.system = system
        self._client = httpx2.AsyncClient(
            base_url=address,
            headers={name: value.reveal() for name, value in (headers or {}).items()},
            auth=None if login is None else httpx2.BasicAuth(login[0], login[1].reveal()),
            verify=trust or ssl.create_default_context(),
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        body: Sent | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        absent: bool = False,
        present: bool = False,
    ) -> Any:
        """Send one request; gives the JSON of a 2xx answer, None for an empty one.

        With `absent`, 404 is an answer like an empty one: what is not there need not be erased. With `present`, 409 is:
        what is there need not be made.

        Raises:
            SystemFailed: everything else.
        """
        sent = {**(headers or {}), **({"content-type": body.kind} if body else {})}
        try:
            answer = await self._client.request(
                method, path, content=body.content if body else None, headers=sent, params=query
            )
        except httpx2.TimeoutException:
            raise SystemFailed(self.system, "timeout") from None
        except httpx2.HTTPError as failed:
            raise SystemFailed(self.system, "tls" if _is_tls(failed) else "unreachable") from None
        if (absent and answer.status_code == NOT_FOUND) or (present and answer.status_code == CONFLICT):
            return None
        return self._read(answer)

    def _read(self, answer: httpx2.Response) -> Any:
        if (why := _why(answer.status_code)) is not None:
            raise SystemFailed(self.system, why, after_seconds=_pause(answer.headers.get("retry-after", "")))
        if not answer.content:
            return None
        try:
            return json.loads(answer.content[:LONGEST_ANSWER])
        except ValueError:
            raise SystemFailed(self.system, "unreadable") from None


def _why(status: int) -> str | None:
    if status == TOO_MANY:
        return "throttled"
    if status >= SERVER_FAULT:
        return "broken"
    return "refused" if status >= REDIRECT else None


def _is_tls(failed: BaseException) -> bool:
    """Whether the certificate or the handshake is what failed, however deep the client wrapped it."""
    cause: BaseException | None = failed
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _pause(header: str) -> int | None:
    """Seconds of `Retry-After`, within reason; a date there is not waited for."""
    return min(int(header), LONGEST_PAUSE) if header.isascii() and header.isdigit() else None
