"""The root fields that ask for the ledger's checkpoint, for a proof that it goes on, for the scope of a breach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId
from resolvers.asking import Ask, page_asked
from resolvers.proofs import checkpoint_shown
from resolvers.translation import Declined
from schema.errors import Code
from schema.ledger import BreachScope, ConsistencyProof, LedgerCheckpoint, Suspected, TouchedPerson
from vault.errors import Tampered
from vault.ledger.notes import read_checkpoint
from vault.scoping import Suspect


async def ledger_checkpoint(info: Ask) -> LedgerCheckpoint | None:
    """The ledger's newest signed checkpoint; `null` before the first. Keep its `note` somewhere else."""
    asking = info.context
    made = await asking.house.vault.checkpoint(asking.who)
    return None if made is None else checkpoint_shown(made)


async def consistency_proof(info: Ask, checkpoint: str) -> ConsistencyProof | None:
    """That the ledger still begins with a checkpoint you kept; `checkpoint` is its `note`."""
    asking = info.context
    try:
        kept = read_checkpoint(checkpoint)
    except Tampered:
        raise Declined(Code.INVALID, field="checkpoint", rule="is the note of a checkpoint") from None
    made = await asking.house.vault.consistency(asking.who, kept.origin, kept.size)
    path = [each.hex() for each in made.path]
    return ConsistencyProof(old=str(made.old), path=path, newest=checkpoint_shown(made.newest))


async def breach_scope(
    info: Ask, by: Suspected, since: datetime, until: datetime, first: int, after: UUID | None = None
) -> BreachScope | None:
    """Whose which fields were opened by a token, an account, a role or under an epoch's key, for officers who audit.

    From `since` on and before `until`; `first` is at most 100. Asking is on record.
    """
    size, _ = page_asked(first, None)
    asking, suspect = info.context, Suspect(token=by.token, account=by.account, role=by.role, epoch=by.epoch)
    last = None if after is None else SubjectId(after)
    found = await asking.house.vault.breach_scope(asking.who, suspect, (since, until), last, size)
    return BreachScope(
        persons=found.persons,
        entries=found.entries,
        unreadable=found.unreadable,
        touched=[
            TouchedPerson(
                subject=each.subject, fields=sorted(each.fields), entries=each.entries, first=each.first, last=each.last
            )
            for each in found.touched
        ],
        more=found.more,
    )


QUERIES: Final[Mapping[str, Callable[..., Any]]] = {
    "ledger_checkpoint": ledger_checkpoint,
    "consistency_proof": consistency_proof,
    "breach_scope": breach_scope,
}
