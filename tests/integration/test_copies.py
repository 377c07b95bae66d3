"""A copy of both databases from before an erasure, the whole live system beside it: the erased stay erased."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from behind import another_vault, copies, execute, fetch, roll, transplant
from databases import Databases, fresh_pair, private_server
from people import LOAN_FORM, OWN, SELF_SERVICE, People, Person, email, name, phone
from vault_house import Home, home

from vault.address import Label, associated
from vault.crypto.aead import Sealer
from vault.crypto.blind_index import encrypt_tokens
from vault.errors import BrokenSeal, Misconfigured, TokenRefused, VaultError
from vault.keys.epoch import packed
from vault.request import ReceiptStatus, Secret

pytestmark = pytest.mark.slow

EVERYTHING_LIVE = ("epoch", "system_key", "audit_key", "subject_key", "token")
FAILURES = (BrokenSeal, Misconfigured, TokenRefused)


@dataclass(slots=True)
class Theft:
    """Forty people, twenty of whom were erased and five lost a loan, and the copy from before."""

    home: Home
    people: People
    copy: Databases
    gone: Sequence[Person]
    left: Sequence[Person]
    closed: list[Person] = field(default_factory=list)


@pytest.fixture(scope="module")
async def theft(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Theft, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="copies") as at_home:
        people = People(at_home)
        everybody = [*await people.leads(24), *[await people.borrower(2) for _ in range(16)]]
        for person in everybody[:24]:
            await people.proceeds(person)
        async with copies(module_databases, "stolen") as copy:
            stolen = Theft(at_home, people, copy, everybody[::2], everybody[1::2])
            receipts = [await people.erase(person) for person in stolen.gone]
            for person in stolen.left[-5:]:
                await people.bank_closes(person, person.loans[0])
                stolen.closed.append(person)
            await roll(at_home)
            dpo = await people.somebody("dpo")
            assert {(await at_home.vault.receipt(dpo, each.id)).status for each in receipts} == {ReceiptStatus.ERASED}
            yield stolen


async def opened_from(theft: Theft, copy: Databases, persons: Sequence[Person], seed: str) -> list[Person]:
    """Those of whom a vault over this copy and the live keyring opens anything."""
    found: list[Person] = []
    try:
        async with another_vault(copy, theft.home.keyring, theft.home, seed) as vault:
            for person in persons:
                try:
                    if (await vault.open(person.me, SELF_SERVICE, [person.subject], frozenset(OWN))).records:
                        found.append(person)
                except FAILURES:
                    pass
    except FAILURES:
        pass
    return found


async def live_keys(theft: Theft) -> list[Secret[bytes]]:
    """Every key the live system holds or can open: of epochs, of the house, of subjects, of data."""
    house = theft.home.house
    keys = [key for epoch in house.keys.loaded for key in (*epoch.system.values(), *epoch.audit.values())]
    rows = await house.subjects([person.subject for person in (*theft.left, *theft.gone)])
    keys += [house.keys.open_subject_key(row.subject, row.generation, row.subject_keys) for row in rows.values()]
    return keys


@pytest.mark.clause("RGT-05")
async def test_an_old_copy_with_the_live_keyring_opens_nobody(theft: Theft) -> None:
    assert not await opened_from(theft, theft.copy, [*theft.gone, *theft.left], "as it was")


@pytest.mark.clause("RGT-05")
async def test_an_old_copy_with_every_live_key_row_opens_none_of_the_erased(theft: Theft) -> None:
    async with copies(theft.copy, "mixed") as mixed:
        old = await fetch(mixed, "select * from subject_key where subject = any($1)", [p.subject for p in theft.gone])
        assert len(old) == len(theft.gone)
        await transplant(theft.home.databases, mixed, *EVERYTHING_LIVE)
        assert not await opened_from(theft, mixed, theft.gone, "without")
        for row in old:
            await execute(mixed, "insert into subject_key values ($1, $2, $3, $4, $5)", *row)
        assert not await opened_from(theft, mixed, theft.gone, "with their own")
        await execute(
            mixed,
            "update subject_key set epoch = (select max(number) from epoch), slot = slot + 1 where subject = any($1)",
            [p.subject for p in theft.gone],
        )
        assert not await opened_from(theft, mixed, theft.gone, "renumbered")


@pytest.mark.clause("RGT-05")
async def test_no_live_key_unwraps_a_key_of_the_erased(theft: Theft) -> None:
    keys = await live_keys(theft)
    assert len(keys) > len(theft.left)
    rows = await fetch(theft.copy, "select subject, epoch, generation, wrapped from subject_key")
    sealers = [epoch.sealer for epoch in theft.home.house.keys.loaded] + [Sealer(key) for key in keys]
    for (subject, epoch, generation, wrapped), sealer in product(rows, sealers):
        for number in {epoch, *(each.number for each in theft.home.house.keys.loaded)}:
            place = associated(Label.SUBJECT_KEY, subject.bytes, packed(number), packed(generation))
            with pytest.raises(BrokenSeal):
                sealer.open(wrapped[1:13], wrapped[13:], place)


@pytest.mark.clause("SOL-22")
async def test_the_key_of_a_closed_loan_is_not_unwrapped_by_its_owners_live_key(theft: Theft) -> None:
    house = theft.home.house
    rows = await house.subjects([person.subject for person in theft.closed])
    for person in theft.closed:
        row = rows[person.subject]
        live = Sealer(house.keys.open_subject_key(row.subject, row.generation, row.subject_keys))
        query = "select id, category, instance, generation, wrapped from data_key where subject = $1"
        for key, category, instance, generation, wrapped in await fetch(theft.copy, query, person.subject):
            for number in {generation, row.generation}:
                place = associated(
                    Label.DATA_KEY, person.subject.bytes, key.bytes, category.to_bytes(2, "big"), instance.bytes,
                    packed(number),
                )  # fmt: skip
                with pytest.raises(BrokenSeal):
                    live.open(wrapped[1:13], wrapped[13:], place)


async def test_no_dictionary_and_no_live_key_finds_an_erased_phone_or_address_in_the_old_index(theft: Theft) -> None:
    keys = theft.home.house.keys
    index = keys._index  # pyright: ignore[reportPrivateUsage]  (a thief would have it)
    secrets = [*await live_keys(theft)]
    old = {token for (token,) in await fetch(theft.copy, "select token from index_token")}
    new = {token for (token,) in await fetch(theft.home.databases, "select token from index_token")}
    hits = 0
    for person in (*theft.gone, *theft.left):
        for indexed, guess in (("person.phone", phone(person.number)), ("person.email", email(person.number))):
            assert index is not None
            token = index.token(indexed, guess)
            tried = {token, *keys.stored_tokens(indexed, guess).values()}
            tried.update(encrypt_tokens(secret, [token])[0] for secret in secrets)
            assert not tried & old
            hits += bool(tried & new)
    assert hits == 2 * len(theft.left)


@pytest.mark.clause("RGT-05")
async def test_from_a_backup_made_after_the_roll_everybody_else_opens(theft: Theft) -> None:
    async with copies(theft.home.databases, "backup") as backup:
        everybody = [*theft.gone, *theft.left]
        assert await opened_from(theft, backup, everybody, "backup") == list(theft.left)
        async with another_vault(backup, theft.home.keyring, theft.home, "restored") as vault:
            for person in theft.left:
                seen = await theft.people.own(person, vault=vault)
                assert (seen["person.name"], seen["person.phone"]) == (name(person.number), phone(person.number))
                if len(person.loans) > 1 and person not in theft.closed:
                    assert seen.keys() >= LOAN_FORM


def encodings(text: str) -> Iterator[bytes]:
    """Raw, UTF-16, hex of both, and base64 wherever the text begins in what was encoded."""
    raw = text.encode()
    for form in (raw, text.encode("utf-16-le")):
        yield form
        yield form.hex().encode()
    for shift in range(3):
        yield base64.b64encode(b"\x00" * shift + raw)[-(-shift * 4 // 3) : -4]


def found_in(place: Path, wanted: Sequence[str], *, since: float) -> list[tuple[str, str]]:
    needles: list[tuple[str, bytes]] = [(text, form) for text in wanted for form in encodings(text) if len(form) > 5]
    hits: list[tuple[str, str]] = []
    for file in (each for each in place.rglob("*") if each.is_file() and each.stat().st_mtime >= since):
        content: Any = file.read_bytes()
        hits += [(text, file.name) for text, form in needles if form in content]
    return hits


@pytest.mark.clause("SOL-21")
async def test_no_file_of_either_database_holds_a_value_in_any_encoding(tmp_path: Path) -> None:
    with private_server({"fsync": "off"}) as server:
        async with fresh_pair(server) as databases, home(databases, tmp_path / "keys") as at_home:
            began = time.time() - 1
            people = People(at_home)
            persons = [await people.borrower() for _ in range(3)]
            await people.bank_closes(persons[0], persons[0].loans[0])
            await people.erase(persons[1], reason="because of the letter canary")
            with pytest.raises(VaultError):
                await people.says(persons[2], "offer", "offer.accepted")
            await roll(at_home)
            await people.own(persons[2])
            await execute(databases, "checkpoint")
            wanted = ["example.no", "person-", "Prøve", "veien ", "6805000", "letter canary", "PDF-1.7"]
            wanted += ["calculation.requested", "loan.submitted", "paid_out", *map(people.national_id, persons)]
            assert not found_in(server.home, wanted, since=began)
            await execute(databases, "create table canary as select 'letter canary'::text as planted")
            await execute(databases, "checkpoint")
            assert {text for text, _ in found_in(server.home, wanted, since=began)} == {"letter canary"}
