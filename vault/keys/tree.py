"""The key tree in a process: root, epochs, subject keys, data keys.

    root          in the key service, one version per epoch
      epoch key     opened at start by one call of the key service
        subject key   one per subject and generation
          data key      one per (subject, category, instance); the standing's own has category 0

Nothing here decides and nothing here is durable: rows come in, sealers go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from policies.model import SubjectId
from vault.address import Label, packer
from vault.crypto.aead import BROKEN, NONCE_BYTES, Entropy, Sealer, new_key
from vault.crypto.blind_index import BlindIndex, encrypt_tokens
from vault.crypto.wrap import unwrap_at, wrap_at
from vault.errors import BrokenSeal, Misconfigured, Unavailable
from vault.keys.cache import Cached, KeyCache
from vault.keys.epoch import LoadedEpoch, make_epoch, open_epochs, packed, wrap_audit
from vault.keys.service import KeyService
from vault.request import Secret
from vault.storage.engine import Database
from vault.storage.epochs import (
    FOUNDING_LOCK,
    EpochKeys,
    EpochRow,
    epoch_keys,
    hold_current_epoch,
    insert_audit_key,
    insert_epoch,
    live_epochs,
)
from vault.storage.rows import DataKeyRow, SubjectKeyRow, SubjectRow

STANDING_CATEGORY: Final = 0


_BIND_SUBJECT_KEY: Final = packer(Label.SUBJECT_KEY, 16, 4, 4)
_BIND_DATA_KEY: Final = packer(Label.DATA_KEY, 16, 16, 2, 16, 4)


def subject_key_place(subject: UUID, epoch: int, generation: int) -> bytes:
    """What a wrapped subject key is bound to."""
    return _BIND_SUBJECT_KEY(subject.bytes, packed(epoch), packed(generation))


def data_key_place(subject: UUID, row: DataKeyRow) -> bytes:
    """What a wrapped data key is bound to."""
    number = row.category.to_bytes(2, "big", signed=True)
    return _BIND_DATA_KEY(subject.bytes, row.id.bytes, number, row.instance.bytes, packed(row.generation))


class KeyTree:
    """The loaded epochs and the cache of opened keys. `load` before use, and again when an epoch changed."""

    def __init__(self, control: Database, service: KeyService, entropy: Entropy, clock: Callable[[], datetime]) -> None:
        self._control = control
        self._service = service
        self._entropy = entropy
        self._clock = clock
        self._epochs: dict[int, LoadedEpoch] = {}
        self._index: BlindIndex | None = None
        self.cache = KeyCache(clock)
        self.service_calls = 0

    # -- epochs ------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the live epochs and open them all with one call of the key service. Nothing changes when it fails.

        Raises:
            Misconfigured: there is no epoch yet; `found` makes the first.
        """
        async with self._control.connection() as connection:
            rows = [(row, await epoch_keys(connection, row.number)) for row in await live_epochs(connection)]
        if not rows:
            msg = "the vault has no keys yet; run `hvelv migrate`"
            raise Misconfigured(msg)
        await self._adopt(rows)

    async def _adopt(self, rows: Sequence[tuple[EpochRow, EpochKeys]]) -> None:
        self.service_calls += 1
        opened = await open_epochs(self._service, rows)
        self._epochs = {epoch.number: epoch for epoch in opened}
        self._index = BlindIndex(self.current.system["index"])
        self.cache.clear()

    async def found(self) -> None:
        """Make the first epoch unless there is one. Processes that start together take turns.

        A crash before the commit leaves a root version nobody uses, and the next start founds again.
        """
        async with self._control.transaction() as connection:
            await connection.execute("select pg_advisory_xact_lock($1)", FOUNDING_LOCK)
            if await live_epochs(connection):
                return
            root = await self._service.create_root()
            row, keys, _ = await make_epoch(self._service, 1, root, None, self._entropy)
            await insert_epoch(connection, row, keys, self._clock())

    @property
    def current(self) -> LoadedEpoch:
        """The epoch that new keys belong to, as far as this process knows."""
        if not self._epochs:
            msg = "no epoch is loaded"
            raise Unavailable(msg)
        return self._epochs[max(self._epochs)]

    @property
    def loaded(self) -> Sequence[LoadedEpoch]:
        """Every epoch that is open here, newest first."""
        return [self._epochs[number] for number in sorted(self._epochs, reverse=True)]

    # -- subject and data keys -----------------------------------------------------------------------------------------

    def subject_key(self, row: SubjectRow) -> Sealer:
        """The subject's key.

        Raises:
            BrokenSeal: the row was damaged or exchanged, or is in no epoch that is open here.
        """
        cached = self.cache.of(row.subject, row.generation)
        if cached.subject_key is None:
            cached.subject_key = Sealer(self.open_subject_key(row.subject, row.generation, row.subject_keys))
        return cached.subject_key

    def open_subject_key(self, subject: SubjectId, generation: int, rows: Sequence[SubjectKeyRow]) -> Secret[bytes]:
        """The key itself, from whichever loaded epoch has it."""
        for row in rows:
            epoch = self._epochs.get(row.epoch)
            if epoch is not None and row.generation == generation:
                return unwrap_at(epoch.sealer, row.wrapped, subject_key_place(subject, row.epoch, generation))
        raise BrokenSeal(BROKEN)

    def data_key(self, row: SubjectRow, key: UUID) -> Sealer:
        """One of the subject's data keys.

        Raises:
            BrokenSeal: no such key, or the row was damaged or exchanged.
        """
        return self.keys_of(row).data_key(key)

    def keys_of(self, row: SubjectRow) -> SubjectKeys:
        """All keys of one subject, opened as they are asked for."""
        return SubjectKeys(self, row, self.cache.of(row.subject, row.generation))

    def new_subject_key(self, subject: SubjectId, generation: int) -> tuple[Secret[bytes], SubjectKeyRow]:
        """A fresh subject key and its row in the current epoch."""
        key, epoch = new_key(self._entropy), self.current
        wrapped = wrap_at(epoch.sealer, key, self.nonce(), subject_key_place(subject, epoch.number, generation))
        return key, SubjectKeyRow(epoch.number, generation, wrapped)

    def new_data_key(
        self, subject: SubjectId, under: Sealer, *, category: int, instance: UUID, generation: int
    ) -> tuple[Sealer, DataKeyRow]:
        """A fresh data key and its row under the subject key."""
        key = new_key(self._entropy)
        row = DataKeyRow(UUID(bytes=self._entropy(16), version=4), category, instance, generation, b"")
        wrapped = wrap_at(under, key, self.nonce(), data_key_place(subject, row))
        return Sealer(key), DataKeyRow(row.id, category, instance, generation, wrapped)

    def nonce(self) -> bytes:
        """Twelve fresh random bytes."""
        return self._entropy(NONCE_BYTES)

    # -- keys of the house ---------------------------------------------------------------------------------------

    def system(self, name: str) -> Secret[bytes]:
        """One of the house's own keys."""
        return self.current.system[name]

    def stored_tokens(self, field: str, normalised: str) -> dict[int, bytes]:
        """How this value of this field is stored in the index of each loaded epoch."""
        if self._index is None:
            msg = "no epoch is loaded"
            raise Unavailable(msg)
        token = self._index.token(field, normalised)
        return {
            epoch.number: encrypt_tokens(epoch.system["index_tokens"], [token])[0] for epoch in self._epochs.values()
        }

    async def audit_key(self, month: date) -> Secret[bytes]:
        """The audit key of a month, made when the month begins.

        Two processes may make it at once: one row wins and both read it back.
        """
        while (key := self.current.audit.get(month)) is None:
            await self._begin_month(month)  # a roll may switch in between: then the new epoch begins the month
        return key

    async def _begin_month(self, month: date) -> None:
        async with self._control.transaction() as connection:
            number = await hold_current_epoch(connection)
            if number is not None and number == self.current.number:
                epoch = self.current
                wrapped = wrap_audit(epoch.sealer, number, month, new_key(self._entropy), self._entropy)
                await insert_audit_key(connection, number, month, wrapped)
        await self.load()


class SubjectKeys:
    """The keys of one subject as it was read; what is opened stays in the cache."""

    __slots__ = ("_row", "_tree", "cached")

    def __init__(self, tree: KeyTree, row: SubjectRow, cached: Cached) -> None:
        self._tree = tree
        self._row = row
        self.cached = cached

    def data_key(self, key: UUID) -> Sealer:
        """See `KeyTree.data_key`."""
        sealer = self.cached.data_keys.get(key)
        if sealer is None:
            stored = self._row.data_keys.get(key)
            if stored is None or stored.generation != self._row.generation:
                raise BrokenSeal(BROKEN)
            place = data_key_place(self._row.subject, stored)
            sealer = Sealer(unwrap_at(self._tree.subject_key(self._row), stored.wrapped, place))
            self.cached.data_keys[key] = sealer
        return sealer
