"""What outlives a person without leading to one: measures of a roof, sealed anew under ids of their own.

It happens for ten persons or more at once or not at all. Each record becomes a subject of its own, with fresh ids and
keys, of the kinds it hung under and with nothing else in its standing: no fact, no consent, no date but the month. The
batch is shuffled and appears in the transaction in which the persons' copies die, so that nobody who watches the tables
learns more than that one of the ten was one of the ten. Only numbers and choices are carried (`policies/ending.py`),
never a word or a date; of whoever objected to such a use nothing is.

An erasure that somebody asked for never comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from policies.ending import detachable, objected
from policies.event import RecordAdded
from policies.model import RecordId, Sequel, SubjectId
from policies.oslo import midnight, oslo_date
from policies.standing import fold, path
from vault.draft import NOBODY, Draft, Rows
from vault.errors import BrokenSeal
from vault.groups import group_of
from vault.house import House, Loaded
from vault.request import Value
from vault.storage.rows import HeadRow, fetch_blobs, fetch_heads_at
from vault.storage.writing import SubjectWrite

if TYPE_CHECKING:
    from vault.judging import Judged

FEWEST: Final = 10
"""Persons in a batch."""
MOST: Final = 50

T = TypeVar("T")


@dataclass(slots=True)
class Detached:
    """New subjects that lead to nobody, their blobs, and the keys of the persons whose data they carry on."""

    writes: list[SubjectWrite] = field(default_factory=list)
    blobs: list[tuple[SubjectId, UUID, bytes]] = field(default_factory=list)
    carried: Collection[UUID] = frozenset()
    fields: frozenset[str] = frozenset()


def batches(people: Sequence[T], entropy: Callable[[int], bytes]) -> list[list[T]]:
    """Shuffled batches of `FEWEST` to just under twice `MOST`; none at all of fewer than `FEWEST`."""
    if len(people) < FEWEST:
        return []
    mixed = shuffled(people, entropy)
    count = max(1, len(mixed) // MOST)
    return [mixed[number::count] for number in range(count)]


def shuffled(things: Sequence[T], entropy: Callable[[int], bytes]) -> list[T]:
    """In an order that says nothing: each has a random number of 128 bits, by which they are sorted."""
    return [thing for _, _, thing in sorted((entropy(16), place, thing) for place, thing in enumerate(things))]


def detaches(house: House, each: Judged) -> bool:
    """Whether something of this person would be carried on, as far as the standing tells."""
    return any(
        end.then is Sequel.DETACH and not objected(house.policy, piece.victim.category, each.loaded.standing)
        for piece, end in each.dying
    )


async def detach(house: House, people: Sequence[Judged]) -> Detached:
    """The new subjects for what these people's rules detach; none where they are too few. Stores nothing.

    The caller has put the opening on record. A group that does not open is not carried.
    """
    by_subject = {each.subject: each for each in people if detaches(house, each)}
    places = {place for each in by_subject.values() for place in _places(each)}
    async with house.control.connection() as connection:
        heads = await fetch_heads_at(connection, list(places))
    wanted = [(by_subject[subject], head) for subject, head in heads]
    async with house.contents.connection() as connection:
        blobs = await fetch_blobs(connection, [(each.subject, head.blob) for each, head in wanted])
    found = [(each, head, _carried(house, each.loaded, head, blobs)) for each, head in wanted]
    found = [(each, head, values) for each, head, values in found if values]
    if len({each.subject for each, _, _ in found}) < FEWEST:
        return Detached()
    names = frozenset(name for _, _, values in found for name in values)
    new = Detached(carried=frozenset(head.key for _, head, _ in found), fields=names)
    for each, head, values in shuffled(found, house.entropy):
        rows = Rows(_orphan(house, each.loaded, head, values), {})
        new.writes.append(rows.write())
        new.blobs += rows.blobs
    return new


def _places(each: Judged) -> list[tuple[SubjectId, RecordId, int]]:
    """Where the groups are that go on: by record and category, whatever else the person has."""
    return [
        (each.subject, piece.victim.record, piece.victim.key.category)
        for piece, end in each.dying
        if end.then is Sequel.DETACH and piece.victim.record in each.loaded.standing.records
    ]


def _carried(house: House, loaded: Loaded, head: HeadRow, blobs: Mapping[UUID, bytes]) -> Mapping[str, Value]:
    try:
        values = group_of(loaded, head, blobs)
    except BrokenSeal:
        return {}
    return {name: value for name, value in values.items() if detachable(house.policy, name)}


def _orphan(house: House, loaded: Loaded, head: HeadRow, values: Mapping[str, Value]) -> Draft:
    """A subject of nobody's that holds these values, on records of the same kinds down from the root."""
    subject = SubjectId(UUID(bytes=house.entropy(16), version=4))
    now = house.clock()
    draft = Draft(house, NOBODY, subject, None, now)
    parent: RecordId | None = None
    for at in reversed(list(path(loaded.standing, head.record))):
        kind = loaded.standing.records[at].kind
        name = RecordId(subject) if parent is None else RecordId(UUID(bytes=house.entropy(16), version=4))
        added = RecordAdded(subject=subject, record=name, kind=kind, parent=parent, at=_month(now))
        draft.standing = fold(draft.standing, added)
        draft.events.append(added)
        parent = name
    names = {category.number: category.name for category in house.policy.categories.values()}
    draft.groups[parent or RecordId(subject), names[head.category]] = dict(values)
    return draft


def _month(now: datetime) -> datetime:
    """The beginning of the month: the only date such a subject has."""
    return midnight(oslo_date(now).replace(day=1))
