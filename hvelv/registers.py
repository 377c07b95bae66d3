"""The registers outside the house, as the settings name them, for as long as a server runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from hvelv.settings import Settings
from products.nabostrom.asking import Asking
from products.nabostrom.over_http import HttpMeteringPoints, HttpPersons
from resolvers.house import Registers
from vault.request import Secret

POINTS: Final = "the metering point register"
PERSONS: Final = "the population register"


@asynccontextmanager
async def registers_of(settings: Settings) -> AsyncGenerator[Registers | None, None]:
    """Both registers, or none where none is set. Nothing is asked until somebody looks up.

    Raises:
        Misconfigured: an address does not begin with `https://`.
    """
    points, persons = settings.metering_register_address, settings.population_register_address
    if points is None or persons is None:
        yield None
        return
    seconds = settings.register_timeout_seconds
    first = settings.metering_register_token
    second = settings.population_register_token
    async with (
        Asking(POINTS, points, Secret(first.get_secret_value() if first else ""), timeout_seconds=seconds) as one,
        Asking(PERSONS, persons, Secret(second.get_secret_value() if second else ""), timeout_seconds=seconds) as two,
    ):
        yield Registers(points=HttpMeteringPoints(one, settings.metering_register_recipient), persons=HttpPersons(two))


@asynccontextmanager
async def stand_in_registers(url: str, token: str) -> AsyncGenerator[Registers, None]:
    """Both registers at the loopback address of the stand-in of `hvelv.standins`."""
    async with Asking(POINTS, url, Secret(token), timeout_seconds=5, insecure_loopback=True) as asking:
        yield Registers(points=HttpMeteringPoints(asking, "elhub"), persons=HttpPersons(asking))
