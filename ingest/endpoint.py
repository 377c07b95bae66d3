"""`POST /meter-readings`: a grid company delivers a file of readings and gets the report of what became of it.

    authorization: Bearer …         a token of role and recipient grid company, purpose `meter_delivery`
    metering-point: 7070575…        for formats that do not name the point; a header, because a URL would be logged

The body is a delivery in any format of `docs/formats/`, told by its content, of at most 64 MiB. The answer comes after
everything it counts as taken was durable; the same delivery may be sent again at any time.

    200  the report; see `outcome` for whether all of it was taken
    401  no token that is accepted          403  a token for something else
    408  the body came too slowly           413  the body is too long
    422  not a metering point in the header
    429  too many deliveries at once: `Retry-After` says when to come again
    503  a database does not answer: send it again
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from identity.bearer import bearer
from ingest.doors import Doors
from ingest.formats import Options
from ingest.pipeline import Pipeline
from ingest.readings import MeteringPoint, metering_point
from ingest.receiving import SLOWEST_SECONDS, Body, BodyError, BodyGone, BodyTooLong, BodyTooSlow
from ingest.sites import Deliverer
from policies.model import Principal
from policies.values import BadValue
from vault.errors import Contended, Misconfigured, TokenRefused, Unavailable, VaultError
from vault.request import Secret

PURPOSE: Final = "meter_delivery"
ROLE: Final = "grid_company"
LONGEST: Final = 64 * 1024 * 1024
AT_ONCE: Final = 4
RETRY_SECONDS: Final = 5
POINT_HEADER: Final = "metering-point"

ENDINGS: Final[Mapping[type[Exception], HTTPStatus]] = {
    TokenRefused: HTTPStatus.UNAUTHORIZED,
    BodyTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    BodyGone: HTTPStatus.BAD_REQUEST,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Contended: HTTPStatus.SERVICE_UNAVAILABLE,
    Misconfigured: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What the endpoint needs: the vault's doors, who bears a token, who stores readings here, and the time."""

    vault: Doors
    authenticate: Callable[[Secret[str]], Awaitable[Principal]]
    service: Callable[[], Awaitable[Principal]]
    clock: Callable[[], datetime]


@dataclass(slots=True)
class Deliveries:
    """The one route. At most `at_once` deliveries are read at a time, and one of each account."""

    counter: Counter
    longest: int = LONGEST
    at_once: int = AT_ONCE
    slowest_seconds: float = SLOWEST_SECONDS
    busy: set[object] = field(default_factory=set)

    async def handle(self, request: Request) -> Response:
        """Answer one delivery."""
        try:
            who = await self.counter.authenticate(bearer(request.headers.get("authorization")))
            if ROLE not in who.roles or who.purpose != PURPOSE or who.recipient != ROLE:
                return _no(HTTPStatus.FORBIDDEN, f"the token is not for `{PURPOSE}`")
            if who.account in self.busy or len(self.busy) >= self.at_once:
                return _no(HTTPStatus.TOO_MANY_REQUESTS, "another delivery is being read", retry=True)
            self.busy.add(who.account)
            try:
                return await self._take(request, who)
            finally:
                self.busy.discard(who.account)
        except tuple(ENDINGS) as error:
            status = next(status for kind, status in ENDINGS.items() if isinstance(error, kind))
            return _no(status, _words(error), retry=status is HTTPStatus.SERVICE_UNAVAILABLE)

    async def _take(self, request: Request, who: Principal) -> Response:
        point: MeteringPoint | BadValue | None = None
        if POINT_HEADER in request.headers:
            point = metering_point(request.headers[POINT_HEADER])
        if isinstance(point, BadValue):
            return _no(HTTPStatus.UNPROCESSABLE_ENTITY, f"`{POINT_HEADER}`: {point.rule}")
        announced = request.headers.get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()) or int(announced[:20]) > self.longest:
            raise BodyTooLong
        pipeline = Pipeline(self.counter.vault, await self._service(), Deliverer(who))
        loop = asyncio.get_running_loop()
        body = Body(_chunks(request), longest=self.longest, loop=loop, seconds=self.slowest_seconds)
        report = await pipeline.take(body, Options(now=self.counter.clock(), point=point))
        return JSONResponse(report.plain())

    async def _service(self) -> Principal:
        try:
            return await self.counter.service()
        except TokenRefused as refused:  # ours, not the client's: to the client it is a fault of the house
            raise Misconfigured("the token of the service that stores readings is not live") from refused


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise BodyGone from None


def _words(error: Exception) -> str:
    """A constant for each, so that nothing a client sent comes back."""
    match error:
        case TokenRefused():
            return "a valid token is required"
        case BodyTooLong():
            return "a delivery is at most 64 MiB: split it"
        case BodyError():
            return "the body did not come to its end; send the delivery again"
        case VaultError():
            return "not available now; send the delivery again"
        case _:
            return "something went wrong here"


def _no(status: HTTPStatus, why: str, *, retry: bool = False) -> Response:
    headers = {"retry-after": str(RETRY_SECONDS)} if retry else {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse({"error": why}, status_code=status, headers=headers)
