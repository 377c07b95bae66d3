"""Proof of an erasure: what became of which field, sealed under the month's audit key, which outlives the subject.

The status is never stored. A receipt is `pending` while an epoch lives in which the erased keys were alive, because an
old copy of the database and that epoch's key together could still open them; it is `erased` once the roll destroyed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import cbor2

from policies.model import PolicySet, SubjectId
from vault.address import Label
from vault.crypto.aead import Sealer
from vault.crypto.documents import open_document, seal_document
from vault.errors import Unknown
from vault.house import House
from vault.killing import Victim
from vault.ledger.book import month_of
from vault.request import Fate, FieldFate, Receipt, ReceiptStatus
from vault.storage.writing import TombstoneRow

COLUMNS: Final = (
    "select t.id, t.subject, t.at, t.month, t.sealed, exists("
    "select from epoch e where e.number <= t.epoch and e.state <> 'destroyed') as pending from tombstone t"
)


def died(policy: PolicySet, victims: Iterable[Victim]) -> tuple[FieldFate, ...]:
    """The fate `erased` for every field of these categories."""
    categories = {victim.category for victim in victims}
    return tuple(
        FieldFate(field.name, Fate.ERASED, None, None, None)
        for field in policy.fields.values()
        if field.category in categories
    )


async def tombstone(house: House, subject: SubjectId, fates: Sequence[FieldFate], *, whole: bool) -> TombstoneRow:
    """The row that proves an erasure."""
    now = house.clock()
    month, number = month_of(now), UUID(bytes=house.entropy(16), version=4)
    sealer = Sealer(await house.keys.audit_key(month))
    plain = cbor2.dumps(
        [[f.field, f.fate.value, f.rule, f.law, f.until.isoformat() if f.until else None] for f in fates],
        canonical=True,
    )
    sealed = seal_document(sealer, Label.RECEIPT, (number.bytes, subject.bytes), plain, house.keys.nonce())
    return TombstoneRow(number, subject, whole, now, month, sealed)


async def receipt(house: House, number: UUID) -> Receipt:
    """The receipt with this id, with its status as of now.

    Raises:
        Unknown: there is none.
    """
    row = await house.control.fetchrow(f"{COLUMNS} where t.id = $1", number)
    if row is None:
        msg = "no such receipt"
        raise Unknown(msg)
    return await _read(house, row)


async def receipt_of_whole(house: House, subject: SubjectId) -> Receipt | None:
    """The receipt of a subject erased as a whole, if it was."""
    row = await house.control.fetchrow(f"{COLUMNS} where t.subject = $1 and t.whole", subject)
    return None if row is None else await _read(house, row)


async def _read(house: House, row: Any) -> Receipt:
    number, subject, at, month, sealed, pending = row
    key = house.keys.current.audit.get(month)
    if key is None:
        raise Unknown("the receipt is older than the audit retention")
    sealer = Sealer(key)
    plain = cbor2.loads(open_document(sealer, Label.RECEIPT, (number.bytes, subject.bytes), sealed))
    fates = tuple(
        FieldFate(field, Fate(fate), rule, law, datetime.fromisoformat(until) if until else None)
        for field, fate, rule, law, until in plain
    )
    status = ReceiptStatus.PENDING if pending else ReceiptStatus.ERASED
    return Receipt(UUID(bytes=number.bytes), SubjectId(subject), at, fates, status)
