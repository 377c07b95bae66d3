"""One request while it is answered: who asks, for what, through which doors, and what fell short."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from uuid import UUID

from graphql import FieldNode, GraphQLSchema
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from policies.model import Access, Principal, SubjectId
from resolvers.access import Stated, access_of
from resolvers.house import House
from resolvers.metering import billing_answered, series_answered
from resolvers.opening import Found, Key, open_each
from resolvers.proofs import proofs_wanted
from resolvers.reading import Governance
from resolvers.report import access_entry
from resolvers.selection import Masks, Selection
from resolvers.shortfall import Shortfall
from resolvers.translation import Declined, Reader
from schema.errors import Code
from schema.paging import Connection, cursor, key_of, page
from schema.record import AccessEntry
from schema.series import BillingBasis, Series, SeriesKind, SeriesResolution
from vault.request import MAX_PAGE


@dataclass(slots=True, eq=False)
class Asking:
    """The context of one execution."""

    house: House
    caller: Principal | None
    stated: Stated
    governance: Governance
    masks: Masks
    shortfalls: list[Shortfall] = field(default_factory=list)
    loader: DataLoader[Key, Found] = field(init=False)

    def __post_init__(self) -> None:
        self.loader = DataLoader(self._load)

    @property
    def who(self) -> Principal:
        """Who asks; nobody without a token gets further."""
        if self.caller is None:
            raise Declined(Code.UNAUTHENTICATED)
        return self.caller

    @property
    def reader(self) -> Reader:
        """Who will read the answer."""
        return Reader.of(self.caller, self.house.vault.policy)

    def access(self) -> Access:
        """The access this operation asks for."""
        return access_of(self.stated, self.who, self.house.vault.policy)

    async def _load(self, keys: list[Key]) -> list[Found | BaseException]:
        return await open_each(self.house.vault, self.who, self.access(), keys)

    async def series(
        self, info: object, point: tuple[UUID, UUID], kind: SeriesKind, days: tuple[date, date], step: SeriesResolution
    ) -> Series | None:
        """See `resolvers.metering`."""
        return await series_answered(cast("Ask", info), point, kind, days, step)

    async def billing_basis(
        self, info: object, point: tuple[UUID, UUID], days: tuple[date, date]
    ) -> BillingBasis | None:
        """See `resolvers.metering`."""
        return await billing_answered(cast("Ask", info), point, days)

    async def accesses(self, info: object, subject: UUID, *, first: int, after: str | None) -> Connection[AccessEntry]:
        """A page of who opened a subject's data."""
        size, key = page_asked(first, after)
        proofs = proofs_wanted(info)
        found = await self.house.vault.accesses(self.who, SubjectId(subject), key, size, proofs=proofs)
        return page([(cursor(row.id), access_entry(row)) for row in found.entries], more=found.more, after=after)


class Ask(Info[Asking, None]):
    """Strawberry's info, with the selection below the field being resolved."""

    @property
    def place(self) -> tuple[str | int, ...]:
        """Where in the answer this field stands."""
        return tuple(self.path.as_list())

    def selection(self) -> Selection:
        """What is selected below this field."""
        raw = cast("Any", self._raw_info)
        nodes: list[FieldNode] = raw.field_nodes
        schema: GraphQLSchema = raw.schema
        asking = self.context
        return asking.masks.of(schema, asking.governance, raw.parent_type, nodes, self.variable_values)


def page_asked(first: int, after: str | None) -> tuple[int, UUID | None]:
    """The size and the key of a page.

    Raises:
        Declined: the size is not between 1 and 100, or the cursor is not one of ours.
    """
    if not 1 <= first <= MAX_PAGE:
        raise Declined(Code.INVALID, field="first", rule=f"is between 1 and {MAX_PAGE}")
    try:
        return first, None if after is None else key_of(after)
    except ValueError as bad:
        raise Declined(Code.INVALID, field="after", rule="is a cursor of an earlier page") from bad
