"""The ledger's proofs and a breach's scope over GraphQL, checked by the script as the answers came."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from databases import Databases
from graphql_world import World, world_over
from people import People, Person
from vault_house import Home, home

from vault.ledger.sequencing import Sequencer

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_ledger.py"
PROOF = "proof { content salt month index path checkpoint key }"
ACCESSES = (
    "{ me { accesses(first: 50) { edges { node { entry ...P } } } } }"
    f" fragment P on AccessEntry {{ {PROOF} }}"
)
LEDGER = f"query @access(purpose: AUDIT) {{ ledger(first: 50) {{ edges {{ node {{ id ... {{ {PROOF} }} }} }} }} }}"
CHECKPOINT = "{ ledgerCheckpoint { origin size root note at key } }"
CONSISTENCY = (
    "query ($note: String!) { consistencyProof(checkpoint: $note) { old path newest { origin size note key } } }"
)
SCOPE = (
    "query ($by: Suspected!, $until: DateTime!) @access(purpose: AUDIT) { breachScope(by: $by,"
    ' since: "2020-01-01T00:00:00Z", until: $until, first: 10) {'
    " persons entries unreadable more touched { subject fields entries first last } } }"
)
RECEIPT = f"query ($id: UUID!) {{ receipt(id: $id) {{ id signed {PROOF} }} }}"


@pytest.fixture
async def kept(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    async with home(databases, tmp_path / "keyring") as made:
        yield made


@pytest.fixture
async def world(kept: Home) -> AsyncGenerator[World]:
    made = world_over(kept.vault, kept.clock)
    yield made
    await made.client.aclose()


async def put_in_order(kept: Home) -> Person:
    """A person who has done something, in the tree."""
    people = People(kept)
    person = await people.customer()
    await Sequencer(kept.house).catch_up()
    return person


def checked(folder: Path, answer: Any, *arguments: str) -> tuple[int, str]:
    """What the script says in a process of its own, which finds nothing of ours."""
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments, "answer.json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.clause("RGT-01")
async def test_a_customer_checks_what_is_on_record_about_it_offline(world: World, kept: Home, tmp_path: Path) -> None:
    person = await put_in_order(kept)
    me = await world.bearer("self", subject=person.subject)
    key = (await world.ask(CHECKPOINT, me)).data["ledgerCheckpoint"]["key"]
    answer = await world.ask(ACCESSES, me)
    assert answer.errors == []
    code, said = checked(tmp_path, answer.body, "--key", key)
    assert (code, "WRONG" in said) == (0, False)
    assert said.count(f"of {person.subject}") >= 5
    changed = answer.text.replace("sealed", "opened")
    assert checked(tmp_path, json.loads(changed), "--key", key)[0] == 1


async def test_an_officer_checks_headers_and_that_the_ledger_goes_on(world: World, kept: Home, tmp_path: Path) -> None:
    await put_in_order(kept)
    dpo = await world.bearer("dpo")
    first = (await world.ask(CHECKPOINT, dpo)).data["ledgerCheckpoint"]
    (tmp_path / "kept.txt").write_text(first["note"], encoding="utf-8")
    await put_in_order(kept)
    headers = await world.ask(LEDGER, dpo)
    assert checked(tmp_path, headers.body)[0] == 0
    proof = await world.ask(CONSISTENCY, dpo, note=first["note"])
    code, said = checked(tmp_path, proof.body, "--key", first["key"], "--earlier", "kept.txt")
    assert (code, f"begins with your checkpoint of {first['size']}" in said) == (0, True)
    assert checked(tmp_path, headers.body, "--earlier", "kept.txt")[0] == 1
    assert (await world.ask(CONSISTENCY, dpo, note="not a checkpoint")).codes == ["INVALID"]
    other = first["note"].replace("hvelv/ledger", "hvelv/another")
    assert (await world.ask(CONSISTENCY, dpo, note=other)).codes == ["NOT_FOUND"]


async def test_proofs_are_made_for_those_who_select_them_only(world: World, kept: Home) -> None:
    person = await put_in_order(kept)
    me = await world.bearer("self", subject=person.subject)
    without = await world.ask("{ me { accesses(first: 3) { edges { node { entry } } } } }", me)
    assert without.errors == []
    assert "proof" not in without.text


@pytest.mark.clause("RGT-05")
async def test_a_receipt_travels_with_signature_and_proof(world: World, kept: Home, tmp_path: Path) -> None:
    people = People(kept)
    person = await people.lead()
    receipt = await people.leave(person)
    await Sequencer(kept.house).catch_up()
    dpo = await world.bearer("dpo")
    answer = await world.ask(RECEIPT, dpo, id=str(receipt.id))
    code, said = checked(tmp_path, answer.body)
    assert (code, "in the ledger" in said, "pending" in said) == (0, True, True)


@pytest.mark.clause("RGT-07")
async def test_the_scope_of_a_breach_is_told_to_officers_alone(world: World, kept: Home) -> None:
    person = await put_in_order(kept)
    until: dict[str, Any] = {"by": {"role": "self"}, "until": "2100-01-01T00:00:00Z"}
    await People(kept).own(person)
    found = (await world.ask(SCOPE, await world.bearer("dpo"), **until)).data["breachScope"]
    assert (found["persons"], found["more"], found["unreadable"]) == (1, False, 0)
    assert found["touched"][0]["subject"] == str(person.subject)
    assert "person.email" in found["touched"][0]["fields"]
    for bearer in (await world.bearer("self", subject=person.subject), await world.bearer("privacy_approver")):
        refused = await world.ask(SCOPE, bearer, **until)
        assert refused.data["breachScope"] is None
        assert refused.codes[0] in {"REFUSED", "NOT_FOUND"}
    assert (await world.ask(SCOPE, await world.bearer("dpo"), by={}, until=until["until"])).codes == ["INVALID"]


async def test_a_ledger_without_a_tree_has_no_checkpoint(world: World) -> None:
    assert (await world.ask(CHECKPOINT, await world.bearer("dpo"))).data == {"ledgerCheckpoint": None}
    assert (await world.ask(CHECKPOINT)).codes == ["UNAUTHENTICATED"]
