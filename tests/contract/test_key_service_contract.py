"""One suite for every key service: the guarantees of `KeyService`, whoever keeps them.

It runs on the local keyring, on Transit against a stand-in, and on Transit against a real server (Vault or OpenBao,
engine mounted at `transit`) where `HVELV_TEST_VAULT_ADDR` and `HVELV_TEST_VAULT_TOKEN` are set.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hvac
import pytest
from transit_standin import TOKEN, InsecureTransitStandIn, TransitKey

from vault.errors import BrokenSeal, Misconfigured
from vault.keys.local_keyring import LocalKeyring
from vault.keys.service import KeyService
from vault.keys.transit import Transit, TransitSettings
from vault.request import Secret

CONTEXT = b"hvelv/epoch/7"
KEY = bytes(range(32))


def settings_of_a_real_server() -> TransitSettings:
    """For a key made just now."""
    address, token = os.environ.get("HVELV_TEST_VAULT_ADDR"), os.environ.get("HVELV_TEST_VAULT_TOKEN")
    if not address or not token:
        pytest.skip("HVELV_TEST_VAULT_ADDR and HVELV_TEST_VAULT_TOKEN are not set")
    name = f"hvelv-test-{uuid.uuid4().hex}"
    hvac.Client(url=address, token=token, timeout=10).secrets.transit.create_key(
        name, derived=True, key_type="aes256-gcm96"
    )
    return TransitSettings(address=address, token=Secret(token), key=name, timeout_seconds=10)


@pytest.fixture(params=["local keyring", "transit stand-in", "real server"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], KeyService]]:
    """Makes clients of one and the same service."""
    if request.param == "local keyring":
        tmp_path.chmod(0o700)
        yield lambda: LocalKeyring(tmp_path, os.urandom)
    elif request.param == "transit stand-in":
        with InsecureTransitStandIn(keys={"hvelv": TransitKey()}).serving() as standin:
            yield lambda: Transit(TransitSettings(address=standin.address, token=Secret(TOKEN)))
    else:
        settings = settings_of_a_real_server()
        yield lambda: Transit(settings)


@pytest.fixture
def service(client: Callable[[], KeyService]) -> KeyService:
    return client()


async def wrapped_under(service: KeyService, version: int, context: bytes = CONTEXT, key: bytes = KEY) -> bytes:
    return (await service.wrap(version, [(context, Secret(key))]))[0]


async def unwrapped(service: KeyService, wrapped: bytes, context: bytes = CONTEXT) -> bytes:
    return (await service.unwrap([(context, wrapped)]))[0].reveal()


async def test_a_healthy_service_passes_its_check_with_and_without_roots(service: KeyService) -> None:
    await service.check()
    await service.create_root()
    await service.check()


async def test_a_new_root_is_listed_and_is_the_newest(service: KeyService) -> None:
    before = list(await service.versions())
    first, second = await service.create_root(), await service.create_root()
    assert max([0, *before]) < first < second
    assert list(await service.versions()) == [*before, first, second]


async def test_what_was_wrapped_unwraps(service: KeyService) -> None:
    version = await service.create_root()
    items = [(b"context %d" % n, Secret(b"%032d" % n)) for n in range(20)]
    wrapped = await service.wrap(version, items)
    opened = await service.unwrap([(context, blob) for (context, _), blob in zip(items, wrapped, strict=True)])
    assert [key.reveal() for key in opened] == [key.reveal() for _, key in items]


async def test_one_call_unwraps_under_several_roots(service: KeyService) -> None:
    first = await service.create_root()
    old = await wrapped_under(service, first)
    new = await wrapped_under(service, await service.create_root())
    still_old = await wrapped_under(service, first)
    opened = await service.unwrap([(CONTEXT, old), (CONTEXT, new), (CONTEXT, still_old)])
    assert [key.reveal() for key in opened] == [KEY] * 3


async def test_nothing_to_wrap_is_nothing_wrapped(service: KeyService) -> None:
    version = await service.create_root()
    assert await service.wrap(version, []) == []
    assert await service.unwrap([]) == []


async def test_equal_keys_wrap_differently(service: KeyService) -> None:
    version = await service.create_root()
    wrapped = await service.wrap(version, [(CONTEXT, Secret(KEY))] * 3)
    assert len(set(wrapped)) == 3
    assert not any(KEY in blob for blob in wrapped)


async def test_another_context_opens_nothing(service: KeyService) -> None:
    wrapped = await wrapped_under(service, await service.create_root())
    with pytest.raises(BrokenSeal):
        await unwrapped(service, wrapped, b"hvelv/epoch/8")


async def test_no_context_is_a_callers_mistake(service: KeyService) -> None:
    version = await service.create_root()
    wrapped = await wrapped_under(service, version)
    with pytest.raises(ValueError, match="context"):
        await wrapped_under(service, version, b"")
    with pytest.raises(ValueError, match="context"):
        await unwrapped(service, wrapped, b"")


async def test_one_broken_item_opens_none_of_the_batch(service: KeyService) -> None:
    version = await service.create_root()
    good = [(b"%d" % n, await wrapped_under(service, version, b"%d" % n)) for n in range(3)]
    for bad in [(b"0", good[1][1]), (b"0", b""), (b"0", b"\xff" * 80), (b"0", good[0][1][:-1])]:
        with pytest.raises(BrokenSeal):
            await service.unwrap([*good, bad])


async def test_a_wrapped_key_with_any_byte_changed_is_refused(service: KeyService) -> None:
    wrapped = await wrapped_under(service, await service.create_root())
    for at in range(len(wrapped)):
        changed = b"!" if wrapped[at : at + 1] != b"!" else b"?"
        with pytest.raises(BrokenSeal):
            await unwrapped(service, wrapped[:at] + changed + wrapped[at + 1 :])


async def test_a_destroyed_root_opens_nothing_and_the_newer_ones_open(service: KeyService) -> None:
    versions = [await service.create_root() for _ in range(4)]
    wrapped = [await wrapped_under(service, version) for version in versions]
    await service.destroy_root(versions[1])
    for gone in wrapped[:2]:
        with pytest.raises(BrokenSeal):
            await unwrapped(service, gone)
    assert [await unwrapped(service, kept) for kept in wrapped[2:]] == [KEY, KEY]
    assert list(await service.versions()) == versions[2:]
    await service.check()


async def test_destroying_twice_or_an_older_one_again_changes_nothing(service: KeyService) -> None:
    versions = [await service.create_root() for _ in range(3)]
    await service.destroy_root(versions[1])
    await service.destroy_root(versions[1])
    await service.destroy_root(versions[0])
    assert list(await service.versions()) == versions[2:]


async def test_the_newest_root_is_not_destroyed(service: KeyService) -> None:
    version = await service.create_root()
    wrapped = await wrapped_under(service, version)
    for refused in (version, version + 1, version + 100):
        with pytest.raises(Misconfigured):
            await service.destroy_root(refused)
    assert await unwrapped(service, wrapped) == KEY


async def test_a_number_is_not_used_again_after_its_root_is_gone(service: KeyService) -> None:
    seen: list[int] = []
    for _ in range(4):
        seen.append(await service.create_root())
        if len(seen) > 1:
            await service.destroy_root(seen[-2])
    assert seen == sorted(set(seen))


async def test_a_root_that_never_was_or_is_gone_wraps_nothing(service: KeyService) -> None:
    old, new = await service.create_root(), await service.create_root()
    await service.destroy_root(old)
    for absent in (old, new + 1, new + 100):
        with pytest.raises(Misconfigured):
            await wrapped_under(service, absent)


async def test_calls_at_once_do_not_disturb_each_other(service: KeyService) -> None:
    version = await service.create_root()
    keys = [b"%032d" % n for n in range(16)]
    wrapped = await asyncio.gather(*(wrapped_under(service, version, b"c", key) for key in keys))
    opened = await asyncio.gather(*(unwrapped(service, blob, b"c") for blob in wrapped))
    assert opened == keys


async def test_another_client_of_the_same_service_opens_it_too(client: Callable[[], KeyService]) -> None:
    first, second = client(), client()
    wrapped = await wrapped_under(first, await first.create_root())
    assert await unwrapped(second, wrapped) == KEY
    await second.create_root()
    await second.destroy_root(int((await second.versions())[-2]))
    with pytest.raises(BrokenSeal):
        await unwrapped(first, wrapped)
