"""Links that work without signing in: to unsubscribe with one click (RFC 8058), and to confirm a new subscription.

`POST /newsletter/unsubscribe/{slip}` is what mail programs send for the `List-Unsubscribe` header. `GET` shows a page
with one button, in Norwegian and English, and changes nothing: programs that look through mail fetch every link in it.
The answer to a slip that is not ours tells nothing about what was wrong with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from outreach.newsletter import Newsletter
from policies.model import Principal
from vault.errors import Unknown, VaultError
from vault.request import Secret

PATHS: Final = {"unsubscribe": "/newsletter/unsubscribe/{slip}", "confirm": "/newsletter/confirm/{slip}"}
ASKED: Final = {
    "unsubscribe": ("Vil du slutte å få nyhetsbrevet?", "Stop the newsletter?", "Meld meg av / Unsubscribe"),
    "confirm": ("Vil du ha nyhetsbrevet igjen?", "Get the newsletter again?", "Ja / Yes"),
}
DONE: Final = {
    "unsubscribe": "Du er meldt av nyhetsbrevet. / You are unsubscribed from the newsletter.\n",
    "confirm": "Takk, du får nyhetsbrevet igjen. / Thank you, you get the newsletter again.\n",
}
NOT_OURS: Final = "Lenken er ikke vår. / The link is not one of ours.\n"
LATER: Final = "Prøv igjen om litt. / Try again in a moment.\n"
POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
PAGE: Final = """<!doctype html><html lang="nb"><meta charset="utf-8"><title>{title}</title>
<p>{title}</p><p lang="en">{english}</p><form method="post"><button>{button}</button></form></html>
"""


class OneClick:
    """The routes. `who` gives the newsletter's own principal at each request."""

    def __init__(self, newsletter: Newsletter, who: Callable[[], Awaitable[Principal]]) -> None:
        self._newsletter = newsletter
        self._who = who

    def routes(self) -> list[BaseRoute]:
        """To be served under the host that mails name."""
        acts: Mapping[str, Callable[[Secret[str]], Awaitable[None]]] = {
            "unsubscribe": self._unsubscribe,
            "confirm": self._newsletter.confirm,
        }
        return [Route(PATHS[name], _handler(name, act), methods=["GET", "POST"]) for name, act in acts.items()]

    async def _unsubscribe(self, slip: Secret[str]) -> None:
        await self._newsletter.unsubscribe(await self._who(), slip)


def _handler(name: str, act: Callable[[Secret[str]], Awaitable[None]]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if request.method != "POST":
            title, english, button = ASKED[name]
            page = PAGE.format(title=title, english=english, button=button)
            return HTMLResponse(page, headers={"content-security-policy": POLICY})
        try:
            await act(Secret(request.path_params["slip"]))
        except Unknown:
            return PlainTextResponse(NOT_OURS, status_code=404)
        except VaultError:
            return PlainTextResponse(LATER, status_code=503)
        return PlainTextResponse(DONE[name])

    return handle


def headers(site: str, slip: Secret[str]) -> dict[str, str]:
    """The two headers of a mail by which its reader unsubscribes with one click (RFC 8058 § 3.1)."""
    link = f"{site}{PATHS['unsubscribe'].format(slip=slip.reveal())}"
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
