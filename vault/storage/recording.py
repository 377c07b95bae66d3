"""The recording statement: it locks, re-checks and inserts many ledger entries in one round trip and one flush.

An entry is inserted only if its token is live and every standing version it was decided on is still the subject's. The
locks are what makes that true at commit: without `for share` a withdrawal could be acknowledged between the check and
the insert. Token rows are locked before subject rows and both in the order of their ids, as every writer does, so two
statements never wait for each other. A crash leaves each entry whole or absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from policies.model import SubjectId


@dataclass(frozen=True, slots=True)
class Part:
    """What one subject's part of an entry says, sealed and committed to; `subject` is a keyed hash."""

    subject: bytes
    sealed: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ledger entry ready to insert. `decided_on` are the standing versions it must still find."""

    id: UUID
    at: datetime
    month: date
    kind: str
    actor: UUID | None
    token: UUID | None
    roles: tuple[str, ...]
    purpose: str | None
    recipient: str | None
    policy: bytes
    subjects: int
    opened: int
    withheld: int
    sealed: bytes
    commitment: bytes
    parts: Sequence[Part]
    decided_on: Sequence[tuple[SubjectId, int]]


RECORD: Final = """
with asked as (
  select * from unnest($1::uuid[], $2::timestamptz[], $3::date[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
                       $8::text[], $9::text[], $10::bytea[], $11::int[], $12::int[], $13::int[], $14::bytea[],
                       $23::bytea[])
    as e(id, at, month, kind, actor, token, roles, purpose, recipient, policy, subjects, opened, withheld, sealed,
         commitment)
), needed as (
  select * from unnest($15::uuid[], $16::uuid[], $17::bigint[]) as n(entry, subject, version)
), live_token as (
  select t.id from token t
   where t.id in (select token from asked) and t.revoked_at is null and t.expires_at > $22 order by t.id for share
), live_subject as (
  select s.subject, s.version from subject s
   where s.subject in (select subject from needed) and s.state = 1 order by s.subject for share
), good as (
  select a.* from asked a
   where (a.token is null or exists (select from live_token t where t.id = a.token))
     and not exists (
       select from needed n left join live_subject s on s.subject = n.subject and s.version = n.version
        where n.entry = a.id and s.subject is null)
), entries as (
  insert into ledger_entry (id, at, month, kind, actor, token, roles, purpose, recipient, policy, subjects, opened,
                            withheld, sealed, commitment)
  select id, at, month, kind, actor, token, string_to_array(roles, ','), purpose, recipient, policy, subjects, opened,
         withheld, sealed, commitment from good
  returning id
), parts as (
  insert into ledger_subject (entry, subject, month, sealed, commitment)
  select p.entry, p.subject, p.month, p.sealed, p.commitment
    from unnest($18::uuid[], $19::bytea[], $20::date[], $21::bytea[], $24::bytea[])
      as p(entry, subject, month, sealed, commitment)
    join entries on entries.id = p.entry
)
select id from entries
"""


def arguments(entries: Sequence[Entry], now: datetime) -> list[object]:
    """The statement's arguments: one array per column."""
    needed = [(entry.id, subject, version) for entry in entries for subject, version in entry.decided_on]
    parts = [(e.id, part.subject, e.month, part.sealed, part.commitment) for e in entries for part in e.parts]
    return [
        [e.id for e in entries],
        [e.at for e in entries],
        [e.month for e in entries],
        [e.kind for e in entries],
        [e.actor for e in entries],
        [e.token for e in entries],
        [",".join(e.roles) for e in entries],
        [e.purpose for e in entries],
        [e.recipient for e in entries],
        [e.policy for e in entries],
        [e.subjects for e in entries],
        [e.opened for e in entries],
        [e.withheld for e in entries],
        [e.sealed for e in entries],
        *([row[n] for row in needed] for n in range(3)),
        *([row[n] for row in parts] for n in range(4)),
        now,
        [e.commitment for e in entries],
        [row[4] for row in parts],
    ]


async def record(connection: Any, entries: Sequence[Entry], now: datetime) -> frozenset[UUID]:
    """Insert what may be inserted; returns the ids that were. The missing ones must be decided again."""
    rows = await connection.fetch(RECORD, *arguments(entries, now))
    return frozenset(UUID(int=row[0].int) for row in rows)
