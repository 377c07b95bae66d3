"""Steps of the house, of partners and of the customer that the story of a loan does not take."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx2
import pytest
from graphql_world import Answered, World, fake_vault, fake_world
from starlette.testclient import TestClient

from hvelv.app import AppSettings, create_app, now
from vault.errors import Unavailable
from vault.request import Secret

_keys = count(1)


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    made = fake_world()
    yield made
    await made.client.aclose()


async def step(
    world: World,
    text: str,
    bearer: str,
    *,
    purpose: str | None = None,
    given: Mapping[str, tuple[str, Any]] | None = None,
) -> Answered:
    """One mutation field, with its idempotency key."""
    held = {"k": ("String!", f"step-{next(_keys):06d}"), **(given or {})}
    declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in held.items())
    stated = f'@access(purpose: {purpose}, reason: "the case")' if purpose else ""
    values: dict[str, Any] = {name: value for name, (_, value) in held.items()}
    return await world.ask(f"mutation ({declared}) {stated} {{ {text} }}", bearer, **values)


async def test_the_solar_engine_records_a_roof_and_corrects_it(world: World) -> None:
    await world.case.ask()
    engine = await world.bearer("solar_engine")
    roof = {
        "subject": str(world.case.subject),
        "project": str(world.case.project),
        "azimuthDeg": 170,
        "tiltDeg": 35,
        "areaDm2": 5_000,
        "heightCm": 700,
        "source": "register",
        "fetchedOn": "2018-06-01",
    }
    text = "recordRoof(idempotencyKey: $k, roof: $r) { record replayed }"
    first = await step(world, text, engine, given={"r": ("RoofInput!", roof)})
    record = first.data["recordRoof"]["record"]
    again = await step(world, text, engine, given={"r": ("RoofInput!", {**roof, "roof": record, "tiltDeg": 40})})
    assert again.data["recordRoof"]["record"] == record
    me = await world.me("{ me { projects { roof { id tiltDeg fetchedOn source } } } }")
    assert me.data["me"]["projects"][0]["roof"] == {
        "id": record,
        "tiltDeg": 40,
        "fetchedOn": "2018-06-01",
        "source": "register",
    }


@pytest.mark.clause("SOL-22")
async def test_the_bank_closes_a_loan_and_what_it_needed_is_gone(world: World) -> None:
    loan = await world.case.until_loan()
    other = await world.case.apply(income_nok=700_000)
    bank = await world.bearer("bank", purpose="loan_application")
    text = "closeLoan(idempotencyKey: $k, subject: $s, loan: $l, outcome: $o) { record receipts }"
    given = {"s": ("UUID!", world.case.subject), "l": ("UUID!", loan), "o": ("String!", "paid_out")}
    closed = await step(world, text, bank, given=given)
    assert closed.errors == []
    me = await world.me("{ me { projects { loans { id nationalId householdIncomeNok applied result } } } }")
    loans = {each["id"]: each for each in me.data["me"]["projects"][0]["loans"]}
    assert (loans[str(loan)]["nationalId"], loans[str(loan)]["householdIncomeNok"]) == (None, None)
    assert (loans[str(loan)]["applied"], loans[str(loan)]["result"]) == (True, "paid_out")
    assert loans[str(other)]["householdIncomeNok"] == 700_000


async def test_an_outcome_that_is_none_is_refused(world: World) -> None:
    loan = await world.case.until_loan()
    bank = await world.bearer("bank", purpose="loan_application")
    text = 'closeLoan(idempotencyKey: $k, subject: $s, loan: $l, outcome: "maybe") { record }'
    given = {"s": ("UUID!", world.case.subject), "l": ("UUID!", loan)}
    answer = await step(world, text, bank, given=given)
    assert (answer.codes, answer.errors[0]["extensions"]["field"]) == (["INVALID"], "loan.result")


async def test_the_installer_sees_the_case_once_the_design_is_done(world: World) -> None:
    await world.case.until_signed()
    installer = await world.bearer("installer", purpose="installation")
    document = "{ customers(first: 5) { edges { node { name projects { address } } } } }"
    assert (await world.ask(document, installer)).data["customers"]["edges"] == []
    await world.case.assign("project_engineer", "delivery")
    engineer = await world.bearer("project_engineer")
    text = "completeDesign(idempotencyKey: $k, subject: $s, project: $p) { record }"
    given = {"s": ("UUID!", world.case.subject), "p": ("UUID!", world.case.project)}
    assert (await step(world, text, engineer, purpose="DELIVERY", given=given)).errors == []
    (edge,) = (await world.ask(document, installer)).data["customers"]["edges"]
    assert edge["node"]["projects"]


async def test_an_offer_can_be_declined(world: World) -> None:
    await world.case.until_offer()
    own = await world.bearer("self", subject=world.case.subject)
    text = "declineOffer(idempotencyKey: $k, project: $p) { record }"
    given = {"p": ("UUID!", world.case.project)}
    assert (await step(world, text, own, given=given)).errors == []
    me = await world.me("{ me { projects { journey { fact } } } }")
    assert "offer.declined" in {each["fact"] for each in me.data["me"]["projects"][0]["journey"]}


async def test_an_assignment_ends_and_the_case_is_out_of_reach(world: World) -> None:
    await world.case.until_offer()
    advisor = await world.bearer("advisor")
    document = 'query ($s: UUID!) @access(purpose: OFFER, reason: "r") { customer(id: $s) { email } }'
    assert (await world.ask(document, advisor, s=world.case.subject)).errors == []
    account = (await world.vault.tokens.resolve(Secret(advisor))).account
    text = "endAssignment(idempotencyKey: $k, subject: $s, record: $p, account: $a, purpose: OFFER) { record }"
    given = {
        "s": ("UUID!", world.case.subject),
        "p": ("UUID!", world.case.project),
        "a": ("UUID!", account),
    }
    ended = await step(world, text, await world.bearer("sales_lead"), purpose="OFFER", given=given)
    assert ended.errors == []
    assert (await world.ask(document, advisor, s=world.case.subject)).codes == ["NOT_FOUND"]


async def test_a_step_of_the_customer_is_nobody_elses(world: World) -> None:
    await world.case.until_offer()
    text = "acceptOffer(idempotencyKey: $k, project: $p) { record }"
    answer = await step(world, text, await world.bearer("advisor"), given={"p": ("UUID!", world.case.project)})
    assert (answer.data, answer.codes) == ({"acceptOffer": None}, ["REFUSED"])


async def test_a_contract_without_a_telephone_number_names_what_it_needs(world: World) -> None:
    await world.case.ask()
    own = await world.bearer("self", subject=world.case.subject)
    text = 'proceed(idempotencyKey: $k, project: $p, name: "Kari Prøve") { record }'
    answer = await step(world, text, own, given={"p": ("UUID!", world.case.project)})
    assert answer.codes == ["REFUSED"]
    assert answer.errors[0]["extensions"]["required"] == ["person.phone"]


async def test_a_customer_erases_herself_and_nobody_else(world: World) -> None:
    await world.case.ask()
    mine = world.case.subject
    own = await world.bearer("self", subject=mine)
    other = await world.case.ask(email="ola@example.no")
    text = "erase(idempotencyKey: $k, subject: $s) { id status }"
    assert (await step(world, text, own, given={"s": ("UUID!", other.subject)})).codes == ["REFUSED"]
    erased = await step(world, text, own, given={"s": ("UUID!", mine)})
    assert erased.data["erase"]["status"] == "PENDING"


async def test_somebody_without_a_subject_is_nobodys_me(world: World) -> None:
    assert (await world.ask("{ me { id } }", await world.bearer("advisor"))).codes == ["NOT_FOUND"]


async def test_a_variable_the_purpose_needs_must_be_given(world: World) -> None:
    document = 'query ($p: Purpose!, $s: UUID!) @access(purpose: $p, reason: "r") { customer(id: $s) { email } }'
    bearer = await world.bearer("advisor")
    assert (await world.ask(document, bearer, s=world.case.subject)).codes == ["VARIABLES"]
    assert (await world.ask(document, bearer, s=world.case.subject, p="OFFER")).codes == ["NOT_FOUND"]


def test_the_application_starts_and_stops_what_it_is_given() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def started() -> AsyncGenerator[None]:
        seen.append("started")
        yield
        seen.append("stopped")

    with TestClient(create_app(fake_vault(), AppSettings(), started=started())) as client:
        assert seen == ["started"]
        assert client.get("/healthz").status_code == 200
    assert seen == ["started", "stopped"]


async def test_readiness_says_why_not_in_a_word() -> None:
    async def away() -> None:
        raise Unavailable("postgresql://hemmelig@host")

    app = create_app(fake_vault(), AppSettings(), ready=away)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hvelv.example") as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "why": "Unavailable"})


def test_the_clock_of_the_application_is_aware() -> None:
    assert now().tzinfo is not None
