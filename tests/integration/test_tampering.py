"""Whoever can write both databases changes nothing that is believed: one error, nothing opened, on record."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from behind import another_vault, execute, fetch, put_back, value
from databases import Databases
from people import SELF_SERVICE, People, Person
from vault_house import Home, home

from vault.errors import BrokenSeal, Refused
from vault.request import Cause, CauseKind, Receipt, Scope

pytestmark = pytest.mark.slow

LOANS_AT = "subject = $1 and category = 24"


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="tampering") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


@pytest.fixture(scope="module")
async def person(people: People) -> Person:
    return await people.borrower(2)


@pytest.fixture(scope="module")
async def other(people: People) -> Person:
    return await people.borrower(1)


async def refused(people: People, person: Person) -> None:
    """Opening breaks a seal, with nothing remembered from before, and the ledger says that it did not open."""
    people.home.house.keys.cache.clear()
    with pytest.raises(BrokenSeal) as broken:
        await people.own(person)
    assert type(broken.value) is BrokenSeal
    last = await fetch(people.home.databases, "select kind from ledger_entry order by id desc limit 1")
    assert last == [("not_opened",)]


async def sound(people: People, *persons: Person) -> None:
    """Put back as it was, everything opens: what refused was the change alone."""
    people.home.house.keys.cache.clear()
    for person in persons:
        assert (await people.own(person)).keys() >= {"person.email", "loan.national_id"}


BYTES = [
    ("standing", "sealed", "subject = $1", "control"),
    ("subject_key", "wrapped", "subject = $1", "control"),
    ("data_key", "wrapped", "subject = $1 and category = 0", "control"),
    ("data_key", "wrapped", "subject = $1 and category = 10", "control"),
    ("head", "tag", LOANS_AT, "control"),
    ("blob", "sealed", "subject = $1 and id = $2", "contents"),
]


@pytest.mark.parametrize(("table", "column", "where", "kind"), BYTES, ids=[f"{t}.{c} {w}" for t, c, w, _ in BYTES])
async def test_every_flipped_byte_breaks_a_seal(
    house: Home, people: People, person: Person, table: str, column: str, where: str, kind: str
) -> None:
    head = await value(house.databases, f"select blob from head where {LOANS_AT} limit 1", person.subject)
    names = [person.subject, *([head] if "$2" in where else [])]
    stored = bytes(
        await value(house.databases, f"select {column} from {table} where {where} limit 1", *names, kind=kind)
    )
    chance = random.Random(f"{table} {column} {where}")
    change = f"update {table} set {column} = ${len(names) + 1} where {where} and {column} = ${len(names) + 2}"
    places = range(len(stored)) if len(stored) <= 70 else sorted(chance.sample(range(len(stored)), 60))
    flips = [stored[:n] + bytes([stored[n] ^ 1 << chance.randrange(8)]) + stored[n + 1 :] for n in places]
    async with put_back(house.databases, table, person.subject, kind=kind):
        now = stored
        for damaged in (*flips, stored[:-1], stored + b"\x00", b""):
            await execute(house.databases, change, *names, damaged, now, kind=kind)
            await refused(people, person)
            now = damaged
    await sound(people, person)


NUMBERS = [
    ("subject", "version", "version + 1"), ("subject", "version", "version - 1"), ("subject", "version", "-1"),
    ("subject", "generation", "generation + 1"), ("subject", "generation", "-1"),
    ("standing", "key", "gen_random_uuid()"), ("head", "version", "version + 1"), ("head", "version", "-1"),
    ("head", "field_set", "field_set + 1"), ("head", "blob", "gen_random_uuid()"),
    ("data_key", "generation", "generation + 1"), ("data_key", "instance", "gen_random_uuid()"),
    ("data_key", "category", "-category - 1"), ("subject_key", "generation", "generation + 1"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "changed"), NUMBERS)
async def test_every_changed_number_beside_a_seal_breaks_it(
    house: Home, people: People, person: Person, table: str, column: str, changed: str
) -> None:
    async with put_back(house.databases, table, person.subject):
        await execute(house.databases, f"update {table} set {column} = {changed} where subject = $1", person.subject)
        await refused(people, person)
    await sound(people, person)


SWAPS = [
    ("standing", "key, sealed, events", "subject is not null"),
    ("subject_key", "generation, wrapped", "subject is not null"),
    ("data_key", "wrapped", "category = 0"), ("data_key", "wrapped", "category = 10"),
    ("head", "version, key, blob, tag", "category = 10"), ("head", "blob", "category = 10"),
    ("head", "blob, tag", "category = 10"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "columns", "where"), SWAPS)
async def test_what_two_people_have_does_not_open_when_exchanged(
    house: Home, people: People, person: Person, other: Person, table: str, columns: str, where: str
) -> None:
    async with put_back(house.databases, table, person.subject, other.subject):
        names = columns.split(", ")
        await execute(
            house.databases,
            f"update {table} a set ({columns}) = row({', '.join('b.' + name for name in names)}) from {table} b"
            f" where a.subject <> b.subject and a.subject = any($1) and b.subject = any($1)"
            f" and a.{where} and b.{where}",
            [person.subject, other.subject],
        )
        for each in (person, other):
            await refused(people, each)
    await sound(people, person, other)


WITHIN = [
    ("head", "version, key, blob, tag", "a.category = 24 and b.category = 24 and a.record <> b.record", "records"),
    ("head", "version, key, blob, tag", "a.category = 10 and b.category = 11", "categories"),
    ("head", "blob, tag", "a.category = 24 and b.category = 24 and a.record <> b.record", "blobs of two records"),
    ("data_key", "wrapped", "a.category = 24 and b.category = 24 and a.id <> b.id", "keys of two loans"),
    ("data_key", "wrapped", "a.category = 10 and b.category = 20", "keys of two categories"),
]


@pytest.mark.parametrize(("table", "columns", "where", "what"), WITHIN, ids=[what for *_, what in WITHIN])
async def test_what_one_person_has_in_two_places_does_not_open_when_moved(
    house: Home, people: People, person: Person, table: str, columns: str, where: str, what: str
) -> None:
    async with put_back(house.databases, table, person.subject):
        given = ", ".join(f"b.{name}" for name in columns.split(", "))
        await execute(
            house.databases,
            f"update {table} a set ({columns}) = row({given}) from {table} b"
            f" where a.subject = b.subject and a.subject = $1 and {where}",
            person.subject,
        )
        await refused(people, person)
    await sound(people, person)


async def test_two_blobs_exchanged_under_their_ids_do_not_open(house: Home, people: People, person: Person) -> None:
    loans = await fetch(house.databases, f"select blob from head where {LOANS_AT}", person.subject)
    names = [blob for (blob,) in loans]
    async with put_back(house.databases, "blob", person.subject, kind="contents"):
        await execute(
            house.databases,
            "update blob a set sealed = b.sealed from blob b where a.id = any($1) and b.id = any($1) and a.id <> b.id",
            names, kind="contents",
        )  # fmt: skip
        await refused(people, person)
    async with put_back(house.databases, "blob", person.subject, kind="contents"):
        await execute(house.databases, "delete from blob where id = $1", names[0], kind="contents")
        await refused(people, person)
    await sound(people, person)


OLD = [("blob", "contents"), ("standing", "control"), ("subject", "control")]


@pytest.mark.parametrize(("table", "kind"), OLD)
async def test_what_was_there_before_does_not_open_when_put_back(
    house: Home, people: People, table: str, kind: str
) -> None:
    person = await people.borrower(1)
    blob = await value(house.databases, "select blob from head where subject = $1 and category = 11", person.subject)
    sealed = await value(house.databases, "select sealed from blob where id = $1", blob, kind="contents")
    changed = people.change(person, "person", {"person.email": "new@example.no"})
    async with put_back(house.databases, table, person.subject, kind=kind):
        await people.vault.seal(person.me, SELF_SERVICE, [changed])
        new = await value(house.databases, "select blob from head where subject = $1 and category = 11", person.subject)
        if table == "blob":
            await execute(house.databases, "update blob set sealed = $2 where id = $1", new, sealed, kind=kind)
            await refused(people, person)
    if table != "blob":
        await refused(people, person)


async def test_an_old_head_with_its_old_blob_does_not_pass_for_the_present_one(house: Home, people: People) -> None:
    person = await people.borrower(1)
    old = await value(house.databases, "select tag from head where subject = $1 and category = 11", person.subject)
    await people.vault.seal(
        person.me, SELF_SERVICE, [people.change(person, "person", {"person.email": "new@example.no"})]
    )
    await execute(house.databases, "update head set tag = $2 where subject = $1 and category = 11", person.subject, old)
    await refused(people, person)


@pytest.mark.clause("SOL-41")
async def test_postponing_a_date_in_the_database_keeps_nothing_alive(house: Home, people: People) -> None:
    person = await people.lead()
    house.clock.advance(timedelta(days=800))
    try:
        await execute(
            house.databases, "update subject set next_due = next_due + 10000 where subject = $1", person.subject
        )
        person.me = await house.principal("self", subject=person.subject)
        assert not await people.own(person)
    finally:
        house.clock.advance(timedelta(days=-800))


async def test_a_consent_withdrawn_stays_withdrawn_whatever_history_is_deleted(house: Home, people: People) -> None:
    (person,) = await people.leads(1, marketing=True)
    await people.proceeds(person)
    await people.withdraws(person, "marketing")
    where = "where subject = $1"
    await execute(
        house.databases, f"delete from event {where} and number = (select max(number) from event {where})",
        person.subject,
    )  # fmt: skip
    await execute(house.databases, f"update standing set events = events - 1 {where}", person.subject)
    house.house.keys.cache.clear()
    with pytest.raises(BrokenSeal):
        await people.leave(person, Scope(person.subject, record=person.project))


@pytest.mark.parametrize(
    "change", ["sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 4)", "sealed = ''", "number = -number"]
)
async def test_a_changed_event_breaks_its_seal(house: Home, people: People, change: str) -> None:
    person = await people.borrower(1)
    await execute(house.databases, f"update event set {change} where subject = $1", person.subject)
    with pytest.raises(BrokenSeal):
        await people.bank_closes(person, person.loans[0])
    assert (await people.own(person))["loan.household_income_nok"] == 700_000 + person.number


async def test_a_changed_receipt_breaks_its_seal(house: Home, people: People) -> None:
    person, second = await people.lead(), await people.lead()
    receipts: list[Receipt] = [await people.erase(person), await people.erase(second)]
    dpo = await people.somebody("dpo")
    await execute(
        house.databases, "update tombstone a set sealed = b.sealed from tombstone b where a.id = $1 and b.id = $2",
        receipts[0].id, receipts[1].id,
    )  # fmt: skip
    with pytest.raises(BrokenSeal):
        await people.vault.receipt(dpo, receipts[0].id)
    assert (await people.vault.receipt(dpo, receipts[1].id)).fates == receipts[1].fates
    await execute(
        house.databases, "update tombstone set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 4) where id = $1",
        receipts[1].id,
    )  # fmt: skip
    with pytest.raises(BrokenSeal):
        await people.vault.receipt(dpo, receipts[1].id)


@pytest.mark.parametrize(
    ("table", "column"), [("system_key", "wrapped"), ("epoch", "wrapped"), ("audit_key", "wrapped")]
)
async def test_a_changed_key_of_the_house_lets_no_process_start(
    house: Home, people: People, table: str, column: str
) -> None:
    stored = await fetch(house.databases, f"select ctid::text, {column} from {table} limit 1")
    whole = bytes(stored[0][1])
    for place in (0, 1, 9, 13, len(whole) // 2, len(whole) - 1):
        flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        await execute(house.databases, f"update {table} set {column} = $2 where {column} = $1", whole, flipped)
        try:
            with pytest.raises(BrokenSeal):
                async with another_vault(house.databases, house.keyring, house, f"{table} {place}"):
                    pass
        finally:
            await execute(house.databases, f"update {table} set {column} = $2 where {column} = $1", flipped, whole)
    async with another_vault(house.databases, house.keyring, house, f"{table} whole"):
        pass


async def test_an_officers_erasure_of_a_damaged_person_is_refused_by_its_seal(house: Home, people: People) -> None:
    person = await people.lead()
    await execute(house.databases, "update standing set sealed = '' where subject = $1", person.subject)
    house.house.keys.cache.clear()
    with pytest.raises(BrokenSeal):
        await people.erase(person)
    with pytest.raises(Refused):
        await people.vault.erase(person.me, Cause(CauseKind.OFFICER, None, None), [Scope(person.subject)])
