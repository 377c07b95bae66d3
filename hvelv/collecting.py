"""`hvelv collect`: the analytics gateway. It has no vault, no database and no key; all it keeps are numbers."""

from __future__ import annotations

import asyncio
import uuid

from hvelv.app import Edge, now
from hvelv.house import read_policy
from hvelv.reports import of_loop, watching
from hvelv.serving import served, until_stopped
from hvelv.settings import Settings
from outreach.analytics.gateway import Gateway
from outreach.analytics.sinks import FACEBOOK, GOOGLE, HOTJAR, FacebookPixel, GoogleAnalytics, HotjarRelay, Sink
from outreach.https import Https
from vault.request import Secret

SECONDS = 3.0
GOOGLE_IN_EUROPE = "https://region1.google-analytics.com"
FACEBOOK_GRAPH = "https://graph.facebook.com"


def sinks(settings: Settings) -> dict[str, Sink]:
    """The services that are set up. Each is off until all its settings are there."""
    found: dict[str, Sink] = {}
    if settings.google_measurement and settings.google_secret:
        client = Https(GOOGLE, GOOGLE_IN_EUROPE, seconds=SECONDS)
        secret = Secret(settings.google_secret.get_secret_value())
        found[GOOGLE] = GoogleAnalytics(client, measurement=settings.google_measurement, secret=secret, ids=uuid.uuid4)
    if settings.facebook_pixel and settings.facebook_token:
        client = Https(FACEBOOK, FACEBOOK_GRAPH, seconds=SECONDS)
        token = Secret(settings.facebook_token.get_secret_value())
        found[FACEBOOK] = FacebookPixel(client, pixel=settings.facebook_pixel, token=token, site=settings.collect_site)
    if settings.hotjar_relay:
        found[HOTJAR] = HotjarRelay(Https(HOTJAR, settings.hotjar_relay, seconds=SECONDS))
    return found


async def _collect(settings: Settings) -> None:
    asyncio.get_running_loop().set_exception_handler(of_loop)
    gateway = Gateway(read_policy(settings), sinks(settings), clock=now, proxies=settings.collect_proxies)
    async with served(Edge(gateway.app()), settings.host, settings.collect_port):
        await until_stopped()


def run(settings: Settings) -> None:
    """Serve `/collect` until interrupted."""
    with watching(settings):
        asyncio.run(_collect(settings))
