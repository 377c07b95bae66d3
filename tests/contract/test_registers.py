"""One suite for every way to ask a register: over HTTP against the stand-in, and from memory. HTTP failures below."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date

import pytest
from nabostrom_world import (
    ADDRESS,
    BORN,
    FIRST,
    LAST,
    METER_NUMBER,
    NATIONAL_ID,
    POINT,
    SECOND_POINT,
    entry,
    person,
)

from hvelv.standins.direct import DirectPersons, DirectPoints
from hvelv.standins.registers import COMBINATIONS, TOKEN, Mood, StandInRegisters, registers
from products.errors import RegisterAway, RegisterFailed, RegisterMalformed, RegisterRefused
from products.nabostrom.asking import Asking
from products.nabostrom.over_http import WIRE, HttpMeteringPoints, HttpPersons
from products.nabostrom.register import (
    Known,
    MeteringPointRegister,
    PersonKeys,
    PopulationRegister,
    ReadingForm,
    SearchKeys,
    keys,
)
from vault.errors import Misconfigured
from vault.request import Secret

TODAY = date(2026, 3, 2)
BY_METER = SearchKeys(postcode="0002", meter_number=METER_NUMBER)
ASE = PersonKeys(first_name=FIRST, last_name=LAST, birth_date=date.fromisoformat(BORN), address=ADDRESS)


@pytest.fixture
def standing_in() -> StandInRegisters:
    return StandInRegisters(meters=[entry()], persons=[person()], slow_seconds=2)


@asynccontextmanager
async def http(
    standing_in: StandInRegisters, token: str = TOKEN, timeout_seconds: float = 5
) -> AsyncGenerator[tuple[MeteringPointRegister, PopulationRegister]]:
    async with (
        registers(standing_in) as url,
        Asking("the register", url, Secret(token), timeout_seconds=timeout_seconds, insecure_loopback=True) as asking,
    ):
        yield HttpMeteringPoints(asking, "elhub"), HttpPersons(asking)


@pytest.fixture(params=["memory", "http"])
async def asked(
    request: pytest.FixtureRequest, standing_in: StandInRegisters
) -> AsyncGenerator[tuple[MeteringPointRegister, PopulationRegister]]:
    if request.param == "memory":
        yield DirectPoints(standing_in), DirectPersons(standing_in)
        return
    async with http(standing_in) as both:
        yield both


async def test_one_none_and_several_metering_points(
    asked: tuple[MeteringPointRegister, PopulationRegister], standing_in: StandInRegisters
) -> None:
    (found,) = await asked[0].find(BY_METER, today=TODAY)
    assert (found.metering_point, found.meter_number) == (POINT, METER_NUMBER)
    assert (found.reading_form, found.last_reading_on) == (ReadingForm.AMS, None)
    standing_in.meters.append(entry(metering_point=SECOND_POINT))
    assert len(await asked[0].find(BY_METER, today=TODAY)) == 2
    standing_in.meters.clear()
    assert list(await asked[0].find(BY_METER, today=TODAY)) == []


async def test_one_none_and_several_persons(
    asked: tuple[MeteringPointRegister, PopulationRegister], standing_in: StandInRegisters
) -> None:
    (found,) = await asked[1].find(ASE)
    assert (found.national_id, found.birth_date.isoformat()) == (NATIONAL_ID, BORN)
    standing_in.persons.append(person())
    assert len(await asked[1].find(ASE)) == 2
    standing_in.persons.clear()
    assert list(await asked[1].find(ASE)) == []


async def test_what_is_asked_is_what_was_wanted(
    asked: tuple[MeteringPointRegister, PopulationRegister], standing_in: StandInRegisters
) -> None:
    await asked[0].find(BY_METER, today=TODAY)
    await asked[1].find(ASE)
    assert standing_in.asked == [
        ("meteringPoints", {"postcode": "0002", "meterNumber": METER_NUMBER}),
        ("persons", {"firstName": FIRST, "lastName": LAST, "birthDate": BORN, "address": ADDRESS}),
    ]


async def test_an_entry_that_does_not_check_spoils_the_whole_answer(
    asked: tuple[MeteringPointRegister, PopulationRegister], standing_in: StandInRegisters
) -> None:
    standing_in.meters.append(entry(metering_point="707057500000000019"))
    with pytest.raises(RegisterMalformed):
        await asked[0].find(BY_METER, today=TODAY)


# -- HTTP ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        (Mood.SLOW, RegisterAway),
        (Mood.THROTTLED, RegisterAway),
        (Mood.BROKEN, RegisterAway),
        (Mood.NOT_JSON, RegisterMalformed),
        (Mood.WITHOUT_LIST, RegisterMalformed),
        (Mood.BAD_ENTRY, RegisterMalformed),
        (Mood.ENDLESS, RegisterMalformed),
        (Mood.ELSEWHERE, RegisterRefused),
    ],
)
async def test_on_a_bad_day_each_failure_is_named_and_nothing_is_quoted(
    standing_in: StandInRegisters, mood: Mood, kind: type[RegisterFailed]
) -> None:
    async with http(standing_in, timeout_seconds=0.4) as (points, persons):
        standing_in.mood = mood
        for asking in (points.find(BY_METER, today=TODAY), persons.find(ASE)):
            with pytest.raises(kind) as caught:
                await asking
            assert not any(value in str(caught.value) for value in (METER_NUMBER, FIRST, LAST, BORN, ADDRESS))


async def test_a_throttling_register_says_how_long_to_wait(standing_in: StandInRegisters) -> None:
    async with http(standing_in) as (points, _):
        standing_in.mood = Mood.THROTTLED
        with pytest.raises(RegisterAway) as caught:
            await points.find(BY_METER, today=TODAY)
        assert caught.value.retry_after_seconds == 7


async def test_a_register_that_is_not_there_and_one_that_knows_no_such_token(standing_in: StandInRegisters) -> None:
    async with http(standing_in, token="another") as (points, _):
        with pytest.raises(RegisterRefused):
            await points.find(BY_METER, today=TODAY)
    nobody = Asking("the register", "http://127.0.0.1:9", Secret(TOKEN), timeout_seconds=1, insecure_loopback=True)
    async with nobody:
        with pytest.raises(RegisterAway):
            await HttpPersons(nobody).find(ASE)


@pytest.mark.clause("ACC-04")
@pytest.mark.parametrize("address", ["http://register.example.no", "ftp://127.0.0.1", "register.example.no"])
def test_no_register_is_asked_without_tls(address: str) -> None:
    for loopback in (False, True):
        with pytest.raises(Misconfigured):
            Asking("the register", address, Secret(TOKEN), timeout_seconds=1, insecure_loopback=loopback)
    with pytest.raises(Misconfigured):
        Asking("the register", "http://127.0.0.1:1", Secret(TOKEN), timeout_seconds=1)


# -- the allowed combinations ----------------------------------------------------------------------------------------


@pytest.mark.clause("NAB-05")
def test_whatever_is_known_only_the_four_combinations_are_ever_asked_with() -> None:
    made: set[frozenset[str]] = set()
    for number in range(16):
        known = Known(
            end_user=NATIONAL_ID if number & 1 else None,
            address=ADDRESS if number & 2 else None,
            metering_point=POINT if number & 4 else None,
            meter_number=METER_NUMBER if number & 8 else None,
        )
        wanted = keys(known)
        if wanted is not None:
            made.add(frozenset(WIRE[name] for name, value in asdict(wanted).items() if value is not None))
    assert made <= {frozenset(each) for each in COMBINATIONS}
    assert len(made) == 4


@pytest.mark.parametrize(
    "address", ["", "Bjørkelia", "Bjørkelia 7", "0002 Prøvestad", "Postboks 12", "7, 0002 Prøvestad"]
)
def test_an_address_that_does_not_say_where_makes_no_search(address: str) -> None:
    assert keys(Known(end_user=NATIONAL_ID, address=address, metering_point=None, meter_number=None)) is None


@pytest.mark.parametrize(
    ("address", "street", "house"),
    [
        ("Øvre Åsvei 12 B, 0350 Oslo", "Øvre Åsvei", "12 B"),
        ("Solveien 7, 0170 Oslo", "Solveien", "7"),
        ("O.J. Brochs gate 16a, 5006 Bergen, Norge", "O.J. Brochs gate", "16a"),
    ],
)
def test_an_address_is_read_into_street_house_and_postcode(address: str, street: str, house: str) -> None:
    found = keys(Known(end_user=NATIONAL_ID, address=address, metering_point=None, meter_number=None))
    assert found is not None
    assert (found.street, found.house_number) == (street, house)
