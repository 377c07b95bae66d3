"""What can happen to a subject: the events that fold into a standing.

An event is contents-free: names from the policy, record ids, instants in UTC. The vault seals the history; `fold` in
`standing.py` is the only reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.model import RecordId, SubjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAdded:
    """A record of kind `kind` now hangs under `parent`. The root (`parent` None) is the subject itself."""

    subject: SubjectId
    record: RecordId
    kind: str
    parent: RecordId | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A lifecycle event of a record, one of the policy's `facts`."""

    subject: SubjectId
    record: RecordId
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent given or withdrawn, with the digest of the policy version the subject was shown."""

    subject: SubjectId
    name: str
    given: bool
    policy_digest: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A record assigned to one account, or to a recipient, for one purpose; `ends` closes an earlier one."""

    subject: SubjectId
    record: RecordId
    purpose: str
    account: UUID | None
    recipient: str | None
    ends: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection (Article 21) to one purpose, or its end."""

    subject: SubjectId
    purpose: str
    made: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A restriction (Article 18) of a record and all below it, or its lifting."""

    subject: SubjectId
    record: RecordId
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An explicit hold of the policy's `holds` on a record, or its end."""

    subject: SubjectId
    record: RecordId
    hold: str
    on: bool
    at: datetime


Event = RecordAdded | Fact | Consent | Assignment | Objection | Restriction | Hold
