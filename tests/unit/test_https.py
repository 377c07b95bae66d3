"""Nothing leaves but over TLS to whom it was meant for, and a failure is one word."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from https_standin import Reply, StandIn, standin, trust

from outreach.errors import NotConfigured, SystemFailed
from outreach.https import Https, as_form, as_json

SECRET_BODY = as_json({"to": "kari@example.no"})


@pytest.fixture
async def server() -> AsyncGenerator[StandIn]:
    with standin() as running:
        yield running


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "ftp://127.0.0.1", "//127.0.0.1", "127.0.0.1", ""])
def test_an_address_without_tls_is_refused_before_there_is_a_client(address: str) -> None:
    with pytest.raises(NotConfigured, match="https://"):
        Https("mailgun", address)


async def test_a_certificate_nobody_vouches_for_gets_no_byte_of_the_body(server: StandIn) -> None:
    client = Https("mailgun", server.address)
    with pytest.raises(SystemFailed, match="tls"):
        await client.call("POST", "/messages", SECRET_BODY)
    assert server.asked == []
    await client.close()


async def test_a_certificate_of_another_host_gets_no_byte_of_the_body(server: StandIn) -> None:
    client = Https("mailgun", server.address.replace("127.0.0.1", "localhost"), trust=trust())
    with pytest.raises(SystemFailed, match="tls"):
        await client.call("POST", "/messages", SECRET_BODY)
    assert server.asked == []
    await client.close()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(429, headers={"retry-after": "7"}), "throttled"),
        (Reply(500, {"echo": "kari@example.no"}), "broken"),
        (Reply(503), "broken"),
        (Reply(400, {"echo": "kari@example.no"}), "refused"),
        (Reply(404), "refused"),
        (Reply(302, headers={"location": "http://127.0.0.1/elsewhere"}), "refused"),
        (Reply(200, b"<html>kari@example.no"), "unreadable"),
        (Reply(200, {}, wait=1.0), "timeout"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else None,
)
async def test_whatever_a_provider_answers_becomes_one_word_without_what_it_said(
    server: StandIn, reply: Reply, why: str
) -> None:
    server.replies = [reply]
    client = Https("mailgun", server.address, trust=trust(), seconds=0.5)
    with pytest.raises(SystemFailed) as caught:
        await client.call("POST", "/messages", SECRET_BODY)
    assert (caught.value.system, caught.value.why) == ("mailgun", why)
    assert "kari" not in repr(caught.value) + str(caught.value.__context__)
    assert caught.value.again is (why not in {"refused", "unreadable"})
    assert caught.value.after_seconds == (7 if why == "throttled" else None)
    await client.close()


async def test_nobody_listening_is_unreachable() -> None:
    client = Https("mailgun", "https://127.0.0.1:1", trust=trust())
    with pytest.raises(SystemFailed, match="unreachable"):
        await client.call("GET", "/")
    await client.close()


async def test_a_redirect_is_never_followed(server: StandIn) -> None:
    server.replies = [Reply(307, headers={"location": f"{server.address}/other"})]
    client = Https("mailgun", server.address, trust=trust())
    with pytest.raises(SystemFailed, match="refused"):
        await client.call("POST", "/messages", SECRET_BODY)
    assert [asked.path for asked in server.asked] == ["/messages"]
    await client.close()


async def test_what_is_not_there_may_be_an_answer(server: StandIn) -> None:
    server.replies = [Reply(404), Reply(200, {"ok": True}), Reply(204)]
    client = Https("mailgun", server.address, trust=trust())
    assert await client.call("DELETE", "/x", absent=True) is None
    assert await client.call("POST", "/x", as_form([("a", "æ"), ("a", "2")])) == {"ok": True}
    assert server.asked[-1].form == [("a", "æ"), ("a", "2")]
    assert await client.call("GET", "/x", query={"q": "1"}) is None
    assert server.asked[-1].query == {"q": "1"}
    await client.close()


async def test_the_environment_names_no_proxy(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    client = Https("mailgun", server.address, trust=trust())
    assert await client.call("GET", "/") is None
    await client.close()
