"""What leaves the gateway, read at the other end of the wire: three services that speak TLS."""

from __future__ import annotations

import asyncio
import gc
import json
import random
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from determinism import SeededIds, VirtualClock
from https_standin import Asked, Reply, StandIn, standin, trust
from shipped_policy import shipped

from outreach.analytics.event import Event
from outreach.analytics.gateway import Gateway
from outreach.analytics.sinks import FACEBOOK, GOOGLE, HOTJAR, FacebookPixel, GoogleAnalytics, HotjarRelay, Sink, lanes
from outreach.https import Https
from policies.oslo import oslo_date
from vault.request import Secret

AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
BOTH = {"analytics": True, "targeting": True}


def google(asked: Asked) -> Reply:
    """204 whatever comes, as the Measurement Protocol answers."""
    return Reply(204) if asked.path == "/mp/collect" and "measurement_id" in asked.query else Reply(404)


def facebook(asked: Asked) -> Reply:
    """The Conversions API counts what it received."""
    fits = asked.path == "/v21.0/4711/events" and asked.json["access_token"] == "pixel secret"
    return Reply(200, {"events_received": len(asked.json["data"])}) if fits else Reply(400, {"error": {}})


@dataclass
class World:
    """The gateway behind HTTP, and what arrived at each service."""

    gateway: Gateway
    browser: httpx2.AsyncClient
    services: Mapping[str, StandIn]

    async def choose(self, **answers: bool) -> httpx2.Response:
        return await self.browser.post("/preferences", json=answers)

    async def send(self, **changed: Any) -> httpx2.Response:
        event = {"purposes": ["analytics", "targeting"], "name": "page_viewed", "url": "/calc/8f3a", **changed}
        return await self.browser.post("/collect", json=event)

    def arrived(self) -> dict[str, int]:
        return {name: len(service.asked) for name, service in self.services.items() if service.asked}


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    with ExitStack() as stack:
        services = {
            GOOGLE: stack.enter_context(standin(google)),
            FACEBOOK: stack.enter_context(standin(facebook)),
            HOTJAR: stack.enter_context(standin()),
        }
        clients = {name: Https(name, service.address, trust=trust()) for name, service in services.items()}
        sinks: dict[str, Sink] = {
            GOOGLE: GoogleAnalytics(
                clients[GOOGLE], measurement="G-TEST", secret=Secret("google secret"), ids=SeededIds("clients")
            ),
            FACEBOOK: FacebookPixel(
                clients[FACEBOOK], pixel="4711", token=Secret("pixel secret"), site="https://otovo.no"
            ),
            HOTJAR: HotjarRelay(clients[HOTJAR]),
        }
        gateway = Gateway(shipped(), sinks, clock=VirtualClock(), proxies=1)
        transport = httpx2.ASGITransport(app=gateway.app(), client=("10.0.0.1", 1))
        async with httpx2.AsyncClient(
            transport=transport,
            base_url="https://otovo.no",
            headers={"user-agent": AGENT, "x-forwarded-for": "203.0.113.77"},
        ) as browser:
            yield World(gateway, browser, services)
        for client in clients.values():
            await client.close()


@pytest.mark.clause("CKE-06")
async def test_without_an_answer_nothing_goes_out_and_no_cookie_is_set(world: World) -> None:
    answer = await world.send()
    assert (answer.status_code, world.arrived(), "set-cookie" in answer.headers) == (204, {}, False)


@pytest.mark.clause("CKE-06", "CKE-17")
@pytest.mark.parametrize(
    ("answers", "reached"),
    [
        ({"analytics": False, "targeting": False}, set[str]()),
        ({"analytics": True, "targeting": False}, {GOOGLE, HOTJAR}),
        ({"analytics": False, "targeting": True}, {FACEBOOK}),
        (BOTH, {GOOGLE, HOTJAR, FACEBOOK}),
    ],
    ids=["neither", "analytics", "targeting", "both"],
)
async def test_each_consent_reaches_its_services_and_no_other(
    world: World, answers: dict[str, bool], reached: set[str]
) -> None:
    await world.choose(**answers)
    assert (await world.send()).status_code == (202 if reached else 204)
    assert world.arrived().keys() == reached


async def test_an_event_for_one_purpose_goes_to_that_purpose_only(world: World) -> None:
    await world.choose(**BOTH)
    await world.send(purposes=["analytics"])
    assert world.arrived().keys() == {GOOGLE, HOTJAR}


@pytest.mark.clause("CKE-06", "CKE-19")
async def test_a_consent_taken_back_stops_the_next_event_and_needs_no_account(world: World) -> None:
    await world.choose(**BOTH)
    await world.send()
    before = world.arrived()
    assert (await world.choose(analytics=False, targeting=False)).json()["targeting"] is False
    await world.send()
    assert world.arrived() == before


@pytest.mark.clause("CKE-06", "CKE-19")
async def test_to_refuse_takes_the_same_one_request_as_to_agree_and_silence_is_neither(world: World) -> None:
    asked = (await world.browser.get("/preferences")).json()
    assert (asked["analytics"], asked["targeting"], asked["asked"]) == (False, False, False)
    assert set(asked["limit_marketing"]) == {"facebook", "google"}
    for agreed in (True, False):
        answer = await world.choose(analytics=agreed, targeting=agreed)
        assert answer.json() == {**asked, "analytics": agreed, "targeting": agreed, "asked": True}
    for half in ({"analytics": True}, {"analytics": True, "targeting": "yes"}, {}, {**BOTH, "more": True}):
        assert (await world.browser.post("/preferences", json=half)).status_code == 400
    form = await world.browser.post("/preferences", content=json.dumps(BOTH), headers={"content-type": "text/plain"})
    assert form.status_code == 400


@pytest.mark.clause("CKE-01", "CKE-02")
async def test_the_cookie_is_bound_to_the_host_and_closed_to_scripts_and_says_nothing_of_a_person(world: World) -> None:
    header = (await world.choose(analytics=True, targeting=False)).headers["set-cookie"]
    name, *flags = header.split("; ")
    assert name == "__Host-preferences=analytics-yes.targeting-no"
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(flags)
    assert not any(flag.startswith("Domain") for flag in flags)
    listed = (await world.browser.get("/cookies")).json()
    assert {each["name"]: each["necessary"] for each in listed["cookies"]} == {
        "__Host-session": True, "__Host-preferences": True,
    }  # fmt: skip
    assert listed["help"].startswith("https://")


@pytest.mark.clause("CKE-08", "CKE-10", "CKE-11", "CKE-12", "CKE-13")
async def test_exactly_the_six_things_of_the_policy_arrive(world: World) -> None:
    await world.choose(**BOTH)
    await world.send(referrer="https://m.facebook.com/x?fbclid=1", city="Oslo", name="faq_opened", faq="who_installs")
    (at_google,), (at_facebook,), (at_hotjar,) = (world.services[name].asked for name in (GOOGLE, FACEBOOK, HOTJAR))
    assert at_hotjar.json == {
        "route": "/calc/:id", "event_name": "faq_opened_who_installs", "referrer_host": "m.facebook.com",
        "city": "Oslo", "truncated_ip": "203.0.113.0", "device_class": "mobile, iOS",
    }  # fmt: skip
    sent = at_google.json
    assert sent["events"] == [{
        "name": "faq_opened_who_installs", "params": {"page_path": "/calc/:id", "page_referrer": "m.facebook.com"},
    }]  # fmt: skip
    assert (sent["ip_override"], sent["device"]["category"], sent["user_location"]["city"]) == (
        "203.0.113.0", "mobile", "Oslo",
    )  # fmt: skip
    (conversion,) = at_facebook.json["data"]
    assert conversion["event_source_url"] == "https://otovo.no/calc/:id"
    assert conversion["user_data"] == {"client_ip_address": "203.0.113.0", "client_user_agent": "mobile, iOS"}
    assert b"pixel secret" not in f"{at_facebook.path} {at_facebook.query}".encode()
    for service in world.services.values():
        assert b"203.0.113.77" not in service.received
        assert b"8f3a" not in service.received
        assert AGENT.encode() not in service.received


@pytest.mark.clause("CKE-15")
async def test_no_service_can_tell_two_events_of_one_browser_from_those_of_two(world: World) -> None:
    await world.choose(**BOTH)
    await world.send()
    await world.send()
    first, second = (asked.json["client_id"] for asked in world.services[GOOGLE].asked)
    assert first != second
    one, two = (asked.json["data"][0] for asked in world.services[FACEBOOK].asked)
    assert one == two


def planted(number: random.Random) -> str:
    """Something that names a person, made up anew for each event."""
    email = f"{number.choice(['kari', 'ola', 'aase'])}.{number.randrange(10**6)}@example.no"
    digits = "".join(map(str, number.choices(range(10), k=18)))
    uuid = f"{number.getrandbits(128):032x}"
    return number.choice([
        email,
        sha256(email.encode()).hexdigest(),
        b64encode(sha256(email.encode()).digest()).decode(),
        f"{digits[:6]} {digits[6:11]}",
        digits[:11],
        digits,
        f"+47 4{digits[:7]}",
        f"4{digits[0]} {digits[1:3]} {digits[3:5]} {digits[5:7]}",
        f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}",
    ])  # fmt: skip


def wrapped(value: str, number: random.Random) -> str:
    encoded = b64encode(value.encode()).decode()
    return number.choice([
        value, quote(value, safe=""), quote(quote(value, safe=""), safe=""), encoded, encoded.rstrip("="),
        quote(encoded, safe=""), value.encode().hex(), value.upper() if "@" in value else value,
    ])  # fmt: skip


def placed(value: str, number: random.Random) -> dict[str, Any]:
    """The value in one of the positions an event has, and in some it must not have."""
    return number.choice([
        {"url": f"/calc/{value}"},
        {"url": f"https://otovo.no/calc?ref={value}#x"},
        {"url": f"https://{value}.otovo.no/"},
        {"referrer": f"https://partner.example/{value}/x"},
        {"referrer": f"https://{value}.example/"},
        {"city": value},
        {"name": value},
        {"faq": value, "name": "faq_opened"},
        {"purposes": ["analytics", value]},
        {"title": value},
        {value: "x"},
        {"nested": {"deep": [{"down": value}]}},
        {"city": {"name": [value]}},
        {"referrer": f"x{value}x"},
    ])  # fmt: skip


@pytest.mark.clause("CKE-14", "CKE-15")
async def test_of_five_hundred_events_with_planted_data_none_leaks(world: World) -> None:
    await world.choose(**BOTH)
    number = random.Random(20261124)
    for _ in range(500):
        value = planted(number)
        carrier = wrapped(value, number)
        answer = await world.send(**placed(carrier, number))
        assert answer.status_code in {202, 422}
        for service in world.services.values():
            received = service.received.decode().lower()
            assert value.lower() not in received
            assert carrier.lower() not in received
    dropped = world.gateway.counts.dropped
    assert dropped.total() == 500, "each of them is dropped"
    assert {"email", "hash", "national_id", "phone", "metering_point", "uuid"} <= dropped.keys()
    assert not any(any(letter.isdigit() or letter == "@" for letter in rule) for rule in dropped)
    counted = (await world.browser.get("/counts")).json()
    assert counted["dropped"] == dict(dropped)


@pytest.mark.clause("CKE-07", "CKE-18")
async def test_after_a_thousand_events_nothing_of_them_is_left_but_numbers(world: World) -> None:
    await world.choose(**BOTH)
    for _ in range(250):
        await asyncio.gather(*(world.send() for _ in range(4)))
    counted = (await world.browser.get("/counts")).json()
    assert counted["told"] == {GOOGLE: 1000, HOTJAR: 1000, FACEBOOK: 1000}
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Event)]


@pytest.mark.parametrize(("reply", "why"), [(Reply(500), "broken"), (Reply(429), "throttled"), (Reply(403), "refused")])
async def test_a_service_that_fails_is_counted_and_the_others_are_told(world: World, reply: Reply, why: str) -> None:
    await world.choose(**BOTH)
    world.services[GOOGLE].replies = [reply]
    assert (await world.send()).status_code == 202
    assert world.gateway.counts.failed == {f"{GOOGLE} {why}": 1}
    assert world.arrived() == {GOOGLE: 1, FACEBOOK: 1, HOTJAR: 1}


async def test_an_event_of_a_megabyte_is_refused_while_it_arrives(world: World) -> None:
    await world.choose(**BOTH)
    answer = await world.browser.post("/collect", content=b"x" * 1_000_000)
    assert (answer.status_code, answer.json()) == (422, {"dropped": "size"})
    assert world.arrived() == {}


async def test_an_answer_never_repeats_what_was_sent(world: World) -> None:
    await world.choose(**BOTH)
    answer = await world.send(city="Kari Nordmann")
    assert "Kari" not in answer.text


def test_a_service_is_told_what_the_policy_says_and_none_after_its_last_day() -> None:
    today = oslo_date(VirtualClock()())
    assert {lane.purpose for lane in lanes(shipped(), FACEBOOK, today)} == {"targeting"}
    assert {lane.purpose for lane in lanes(shipped(), GOOGLE, today)} == {"analytics"}
    assert lanes(shipped(), "tiktok", today) == ()
    assert lanes(shipped(), GOOGLE, today.replace(year=2017)) == ()


@pytest.mark.clause("CKE-17")
@pytest.mark.parametrize("path", ["/audience", "/customaudiences", "/upload", "/graphql", "/collect/batch"])
async def test_there_is_no_way_to_hand_over_a_list_of_customers(world: World, path: str) -> None:
    assert (await world.browser.post(path, json={})).status_code == 404
