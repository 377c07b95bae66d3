"""Reading the ledger: the person its own part of every entry, the officer the headers, nobody else anything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from behind import another_house, execute, fetch
from databases import Databases
from people import SELF_SERVICE, People
from vault_house import home

from policies.model import SELF, Access
from vault import Vault
from vault.errors import BrokenSeal, Invalid, Refused, TokenRefused

pytestmark = pytest.mark.slow

NEWSLETTER = Access("newsletter", None, "mailchimp")


@pytest.mark.clause("RGT-01")
async def test_a_person_sees_its_own_part_of_an_entry_about_several(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        (willing,) = await people.leads(1, marketing=True)
        other = await people.lead()
        service = await people.somebody("newsletter")
        both = [willing.subject, other.subject]
        await at_home.vault.open(service, NEWSLETTER, both, frozenset({"person.email", "person.name"}))
        mine = await people.latest(willing)
        theirs = await people.latest(other)
        assert mine.id == theirs.id
        assert (mine.fields, mine.withheld) == (("person.email",), (("person.name", "use"),))
        assert (theirs.fields, theirs.withheld) == ((), (("person.email", "basis.consent"), ("person.name", "use")))
        assert (mine.actor, mine.roles, mine.purpose) == (service.account, ("newsletter",), "newsletter")


async def test_accesses_come_newest_first_and_page_by_page(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.customer()
        for _ in range(5):
            await people.own(person)
        seen: list[UUID] = []
        after, more = None, True
        while more:
            page = await at_home.vault.accesses(person.me, person.subject, after, 3)
            seen += [entry.id for entry in page.entries]
            after, more = seen[-1], page.more
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == len(seen) >= 9


@pytest.mark.clause("RGT-07")
async def test_headers_are_for_the_officer_alone_and_name_nobody(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        await people.own(person)
        for role in ("customer_service", "operator", "newsletter", "privacy_approver", "visitor"):
            with pytest.raises(Refused):
                await at_home.vault.entries(await people.somebody(role), None, 5)
        with pytest.raises(Refused):
            await at_home.vault.accesses(await people.somebody("dpo"), person.subject, None, 5)
        header = (await at_home.vault.entries(await people.somebody("dpo"), None, 100)).entries
        opened = next(entry for entry in header if entry.kind == "opened" and entry.purpose == "self_service")
        assert (opened.subjects, opened.purpose, opened.policy) == (1, "self_service", at_home.vault.policy.digest)
        assert "person.email" in opened.fields
        assert sum(each.kind == "refused" for each in header) == 6


async def test_entries_of_a_month_that_another_process_began_are_read(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        at_home.clock.advance(timedelta(days=31))
        me = await at_home.principal("self", subject=person.subject)
        dpo = await at_home.principal("dpo")
        async with another_house(at_home, "other") as other:
            vault = Vault(other)
            await vault.open(me, SELF_SERVICE, [person.subject], frozenset({"person.email"}))
        seen = await at_home.vault.accesses(me, person.subject, None, 9)
        assert ("person.email",) in [entry.fields for entry in seen.entries]
        assert (await at_home.vault.entries(dpo, None, 9)).entries


async def test_a_purpose_that_a_caller_makes_up_is_not_written_in_clear(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        for nonsense in ("kari@example.no", "a\x00b", "x" * 100_000):
            access = Access(nonsense, None, nonsense)
            opened = await at_home.vault.open(person.me, access, [person.subject], frozenset({"person.email"}))
            assert not opened.records
        stored = await fetch(databases, "select distinct purpose, recipient from ledger_entry where kind = 'refused'")
        assert stored == [("undeclared", "undeclared")]


async def test_a_reason_that_cannot_be_written_down_is_invalid(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        access = Access("self_service", "half a \ud800 character", SELF)
        with pytest.raises(Invalid):
            await at_home.vault.open(person.me, access, [person.subject], frozenset({"person.email"}))


@pytest.mark.clause("ACC-02")
async def test_no_door_changes_what_is_on_record(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        person = await People(at_home).lead()
        for table in ("ledger_entry", "ledger_subject", "tombstone"):
            for statement in (f"delete from {table}", f"update {table} set sealed = ''"):
                with pytest.raises(Exception, match="42501"):
                    await at_home.house.control.execute(statement)
        assert (await at_home.vault.accesses(person.me, person.subject, None, 9)).entries


async def test_a_changed_entry_breaks_its_seal(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        dpo = await people.somebody("dpo")
        for table in ("ledger_entry", "ledger_subject"):
            await execute(databases, f"update {table} set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)")
        with pytest.raises(BrokenSeal):
            await at_home.vault.accesses(person.me, person.subject, None, 9)
        with pytest.raises(BrokenSeal):
            await at_home.vault.entries(dpo, None, 9)


async def test_a_dead_token_is_not_told_what_it_may_not(databases: Databases, tmp_path: Path) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        at_home.clock.advance(timedelta(days=2))
        with pytest.raises(TokenRefused):
            await people.leave(person)
        with pytest.raises(TokenRefused):
            await at_home.vault.accesses(person.me, person.subject, None, 9)
