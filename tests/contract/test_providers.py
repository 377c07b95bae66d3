"""What every carrier of messages guarantees. Each speaks its documented API over TLS to a stand-in of its provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import pytest
from https_standin import Answering, Reply, StandIn, standin, trust
from provider_standins import MailgunStandIn, SlackStandIn, TwilioStandIn

from outreach.errors import NotConfigured, SystemFailed
from outreach.https import Https
from outreach.providers import Mailgun, Provider, Slack, Twilio
from outreach.templates import Rendered
from vault.request import Secret

NUMBER = UUID(int=77)
MESSAGE = Rendered("Endring på Ås", "Hei Kåre,\n\nvi kommer onsdag.\n")


class Keeping(Protocol):
    """What a provider took."""

    @property
    def kept(self) -> dict[str, Any]: ...


@dataclass
class World:
    provider: Provider
    server: StandIn
    keeping: Keeping
    to: Secret[str]
    deletes: bool


def made(name: str, address: str) -> Provider:
    match name:
        case "mailgun":
            client = Https(name, address, login=("api", Secret("mailgun-key")), trust=trust(), seconds=0.5)
            return Mailgun(client, domain="mail.otovo.no", sender="Otovo <post@mail.otovo.no>")
        case "twilio":
            client = Https(name, address, login=("AC1", Secret("twilio-token")), trust=trust(), seconds=0.5)
            return Twilio(client, account="AC1", sender="Otovo")
        case _:
            headers = {"authorization": Secret("Bearer slack-token")}
            return Slack(Https(name, address, headers=headers, trust=trust(), seconds=0.5))


@pytest.fixture(params=["mailgun", "twilio", "slack"])
async def world(request: pytest.FixtureRequest) -> AsyncGenerator[World]:
    standins: dict[str, MailgunStandIn | TwilioStandIn | SlackStandIn] = {
        "mailgun": MailgunStandIn(), "twilio": TwilioStandIn(), "slack": SlackStandIn(),
    }  # fmt: skip
    keeping = standins[request.param]
    to = {"mailgun": "kare@example.no", "twilio": "+4799999999", "slack": "C012AB3CD"}[request.param]
    answer: Answering = keeping
    with standin(answer) as server:
        provider = made(request.param, server.address)
        yield World(provider, server, keeping, Secret(to), deletes=request.param != "mailgun")


async def test_a_message_is_taken_with_norwegian_letters_and_is_named(world: World) -> None:
    accepted = await world.provider.send(NUMBER, world.to, MESSAGE)
    assert accepted.name
    assert accepted.status
    (kept,) = world.keeping.kept.values()
    assert MESSAGE.text in kept.values()
    assert world.to.reveal() in kept.values()


async def test_its_name_says_nothing_of_whom_it_went_to(world: World) -> None:
    accepted = await world.provider.send(NUMBER, world.to, MESSAGE)
    assert "kare" not in accepted.name + accepted.status
    assert "99999999" not in accepted.name


@pytest.mark.clause("SMS-02", "INT-03")
async def test_what_is_deleted_is_gone_there_and_may_be_deleted_again(world: World) -> None:
    accepted = await world.provider.send(NUMBER, world.to, MESSAGE)
    for _ in range(2):
        await world.provider.delete(accepted.name)
    assert bool(world.keeping.kept) is not world.deletes


@pytest.mark.parametrize(
    ("reply", "why", "again"),
    [
        (Reply(429), "throttled", True),
        (Reply(500), "broken", True),
        (Reply(200, {"ok": True}, wait=1.0), "timeout", True),
        (Reply(200, {"ok": True, "surprise": 1}), "unreadable", False),
        (Reply(200, b"<html>"), "unreadable", False),
        (Reply(200, []), "unreadable", False),
        (Reply(403, b"Forbidden"), "refused", False),
    ],
    ids=["429", "500", "slow", "other answer", "no json", "a list", "403"],
)
async def test_a_provider_that_fails_says_in_one_word_whether_to_try_again(
    world: World,
    reply: Reply,
    why: str,
    again: bool,  # noqa: FBT001  (a case of the table)
) -> None:
    world.server.replies = [reply]
    with pytest.raises(SystemFailed) as failed:
        await world.provider.send(NUMBER, world.to, MESSAGE)
    assert (failed.value.why, failed.value.again) == (why, again)
    assert MESSAGE.text not in str(failed.value)


async def test_every_attempt_of_a_message_carries_the_same_number_where_the_provider_knows_one(world: World) -> None:
    for _ in range(2):
        await world.provider.send(NUMBER, world.to, MESSAGE)
    bodies = [asked.body for asked in world.server.asked]
    assert bodies[0] == bodies[1]


async def test_no_address_and_no_word_is_in_a_url(world: World) -> None:
    await world.provider.send(NUMBER, world.to, MESSAGE)
    for asked in world.server.asked:
        assert "kare" not in f"{asked.path} {asked.query}"
        assert "9999" not in f"{asked.path} {asked.query}"


@pytest.mark.parametrize("name", ["mailgun", "twilio", "slack"])
def test_an_address_without_tls_is_refused(name: str) -> None:
    with pytest.raises(NotConfigured):
        made(name, "http://127.0.0.1:1")


async def test_mail_is_not_tracked_and_leaves_over_tls_only() -> None:
    with standin(MailgunStandIn()) as server:
        await made("mailgun", server.address).send(NUMBER, Secret("kare@example.no"), MESSAGE)
    form = dict(server.asked[0].form)
    assert (form["o:tracking"], form["o:require-tls"], form["o:skip-verification"]) == ("no", "True", "False")
    assert form["h:Message-Id"] == f"<{NUMBER}@mail.otovo.no>"


async def test_slack_says_no_with_200() -> None:
    with standin(SlackStandIn()) as server:
        server.replies = [Reply(200, {"ok": False, "error": "ratelimited"})]
        with pytest.raises(SystemFailed, match="throttled"):
            await made("slack", server.address).send(NUMBER, Secret("C1"), MESSAGE)
        server.replies = [Reply(200, {"ok": False, "error": "channel_not_found"})]
        with pytest.raises(SystemFailed, match="refused"):
            await made("slack", server.address).send(NUMBER, Secret("C1"), MESSAGE)
