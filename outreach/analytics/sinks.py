"""Who gets an event, and in which words: three services behind one port, each switched on by its own setting.

The policy says which service may have which of the six fields for which purpose; an adapter is handed those and no
others. No adapter makes an id that stays: where a service insists on one it gets a random one for every event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, Protocol
from uuid import UUID

from outreach.analytics.arrival import Device
from outreach.analytics.event import Event
from outreach.https import Https, as_json
from policies.model import PolicySet
from vault.request import Secret

RECORD: Final = "traffic_event"
GOOGLE, FACEBOOK, HOTJAR = "google_analytics", "facebook_pixel", "hotjar"


@dataclass(frozen=True, slots=True)
class Told:
    """What one service is told of one event: field of the policy (`route`, `event_name`, …) to text, and the device."""

    fields: Mapping[str, str]
    device: Device | None
    at: datetime


class Sink(Protocol):
    """A service of traffic analysis. Bounded in time; raises `outreach.errors.SystemFailed`."""

    async def tell(self, event: Told) -> None:
        """Hand one event over. Nothing is kept if it fails: an event is not worth a copy."""
        ...


@dataclass(frozen=True, slots=True)
class Lane:
    """For which purpose a service gets which fields."""

    purpose: str
    fields: frozenset[str]


@lru_cache(maxsize=64)
def lanes(policy: PolicySet, service: str, today: date) -> tuple[Lane, ...]:
    """What the policy lets a service have, by purpose. Empty for one it does not know, or that is none any more."""
    recipient = policy.recipients.get(service)
    if recipient is None or today < recipient.valid_from or (recipient.valid_to and today >= recipient.valid_to):
        return ()
    found: dict[str, set[str]] = {}
    for field in policy.fields.values():
        for use in field.uses:
            if field.record == RECORD and use.to == service:
                found.setdefault(use.purpose, set()).add(field.name.partition(".")[2])
    return tuple(Lane(purpose, frozenset(fields)) for purpose, fields in found.items())


def told(event: Event, ip: str, device: Device, fields: frozenset[str], at: datetime) -> Told:
    """The event cut down to the fields of a lane; nothing is said where the browser said nothing."""
    whole = {
        "route": event.route,
        "event_name": event.event_name,
        "referrer_host": event.referrer_host,
        "city": event.city,
        "truncated_ip": ip,
    }
    kept = {name: value for name, value in whole.items() if name in fields and value}
    return Told(kept, device if "device_class" in fields else None, at)


class GoogleAnalytics:
    """Measurement Protocol of Google Analytics 4: `POST /mp/collect`.

    Source: developers.google.com/analytics/devguides/collection/protocol/ga4
    """

    def __init__(self, client: Https, *, measurement: str, secret: Secret[str], ids: Callable[[], UUID]) -> None:
        self._client = client
        self._query = {"measurement_id": measurement, "api_secret": secret.reveal()}
        self._ids = ids

    async def tell(self, event: Told) -> None:
        """One event, one client of its own."""
        said = event.fields
        body: dict[str, object] = {
            "client_id": str(self._ids()),
            "non_personalized_ads": True,
            "events": [{
                "name": said.get("event_name", ""),
                "params": {"page_path": said.get("route", ""), "page_referrer": said.get("referrer_host", "")},
            }],
        }  # fmt: skip
        if "truncated_ip" in said:
            body["ip_override"] = said["truncated_ip"]
        if "city" in said:
            body["user_location"] = {"city": said["city"], "country_id": "NO"}
        if event.device is not None:
            body["device"] = {"category": event.device.kind, "operating_system": event.device.system}
        await self._client.call("POST", "/mp/collect", as_json(body), query=self._query)


class FacebookPixel:
    """Conversions API: `POST /{version}/{pixel}/events`, the token in the body and not in the URL.

    Source: developers.facebook.com/docs/marketing-api/conversions-api
    """

    def __init__(self, client: Https, *, pixel: str, token: Secret[str], site: str) -> None:
        self._client = client
        self._path = f"/v21.0/{pixel}/events"
        self._token = token
        self._site = site

    async def tell(self, event: Told) -> None:
        """One event, matched to nobody: no address, no cookie, no hash of either."""
        said = event.fields
        data: dict[str, object] = {
            "event_name": said.get("event_name", ""),
            "event_time": int(event.at.timestamp()),
            "action_source": "website",
            "event_source_url": f"{self._site}{said.get('route', '/')}",
            "data_processing_options": ["LDU"],
            "data_processing_options_country": 0,
            "data_processing_options_state": 0,
            "user_data": {
                "client_ip_address": said.get("truncated_ip", ""),
                "client_user_agent": "" if event.device is None else str(event.device),
            },
            "custom_data": {key: said[key] for key in ("city", "referrer_host") if key in said},
        }
        await self._client.call("POST", self._path, as_json({"data": [data], "access_token": self._token.reveal()}))


class HotjarRelay:
    """Hotjar documents no way to tell it of an event but its script in the browser, which we do not load.

    So this posts to a relay that runs the script for a browser of its own (`HVELV_HOTJAR_RELAY`): `POST /events` with
    the six fields. Off where there is none.
    """

    def __init__(self, client: Https) -> None:
        self._client = client

    async def tell(self, event: Told) -> None:
        """One event."""
        device = {} if event.device is None else {"device_class": str(event.device)}
        await self._client.call("POST", "/events", as_json({**event.fields, **device}))
