"""Proof of an erasure: what became of which field, sealed under the month's audit key, which outlives the subject.

The status is never stored. A receipt is `pending` while an epoch lives in which the erased keys were alive, because an
old copy of the database and that epoch's key together could still open them; it is `erased` once the roll destroyed it.

The sealed part names the ledger's entry, so that a receipt and its inclusion proof belong together; in clear the
tombstone must not, or the ledger would name its subjects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import cbor2

from policies.model import PolicySet, RecordId, SubjectId
from vault.address import Label
from vault.crypto.aead import Sealer
from vault.crypto.documents import open_document, seal_document
from vault.crypto.signing import SigningKey
from vault.errors import Unknown
from vault.house import House
from vault.killing import Victim
from vault.ledger.book import month_of
from vault.ledger.receipts import signed
from vault.request import CauseKind, Fate, FieldFate, Receipt, ReceiptStatus, Scope, Secret
from vault.storage.writing import TombstoneRow

COLUMNS: Final = (
    "select t.id, t.subject, t.at, t.month, t.sealed, exists("
    "select from epoch e where e.number <= t.epoch and e.state <> 'destroyed') as pending,"
    " (select max(e.destroyed_at) from epoch e where e.number <= t.epoch) from tombstone t"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a receipt is made of. `dying` lose their keys; `whole`: the subject loses its own and everything below."""

    id: UUID
    fates: Sequence[FieldFate]
    scopes: tuple[Scope, ...]
    cause: CauseKind
    entry: UUID
    dying: Sequence[Victim]
    whole: bool


def died(policy: PolicySet, victims: Iterable[Victim]) -> tuple[FieldFate, ...]:
    """The fate `erased` for every field of these categories."""
    categories = {victim.category for victim in victims}
    return tuple(
        FieldFate(field.name, Fate.ERASED, None, None, None)
        for field in policy.fields.values()
        if field.category in categories
    )


def new_receipt(house: House) -> UUID:
    """The id of a receipt to be: the ledger's entry names it, and it names the entry."""
    return UUID(bytes=house.entropy(16), version=4)


async def tombstone(house: House, subject: SubjectId, judged: Judgement) -> TombstoneRow:
    """The row that proves an erasure."""
    now, number = house.clock(), judged.id
    month = month_of(now)
    sealer = Sealer(await house.keys.audit_key(month))
    plain = cbor2.dumps(
        [
            [[f.field, f.fate.value, f.rule, f.law, f.until.isoformat() if f.until else None] for f in judged.fates],
            [[scope.record.bytes if scope.record else None, scope.product] for scope in judged.scopes],
            judged.cause.value,
            house.policy.digest,
            judged.entry.bytes,
        ],
        canonical=True,
    )
    sealed = seal_document(sealer, Label.RECEIPT, (number.bytes, subject.bytes), plain, house.keys.nonce())
    keys = () if judged.whole else tuple(victim.key.id for victim in judged.dying)
    return TombstoneRow(number, subject, judged.whole, now, month, sealed, keys)


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


async def receipt_of_scopes(house: House, subject: SubjectId, scopes: Sequence[Scope]) -> Receipt | None:
    """The latest receipt of exactly these parts of the subject, if there is one that can still be read."""
    rows = await house.control.fetch(f"{COLUMNS} where t.subject = $1 order by t.at desc", subject)
    readable = [await _read(house, row) for row in rows if await audit_key(house, row[3]) is not None]
    return next((earlier for earlier in readable if set(earlier.scopes) == set(scopes)), None)


async def audit_key(house: House, month: date) -> Secret[bytes] | None:
    """A month's audit key, also where another process began the month; None once the audit retention destroyed it."""
    if month not in house.keys.current.audit:
        await house.reload()
    return house.keys.current.audit.get(month)


async def _read(house: House, row: Any) -> Receipt:
    number, subject, at, month, sealed, pending, completed = row
    key = await audit_key(house, month)
    if key is None:
        raise Unknown("the receipt is older than the audit retention")
    plain = open_document(Sealer(key), Label.RECEIPT, (number.bytes, subject.bytes), sealed)
    fates, scopes, cause, policy, entry = cbor2.loads(plain)
    of = SubjectId(subject)
    unsigned = Receipt(
        id=UUID(bytes=number.bytes),
        subject=of,
        at=at,
        fates=tuple(
            FieldFate(field, Fate(fate), rule, law, datetime.fromisoformat(until) if until else None)
            for field, fate, rule, law, until in fates
        ),
        status=ReceiptStatus.PENDING if pending else ReceiptStatus.ERASED,
        scopes=tuple(Scope(of, RecordId(UUID(bytes=name)) if name else None, product) for name, product in scopes),
        cause=CauseKind(cause),
        policy=policy,
        entry=UUID(bytes=entry),
        completed_at=None if pending else completed,
    )
    return signed(unsigned, SigningKey(house.keys.system("signing")))
