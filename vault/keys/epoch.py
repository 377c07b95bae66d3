"""An epoch in memory: its key opened by the key service, and what lies directly under it.

Under an epoch key lie the subject keys and, for the whole house, these (each wrapped again at every roll):

    index        turns indexed values into tokens; lives on, so that look-ups survive a roll
    index_tokens encrypts the tokens of this epoch; a new one at each roll, so that an old copy's tokens tell nothing
    idempotency  hashes request keys and bodies; lives on
    signing      signs what the ledger publishes; lives on
    inbox        private half of the epoch's inbox pair; a new one at each roll
    audit        one per month; lives on until the audit retention destroys it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from vault.address import Label
from vault.crypto.aead import NONCE_BYTES, Entropy, Sealer, new_key
from vault.crypto.inbox_box import generate_pair
from vault.crypto.wrap import unwrap, wrap
from vault.keys.service import KeyService
from vault.request import Secret
from vault.storage.epochs import CURRENT, EpochKeys, EpochRow

SYSTEM_LABELS: Final[Mapping[str, Label]] = {
    "index": Label.INDEX_KEY,
    "index_tokens": Label.INDEX_KEY,
    "idempotency": Label.IDEMPOTENCY_KEY,
    "signing": Label.SIGNING_KEY,
    "inbox": Label.INBOX_KEY,
}
FRESH: Final = frozenset({"index_tokens", "inbox"})


@dataclass(frozen=True, slots=True, repr=False)
class LoadedEpoch:
    """Does not print."""

    number: int
    root_version: int
    sealer: Sealer
    system: Mapping[str, Secret[bytes]]
    audit: Mapping[date, Secret[bytes]]
    inbox_public: bytes


def context(number: int) -> bytes:
    """What an epoch key is bound to in the key service."""
    return b"hvelv/epoch/" + str(number).encode()


def packed(number: int) -> bytes:
    """An epoch, generation or event number as a part of associated data. Signed: a damaged row gives a wrong one."""
    return number.to_bytes(4, "big", signed=True)


def _system_parts(number: int, name: str) -> tuple[bytes, bytes]:
    return packed(number), name.encode()


def wrap_audit(sealer: Sealer, number: int, month: date, key: Secret[bytes], entropy: Entropy) -> bytes:
    """A month's audit key under the epoch key."""
    return wrap(sealer, key, entropy(NONCE_BYTES), Label.AUDIT_KEY, packed(number), month.isoformat().encode())


async def open_epochs(service: KeyService, rows: Sequence[tuple[EpochRow, EpochKeys]]) -> list[LoadedEpoch]:
    """Open all these epochs with one call of the key service.

    Raises:
        Unavailable: the service does not answer, or answered part of it: nothing is opened.
        BrokenSeal: a row was damaged or exchanged.
    """
    keys = await service.unwrap([(context(row.number), row.wrapped) for row, _ in rows])
    return [_open_one(row, wrapped, key) for (row, wrapped), key in zip(rows, keys, strict=True)]


def _open_one(row: EpochRow, wrapped: EpochKeys, key: Secret[bytes]) -> LoadedEpoch:
    sealer = Sealer(key)
    system = {
        name: unwrap(sealer, sealed, SYSTEM_LABELS[name], *_system_parts(row.number, name))
        for name, sealed in wrapped.system.items()
    }
    audit = {
        month: unwrap(sealer, sealed, Label.AUDIT_KEY, packed(row.number), month.isoformat().encode())
        for month, sealed in wrapped.audit.items()
    }
    return LoadedEpoch(row.number, row.root_version, sealer, system, audit, row.inbox_public)


async def make_epoch(
    service: KeyService, number: int, root_version: int, previous: LoadedEpoch | None, entropy: Entropy
) -> tuple[EpochRow, EpochKeys, LoadedEpoch]:
    """A new epoch: fresh key, index-token key and inbox pair; everything that lives on taken from `previous`.

    Nothing is stored here. A crash leaves a root version that nobody uses.
    """
    key, pair = new_key(entropy), generate_pair(entropy)
    sealer = Sealer(key)
    system = {name: _system_key(name, previous, pair.private, entropy) for name in SYSTEM_LABELS}
    audit = dict(previous.audit) if previous else {}
    (wrapped,) = await service.wrap(root_version, [(context(number), key)])
    keys = EpochKeys(
        {
            name: wrap(sealer, secret, entropy(NONCE_BYTES), SYSTEM_LABELS[name], *_system_parts(number, name))
            for name, secret in system.items()
        },
        {month: wrap_audit(sealer, number, month, secret, entropy) for month, secret in audit.items()},
    )
    row = EpochRow(number, CURRENT, root_version, wrapped, pair.public)
    return row, keys, LoadedEpoch(number, root_version, sealer, system, audit, pair.public)


def _system_key(name: str, previous: LoadedEpoch | None, inbox: Secret[bytes], entropy: Entropy) -> Secret[bytes]:
    if name == "inbox":
        return inbox
    return new_key(entropy) if previous is None or name in FRESH else previous.system[name]
