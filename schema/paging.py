"""Pages by the Relay cursor rules: forwards only, `first` mandatory, keyset underneath.

Not `relay.Connection`: its fields would carry no directive, and its page sizes default.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Generic, TypeVar
from uuid import UUID

import strawberry

from schema.directives import ungoverned

NodeT = TypeVar("NodeT")

_PREFIX: Final = b"k1"
_PAGING: Final = "how a page was cut, nothing of anybody"


@strawberry.type(description="Where this page ends.")
class PageInfo:
    """Where a page ends; backwards paging is not offered."""

    has_next_page: bool = ungoverned(because=_PAGING, description="There is more after `endCursor`.")
    has_previous_page: bool = ungoverned(because=_PAGING, description="The page was asked for with `after`.")
    start_cursor: str | None = ungoverned(because=_PAGING, description="Cursor of the first edge.")
    end_cursor: str | None = ungoverned(because=_PAGING, description="Cursor of the last edge: the next `after`.")


@strawberry.type(description="One item of a page and its cursor.")
class Edge(Generic[NodeT]):
    """One item of a page."""

    cursor: str = ungoverned(because=_PAGING, description="Opaque; good as `after` only.")
    node: NodeT = ungoverned(because="a grouping; the fields in it say for themselves", description="The item.")


@strawberry.type(description="One page, in a fixed order.")
class Connection(Generic[NodeT]):
    """One page of a keyset."""

    edges: list[Edge[NodeT]] = ungoverned(because="a grouping; see `node`", description="The items of this page.")
    page_info: PageInfo = ungoverned(because=_PAGING, description="Where this page ends.")


def cursor(key: UUID) -> str:
    """The opaque cursor of a key."""
    return base64.urlsafe_b64encode(_PREFIX + key.bytes).decode("ascii")


def key_of(text: str) -> UUID:
    """The key of a cursor.

    Raises:
        ValueError: it is not one of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as bad:
        raise ValueError from bad
    if not raw.startswith(_PREFIX):
        raise ValueError
    return UUID(bytes=raw[len(_PREFIX) :])


def page(rows: list[tuple[str, NodeT]], *, more: bool, after: str | None) -> Connection[NodeT]:
    """A page of rows with their cursors, in order."""
    return Connection(
        edges=[Edge(cursor=at, node=node) for at, node in rows],
        page_info=PageInfo(
            has_next_page=more,
            has_previous_page=after is not None,
            start_cursor=rows[0][0] if rows else None,
            end_cursor=rows[-1][0] if rows else None,
        ),
    )
