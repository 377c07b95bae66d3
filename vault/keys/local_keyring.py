"""A key service in a directory: one file per root version, for one machine and for development.

The directory belongs to the process's user and has mode 0700; it should lie on another disk than the databases and in
none of their backups, since a copy of both opens everything. A file is named `root-<version, ten digits>.key`, has mode
0600 and holds

    offset  bytes
    0       8     `hvelvrt` and 0x01
    8       8     version, big-endian
    16      32    the root

and what it wraps is

    offset  bytes
    0       1     form, 0x01
    1       8     version, big-endian
    9       12    nonce
    21      n     AES-256-GCM ciphertext, under HKDF-SHA-256(root, context)
    21+n    16    tag

Two other names occur for a moment and are cleared away by the next change or check: `.new` was not finished being
written (nothing is wrapped under it yet), `.dead` was about to be destroyed (nothing may be opened with it any more).
Changes hold a lock on the directory, which the operating system drops if the process dies.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar, final

from vault.address import Label, associated
from vault.crypto.aead import BROKEN, KEY_BYTES, NONCE_BYTES, TAG_BYTES, Entropy, Sealer, new_key
from vault.crypto.derive import derive_key
from vault.errors import BrokenSeal, Misconfigured, Unavailable
from vault.request import Secret

T = TypeVar("T")
_MAGIC: Final = b"hvelvrt\x01"
_FORM: Final = b"\x01"
_NONCE_AT: Final = 9
_CIPHERTEXT_AT: Final = _NONCE_AT + NONCE_BYTES
_FILE_BYTES: Final = len(_MAGIC) + 8 + KEY_BYTES
_FILES: Final = f"root-{'[0-9]' * 10}.key"


@final
class LocalKeyring:
    """`KeyService` over a directory. File work is done in a thread.

    Args:
        directory: made by whoever installs and never here, so that a mistyped path is not taken for an empty keyring.
        entropy: the operating system's randomness.
    """

    def __init__(self, directory: Path, entropy: Entropy) -> None:
        self._directory = directory
        self._entropy = entropy

    async def check(self) -> None:
        """See `KeyService.check`. Also refuses other people's access, links, foreign owners and damaged files."""
        await self._in_thread(self._check)

    async def create_root(self) -> int:
        """See `KeyService.create_root`."""
        return await self._in_thread(self._create_root)

    async def versions(self) -> Sequence[int]:
        """See `KeyService.versions`."""
        return await self._in_thread(self._versions)

    async def wrap(self, version: int, items: Sequence[tuple[bytes, Secret[bytes]]]) -> list[bytes]:
        """See `KeyService.wrap`."""
        return await self._in_thread(lambda: self._wrap(version, items))

    async def unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        """See `KeyService.unwrap`. One file is read per root version that occurs."""
        return await self._in_thread(lambda: self._unwrap(items))

    async def destroy_root(self, version: int) -> None:
        """See `KeyService.destroy_root`.

        A file is overwritten before it is removed. On a solid-state disk, a journalling or a copy-on-write file system
        the old blocks may survive that until they are reclaimed: there the disk itself must be encrypted, or the
        roots belong in a key service made for it.
        """
        await self._in_thread(lambda: self._destroy_root(version))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise Unavailable(f"the keyring directory does not answer: {type(error).__name__}") from error

    def _check(self) -> None:
        with self._locked():
            for version in self._versions():
                self._read_root(version)

    def _create_root(self) -> int:
        with self._locked():
            version = max(self._versions(), default=0) + 1
            unfinished = self._directory / f"root-{version:010}.new"
            content = _MAGIC + version.to_bytes(8) + new_key(self._entropy).reveal()
            _write_new(unfinished, content)
            # Crash before this line: a `.new` file, cleared away later. After it: the version exists and is whole;
            # durable once the directory is, which every later change or check sees to as well.
            unfinished.rename(self._path(version))
            _sync(self._directory)
            return version

    def _versions(self) -> list[int]:
        self._check_directory()
        return sorted(int(path.stem.removeprefix("root-")) for path in self._directory.glob(_FILES))

    def _wrap(self, version: int, items: Sequence[tuple[bytes, Secret[bytes]]]) -> list[bytes]:
        self._check_directory()
        try:
            root = self._read_root(version)
        except FileNotFoundError as error:
            raise Misconfigured(f"{self._name()} has no root version {version}") from error
        wrapped: list[bytes] = []
        for context, plaintext in items:
            header = _FORM + version.to_bytes(8)
            nonce = self._entropy(NONCE_BYTES)
            sealer, aad = _bound(root, header, context)
            wrapped.append(header + nonce + sealer.seal(nonce, plaintext.reveal(), aad))
        return wrapped

    def _unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        self._check_directory()
        roots: dict[int, Secret[bytes]] = {}
        opened: list[Secret[bytes]] = []
        for context, wrapped in items:
            header = wrapped[:_NONCE_AT]
            if len(wrapped) < _CIPHERTEXT_AT + TAG_BYTES or header[:1] != _FORM:
                raise BrokenSeal(BROKEN)
            version = int.from_bytes(header[1:])
            if version not in roots:
                roots[version] = self._read_known_root(version)
            sealer, aad = _bound(roots[version], header, context)
            opened.append(Secret(sealer.open(wrapped[_NONCE_AT:_CIPHERTEXT_AT], wrapped[_CIPHERTEXT_AT:], aad)))
        return opened

    def _destroy_root(self, version: int) -> None:
        with self._locked():
            versions = self._versions()
            if version >= max(versions, default=0):
                raise Misconfigured(f"{self._name()} has no root version after {version}, so it is not destroyed")
            for old in versions:
                if old <= version:
                    # From here on nobody opens with it; a crash leaves a `.dead` file, and the next call finishes.
                    self._path(old).rename(self._path(old).with_suffix(".dead"))
            _sync(self._directory)
            self._clear()

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Alone among all processes, with everything cleared away that a crash left."""
        self._check_directory()
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._clear()
            yield
        finally:
            os.close(descriptor)

    def _clear(self) -> None:
        for pattern in ("root-*.new", "root-*.dead"):
            for path in sorted(self._directory.glob(pattern)):
                _destroy(path)
        _sync(self._directory)

    def _check_directory(self) -> None:
        try:
            found = self._directory.lstat()
        except FileNotFoundError as error:
            raise Misconfigured(f"{self._name()} does not exist: make it with mode 0700, or correct it") from error
        if not stat.S_ISDIR(found.st_mode):
            raise Misconfigured(f"{self._name()} is not a directory (a link to one is refused too)")
        self._check_access(found, "the directory", "0700")

    def _check_access(self, found: os.stat_result, what: str, mode: str) -> None:
        if found.st_uid != os.geteuid():
            raise Misconfigured(f"{self._name()}: {what} belongs to another user: `chown` it to the one that runs this")
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Misconfigured(f"{self._name()}: others may read {what}: `chmod {mode}` it")

    def _read_known_root(self, version: int) -> Secret[bytes]:
        try:
            return self._read_root(version)
        except FileNotFoundError:
            raise BrokenSeal(BROKEN) from None

    def _read_root(self, version: int) -> Secret[bytes]:
        try:
            descriptor = os.open(self._path(version), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            if self._path(version).is_symlink():
                raise Misconfigured(f"{self._name()}: root version {version} is a link, not a file") from error
            raise
        with os.fdopen(descriptor, "rb") as file:
            self._check_access(os.fstat(descriptor), f"root version {version}", "0600")
            content = file.read(_FILE_BYTES + 1)
        if len(content) != _FILE_BYTES or content[:-KEY_BYTES] != _MAGIC + version.to_bytes(8):
            raise Misconfigured(f"{self._name()}: root version {version} is damaged: restore the file")
        return Secret(content[-KEY_BYTES:])

    def _path(self, version: int) -> Path:
        return self._directory / f"root-{version:010}.key"

    def _name(self) -> str:
        return "the keyring directory (`HVELV_KEYRING_DIR`)"


def _bound(root: Secret[bytes], header: bytes, context: bytes) -> tuple[Sealer, bytes]:
    if not context:
        raise ValueError("a context is not empty")
    return Sealer(derive_key(root, Label.ROOT_CONTEXT, context)), associated(Label.EPOCH_KEY, header, context)


def _write_new(path: Path, content: bytes) -> None:
    # O_EXCL: an existing file, or a link somebody put there, is never written through
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _destroy(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(max(_FILE_BYTES, os.fstat(descriptor).st_size)))
        file.flush()
        os.fsync(descriptor)
    path.unlink()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
