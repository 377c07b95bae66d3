"""Messages over a vault on PostgreSQL: masked before they are sealed, linked to a person, seen by their writer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from behind import value
from databases import Databases
from graphql_world import World, world_over
from people import People, national_ids
from vault_house import Home, home

from outreach.messages import Channel, Kept, Received, receive
from policies.model import Access, Principal, SubjectId
from vault.errors import Invalid, Refused
from vault.request import Secret

pytestmark = pytest.mark.slow

MINE = "{ me { messages { text channel sentAt } } }"
SERVICE = Access("customer_service", "a question of the person", "customer_service")
FIELDS = frozenset({"message.text", "message.channel", "message.sent_at"})


@dataclass
class Desk:
    at: Home
    people: People
    graphql: World
    who: Principal

    async def take(self, found: Received) -> Kept:
        return await receive(self.at.vault, self.who, found, clock=self.at.clock, ids=self.at.ids)

    async def mine(self, kept: Kept) -> list[dict[str, Any]]:
        token = await self.graphql.bearer("self", subject=kept.subject)
        me = (await self.graphql.ask(MINE, token)).data["me"]
        return me["messages"] if me else []


@pytest.fixture
async def desk(databases: Databases, tmp_path: Path) -> AsyncGenerator[Desk]:
    async with home(databases, tmp_path / "keys") as at:
        graphql = world_over(at.vault, at.clock)
        yield Desk(at, People(at), graphql, await at.principal("message_ingest", lifetime=timedelta(days=1)))
        await graphql.client.aclose()


def letter(desk: Desk, text: str, **changed: Any) -> Received:
    whole: dict[str, Any] = {"channel": Channel.EMAIL, "number": "m-1", "sent_at": desk.at.clock(), **changed}
    return Received(text=Secret(text), **whole)


@pytest.mark.clause("COM-01")
async def test_a_national_id_is_masked_before_it_is_sealed_and_its_writer_sees_the_mask(desk: Desk) -> None:
    person = await desk.people.lead()
    number = national_ids()[0]
    kept = await desk.take(letter(desk, f"Hei, nummeret er {number}.\nHilsen Kåre", subject=person.subject))
    assert kept.masked == 1
    (seen,) = await desk.mine(kept)
    assert seen["text"] == f"Hei, nummeret er {number[:6]}•••••.\nHilsen Kåre"
    assert (seen["channel"], seen["sentAt"][:10]) == ("email", desk.at.clock().date().isoformat())


async def test_customer_service_reads_a_message_for_a_reason_and_another_person_never(desk: Desk) -> None:
    person, other = await desk.people.lead(), await desk.people.lead()
    kept = await desk.take(letter(desk, "Hei", subject=person.subject))
    staff = await desk.at.principal("customer_service")
    opened = await desk.at.vault.open(staff, SERVICE, [kept.subject], FIELDS)
    assert {name for each in opened.records for name in each.values} == FIELDS
    assert (await desk.at.vault.open(staff, replace(SERVICE, reason=None), [kept.subject], FIELDS)).records == []
    assert await desk.mine(replace(kept, subject=other.subject)) == []


async def test_nobody_unknown_is_made_a_person_by_a_message(desk: Desk) -> None:
    with pytest.raises(Refused):
        await desk.take(letter(desk, "Hva er adressen min?", subject=SubjectId(desk.at.ids())))
    assert await value(desk.at.databases, "select count(*) from subject") == 0


async def test_the_same_message_twice_is_one_message(desk: Desk) -> None:
    person = await desk.people.lead()
    found = letter(desk, "Hei", subject=person.subject)
    first, second = await desk.take(found), await desk.take(found)
    assert first.subject == second.subject
    assert len(await desk.mine(first)) == 1
    assert await value(desk.at.databases, "select count(*) from head where category = 12") == 1


async def test_an_answer_joins_its_ticket_and_nobody_elses(desk: Desk) -> None:
    person, other = await desk.people.lead(), await desk.people.lead()
    kept = await desk.take(letter(desk, "Hei", subject=person.subject))
    more = letter(desk, "Hei igjen", subject=person.subject, ticket=kept.ticket, number="m-2", channel=Channel.CHAT)
    assert (await desk.take(more)).ticket == kept.ticket
    assert [each["text"] for each in sorted(await desk.mine(kept), key=lambda each: str(each["text"]))] == [
        "Hei", "Hei igjen",
    ]  # fmt: skip
    with pytest.raises(Refused):
        await desk.take(replace(more, subject=other.subject, number="m-3"))


@pytest.mark.clause("COM-02")
async def test_three_years_after_its_ticket_closed_a_message_opens_for_nobody(desk: Desk) -> None:
    rule = desk.at.vault.policy.retention["messages"]
    assert rule.keep is not None
    assert (rule.keep.months, rule.anchor) == (36, ("ticket.closed",))


async def test_who_may_not_take_messages_in_takes_none_in(desk: Desk) -> None:
    found = letter(desk, "Hei", subject=(await desk.people.lead()).subject)
    for role in ("advisor", "newsletter"):
        with pytest.raises(Refused):
            await receive(desk.at.vault, await desk.at.principal(role), found, clock=desk.at.clock, ids=desk.at.ids)


async def test_a_text_that_is_too_long_is_refused_whole_and_nothing_is_kept(desk: Desk) -> None:
    found = letter(desk, "x" * 10_001, subject=(await desk.people.lead()).subject)
    with pytest.raises(Invalid):
        await desk.take(found)
    assert await value(desk.at.databases, "select count(*) from head where category = 12") == 0
