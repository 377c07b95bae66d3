"""How a register is asked over HTTP: one `POST` of JSON, one JSON answer, everything else a clear failure.

Keys travel in the body, so that no address, log or proxy sees them in a URL. TLS is no option: an address begins with
`https://`, except a stand-in's on the loopback interface, which the caller has to name as such (ACC-04). Redirects are
not followed: they would carry a person's keys to somebody else.

The wire format is `docs/formats/registers.md`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import httpx2

from products.errors import RegisterAway, RegisterMalformed, RegisterRefused
from vault.errors import Misconfigured
from vault.request import Secret

LONGEST_ANSWER: Final = 64 * 1024
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Asking:
    """A register behind an address. Use it as an async context manager."""

    def __init__(
        self, name: str, address: str, token: Secret[str], *, timeout_seconds: float, insecure_loopback: bool = False
    ) -> None:
        parts = urlsplit(address)
        plain = insecure_loopback and parts.scheme == "http" and parts.hostname in LOOPBACK
        if not plain and parts.scheme != "https":
            raise Misconfigured(f"the address of {name} must begin with `https://`")
        self.name = name
        self._client = httpx2.AsyncClient(
            base_url=address,
            headers={"authorization": f"Bearer {token.reveal()}", "accept": "application/json"},
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,  # no proxy of the environment sees what is asked
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def ask(self, path: str, question: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer to one question.

        Raises:
            RegisterAway, RegisterRefused, RegisterMalformed: see `products.errors`.
        """
        try:
            async with self._client.stream("POST", path, json=question) as response:
                self._check(response)
                return self._read(await self._body(response))
        except httpx2.TimeoutException:
            raise RegisterAway(self.name, "does not answer in time") from None
        except (httpx2.TransportError, httpx2.StreamError):
            raise RegisterAway(self.name, "cannot be reached") from None

    def _check(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = response.headers.get("retry-after", "")
            seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) <= len("99999") else None
            raise RegisterAway(self.name, "was asked too often", retry_after_seconds=seconds)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RegisterAway(self.name, f"answers with a fault of its own, {status}")
        if status != HTTPStatus.OK:
            raise RegisterRefused(self.name, f"refuses the question, {status}")

    async def _body(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LONGEST_ANSWER:
                raise RegisterMalformed(self.name, "answers with more than 64 KiB")
        return bytes(body)

    def _read(self, body: bytes) -> Mapping[str, Any]:
        try:
            read = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise RegisterMalformed(self.name, "answers with something that is not JSON") from None
        if not isinstance(read, dict):
            raise RegisterMalformed(self.name, "answers with something that is not an object")
        return cast("Mapping[str, Any]", read)

    def entries(self, answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        """The list of objects under this name.

        Raises:
            RegisterMalformed: there is no such list.
        """
        found = answer.get(name)
        rows = cast("list[object]", found) if isinstance(found, list) else None
        if rows is None or not all(isinstance(row, dict) for row in rows):
            raise RegisterMalformed(self.name, f"answers without a list `{name}`")
        return cast("list[Mapping[str, Any]]", rows)

    def text(self, row: Mapping[str, Any], name: str) -> str:
        """The text under this name.

        Raises:
            RegisterMalformed: there is none.
        """
        value = row.get(name)
        if not isinstance(value, str):
            raise RegisterMalformed(self.name, f"answers without text `{name}`")
        return value
