"""Checkpoints are signed notes: what was changed, or signed by another name or key, is not taken for one."""

from __future__ import annotations

import base64

import pytest

from vault.crypto.signing import SigningKey
from vault.errors import Tampered
from vault.ledger.notes import (
    MAX_NOTE,
    Verifier,
    check_checkpoint,
    check_note,
    read_checkpoint,
    sign_checkpoint,
    sign_note,
)
from vault.request import Secret

KEY = SigningKey(Secret(bytes(range(32))))
OTHER = SigningKey(Secret(bytes(32)))
ORIGIN = "hvelv/ledger/test"
ROOT = bytes(range(32))


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    signed = sign_checkpoint(ORIGIN, 7, ROOT, KEY)
    assert check_checkpoint(signed.note, KEY.public()) == signed
    assert signed.note.splitlines()[:3] == [ORIGIN, "7", base64.b64encode(ROOT).decode()]


def test_a_key_is_written_as_the_standard_has_it() -> None:
    name, key_hash, key = str(Verifier(ORIGIN, KEY.public())).split("+", 2)
    assert (name, len(key_hash), base64.b64decode(key)) == (ORIGIN, 8, b"\x01" + KEY.public())


def test_signatures_of_others_are_passed_over() -> None:
    signed = sign_checkpoint(ORIGIN, 7, ROOT, KEY)
    text, _, line = signed.note.rpartition("\n\n")
    witnessed = f"{text}\n\n— a.witness {base64.b64encode(bytes(76)).decode()}\n— {ORIGIN} !\n{line}"
    assert check_checkpoint(witnessed, KEY.public()).root == ROOT


def test_what_was_changed_is_not_taken() -> None:
    note = sign_checkpoint(ORIGIN, 7, ROOT, KEY).note
    for changed in (
        note.replace("\n7\n", "\n8\n"),
        note.replace(ORIGIN, f"{ORIGIN}x"),
        note.replace(ORIGIN, f"{ORIGIN}x", 1),
        note.rpartition("\n\n")[0] + "\n",
        note + "x" * MAX_NOTE,
    ):
        with pytest.raises(Tampered):
            check_checkpoint(changed, KEY.public())


def test_another_key_is_not_taken_nor_another_name() -> None:
    note = sign_checkpoint(ORIGIN, 7, ROOT, KEY).note
    with pytest.raises(Tampered):
        check_checkpoint(note, OTHER.public())
    with pytest.raises(Tampered):
        check_note(note, Verifier("somebody", KEY.public()))


@pytest.mark.parametrize("size", ["", "-1", "07", "1e3", "9" * 30, "\u0663"])
def test_a_size_is_a_plain_number(size: str) -> None:
    with pytest.raises(Tampered):
        read_checkpoint(sign_note(f"{ORIGIN}\n{size}\n{base64.b64encode(ROOT).decode()}\n", ORIGIN, KEY))


@pytest.mark.parametrize("root", ["", "!", base64.b64encode(bytes(31)).decode()])
def test_a_root_has_32_bytes(root: str) -> None:
    with pytest.raises(Tampered):
        read_checkpoint(sign_note(f"{ORIGIN}\n7\n{root}\n", ORIGIN, KEY))
