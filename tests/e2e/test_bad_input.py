"""Bad input over HTTP, to the real vault over PostgreSQL: a clear error that repeats nothing, and nothing stored."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from behind import row_counts
from databases import Databases
from graphql_world import Answered, World, fake_world, key, world_over
from solstrom_world import ADDRESS, EMAIL, NAME, NATIONAL_ID, PHONE
from vault_house import Home, home

from policies.model import SubjectId
from vault.request import Secret

pytestmark = pytest.mark.slow

RECORDED: Final = ("ledger_entry", "ledger_subject", "token", "audit_key")
"""Tables that a refused request may add to: it is on record that it was refused."""
ARABIC: Final = NATIONAL_ID.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
ME: Final = "{ me { email } }"
REQUEST: Final = """mutation ($k: String!, $a: String!, $e: String!, $o: Int!) {
  requestCalculation(idempotencyKey: $k, address: $a, email: $e, consentOption: $o) { subject project replayed } }"""
PROCEED: Final = """mutation ($k: String!, $p: UUID!, $n: String, $t: String) {
  proceed(idempotencyKey: $k, project: $p, name: $n, phone: $t) { record replayed } }"""
APPLY: Final = """mutation ($k: String!, $p: UUID!, $n: String!, $i: Nok!, $l: Nok!) {
  applyForLoan(idempotencyKey: $k, project: $p, nationalId: $n, householdIncomeNok: $i, householdLoansNok: $l) {
    record } }"""
STEP: Final = "mutation ($k: String!, $p: UUID!) { %s(idempotencyKey: $k, project: $p) { record } }"


def real_number() -> str:
    """A number with a month as real people have it and with check digits that fit, made up when the test runs."""
    weights = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    for individual in range(500):
        number = f"010100{individual:03}"
        for row in weights:
            number += str(-sum(int(d) * w for d, w in zip(number, row, strict=True)) % 11)
        if len(number) == 11:
            return number
    raise AssertionError


@dataclass(frozen=True)
class Place:
    """An application over a real vault, with one signed customer."""

    world: World
    kept: Home
    databases: Databases

    async def stored(self) -> dict[str, int]:
        return await row_counts(self.databases, without=RECORDED)


@pytest.fixture(scope="module")
async def place(module_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Place]:
    async with home(module_databases, tmp_path_factory.mktemp("home") / "keys", seed="bad input") as kept:
        world = world_over(kept.vault, kept.clock)
        await world.case.until_signed()
        await world.case.finance()
        await world.bearer("self", subject=world.case.subject)
        await world.bearer("visitor")
        yield Place(world, kept, module_databases)
        await world.client.aclose()


async def asked(place: Place, document: str, bad: object, **variables: Any) -> Answered:
    """Ask as the customer; whatever comes back, nothing is stored and the bad value is not repeated."""
    before = await place.stored()
    answer = await place.world.me(document, k=key(), **variables)
    assert await place.stored() == before
    assert str(bad) not in answer.text
    return answer


@pytest.mark.clause("SOL-20")
@pytest.mark.parametrize(
    ("bad", "value"),
    [
        ("n", "17912099998"),
        ("n", "31842099999"),
        ("n", ARABIC),
        ("n", real_number()),
        ("n", "1791209999"),
        ("n", "kanarifugl"),
        ("i", -900_001),
        ("l", -900_001),
    ],
    ids=["check digit", "31 April", "not ascii", "real", "short", "text", "negative income", "negative loans"],
)
async def test_a_malformed_loan_form_is_named_and_nothing_is_stored(place: Place, bad: str, value: Any) -> None:
    field = {"n": "national_id", "i": "household_income_nok", "l": "household_loans_nok"}[bad]
    form: dict[str, Any] = {"p": place.world.case.project, "n": NATIONAL_ID, "i": 1, "l": 2, bad: value}
    answer = await asked(place, APPLY, value, **form)
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["field"] == f"loan.{field}"


@pytest.mark.parametrize("phone", ["12", "+47680500001", "kanarifugl", "+4768 05 00", "68050001\u0660"])
async def test_a_malformed_telephone_number_is_named_and_nothing_is_stored(place: Place, phone: str) -> None:
    answer = await asked(place, PROCEED, phone, p=place.world.case.project, n=NAME, t=phone)
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["field"] == "person.phone"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"e": "kanarifugl"}, "person.email"),
        ({"e": "kanari@fugl@example.no"}, "person.email"),
        ({"e": "kanari\x00fugl@example.no"}, "person.email"),
        ({"o": 3}, "consent_option"),
        ({"o": -1}, "consent_option"),
    ],
)
async def test_a_malformed_request_brings_nobody_into_being(place: Place, changed: dict[str, Any], field: str) -> None:
    before = await place.stored()
    given: dict[str, Any] = {"k": key(), "a": ADDRESS, "e": EMAIL, "o": 1} | changed
    answer = await place.world.ask(REQUEST, await place.world.bearer("visitor"), **given)
    assert (answer.codes, answer.errors[0]["extensions"]["field"]) == (["INVALID"], field)
    assert "kanari" not in answer.text
    assert await place.stored() == before


@pytest.mark.clause("SOL-02")
@pytest.mark.parametrize("step", ["acceptOffer", "declineOffer", "signContract"])
async def test_a_step_out_of_order_is_refused_and_nothing_is_stored(place: Place, step: str) -> None:
    asking = await place.world.ask(
        REQUEST.replace("replayed", "token"), await place.world.bearer("visitor"), k=key(), a=ADDRESS, e=EMAIL, o=1
    )
    lead = asking.data["requestCalculation"]
    before = await place.stored()
    answer = await place.world.ask(STEP % step, lead["token"], k=key(), p=lead["project"])
    assert answer.codes == ["REFUSED"]
    assert await place.stored() == before


async def test_one_key_has_one_effect_and_another_body_conflicts(place: Place) -> None:
    name, visitor = key(), await place.world.bearer("visitor")
    given: dict[str, Any] = {"k": name, "a": ADDRESS, "e": EMAIL, "o": 1}
    first = await place.world.ask(REQUEST, visitor, **given)
    before = await place.stored()
    again = await place.world.ask(REQUEST, visitor, **given)
    other_body: dict[str, Any] = {**given, "o": 2}
    other = await place.world.ask(REQUEST, visitor, **other_body)
    assert again.data["requestCalculation"] == first.data["requestCalculation"] | {"replayed": True}
    assert other.codes == ["CONFLICT"]
    assert await place.stored() == before


async def test_a_forbidden_subject_and_an_unknown_one_get_the_same_answer(place: Place) -> None:
    document = "query ($s: UUID!) { customer(id: $s) { email name } }"
    visitor = await place.world.bearer("visitor")
    other = await place.world.ask(REQUEST, visitor, k=key(), a=ADDRESS, e="ola@example.no", o=1)
    there, nowhere = other.data["requestCalculation"]["subject"], UUID(int=77, version=4)
    answers = [await place.world.me(document, s=each) for each in (there, nowhere)]
    assert answers[0].text == answers[1].text
    assert answers[0].errors


async def test_expired_revoked_truncated_and_foreign_tokens_get_the_same_answer(place: Place) -> None:
    world, subject = place.world, SubjectId(place.world.case.subject)
    live, revoked = [await place.kept.bearer("self", subject=subject) for _ in range(2)]
    expired = await place.kept.bearer("self", subject=subject, lifetime=timedelta(minutes=1))
    foreign = await fake_world().bearer("self", subject=subject)
    for bearer in (live, revoked, expired):
        assert (await world.ask(ME, bearer.reveal())).data == {"me": {"email": EMAIL}}
    await place.kept.vault.tokens.revoke((await world.vault.tokens.resolve(revoked)).token)
    world.clock.advance(timedelta(minutes=2))
    truncated = Secret(live.reveal()[:-1])
    for document in (ME, STEP % "signContract"):
        bad = (expired.reveal(), revoked.reveal(), truncated.reveal(), foreign, "hv_", "x" * 9_000)
        answers = [await world.ask(document, bearer) for bearer in bad]
        assert {(each.status, each.text) for each in answers} == {(401, answers[0].text)}
        assert answers[0].codes == ["UNAUTHENTICATED"]
    assert (await world.ask(ME, live.reveal())).data == {"me": {"email": EMAIL}}


async def test_a_body_of_ten_megabytes_is_refused_unread(place: Place) -> None:
    body = json.dumps({"query": ME, "variables": {"x": "kanarifugl" * 1_000_000}}).encode()
    before = await place.stored()
    headers = {"authorization": f"Bearer {await place.world.bearer('visitor')}", "content-type": "application/json"}
    answer = await place.world.client.post("/graphql", content=body, headers=headers)
    assert (len(body) > 10_000_000, answer.status_code) == (True, 413)
    assert "kanarifugl" not in answer.text
    assert await place.stored() == before


HOSTILE: Final = {
    "10,000 aliases": "{" + " ".join(f"a{i}:me{{email}}" for i in range(10_000)) + "}",
    "as many aliases as fit": "{" + " ".join(f"a{i}:me{{email}}" for i in range(830)) + "}",
    "fragments 600 deep": "{me{...F0}}"
    + "".join(f"fragment F{i} on Customer{{...F{i + 1}}}" for i in range(600))
    + "fragment F600 on Customer{email}",
    "inline fragments 2,000 deep": "{me{" + "...{" * 2_000 + "email" + "}" * 2_000 + "}}",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_document_is_refused_and_stores_nothing(place: Place, document: str) -> None:
    before = await place.stored()
    bearer = await place.world.bearer("self", subject=place.world.case.subject)
    answer = await place.world.ask(document, bearer)
    assert answer.errors
    assert answer.body.get("data") is None
    assert EMAIL not in answer.text
    assert await place.stored() == before


async def test_what_is_good_is_still_taken(place: Place) -> None:
    done = await place.world.me(APPLY, k=key(), p=place.world.case.project, n=NATIONAL_ID, i=1, l=2)
    assert done.errors == []
    proceeded = await place.world.me(PROCEED, k=key(), p=place.world.case.project, n=NAME, t=PHONE)
    assert "INVALID" not in proceeded.codes
