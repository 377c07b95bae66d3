"""The retention run on the real vault: what dies on which day, what stays, and that nothing is done by halves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date, timedelta
from pathlib import Path

import pytest
from aging import ROOF, again, booked, installed, measured, move, objects, roofed, training_set
from behind import another_house, execute, fetch, roll, value
from databases import Databases
from people import LOAN_FORM, SELF_SERVICE, People, email, name
from vault_house import Home, home

from policies.event import Hold, Restriction
from policies.model import SELF, Access, SubjectId
from policies.oslo import midnight
from policies.retention import KeptByClock, KeptByHold, KeptByState, NoAnchor
from vault.errors import ClockJumped, Contended, Invalid, Refused, TokenRefused, Unknown
from vault.house import Loaded
from vault.request import Fate, ReceiptStatus
from vault.retention import Retention
from vault.storage.expiring import EXPIRY_LOCK
from vault.storage.rows import SubjectRow

pytestmark = pytest.mark.slow


@pytest.fixture
async def house(databases: Databases, tmp_path: Path) -> AsyncGenerator[Home, None]:
    async with home(databases, tmp_path / "keys", seed="retention") as at_home:
        yield at_home


@pytest.fixture
def people(house: Home) -> People:
    return People(house)


@pytest.mark.clause("SOL-01")
async def test_a_lead_is_gone_on_the_day_and_there_the_day_before(house: Home, people: People) -> None:
    person = await people.lead()
    await move(people, house.clock() + timedelta(days=40))
    later = await people.lead()
    await move(people, midnight(date(2028, 3, 2)) - timedelta(microseconds=1))
    assert (await house.vault.retention.run(None)).dead == {}
    assert (await again(people, person))["person.email"] == email(person.number)
    await move(people, midnight(date(2028, 3, 2)))
    tally = await house.vault.retention.run(None)
    assert tally.dead == {"email": 1, "address": 1}
    assert tally.wholes == 1
    assert not await again(people, person)
    assert (await again(people, later))["person.email"] == email(later.number)
    assert await value(house.databases, "select state from subject where subject = $1", person.subject) == 2
    (number,) = tally.receipts
    receipt = await house.vault.receipt(await people.home.principal("dpo"), number)
    assert {each.field for each in receipt.fates} >= {"person.email", "project.address"}
    assert receipt.status is ReceiptStatus.PENDING
    await roll(house)
    assert (await house.vault.receipt(await people.home.principal("dpo"), number)).status is ReceiptStatus.ERASED


async def test_a_second_run_changes_nothing(house: Home, people: People) -> None:
    for _ in range(3):
        await people.lead()
    await move(people, midnight(date(2028, 3, 2)))
    assert (await house.vault.retention.run(None)).wholes == 3
    assert (await house.vault.retention.run(None)).subjects == 0
    assert await value(house.databases, "select count(*) from tombstone") == 3


@pytest.mark.clause("SOL-42")
async def test_a_customer_is_kept_for_twenty_years_after_a_contract_that_ended(house: Home, people: People) -> None:
    person = await people.customer()
    await installed(people, person)
    await move(people, house.clock() + timedelta(hours=1))
    await people.says(person, "contract", "contract.ended")
    await people.withdraws(person, "calculation")
    await booked(people, person)
    await move(people, midnight(date(2046, 3, 2)) - timedelta(microseconds=1))
    assert not (await house.vault.retention.run(None)).dead
    assert (await again(people, person))["person.name"] == name(person.number)
    await move(people, midnight(date(2046, 3, 2)))
    assert (await house.vault.retention.run(None)).wholes == 1
    assert not await again(people, person)


@pytest.mark.clause("SOL-40")
async def test_a_contract_in_force_keeps_beyond_every_date(house: Home, people: People) -> None:
    person = await people.customer()
    await installed(people, person)
    await move(people, midnight(date(2066, 3, 2)))
    assert not (await house.vault.retention.run(None)).dead
    kept = await house.vault.retention.verdicts(None, person.subject, house.clock())
    assert {type(each.answer) for each in kept} == {KeptByState}
    assert await value(house.databases, "select next_due from subject") is None


@pytest.mark.clause("RGT-04")
async def test_what_is_restricted_is_stored_until_the_restriction_is_lifted(house: Home, people: People) -> None:
    person = await people.lead()
    for on in (True, False):
        made = Restriction(subject=person.subject, record=person.root, on=on, at=house.clock())
        await people.vault.seal(await people.somebody("dpo"), Access("audit", None, "dpo"), [], [made])
        await move(people, midnight(date(2028, 3, 3)) + timedelta(days=on))
        assert (await house.vault.retention.run(None)).wholes == (not on)
    assert not await again(people, person)


@pytest.mark.clause("RGT-05")
async def test_a_hold_keeps_what_it_covers_and_the_rest_dies_without_it(house: Home, people: People) -> None:
    person = await people.lead()
    await roofed(people, person)
    hold = Hold(subject=person.subject, record=person.project, hold="legal_claim", on=True, at=house.clock())
    await people.vault.seal(await people.somebody("dpo"), Access("audit", None, "dpo"), [], [hold])
    await move(people, midnight(date(2028, 3, 2)))
    assert not (await house.vault.retention.run(None)).dead
    answers = {each.category: each.answer for each in await house.vault.retention.verdicts(
        None, person.subject, house.clock())}  # fmt: skip
    assert isinstance(answers["address"], KeptByHold)
    assert answers["address"].law == "GDPR Articles 17(3)(e) and 18(2)"
    await move(people, house.clock() + timedelta(hours=1))
    lifted = Hold(subject=person.subject, record=person.project, hold="legal_claim", on=False, at=house.clock())
    await people.vault.seal(await people.somebody("dpo"), Access("audit", None, "dpo"), [], [lifted])
    assert (await house.vault.retention.run(None)).wholes == 1


async def test_a_case_that_is_over_dies_alone_and_the_other_keeps_its_dates(house: Home, people: People) -> None:
    person = await people.borrower(2)
    first, second = person.loans
    await people.bank_closes(person, first)
    await move(people, midnight(date(2040, 1, 1)))
    assert not (await house.vault.retention.run(None)).dead
    person.me = await house.principal("self", subject=person.subject)
    await people.bank_closes(person, second)
    seen = await again(people, person)
    assert not LOAN_FORM & seen.keys()
    assert seen["loan.result"] == ["paid_out", "paid_out"]


async def test_a_missing_anchor_is_reported_and_never_due(house: Home, people: People) -> None:
    person = await people.customer()
    await people.says(person, "contract", "contract.ended")
    loan = await people.borrower()
    found = await house.vault.retention.missing(None, house.clock(), None, 1)
    assert found.more
    more = await house.vault.retention.missing(None, house.clock(), found.last, 1)
    missing = {(each.subject, each.category) for page in (found, more) for each in page.found}
    assert missing == {(loan.subject, "loan")}
    answers = [each.answer for page in (found, more) for each in page.found]
    assert answers == [NoAnchor(("loan",))]
    await move(people, midnight(date(2099, 1, 1)))
    await house.vault.retention.run(None)
    assert await fetch(house.databases, "select 1 from data_key where subject = $1 and category = 24", loan.subject)


async def test_a_forecast_names_what_the_run_of_that_day_destroys_and_changes_nothing(
    house: Home, people: People
) -> None:
    everybody = [await people.lead() for _ in range(3)]
    await roofed(people, everybody[0])
    before = await house.vault.retention.forecast(None, midnight(date(2028, 3, 2)) - timedelta(microseconds=1))
    assert not before.found
    first = await house.vault.retention.forecast(None, midnight(date(2028, 3, 2)), None, 2)
    assert first.more
    second = await house.vault.retention.forecast(None, midnight(date(2028, 3, 2)), first.last, 2)
    promised = {(each.subject, end.category) for page in (first, second) for each in page.found for end in each.endings}
    assert len(promised) == 7
    await move(people, midnight(date(2028, 3, 2)))
    tally = await house.vault.retention.run(None)
    assert tally.dead == {"email": 3, "address": 3, "roof": 1}
    assert {subject for subject, _ in promised} == {person.subject for person in everybody}


@pytest.mark.clause("SOL-13")
async def test_ten_roofs_go_on_under_ids_that_lead_to_nobody(house: Home, people: People) -> None:
    everybody = [await people.lead() for _ in range(12)]
    for person in everybody:
        await roofed(people, person)
    await objects(people, everybody[0], "model_improvement")
    await move(people, midnight(date(2028, 3, 2)))
    tally = await house.vault.retention.run(None)
    assert (tally.detached, tally.wholes) == (11, 12)
    measures = ROOF - {"roof.source", "roof.fetched_on"}
    left = await training_set(house)
    assert sorted(sorted(each.items()) for each in left) == sorted(
        sorted((n, v) for n, v in measured(person).items() if n in measures) for person in everybody[1:]
    )
    assert not {row[0] for row in await fetch(house.databases, "select subject from detached")} & {
        person.subject for person in everybody
    }
    receipts = [await house.vault.receipt(await house.principal("dpo"), each) for each in tally.receipts]
    told = {each.subject: {f.fate for f in each.fates if f.field == "roof.area_dm2"} for each in receipts}
    assert told == {p.subject: {Fate.ERASED if p is everybody[0] else Fate.DETACHED} for p in everybody}
    missing = await house.vault.retention.missing(None, house.clock())
    assert not missing.found
    await roll(house)
    assert len(await training_set(house)) == 11


async def test_fewer_than_ten_roofs_die_with_their_people(house: Home, people: People) -> None:
    for _ in range(9):
        await roofed(people, await people.lead())
    await move(people, midnight(date(2028, 3, 2)))
    tally = await house.vault.retention.run(None)
    assert (tally.detached, tally.wholes) == (0, 9)
    assert await value(house.databases, "select count(*) from subject where state = 1") == 0
    assert not await training_set(house)


@pytest.mark.clause("RGT-05")
async def test_a_requested_erasure_leaves_no_roof_behind(house: Home, people: People) -> None:
    for _ in range(10):
        person = await people.lead()
        await roofed(people, person)
        await people.leave(person)
    assert await value(house.databases, "select count(*) from detached") == 0


async def test_only_those_who_may_have_something_due_are_opened(
    house: Home, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.leads(200)
    await move(people, house.clock() + timedelta(days=40))
    late = await people.leads(300)
    await move(people, midnight(date(2028, 3, 15)))
    opened: list[SubjectRow] = []
    real = house.house.standing

    def counting(row: SubjectRow) -> Loaded:
        opened.append(row)
        return real(row)

    monkeypatch.setattr(house.house, "standing", counting)
    found = await house.vault.retention.forecast(None, house.clock())
    assert len(opened) == 100
    assert found.more
    assert not {each.subject for each in found.found} & {person.subject for person in late}
    opened.clear()
    tally = await house.vault.retention.run(None)
    assert tally.wholes == 200
    assert len(opened) == 400  # once to gather, once to destroy
    assert await value(house.databases, "select count(*) from subject where state = 1") == 300


async def test_somebody_who_does_not_open_is_reported_and_stops_nobody(house: Home, people: People) -> None:
    broken, whole = await people.lead(), await people.lead()
    await execute(
        house.databases, "update standing set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
        " where subject = $1", broken.subject,
    )  # fmt: skip
    house.house.keys.cache.clear()
    await move(people, midnight(date(2028, 3, 2)))
    assert (await house.vault.retention.forecast(None, house.clock())).damaged == (broken.subject,)
    assert (await house.vault.retention.missing(None, house.clock())).damaged == (broken.subject,)
    tally = await house.vault.retention.run(None)
    assert (tally.wholes, tally.damaged) == (1, [broken.subject])
    assert not await again(people, whole)


async def test_two_runs_at_once_are_one(house: Home, people: People) -> None:
    async with another_house(house, "other", sweeper=True) as other:
        guard = await other.control.dedicated()
        await guard.execute("select pg_advisory_lock($1)", EXPIRY_LOCK)
        with pytest.raises(Contended):
            await house.vault.retention.run(None)
        await guard.close()


async def test_a_clock_that_jumps_stops_every_run_until_somebody_says_what_day_it_is(
    house: Home, people: People
) -> None:
    person = await people.lead()
    await house.vault.retention.run(None)
    house.clock.advance(timedelta(days=1))
    await house.vault.retention.run(None)
    before = house.clock()
    house.clock.set(midnight(date(2028, 3, 2)))
    for _ in range(2):
        with pytest.raises(ClockJumped, match=r"2026-03-03 .* 2028-03-01 .*acknowledge"):
            await house.vault.retention.run(None)
    alarm = await house.vault.retention.alarm()
    assert alarm is not None
    assert (alarm.before, alarm.after) == (before, midnight(date(2028, 3, 2)))
    assert await value(house.databases, "select count(*) from data_key where subject = $1", person.subject) == 3
    house.clock.set(before)
    with pytest.raises(ClockJumped):  # a clock that came back is not believed either before somebody looked
        await house.vault.retention.run(None)
    with pytest.raises(Invalid, match="the clock says it is 2026-03-03"):
        await house.vault.retention.acknowledge(None, date(2028, 3, 2))
    await house.vault.retention.acknowledge(None, date(2026, 3, 3))
    assert await house.vault.retention.alarm() is None
    assert not (await house.vault.retention.run(None)).dead


async def test_a_day_that_has_not_come_destroys_nothing(house: Home, people: People) -> None:
    person = await people.lead()
    with pytest.raises(Invalid, match="that day has not come"):
        await house.vault.retention.run(None, until=midnight(date(2028, 3, 2)))
    await move(people, midnight(date(2028, 3, 2)))
    past = midnight(date(2028, 3, 2)) - timedelta(microseconds=1)
    assert not (await house.vault.retention.run(None, until=past)).dead
    other = await house.vault.retention.run(None, subject=person.subject)
    assert other.wholes == 1


async def test_the_officer_and_the_service_may_and_nobody_else(house: Home, people: People) -> None:
    person = await people.lead()
    for who in (person.me, await people.somebody("operator"), await people.somebody("solar_engine")):
        with pytest.raises(Refused, match="role"):
            await house.vault.retention.forecast(who, house.clock())
        with pytest.raises(Refused, match="role"):
            await house.vault.retention.run(who)
    unproven = await people.somebody("dpo")
    await execute(house.databases, "update token set second_factor = false where id = $1", unproven.token)
    await move(people, midnight(date(2028, 3, 2)))
    dpo = await people.somebody("dpo")
    found = await house.vault.retention.forecast(dpo, house.clock())
    assert [each.subject for each in found.found] == [person.subject]
    seen = await house.vault.retention.verdicts(dpo, person.subject, house.clock() - timedelta(days=2))
    assert {type(each.answer) for each in seen} == {KeptByClock}
    with pytest.raises(Unknown):
        await house.vault.retention.verdicts(dpo, SubjectId(people.home.ids()), house.clock())
    page = await house.vault.entries(dpo, None, 20)
    assert "explained" in {entry.kind for entry in page.entries}
    assert (await Retention(house.house).run(await people.somebody("retention"))).wholes == 1
    entry = (await house.vault.entries(dpo, None, 1)).entries[0]
    assert entry.kind in {"erased", "opened"}
    await execute(house.databases, "update token set revoked_at = now()")
    with pytest.raises(TokenRefused):
        await house.vault.retention.run(dpo)
    assert SELF_SERVICE.recipient == SELF
