"""Whose which fields were opened by a stolen token, a misused account, a role or under a key: for the officer alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from behind import execute, roll
from databases import Databases
from people import SELF_SERVICE, People
from vault_house import Home, home

from policies.model import Access, SubjectId
from vault import scoping
from vault.errors import Invalid, Refused, Unknown
from vault.scoping import ScopePage, Suspect

pytestmark = pytest.mark.slow

NEWSLETTER = Access("newsletter", None, "mailchimp")
DAY = timedelta(days=1)


@pytest.fixture
async def at_home(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home]:
    async with home(databases, tmp_path / "keys") as made:
        yield made


async def scope(
    at_home: Home, by: Suspect, *, since: datetime | None = None, until: datetime | None = None,
    after: SubjectId | None = None, first: int | None = 100,
) -> ScopePage:  # fmt: skip
    now = at_home.clock()
    dpo = await at_home.principal("dpo")
    return await at_home.vault.breach_scope(dpo, by, (since or now - DAY, until or now + DAY), after, first)


@pytest.mark.clause("RGT-07")
async def test_it_tells_whose_which_fields_a_token_an_account_or_a_role_opened(at_home: Home) -> None:
    people = People(at_home)
    willing = await people.leads(3, marketing=True)
    (unwilling,) = await people.leads(1)
    thief = await people.somebody("newsletter")
    everybody = [each.subject for each in (*willing, unwilling)]
    await at_home.vault.open(thief, NEWSLETTER, everybody, frozenset({"person.email", "person.name"}))
    await at_home.vault.open(thief, NEWSLETTER, [willing[0].subject], frozenset({"person.email"}))
    both = Suspect(role="newsletter", token=thief.token)
    for by in (Suspect(token=thief.token), Suspect(account=thief.account), both):
        found = await scope(at_home, by)
        assert [each.subject for each in found.touched] == sorted(each.subject for each in willing)
        assert {each.fields for each in found.touched} == {frozenset({"person.email"})}
        assert {each.subject: each.entries for each in found.touched}[willing[0].subject] == 2
        assert (found.persons, found.entries, found.unreadable, found.more) == (3, 2, 0, False)
    assert (await scope(at_home, Suspect(role="advisor"))).touched == []
    assert (await scope(at_home, Suspect(token=thief.token, role="self"))).touched == []


async def test_times_count_from_the_first_and_before_the_second(at_home: Home) -> None:
    people = People(at_home)
    person = await people.lead()
    at_home.clock.advance(timedelta(minutes=5))
    at = at_home.clock()
    await at_home.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.email"}))
    at_home.clock.advance(timedelta(minutes=5))
    by, moment = Suspect(account=person.me.account), timedelta(microseconds=1)
    assert (await scope(at_home, by, since=at, until=at + moment)).persons == 1
    assert (await scope(at_home, by, since=at - moment, until=at)).persons == 0
    assert (await scope(at_home, by, since=at + moment, until=at + DAY)).persons == 0


async def test_pages_follow_each_other_by_person_and_chunks_by_entry(
    at_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoping, "CHUNK", 3)
    people = People(at_home)
    for person in await people.leads(5):
        await people.own(person)
    page = await scope(at_home, Suspect(role="self"), first=2)
    seen = [each.subject for each in page.touched]
    while page.more:
        page = await scope(at_home, Suspect(role="self"), after=seen[-1], first=2)
        seen += [each.subject for each in page.touched]
    everything = await scope(at_home, Suspect(role="self"), first=None)
    assert seen == [each.subject for each in everything.touched]
    assert len(seen) == page.persons == 5


async def test_a_key_is_suspected_for_as_long_as_it_opened_anything(at_home: Home) -> None:
    people = People(at_home)
    one, other = await people.leads(2)
    await people.own(one)
    at_home.clock.advance(timedelta(minutes=5))
    await roll(at_home)
    await at_home.house.reload()
    at_home.clock.advance(timedelta(minutes=5))
    await people.own(other)
    assert [each.subject for each in (await scope(at_home, Suspect(epoch=1))).touched] == [one.subject]
    assert [each.subject for each in (await scope(at_home, Suspect(epoch=2))).touched] == [other.subject]
    with pytest.raises(Unknown):
        await scope(at_home, Suspect(epoch=9))


async def test_it_is_for_officers_alone_and_on_record(at_home: Home) -> None:
    people = People(at_home)
    person = await people.lead()
    by, now = Suspect(role="self"), at_home.clock()
    for who in (person.me, await people.somebody("operator"), await people.somebody("privacy_approver")):
        with pytest.raises(Refused):
            await at_home.vault.breach_scope(who, by, (now - DAY, now + DAY), None, 5)
    await scope(at_home, by)
    dpo = await people.somebody("dpo")
    kinds = [(entry.kind, entry.roles) for entry in (await at_home.vault.entries(dpo, None, 9)).entries]
    assert kinds[1] == ("opened", ("dpo",))
    assert [kind for kind, _ in kinds[2:5]] == ["refused"] * 3


async def test_it_wants_a_suspect_and_a_time(at_home: Home) -> None:
    now = at_home.clock()
    with pytest.raises(Invalid):
        await scope(at_home, Suspect())
    with pytest.raises(Invalid):
        await scope(at_home, Suspect(role="self"), since=now, until=now)


async def test_what_cannot_be_read_any_more_is_counted(at_home: Home) -> None:
    early = People(at_home)
    await early.own(await early.lead())
    at_home.clock.advance(timedelta(days=40))
    late = People(at_home)
    person = await late.lead()
    await late.own(person)
    await execute(at_home.databases, "delete from audit_key where month = (select min(month) from audit_key)")
    await at_home.house.reload()
    found = await scope(at_home, Suspect(role="self"), since=at_home.clock() - 50 * DAY)
    assert ([each.subject for each in found.touched], found.unreadable) == ([person.subject], 1)
