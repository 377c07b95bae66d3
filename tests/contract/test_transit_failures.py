"""How Transit's failures come out, on the stand-in: nothing opens, and the error says whether to send again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from transit_standin import TOKEN, InsecureTransitStandIn, TransitKey

from vault.errors import BrokenSeal, Misconfigured, Unavailable, VaultError
from vault.keys.transit import Transit, TransitSettings
from vault.request import Secret

CONTEXT = b"hvelv/epoch/7"
KEY = bytes(range(32))
Call = Callable[[Transit, bytes], Awaitable[object]]
CALLS: dict[str, Call] = {
    "check": lambda transit, _: transit.check(),
    "create_root": lambda transit, _: transit.create_root(),
    "versions": lambda transit, _: transit.versions(),
    "wrap": lambda transit, _: transit.wrap(2, [(CONTEXT, Secret(KEY))]),
    "unwrap": lambda transit, wrapped: transit.unwrap([(CONTEXT, wrapped)]),
    "destroy_root": lambda transit, _: transit.destroy_root(1),
}


@pytest.fixture
def standin() -> Iterator[InsecureTransitStandIn]:
    with InsecureTransitStandIn(keys={"hvelv": TransitKey()}).serving() as standin:
        yield standin


def client(
    standin: InsecureTransitStandIn,
    *,
    token: str = TOKEN,
    key: str = "hvelv",
    mount: str = "transit",
    patience: float = 30,
) -> Transit:
    return Transit(
        TransitSettings(address=standin.address, token=Secret(token), key=key, mount=mount, timeout_seconds=patience)
    )


@pytest.fixture
async def transit(standin: InsecureTransitStandIn) -> Transit:
    transit = client(standin)
    await transit.create_root()
    return transit


@pytest.fixture
async def wrapped(transit: Transit) -> bytes:
    return (await transit.wrap(2, [(CONTEXT, Secret(KEY))]))[0]


async def recovers(transit: Transit, wrapped: bytes) -> bool:
    opened = await transit.unwrap([(CONTEXT, wrapped)])
    return opened[0].reveal() == KEY


def silent(failure: VaultError) -> bool:
    """Nothing of the server's answer hangs on the error, and its text names no value."""
    return failure.__context__ is None and failure.__cause__ is None and str(failure).count("\n") == 0


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_sealed_server_is_unavailable_until_it_is_unsealed(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, call: Call
) -> None:
    standin.sealed = True
    with pytest.raises(Unavailable) as caught:
        await call(transit, wrapped)
    assert silent(caught.value)
    standin.sealed = False
    assert await recovers(transit, wrapped)


@pytest.mark.parametrize("status", [429, 500, 501, 502, 503, 418, 473])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_throttled_or_failing_server_is_unavailable(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, call: Call, status: int
) -> None:
    standin.status = status
    with pytest.raises(Unavailable) as caught:
        await call(transit, wrapped)
    assert silent(caught.value)
    standin.status = None
    assert await recovers(transit, wrapped)


@pytest.mark.parametrize("call", [CALLS["check"], CALLS["unwrap"]])
async def test_a_slow_server_is_unavailable_within_the_timeout(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, call: Call
) -> None:
    standin.delay_seconds = 8
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(Unavailable):
        await call(client(standin, patience=0.5), wrapped)
    assert loop.time() - began < standin.delay_seconds
    standin.delay_seconds = 0
    assert await recovers(transit, wrapped)


async def test_a_server_that_is_gone_is_unavailable() -> None:
    with InsecureTransitStandIn(keys={"hvelv": TransitKey()}).serving() as standin:
        transit = client(standin)
    for call in CALLS.values():
        with pytest.raises(Unavailable):
            await call(transit, b"vault:v1:AAAA")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_wrong_token_is_named_as_the_setting_to_mend(
    standin: InsecureTransitStandIn, wrapped: bytes, call: Call
) -> None:
    with pytest.raises(Misconfigured, match="HVELV_TRANSIT_TOKEN") as caught:
        await call(client(standin, token="another"), wrapped)
    assert silent(caught.value)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_missing_key_is_named_as_the_setting_to_mend(
    standin: InsecureTransitStandIn, wrapped: bytes, call: Call
) -> None:
    with pytest.raises(Misconfigured, match="HVELV_TRANSIT_KEY"):
        await call(client(standin, key="nobody"), wrapped)
    with pytest.raises(Misconfigured, match="HVELV_TRANSIT"):
        await call(client(standin, mount="elsewhere"), wrapped)


@pytest.mark.parametrize(("drop", "blank"), [(1, 0), (2, 0), (0, 1), (0, 2)])
async def test_part_of_a_batch_is_no_answer(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, drop: int, blank: int
) -> None:
    standin.drop_results, standin.blank_results = drop, blank
    with pytest.raises(Unavailable, match="in full"):
        await transit.unwrap([(CONTEXT, wrapped)] * 2)
    with pytest.raises(Unavailable, match="in full"):
        await transit.wrap(2, [(CONTEXT, Secret(KEY))] * 2)


@pytest.mark.parametrize("soft", [True, False])
async def test_a_broken_item_of_a_batch_is_a_broken_seal_whatever_the_status(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, *, soft: bool
) -> None:
    standin.soft_errors = soft
    with pytest.raises(BrokenSeal) as caught:
        await transit.unwrap([(CONTEXT, wrapped), (b"another", wrapped)])
    assert silent(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"data": 7}',
        b'{"data": {}}',
        b'{"data": {"batch_results": 7, "latest_version": "x"}}',
        b'{"data": {"batch_results": [7], "type": "aes256-gcm96", "derived": true}}',
        b'{"data": {"batch_results": [{"plaintext": 7, "ciphertext": 7}], "latest_version": null}}',
        b'{"data": {"batch_results": [{"plaintext": "not base64", "ciphertext": "vault:v1:of another version"}]}}',
    ],
)
async def test_an_answer_of_another_shape_is_no_answer(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes, body: bytes
) -> None:
    standin.body = body
    for name in ("create_root", "versions", "wrap", "unwrap", "destroy_root"):
        with pytest.raises(Unavailable) as caught:
            await CALLS[name](transit, wrapped)
        assert silent(caught.value)


async def test_a_redirect_is_not_followed_with_the_token(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes
) -> None:
    with InsecureTransitStandIn(keys=standin.keys).serving() as elsewhere:
        standin.redirect = f"{elsewhere.address}/v1/transit/decrypt/hvelv"
        with pytest.raises(Unavailable):
            await transit.unwrap([(CONTEXT, wrapped)])
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("attribute", "value", "why"),
    [
        ("exportable", True, "exportable"),
        ("derived", False, "not derived"),
        ("allow_plaintext_backup", True, "plaintext backup"),
        ("convergent_encryption", True, "convergent"),
        ("type", "rsa-4096", "aes256-gcm96"),
        ("type", "aes128-gcm96", "aes256-gcm96"),
    ],
)
async def test_a_key_that_could_leave_the_server_or_is_of_another_sort_stops_the_start(
    standin: InsecureTransitStandIn, attribute: str, value: object, why: str
) -> None:
    setattr(standin.keys["hvelv"], attribute, value)
    with pytest.raises(Misconfigured, match=why):
        await client(standin).check()


async def test_unwrapping_many_is_one_request(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes
) -> None:
    standin.requests.clear()
    await transit.unwrap([(CONTEXT, wrapped)] * 50)
    assert standin.requests == ["POST /v1/transit/decrypt/hvelv"]


async def test_nothing_is_sent_again_by_the_client_itself(
    standin: InsecureTransitStandIn, transit: Transit, wrapped: bytes
) -> None:
    standin.requests.clear()
    standin.status = 503
    with pytest.raises(Unavailable):
        await transit.unwrap([(CONTEXT, wrapped)])
    assert len(standin.requests) == 1


async def test_a_destruction_interrupted_between_its_steps_is_finished_by_the_next(
    standin: InsecureTransitStandIn, transit: Transit
) -> None:
    old = (await transit.wrap(1, [(CONTEXT, Secret(KEY))]))[0]
    standin.keys["hvelv"].configure({"min_decryption_version": 2, "min_encryption_version": 2})
    with pytest.raises(BrokenSeal):
        await transit.unwrap([(CONTEXT, old)])
    await transit.destroy_root(1)
    assert list(standin.keys["hvelv"].roots) == [2]
    standin.requests.clear()
    await transit.destroy_root(1)
    assert standin.requests == ["GET /v1/transit/keys/hvelv"]


@pytest.mark.parametrize("address", ["", "nowhere", "http://key.example.com:8200", "ftp://127.0.0.1", "https://"])
def test_an_address_that_would_carry_keys_in_clear_is_refused(address: str) -> None:
    with pytest.raises(Misconfigured, match="HVELV_TRANSIT_ADDRESS"):
        Transit(TransitSettings(address=address, token=Secret(TOKEN)))


@pytest.mark.parametrize("address", ["https://key.example.com", "http://localhost:8200", "http://[::1]:8200"])
def test_an_encrypted_or_local_address_is_taken(address: str) -> None:
    Transit(TransitSettings(address=address, token=Secret(TOKEN)))


def test_the_settings_do_not_print_the_token() -> None:
    assert TOKEN not in repr(TransitSettings(address="https://key.example.com", token=Secret(TOKEN)))


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, standin: InsecureTransitStandIn) -> None:
    for name in ("VAULT_ADDR", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("VAULT_TOKEN", "another")
    asyncio.run(client(standin).check())
