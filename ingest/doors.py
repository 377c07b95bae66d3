"""The vault as the pipeline sees it. Whether a reading may be stored is decided behind these doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from policies.model import Access, Principal, SubjectId
from vault.request import FieldMask, Lookup, Opened, RecordFilter, RequestKey
from vault.series.request import Appended, Arrival


class Doors(Protocol):
    """Each call is decided, recorded and done as one, or raises an error of `vault.errors` and stores nothing."""

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """What the policy opens of these fields; the record of it is durable before anything is opened."""
        ...

    async def append(
        self,
        who: Principal,
        access: Access,
        deliveries: Sequence[Arrival],
        idempotency: RequestKey | None = None,
    ) -> Appended:
        """Readings of each arrival that the policy allows become visible together, durable when this returns.

        The same readings again change nothing, in whatever order and however split. `Contended` and `Unavailable` mean:
        send again.
        """
        ...
