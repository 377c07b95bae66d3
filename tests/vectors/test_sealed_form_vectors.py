"""The pinned files of every sealed form, read by Hvelv and by a second reader that shares no code with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
import second_reader
import vector_maker

from policies.model import RecordId, SubjectId
from vault.address import Address, Label
from vault.crypto.aead import Sealer
from vault.crypto.blind_index import BlindIndex, decrypt_tokens, encrypt_tokens
from vault.crypto.documents import open_document
from vault.crypto.inbox_box import open_from
from vault.crypto.sealed import open_group
from vault.crypto.wrap import unwrap
from vault.errors import BrokenSeal
from vault.keys.local_keyring import LocalKeyring
from vault.request import Secret, Value

Case = dict[str, object]
OUTCOMES = {"opens", "broken"}
FORMS = ("groups", "wrapped_keys", "documents", "rooted", "inbox_boxes")


def cases_of(form: str) -> list[Case]:
    file = json.loads((vector_maker.VECTORS / f"{form}.json").read_text(encoding="utf-8"))
    assert file["form"] == form
    return cast("list[Case]", file["cases"])


def raw(case: Case, name: str) -> bytes:
    return bytes.fromhex(str(case[name]))


def parts(case: Case) -> list[bytes]:
    return [bytes.fromhex(part) for part in cast("list[str]", case["parts"])]


def address(case: Case) -> Address:
    found = cast("Case", case["address"])
    ids = {name: UUID(hex=str(found[name])) for name in ("subject", "record", "key")}
    numbers = {name: int(str(found[name])) for name in ("category", "version", "fields")}
    parent = RecordId(UUID(hex=str(found["parent"]))) if found["parent"] else None
    return Address(
        subject=SubjectId(ids["subject"]), record=RecordId(ids["record"]), parent=parent, key=ids["key"], **numbers
    )


def ours_rooted(case: Case, directory: Path) -> bytes:
    root = raw(case, "root")
    directory.chmod(0o700)
    file = directory / f"root-{int.from_bytes(root[8:16]):010}.key"
    file.write_bytes(root)
    file.chmod(0o600)
    keyring = LocalKeyring(directory, vector_maker.Seeded("unused"))
    return asyncio.run(keyring.unwrap([(raw(case, "context"), raw(case, "blob"))]))[0].reveal()


def ours(form: str, case: Case, directory: Path) -> object:
    """What Hvelv reads out of a case; BrokenSeal if nothing."""
    if form == "rooted":
        return ours_rooted(case, directory).hex()
    if form == "inbox_boxes":
        return open_from(Secret(raw(case, "private")), raw(case, "info"), raw(case, "blob")).hex()
    sealer = Sealer(Secret(raw(case, "key")))
    if form == "groups":
        return written(open_group(sealer, address(case), raw(case, "blob")))
    label = Label(str(case["label"]))
    if form == "wrapped_keys":
        return unwrap(sealer, raw(case, "blob"), label, *parts(case)).reveal().hex()
    return open_document(sealer, label, parts(case), raw(case, "blob")).hex()


def theirs(form: str, case: Case) -> object:
    """What the second reader reads out of it; Broken if nothing."""
    blob = raw(case, "blob")
    if form == "rooted":
        return second_reader.read_rooted(raw(case, "root"), raw(case, "context"), blob).hex()
    if form == "inbox_boxes":
        return second_reader.read_box(raw(case, "private"), raw(case, "info"), blob).hex()
    if form == "groups":
        return written(second_reader.read_group(raw(case, "key"), cast("Case", case["address"]), blob))
    read = second_reader.read_wrapped if form == "wrapped_keys" else second_reader.read_document
    return read(raw(case, "key"), str(case["label"]), parts(case), blob).hex()


def written(values: Mapping[str, Value]) -> dict[str, object]:
    return {name: vector_maker.write_value(value) for name, value in values.items()}


def outcome(read: Callable[[], object]) -> tuple[str, object]:
    try:
        return "opens", read()
    except (BrokenSeal, second_reader.Broken):
        return "broken", None


PINNED = [pytest.param(form, case, id=f"{form}: {case['name']}") for form in FORMS for case in cases_of(form)]


@pytest.mark.parametrize(("form", "case"), PINNED)
def test_both_readers_give_every_pinned_case_the_outcome_it_was_pinned_with(
    form: str, case: Case, tmp_path: Path
) -> None:
    assert case["outcome"] in OUTCOMES
    expected = (case["outcome"], case.get("values", case.get("plain")))
    assert outcome(lambda: ours(form, case, tmp_path)) == expected
    assert outcome(lambda: theirs(form, case)) == expected


@pytest.mark.parametrize("form", [form for form in vector_maker.MAKERS if form != "inbox_boxes"])
def test_the_same_seed_still_gives_the_pinned_bytes(form: str) -> None:
    assert vector_maker.MAKERS[form]() == cases_of(form)


@pytest.mark.parametrize("form", FORMS)
def test_the_second_reader_opens_what_is_sealed_today(form: str, tmp_path: Path) -> None:
    for case in vector_maker.MAKERS[form]():
        read = outcome(partial(theirs, form, case))
        assert read == (case["outcome"], case.get("values", case.get("plain"))), case["name"]


@pytest.mark.parametrize("case", cases_of("index_tokens"))
def test_both_readers_compute_the_pinned_index_tokens(case: Case) -> None:
    field, value, tokens_key = str(case["field"]), str(case["value"]), Secret(raw(case, "tokens_key"))
    assert BlindIndex(Secret(raw(case, "index_key"))).token(field, value) == raw(case, "token")
    assert second_reader.token(raw(case, "index_key"), field, value) == raw(case, "token")
    assert encrypt_tokens(tokens_key, [raw(case, "token")]) == [raw(case, "stored")]
    assert decrypt_tokens(tokens_key, [raw(case, "stored")]) == [raw(case, "token")]
    assert second_reader.stored_token(tokens_key.reveal(), raw(case, "token")) == raw(case, "stored")
