"""`/collect`: the stateless web application between browsers and the services of traffic analysis.

`POST /collect`      one event; 202 handed on, 204 nobody agreed to it, 422 dropped with the rule
`GET /preferences`   what this browser agreed to, and where else marketing is limited (CKE-19)
`POST /preferences`  `{"analytics": bool, "targeting": bool}`: one request to agree, the same one to refuse
`GET /cookies`       the register of cookies
`GET /counts`        how many events were handed on, dropped by which rule, failed at whom; nothing else is kept

Consent first: an event nobody agreed to is not even read. No event is written anywhere: what is under way when the
process dies is gone, and what a service refuses is counted and gone as well (CKE-07).
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from outreach.analytics.arrival import Device, Preferences, device, nearest, preferences, truncated
from outreach.analytics.event import LONGEST, Dropped, Event, read
from outreach.analytics.sinks import Sink, lanes, told
from outreach.cookies import HELP, PREFERENCES, REGISTER, set_cookie
from outreach.errors import SystemFailed
from policies.model import PolicySet
from policies.oslo import oslo_date

MOST_AT_ONCE: Final = 200
LIMIT_MARKETING: Final = {
    "facebook": "https://www.facebook.com/ads/preferences",
    "google": "https://adssettings.google.com",
}


@dataclass
class Counts:
    """All that is kept of the traffic: numbers by rule and by service."""

    told: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is left of a request."""

    ip: str
    device: Device
    agreed: Preferences


class Gateway:
    """The application and its counters. `proxies` is how many reverse proxies of our own stand before it."""

    def __init__(
        self, policy: PolicySet, sinks: Mapping[str, Sink], *, clock: Callable[[], datetime], proxies: int = 0
    ) -> None:
        self._policy = policy
        self._sinks = sinks
        self._clock = clock
        self._proxies = proxies
        self._under_way = asyncio.Semaphore(MOST_AT_ONCE)
        self.counts = Counts()

    def app(self) -> Starlette:
        """The web application."""
        return Starlette(
            routes=[
                Route("/collect", self._collect, methods=["POST"]),
                Route("/preferences", self._preferences, methods=["GET"]),
                Route("/preferences", self._prefer, methods=["POST"]),
                Route("/cookies", self._cookies, methods=["GET"]),
                Route("/counts", self._counted, methods=["GET"]),
            ]
        )

    async def _collect(self, request: Request) -> Response:
        arrived = self._arrival(request)
        if not arrived.agreed.consents():
            self.counts.silent += 1
            return Response(status_code=204)
        body = await _body(request)
        event = Dropped("size") if body is None else read(body)
        if isinstance(event, Dropped):
            self.counts.dropped[event.rule] += 1
            return JSONResponse({"dropped": event.rule}, status_code=422)
        if not event.purposes & arrived.agreed.consents():
            self.counts.silent += 1
            return Response(status_code=204)
        if self._under_way.locked():
            self.counts.dropped["busy"] += 1
            return JSONResponse({"dropped": "busy"}, status_code=503)
        return Response(status_code=202, background=BackgroundTask(self._tell, event, arrived))

    def _arrival(self, request: Request) -> Arrival:
        peer = request.client.host if request.client else ""
        address = nearest(peer, request.headers.get("x-forwarded-for", ""), proxies=self._proxies)
        agreed = preferences(request.cookies.get(PREFERENCES.name), request.headers)
        return Arrival(truncated(address), device(request.headers.get("user-agent", "")), agreed)

    async def _tell(self, event: Event, arrived: Arrival) -> None:
        now = self._clock()
        purposes = event.purposes & arrived.agreed.consents()
        async with self._under_way:
            for service, sink in self._sinks.items():
                for lane in lanes(self._policy, service, oslo_date(now)):
                    if lane.purpose in purposes:
                        said = told(event, arrived.ip, arrived.device, lane.fields, now)
                        self.counts.told[service] += 1
                        try:
                            await sink.tell(said)
                        except SystemFailed as failed:
                            self.counts.failed[f"{service} {failed.why}"] += 1

    async def _preferences(self, request: Request) -> Response:
        agreed = preferences(request.cookies.get(PREFERENCES.name), request.headers)
        return JSONResponse(_shown(agreed))

    async def _prefer(self, request: Request) -> Response:
        chosen = _chosen(await _body(request) or b"", request.headers.get("content-type", ""))
        if chosen is None:
            wanted = "send JSON with `analytics` and `targeting`, each true or false"
            return JSONResponse({"error": wanted}, status_code=400)
        return JSONResponse(_shown(chosen), headers={"set-cookie": set_cookie(PREFERENCES, chosen.written())})

    async def _cookies(self, _: Request) -> Response:
        rows = [
            {
                "name": each.name,
                "purpose": each.purpose,
                "nb": each.nb,
                "en": each.en,
                "days": each.lives.days,
                "necessary": each.necessary,
            }
            for each in REGISTER
        ]
        return JSONResponse({"cookies": rows, "help": HELP})

    async def _counted(self, _: Request) -> Response:
        counts = self.counts
        return JSONResponse({
            "told": dict(counts.told), "dropped": dict(counts.dropped), "failed": dict(counts.failed),
            "without_consent": counts.silent,
        })  # fmt: skip


def _shown(agreed: Preferences) -> dict[str, object]:
    return {
        "analytics": agreed.analytics,
        "targeting": agreed.targeting,
        "asked": agreed.asked,
        "limit_marketing": LIMIT_MARKETING,
    }


async def _body(request: Request) -> bytes | None:
    """The body, or None for one that is too long: reading stops there."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _chosen(body: bytes, kind: str) -> Preferences | None:
    """Both answers, or nothing: silence on one of them is not a yes. A form of another site cannot send this type."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    answers = cast("dict[str, object]", found)
    analytics, targeting = answers.get("analytics"), answers.get("targeting")
    if (
        answers.keys() != {"analytics", "targeting"}
        or not isinstance(analytics, bool)
        or not isinstance(targeting, bool)
    ):
        return None
    return Preferences(analytics, targeting, asked=True)
