"""The world that answers are asked for in: a vault in memory, and the real one over PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from databases import fresh_pair
from graphql_world import World, fake_world, world_over
from vault_house import home

from hvelv.embedded import EmbeddedPostgres


@pytest.fixture(params=["in memory", pytest.param("on postgres", marks=pytest.mark.slow)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World]:
    if request.param == "in memory":
        made = fake_world()
        yield made
        await made.client.aclose()
    else:
        server: EmbeddedPostgres = request.getfixturevalue("postgres")
        async with fresh_pair(server) as databases, home(databases, tmp_path / "keyring") as kept:
            made = world_over(kept.vault, kept.clock)
            yield made
            await made.client.aclose()
