"""Attacks that once told something, left no trace or took too much; each stays defeated."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from behind import execute, value
from databases import Databases
from people import SELF_SERVICE, People, email, phone
from vault_house import Home, home

from policies.model import SELF, Access, RecordId
from vault.errors import Invalid, Refused, Unknown
from vault.request import ByValue, Change, Secret
from vault.storage.rows import fetch_blobs
from vault.tokens import TokenSpec

pytestmark = pytest.mark.slow

OFFER = Access("offer", "the customer called", "advisor")
ADMIN = Access("customer_admin", "the customer called", "customer_service")
RIGHTS = Access("rights", "the customer called", "customer_service")
CONTACT = frozenset({"person.name", "project.address"})


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="attacks") as at_home:
        yield at_home


@pytest.fixture(scope="module")
def people(house: Home) -> People:
    return People(house)


async def entries(house: Home) -> int:
    return int(await value(house.databases, "select count(*) from ledger_entry"))


async def test_a_record_out_of_reach_is_not_even_counted(house: Home, people: People) -> None:
    person, advisor = await people.customer(), await house.principal("advisor")
    await people.assigns(person, advisor)
    before = await house.vault.open(advisor, OFFER, [person.subject], CONTACT)
    other = RecordId(house.ids())
    moved = Change(
        subject=person.subject, record=other, parent=person.root, entity="project",
        values={"project.address": "Prøveveien 9, 0170 Oslo"},
    )  # fmt: skip
    asked = people.fact(person, other, "calculation.requested")
    await house.vault.seal(person.me, Access("roof_calculation", None, SELF), [moved], [asked])
    after = await house.vault.open(advisor, OFFER, [person.subject], CONTACT)
    assert len(after.records) == len(before.records)
    assert (after.withheld, after.by_subject) == (before.withheld, before.by_subject)


async def test_probing_the_policy_with_bad_values_leaves_a_trace(house: Home, people: People) -> None:
    person, service = await people.customer(), await people.somebody("customer_service")
    with pytest.raises(Invalid):
        await house.vault.seal(service, RIGHTS, [people.change(person, "person", {"person.phone": "none"})])
    seen = await people.latest(person)
    assert (seen.kind, seen.withheld) == ("refused", (("person.phone", "invalid"),))


async def test_probing_for_the_erased_leaves_a_trace(house: Home, people: People) -> None:
    person, service = await people.lead(), await people.somebody("customer_service")
    await people.leave(person)
    before = await entries(house)
    with pytest.raises(Unknown):
        await house.vault.seal(service, RIGHTS, [people.change(person, "person", {"person.phone": phone(1)})])
    assert await entries(house) == before + 1


async def test_a_customer_who_looks_others_up_touches_nobody(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, stranger = await people.customer(), await people.customer()
    fields = frozenset({"person.email"})
    planned: list[object] = []

    def plan(*given: object) -> None:
        planned.append(given)

    monkeypatch.setattr("vault.opening.plan", plan)
    answer = await house.vault.open(
        stranger.me, SELF_SERVICE, ByValue("person.email", Secret(email(person.number))), fields
    )
    assert not planned
    assert not answer.found
    assert not answer.withheld
    monkeypatch.undo()
    own = ByValue("person.email", Secret(email(stranger.number)))
    assert (await house.vault.open(stranger.me, SELF_SERVICE, own, fields)).found == [stranger.subject]


async def test_a_look_up_opens_no_group_of_whom_it_does_not_reach(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, advisor = await people.customer(), await house.principal("advisor")
    fetched: list[object] = []

    async def fetching(*given: Any) -> Any:
        fetched.append(given)
        return await fetch_blobs(*given)

    monkeypatch.setattr("vault.opening.fetch_blobs", fetching)
    answer = await house.vault.open(advisor, OFFER, ByValue("person.phone", Secret(phone(person.number))), CONTACT)
    assert not fetched
    assert not answer.found


async def test_a_false_index_hit_tells_nothing_of_whom_it_names(house: Home, people: People) -> None:
    person, lead = await people.customer(), await people.lead()
    await execute(
        house.databases,
        "insert into index_token (slot, token, subject, record, field, epoch)"
        " select slot, token, $2, $2, field, epoch from index_token where subject = $1 and field = 'person.phone'",
        person.subject,
        lead.subject,
    )
    service = await people.somebody("customer_service")
    wanted = ByValue("person.phone", Secret(phone(person.number)))
    answer = await house.vault.open(service, ADMIN, wanted, frozenset({"person.email"}))
    assert answer.found == [person.subject]
    assert lead.subject not in answer.by_subject
    assert not answer.withheld


async def test_an_officer_without_a_second_factor_reads_no_ledger(house: Home) -> None:
    spec = TokenSpec(account=house.ids(), roles=frozenset({"dpo"}), lifetime=timedelta(hours=1))
    _, secret = await house.vault.tokens.issue(spec)
    with pytest.raises(Refused) as refused:
        await house.vault.entries(await house.vault.tokens.resolve(secret), None, 5)
    assert [each.rule for each in refused.value.rules] == ["second_factor"]


async def test_a_reason_is_no_place_to_store_a_book(house: Home, people: People) -> None:
    person, service = await people.customer(), await people.somebody("customer_service")
    with pytest.raises(Invalid):
        await house.vault.open(
            service, Access("customer_admin", "x" * 1_001, "customer_service"), [person.subject], CONTACT
        )


async def test_what_was_weighed_on_other_bytes_is_forgotten(house: Home, people: People) -> None:
    person = await people.customer()
    await people.own(person)
    row = (await house.house.subjects([person.subject]))[person.subject]
    cached = house.house.keys.keys_of(row).cached
    assert cached.weighed
    assert cached.standing is not None
    cached.standing = (cached.standing[0], b"other bytes", cached.standing[2])
    house.house.standing(row)
    assert not cached.weighed
