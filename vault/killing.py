"""Part of a subject dies: which data keys, and what is rewritten so that the standing forgets it too.

An instance of a category dies by its data key. The standing and its history are rewritten under a new standing key,
without the records that have nothing left, and the subject is marked dirty: at the next roll it gets a new subject key,
and an old copy of the database opens nothing of what died here.

What dies by a rule takes along only records that the rules of the rest do not look at (`policies/ending.py`): else an
address kept for a newsletter would lose the date it is to go by. What somebody asked to erase is forgotten whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.codec import decode
from policies.ending import Stored, emptied, forgettable
from policies.event import Assignment, Event, Fact, Hold, RecordAdded, Restriction
from policies.model import Index, Instance, PolicySet, RecordId, Sequel
from policies.retention import Due, due
from policies.standing import BadEvent, Standing, empty, fold
from vault.address import Label
from vault.choosing import ASSIGNED_FIELD
from vault.crypto.aead import BROKEN
from vault.crypto.documents import open_document
from vault.draft import Draft, Rows
from vault.errors import BrokenSeal
from vault.house import House, Loaded
from vault.keys.epoch import packed
from vault.keys.tree import STANDING_CATEGORY
from vault.series.lanes import series_of
from vault.storage.engine import Collision
from vault.storage.rows import DataKeyRow, HeadRow
from vault.storage.writing import SubjectWrite, TokenGone


@dataclass(frozen=True, slots=True)
class Victim:
    """A data key that dies: the category it covers and the record its instance is of."""

    key: DataKeyRow
    category: str
    record: RecordId


def victims(policy: PolicySet, loaded: Loaded, series: Sequence[DataKeyRow] = ()) -> list[Victim]:
    """Everything of the subject that could die: one per data key but the standing's, keys of series included."""
    names = {category.number: category for category in policy.categories.values()}
    found: list[Victim] = []
    for key in (*loaded.row.data_keys.values(), *series):
        category = names.get(key.category)
        if category is not None and key.category != STANDING_CATEGORY:
            whole = category.instance is Instance.SUBJECT
            found.append(Victim(key, category.name, RecordId(loaded.row.subject if whole else key.instance)))
    return found


def made_due(
    policy: PolicySet,
    loaded: Loaded,
    after: Standing,
    events: Sequence[Event],
    now: datetime,
    series: Sequence[DataKeyRow] = (),
) -> list[Victim]:
    """What these events made due dies with them: a loan that closed (`keep: P0D`), a consent withdrawn (`also_on`).

    What the clock alone made due is the sweep's.
    """
    if not events:
        return []
    since = min(event.at for event in events)
    return [
        victim
        for victim in victims(policy, loaded, series)
        if isinstance(state := due(policy, victim.category, victim.record, after, now), Due)
        and since <= state.at <= now
        and state.then in {Sequel.ERASE, Sequel.DETACH}
    ]


async def history(house: House, loaded: Loaded) -> list[Event]:
    """The subject's sealed events, oldest first.

    Raises:
        Collision: the subject has changed since it was loaded.
        BrokenSeal: one of them was changed, or one is missing: together they are no longer the standing.
    """
    rows = await house.control.fetch(
        "select e.number, e.sealed, s.version from event e join subject s on s.subject = e.subject"
        " where e.subject = $1 order by e.number",
        loaded.row.subject,
    )
    if rows and rows[0]["version"] != loaded.row.version:
        raise Collision("the subject changed since it was read")
    sealer = house.keys.data_key(loaded.row, loaded.row.standing_key)
    events = [
        decode(open_document(sealer, Label.EVENT, (loaded.row.subject.bytes, packed(number)), sealed))
        for number, sealed, _ in rows
    ]
    try:
        whole = _folded(loaded.standing, events) == loaded.standing
    except BadEvent:
        whole = False
    if not whole:
        raise BrokenSeal(BROKEN)
    return events


def kill(
    rows: Rows,
    write: SubjectWrite,
    loaded: Loaded,
    dying: Sequence[Victim],
    past: Sequence[Event],
    series: Sequence[DataKeyRow] = (),
    *,
    by_rule: bool = False,
) -> SubjectWrite:
    """Change `write` so that these die in it too. `series` are the keys of all series the subject has.

    `by_rule`: nobody asked for it, so what the rules of the rest look at stays.
    """
    dead = {victim.key.id for victim in dying}
    kept = [head for head in loaded.row.heads if head.key not in dead]
    left = _left(rows.draft.policy, [*kept, *write.heads], [key for key in series if key.id not in dead])
    gone = emptied(rows.draft.standing, {victim.record for victim in dying}, {record for record, _ in left})
    if by_rule:
        gone = forgettable(rows.draft.policy, rows.draft.standing, gone, left)
    events = [event for event in (*past, *rows.draft.events) if _record_of(event) not in gone]
    standing = _folded(rows.draft.standing, events)
    key = _new_standing_key(rows)
    write.next_due = rows.due_first(standing, [head for head in (*kept, *write.heads) if head.record not in gone])
    write.dead_keys = [*dead, loaded.row.standing_key]
    write.dead_series = _dead_series(rows.draft, dying, gone, series)
    write.data_keys = list(rows.new_keys.values())
    write.heads = [head for head in write.heads if head.key not in dead]
    write.dead_heads += [(head.record, head.category) for head in loaded.row.heads if head.key in dead]
    write.standing_key = key
    write.standing = rows.seal_standing(key, standing, loaded.row.version + 1)
    write.events = rows.seal_events(key, events, 0)
    write.events_total = len(events)
    write.tokens_gone += _unindexed(rows.draft.policy, dying, loaded, gone)
    write.tokens = [token for token in write.tokens if token.record not in gone]
    return write


def _dead_series(
    draft: Draft, dying: Sequence[Victim], gone: Collection[RecordId], series: Sequence[DataKeyRow]
) -> list[UUID]:
    """Series of which everything dies, also a period that begins while we write: it has no key here yet."""
    dead = {victim.key.id for victim in dying}
    living = {(key.instance, key.category) for key in series if key.id not in dead}
    whole = {(victim.record, victim.category) for victim in dying if (victim.record, victim.key.category) not in living}
    named = [(record, name) for record, name in whole if record not in gone]
    return [
        *(each for record in gone for each in series_of(draft.policy, draft.standing, record, None)),
        *(each for record, name in named for each in series_of(draft.policy, draft.standing, record, name)),
    ]


def _record_of(event: Event) -> RecordId | None:
    match event:
        case RecordAdded() | Fact() | Assignment() | Restriction() | Hold():
            return event.record
        case _:
            return None


def _folded(before: Standing, events: Sequence[Event]) -> Standing:
    standing = empty(before.subject)
    for event in events:
        standing = fold(standing, event)
    return standing


def _new_standing_key(rows: Rows) -> UUID:
    draft = rows.draft
    sealer, row = draft.house.keys.new_data_key(
        draft.subject,
        rows.subject_sealer,
        category=STANDING_CATEGORY,
        instance=draft.subject,
        generation=rows.generation,
    )
    rows.new_keys[STANDING_CATEGORY, draft.subject] = row
    rows.sealers[row.id] = sealer
    return row.id


def _left(policy: PolicySet, heads: Sequence[HeadRow], series: Sequence[DataKeyRow]) -> list[Stored]:
    names = {category.number: category.name for category in policy.categories.values()}
    places = [*((head.record, head.category) for head in heads), *((RecordId(k.instance), k.category) for k in series)]
    return [(record, names[number]) for record, number in places if number in names]


def _unindexed(
    policy: PolicySet, dying: Sequence[Victim], loaded: Loaded, gone: Collection[RecordId]
) -> list[TokenGone]:
    indexed: Mapping[str, list[str]] = {
        victim.category: [
            field.name
            for field in policy.fields.values()
            if field.category == victim.category and field.index is Index.EXACT
        ]
        for victim in dying
    }
    dead = {victim.key.id: victim.category for victim in dying}
    tokens = [
        TokenGone(head.record, field, None)
        for head in loaded.row.heads
        if head.key in dead
        for field in indexed[dead[head.key]]
    ]
    return [*tokens, *(TokenGone(record, ASSIGNED_FIELD, None) for record in gone)]
