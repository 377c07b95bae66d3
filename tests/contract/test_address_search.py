"""One suite for every way to look an address up: over HTTP against the stand-in, and from memory. Failures below."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from memory_addresses import SOLVEIEN, MemoryAddresses

from hvelv.standins.addresses import AddressEntry, StandInAddresses, addresses
from hvelv.standins.registers import Mood
from solar.addresses import AddressSearch, Kartverket, the_place
from solar.errors import AddressesAway, AddressesFailed, AddressesMalformed
from solar.model.errors import BadInput
from vault.errors import Misconfigured

ADDRESS = "Solveien 7, 0170 Oslo"
SAMPLE = Path(__file__).parents[1] / "fixtures" / "addresses" / "kartverket_sok.json"


@pytest.fixture
def standing_in() -> StandInAddresses:
    return StandInAddresses([SOLVEIEN], slow_seconds=2)


@asynccontextmanager
async def http(standing_in: StandInAddresses, timeout_seconds: float = 5) -> AsyncGenerator[AddressSearch]:
    async with (
        addresses(standing_in) as url,
        Kartverket(url, timeout_seconds=timeout_seconds, insecure_loopback=True) as search,
    ):
        yield search


@pytest.fixture(params=["memory", "http"])
async def search(request: pytest.FixtureRequest, standing_in: StandInAddresses) -> AsyncGenerator[AddressSearch]:
    if request.param == "memory":
        yield MemoryAddresses(standing_in)
        return
    async with http(standing_in) as over_http:
        yield over_http


async def test_one_none_and_several_places(search: AddressSearch, standing_in: StandInAddresses) -> None:
    (found,) = await search.find(ADDRESS)
    assert (found.latitude_deg, found.longitude_deg) == (SOLVEIEN.lat, SOLVEIEN.lon)
    assert await the_place(search, ADDRESS) == found
    standing_in.entries.append(replace(SOLVEIEN, lat=60.2))
    with pytest.raises(BadInput, match="names one place"):
        await the_place(search, ADDRESS)
    standing_in.entries.clear()
    assert list(await search.find(ADDRESS)) == []
    with pytest.raises(BadInput, match="knows"):
        await the_place(search, ADDRESS)


async def test_norwegian_letters_go_there_and_come_back(search: AddressSearch, standing_in: StandInAddresses) -> None:
    standing_in.entries.append(
        AddressEntry(text="Øvre Åsvei 12B", postcode="9008", town="TROMSØ", lat=69.65, lon=18.95)
    )
    (found,) = await search.find("Øvre Åsvei 12B, 9008 Tromsø")
    assert found.latitude_deg == 69.65


@pytest.mark.clause("SOL-11")
async def test_the_address_and_nothing_else_of_a_person_is_asked(standing_in: StandInAddresses) -> None:
    async with http(standing_in) as search:
        await search.find(ADDRESS)
    (asked,) = standing_in.asked
    assert asked["sok"] == ADDRESS
    assert asked.keys() == {"sok", "fuzzy", "treffPerSide", "utkoordsys", "filtrer"}


async def test_an_answer_as_kartverket_gives_it_is_read(standing_in: StandInAddresses) -> None:
    row = json.loads(SAMPLE.read_text("utf-8"))["adresser"][0]
    assert SOLVEIEN.shown().keys() <= row.keys()
    assert SOLVEIEN.shown()["representasjonspunkt"].keys() == row["representasjonspunkt"].keys()


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        (Mood.SLOW, AddressesAway),
        (Mood.THROTTLED, AddressesAway),
        (Mood.BROKEN, AddressesAway),
        (Mood.NOT_JSON, AddressesMalformed),
        (Mood.WITHOUT_LIST, AddressesMalformed),
        (Mood.BAD_ENTRY, AddressesMalformed),
        (Mood.ENDLESS, AddressesMalformed),
        (Mood.ELSEWHERE, AddressesMalformed),
    ],
)
async def test_on_a_bad_day_each_failure_is_named_and_nothing_is_quoted(
    standing_in: StandInAddresses, mood: Mood, kind: type[AddressesFailed]
) -> None:
    standing_in.mood = mood
    async with http(standing_in, timeout_seconds=0.4) as search:
        with pytest.raises(kind) as caught:
            await search.find(ADDRESS)
    assert "Solveien" not in str(caught.value)


async def test_a_register_that_is_not_there_is_away() -> None:
    async with Kartverket("http://127.0.0.1:9", timeout_seconds=1, insecure_loopback=True) as search:
        with pytest.raises(AddressesAway):
            await search.find(ADDRESS)


@pytest.mark.clause("ACC-04")
@pytest.mark.parametrize("address", ["http://ws.example.no", "ftp://127.0.0.1", "ws.example.no"])
def test_no_register_is_asked_without_tls(address: str) -> None:
    for loopback in (False, True):
        with pytest.raises(Misconfigured):
            Kartverket(address, timeout_seconds=1, insecure_loopback=loopback)
