"""What every suppression list guarantees: the table on PostgreSQL, and the one in memory that other tests use."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from databases import fresh_pair
from memory_suppression import MemorySuppression
from vault_house import home

from hvelv.embedded import EmbeddedPostgres
from outreach.newsletter import Suppressed
from vault.request import Secret

SPELLINGS = ["Ola@Example.no ", " ola@example.no", "OLA@EXAMPLE.NO", "ola@EXAMPLE.no\t", "ola@example.no"]


@pytest.fixture(params=["memory", pytest.param("table", marks=pytest.mark.slow)])
async def suppressed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Suppressed]:
    if request.param == "memory":
        yield MemorySuppression()
        return
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    async with fresh_pair(server) as databases, home(databases, tmp_path / "keys") as at_home:
        yield at_home.vault.suppression


@pytest.mark.clause("COM-07")
async def test_no_spelling_of_case_or_space_escapes(suppressed: Suppressed) -> None:
    entries = {suppressed.entry(Secret(each)) for each in SPELLINGS}
    assert len(entries) == 1
    await suppressed.add(list(entries))
    assert await suppressed.among([suppressed.entry(Secret(SPELLINGS[0]))]) == entries


async def test_adding_twice_and_lifting_twice_are_adding_and_lifting(suppressed: Suppressed) -> None:
    entry, other = suppressed.entry(Secret("ola@example.no")), suppressed.entry(Secret("kari@example.no"))
    assert entry != other
    for _ in range(2):
        await suppressed.add([entry, other])
    for _ in range(2):
        await suppressed.lift(entry)
    assert await suppressed.among([entry, other]) == {other}


async def test_more_than_one_statement_takes_are_found(suppressed: Suppressed) -> None:
    entries = [suppressed.entry(Secret(f"reader-{number}@example.no")) for number in range(25_000)]
    await suppressed.add(entries[::2])
    assert await suppressed.among(entries) == frozenset(entries[::2])
    assert await suppressed.among([]) == frozenset()
