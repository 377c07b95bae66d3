"""Fixtures every test may ask for. Nothing here starts PostgreSQL unless a test asks for it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator
from hashlib import sha256

import pytest
from databases import Databases, fresh_pair, shared_server
from determinism import SeededEntropy, SeededIds, VirtualClock
from hypothesis import HealthCheck, settings

from hvelv.embedded import EmbeddedPostgres

# how long an example takes says how busy the machine is, not whether the promise holds
settings.register_profile("hvelv", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hvelv")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests travel into reports: a number as long as a national id is shown as its digest there."""
    if isinstance(val, str) and re.search(r"\d{11}", val):
        return f"number-{sha256(val.encode()).hexdigest()[:8]}"
    return None


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def ids(request: pytest.FixtureRequest) -> SeededIds:
    return SeededIds(request.node.nodeid)


@pytest.fixture
def entropy(request: pytest.FixtureRequest) -> SeededEntropy:
    return SeededEntropy(f"entropy of {request.node.nodeid}")


@pytest.fixture(scope="session")
def postgres() -> Generator[EmbeddedPostgres, None, None]:
    """The server of this run. A test that stops a server takes `databases.private_server` instead."""
    with shared_server() as server:
        yield server


@pytest.fixture
async def databases(postgres: EmbeddedPostgres) -> AsyncGenerator[Databases, None]:
    """A migrated pair for one test."""
    async with fresh_pair(postgres) as pair:
        yield pair


@pytest.fixture(scope="module")
async def module_databases(postgres: EmbeddedPostgres) -> AsyncGenerator[Databases, None]:
    """A migrated pair for all tests of a module."""
    async with fresh_pair(postgres) as pair:
        yield pair
