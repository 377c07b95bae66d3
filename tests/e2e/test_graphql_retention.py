"""The calendar over the wire: what is due, what will be, what has no date, and the run; for the officer alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from behind import execute
from databases import Databases, fresh_pair
from graphql_world import World, fake_world, key, world_over
from vault_house import home

from hvelv.embedded import EmbeddedPostgres

DUE = "{ retentionDue(first: 10) { edges { node { subject endings { record category rule since then period } } } } }"
FORECAST = """query ($d: Date!, $after: String) { retentionForecast(until: $d, first: 1, after: $after) {
  edges { cursor node { subject endings { category since } } } pageInfo { hasNextPage endCursor } } }"""
MISSING = "{ retentionMissing(first: 10) { found { subject record category rules } damaged next } }"
RUN = """mutation ($k: String!) { runRetention(idempotencyKey: $k) {
  subjects wholes destroyed { category count } detached coarsened receipts damaged contended } }"""


@pytest.fixture
async def real(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[tuple[World, Databases]]:
    async with fresh_pair(postgres) as databases, home(databases, tmp_path / "keyring") as kept:
        made = world_over(kept.vault, kept.clock)
        yield made, databases
        await made.client.aclose()


@pytest.mark.slow
@pytest.mark.clause("SOL-01")
async def test_the_officer_sees_what_is_due_and_one_person_is_enough_to_destroy_it(
    real: tuple[World, Databases],
) -> None:
    world, databases = real
    await world.case.ask()
    dpo = await world.bearer("dpo")
    assert (await world.ask(DUE, dpo)).data["retentionDue"]["edges"] == []
    ahead = (await world.ask(FORECAST, dpo, d="2046-01-01")).data["retentionForecast"]
    (edge,) = ahead["edges"]
    assert edge["node"]["subject"] == str(world.case.subject)
    assert {each["category"] for each in edge["node"]["endings"]} == {"address", "email"}
    behind = await world.ask(FORECAST, dpo, d="2046-01-01", after=edge["cursor"])
    assert behind.data["retentionForecast"]["edges"] == []
    assert (await world.ask(FORECAST, dpo, d="2027-01-01")).data["retentionForecast"]["edges"] == []
    world.clock.advance(timedelta(days=740))
    await execute(databases, "delete from expiry_tick")
    world.bearers.clear()
    dpo = await world.bearer("dpo")
    (edge,) = (await world.ask(DUE, dpo)).data["retentionDue"]["edges"]
    assert {(each["rule"], each["then"]) for each in edge["node"]["endings"]} == {("solstrom_lead", "ERASE")}
    done = (await world.ask(RUN, dpo, k=key())).data["runRetention"]
    assert (done["wholes"], len(done["receipts"]), done["damaged"]) == (1, 1, [])
    assert {each["category"] for each in done["destroyed"]} == {"address", "email"}
    assert (await world.ask(RUN, dpo, k=key())).data["runRetention"]["subjects"] == 0
    world.clock.advance(timedelta(days=3))
    world.bearers.clear()
    assert (await world.ask(RUN, await world.bearer("dpo"), k=key())).codes == ["UNAVAILABLE"]


async def test_nobody_else_sees_the_calendar_or_runs_it() -> None:
    world = fake_world()
    await world.case.ask()
    for who in (await world.bearer("advisor"), await world.bearer("operator")):
        assert (await world.ask(DUE, who)).codes == ["REFUSED"]
        assert (await world.ask(MISSING, who)).codes == ["REFUSED"]
        assert (await world.ask(FORECAST, who, d="2046-01-01")).codes == ["REFUSED"]
        assert (await world.ask(RUN, who, k=key())).codes == ["REFUSED"]
    assert (await world.me(DUE)).codes == ["REFUSED"]
    await world.client.aclose()


async def test_nonsense_is_named_and_what_has_no_date_is_listed() -> None:
    world = fake_world()
    await world.case.ask()
    dpo = await world.bearer("dpo")
    assert (await world.ask(FORECAST, dpo, d="9999-12-31")).codes == ["INVALID"]
    assert (await world.ask(RUN, dpo, k="short")).codes == ["INVALID"]
    assert (await world.ask(DUE.replace("10", "101"), dpo)).codes == ["INVALID"]
    missing = (await world.ask(MISSING, dpo)).data["retentionMissing"]
    assert (missing["damaged"], missing["next"]) == ([], None)
    assert all(each["rules"] for each in missing["found"])
    await world.client.aclose()
