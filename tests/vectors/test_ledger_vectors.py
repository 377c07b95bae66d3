"""Leaves, trees, notes and proofs are byte for byte the pinned ones, for Hvelv and for the script in `docs/`."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from vault.crypto.signing import SigningKey
from vault.errors import Tampered
from vault.ledger.leaves import canonical, commitment, leaf_input, log_content, read_log, salt
from vault.ledger.merkle import Frontier, leaf_hash, root_by_inclusion
from vault.ledger.notes import Verifier, check_checkpoint, check_note, sign_checkpoint, sign_note
from vault.request import Secret

HERE: Final = Path(__file__).parent
SCRIPT: Final = HERE.parents[1] / "docs" / "verify_ledger.py"
PINNED: Final[dict[str, Any]] = json.loads((HERE / "ledger.json").read_text(encoding="utf-8"))
AUDIT_KEY: Final = Secret(bytes.fromhex(PINNED["audit_key"]))
SIGNING: Final = SigningKey(Secret(bytes.fromhex(PINNED["signing_seed"])))
RECEIPTS: Final = Verifier("hvelv/receipts", SIGNING.public())


def verified(folder: Path, answer: Any, *arguments: str) -> tuple[int, str]:
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    (folder / "kept.txt").write_text(PINNED["kept"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "--key", PINNED["key"], *arguments, "answer.json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("pinned", PINNED["leaves"], ids=lambda each: each["hash"][:8])
def test_a_leaf_is_the_pinned_one(pinned: dict[str, str]) -> None:
    content = pinned["content"].encode()
    assert canonical(json.loads(content)) == content
    made = salt(AUDIT_KEY, UUID(pinned["entry"]), bytes.fromhex(pinned["reference"]))
    assert made.hex() == pinned["salt"]
    assert commitment(made, content).hex() == pinned["commitment"]
    assert leaf_hash(pinned["month"].encode() + bytes.fromhex(pinned["commitment"])).hex() == pinned["hash"]


def test_the_roots_are_the_pinned_ones() -> None:
    tree = Frontier()
    hashes = [leaf_hash(PINNED["begins"].encode()), *(bytes.fromhex(each["hash"]) for each in PINNED["leaves"])]
    roots = [tree.root().hex()]
    for each in hashes:
        tree.append(each)
        roots.append(tree.root().hex())
    assert roots == PINNED["roots"]


def test_a_log_begins_with_the_pinned_words() -> None:
    assert log_content(PINNED["origin"], None, 0).decode() == PINNED["begins"]
    assert read_log(PINNED["begins"].encode()).origin == PINNED["origin"]
    assert read_log(b"{").origin == read_log(b"[]").origin == ""


def test_the_signatures_are_the_pinned_ones() -> None:
    point = check_checkpoint(PINNED["checkpoint"], SIGNING.public())
    assert sign_checkpoint(point.origin, point.size, point.root, SIGNING).note == PINNED["checkpoint"]
    text = check_note(PINNED["receipt"]["signed"], RECEIPTS)
    assert sign_note(text, RECEIPTS.name, SIGNING) == PINNED["receipt"]["signed"]
    assert str(Verifier(point.origin, SIGNING.public())) == PINNED["key"]


def test_the_proof_leads_to_the_root() -> None:
    proof, point = PINNED["proof"], check_checkpoint(PINNED["checkpoint"], SIGNING.public())
    made = commitment(bytes.fromhex(proof["salt"]), proof["content"].encode())
    leaf = leaf_hash(proof["month"].encode() + made)
    path = [bytes.fromhex(each) for each in proof["path"]]
    assert root_by_inclusion(leaf, int(proof["index"]), point.size, path) == point.root


def test_a_receipt_does_not_pass_for_a_checkpoint() -> None:
    with pytest.raises(Tampered):
        check_checkpoint(PINNED["receipt"]["signed"], SIGNING.public())


def test_the_script_takes_what_is_pinned_and_nothing_changed(tmp_path: Path) -> None:
    everything = [PINNED["receipt"], PINNED["consistency"]]
    code, said = verified(tmp_path, everything, "--earlier", "kept.txt")
    assert (code, said.count("OK")) == (0, 3)
    text = json.dumps(PINNED["proof"])
    for old, new in (("person.email", "person.phone"), ('"salt": "', '"salt": "00'), ("202611", "202612")):
        assert old in text
        assert verified(tmp_path, json.loads(text.replace(old, new)))[0] == 1
    assert verified(tmp_path, [])[0] == 2


def test_the_month_is_outside_the_commitment() -> None:

    assert leaf_input(date(2026, 11, 1), bytes(32)) == b"202611" + bytes(32)
