"""`StandInAddresses`: Kartverket's address search, `GET /sok`, over invented addresses.

It knows what it is handed, answers in the shape of ws.geonorge.no/adresser/v1, and can be told to have a bad day.
`asked` keeps the names and values of every question.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hvelv.serving import free_port, served
from hvelv.standins.registers import Mood


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AddressEntry:
    """An address and the point that represents it, ETRS89."""

    text: str
    postcode: str
    town: str
    lat: float
    lon: float

    def fits(self, wanted: str) -> bool:
        """Whether every word of the question is a word of this address."""
        mine = f"{self.text} {self.postcode} {self.town}".casefold().replace(",", " ").split()
        return all(word in mine for word in wanted.casefold().replace(",", " ").split())

    def shown(self) -> dict[str, Any]:
        """The address as it is answered."""
        return {
            "adressetekst": self.text, "postnummer": self.postcode, "poststed": self.town, "objtype": "Vegadresse",
            "representasjonspunkt": {"epsg": "EPSG:4258", "lat": self.lat, "lon": self.lon},
        }  # fmt: skip


@dataclass(slots=True)
class StandInAddresses:
    """The search on one port."""

    entries: list[AddressEntry] = field(default_factory=list)
    mood: Mood = Mood.WELL
    slow_seconds: float = 5.0
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The HTTP application."""
        return Starlette(routes=[Route("/sok", self._search, methods=["GET"])])

    async def _search(self, request: Request) -> Response:
        question = dict(request.query_params)
        self.asked.append(question)
        if self.mood is Mood.SLOW:
            await asyncio.sleep(self.slow_seconds)
        bad: dict[Mood, Response] = {
            Mood.THROTTLED: JSONResponse({"message": "slow down"}, status_code=429),
            Mood.BROKEN: JSONResponse({"message": "broken"}, status_code=500),
            Mood.NOT_JSON: Response(b"<html>", media_type="text/html"),
            Mood.WITHOUT_LIST: JSONResponse({"adresser": "none"}),
            Mood.BAD_ENTRY: JSONResponse({"adresser": [{"representasjonspunkt": {"lat": "59"}}]}),
            Mood.ENDLESS: Response(b" " * 300_000, media_type="application/json"),
            Mood.ELSEWHERE: Response(status_code=302, headers={"location": "/elsewhere"}),
        }
        if self.mood in bad:
            return bad[self.mood]
        found = [entry.shown() for entry in self.entries if entry.fits(question.get("sok", ""))]
        size = int(question.get("treffPerSide", "10"))
        metadata = {"side": 0, "totaltAntallTreff": len(found), "treffPerSide": size, "viserFra": 0}
        return JSONResponse({"metadata": metadata, "adresser": found[:size]})


@asynccontextmanager
async def addresses(standing_in: StandInAddresses) -> AsyncGenerator[str, None]:
    """The search answering on a free loopback port for as long as this lasts; gives its address."""
    async with served(standing_in.app(), "127.0.0.1", free_port()) as url:
        yield url
