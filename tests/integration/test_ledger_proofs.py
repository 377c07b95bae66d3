"""A person's own proofs, an officer's, receipts and kept checkpoints are checked offline by the script in `docs/`."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from behind import execute, roll
from databases import Databases
from in_order import caught_up
from people import SELF_SERVICE, People
from vault_house import Home, home

from policies.model import Access
from vault.errors import TokenRefused, Unknown
from vault.ledger.receipts import receipt_key
from vault.ledger.retiring import retire
from vault.ledger.sequencing import Sequencer, signing_key
from vault.request import ConsistencyProof, LedgerProof, Receipt, SignedCheckpoint

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_ledger.py"
NEWSLETTER = Access("newsletter", None, "mailchimp")


def script() -> Callable[[list[str]], int]:
    """`main` of the script."""
    spec = importlib.util.spec_from_file_location("verify_ledger", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[[list[str]], int] = module.main
    return main


def shown(proof: LedgerProof | None) -> dict[str, Any]:
    """As GraphQL shows it."""
    assert proof is not None
    return {"content": proof.content, "salt": proof.salt.hex(), "month": proof.month, "index": proof.index,
            "path": [each.hex() for each in proof.path], "checkpoint": proof.checkpoint, "key": proof.key}  # fmt: skip


def shown_receipt(receipt: Receipt) -> dict[str, Any]:
    return {"id": str(receipt.id), "signed": receipt.signed, "proof": receipt.proof and shown(receipt.proof)}


def shown_checkpoint(made: SignedCheckpoint) -> dict[str, Any]:
    return {"origin": made.origin, "size": made.size, "note": made.note, "key": made.key}


def shown_consistency(made: ConsistencyProof) -> dict[str, Any]:
    return {"old": made.old, "path": [each.hex() for each in made.path], "newest": shown_checkpoint(made.newest)}


class Desk:
    """Somebody at a machine of their own, with the script."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._main = script()

    def checks(self, answer: object, *arguments: str) -> int:
        file = self._folder / "answer.json"
        file.write_text(json.dumps(answer), encoding="utf-8")
        return self._main([*arguments, str(file)])

    def keeps(self, note: str) -> str:
        file = self._folder / "kept.txt"
        file.write_text(note, encoding="utf-8")
        return str(file)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
async def at_home(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    async with home(databases, tmp_path / "keys") as made:
        yield made


@pytest.mark.clause("RGT-01")
async def test_a_person_proves_its_own_part_of_every_entry(at_home: Home, desk: Desk) -> None:
    people = People(at_home)
    person, *others = await people.leads(3)
    everybody = [each.subject for each in (person, *others)]
    await at_home.vault.open(await people.somebody("newsletter"), NEWSLETTER, everybody, frozenset({"person.email"}))
    await caught_up(Sequencer(at_home.house))
    page = await at_home.vault.accesses(person.me, person.subject, None, 50, proofs=True)
    newest, *older = page.entries
    assert newest.proof is None  # this very reading is on record and not in the tree yet
    proofs = [shown(entry.proof) for entry in older]
    key = proofs[0]["key"]
    assert desk.checks({"data": {"me": {"accesses": proofs}}}, "--key", key) == 0
    said = [json.loads(proof["content"]) for proof in proofs]
    assert {each["subject"]["id"] for each in said} == {str(person.subject)}
    assert not any(str(other.subject) in json.dumps(proofs) for other in others)
    assert [each["act"]["entry"] for each in said] == [str(entry.id) for entry in older]
    assert desk.checks({"data": None}, "--key", key) == 2


async def test_what_was_changed_in_a_proof_does_not_pass(at_home: Home, desk: Desk) -> None:
    people = People(at_home)
    person = await people.customer()
    await caught_up(Sequencer(at_home.house))
    page = await at_home.vault.accesses(person.me, person.subject, None, 50, proofs=True)
    proof = shown(page.entries[-2].proof)
    other = shown(page.entries[-3].proof)
    assert desk.checks(proof) == 0
    for name, wrong in {
        "content": proof["content"].replace("sealed", "opened"),
        "salt": bytes(32).hex(),
        "month": "202512",
        "index": proof["index"] + 1,
        "path": proof["path"][:-1],
        "checkpoint": proof["checkpoint"].replace("\nhvelv", "\nhvelvx", 1).replace("\n\n", "\nmore\n\n", 1),
        "key": receipt_key(signing_key(at_home.house)).rpartition("+")[0] + "+AQ" + "A" * 42,
    }.items():
        assert desk.checks(proof | {name: wrong}) == 1, name
    assert desk.checks(proof | {"content": other["content"]}) == 1
    assert desk.checks(proof | {"salt": "no hexadecimal"}) == 1


async def test_an_officer_proves_headers(at_home: Home, desk: Desk) -> None:
    people = People(at_home)
    await people.lead()
    dpo = await people.somebody("dpo")
    await caught_up(Sequencer(at_home.house))
    page = await at_home.vault.entries(dpo, None, 50, proofs=True)
    proofs = [shown(entry.proof) for entry in page.entries[1:]]
    assert desk.checks(proofs) == 0
    assert "subject" not in json.loads(proofs[0]["content"])
    assert (await at_home.vault.entries(dpo, None, 50)).entries[1].proof is None


async def test_the_ledger_still_begins_with_a_checkpoint_that_was_kept(at_home: Home, desk: Desk) -> None:
    people, sequencer = People(at_home), Sequencer(at_home.house)
    person = await people.lead()
    await caught_up(sequencer)
    kept = await at_home.vault.checkpoint(person.me)
    assert kept is not None
    await people.leads(4)
    await caught_up(sequencer)
    proof = await at_home.vault.consistency(person.me, kept.origin, kept.size)
    answer, earlier = shown_consistency(proof), desk.keeps(kept.note)
    assert desk.checks(answer, "--key", kept.key, "--earlier", earlier) == 0
    assert desk.checks(answer | {"path": answer["path"][::-1]}, "--key", kept.key, "--earlier", earlier) == 1
    assert desk.checks(shown_checkpoint(kept), "--key", kept.key, "--earlier", earlier) == 1
    same = await at_home.vault.consistency(person.me, kept.origin, proof.newest.size)
    assert desk.checks(shown_consistency(same), "--earlier", desk.keeps(proof.newest.note)) == 0
    for origin, size in ((kept.origin, 0), (kept.origin, 10_000), ("hvelv/ledger/none", 1)):
        with pytest.raises(Unknown):
            await at_home.vault.consistency(person.me, origin, size)


async def test_a_dead_token_gets_no_checkpoint(at_home: Home) -> None:
    person = await People(at_home).lead()
    at_home.clock.advance(timedelta(days=60))
    with pytest.raises(TokenRefused):
        await at_home.vault.checkpoint(person.me)
    with pytest.raises(TokenRefused):
        await at_home.vault.consistency(person.me, "hvelv/ledger/none", 1)


@pytest.mark.clause("RGT-05")
async def test_a_receipt_is_kept_and_verified_offline_with_its_proof(at_home: Home, desk: Desk) -> None:
    people = People(at_home)
    person, other = await people.leads(2)
    at_once = await people.leave(person)
    dpo = await people.somebody("dpo")
    key = receipt_key(signing_key(at_home.house))
    assert at_once.proof is None
    assert desk.checks(shown_receipt(at_once), "--key", key) == 0
    await caught_up(Sequencer(at_home.house))
    pending = await at_home.vault.receipt(dpo, at_once.id)
    assert pending.proof is not None
    assert json.loads(pending.proof.content)["subject"]["receipt"] == str(at_once.id)
    assert desk.checks(shown_receipt(pending), "--key", key) == 0
    await roll(at_home)
    await at_home.house.reload()
    erased = await at_home.vault.receipt(dpo, at_once.id)
    assert ('"status":"pending"' in pending.signed, '"status":"erased"' in erased.signed) == (True, True)
    assert desk.checks(shown_receipt(erased), "--key", key) == 0
    forged = shown_receipt(erased) | {"signed": pending.signed.replace("pending", "erased")}
    assert desk.checks(forged, "--key", key) == 1
    await people.leave(other)
    await caught_up(Sequencer(at_home.house))
    page = await at_home.vault.entries(dpo, None, 9, proofs=True)
    elsewhere = replace(erased, proof=page.entries[-1].proof)
    assert desk.checks(shown_receipt(elsewhere), "--key", key) == 1


async def test_a_receipt_of_what_an_event_made_due_is_proven_too(at_home: Home, desk: Desk) -> None:
    people = People(at_home)
    person = await people.borrower()
    sealed = await people.bank_closes(person, person.loans[0])
    await caught_up(Sequencer(at_home.house))
    (number,) = sealed.receipts
    receipt = await at_home.vault.receipt(person.me, number)
    assert receipt.proof is not None
    assert desk.checks(shown_receipt(receipt)) == 0


async def test_a_receipt_from_before_there_was_a_tree_has_no_proof(at_home: Home) -> None:
    people = People(at_home)
    person = await people.lead()
    receipt = await people.leave(person)
    await execute(
        at_home.databases, "update ledger_entry set commitment = ''; update ledger_subject set commitment = ''"
    )
    await caught_up(Sequencer(at_home.house))
    assert (await at_home.vault.receipt(await people.somebody("dpo"), receipt.id)).proof is None


async def test_headers_of_a_dead_month_are_shown_without_what_was_sealed(at_home: Home) -> None:
    people = People(at_home)
    person = await people.lead()
    await caught_up(Sequencer(at_home.house))
    at_home.clock.advance(timedelta(days=800))
    assert len(await retire(at_home.house)) == 1
    dpo = await people.somebody("dpo")
    page = await at_home.vault.entries(dpo, None, 50, proofs=True)
    old = page.entries[-1]
    assert (old.proof, old.fields, old.reason) == (None, (), "")
    me = await at_home.principal("self", subject=person.subject)
    assert len((await at_home.vault.accesses(me, person.subject, None, 50, proofs=True)).entries) == 1


async def test_leaves_are_not_told_apart_by_who_they_are_of(at_home: Home) -> None:
    """Two persons with one and the same outcome have commitments that share nothing."""
    people = People(at_home)
    one, other = await people.leads(2)
    await at_home.vault.open(one.me, SELF_SERVICE, [one.subject], frozenset({"person.email"}))
    await at_home.vault.open(other.me, SELF_SERVICE, [other.subject], frozenset({"person.email"}))
    await caught_up(Sequencer(at_home.house))
    proofs: list[LedgerProof] = []
    for each in (one, other):
        page = await at_home.vault.accesses(each.me, each.subject, None, 2, proofs=True)
        entry = page.entries[1]
        assert entry.proof is not None
        proofs.append(entry.proof)
    assert len({proof.salt for proof in proofs}) == 2
    assert all(UUID(json.loads(proof.content)["act"]["entry"]) for proof in proofs)
