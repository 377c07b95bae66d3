"""Receipts of erasure to be kept: signed, and with the proof that the erasure is in the ledger's tree.

    text        RFC 8785 JSON on a line: what `Receipt` holds
    signature   of the ledger's key under the name `hvelv/receipts`, as a signed note (`notes.py`)

The status is that of the moment of signing: a receipt signed `pending` is asked for again after the roll. The proof is
of the leaf of the person's part, which names the receipt.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from vault.crypto.aead import Sealer
from vault.crypto.signing import SigningKey
from vault.house import House
from vault.ledger.book import month_of, reference
from vault.ledger.leaves import canonical, instant
from vault.ledger.notes import Verifier, sign_note
from vault.ledger.parts import read_part
from vault.ledger.proving import part_claim, prove
from vault.request import LedgerProof, Receipt

RECEIPT: Final = "hvelv/receipt/1"
NAME: Final = "hvelv/receipts"
PART: Final = (
    "select e.*, p.subject, p.sealed as part_sealed from ledger_subject p join ledger_entry e on e.id = p.entry"
    " where e.id = $1 and p.subject = $2"
)


def signed(receipt: Receipt, key: SigningKey) -> Receipt:
    """The receipt with the note that says the same."""
    said = {
        "at": instant(receipt.at),
        "cause": receipt.cause.value,
        "completed_at": None if receipt.completed_at is None else instant(receipt.completed_at),
        "entry": str(receipt.entry),
        "fields": [
            {"fate": f.fate.value, "field": f.field, "law": f.law, "rule": f.rule,
             "until": None if f.until is None else instant(f.until)}
            for f in receipt.fates
        ],
        "id": str(receipt.id),
        "policy": receipt.policy.hex(),
        "scopes": [
            {"product": scope.product, "record": None if scope.record is None else str(scope.record)}
            for scope in receipt.scopes
        ],
        "status": receipt.status.value,
        "subject": str(receipt.subject),
        "type": RECEIPT,
    }  # fmt: skip
    return replace(receipt, signed=sign_note(f"{canonical(said).decode()}\n", NAME, key))


def receipt_key(key: SigningKey) -> str:
    """What verifies receipts, to be handed around."""
    return str(Verifier(NAME, key.public()))


async def with_proof(house: House, receipt: Receipt) -> Receipt:
    """The receipt with its proof, if the erasure is in the tree already and its month's key lives."""
    proof = await _proof(house, receipt, month_of(receipt.at))
    return receipt if proof is None else replace(receipt, proof=proof)


async def _proof(house: House, receipt: Receipt, month: date) -> LedgerProof | None:
    key = house.keys.current.audit.get(month)
    if key is None:
        return None
    row = await house.control.fetchrow(PART, receipt.entry, reference(key, receipt.subject))
    said = None if row is None else read_part(Sealer(key), row["id"], row["subject"], row["part_sealed"])
    claim = None if said is None else part_claim(row, said)
    return None if claim is None else (await prove(house, [claim]))[0]
