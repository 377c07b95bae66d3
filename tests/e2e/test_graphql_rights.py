"""Requests of data subjects over the wire: what a person, customer service and the officer ask and see."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from databases import fresh_pair
from graphql_world import Answered, World, key, world_over
from shipped_policy import shipped
from vault_house import home

from hvelv.embedded import EmbeddedPostgres
from resolvers.api import Api
from rights.request import Channel, Identity, Kind, Outcome
from schema.rights import IdentityProof, RequestChannel, RequestKind, RequestOutcome

pytestmark = pytest.mark.slow

MINE = """{ myRequests { id kind channel state receivedOn dueOn overdue extended concerns text identity outcome answer
  extensionReason notices { recipient field first last } } }"""
ASSESS = """assessObjection(idempotencyKey: $k, subject: $s, request: $r, holds: true, purpose: CUSTOMER_SERVICE,
  assessment: "ja")"""
LIST = """query ($p: Purpose!) @access(purpose: $p) { requests(first: 10) { pageInfo { hasNextPage }
  edges { node { subject id kind dueOn overdue state text } } } }"""


@pytest.fixture
async def world(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncGenerator[World]:
    async with fresh_pair(postgres) as databases, home(databases, tmp_path / "keyring") as kept:
        made = world_over(kept.vault, kept.clock)
        yield made
        await made.client.aclose()


async def act(world: World, text: str, bearer: str, **given: Any) -> Answered:
    """One mutation; `given` are its variables as (type, value)."""
    held = {"k": ("String!", key()), **given}
    declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in held.items())
    document = (
        f'mutation ({declared}) @access(purpose: RIGHTS, reason: "brev 7") {{ done: {text} {{ record replayed }} }}'
    )
    values: dict[str, Any] = {name: None if v is None else str(v) for name, (_, v) in held.items()}
    return await world.ask(document, bearer, **values)


@pytest.mark.parametrize(
    ("shown", "ours"),
    [(RequestKind, Kind), (RequestChannel, Channel), (IdentityProof, Identity), (RequestOutcome, Outcome)],
)
async def test_what_clients_may_say_is_what_the_policy_lets_them_choose(world: World, shown: Any, ours: Any) -> None:
    field = {Kind: "kind", Channel: "channel", Identity: "identity", Outcome: "outcome"}[ours]
    choices = set(world.vault.policy.fields[f"rights_request.{field}"].choices)
    assert {each.value for each in ours} == choices
    assert {each.value for each in shown} <= choices


@pytest.mark.clause("RGT-06")
async def test_a_person_asks_and_follows_its_request_to_the_answer(world: World) -> None:
    await world.case.ask()
    me, staff = await world.bearer("self", subject=world.case.subject), await world.bearer("customer_service")
    made = await act(world, "makeRequest(idempotencyKey: $k, kind: ACCESS, text: $t)", me, t=("String", "alt om meg"))
    record = made.data["done"]["record"]
    mine = (await world.me(MINE)).data["myRequests"]
    assert [(r["id"], r["kind"], r["state"], r["text"]) for r in mine] == [(record, "access", "verified", "alt om meg")]
    of = {"s": ("UUID!", world.case.subject), "r": ("UUID!", record)}
    why = "flere henvendelser"
    longer = await act(
        world, "extendRequest(idempotencyKey: $k, subject: $s, request: $r, why: $w)", staff, w=("String!", why), **of
    )
    assert longer.errors == []
    said = 'answerRequest(idempotencyKey: $k, subject: $s, request: $r, outcome: GRANTED, answer: "se vedlegg")'
    assert (await act(world, said, staff, **of)).errors == []
    (after,) = (await world.me(MINE)).data["myRequests"]
    assert (after["state"], after["extended"], after["extensionReason"]) == ("answered", True, why)
    assert (after["outcome"], after["answer"]) == ("granted", "se vedlegg")
    again = await act(world, said, staff, **of)
    assert again.codes == ["REFUSED"]


@pytest.mark.clause("RGT-07")
async def test_the_officer_lists_by_when_and_customer_service_also_what(world: World) -> None:
    await world.case.ask()
    staff, dpo = await world.bearer("customer_service"), await world.bearer("dpo")
    registered = await act(
        world,
        "registerRequest(idempotencyKey: $k, subject: $s, kind: RECTIFICATION, channel: LETTER, receivedOn: $d,"
        " text: $t)",
        staff,
        s=("UUID!", world.case.subject),
        d=("Date!", "2026-01-31"),
        t=("String", "min nye adresse er hemmelig"),
    )
    record = registered.data["done"]["record"]
    for bearer, kind in ((dpo, None), (staff, "rectification")):
        listed = await world.ask(LIST, bearer, p="RIGHTS_DEADLINES")
        (edge,) = listed.data["requests"]["edges"]
        assert edge["node"] == {
            "subject": str(world.case.subject),
            "id": record,
            "kind": kind,
            "dueOn": "2026-02-28",
            "overdue": True,
            "state": "received",
            "text": None,
        }
    stated = '@access(purpose: RIGHTS, reason: "brev 7")'
    one = f"query ($s: UUID!, $r: UUID!) {stated} {{ request(subject: $s, id: $r) {{ text }} }}"
    assert (await world.ask(one, staff, s=world.case.subject, r=record)).data["request"]["text"].endswith("hemmelig")
    assert (await world.ask(one, dpo, s=world.case.subject, r=record)).data["request"] == {"text": None}
    nosy = await world.bearer("advisor")
    assert (await world.ask(one, nosy, s=world.case.subject, r=record)).codes == ["REFUSED"]


async def test_the_acts_of_a_person_alone(world: World) -> None:
    await world.case.until_offer()
    me = await world.bearer("self", subject=world.case.subject)
    for text in (
        'rectify(idempotencyKey: $k, field: PERSON_NAME, value: "Åse Østby")',
        "objectToPurpose(idempotencyKey: $k, purpose: NEWSLETTER)",
        "restrictProcessing(idempotencyKey: $k)",
        "liftRestriction(idempotencyKey: $k)",
    ):
        assert (await act(world, text, me)).errors == [], text
    assert (await world.me("{ me { name objections { purpose } } }")).data["me"] == {
        "name": "Åse Østby",
        "objections": [{"purpose": "newsletter"}],
    }
    kinds = {r["kind"] for r in (await world.me(MINE)).data["myRequests"]}
    assert kinds == {"rectification", "objection", "restriction"}


async def test_the_acts_of_an_officer_for_letters(world: World) -> None:
    await world.case.ask(option=2)
    staff, dpo, subject = await world.bearer("customer_service"), await world.bearer("dpo"), world.case.subject

    async def letter(kind: str, concerns: str | None) -> dict[str, tuple[str, Any]]:
        text = (
            f"registerRequest(idempotencyKey: $k, subject: $s, kind: {kind}, channel: EMAIL, receivedOn: $d,"
            " concerns: $c)"
        )
        given = {"s": ("UUID!", subject), "d": ("Date!", "2026-03-01"), "c": ("String", concerns)}
        record = (await act(world, text, staff, **given)).data["done"]["record"]
        of = {"s": ("UUID!", subject), "r": ("UUID!", record)}
        check = "verifyIdentity(idempotencyKey: $k, subject: $s, request: $r, proof: KNOWN_ADDRESS)"
        assert (await act(world, check, staff, **of)).errors == []
        return of

    of = await letter("RESTRICTION", None)
    for text in (
        "restrictProcessing(idempotencyKey: $k, subject: $s, request: $r)",
        "announceLift(idempotencyKey: $k, subject: $s, request: $r)",
        "liftRestriction(idempotencyKey: $k, subject: $s, request: $r)",
    ):
        assert (await act(world, text, dpo, **of)).errors == [], text
    of = await letter("OBJECTION", "customer_service")
    for text in (
        "objectToPurpose(idempotencyKey: $k, purpose: CUSTOMER_SERVICE, subject: $s, request: $r)",
        ASSESS,
    ):
        assert (await act(world, text, dpo, **of)).errors == [], text
    of = await letter("WITHDRAWAL", "marketing")
    gone = await act(world, "withdrawFor(idempotencyKey: $k, subject: $s, request: $r, consent: MARKETING)", dpo, **of)
    assert gone.errors == []
    outcomes = {r["kind"]: r["outcome"] for r in (await world.me(MINE)).data["myRequests"]}
    assert outcomes == {"restriction": "granted", "objection": "granted", "withdrawal": "granted"}


async def test_nobody_acts_on_somebody_else(world: World) -> None:
    await world.case.until_offer()
    other = world.case.subject
    await world.case.ask()
    me = await world.bearer("self", subject=world.case.subject)
    text = "restrictProcessing(idempotencyKey: $k, subject: $s)"
    assert (await act(world, text, me, s=("UUID!", other))).codes == ["NOT_FOUND"]
    assert (await act(world, text, await world.bearer("dpo"), s=("UUID", None))).codes == ["INVALID"]
    nameless = await act(world, "makeRequest(idempotencyKey: $k, kind: ACCESS)", await world.bearer("advisor"))
    assert nameless.errors[0]["extensions"]["rules"] == [{"field": "rights_request", "rule": "role"}]


@pytest.mark.clause("SOL-10")
async def test_withdrawing_is_as_easy_as_giving_and_both_leave_a_receipt(world: World) -> None:
    await world.case.ask(option=2)
    kinds = {
        name: {argument: str(kind) for argument, kind in _arguments(name).items()}
        for name in ("giveConsent", "withdrawConsent")
    }
    assert kinds["giveConsent"] == kinds["withdrawConsent"]
    for name in ("withdrawConsent", "giveConsent"):
        text = f"{name}(idempotencyKey: $k, consent: MARKETING) {{ replayed }}"
        answer = await world.me(f"mutation ($k: String!) {{ {text} }}", k=key())
        assert answer.errors == []
    history = (await world.me("{ consentHistory { consent given at notice receipt key } }")).data["consentHistory"]
    assert [(each["consent"], each["given"]) for each in history] == [
        ("calculation", True), ("marketing", True), ("marketing", False), ("marketing", True),
    ]  # fmt: skip
    assert all(each["receipt"].startswith('{"consent":"') for each in history)
    other = await world.ask("{ consentHistory { receipt } }", await world.bearer("dpo"))
    assert other.codes == ["NOT_FOUND"]


def _arguments(name: str) -> dict[str, object]:
    root = Api(shipped()).schema.mutation_type
    assert root is not None
    return {argument: given.type for argument, given in root.fields[name].args.items()}
