"""Receipts and entries of the ledger, as the schema shows them."""

from __future__ import annotations

from resolvers.proofs import proof_shown
from schema.record import (
    AccessEntry,
    ErasedPart,
    FieldFateName,
    FieldReport,
    LedgerEntry,
    ReceiptState,
    RuleCount,
    WithheldField,
)
from schema.record import Receipt as Shown
from vault import audit
from vault.request import Receipt


def receipt_shown(receipt: Receipt) -> Shown:
    """A receipt with every field and its fate."""
    return Shown(
        id=receipt.id,
        subject=receipt.subject,
        at=receipt.at,
        status=ReceiptState(receipt.status.value),
        completed_at=receipt.completed_at,
        cause=receipt.cause.value,
        scopes=[ErasedPart(product=scope.product, record=scope.record) for scope in receipt.scopes],
        policy=receipt.policy.hex(),
        entry=receipt.entry,
        fields=[
            FieldReport(field=f.field, fate=FieldFateName(f.fate.value), rule=f.rule, law=f.law, until=f.until)
            for f in receipt.fates
        ],
        signed=receipt.signed,
        proof=proof_shown(receipt.proof),
    )


def ledger_entry(row: audit.Header) -> LedgerEntry:
    """An entry as the officer sees it: no value, no subject."""
    return LedgerEntry(
        id=row.id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        roles=list(row.roles),
        purpose=row.purpose,
        recipient=row.recipient,
        policy=row.policy.hex(),
        subjects=row.subjects,
        opened=row.opened,
        withheld=row.withheld,
        fields=list(row.fields),
        rules=[RuleCount(field=field, rule=rule, count=count) for field, rule, count in row.rules],
        reason=row.reason or None,
        proof=proof_shown(row.proof),
    )


def access_entry(row: audit.AccessEntry) -> AccessEntry:
    """An entry as the subject sees it."""
    return AccessEntry(
        entry=row.id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        roles=list(row.roles),
        purpose=row.purpose,
        recipient=row.recipient,
        fields=list(row.fields),
        withheld=[WithheldField(field=field, rule=rule) for field, rule in row.withheld],
        reason=row.reason or None,
        proof=proof_shown(row.proof),
    )
