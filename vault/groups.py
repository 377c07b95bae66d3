"""Opening sealed groups inside the vault, and proving an index hit by the value behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from policies.values import index_form
from vault.address import Address
from vault.crypto.aead import BROKEN
from vault.crypto.sealed import open_group, tag_of
from vault.errors import BrokenSeal
from vault.house import House, Loaded
from vault.request import ByValue, Value
from vault.storage.rows import HeadRow


def address_of(loaded: Loaded, head: HeadRow) -> Address:
    """Where the group of a head belongs. The record above is the standing's word, not the row's."""
    return Address(
        subject=loaded.row.subject,
        record=head.record,
        parent=loaded.standing.records[head.record].parent,
        category=head.category,
        version=head.version,
        fields=head.field_set,
        key=head.key,
    )


def group_at(loaded: Loaded, head: HeadRow, address: Address, blobs: Mapping[UUID, bytes]) -> Mapping[str, Value]:
    """The plaintext of one group, checked against its head and its address.

    Raises:
        BrokenSeal: the blob is missing, damaged, moved, or not the version its head names.
    """
    blob = blobs.get(head.blob)
    if blob is None or tag_of(blob) != head.tag:
        raise BrokenSeal(BROKEN)
    return open_group(loaded.keys.data_key(head.key), address, blob)


def group_of(loaded: Loaded, head: HeadRow, blobs: Mapping[UUID, bytes]) -> Mapping[str, Value]:
    """`group_at` the address that the head and the standing give."""
    return group_at(loaded, head, address_of(loaded, head), blobs)


def indexed_heads(house: House, wanted: ByValue, loaded: Loaded) -> Sequence[HeadRow]:
    """The groups of this subject that may hold the value looked up."""
    category = house.policy.categories[house.policy.fields[wanted.field].category].number
    return [head for head in loaded.row.heads if head.category == category]


def holds_value(house: House, wanted: ByValue, looked_up: str, loaded: Loaded, blobs: Mapping[UUID, bytes]) -> bool:
    """Whether the subject really has the value: index rows are not sealed, one may have been pointed at somebody else.

    Raises:
        BrokenSeal: a group that may hold it does not open.
    """
    kind = house.policy.fields[wanted.field].type
    values = (group_of(loaded, head, blobs).get(wanted.field) for head in indexed_heads(house, wanted, loaded))
    return any(isinstance(value, str) and index_form(kind, value) == looked_up for value in values)
