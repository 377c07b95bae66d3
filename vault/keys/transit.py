"""A key service in HashiCorp Vault or OpenBao: one key of the Transit engine, whose versions are the roots.

The key is made by whoever runs the server (`vault write -f transit/keys/hvelv derived=true`) and never leaves it. Every
request carries a `context`, from which the server derives the key it uses. `associated_data` is not used, since what
is wrapped with it cannot be rewrapped by the server. Destroying is rotating, raising the minimum versions and
trimming; snapshots of the server's own storage keep trimmed versions as long as they live, so the operations manual
bounds them like the control backups.

hvac is synchronous: each call runs in a thread and is given up after `timeout`. It also lets the errors of `requests`
through, which are `OSError`s. None of these errors is ever chained to ours: they keep the server's whole answer,
plaintexts of a batch included.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast, final
from urllib.parse import urlsplit

import hvac
from hvac import exceptions as answers

from vault.crypto.aead import BROKEN
from vault.errors import BrokenSeal, Misconfigured, Unavailable, VaultError
from vault.request import Secret

KEY_TYPE: Final = "aes256-gcm96"
_Item = Mapping[str, str | int]
_DOWN: Final = "the Transit server is down, sealed, throttling or too slow"
_PARTIAL: Final = "the Transit server did not answer in full"
_OTHER_KEY: Final = "`HVELV_TRANSIT_KEY` names a key that has no such root version, or is another installation's"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitSettings:
    """Where the key is.

    Attributes:
        address: URL of the server, `https` unless it is on this machine. Redirects are not followed, so it names an
            active node or a balancer that finds one.
        token: needs `read` on the key and `update` on its rotate, config, trim, encrypt and decrypt.
        mount: where the engine is mounted.
        key: name of the key.
        timeout_seconds: after which a call counts as unanswered.
        namespace: of the server, None where it has none.
        certificates: file of certificate authorities to trust; None for those of the system.
    """

    address: str
    token: Secret[str]
    mount: str = "transit"
    key: str = "hvelv"
    timeout_seconds: float = 5.0
    namespace: str | None = None
    certificates: str | None = None


class _Engine(Protocol):
    """The part of `hvac.api.secrets_engines.Transit` that is used here, with the types hvac does not declare."""

    def read_key(self, name: str, *, mount_point: str) -> object: ...

    def rotate_key(self, name: str, *, mount_point: str) -> object: ...

    def update_key_configuration(self, name: str, *, mount_point: str, **minimum: int) -> object: ...

    def trim_key(self, name: str, *, min_version: int, mount_point: str) -> object: ...

    def encrypt_data(self, name: str, *, batch_input: Sequence[_Item], mount_point: str) -> object: ...

    def decrypt_data(self, name: str, *, batch_input: Sequence[_Item], mount_point: str) -> object: ...


@final
class Transit:
    """`KeyService` over the Transit HTTP API.

    Raises:
        Misconfigured: the address is no URL of a server, or would carry keys over a network in clear.
    """

    def __init__(self, settings: TransitSettings) -> None:
        _check_address(settings.address)
        self._settings = settings
        client = hvac.Client(
            url=settings.address,
            token=settings.token.reveal(),
            timeout=settings.timeout_seconds,  # pyright: ignore[reportArgumentType] - `requests` takes fractions
            allow_redirects=False,  # would send token and keys to wherever an answer says
            namespace=settings.namespace,
            verify=settings.certificates or True,
        )
        client.session.trust_env = False  # no proxy, netrc or certificate from the environment
        self._engine = cast("_Engine", client.secrets.transit)

    async def check(self) -> None:
        """See `KeyService.check`. Refuses a key that could leave the server or that is not derived."""
        key = await self._read()
        for attribute, wanted, why in _ASSERTIONS:
            if key.get(attribute, False) != wanted:
                raise Misconfigured(f"the Transit key of `HVELV_TRANSIT_KEY` {why}: make another one")

    async def create_root(self) -> int:
        """See `KeyService.create_root`."""
        await self._call(lambda: self._engine.rotate_key(self._settings.key, mount_point=self._settings.mount))
        return _number(await self._read(), "latest_version")

    async def versions(self) -> Sequence[int]:
        """See `KeyService.versions`."""
        key = await self._read()
        return range(_oldest(key), _number(key, "latest_version") + 1)

    async def wrap(self, version: int, items: Sequence[tuple[bytes, Secret[bytes]]]) -> list[bytes]:
        """See `KeyService.wrap`. What is stored is the server's own form, `vault:v<version>:<base64>`."""
        batch: list[_Item] = [
            {"context": _context(context), "plaintext": _base64(plaintext.reveal()), "key_version": version}
            for context, plaintext in items
        ]
        if not batch:
            return []
        results = await self._batch(self._engine.encrypt_data, batch, "ciphertext", Misconfigured(_OTHER_KEY))
        prefix = f"vault:v{version}:"
        if not all(result.startswith(prefix) for result in results):
            raise Unavailable(_PARTIAL)
        return [result.encode() for result in results]

    async def unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        """See `KeyService.unwrap`. One request."""
        batch: list[_Item] = [
            {"context": _context(context), "ciphertext": _text(wrapped)} for context, wrapped in items
        ]
        if not batch:
            return []
        results = await self._batch(self._engine.decrypt_data, batch, "plaintext", BrokenSeal(BROKEN))
        try:
            return [Secret(b64decode(result, validate=True)) for result in results]
        except ValueError:
            failure = Unavailable(_PARTIAL)
        raise failure

    async def destroy_root(self, version: int) -> None:
        """See `KeyService.destroy_root`.

        A crash before the last request leaves versions that decrypt nothing, or not yet, and can be brought back by
        whoever configures the key; the trim of the repeated call removes them.
        """
        key = await self._read()
        keep = version + 1
        if keep > _number(key, "latest_version"):
            raise Misconfigured(_OTHER_KEY)
        if _oldest(key) >= keep:
            return
        # Encryption first: it may not stay below decryption. Two requests, since hvac refuses equal numbers in one.
        await self._configure(min_encryption_version=keep)
        await self._configure(min_decryption_version=keep)
        await self._call(
            lambda: self._engine.trim_key(self._settings.key, min_version=keep, mount_point=self._settings.mount)
        )

    async def _configure(self, **minimum: int) -> None:
        await self._call(
            lambda: self._engine.update_key_configuration(
                self._settings.key, mount_point=self._settings.mount, **minimum
            )
        )

    async def _read(self) -> Mapping[str, object]:
        answer = await self._call(lambda: self._engine.read_key(self._settings.key, mount_point=self._settings.mount))
        return _data(answer)

    async def _batch(
        self,
        operation: Callable[..., object],
        batch: Sequence[_Item],
        part: str,
        refused: VaultError,
    ) -> list[str]:
        """The `part` of every item's result, in order, or nothing."""
        answer = await self._call(
            lambda: operation(self._settings.key, batch_input=batch, mount_point=self._settings.mount), refused
        )
        results = _data(answer).get("batch_results")
        if not isinstance(results, list) or len(cast("list[object]", results)) != len(batch):
            raise Unavailable(_PARTIAL)
        parts: list[str] = []
        for result in cast("list[object]", results):
            found = cast("dict[str, object]", result) if isinstance(result, dict) else {}
            if found.get("error"):
                raise refused
            value = found.get(part)
            if not isinstance(value, str):
                raise Unavailable(_PARTIAL)
            parts.append(value)
        return parts

    async def _call(self, work: Callable[[], object], refused: VaultError | None = None) -> object:
        """The server's answer; `refused` is what a refusal of the request means."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), self._settings.timeout_seconds)
        except (answers.VaultError, OSError) as error:
            failure = _failure(error, refused)
        # raised here and not above, so that nothing of the server's answer stays behind as context
        raise failure


_ASSERTIONS: Final[Sequence[tuple[str, object, str]]] = (
    ("type", KEY_TYPE, f"is not of type `{KEY_TYPE}`"),
    ("derived", True, "is not derived"),
    ("exportable", False, "is exportable"),
    ("allow_plaintext_backup", False, "allows plaintext backup"),
    ("convergent_encryption", False, "is convergent"),
)


def _failure(error: Exception, refused: VaultError | None) -> VaultError:
    """What an error of hvac or `requests` means to the caller. `TimeoutError` is an `OSError`."""
    match error:
        case answers.InvalidPath():
            return Misconfigured(
                "no such Transit key: correct `HVELV_TRANSIT_MOUNT` or `HVELV_TRANSIT_KEY`, or make it"
            )
        case answers.Forbidden() | answers.Unauthorized():
            return Misconfigured("the Transit server refuses the token of `HVELV_TRANSIT_TOKEN`")
        case answers.InvalidRequest() if "encryption key not found" in (error.errors or ()):
            return Misconfigured("no such Transit key: correct `HVELV_TRANSIT_KEY`, or make it")
        case answers.InvalidRequest() if refused is not None:
            return refused
        case _:
            return Unavailable(_DOWN)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise Misconfigured("`HVELV_TRANSIT_ADDRESS` is not an `https` URL (`http` only for this machine)")


def _data(answer: object) -> Mapping[str, object]:
    """The `data` of an answer. hvac gives something else than a mapping for what is not JSON with status 200."""
    data: object = cast("dict[str, object]", answer).get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise Unavailable(_PARTIAL)
    return cast("dict[str, object]", data)


def _number(key: Mapping[str, object], attribute: str) -> int:
    value = key.get(attribute)
    if not isinstance(value, int):
        raise Unavailable(_PARTIAL)
    return value


def _oldest(key: Mapping[str, object]) -> int:
    """The oldest version that still opens. A key never trimmed says 0, a server that cannot tell says nothing."""
    available = key.get("min_available_version")
    return max(1, available if isinstance(available, int) else 0)


def _context(context: bytes) -> str:
    if not context:
        raise ValueError("a context is not empty")
    return _base64(context)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _text(wrapped: bytes) -> str:
    """What was stored; bytes that never came from the server become text that it refuses."""
    return wrapped.decode("ascii", "replace")
