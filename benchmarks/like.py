"""Like for like (L): our own schema, resolvers and service over a vault that keeps plaintext.

One statement, no decision, no record, no cryptography; everything else is what `http` measures of ours. What is left
between the two is what privacy costs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn
from uuid import UUID

from benchmarks.ground import pool
from benchmarks.plain import ASSIGNED, COLUMNS, MANY
from hvelv.house import now
from policies.event import Event
from policies.model import Access, PolicySet, Principal, RecordId, SubjectId
from vault import House
from vault.cooling import Cooling
from vault.request import (
    Change,
    Everyone,
    FieldMask,
    Lookup,
    Opened,
    OpenedRecord,
    RecordFilter,
    RequestKey,
    Secret,
    Value,
    Withheld,
)
from vault.retention import Retention
from vault.slips import Slips
from vault.suppression import Suppression
from vault.tasks import Tasks
from vault.tokens import Tokens

PERSON: Final = ("person.name", "person.phone", "person.email")
ROOF: Final = tuple(f"roof.{name}" for name in COLUMNS)
NOTHING: Final[Mapping[Withheld, int]] = {}
NOBODY: Final = UUID(int=0)


class PlainVault:
    """Answers `open` from plaintext rows. The house is asked only whose token a request bears."""

    def __init__(self, house: House, connections: Any) -> None:
        self.policy: PolicySet = house.policy
        self.tokens = Tokens(house.control, entropy=os.urandom, clock=now)
        self.tasks = Tasks(house)
        self.cooling = Cooling(house)
        self.retention = Retention(house)
        self.suppression = Suppression(house)
        self.slips = Slips(lambda: house.keys.system("idempotency"), os.urandom)
        self._connections = connections

    @classmethod
    async def over(cls, house: House, address: str) -> PlainVault:
        """A vault over the plain tables at this address."""
        await house.control.open_pool()
        return cls(house, await pool(address, 8))

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """The rows, as the real door shows what it opened."""
        del access, records
        more = False
        if isinstance(subjects, Everyone):
            rows = await self._connections.fetch(ASSIGNED, who.account, subjects.after, subjects.first + 1)
            rows, more = rows[: subjects.first], len(rows) > subjects.first
        else:
            rows = await self._connections.fetch(MANY, subjects)
        opened = [record for row in rows for record in _records(row, fields)]
        found = [SubjectId(row[0]) for row in rows]
        return Opened(opened, NOTHING, dict.fromkeys(found, NOTHING), found, more, NOBODY)

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def explain(self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def erase(self, who: Principal, cause: object, scopes: object) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def receipt(self, who: Principal, number: UUID, /) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def accesses(self, *_: Any, **__: Any) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def entries(self, *_: Any, **__: Any) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def checkpoint(self, *_: Any) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def consistency(self, *_: Any) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def breach_scope(self, *_: Any, **__: Any) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def consents(self, who: Principal, subject: SubjectId) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> NoReturn:
        """It only opens."""
        raise NotImplementedError

    async def series(self, *_: Any, **__: Any) -> NoReturn:
        """It only opens fields."""
        raise NotImplementedError

    async def record(self, who: Principal | None, access: Access) -> NoReturn:
        """It only opens."""
        raise NotImplementedError


def _records(row: Any, fields: FieldMask) -> list[OpenedRecord]:
    person, name, phone, email, project, address, roof, *facts = row
    facts[-1] = facts[-1].isoformat()
    subject, root, case = SubjectId(person), RecordId(person), RecordId(project)
    return [
        OpenedRecord(subject, root, None, "person", _values(PERSON, (name, phone, email), fields)),
        OpenedRecord(subject, case, root, "project", _values(("project.address",), (address,), fields)),
        OpenedRecord(subject, RecordId(roof), case, "roof", _values(ROOF, facts, fields)),
    ]


def _values(names: Sequence[str], values: Sequence[Value], fields: FieldMask) -> dict[str, Secret[Value]]:
    return {name: Secret(value) for name, value in zip(names, values, strict=True) if name in fields}
