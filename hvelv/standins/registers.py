"""`StandInRegisters`: the metering point register and the population register of `docs/formats/registers.md`.

What they know is handed to them as entries of invented people. They can be told to be slow, throttled, broken or to
answer nonsense, so that whoever asks is tested against what registers do on bad days. `asked` keeps every question.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hvelv.serving import free_port, served

TOKEN: Final = "token of the stand-in"  # noqa: S105  opens nothing but invented people
COMBINATIONS: Final = (
    {"endUserId", "meteringPointId"},
    {"endUserId", "meterNumber"},
    {"endUserId", "postcode", "street"},
    {"endUserId", "postcode", "houseNumber"},
    {"endUserId", "street", "houseNumber"},
    {"endUserId", "postcode", "street", "houseNumber"},
    {"postcode", "meterNumber"},
)
PERSON: Final = {"firstName", "lastName", "birthDate", "address"}


@unique
class Mood(Enum):
    """How the registers are today."""

    WELL = "well"
    SLOW = "slow"
    THROTTLED = "throttled"
    BROKEN = "broken"
    NOT_JSON = "not json"
    WITHOUT_LIST = "without list"
    BAD_ENTRY = "bad entry"
    ENDLESS = "endless"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MeterEntry:
    """A metering point as the stand-in keeps it; the last four are searched by and never answered."""

    metering_point: str
    meter_number: str
    reading_form: str = "AMS"
    last_reading_date: str | None = None
    feeds_in: bool = False
    end_user: str
    postcode: str
    street: str
    house_number: str

    def fits(self, question: Mapping[str, str]) -> bool:
        """Whether every key of the question is this entry's."""
        mine = {
            "endUserId": self.end_user, "meteringPointId": self.metering_point, "meterNumber": self.meter_number,
            "postcode": self.postcode, "street": self.street, "houseNumber": self.house_number,
        }  # fmt: skip
        return all(mine[name].casefold() == value.casefold() for name, value in question.items())

    def shown(self) -> dict[str, str | bool | None]:
        """The entry as it is answered."""
        return {
            "meteringPointId": self.metering_point,
            "meterNumber": self.meter_number,
            "readingForm": self.reading_form,
            "lastReadingDate": self.last_reading_date,
            "feedsIn": self.feeds_in,
        }


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonEntry:
    """A person as the stand-in keeps it. `answered_birth_date` is another one where the registers disagree."""

    national_id: str
    first_name: str
    last_name: str
    birth_date: str
    address: str
    answered_birth_date: str | None = None

    def fits(self, question: Mapping[str, str]) -> bool:
        """Whether every key of the question is this person's."""
        mine = {
            "firstName": self.first_name, "lastName": self.last_name, "birthDate": self.birth_date,
            "address": self.address,
        }  # fmt: skip
        return all(mine[name].casefold() == value.casefold() for name, value in question.items())

    def shown(self) -> dict[str, str]:
        """The person as it is answered."""
        return {"nationalId": self.national_id, "birthDate": self.answered_birth_date or self.birth_date}


@dataclass(slots=True)
class StandInRegisters:
    """Both registers on one port."""

    meters: list[MeterEntry] = field(default_factory=list)
    persons: list[PersonEntry] = field(default_factory=list)
    mood: Mood = Mood.WELL
    slow_seconds: float = 5.0
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def app(self) -> Starlette:
        """The HTTP application."""
        return Starlette(
            routes=[
                Route("/metering-points/search", self._meters, methods=["POST"]),
                Route("/persons/search", self._persons, methods=["POST"]),
            ]
        )

    async def _meters(self, request: Request) -> Response:
        return await self._answer(request, "meteringPoints", COMBINATIONS, self.meters)

    async def _persons(self, request: Request) -> Response:
        return await self._answer(request, "persons", (PERSON,), self.persons)

    async def _answer(
        self,
        request: Request,
        name: str,
        combinations: tuple[set[str], ...],
        entries: list[MeterEntry] | list[PersonEntry],
    ) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {TOKEN}"):
            return JSONResponse({"error": "unauthorized"}, status_code=401)
        question: dict[str, str] = json.loads(await request.body())
        self.asked.append((name, question))
        moody = await self._moody(name)
        if moody is not None:
            return moody
        if set(question) not in combinations:
            return JSONResponse({"error": "not an allowed combination of keys"}, status_code=400)
        return JSONResponse({name: [entry.shown() for entry in entries if entry.fits(question)]})

    async def _moody(self, name: str) -> Response | None:
        if self.mood is Mood.SLOW:
            await asyncio.sleep(self.slow_seconds)
        answers: dict[Mood, Response] = {
            Mood.THROTTLED: JSONResponse({"error": "slow down"}, status_code=429, headers={"retry-after": "7"}),
            Mood.BROKEN: JSONResponse({"error": "broken"}, status_code=500),
            Mood.NOT_JSON: Response(b"<html>", media_type="text/html"),
            Mood.WITHOUT_LIST: JSONResponse({name: "none"}),
            Mood.BAD_ENTRY: JSONResponse({name: [{"meteringPointId": "1", "nationalId": 7}]}),
            Mood.ENDLESS: Response(b" " * 70_000, media_type="application/json"),
            Mood.ELSEWHERE: Response(status_code=302, headers={"location": "/elsewhere"}),
        }
        return answers.get(self.mood)


@asynccontextmanager
async def registers(standing_in: StandInRegisters) -> AsyncGenerator[str, None]:
    """The registers answering on a free loopback port for as long as this lasts; gives their address."""
    async with served(standing_in.app(), "127.0.0.1", free_port()) as url:
        yield url
