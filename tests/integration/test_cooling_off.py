"""A person's own erasure: restricted at once, taken back or carried out, once, however many try and die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from backing_up import back, backed_up, owned, restored, shelf_in
from behind import another_house, another_vault, execute, roll, value
from databases import Databases
from people import LOAN_FORM, SELF_SERVICE, People, Person, address, name, values
from vault_house import Home, home

from hvelv.working import ERASURES, jobs
from policies.event import Hold, Restriction
from policies.model import SELF, Access
from policies.oslo import oslo_date
from products.request import keyed
from rights import erasure
from rights.doors import Desk
from rights.erasure import CancelErasure, Carried, Erase
from rights.request import By
from vault import Vault
from vault.cooling import KEPT, Pending, State
from vault.errors import ClockJumped, Invalid, Refused, TokenRefused, Unknown
from vault.request import Fate, ReceiptStatus, Scope
from vault.ticking import acknowledge

pytestmark = pytest.mark.slow

WEEK = timedelta(days=7)
numbers = count(1)


@pytest.fixture(scope="module")
async def house(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home, None]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="cooling") as at_home:
        yield at_home


@pytest.fixture
async def people(house: Home) -> People:
    return People(house, numbers=next(numbers) * 100)


def desk(people: People) -> Desk:
    return Desk(people.vault, people.home.clock, people.home.ids)


async def again(people: People, person: Person) -> Person:
    """The person with a token that is live now."""
    person.me = await people.home.principal("self", subject=person.subject)
    return person


async def asks(people: People, person: Person, wish: Erase | None = None, key: str | None = None) -> Pending:
    wanted = wish or Erase()
    by = By(who=person.me, key=keyed(key or f"cooling-{next(numbers):08d}", wanted), reason=None)
    return await erasure.ask(desk(people), people.vault.cooling, by, wanted, WEEK)


async def takes_back(people: People, person: Person, pending: Pending) -> Pending:
    wish = CancelErasure(erasure=pending.id)
    by = By(who=person.me, key=keyed(f"cooling-{next(numbers):08d}", wish), reason=None)
    return await erasure.cancel(desk(people), people.vault.cooling, by, wish)


async def run(at_home: Home, seed: str = "run") -> Carried:
    """The operator's command, by a process of its own."""
    async with another_house(at_home, f"{seed} {at_home.clock()} {next(numbers)}", sweeper=True) as sweeper:
        return await erasure.run(Vault(sweeper), lambda _: None)


async def comes_due(people: People, person: Person) -> UUID:
    """The time passes, the command runs; the receipt of the person's latest request. Its token is a fresh one."""
    people.home.clock.advance(WEEK)
    people.staff.clear()
    await run(people.home)
    latest = (await people.vault.cooling.own((await again(people, person)).me))[0]
    assert latest.receipt is not None
    return latest.receipt


async def offered(people: People) -> Person:
    """Somebody whose case an advisor reads."""
    person = await people.lead()
    await people.proceeds(person)
    advisor = await people.somebody("advisor")
    await people.assigns(person, advisor)
    return person


async def seen_by_staff(people: People, person: Person) -> dict[str, object]:
    advisor = await people.somebody("advisor")
    fields = frozenset({"person.name", "project.address"})
    return values(await people.vault.open(advisor, Access("offer", "case", "advisor"), [person.subject], fields))


@pytest.mark.clause("RGT-05")
@pytest.mark.clause("RGT-04")
async def test_nobody_uses_the_data_from_the_answer_on_and_they_die_when_the_time_has_passed(
    house: Home, people: People
) -> None:
    person = await offered(people)
    assert (await seen_by_staff(people, person))["person.name"] == name(person.number)
    pending = await asks(people, person)
    assert (pending.state, pending.due_at - pending.asked_at) == (State.PENDING, WEEK)
    assert not await seen_by_staff(people, person)
    assert (await people.own(person))["person.name"] == name(person.number)
    assert not (await run(house)).receipts
    receipt = await comes_due(people, person)
    assert not await people.own(person)
    (ended,) = await people.vault.cooling.own(person.me)
    assert (ended.state, ended.receipt) == (State.CARRIED_OUT, receipt)
    assert (await people.vault.receipt(person.me, receipt)).status is ReceiptStatus.PENDING
    await roll(house, "cooled off")
    assert (await people.vault.receipt(person.me, receipt)).status is ReceiptStatus.ERASED
    assert not (await run(house)).receipts


@pytest.mark.clause("RGT-05")
async def test_taken_back_everything_is_as_before_and_nothing_dies(house: Home, people: People) -> None:
    person = await offered(people)
    pending = await asks(people, person)
    assert (await takes_back(people, person, pending)).state is State.CANCELLED
    assert (await takes_back(people, person, pending)).state is State.CANCELLED
    assert (await seen_by_staff(people, person))["project.address"] == address(person.number)
    house.clock.advance(WEEK)
    assert not (await run(house)).receipts
    assert await people.own(await again(people, person))


async def test_asked_twice_is_asked_once_and_carried_out_it_is_not_taken_back(house: Home, people: People) -> None:
    person = await offered(people)
    first = await asks(people, person, key="the same key")
    assert await asks(people, person, key="the same key") == first
    assert await asks(people, person) == first
    receipt = await comes_due(people, person)
    with pytest.raises(Refused, match="carried_out"):
        await takes_back(people, person, first)
    assert (await people.leave(person)).id == receipt
    with pytest.raises(Invalid, match="time has not come"):
        await people.vault.carry_out(replace(first, due_at=house.clock() + WEEK))


async def test_nobody_asks_takes_back_or_sees_for_another(people: People) -> None:
    person, other = await offered(people), await people.lead()
    pending = await asks(people, person)
    for number in (pending.id, people.home.ids()):
        with pytest.raises(Unknown, match="no such erasure"):
            await people.vault.cooling.cancel(other.me, number)
    for who in (other.me, await people.somebody("advisor")):
        with pytest.raises(Refused, match="reach"):
            await people.vault.cooling.ask(who, pending)
    assert not await people.vault.cooling.own(other.me)
    assert not await people.vault.cooling.own(await people.somebody("advisor"))
    gone = await people.home.principal("self", subject=person.subject)
    await people.vault.tokens.revoke(gone.token)
    for attempt in (people.vault.cooling.ask(gone, pending), people.vault.cooling.cancel(gone, pending.id)):
        with pytest.raises(TokenRefused):
            await attempt
    with pytest.raises(TokenRefused):  # refused for another reason as well; a dead token learns of none
        await people.vault.cooling.ask(gone, replace(pending, subject=other.subject))


@pytest.mark.clause("SOL-40")
async def test_what_a_contract_keeps_is_used_again_after_the_rest_has_died(house: Home, people: People) -> None:
    person = await people.borrower()
    await people.assigns(person, await people.somebody("advisor"))
    pending = await asks(people, person)
    assert not await seen_by_staff(people, person)
    number = await comes_due(people, person)
    receipt = await people.vault.receipt(person.me, number)
    assert {each.field for each in receipt.fates if each.fate is Fate.ERASED} >= LOAN_FORM
    kept = {each.rule for each in receipt.fates if each.fate is Fate.KEPT}
    assert kept == {"contract.solstrom"}
    restricted = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.restriction"}))
    assert values(restricted)["person.restriction"] == "null"
    assert (await people.own(person))["person.name"] == name(person.number)
    second = await asks(people, person)
    assert second.id != pending.id
    assert await comes_due(people, person) == number
    restricted = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.restriction"}))
    assert values(restricted)["person.restriction"] == "null"


async def test_a_restriction_from_before_is_not_lifted_with_an_erasure_taken_back(people: People) -> None:
    person = await offered(people)
    on = Restriction(subject=person.subject, record=person.root, on=True, at=people.home.clock())
    await people.vault.seal(person.me, Access("rights", None, SELF), [], [on])
    pending = await asks(people, person)
    assert not pending.restricts
    await takes_back(people, person, pending)
    assert not await seen_by_staff(people, person)


async def test_while_another_erasure_waits_the_restriction_stays(people: People) -> None:
    person = await offered(people)
    whole, part = await asks(people, person), await asks(people, person, Erase(product="solstrom"))
    await takes_back(people, person, whole)
    assert not await seen_by_staff(people, person)
    await takes_back(people, person, part)
    assert await seen_by_staff(people, person)
    assert {each.state for each in await people.vault.cooling.own(person.me)} == {State.CANCELLED}


async def test_one_erasure_carried_out_does_not_lift_what_another_waits_under(house: Home, people: People) -> None:
    person = await people.borrower()
    await people.assigns(person, await people.somebody("advisor"))
    await asks(people, person, Erase(record=person.loans[0]))
    house.clock.advance(WEEK / 2)
    await asks(people, await again(people, person))
    house.clock.advance(WEEK / 2)
    people.staff.clear()
    assert len((await run(house)).receipts) == 1
    assert not LOAN_FORM & (await people.own(await again(people, person))).keys()
    restricted = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.restriction"}))
    assert values(restricted)["person.restriction"] != "null"


@pytest.mark.clause("SOL-39")
async def test_under_a_legal_hold_what_it_covers_is_kept_and_named(house: Home, people: People) -> None:
    person = await people.customer()
    hold = Hold(subject=person.subject, record=person.root, hold="legal_claim", on=True, at=house.clock())
    await people.vault.seal(await people.somebody("dpo"), Access("audit", None, "dpo"), [], [hold])
    await asks(people, person)
    number = await comes_due(people, person)
    receipt = await people.vault.receipt(person.me, number)
    kept = {each.law for each in receipt.fates if each.fate is Fate.KEPT}
    assert kept == {"GDPR Articles 17(3)(e) and 18(2)"}
    assert (await people.own(person))["project.address"] == address(person.number)


@pytest.mark.clause("NAB-19")
async def test_one_product_goes_and_who_the_person_is_stays_for_the_others(house: Home, people: People) -> None:
    person = await offered(people)
    with pytest.raises(Invalid, match="none of the policy"):
        await asks(people, person, Erase(product="telephony"))
    with pytest.raises(Invalid, match="not both"):
        await asks(people, person, Erase(product="solstrom", record=person.project))
    await asks(people, person, Erase(product="solstrom"))
    await asks(people, person, Erase(record=person.project))
    await comes_due(people, person)
    seen = await people.own(person)
    assert seen.keys() == {"person.email", "person.name", "person.phone"}
    by_scope = {each.scopes[0].product: each for each in await people.vault.cooling.own(person.me)}
    number = by_scope["solstrom"].receipt
    assert number is not None
    receipt = await people.vault.receipt(person.me, number)
    assert receipt.scopes == (Scope(person.subject, None, "solstrom"),)
    kept = {each.field: each for each in receipt.fates if each.fate is Fate.KEPT}
    assert {"person.email", "person.name", "person.phone"} <= kept.keys()
    assert {each.rule for each in kept.values()} == {"shared_identity"}


async def test_two_identities_of_one_person_are_two_requests_and_each_dies_by_its_own(
    house: Home, people: People
) -> None:
    first, second = await people.lead(), await people.lead()
    await asks(people, first)
    house.clock.advance(WEEK)
    await run(house)
    assert not await people.own(await again(people, first))
    assert await people.own(await again(people, second))


async def test_several_processes_carry_each_out_once(house: Home, people: People) -> None:
    everybody = [await people.lead() for _ in range(6)]
    waiting = [await asks(people, person) for person in everybody]
    house.clock.advance(WEEK)
    done = await asyncio.gather(*[run(house, f"worker {n}") for n in range(3)])
    receipts = [number for each in done for number in each.receipts]
    assert len(receipts) == len(set(receipts)) >= len(everybody)
    assert await people.vault.carry_out(waiting[0]) is None
    stones = "select count(*) from tombstone where subject = any($1)"
    assert await value(house.databases, stones, [p.subject for p in everybody]) == len(everybody)


async def test_an_officer_who_was_faster_gives_the_receipt_and_a_damaged_person_waits_on(
    house: Home, people: People
) -> None:
    faster, damaged = await people.lead(), await people.lead()
    pending = await asks(people, faster)
    await asks(people, damaged)
    receipt = await people.erase(faster)
    broken = "update standing set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # $2) where subject = $1"
    await execute(house.databases, broken, damaged.subject, 1)
    house.clock.advance(WEEK)
    carried = await run(house)
    assert len(carried.failed) == 1
    assert receipt.id in carried.receipts
    assert (await people.vault.cooling.one((await again(people, faster)).me, pending.id)).receipt == receipt.id
    await execute(house.databases, broken, damaged.subject, 1)
    assert len((await run(house)).receipts) == 1
    house.clock.advance(KEPT + timedelta(seconds=1))
    await run(house)
    assert not await value(house.databases, "select count(*) from erasure_request where state <> 'pending'")


async def test_an_officer_who_erases_a_part_leaves_the_restriction_of_the_person(people: People) -> None:
    person = await people.borrower()
    on = Restriction(subject=person.subject, record=person.root, on=True, at=people.home.clock())
    await people.vault.seal(person.me, Access("rights", None, SELF), [], [on])
    await people.erase(person, Scope(person.subject, record=person.loans[0]))
    seen = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.restriction"}))
    assert values(seen)["person.restriction"] != "null"


async def test_an_older_restriction_stays_on_what_is_kept(people: People) -> None:
    person = await people.customer()
    on = Restriction(subject=person.subject, record=person.root, on=True, at=people.home.clock())
    await people.vault.seal(person.me, Access("rights", None, SELF), [], [on])
    await asks(people, person)
    await comes_due(people, person)
    seen = await people.vault.open(person.me, SELF_SERVICE, [person.subject], frozenset({"person.restriction"}))
    assert values(seen)["person.restriction"] != "null"


async def test_once_the_months_audit_key_is_gone_of_what_it_was_is_not_known_any_more(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        pending = await asks(people, person)
        await takes_back(people, person, pending)
        await execute(databases, "delete from audit_key")
        await at_home.house.reload()
        (seen,) = await people.vault.cooling.own(person.me)
        assert (seen.id, seen.state, seen.scopes) == (pending.id, State.CANCELLED, ())


async def test_taken_back_while_it_is_carried_out_it_is_one_or_the_other(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await people.lead()
    pending = await asks(people, person)
    house.clock.advance(WEEK)
    await again(people, person)
    real = Vault.carry_out

    async def first_taken_back(vault: Vault, due: Pending) -> Any:
        await people.vault.cooling.cancel(person.me, pending.id)
        return await real(vault, due)

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "carry_out", first_taken_back)
        await run(house)
    assert await people.own(person)


async def test_the_worker_carries_out_and_a_clock_that_jumped_destroys_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    async with home(databases, tmp_path / "keys") as at_home, another_house(at_home, "worker", sweeper=True) as worker:
        people = People(at_home)
        person, other = await people.lead(), await people.lead()
        work = jobs(worker)[ERASURES]
        await work(None)
        await asks(people, person)
        at_home.clock.advance(WEEK)
        with pytest.raises(ClockJumped):
            await work(None)
        assert await people.own(await again(people, person))
        await acknowledge(worker, None, oslo_date(at_home.clock()))
        await work(None)
        assert not await people.own(person)
        assert await people.own(await again(people, other))


async def test_what_waits_survives_a_restore_and_begins_to_wait_again(databases: Databases, tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path)
    async with home(databases, tmp_path / "keys") as at_home:
        people = People(at_home)
        person = await people.lead()
        pending = await asks(people, person)
        at_home.clock.advance(timedelta(days=3))
        await backed_up(at_home, shelf)
        await again(people, person)
        await takes_back(people, person, pending)
        at_home.clock.advance(timedelta(days=3))
    await restored(at_home, shelf)
    at_home.clock.advance(timedelta(days=2))
    assert not (await run(at_home)).receipts
    async with another_vault(databases, tmp_path / "keys", at_home, "afterwards") as vault:
        (waits,) = await vault.cooling.own((await back(vault, person)).me)
        assert (waits.state, waits.due_at) == (State.PENDING, at_home.clock() + timedelta(days=5))
    async with owned(at_home, "later"):
        at_home.clock.advance(timedelta(days=5))
    assert len((await run(at_home)).receipts) == 1
