"""A ledger in memory has no tree: it proves nothing, and nothing in it was ever in wrong hands."""

from __future__ import annotations

from datetime import datetime

from policies.model import Principal, SubjectId
from vault.errors import Refused, Unknown
from vault.request import ConsistencyProof, SignedCheckpoint, Withheld
from vault.scoping import ScopePage, Suspect


class FakeProofs:
    """The ledger's proofs of `resolvers.house.Vault`."""

    newest: SignedCheckpoint | None = None

    async def checkpoint(self, who: Principal) -> SignedCheckpoint | None:
        del who
        return self.newest

    async def consistency(self, who: Principal, origin: str, size: int) -> ConsistencyProof:
        del who, origin, size
        raise Unknown("the ledger has no such checkpoint")

    async def breach_scope(
        self,
        who: Principal,
        by: Suspect,
        between: tuple[datetime, datetime],
        after: SubjectId | None,
        first: int | None,
    ) -> ScopePage:
        del by, between, after, first
        if "dpo" not in who.roles:
            raise Refused([Withheld("person.accesses", "role", personal=False)])
        return ScopePage([], 0, 0, 0, more=False)
