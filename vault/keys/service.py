"""The key service: where the roots live, outside both databases.

A root has versions, one per epoch. Whoever holds a version opens that epoch; once it is destroyed nobody does, which
is what makes an erasure final. Nothing but wrapping leaves a key service: root versions are never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vault.request import Secret


class KeyService(Protocol):
    """Wraps and unwraps under versioned roots.

    Calls may run at once, from several tasks and processes. None is retried in here.

    Every call may raise:
        Unavailable: down, slow, sealed, throttled, or it answered part of a batch. Safe to send again: `wrap`,
            `unwrap`, `versions` and `check` change nothing, `destroy_root` is idempotent, and a `create_root` sent
            again leaves at most one version that nobody uses.
        Misconfigured: the service answers but cannot serve this installation; the message names the setting to mend.
    Beside these, `unwrap` alone raises `BrokenSeal`.
    """

    async def check(self) -> None:
        """Return if the service can be used and keeps its keys to itself; what a crash left half done is finished.

        Called at every start, before anything else.
        """
        ...

    async def create_root(self) -> int:
        """Make a new root version and return its number, greater than every earlier one. Numbers are never reused.

        On return the version is durable: it opens after a power cut. A crash in between leaves either no version or
        one that nobody uses. Two of these at once make two versions; the caller holds a lock that prevents it.
        """
        ...

    async def versions(self) -> Sequence[int]:
        """Numbers of the versions that exist now, ascending."""
        ...

    async def wrap(self, version: int, items: Sequence[tuple[bytes, Secret[bytes]]]) -> list[bytes]:
        """Wrap each `(context, plaintext)` under root `version`, in order. All or nothing.

        The context is bound to the result and needed to unwrap it; it is no secret. Must not be empty. The result
        carries the version; equal plaintexts give different results.

        Raises:
            Misconfigured: the service has no such version: this is not the installation's key service.
        """
        ...

    async def unwrap(self, items: Sequence[tuple[bytes, bytes]]) -> list[Secret[bytes]]:
        """Unwrap each `(context, wrapped)`, in order, in ONE call to the service. All or nothing.

        Raises:
            BrokenSeal: at least one is damaged, has another context, or its root version is destroyed or never was.
        """
        ...

    async def destroy_root(self, version: int) -> None:
        """Destroy `version` and every older one. On return none of them opens anything again, after a power cut either.

        Idempotent. What raised may have destroyed some of them; send it again.

        Raises:
            Misconfigured: `version` is the newest or newer: destroying it would lose what is in use.
        """
        ...
