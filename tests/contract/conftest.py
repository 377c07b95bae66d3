"""The cases that the product tests run through twice: over the fake doors, and over a vault on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from databases import fresh_pair
from determinism import SeededIds, VirtualClock
from fake_doors import FakeDoors
from nabostrom_world import PowerCase
from shipped_policy import shipped
from solstrom_world import Case
from vault_house import Home, home

from hvelv.embedded import EmbeddedPostgres


@pytest.fixture(scope="module", params=["fake", pytest.param("vault", marks=pytest.mark.slow)])
async def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Home | None, None]:
    """One vault for all cases of a module; none for the fake doors, which need no server."""
    if request.param == "fake":
        yield None
        return
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    async with fresh_pair(server) as databases, home(databases, tmp_path_factory.mktemp("keys")) as at_home:
        yield at_home


@pytest.fixture
def case(request: pytest.FixtureRequest, installed: Home | None, clock: VirtualClock, ids: SeededIds) -> Case:
    return (
        Case(FakeDoors(shipped(), clock), clock, ids)
        if installed is None
        else Case(installed.vault, installed.clock, ids)
    )


@pytest.fixture
def power(installed: Home | None, clock: VirtualClock, ids: SeededIds) -> PowerCase:
    return (
        PowerCase(FakeDoors(shipped(), clock), clock, ids)
        if installed is None
        else PowerCase(installed.vault, installed.clock, installed.ids)
    )
