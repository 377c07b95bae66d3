"""What a sealing will write for one subject, worked out before anything is stored.

A draft takes the subject as it was read (or as not yet born), folds the events that the policy admits, admits every
value against the standing after them, merges values into the groups that are there, and ends as the rows of one
`SubjectWrite`. Refusals are collected, never stored. Nothing here touches a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from policies.admission import admit
from policies.codec import encode, to_bytes
from policies.decision import Refusal
from policies.event import Assignment, Consent, Event, Fact, RecordAdded
from policies.event_admission import admit_event
from policies.model import Category, FieldPolicy, Index, Instance, PolicySet, Principal, RecordId, SubjectId, TokenId
from policies.retention import next_due
from policies.standing import Standing, empty, fold, lanes, path
from policies.values import BadValue, index_form, parse
from vault.address import Address, Label
from vault.choosing import ASSIGNED_FIELD, assignee
from vault.crypto.aead import Sealer
from vault.crypto.documents import seal_document
from vault.crypto.sealed import seal_group, tag_of
from vault.errors import Invalid
from vault.house import House, Loaded, version_part
from vault.keys.epoch import packed
from vault.keys.tree import STANDING_CATEGORY
from vault.request import Change, Removed, Value, Withheld
from vault.storage.rows import DataKeyRow, HeadRow, SubjectKeyRow
from vault.storage.writing import SubjectWrite, TokenGone, TokenRow

FIELD_SET: Final = 1
GroupKey = tuple[RecordId, str]

NOBODY: Final = Principal(
    token=TokenId(UUID(int=0)),
    account=UUID(int=0),
    roles=frozenset(),
    subject=None,
    recipient=None,
    purpose=None,
    expires=datetime.min.replace(tzinfo=UTC),
    second_factor=False,
)
"""Acts in no role, so that the policy admits nothing from it: for what the house does of itself."""


@dataclass(slots=True)
class Draft:
    """One subject's part of a sealing. `loaded` is None for a subject that is born now."""

    house: House
    who: Principal
    subject: SubjectId
    loaded: Loaded | None
    now: datetime
    standing: Standing = field(init=False)
    refused: list[Withheld] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    groups: dict[GroupKey, dict[str, Value | Removed]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.standing = self.loaded.standing if self.loaded else empty(self.subject)

    @property
    def born(self) -> bool:
        """Whether the subject does not exist yet."""
        return self.loaded is None

    @property
    def policy(self) -> PolicySet:
        """The policy of the house."""
        return self.house.policy

    # -- events ------------------------------------------------------------------------------------------------------

    def add_records(self, changes: Iterable[Change]) -> None:
        """Make room for records that are not there yet, parents first as the caller lists them."""
        if self.born:
            root = RecordId(self.subject)
            self.take(RecordAdded(subject=self.subject, record=root, kind="person", parent=None, at=self.now))
        for change in changes:
            node = self.standing.records.get(change.record)
            if node is None:
                self.take(
                    RecordAdded(
                        subject=self.subject,
                        record=change.record,
                        kind=change.entity,
                        parent=change.parent,
                        at=self.now,
                    )
                )
            elif node.kind != change.entity:
                self.refused.append(Withheld(change.entity, "record.kind", personal=False))

    def take(self, event: Event) -> None:
        """Fold one event if the policy admits it."""
        answer = admit_event(self.policy, self.who, event, self.standing, self.now, born=self.born)
        if isinstance(answer, Refusal):
            self.refused.append(Withheld(_named(event), answer.rule, answer.personal))
            return
        self.standing = fold(self.standing, event)
        self.events.append(event)
        if isinstance(event, Fact):
            self._assign(event)

    def _assign(self, event: Fact) -> None:
        assigns = self.policy.facts[event.name].assigns
        if assigns is not None:
            made = Assignment(
                subject=self.subject, record=event.record, purpose=assigns.purpose, account=None,
                recipient=assigns.recipient, ends=False, at=event.at,
            )  # fmt: skip
            self.fold_in(made)

    def fold_in(self, event: Event) -> None:
        """Fold an event that nobody has to admit: it follows from what is being done."""
        self.standing = fold(self.standing, event)
        self.events.append(event)

    # -- values ------------------------------------------------------------------------------------------------------

    def put(self, change: Change) -> None:
        """Admit and parse the values of one change.

        Raises:
            Invalid: a value is not one of its field's type.
        """
        for name, raw in change.values.items():
            answer = admit(self.policy, self.who, name, change.record, self.standing, self.now, born=self.born)
            if isinstance(answer, Refusal):
                self.refused.append(Withheld(name, answer.rule, answer.personal))
                continue
            policy = self.policy.fields[name]
            self.fields.add(name)
            self.groups.setdefault((change.record, policy.category), {})[name] = self._parsed(policy, raw)

    def _parsed(self, policy: FieldPolicy, raw: Value | Removed) -> Value | Removed:
        if isinstance(raw, Removed):
            return raw
        value = parse(policy.type, raw, self.house.value_rules(), policy.choices)
        if isinstance(value, BadValue):
            raise Invalid(policy.name, value.rule)
        return value

    def missing(self, held: Mapping[GroupKey, Mapping[str, Value]]) -> None:
        """Refuse facts recorded without a field that the policy requires for them (SOL-16)."""
        for event in self.events:
            if isinstance(event, Fact):
                for policy in self.policy.fields.values():
                    if policy.required_for == event.name and not self._has(policy, event.record, held):
                        self.refused.append(Withheld(event.name, f"required:{policy.name}", personal=False))

    def _has(self, policy: FieldPolicy, of: RecordId, held: Mapping[GroupKey, Mapping[str, Value]]) -> bool:
        """Whether the field is there on the fact's record, above it or below it: another loan's number is no help."""
        for record in (*path(self.standing, of), *lanes(self.standing, of)):
            if self.standing.records[record].kind == policy.record:
                key = (record, policy.category)
                given = self.groups.get(key, {}).get(policy.name)
                if not isinstance(given, Removed) and (given is not None or policy.name in held.get(key, {})):
                    return True
        return False


def _named(event: Event) -> str:
    match event:
        case Fact(name=name) | Consent(name=name):
            return name
        case RecordAdded(kind=kind):
            return kind
        case _:
            return type(event).__name__.lower()


# -- rows --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Rows:
    """Turns a finished draft into rows and blobs. `held` are the groups it merges into, already open."""

    draft: Draft
    held: Mapping[GroupKey, Mapping[str, Value]]
    blobs: list[tuple[SubjectId, UUID, bytes]] = field(default_factory=list)
    sealers: dict[UUID, Sealer] = field(default_factory=dict)
    new_keys: dict[tuple[int, UUID], DataKeyRow] = field(default_factory=dict)
    subject_sealer: Sealer = field(init=False)
    subject_key: SubjectKeyRow | None = None
    generation: int = 1

    def __post_init__(self) -> None:
        loaded, keys = self.draft.loaded, self.draft.house.keys
        if loaded is None:
            key, self.subject_key = keys.new_subject_key(self.draft.subject, self.generation)
            self.subject_sealer = Sealer(key)
        else:
            self.generation = loaded.row.generation
            self.subject_sealer = keys.subject_key(loaded.row)

    def write(self) -> SubjectWrite:
        """All rows of the draft."""
        draft, loaded = self.draft, self.draft.loaded
        heads, gone = self._heads()
        standing_key = self._key(STANDING_CATEGORY, draft.subject)
        before = loaded.row.events if loaded else 0
        version = (loaded.row.version if loaded else 0) + 1
        events = self.seal_events(standing_key, draft.events, before)
        return SubjectWrite(
            subject=draft.subject,
            read_version=version - 1,
            generation=self.generation,
            next_due=self.due_first(draft.standing, [*self._untouched(heads, gone), *heads]),
            standing_key=standing_key,
            standing=self.seal_standing(standing_key, draft.standing, version),
            events_total=before + len(draft.events),
            events=events,
            subject_key=self.subject_key,
            data_keys=list(self.new_keys.values()),
            heads=heads,
            dead_heads=gone,
            tokens=[*self._index_tokens(), *self._assignment_tokens()],
            tokens_gone=[*self._index_gone(), *self._assignments_gone()],
        )

    def _untouched(self, heads: Sequence[HeadRow], gone: Sequence[tuple[RecordId, int]]) -> list[HeadRow]:
        before = self.draft.loaded.row.heads if self.draft.loaded else ()
        changed = {(head.record, head.category) for head in heads} | set(gone)
        return [head for head in before if (head.record, head.category) not in changed]

    def due_first(self, standing: Standing, heads: Iterable[HeadRow]) -> date | None:
        """When the first of these groups becomes due, rounded to the month; for sweeps to find work."""
        policy, now = self.draft.policy, self.draft.now
        names = {category.number: category.name for category in policy.categories.values()}
        return next_due(policy, standing, now, [(h.record, names[h.category]) for h in heads if h.category in names])

    def seal_standing(self, key: UUID, standing: Standing, version: int) -> bytes:
        """The standing under its key, bound to the subject and the version it belongs to."""
        parts = (standing.subject.bytes, version_part(version))
        plain = to_bytes(standing)
        return seal_document(self.sealers[key], Label.STANDING, parts, plain, self.draft.house.keys.nonce())

    def seal_events(self, key: UUID, events: Sequence[Event], before: int) -> list[tuple[int, bytes]]:
        """Events under the standing key, numbered on from `before`."""
        return [
            (number, seal_document(self.sealers[key], Label.EVENT, (event.subject.bytes, packed(number)),
                                   encode(event), self.draft.house.keys.nonce()))
            for number, event in enumerate(events, before + 1)
        ]  # fmt: skip

    def _key(self, category: int, instance: UUID) -> UUID:
        """The data key of an instance: the one there is, or a new one."""
        loaded, keys = self.draft.loaded, self.draft.house.keys
        if loaded is not None:
            for row in loaded.row.data_keys.values():
                if (row.category, row.instance) == (category, instance):
                    self.sealers[row.id] = keys.data_key(loaded.row, row.id)
                    return row.id
        new = self.new_keys.get((category, instance))
        if new is None:
            sealer, new = keys.new_data_key(
                self.draft.subject,
                self.subject_sealer,
                category=category,
                instance=instance,
                generation=self.generation,
            )
            self.new_keys[category, instance] = new
            self.sealers[new.id] = sealer
        return new.id

    def _heads(self) -> tuple[list[HeadRow], list[tuple[RecordId, int]]]:
        heads: list[HeadRow] = []
        gone: list[tuple[RecordId, int]] = []
        versions = self._versions()
        for (record, name), values in self.draft.groups.items():
            category = self.draft.policy.categories[name]
            merged = {**self.held.get((record, name), {}), **values}
            kept = {key: value for key, value in merged.items() if not isinstance(value, Removed)}
            if kept:
                heads.append(self._group(record, category, kept, versions.get((record, category.number), 0) + 1))
            elif (record, category.number) in versions:
                gone.append((record, category.number))
        return heads, gone

    def _versions(self) -> dict[tuple[RecordId, int], int]:
        heads = self.draft.loaded.row.heads if self.draft.loaded else ()
        return {(head.record, head.category): head.version for head in heads}

    def _group(self, record: RecordId, category: Category, values: Mapping[str, Value], version: int) -> HeadRow:
        draft = self.draft
        key = self._key(category.number, instance_of(category, draft.subject, record))
        address = Address(
            subject=draft.subject, record=record, parent=draft.standing.records[record].parent,
            category=category.number, version=version, fields=FIELD_SET, key=key,
        )  # fmt: skip
        sealed = seal_group(self.sealers[key], address, values, draft.house.keys.nonce())
        blob = UUID(bytes=draft.house.entropy(16), version=4)
        self.blobs.append((draft.subject, blob, sealed))
        return HeadRow(record, category.number, version, FIELD_SET, key, blob, tag_of(sealed))

    # -- index --------------------------------------------------------------------------------------------------

    def _indexed(self) -> Iterable[tuple[RecordId, FieldPolicy, Value | Removed]]:
        for (record, _), values in self.draft.groups.items():
            for name, value in values.items():
                policy = self.draft.policy.fields[name]
                if policy.index is Index.EXACT:
                    yield record, policy, value

    def _index_tokens(self) -> list[TokenRow]:
        return [
            TokenRow(self._stored(policy.name, index_form(policy.type, value)), record, policy.name)
            for record, policy, value in self._indexed()
            if isinstance(value, str)
        ]

    def _index_gone(self) -> list[TokenGone]:
        return (
            [] if self.draft.born else [TokenGone(record, policy.name, None) for record, policy, _ in self._indexed()]
        )

    def _stored(self, name: str, normalised: str) -> bytes:
        keys = self.draft.house.keys
        return keys.stored_tokens(name, normalised)[keys.current.number]

    def _assignment_tokens(self) -> list[TokenRow]:
        return [
            TokenRow(
                self._stored(ASSIGNED_FIELD, assignee(event.account, event.recipient)), event.record, ASSIGNED_FIELD
            )
            for event in self.draft.events
            if isinstance(event, Assignment) and not event.ends
        ]

    def _assignments_gone(self) -> list[TokenGone]:
        keys = self.draft.house.keys
        return [
            TokenGone(
                event.record,
                ASSIGNED_FIELD,
                tuple(keys.stored_tokens(ASSIGNED_FIELD, assignee(event.account, event.recipient)).values()),
            )
            for event in self.draft.events
            if isinstance(event, Assignment) and event.ends and not self._still_assigned(event)
        ]

    def _still_assigned(self, ended: Assignment) -> bool:
        """Whether the same assignee has the same record for another purpose."""
        return any(
            (made.record, made.account, made.recipient) == (ended.record, ended.account, ended.recipient)
            and made.end is None
            for made in self.draft.standing.assignments
        )


def instance_of(category: Category, subject: SubjectId, record: RecordId) -> UUID:
    """Which data key of a category a record's group is under. Month and year instances belong to series."""
    return subject if category.instance is Instance.SUBJECT else record
