"""One way in over HTTP, and every other way shut."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from graphql_world import RESPONSE, World, fake_world
from starlette.applications import Starlette
from starlette.routing import Route
from structlog.testing import capture_logs

from hvelv.app import HEADERS, AppSettings
from hvelv.roofs import Roofs
from policies.model import Principal
from resolvers.endpoint import Endpoint, media_type
from resolvers.house import House
from resolvers.service import Openness, Service

PUBLIC = "{ policy { version } }"
ME = "{ me { email } }"


@pytest.fixture(scope="module")
async def world() -> AsyncGenerator[World]:
    made = fake_world()
    await made.case.ask()
    yield made
    await made.client.aclose()


async def test_policy_needs_no_token_and_everything_else_does(world: World) -> None:
    assert (await world.ask(PUBLIC)).data == {"policy": {"version": "2018-05-28"}}
    for document in (ME, "{ policy { version } me { id } }", "{ ledger(first: 1) { edges { cursor } } }"):
        refused = await world.ask(document)
        assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "data" not in refused.body


async def test_expired_revoked_truncated_and_foreign_tokens_answer_alike(world: World) -> None:
    live = await world.bearer("customer_service")
    other = await fake_world().bearer("customer_service", purpose="x")
    answers = [
        await world.ask(PUBLIC, headers={"authorization": header})
        for header in (
            f"Bearer {live[:-1]}",
            f"Bearer {live}x",
            f"Bearer {other}0",
            "Bearer nothing",
            "Bearer ",
            "Bearer",
            f"Basic {live}",
            live,
            f"Bearer {'x' * 300}",
        )
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(401, answers[0].text)}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_only_post_is_answered(world: World, method: str) -> None:
    answer = await world.client.request(method, "/graphql", params={"query": PUBLIC})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
    ],
)
async def test_only_json_in_utf_8_is_read(world: World, content_type: str) -> None:
    body = json.dumps({"query": PUBLIC}).encode()
    answer = await world.client.post("/graphql", content=body, headers={"content-type": content_type})
    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
async def test_json_is_read_however_it_is_announced(world: World, content_type: str) -> None:
    body = json.dumps({"query": PUBLIC, "extensions": {}, "variables": None, "operationName": None}).encode()
    answer = await world.client.post("/graphql", content=body, headers={"content-type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b"{}",
        b'{"query": 1}',
        b'{"query": "{ policy { version } }", "variables": []}',
        b'{"query": "{ policy { version } }", "variables": "x"}',
        b'{"query": "{ policy { version } }", "operationName": 7}',
        b'{"query": "{ policy { version } }", "extensions": 7}',
        b'[{"query": "{ policy { version } }"}]',
    ],
    ids=range(14),
)
async def test_a_body_that_is_no_request_is_refused(world: World, body: bytes) -> None:
    answer = await world.client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_ten_megabytes_are_refused_unread(world: World) -> None:
    body = json.dumps({"query": PUBLIC + " " * 10_000_000}).encode()
    answer = await world.client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_at_64_kib(world: World) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1_000
            yield b" " * 1_000

    answer = await world.client.post("/graphql", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert sent < 200_000


async def test_a_rejected_document_is_a_400_only_to_those_who_know_the_media_type(world: World) -> None:
    for document in ("{ zz }", "{", "query A { policy { version } } query B { policy { version } }"):
        new = await world.ask(document, accept=RESPONSE)
        old = await world.ask(document, accept="application/json")
        assert (new.status, old.status) == (400, 200)
        assert new.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
        assert old.headers["content-type"] == "application/json; charset=utf-8"
        assert "data" not in new.body
        assert new.body == old.body


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; charset=utf-8, application/json; q=0.9", RESPONSE),
        (f"application/json, {RESPONSE};q=0.5", "application/json"),
        (f"{RESPONSE}, application/json, text/event-stream, multipart/mixed", RESPONSE),
        ("text/event-stream", "application/json"),
        (f"{RESPONSE};q=x", "application/json"),
    ],
)
def test_answer_has_the_media_type_accepted_most(accept: str, answered: str) -> None:
    assert media_type(accept) == answered


async def test_variables_that_do_not_fit_are_refused_without_being_repeated(world: World) -> None:
    document = "query ($s: UUID!, $n: Int!) { customer(id: $s) { email } customers(first: $n) { edges { cursor } } }"
    bearer = await world.bearer("customer_service")
    canary = "kanarifugl"
    cases: list[dict[str, Any]] = [
        {"s": canary, "n": 1},
        {"n": 1},
        {"s": None, "n": canary},
        {"n": 2**40},
        {"s": [canary]},
    ]
    for variables in cases:
        answer = await world.ask(document, bearer, accept=RESPONSE, **variables)
        assert (answer.status, answer.codes) == (400, ["VARIABLES"])
        assert canary not in answer.text


async def test_introspection_is_for_developers(world: World) -> None:
    document = "{ __schema { queryType { name } } }"
    assert (await world.ask(document, await world.bearer("advisor"))).codes == ["INTROSPECTION"]
    assert (await world.ask(document)).codes == ["UNAUTHENTICATED"]
    assert (await world.ask(document, await world.bearer("developer"))).data["__schema"]["queryType"]["name"] == "Query"
    sneaky = '{ ...A } fragment A on Query { ... { kind: __type(name: "Customer") { name } } }'
    assert (await world.ask(sneaky, await world.bearer("advisor"))).codes == ["INTROSPECTION"]
    assert (await world.ask("{ __typename policy { __typename } }")).status == 200


async def test_development_opens_introspection_to_everybody() -> None:
    world = fake_world(AppSettings(development=True))
    assert (await world.ask("{ __schema { queryType { name } } }")).status == 200


async def test_an_operation_is_chosen_by_its_name(world: World) -> None:
    document = "query A { policy { version } } query B { policy { digest } }"

    async def named(name: str | None) -> tuple[int, list[str]]:
        body = {"query": document, "operationName": name}
        answer = await world.client.post("/graphql", json=body, headers={"accept": RESPONSE})
        return answer.status_code, list(answer.json().get("data", {}).get("policy", {}))

    assert await named("B") == (200, ["digest"])
    assert await named("C") == (400, [])
    assert await named(None) == (400, [])


async def test_subscriptions_and_sockets_are_not_there(world: World) -> None:
    bearer = await world.bearer("developer")
    assert (await world.ask("subscription { anything }", bearer)).codes[0] in {"VALIDATION", "OPERATION"}
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-protocol": "graphql-ws"}
    assert (await world.client.get("/graphql", headers=upgrade)).status_code == 405


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    for path in ("/graphql", "/healthz", "/readyz", "/nowhere"):
        answer = await world.client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path


async def test_health_and_readiness_are_told(world: World) -> None:
    assert (await world.client.get("/healthz")).text == "ok"
    assert (await world.client.get("/readyz")).json() == {"ready": True}


async def test_a_path_that_is_not_there_redirects_nowhere(world: World) -> None:
    assert (await world.client.get("/graphql/")).status_code in {307, 404, 405}
    assert (await world.client.get("/graphiql")).status_code == 404


async def test_nothing_of_a_request_reaches_a_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "kanari.fugl@example.no"
    bearer = await world.bearer("customer_service")
    documents = (
        f'{{ customersByEmail(email: "{canary}") {{ email }} }}',
        f'query @access(purpose: OFFER, reason: "{canary}") {{ customersByEmail(email: "{canary}") {{ email }} }}',
        f'{{ customersByEmail(email: "{canary}", zz: 1) {{ email }} }}',
        f'{{ customersByEmail(email: "{canary}" {{ email }} }}',
        f'mutation {{ giveConsent(idempotencyKey: "{canary}", consent: MARKETING) {{ record }} }}',
    )
    with capture_logs() as logs:
        for document in documents:
            await world.ask(document, bearer)
        await world.ask("query ($e: String!) { customersByEmail(email: $e) { email } }", bearer, e=canary)
    assert logs
    assert canary not in repr(logs)
    assert canary not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx2")
    assert {key for line in logs for key in line} <= {"event", "log_level", "route", "status", "duration_ms"}


async def test_a_failure_of_ours_is_an_internal_error_without_words(caplog: pytest.LogCaptureFixture) -> None:
    world = fake_world()
    canary = "kanarifugl"

    async def failing(vault: object, bearer: object) -> Principal:
        raise RuntimeError(canary)

    house = House(vault=world.vault, authenticate=failing, clock=world.clock, ids=world.ids, solar=Roofs())
    endpoint = Endpoint(Service(house, Openness(frozenset(), development=False)))
    app = Starlette(routes=[Route("/graphql", endpoint.handle, methods=["POST"])])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hvelv.example") as client:
        with capture_logs() as logs:
            answer = await client.post("/graphql", json={"query": ME}, headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert isinstance(logs[0]["fault"].reveal(), RuntimeError)  # what a processor names by its class and place alone
    assert canary not in answer.text + repr(logs) + caplog.text
