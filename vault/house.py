"""What every door of one process shares. Made once by the composition root, closed with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from policies.codec import from_bytes
from policies.model import PolicySet, Principal, SubjectId
from policies.standing import Standing
from policies.values import NationalIds, ValueRules
from vault.address import Label
from vault.crypto.aead import Entropy
from vault.crypto.documents import open_document
from vault.errors import BrokenSeal, TokenRefused
from vault.keys.service import KeyService
from vault.keys.tree import KeyTree, SubjectKeys
from vault.ledger.book import OSLO, Book
from vault.ledger.committer import Committer
from vault.storage.engine import Database
from vault.storage.epochs import CHANGED, DROPPED, EPOCH_LOCK
from vault.storage.rows import SubjectRow, fast_id, fetch_subjects

ROUNDS: Final = 12
NO_SUMS: Final[Mapping[str, str]] = MappingProxyType({})
RELISTEN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A live subject with its standing open."""

    row: SubjectRow
    standing: Standing
    keys: SubjectKeys


def version_part(version: int) -> bytes:
    """A standing version as a part of associated data."""
    return version.to_bytes(8, "big", signed=True)


class House:
    """Policy, databases, keys and ledger of one process.

    `group=False` records every opening on its own; it is there to be measured. `sums` says of each fine series which
    field takes its monthly sums when a retention rule coarsens it.
    """

    def __init__(  # noqa: PLR0913  (each is a part of the house)
        self,
        *,
        policy: PolicySet,
        control: Database,
        contents: Database,
        key_service: KeyService,
        clock: Callable[[], datetime],
        entropy: Entropy,
        national_ids: NationalIds,
        group: bool = True,
        sums: Mapping[str, str] = NO_SUMS,
    ) -> None:
        self.policy = policy
        self.control = control
        self.contents = contents
        self.key_service = key_service
        self.clock = clock
        self.entropy = entropy
        self.keys = KeyTree(control, key_service, entropy, clock)
        self.book = Book(policy, self.keys, clock, entropy)
        self.committer = Committer(control, clock, group=group)
        self.sums = sums
        self._national_ids = national_ids
        self._listener: asyncio.Task[None] | None = None
        self._held: Any = None
        self._reloading = asyncio.Lock()

    async def found(self) -> None:
        """Make the first epoch if the vault has none. Part of installing; harmless when repeated or done twice at once.

        Raises:
            Misconfigured: the key service, the database or its schema cannot be used as it is.
            Unavailable: one of them does not answer now.
        """
        await self.key_service.check()
        await self.control.open_pool()
        try:
            await self.keys.found()
        finally:
            await self.control.close()

    async def start(self) -> None:
        """Check the key service, connect, open the epochs with one call, begin to listen and to record.

        Raises:
            Misconfigured: the key service, a database or the schema cannot be used as it is; says what to do.
            Unavailable: one of them does not answer now.
        """
        await self.key_service.check()
        await self.control.open_pool()
        await self.contents.open_pool()
        await self.keys.load()
        await self._hold_epochs()
        self.committer.start()
        self._listener = asyncio.create_task(self._listen(), name="hvelv notifications")

    async def stop(self) -> None:
        """Stop recording, give the epochs back, close the pools. Harmless twice."""
        await self.committer.stop()
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None
        await self._release()
        self.keys.cache.clear()
        await self.control.close()
        await self.contents.close()

    # -- epochs and notifications ----------------------------------------------------------------------------------

    async def reload(self) -> None:
        """Open the epochs there are now, and let go of those that are gone. One at a time: the later one saw more."""
        async with self._reloading:
            await self.keys.load()
            await self._hold_epochs()

    async def keep_step(self) -> None:
        """Open the current epoch if this process has missed that it changed: an index is searched by its tokens."""
        number = await self.control.fetchrow("select number from epoch where state = 'current'")
        if number is None or number[0] != self.keys.current.number:
            await self.reload()

    async def _hold_epochs(self) -> None:
        """Hold a shared lock per loaded epoch, so that a roll waits for this process before it destroys."""
        fresh = await self.control.dedicated()
        for epoch in self.keys.loaded:
            await fresh.execute("select pg_advisory_lock_shared($1, $2)", EPOCH_LOCK, epoch.number)
        await self._release()
        self._held = fresh

    async def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with suppress(Exception):  # the server may be gone, and the locks with it
                await held.close(timeout=2)

    async def _listen(self) -> None:
        """Drop cached keys when told to; while nobody can tell us anything, remember nothing."""
        again = False
        while True:
            with suppress(Exception):  # a lost connection: listen again; openings report the outage themselves
                await self._listen_once(again=again)
            again = True
            self.keys.cache.clear()
            await asyncio.sleep(RELISTEN_SECONDS)

    async def _listen_once(self, *, again: bool) -> None:
        connection, changed = await self.control.dedicated(), asyncio.Event()

        def drop(_connection: object, _pid: int, _channel: str, subject: object) -> None:
            self.keys.cache.drop(SubjectId(UUID(str(subject))))

        def wake(*_: object) -> None:
            changed.set()

        try:
            connection.add_termination_listener(wake)
            await connection.add_listener(DROPPED, drop)
            await connection.add_listener(CHANGED, wake)
            if again:  # what was said meanwhile was not heard, and the locks on the epochs went with the connection
                await self.reload()
            while not connection.is_closed():
                await changed.wait()
                changed.clear()
                if not connection.is_closed():
                    await self.reload()
        finally:
            await connection.close(timeout=2)

    # -- reading what is needed to decide ------------------------------------------------------------------------------

    async def subjects(self, subjects: Sequence[SubjectId], *, heads: bool = True) -> dict[SubjectId, SubjectRow]:
        """Rows of the live ones among these. An epoch that is not open here yet is opened first."""
        async with self.control.connection() as connection:
            rows = await fetch_subjects(connection, subjects, heads=heads)
        known = {epoch.number for epoch in self.keys.loaded}
        # a row without any key was set aside by a roll: there is nothing to open it with
        if all(known.intersection(k.epoch for k in row.subject_keys) for row in rows.values() if row.subject_keys):
            return rows
        await self.reload()
        async with self.control.connection() as connection:
            return await fetch_subjects(connection, subjects, heads=heads)

    async def erased(self, subjects: Sequence[SubjectId]) -> bool:
        """Whether one of these was erased as a whole."""
        if not subjects:
            return False
        query = "select from tombstone where subject = any($1::uuid[]) and whole limit 1"
        return await self.control.fetchrow(query, list(subjects)) is not None

    def standing(self, row: SubjectRow) -> Loaded:
        """The subject with its standing open.

        Raises:
            BrokenSeal: the standing, its version or its key was changed in the database.
        """
        keys = self.keys.keys_of(row)
        known = keys.cached.standing
        if known is not None and known[0] == row.version and known[1] == row.standing:
            return Loaded(row, known[2], keys)
        parts = (row.subject.bytes, version_part(row.version))
        plain = open_document(keys.data_key(row.standing_key), Label.STANDING, parts, row.standing)
        standing = from_bytes(plain, fast_id)
        if standing.subject != row.subject:
            raise BrokenSeal("a standing names another subject")
        keys.cached.standing = row.version, row.standing, standing
        keys.cached.weighed.clear()  # it was weighed on other bytes, should two of them ever bear one version
        return Loaded(row, standing, keys)

    async def token_is_live(self, who: Principal) -> None:
        """Return if the principal's token can still be used.

        Raises:
            TokenRefused: revoked, expired or gone.
        """
        if not who.token.int:
            return  # the house itself
        live = await self.control.fetchrow(
            "select from token where id = $1 and revoked_at is null and expires_at > $2", who.token, self.clock()
        )
        if live is None:
            msg = "the token is not live"
            raise TokenRefused(msg)

    def value_rules(self) -> ValueRules:
        """How values are parsed today."""
        return ValueRules(self._national_ids, self.clock().astimezone(OSLO).date())
