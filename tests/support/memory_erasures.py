"""The erasures that wait in memory, under the contract of `vault.cooling.Cooling`; nothing is put on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from policies.model import Principal
from vault.cooling import Pending, State
from vault.errors import Refused, Unknown
from vault.request import Withheld


@dataclass
class MemoryErasures:
    """Requests in a dictionary."""

    rows: dict[UUID, Pending] = field(default_factory=dict)

    async def ask(self, who: Principal, pending: Pending) -> Pending:
        if who.subject != pending.subject:
            raise Refused([Withheld("erasure", "reach", personal=False)])
        return self.rows.setdefault(pending.id, pending)

    async def cancel(self, who: Principal, number: UUID) -> Pending:
        found = await self.one(who, number)
        if found.state is State.CARRIED_OUT:
            raise Refused([Withheld("erasure", "carried_out", personal=False)])
        self.rows[number] = replace(found, state=State.CANCELLED)
        return self.rows[number]

    async def one(self, who: Principal, number: UUID) -> Pending:
        found = self.rows.get(number)
        if found is None or found.subject != who.subject:
            raise Unknown("no such erasure")
        return found

    async def own(self, who: Principal) -> Sequence[Pending]:
        return [row for row in reversed(self.rows.values()) if row.subject == who.subject]
