"""The web application: routes for GraphQL, meter readings, packages, health, in development GraphiQL; no other.

No personal data reaches a URL or a log: requests are `POST`s, and a line per request names route, status and duration.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hvelv import graphiql
from hvelv.roofs import Roofs
from identity.bearer import authenticate
from identity.issuing import Household
from ingest.doors import Doors
from ingest.endpoint import Counter, Deliveries
from policies.model import Principal
from resolvers.downloads import PATH, Downloads
from resolvers.endpoint import Endpoint
from resolvers.house import House, Letters, Registers, Solar, Vault
from resolvers.service import Openness, Service
from vault.errors import VaultError
from vault.request import Secret

GRAPHQL: Final = "/graphql"
METER_READINGS: Final = "/meter-readings"
METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer that does not bring its own."""


class MeterVault(Doors, Household, Protocol):
    """A vault that takes readings and knows its tokens."""


_log = structlog.get_logger("hvelv.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """How the application is served.

    `development` opens introspection to everybody and serves GraphiQL; `introspectors` are the roles that may
    introspect anyhow; `graphiql` is the folder its files were installed to; `cool_off` how long a person can take an
    erasure back. `letters` is mail that a step asks for, none without it; `beside` are further routes, such as the
    links of mails.
    """

    development: bool = False
    introspectors: frozenset[str] = frozenset({"developer"})
    graphiql: Path | None = None
    cool_off: timedelta = timedelta(days=7)
    letters: Letters | None = None
    beside: Sequence[BaseRoute] = ()


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


async def bearer_of(vault: Vault, bearer: Secret[str]) -> Principal:
    """Who bears a token of this vault."""
    return await authenticate(vault.tokens, bearer)


def deliveries_into(
    vault: MeterVault, service: Callable[[], Awaitable[Principal]], clock: Callable[[], datetime]
) -> Deliveries:
    """What takes meter readings in over HTTP, stored by this service."""

    async def bears(bearer: Secret[str]) -> Principal:
        return await authenticate(vault.tokens, bearer)

    return Deliveries(Counter(vault=vault, authenticate=bears, service=service, clock=clock))


async def at_once() -> None:
    """Ready when asked."""


def create_app(  # noqa: PLR0913  (the parts of a process, each by its name)
    vault: Vault,
    settings: AppSettings,
    *,
    clock: Callable[[], datetime] = now,
    ids: Callable[[], uuid.UUID] = uuid.uuid4,
    ready: Callable[[], Awaitable[object]] = at_once,
    started: AbstractAsyncContextManager[object] | None = None,
    registers: Registers | None = None,
    deliveries: Deliveries | None = None,
    solar: Solar | None = None,
) -> Starlette:
    """The application over a vault.

    Args:
        vault: all its doors.
        settings: how to serve.
        clock: what time it is.
        ids: makes random ids.
        ready: returns when the vault can answer, raises an error of `vault.errors` when it cannot.
        started: entered when the server starts and left when it stops: the vault itself, where nobody else starts it.
        registers: what look-ups ask; without them every look-up is declined.
        deliveries: what takes meter readings in over HTTP; without it there is no such route.
        solar: the solar engine; without one of your own it has no register of addresses to ask.
    """
    house = House(
        vault=vault,
        authenticate=bearer_of,
        clock=clock,
        ids=ids,
        solar=solar or Roofs(),
        registers=registers,
        cool_off=settings.cool_off,
        letters=settings.letters,
    )
    service = Service(house, Openness(introspectors=settings.introspectors, development=settings.development))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with started or nullcontext():
            yield

    routes: list[BaseRoute] = [
        Route(GRAPHQL, Endpoint(service).handle, methods=METHODS),
        *((Route(METER_READINGS, deliveries.handle, methods=["POST"]),) if deliveries else ()),
        Route(PATH, Downloads(house).handle, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", _readiness(ready)),
        *settings.beside,
        *(graphiql.routes(settings.graphiql, GRAPHQL) if settings.development else ()),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(Edge)])


async def healthz(_: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok")


def _readiness(ready: Callable[[], Awaitable[object]]) -> Callable[[Request], Awaitable[Response]]:
    async def readyz(_: Request) -> Response:
        try:
            await ready()
        except VaultError as away:
            return JSONResponse({"ready": False, "why": type(away).__name__}, status_code=503)
        return JSONResponse({"ready": True})

    return readyz


class Edge:
    """Security headers on every answer, and one line about it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            _log.error("request.failed", fault=Secret(error))
            raise
        finally:
            duration_ms = round((time.perf_counter() - began) * 1000, 1)
            route = scope.get("route")
            _log.info("request", route=route.path if isinstance(route, Route) else "none", status=status,
                      duration_ms=duration_ms)  # fmt: skip
