"""Writes ledger entries: what was asked, by whom, for which purpose, and what came of it for each subject.

The header says time, actor, purpose, policy version and counts in clear; fields, rules and the stated reason are sealed
under the month's audit key, and so is each subject's part. A subject is named by a keyed hash. No value of a field is
ever in an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, unique
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from policies.model import Access, PolicySet, Principal, SubjectId
from vault.address import Label
from vault.crypto.aead import NONCE_BYTES, Entropy, Sealer
from vault.crypto.derive import keyed_hash
from vault.crypto.documents import seal_document
from vault.errors import Invalid
from vault.keys.tree import KeyTree
from vault.ledger.leaves import Clear, Counts, Whose, act_of_part, commitment, header_content, part_content, salt
from vault.ledger.parts import written_act, written_header, written_part
from vault.request import Secret, Withheld
from vault.storage.recording import Entry, Part

OSLO: Final = ZoneInfo("Europe/Oslo")
REFERENCE_BYTES: Final = 16
MAX_COUNT: Final = 0xFFF
MAX_REASON: Final = 1_000
"""Characters of a stated reason: every subject of an entry keeps its own copy of it."""
UNDECLARED: Final = "undeclared"


@unique
class Kind(StrEnum):
    """What an entry records."""

    OPENED = "opened"
    REFUSED = "refused"
    NOT_OPENED = "not_opened"  # authorised, but a seal was broken
    SEALED = "sealed"
    EXPLAINED = "explained"
    ERASED = "erased"
    ROLLED = "rolled"
    ADMINISTERED = "administered"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it for one subject: fields that opened (or were stored, or erased), and what was withheld."""

    fields: frozenset[str]
    withheld: frozenset[Withheld]


@dataclass(frozen=True, slots=True)
class Left:
    """What an act left of a subject: the version of its standing, and the receipt if something of it was erased."""

    version: int | None = None
    receipt: UUID | None = None


NOTHING_LEFT: Final = Left()


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be recorded.

    `decided_on` are the versions of the standings it was decided on; `stopped` what was withheld whoever was asked for.
    `left` says of what was written which version it made: a row put back later has a lower one than the ledger tells.
    """

    kind: Kind
    who: Principal | None
    access: Access
    outcomes: Mapping[SubjectId, Outcome]
    decided_on: Sequence[tuple[SubjectId, int]]
    stopped: frozenset[Withheld]
    left: Mapping[SubjectId, Left] = field(default_factory=dict[SubjectId, Left])


class TimeOrderedIds:
    """UUIDv7 (RFC 9562 § 5.7 and § 6.2, method 1): milliseconds, a counter within the millisecond, randomness.

    Ids of one process sort in the order in which they were made, also when the clock stands still.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._last = 0
        self._count = 0

    def __call__(self, now: datetime) -> UUID:
        """The next id."""
        moment = int(now.timestamp() * 1000)
        self._count = self._count + 1 if moment <= self._last else 0
        moment = self._last = max(moment, self._last) + (self._count > MAX_COUNT)
        self._count %= MAX_COUNT + 1
        drawn = int.from_bytes(self._entropy(8), "big") >> 2
        return UUID(int=moment << 80 | 0x7 << 76 | self._count << 64 | 0b10 << 62 | drawn)


def month_of(now: datetime) -> date:
    """The first day of the month in Oslo, by which audit keys are made and die."""
    return now.astimezone(OSLO).date().replace(day=1)


def reference(key: Secret[bytes], subject: SubjectId) -> bytes:
    """How a month's entries name a subject."""
    return keyed_hash(key, Label.LEDGER_REFERENCE, subject.bytes)[:REFERENCE_BYTES]


class Book:
    """Makes entries; storing them is the committer's or a writing transaction's part."""

    def __init__(self, policy: PolicySet, keys: KeyTree, clock: Callable[[], datetime], entropy: Entropy) -> None:
        self._policy = policy
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._ids = TimeOrderedIds(entropy)

    async def entry(self, act: Act) -> Entry:
        """The entry of one act, sealed and ready to insert."""
        now = self._clock()
        month = month_of(now)
        key = await self._keys.audit_key(month)
        number, sealer = self._ids(now), Sealer(key)
        _check_reason(act.access)
        who, rules = act.who, _rules(act.outcomes.values(), act.stopped)
        fields = sorted({field for outcome in act.outcomes.values() for field in outcome.fields})
        reason = act.access.reason or ""
        clear = self._clear(act, number, now)
        counts = Counts(
            token=who.token if who and who.token.int else None,
            subjects=len(act.outcomes),
            opened=sum(len(outcome.fields) for outcome in act.outcomes.values()),
            withheld=sum(max(count, 1) for _, _, count in rules),
            rules=rules,
        )
        header = written_header(fields, rules, reason)
        return Entry(
            id=number,
            at=now,
            month=month,
            kind=clear.kind,
            actor=clear.actor,
            token=counts.token,
            roles=tuple(clear.roles),
            purpose=clear.purpose,
            recipient=clear.recipient,
            policy=clear.policy,
            subjects=counts.subjects,
            opened=counts.opened,
            withheld=counts.withheld,
            sealed=seal_document(sealer, Label.LEDGER_ENTRY, (number.bytes,), header, self._entropy(NONCE_BYTES)),
            commitment=commitment(salt(key, number), header_content(clear, counts, fields, reason)),
            parts=self._parts(act, clear, key, sealer),
            decided_on=act.decided_on,
        )

    def _clear(self, act: Act, number: UUID, now: datetime) -> Clear:
        who = act.who
        return Clear(
            entry=number,
            at=now,
            kind=act.kind.value,
            actor=who.account if who and who.account.int else None,
            roles=tuple(sorted(who.roles)) if who else (),
            purpose=self._named(act.access.purpose, self._policy.purposes),
            recipient=self._named(act.access.recipient, {*self._policy.roles, *self._policy.recipients}),
            policy=self._policy.digest,
        )

    def _named(self, name: str, declared: Container[str]) -> str:
        """A name of the policy. Anything else was made up by a caller and may say whatever it likes: not in clear."""
        return name if name in declared else UNDECLARED

    def _parts(self, act: Act, clear: Clear, key: Secret[bytes], sealer: Sealer) -> list[Part]:
        nonces = self._entropy(NONCE_BYTES * len(act.outcomes))
        said = {outcome: _said(outcome, clear, act.access.reason or "") for outcome in set(act.outcomes.values())}
        known = dict(act.decided_on)
        parts: list[Part] = []
        for place, (subject, outcome) in enumerate(act.outcomes.items()):
            name = reference(key, subject)
            nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
            left = act.left.get(subject, NOTHING_LEFT)
            whose = Whose(subject, left.version or known.get(subject), left.receipt)
            written, shown = said[outcome]
            sealed = seal_document(
                sealer, Label.LEDGER_SUBJECT, (clear.entry.bytes, name), written_part(written, whose), nonce
            )
            committed = commitment(salt(key, clear.entry, name), part_content(shown, whose))
            parts.append(Part(name, sealed, committed))
        return parts


def _check_reason(access: Access) -> None:
    if len(access.reason or "") > MAX_REASON:
        raise Invalid("reason", f"is at most {MAX_REASON} characters")
    try:
        (access.reason or "").encode()
    except UnicodeEncodeError:
        raise Invalid("reason", "holds half a character") from None


def _said(outcome: Outcome, clear: Clear, reason: str) -> tuple[bytes, bytes]:
    """What all parts with this outcome have in common: as it is sealed, and as it is committed to."""
    fields, withheld = sorted(outcome.fields), sorted([item.field, item.rule] for item in outcome.withheld)
    return written_act(fields, withheld, reason), act_of_part(clear, fields, withheld, reason)


def _rules(outcomes: Iterable[Outcome], stopped: frozenset[Withheld]) -> list[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {(item.field, item.rule): 0 for item in stopped}
    for outcome in outcomes:
        for item in outcome.withheld:
            counts[item.field, item.rule] = counts.get((item.field, item.rule), 0) + 1
    return [(field, rule, count) for (field, rule), count in sorted(counts.items())]
