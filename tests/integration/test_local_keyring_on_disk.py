"""The local keyring's directory: what it refuses, and what a crash at each step leaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from vault.errors import BrokenSeal, Misconfigured, Unavailable
from vault.keys.local_keyring import LocalKeyring
from vault.request import Secret

CONTEXT = b"hvelv/epoch/7"
KEY = bytes(range(32))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "keyring"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def keyring(directory: Path) -> LocalKeyring:
    return LocalKeyring(directory, os.urandom)


async def wrapped_under(keyring: LocalKeyring, version: int) -> bytes:
    return (await keyring.wrap(version, [(CONTEXT, Secret(KEY))]))[0]


async def every_call_is_refused(keyring: LocalKeyring, why: str) -> None:
    for call in (
        keyring.check(),
        keyring.create_root(),
        keyring.versions(),
        keyring.wrap(1, [(CONTEXT, Secret(KEY))]),
        keyring.unwrap([(CONTEXT, bytes(69))]),
        keyring.destroy_root(1),
    ):
        with pytest.raises(Misconfigured, match=why) as caught:
            await call
        assert "HVELV_KEYRING_DIR" in str(caught.value)


async def test_a_missing_directory_is_refused_and_not_made(tmp_path: Path) -> None:
    await every_call_is_refused(LocalKeyring(tmp_path / "missing", os.urandom), "does not exist")
    assert not (tmp_path / "missing").exists()


async def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    await every_call_is_refused(LocalKeyring(tmp_path / "file", os.urandom), "not a directory")


async def test_a_link_to_a_directory_is_refused(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "link").symlink_to(directory)
    await every_call_is_refused(LocalKeyring(tmp_path / "link", os.urandom), "link")


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o710, 0o701, 0o777])
async def test_a_directory_open_to_others_is_refused(directory: Path, keyring: LocalKeyring, mode: int) -> None:
    directory.chmod(mode)
    await every_call_is_refused(keyring, "chmod 0700")


async def test_somebody_elses_directory_is_refused(keyring: LocalKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    await every_call_is_refused(keyring, "chown")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
async def test_a_root_open_to_others_is_refused(directory: Path, keyring: LocalKeyring, mode: int) -> None:
    version = await keyring.create_root()
    wrapped = await wrapped_under(keyring, version)
    (directory / "root-0000000001.key").chmod(mode)
    for call in (keyring.check(), keyring.wrap(1, [(CONTEXT, Secret(KEY))]), keyring.unwrap([(CONTEXT, wrapped)])):
        with pytest.raises(Misconfigured, match="chmod 0600"):
            await call


async def test_a_link_in_place_of_a_root_is_refused(tmp_path: Path, directory: Path, keyring: LocalKeyring) -> None:
    await keyring.create_root()
    root = directory / "root-0000000001.key"
    root.rename(tmp_path / "elsewhere")
    root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="is a link"):
        await keyring.check()


HEADER = b"hvelvrt\x01" + (1).to_bytes(8)
DAMAGED = [
    b"",
    HEADER + bytes(31),
    HEADER + bytes(33),
    b"x" + HEADER[1:] + bytes(32),
    HEADER[:8] + (2).to_bytes(8) + bytes(32),
]


@pytest.mark.parametrize("content", DAMAGED)
async def test_a_damaged_root_is_refused_at_the_start(directory: Path, keyring: LocalKeyring, content: bytes) -> None:
    await keyring.create_root()
    root = directory / "root-0000000001.key"
    root.write_bytes(content)
    with pytest.raises(Misconfigured, match="damaged"):
        await keyring.check()


async def test_a_root_that_cannot_be_read_is_unavailable(directory: Path, keyring: LocalKeyring) -> None:
    await keyring.create_root()
    root = directory / "root-0000000001.key"
    root.unlink()
    root.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match="does not answer"):
        await keyring.check()


async def test_files_of_other_names_are_left_alone(directory: Path, keyring: LocalKeyring) -> None:
    for name in ("README", "root-1.key", "root-000000000x.key"):
        (directory / name).write_text("not a root")
    assert await keyring.create_root() == 1
    await keyring.check()
    assert {path.name for path in directory.iterdir()} >= {"README", "root-1.key", "root-000000000x.key"}


async def test_roots_are_readable_by_their_owner_alone_whatever_the_umask(
    directory: Path, keyring: LocalKeyring
) -> None:
    before = os.umask(0)
    try:
        await keyring.create_root()
    finally:
        os.umask(before)
    assert (directory / "root-0000000001.key").stat().st_mode & 0o777 == 0o600


async def test_a_destroyed_root_is_overwritten_before_it_is_removed(
    directory: Path, keyring: LocalKeyring, tmp_path: Path
) -> None:
    """A second name for the same file shows what became of its bytes."""
    old, _ = await keyring.create_root(), await keyring.create_root()
    witness = tmp_path / "witness"
    witness.hardlink_to(directory / f"root-{old:010}.key")
    await keyring.destroy_root(old)
    assert witness.read_bytes() == bytes(48)


class Crash(BaseException):
    """The process dies here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Let the calls that change the disk fail from the `step`-th on, counted from 0; returns what was reached."""
    reached: list[str] = []

    def guarded(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            reached.append(name)
            if len(reached) > step:
                raise Crash
            return original(*arguments, **named)

        return call

    monkeypatch.setattr(os, "fsync", guarded("fsync", os.fsync))
    for name in ("rename", "unlink"):
        monkeypatch.setattr(Path, name, guarded(name, getattr(Path, name)))
    return reached


CREATING = ["fsync", "fsync", "rename", "fsync"]
DESTROYING_TWO = ["fsync", "rename", "rename", "fsync", "fsync", "unlink", "fsync", "unlink", "fsync"]


async def attempt(step: int, call: Awaitable[object]) -> tuple[bool, list[str]]:
    """Whether the work was done before the crash, and the steps reached."""
    with pytest.MonkeyPatch.context() as patch:
        reached = crash_at(patch, step)
        try:
            await call
        except Crash:
            return False, reached
    return True, reached


@pytest.mark.parametrize("step", range(len(CREATING) + 1))
async def test_a_crash_while_creating_leaves_what_was_and_at_most_a_version_nobody_uses(
    directory: Path, keyring: LocalKeyring, step: int
) -> None:
    first = await keyring.create_root()
    wrapped = await wrapped_under(keyring, first)
    done, reached = await attempt(step, keyring.create_root())
    assert reached == CREATING[: step + 1]
    assert done is (step == len(CREATING))
    restarted = LocalKeyring(directory, os.urandom)
    await restarted.check()
    assert not list(directory.glob("*.new"))
    assert (await restarted.unwrap([(CONTEXT, wrapped)]))[0].reveal() == KEY
    found = await restarted.versions()
    assert list(found) in ([1], [1, 2])
    assert await restarted.create_root() == max(found) + 1


@pytest.mark.parametrize("step", range(len(DESTROYING_TWO) + 1))
async def test_a_crash_while_destroying_is_finished_by_the_next_start_or_call(
    directory: Path, keyring: LocalKeyring, step: int
) -> None:
    versions = [await keyring.create_root() for _ in range(3)]
    wrapped = [await wrapped_under(keyring, version) for version in versions]
    done, reached = await attempt(step, keyring.destroy_root(versions[1]))
    assert reached == DESTROYING_TWO[: step + 1]
    assert done is (step == len(DESTROYING_TWO))
    restarted = LocalKeyring(directory, os.urandom)
    await restarted.check()
    assert not list(directory.glob("*.dead"))
    await restarted.destroy_root(versions[1])
    assert list(await restarted.versions()) == versions[2:]
    for gone in wrapped[:2]:
        with pytest.raises(BrokenSeal):
            await restarted.unwrap([(CONTEXT, gone)])
    assert (await restarted.unwrap([(CONTEXT, wrapped[2])]))[0].reveal() == KEY


async def test_a_root_half_destroyed_opens_nothing_even_before_it_is_cleared_away(
    directory: Path, keyring: LocalKeyring
) -> None:
    old, _ = await keyring.create_root(), await keyring.create_root()
    wrapped = await wrapped_under(keyring, old)
    await attempt(2, keyring.destroy_root(old))
    assert list(directory.glob("*.dead"))
    with pytest.raises(BrokenSeal):
        await keyring.unwrap([(CONTEXT, wrapped)])


async def test_two_keyrings_creating_at_once_never_share_a_version(directory: Path) -> None:
    rings = [LocalKeyring(directory, os.urandom) for _ in range(8)]
    made = await asyncio.gather(*(ring.create_root() for ring in rings for _ in range(4)))
    assert sorted(made) == list(range(1, 33))
