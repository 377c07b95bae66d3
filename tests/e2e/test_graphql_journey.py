"""The steps of a case over HTTP, from lead to loan: on a vault in memory, and on the real one over PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from graphql_world import Answered, World, key
from solstrom_world import ADDRESS, EMAIL, NAME, NATIONAL_ID, PHONE

from vault.request import Secret

REQUEST = """mutation ($k: String!, $a: String!, $e: String!, $o: Int!) {
  requestCalculation(idempotencyKey: $k, address: $a, email: $e, consentOption: $o) {
    subject project token replayed } }"""


async def requested(world: World, **changed: Any) -> Answered:
    given: dict[str, Any] = {"k": key(), "a": ADDRESS, "e": EMAIL, "o": 1, **changed}
    return await world.ask(REQUEST, await world.bearer("visitor"), **given)


async def test_a_visitor_becomes_a_customer_and_walks_the_journey_to_the_loan(world: World) -> None:
    lead = (await requested(world)).data["requestCalculation"]
    token, project, subject = lead["token"], lead["project"], lead["subject"]

    async def step(text: str, **variables: tuple[str, Any]) -> Answered:
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in variables.items())
        values = {name: value for name, (_, value) in variables.items()}
        return await world.ask(f"mutation ({declared}) {{ {text} }}", token, **values)

    own = {"k": ("String!", key()), "p": ("UUID!", project)}
    proceed = "proceed(idempotencyKey: $k, project: $p, name: $n, phone: $t) { record replayed }"
    early = await step("acceptOffer(idempotencyKey: $k, project: $p) { record }", **own)
    assert early.codes == ["REFUSED"]
    taken = await step(proceed, **own, n=("String", NAME), t=("String", PHONE))
    assert taken.data == {"proceed": {"record": project, "replayed": False}}
    lead_of_sales, advisor = await world.bearer("sales_lead"), await world.bearer("advisor")
    account = (await world.vault.tokens.resolve(Secret(advisor))).account
    assigned = await world.ask(
        """mutation ($k: String!, $s: UUID!, $p: UUID!, $a: UUID!) @access(purpose: OFFER, reason: "staffing") {
          assign(idempotencyKey: $k, subject: $s, record: $p, account: $a, purpose: OFFER) { record } }""",
        lead_of_sales, k=key(), s=subject, p=project, a=str(account),
    )  # fmt: skip
    assert assigned.errors == []
    offered = await world.ask(
        """mutation ($k: String!, $s: UUID!, $p: UUID!, $d: Document) @access(purpose: OFFER, reason: "the visit") {
          makeOffer(idempotencyKey: $k, subject: $s, project: $p, amountNok: 149000, document: $d) { record } }""",
        advisor, k=key(), s=subject, p=project, d="JVBERi0xLjcK",
    )  # fmt: skip
    assert offered.errors == []
    for text in ("acceptOffer", "signContract"):
        done = await step(f"{text}(idempotencyKey: $k, project: $p) {{ record }}", **{**own, "k": ("String!", key())})
        assert done.errors == [], text
    financed = await step(
        "chooseFinancing(idempotencyKey: $k, project: $p, solarLoan: true) { record }",
        **{**own, "k": ("String!", key())},
    )
    assert financed.errors == []
    applied = await step(
        "applyForLoan(idempotencyKey: $k, project: $p, nationalId: $n, householdIncomeNok: $i, householdLoansNok: 0)"
        " { record }",
        **{**own, "k": ("String!", key())}, n=("String!", NATIONAL_ID), i=("Nok!", 2**39),
    )  # fmt: skip
    assert applied.errors == []
    me = await world.ask("{ me { projects { loans { id householdIncomeNok } } } }", token)
    assert me.data["me"]["projects"][0]["loans"] == [
        {"id": applied.data["applyForLoan"]["record"], "householdIncomeNok": 2**39}
    ]


async def test_one_key_has_one_effect_and_another_body_conflicts(world: World) -> None:
    name = key()
    first = (await requested(world, k=name)).data["requestCalculation"]
    second = (await requested(world, k=name)).data["requestCalculation"]
    assert (second["subject"], second["project"], second["replayed"]) == (first["subject"], first["project"], True)
    assert (first["token"] is not None, second["token"]) == (True, None)
    assert (await requested(world, k=name, a="Andre veien 1, 0170 Oslo")).codes == ["CONFLICT"]


@pytest.mark.parametrize("name", ["", "short", "x" * 129, "æøå12345", "line\nbreak"])
async def test_a_key_that_is_none_is_refused(world: World, name: str) -> None:
    answer = await requested(world, k=name)
    assert (answer.codes, answer.errors[0]["extensions"]["field"]) == (["INVALID"], "idempotencyKey")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"e": "not an address"}, "person.email"), ({"o": 3}, "consent_option"), ({"o": 0}, "consent_option")],
)
async def test_a_malformed_value_names_its_field_and_is_not_repeated(
    world: World, changed: dict[str, Any], field: str
) -> None:
    answer = await requested(world, **changed)
    assert (answer.data, answer.codes) == ({"requestCalculation": None}, ["INVALID"])
    assert answer.errors[0]["extensions"]["field"] == field
    assert "not an address" not in answer.text


async def test_consents_are_given_and_withdrawn_one_by_one(world: World) -> None:
    await world.case.until_signed()
    say = "mutation ($k: String!) {{ {0}(idempotencyKey: $k, consent: MARKETING) {{ record }} }}"
    assert (await world.me(say.format("giveConsent"), k=key())).errors == []
    world.clock.advance(timedelta(minutes=1))
    assert (await world.me(say.format("withdrawConsent"), k=key())).errors == []
    me = (await world.me("{ me { email consents { consent withdrawnAt } } }")).data["me"]
    withdrawn = {each["consent"]: each["withdrawnAt"] for each in me["consents"]}
    assert withdrawn["marketing"] is not None
    assert withdrawn["calculation"] is None
    assert me["email"] == EMAIL
