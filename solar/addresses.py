"""From an address to a place, through a register outside the house (port), and Kartverket's search over HTTP (adapter).

What is asked is the address and nothing else: no name, no id, no token of a person. The interface takes questions in
the query of a `GET`; all of it travels inside TLS, and our side writes it to no log.

Source: ws.geonorge.no/adresser/v1, `GET /sok`: `sok` (free text), `fuzzy`, `treffPerSide`, `side`, `utkoordsys`
(4258 is ETRS89, within a metre of WGS 84), `filtrer`; an answer holds `adresser`, each with
`representasjonspunkt` of `lat` and `lon`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Protocol, Self, cast
from urllib.parse import urlsplit

import httpx2

from solar.errors import AddressesAway, AddressesMalformed
from solar.model.errors import BadInput
from solar.model.roof import Place
from vault.errors import Misconfigured

RECIPIENT: Final = "kartverket"
"""Who learns what a search carries, by its name in the policy."""
LONGEST_ANSWER: Final = 256 * 1024
MOST: Final = 10
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
WANTED: Final = "adresser.representasjonspunkt,adresser.adressetekst,metadata"


class AddressSearch(Protocol):
    """Where addresses are looked up."""

    async def find(self, address: str) -> Sequence[Place]:
        """The places this address may name, at most ten; none is an answer.

        Asking twice changes nothing there. Raises `AddressesAway` or `AddressesMalformed`; whichever, nothing of a
        half-read answer is given.
        """
        ...


async def the_place(search: AddressSearch, address: str) -> Place:
    """The one place an address names.

    Raises:
        BadInput: it names none, or several that do not lie in the same place.
        AddressesAway, AddressesMalformed: as the search.
    """
    found = list(dict.fromkeys(await search.find(address)))
    if not found:
        raise BadInput("address", "is one that the address register knows: street, number, postcode")
    if len(found) > 1:
        raise BadInput("address", "names one place: add house number and postcode")
    return found[0]


class Kartverket:
    """An `AddressSearch` over HTTP. Use it as an async context manager."""

    def __init__(self, address: str, *, timeout_seconds: float, insecure_loopback: bool = False) -> None:
        parts = urlsplit(address)
        plain = insecure_loopback and parts.scheme == "http" and parts.hostname in LOOPBACK
        if not plain and parts.scheme != "https":
            raise Misconfigured("the address of the address register must begin with `https://`")
        self._client = httpx2.AsyncClient(
            base_url=address, headers={"accept": "application/json"}, timeout=timeout_seconds,
            follow_redirects=False, trust_env=False,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def find(self, address: str) -> Sequence[Place]:
        """See `AddressSearch.find`."""
        question = {
            "sok": address,
            "fuzzy": "false",
            "treffPerSide": str(MOST),
            "utkoordsys": "4258",
            "filtrer": WANTED,
        }
        try:
            async with self._client.stream("GET", "/sok", params=question) as response:
                _check(response.status_code)
                body = await _body(response)
        except httpx2.TimeoutException:
            raise AddressesAway("does not answer in time") from None
        except (httpx2.TransportError, httpx2.StreamError):
            raise AddressesAway("cannot be reached") from None
        return [_place(row) for row in _rows(body)]


def _check(status: int) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise AddressesAway("was asked too often")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise AddressesAway(f"answers with a fault of its own, {status}")
    if status != HTTPStatus.OK:
        raise AddressesMalformed(f"refuses the question, {status}")


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise AddressesMalformed("answers with more than 256 KiB")
    return bytes(body)


def _rows(body: bytes) -> list[Mapping[str, Any]]:
    try:
        read: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise AddressesMalformed("answers with something that is not JSON") from None
    found: Any = cast("dict[str, Any]", read).get("adresser") if isinstance(read, dict) else None
    rows = cast("list[object]", found) if isinstance(found, list) else None
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise AddressesMalformed("answers without a list `adresser`")
    return cast("list[Mapping[str, Any]]", rows)


def _place(row: Mapping[str, Any]) -> Place:
    """Raises `AddressesMalformed`, or `BadInput` where the place is one the model knows nothing of."""
    point = row.get("representasjonspunkt")
    degrees = [cast("dict[str, Any]", point).get(name) for name in ("lat", "lon")] if isinstance(point, dict) else []
    numbers = [float(each) for each in degrees if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) != len(("lat", "lon")):
        raise AddressesMalformed("answers without `representasjonspunkt`")
    return Place(latitude_deg=numbers[0], longitude_deg=numbers[1])
