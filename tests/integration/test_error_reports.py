"""What leaves the process when something fails, read at the other end of the wire. Canaries are planted everywhere."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest
import sentry_sdk
import structlog
from determinism import SeededIds, VirtualClock
from fake_vault import FakeVault
from graphql_world import fake_vault
from https_standin import Asked, StandIn, certificate, standin
from shipped_policy import shipped
from small_policy import SMALL
from starlette.requests import Request
from starlette.routing import Route

from hvelv import reports as watch
from hvelv.app import AppSettings, create_app
from hvelv.settings import Settings
from outreach.errors import NotConfigured
from outreach.reporting import FIELDS, Reports, narrowed, permitted, reported
from policies.document import load
from policies.oslo import oslo_date
from vault.request import Secret
from vault.tokens import TokenSpec

CANARIES = {
    "local": "kari.local@example.no",
    "message": "Kari Nordmann 15898695088",
    "cause": "kari.cause@example.no",
    "context": "kari.context@example.no",
    "note": "kari.note@example.no",
    "group": "kari.group@example.no",
    "task": "task-of-kari",
    "thread": "thread-of-kari",
    "record": "kari.record@example.no",
    "variable": "kari.variable@example.no",
    "header": "kari.header@example.no",
    "breadcrumb": "kari.breadcrumb@example.no",
    "tag": "kari.tag@example.no",
    "wifi": "hunter2-wifi-password",
    "token": "hv_" + "k4Ri" * 10,
}
TODAY = oslo_date(VirtualClock()())
ROOT = Path(__file__).parents[2]


def contents(asked: Asked) -> bytes:
    """A body as it was before it was packed."""
    return gzip.decompress(asked.body) if asked.headers.get("content-encoding") == "gzip" else asked.body


def everything(server: StandIn) -> str:
    return "\n".join(f"{a.path} {a.query} {a.headers} {contents(a).decode()}" for a in server.asked)


def events(server: StandIn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for asked in server.asked:
        lines = contents(asked).split(b"\n")
        assert set(json.loads(lines[0])) == {"event_id"}
        found += [json.loads(line) for line in lines[2::2] if line]
    return found


def settings(server: StandIn) -> Settings:
    dsn = server.address.replace("https://", "https://public@") + "/42"
    return Settings.model_validate({"sentry_dsn": dsn, "sentry_certificates": certificate()})


@pytest.fixture
def server() -> Generator[StandIn]:
    with standin() as running:
        yield running


@pytest.fixture
def sink(server: StandIn) -> Generator[Reports]:
    before = (structlog.get_config(), logging.root.handlers[:], logging.root.level)
    with watch.watching(settings(server)) as made:
        assert made is not None
        yield made
    structlog.configure(**before[0])
    logging.root.handlers[:], level = before[1], before[2]
    logging.root.setLevel(level)


def missing(wifi: str) -> None:
    try:
        _ = dict[str, str]()[CANARIES["context"]]
    except KeyError:
        raise LookupError(CANARIES["cause"], wifi) from ValueError(CANARIES["cause"])


def failing(secret: str) -> None:
    wifi = CANARIES["wifi"]
    try:
        missing(wifi)
    except LookupError as cause:
        error = RuntimeError(CANARIES["message"], secret, CANARIES["token"])
        error.add_note(CANARIES["note"])
        raise error from cause


def raised(act: Callable[[], object]) -> BaseException:
    try:
        act()
    except Exception as error:  # noqa: BLE001  (whatever it is)
        return error
    raise AssertionError("nothing was raised")


def nothing_leaked(server: StandIn) -> None:
    text = everything(server)
    assert server.asked, "nothing arrived"
    assert {name for name, canary in CANARIES.items() if canary in text} == set()
    assert "kari" not in text.lower()


@pytest.mark.clause("ERR-01", "ERR-02")
def test_a_report_has_classes_places_and_release_and_none_of_the_canaries(server: StandIn, sink: Reports) -> None:
    number = sink.report(raised(lambda: failing(CANARIES["local"])))
    sink.close()
    nothing_leaked(server)
    (event,) = events(server)
    assert event.keys() == {"event_id", "timestamp", "platform", "level", "release", "exception"}
    assert isinstance(number, UUID)
    assert event["event_id"] == number.hex
    assert event["release"].startswith("hvelv-")
    values = event["exception"]["values"]
    assert [each["type"] for each in values] == ["ValueError", "LookupError", "RuntimeError"]
    assert all(each.keys() == {"type", "module", "stacktrace"} for each in values)
    frames = values[-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "failing"
    assert frames[-1]["filename"].endswith("test_error_reports.py")
    assert all(frame.keys() == {"filename", "function", "lineno"} for frame in frames)
    assert all(isinstance(frame["lineno"], int) and frame["lineno"] for frame in frames)


@pytest.mark.clause("ERR-02")
def test_two_reports_of_one_fault_share_no_id(server: StandIn, sink: Reports) -> None:
    error = raised(lambda: failing("x"))
    numbers = {sink.report(error), sink.report(error)}
    sink.close()
    assert {UUID(event["event_id"]) for event in events(server)} == numbers
    assert len(numbers) == 2


def test_the_members_of_a_group_are_reported_by_class(server: StandIn, sink: Reports) -> None:
    sink.report(ExceptionGroup(CANARIES["group"], [ValueError(CANARIES["group"]), OSError(CANARIES["message"])]))
    sink.close()
    nothing_leaked(server)
    (event,) = events(server)
    assert {each["type"] for each in event["exception"]["values"]} == {"ExceptionGroup", "ValueError", "OSError"}


def test_a_chain_without_an_end_ends(server: StandIn, sink: Reports) -> None:
    error, other = ValueError("x"), KeyError("y")
    error.__cause__, other.__cause__ = other, error
    assert sink.report(error) is not None
    sink.close()
    assert len(events(server)[0]["exception"]["values"]) == 2


@pytest.mark.clause("ERR-03")
def test_what_the_sdk_itself_would_send_is_cut_down_to_the_same_list(server: StandIn, sink: Reports) -> None:
    client = cast("Any", sink)._client
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.set_tag("who", CANARIES["tag"])
        scope.set_user({"id": "7", "email": CANARIES["tag"]})
        scope.set_context("state", {"local": CANARIES["local"]})
        scope.set_extra("wifi", CANARIES["wifi"])
        scope.add_breadcrumb(message=CANARIES["breadcrumb"])
        scope.add_attachment(bytes=CANARIES["local"].encode(), filename=f"{CANARIES['task']}.txt")
        sentry_sdk.capture_exception(raised(lambda: failing(CANARIES["local"])))
        sentry_sdk.capture_message(CANARIES["message"])
        with sentry_sdk.start_transaction(name=CANARIES["task"], op=CANARIES["tag"]):
            pass
    sink.close()
    nothing_leaked(server)
    assert {frozenset(event) for event in events(server)} == {
        frozenset({"event_id", "timestamp", "platform", "level", "release", "exception"})
    }


def test_whatever_is_put_into_an_event_only_the_list_comes_out() -> None:
    canary = CANARIES["local"]
    event = {
        "event_id": canary, "release": canary, "timestamp": canary, "server_name": canary, "user": {"id": canary},
        "exception": {"values": [{
            "type": canary, "module": canary, "value": canary, "mechanism": {"data": canary},
            "stacktrace": {"frames": [{
                "filename": f"/home/{canary}/x.py", "function": canary, "lineno": canary, "vars": {"x": canary},
                "context_line": canary, "pre_context": [canary],
            }]},
        }]},
        "request": {"url": canary}, "breadcrumbs": [canary], "message": canary, "threads": {"values": [canary]},
    }  # fmt: skip
    assert canary not in json.dumps(narrowed(event))
    assert narrowed({"exception": None})["exception"] == {"values": []}


def test_a_class_named_after_a_person_becomes_the_rule(server: StandIn, sink: Reports) -> None:
    named = type("Of15898695088", (Exception,), {})
    sink.report(named())
    sink.close()
    (event,) = events(server)
    assert event["exception"]["values"][0]["type"] == "[national_id]"


def test_every_way_an_exception_can_end_leads_to_the_sink(server: StandIn, sink: Reports) -> None:
    error = raised(lambda: failing(CANARIES["local"]))
    logging.getLogger("a.library").error("about %s", CANARIES["record"], exc_info=error)
    structlog.get_logger("ours").error(CANARIES["record"], exc_info=error)
    thread = threading.Thread(target=failing, args=[CANARIES["local"]], name=CANARIES["thread"])
    thread.start()
    thread.join()
    sys.excepthook(type(error), error, error.__traceback__)
    logging.getLogger("a.library").warning("no fault: %s", CANARIES["record"])
    sink.close()
    nothing_leaked(server)
    assert len(events(server)) == 4


async def test_a_task_nobody_waits_for_is_reported_without_its_name(server: StandIn, sink: Reports) -> None:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(watch.of_loop)

    async def failed() -> None:
        failing(CANARIES["local"])

    task = asyncio.create_task(failed(), name=CANARIES["task"])
    await asyncio.wait([task])
    del task
    __import__("gc").collect()
    loop.set_exception_handler(before)
    await asyncio.to_thread(sink.close)
    nothing_leaked(server)
    assert events(server)[0]["exception"]["values"][-1]["type"] == "RuntimeError"


@pytest.fixture
async def client(sink: Reports) -> AsyncGenerator[httpx2.AsyncClient]:
    """An application whose vault fails, with the request in its hands."""

    class Failing(FakeVault):
        async def open(self, *_: Any, **__: Any) -> Any:
            failing(CANARIES["local"])

    async def broken(request: Request) -> Any:
        failing(str(request.headers))

    vault = Failing(fake_vault().doors)
    app = create_app(vault, AppSettings(), clock=vault.doors.clock, ids=SeededIds("application"))
    app.routes.append(Route("/broken", broken))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hvelv.example") as made:
        token = await watchful(vault)
        made.headers["authorization"] = f"Bearer {token}"
        made.headers["x-of-kari"] = CANARIES["header"]
        yield made


async def watchful(vault: FakeVault) -> str:
    roles = frozenset({"customer_service"})
    spec = TokenSpec(account=UUID(int=7), roles=roles, lifetime=timedelta(hours=1), second_factor=True)
    _, secret = await vault.tokens.issue(spec)
    return secret.reveal()


@pytest.mark.clause("ERR-01", "ERR-02")
async def test_a_resolver_that_fails_reports_nothing_of_the_request(
    server: StandIn, sink: Reports, client: httpx2.AsyncClient
) -> None:
    document = """query Kari($email: String!) @access(purpose: CUSTOMER_SERVICE, reason: "kari called") {
      customersByEmail(email: $email) { name } }"""
    answer = await client.post("/graphql", json={"query": document, "variables": {"email": CANARIES["variable"]}})
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    await asyncio.to_thread(sink.close)
    nothing_leaked(server)
    assert len(events(server)) == 1


async def test_a_route_that_fails_is_reported_once_and_says_nothing_of_the_request(
    server: StandIn, sink: Reports, client: httpx2.AsyncClient
) -> None:
    answer = await client.get(f"/broken?email={CANARIES['variable']}", headers={"cookie": f"x={CANARIES['wifi']}"})
    assert answer.status_code == 500
    await asyncio.to_thread(sink.close)
    nothing_leaked(server)
    assert len(events(server)) == 1


def test_a_command_that_fails_reports_from_its_own_process(server: StandIn, tmp_path: Path) -> None:
    program = (
        "import hvelv.commands.policy as policy\n"
        "def failing(*_, **__): raise RuntimeError('Kari Nordmann', open)\n"
        "policy.read = failing\n"
        "import hvelv.cli; hvelv.cli.main(['policy', 'check'])\n"
    )
    env = {
        **os.environ,
        "HVELV_SENTRY_DSN": server.address.replace("https://", "https://public@") + "/42",
        "HVELV_SENTRY_CERTIFICATES": str(certificate()),
        "HVELV_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    nothing_leaked(server)
    assert events(server)[0]["exception"]["values"][-1]["type"] == "RuntimeError"


def test_a_sink_that_cannot_be_reached_stops_nothing(server: StandIn) -> None:
    settings_away = Settings.model_validate({"sentry_dsn": "https://public@127.0.0.1:1/42"})
    sink = watch.reports(settings_away)
    assert sink is not None
    assert sink.report(ValueError("x")) is not None
    sink.close(seconds=0.2)


def test_a_certificate_that_does_not_hold_gets_no_byte(server: StandIn) -> None:
    dsn = server.address.replace("https://", "https://public@") + "/42"
    sink = watch.reports(Settings.model_validate({"sentry_dsn": dsn}))
    assert sink is not None
    sink.report(ValueError("x"))
    sink.close(seconds=1.0)
    assert server.asked == []


def test_the_environment_gives_the_sdk_no_orders(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HTTPS_PROXY": "http://127.0.0.1:1", "SENTRY_RELEASE": CANARIES["local"], "SENTRY_ENVIRONMENT": "kari",
        "SENTRY_SPOTLIGHT": "http://127.0.0.1:1", "SENTRY_TRACES_SAMPLE_RATE": "1.0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    sink = watch.reports(settings(server))
    assert sink is not None
    sink.report(ValueError(CANARIES["message"]))
    sink.close()
    nothing_leaked(server)


@pytest.mark.clause("ERR-03")
def test_a_policy_that_does_not_name_the_sink_or_an_address_without_tls_is_refused() -> None:
    with pytest.raises(NotConfigured, match="policy"):
        permitted(load(SMALL.encode()), TODAY)
    with pytest.raises(NotConfigured, match="policy"):
        permitted(shipped(), TODAY.replace(year=2017))
    with pytest.raises(NotConfigured, match="https://"):
        Reports(
            shipped(), Secret("http://public@127.0.0.1:1/42"), release="hvelv-1", clock=VirtualClock(),
            ids=SeededIds("x"), today=TODAY,
        )  # fmt: skip
    assert watch.reports(Settings()) is None


@pytest.mark.clause("ERR-04")
def test_the_policy_keeps_reports_for_ninety_days_and_lets_the_sink_have_four_fields() -> None:
    rule = shipped().retention["errors"]
    assert rule.keep is not None
    assert (rule.keep.days, rule.anchor) == (90, ("error_event.reported",))
    sent = {field.name for field in shipped().fields.values() for use in field.uses if use.to == "sentry"}
    assert sent == FIELDS


def test_a_report_is_made_of_the_exception_alone() -> None:
    made = reported(ValueError(CANARIES["message"]), number=UUID(int=1), release="hvelv-1", at=VirtualClock()())
    assert CANARIES["message"] not in json.dumps(made)
