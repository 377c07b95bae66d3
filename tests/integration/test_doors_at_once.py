"""Sealing at once: one effect per request key, and nobody's write is decided on what somebody else has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from behind import row_counts
from databases import Databases
from people import CALCULATION, SELF_SERVICE, People, Person
from vault_house import Home, home

from policies.model import SELF, Access, RecordId, SubjectId
from vault.errors import Conflict, TokenRefused
from vault.request import RequestKey
from vault.storage.writing import insert_blobs

pytestmark = pytest.mark.slow

RIGHTS = Access("rights", None, SELF)


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="doors at once") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


async def test_a_request_key_has_one_effect_and_conflicts_with_another_body(house: Home, people: People) -> None:
    key = RequestKey("one effect", b"body")
    person = await people.lead(key=key)
    before = await row_counts(house.databases)
    visitor = await people.somebody("visitor")
    again = await people.vault.seal(visitor, CALCULATION, [], [], key)
    assert (again.replayed, again.born) == (True, (person.subject,))
    with pytest.raises(Conflict):
        await people.vault.seal(visitor, CALCULATION, [], [], RequestKey("one effect", b"another body"))
    assert await row_counts(house.databases) == before
    stranger = await house.principal("visitor")
    other = await people.vault.seal(stranger, CALCULATION, [], [], key)
    assert not other.replayed


async def test_a_revoked_token_gets_no_replay(house: Home, people: People) -> None:
    person = await people.lead()
    me = await house.principal("self", subject=person.subject)
    key = RequestKey("replay", b"body")
    await people.vault.seal(me, SELF_SERVICE, [], [people.consent(person, "marketing", given=True)], key)
    await people.vault.tokens.revoke(me.token)
    with pytest.raises(TokenRefused):
        await people.vault.seal(me, SELF_SERVICE, [], [], key)


async def test_sixty_four_requests_at_once_with_one_key_have_one_effect(house: Home, people: People) -> None:
    visitor, key = await people.somebody("visitor"), RequestKey("sixty-four", b"body")
    before = await row_counts(house.databases)

    async def ask() -> tuple[bool, SubjectId]:
        person = not_born(people)
        sealed = await people.vault.seal(
            visitor, CALCULATION, people.first_values(person), people.first_events(person), key
        )
        return sealed.replayed, sealed.born[0]

    answers = await asyncio.gather(*(ask() for _ in range(64)))
    assert sorted(replayed for replayed, _ in answers) == [False] + [True] * 63
    assert len({subject for _, subject in answers}) == 1
    after = await row_counts(house.databases, without=("blob",))
    written = ("subject", "standing", "idempotency", "ledger_entry")
    assert {table: after[table] - before[table] for table in written} == {
        "subject": 1, "standing": 1, "idempotency": 1, "ledger_entry": 1,
    }  # fmt: skip


def not_born(people: People) -> Person:
    people.numbers += 1
    subject, project = SubjectId(people.home.ids()), RecordId(people.home.ids())
    return Person(people.numbers, subject, project, people.staff["visitor None"])


async def test_a_standing_that_changed_meanwhile_is_decided_on_again(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    (person,) = await people.leads(1, marketing=True)
    service = await people.somebody("newsletter")
    record = house.house.committer.record
    rounds: list[str] = []

    async def withdrawn_before(entry: Any) -> bool:
        rounds.append(entry.kind)
        if len(rounds) == 1:
            await people.withdraws(person, "marketing")
        return await record(entry)

    monkeypatch.setattr(house.house.committer, "record", withdrawn_before)
    opened = await people.vault.open(
        service, Access("newsletter", None, "mailchimp"), [person.subject], frozenset({"person.email"})
    )
    assert rounds == ["opened", "refused"]
    assert not opened.records
    assert {each.rule for each in opened.withheld} == {"basis.consent"}


async def test_a_sealing_overtaken_by_another_is_made_again_on_top_of_it(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await people.customer()
    real, overtaken = insert_blobs, False

    async def overtaking(*given: Any) -> None:
        nonlocal overtaken
        await real(*given)
        if not overtaken:
            overtaken = True
            await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.phone": "68059998"})])

    monkeypatch.setattr("vault.sealing.insert_blobs", overtaking)
    await people.vault.seal(person.me, RIGHTS, [people.change(person, "person", {"person.name": "Kari Annen"})])
    assert await people.own(person, {"person.name", "person.phone"}) == {
        "person.name": "Kari Annen", "person.phone": "+4768059998",
    }  # fmt: skip
