"""A person's own erasure over the wire: asked, seen, taken back; and that nobody asks for another."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from databases import fresh_pair
from graphql_world import World, fake_world, key, world_over
from vault_house import home

from hvelv.app import AppSettings
from hvelv.embedded import EmbeddedPostgres

ASK = """mutation ($k: String!, $p: String, $r: UUID) {
  requestErasure(idempotencyKey: $k, product: $p, record: $r) { id state askedAt dueAt product record receipt } }"""
CANCEL = """mutation ($k: String!, $id: UUID!) { cancelErasure(idempotencyKey: $k, id: $id) { id state } }"""
MINE = "{ myErasures { id state dueAt product record receipt } }"
RECEIPT = (
    """query ($id: UUID!) { receipt(id: $id) { status completedAt cause policy entry scopes { product record } } }"""
)


@pytest.fixture
async def world(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[World]:
    async with fresh_pair(postgres) as databases, home(databases, tmp_path / "keyring") as kept:
        made = world_over(kept.vault, kept.clock, AppSettings(cool_off=timedelta(days=3)))
        yield made
        await made.client.aclose()


@pytest.mark.slow
@pytest.mark.clause("RGT-05")
async def test_an_erasure_is_asked_seen_and_taken_back(world: World) -> None:
    await world.case.ask()
    asked = (await world.me(ASK, k=key())).data["requestErasure"]
    assert (asked["state"], asked["product"], asked["receipt"]) == ("PENDING", None, None)
    (mine,) = (await world.me(MINE)).data["myErasures"]
    assert (mine["id"], mine["dueAt"]) == (asked["id"], asked["dueAt"])
    assert (await world.me(ASK, k=key())).data["requestErasure"]["id"] == asked["id"]
    cancelled = (await world.me(CANCEL, k=key(), id=asked["id"])).data["cancelErasure"]
    assert cancelled == {"id": asked["id"], "state": "CANCELLED"}
    again = (await world.me(ASK, k=key(), p="solstrom")).data["requestErasure"]
    assert (again["product"], again["state"]) == ("solstrom", "PENDING")


@pytest.mark.slow
async def test_a_receipt_says_of_what_why_and_by_which_policy(world: World) -> None:
    await world.case.ask()
    erased = await world.me(
        "mutation ($k: String!, $s: UUID!) { erase(idempotencyKey: $k, subject: $s) { id } }",
        k=key(), s=world.case.subject,
    )  # fmt: skip
    told = (await world.me(RECEIPT, id=erased.data["erase"]["id"])).data["receipt"]
    assert (told["status"], told["completedAt"], told["cause"]) == ("PENDING", None, "request")
    assert told["scopes"] == [{"product": None, "record": None}]
    assert told["policy"] == world.vault.policy.digest.hex()
    assert told["entry"]


@pytest.mark.slow
async def test_one_product_is_erased_by_name(world: World) -> None:
    await world.case.ask()
    text = """mutation ($k: String!, $s: UUID!, $p: String, $r: UUID) {
      erase(idempotencyKey: $k, subject: $s, product: $p, project: $r) { id fields { field fate rule } } }"""
    subject = world.case.subject
    assert (await world.me(text, k=key(), s=subject, p="solstrom", r=world.ids())).codes == ["INVALID"]
    assert (await world.me(text, k=key(), s=subject, p="telephony")).codes == ["INVALID"]
    erased = (await world.me(text, k=key(), s=subject, p="solstrom")).data["erase"]
    fates = {each["field"]: (each["fate"], each["rule"]) for each in erased["fields"]}
    assert fates["project.address"] == ("ERASED", None)
    assert fates["person.email"] == ("KEPT", "shared_identity")
    assert (await world.me(text, k=key(), s=subject, p="solstrom")).data["erase"]["id"] == erased["id"]


async def test_who_is_nobody_asks_for_nobody_and_nonsense_is_named() -> None:
    world = fake_world()
    await world.case.ask()
    assert (await world.ask(ASK, await world.bearer("advisor"), k=key())).codes == ["REFUSED"]
    assert (await world.ask(MINE, await world.bearer("advisor"))).codes == ["REFUSED"]
    refused = await world.me(ASK, k=key(), p="telephony")
    assert (refused.codes, refused.errors[0]["extensions"]["field"]) == (["INVALID"], "product")
    assert (await world.me(CANCEL, k=key(), id=world.ids())).codes == ["NOT_FOUND"]
    await world.client.aclose()
