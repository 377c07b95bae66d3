"""Reading the ledger: a subject what was done with its own data, the data protection officer the headers of all.

A subject's part of an entry that speaks of several is opened alone; whose the others are nobody can tell from it. The
reading itself is on record and governed by the policy: a subject needs a use of `person.accesses`, an officer the
purpose `audit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from policies.decision import Refusal, screen
from policies.model import SELF, Access, Principal, Reach, SubjectId
from policies.oslo import oslo_date
from vault.crypto.aead import Sealer
from vault.errors import Refused, Unknown
from vault.house import House
from vault.ledger.book import Act, Kind, Outcome, reference
from vault.ledger.parts import HeaderSaid, PartSaid, read_header, read_part
from vault.ledger.proving import Claim, header_claim, part_claim, prove
from vault.request import MAX_PAGE, LedgerProof, Withheld

FIELD: Final = "person.accesses"
RECIPIENTS: Final = "person.recipients"
PURPOSE: Final = "audit"

_UNREADABLE: Final = HeaderSaid((), (), "")
"""What is left of the sealed half of a header when the month's audit key has died after the audit retention."""

HEADER: Final = (
    "e.id, e.at, e.month, e.kind, e.actor, e.token, e.roles, e.purpose, e.recipient, e.policy, e.subjects, e.opened,"
    " e.withheld"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An entry as the officer sees it. `rules` are (field, rule, count); `subjects` is a number, never names.

    `proof` is there where it was asked for, the entry is in the tree and the month's key lives.
    """

    id: UUID
    at: datetime
    kind: str
    actor: UUID | None
    roles: tuple[str, ...]
    purpose: str | None
    recipient: str | None
    policy: bytes
    subjects: int
    opened: int
    withheld: int
    fields: tuple[str, ...]
    rules: tuple[tuple[str, str, int], ...]
    reason: str
    proof: LedgerProof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """What one entry says of one subject: who asked, for what and why, which fields opened, which were withheld.

    `proof` is there where it was asked for and the entry is in the tree.
    """

    id: UUID
    at: datetime
    kind: str
    actor: UUID | None
    roles: tuple[str, ...]
    purpose: str | None
    recipient: str | None
    fields: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]
    reason: str
    proof: LedgerProof | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Newest first. `more`: older ones follow the last."""

    entries: Sequence[Header]
    more: bool


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Newest first. `more`: older ones follow the last."""

    entries: Sequence[AccessEntry]
    more: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A recipient outside the company and a field it got, with the first and the last time on record."""

    recipient: str
    field: str
    first: datetime
    last: datetime


EntryT = TypeVar("EntryT", Header, AccessEntry)


class Audit:
    """The ledger's readers."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def accesses(
        self, who: Principal, subject: SubjectId, after: UUID | None, first: int, *, proofs: bool = False
    ) -> AccessPage:
        """Everything on record about one subject, refusals included, newest first; with `proofs` each with its own.

        Raises:
            Refused: this principal may not read it.
            Unknown: the subject is another's.
        """
        access = self._access(who)
        answer = screen(self._house.policy, who, access, FIELD, oslo_date(self._house.clock()))
        if isinstance(answer, Refusal):
            await self._refuse(who, access, answer.rule)
        elif who.subject != subject and Reach.POPULATION not in {reach for _, reach in answer.acting}:
            msg = "no such subject"
            raise Unknown(msg)
        await self._note(who, access, {subject: Outcome(frozenset({FIELD}), frozenset())})
        return await self._about(subject, after, max(1, min(first, MAX_PAGE)), proofs=proofs)

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> Sequence[Received]:
        """Who outside the company got which of the subject's fields, first and last, by recipient and field.

        Read from the ledger, so only as far back as the audit retention goes. One pass over the subject's own entries,
        a page at a time.

        Raises:
            Refused: this principal may not know it for this purpose.
            Unknown: the subject is another's, or unknown.
        """
        answer = screen(self._house.policy, who, access, RECIPIENTS, oslo_date(self._house.clock()))
        if isinstance(answer, Refusal):
            await self._refuse(who, access, answer.rule, RECIPIENTS)
        else:
            anybody = Reach.POPULATION in {reach for _, reach in answer.acting}
            if who.subject != subject and not (anybody and await self._house.subjects([subject])):
                msg = "no such subject"
                raise Unknown(msg)
        await self._note(who, access, {subject: Outcome(frozenset({RECIPIENTS}), frozenset())})
        return await self._received(subject)

    async def _received(self, subject: SubjectId) -> Sequence[Received]:
        outside = self._house.policy.recipients.keys()
        found: dict[tuple[str, str], Received] = {}
        page = AccessPage((), more=True)
        while page.more:
            page = await self._about(subject, page.entries[-1].id if page.entries else None, MAX_PAGE)
            for entry in page.entries:  # newest first: what is found already is the last time
                recipient = entry.recipient
                if entry.kind == Kind.OPENED and recipient is not None and recipient in outside:
                    for field in entry.fields:
                        key = recipient, field
                        last = found[key].last if key in found else entry.at
                        found[key] = Received(*key, first=entry.at, last=last)
        return [found[key] for key in sorted(found)]

    async def _about(self, subject: SubjectId, after: UUID | None, size: int, *, proofs: bool = False) -> AccessPage:
        names = {reference(key, subject): month for month, key in self._house.keys.current.audit.items()}
        rows = await self._house.control.fetch(
            f"select {HEADER}, p.subject, p.sealed from ledger_subject p join ledger_entry e on e.id = p.entry"  # noqa: S608  a constant
            " where p.subject = any($1::bytea[]) and ($2::uuid is null or p.entry < $2) order by p.entry desc limit $3",
            list(names), after, size + 1,
        )  # fmt: skip
        made = [self._access_entry(row) for row in rows[:size]]
        shown = await self._proven(made) if proofs else [entry for entry, _ in made]
        return AccessPage(shown, more=len(rows) > size)

    async def _proven(self, made: Sequence[tuple[EntryT, Claim | None]]) -> list[EntryT]:
        found = iter(await prove(self._house, [claim for _, claim in made if claim is not None]))
        return [entry if claim is None else replace(entry, proof=next(found)) for entry, claim in made]

    def _access_entry(self, row: Any) -> tuple[AccessEntry, Claim | None]:
        sealer = Sealer(self._house.keys.current.audit[row["month"]])
        said = read_part(sealer, row["id"], row["subject"], row["sealed"])
        return _shown_access(row, said), part_claim(row, said)

    async def entries(self, who: Principal, after: UUID | None, first: int, *, proofs: bool = False) -> EntryPage:
        """Headers of all entries, newest first; with `proofs` each with its own.

        Raises:
            Refused: this principal does not hold the purpose `audit`, or not with the second factor its role demands.
        """
        await self.admitted(who)
        size = max(1, min(first, MAX_PAGE))
        rows = await self._house.control.fetch(
            f"select {HEADER}, e.sealed from ledger_entry e"  # noqa: S608  a constant
            " where $1::uuid is null or e.id < $1 order by e.id desc limit $2",
            after, size + 1,
        )  # fmt: skip
        made = [self._header(row) for row in rows[:size]]
        shown = await self._proven(made) if proofs else [entry for entry, _ in made]
        return EntryPage(shown, more=len(rows) > size)

    async def admitted(self, who: Principal) -> None:
        """Put on record that an officer reads the ledger, or that somebody wanted to who may not.

        Raises:
            Refused: this principal does not hold the purpose `audit`, or not with the second factor its role demands.
        """
        access = Access(PURPOSE, None, self._access(who).recipient)
        rule = self._officer_rule(who)
        if rule is not None:
            await self._refuse(who, access, rule)
        await self._note(who, access, {})

    def _officer_rule(self, who: Principal) -> str | None:
        policy = self._house.policy
        purpose = policy.purposes.get(PURPOSE)
        reaches: Mapping[str, Reach] = {} if purpose is None else purpose.roles
        acting = [role for role in who.roles if reaches.get(role) is Reach.POPULATION]
        if not acting:
            return "role"
        unproven = not who.second_factor and any(policy.roles[role].second_factor for role in acting)
        return "second_factor" if unproven else None

    def _header(self, row: Any) -> tuple[Header, Claim | None]:
        key = self._house.keys.current.audit.get(row["month"])
        if key is None:
            return _shown_header(row, _UNREADABLE), None
        said = read_header(Sealer(key), row)
        return _shown_header(row, said), header_claim(row, said)

    async def _note(self, who: Principal, access: Access, outcomes: Mapping[SubjectId, Outcome]) -> None:
        """Reading the ledger is itself on record, before it is read. Also makes sure of this month's audit key."""
        act = Act(Kind.OPENED, who, access, outcomes, (), frozenset())
        while not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)

    def _access(self, who: Principal) -> Access:
        if SELF in who.roles:
            return Access("self_service", None, SELF)
        return Access(PURPOSE, None, min(who.roles, default=SELF))

    async def _refuse(self, who: Principal, access: Access, rule: str, field: str = FIELD) -> None:
        withheld = Withheld(field, rule, personal=False)
        act = Act(Kind.REFUSED, who, access, {}, (), frozenset({withheld}))
        if not await self._house.committer.record(await self._house.book.entry(act)):
            await self._house.token_is_live(who)
        raise Refused([withheld])


def _shown_access(row: Any, said: PartSaid) -> AccessEntry:
    return AccessEntry(
        id=row["id"], at=row["at"], kind=row["kind"], actor=row["actor"], roles=tuple(row["roles"]),
        purpose=row["purpose"], recipient=row["recipient"], fields=tuple(said.fields),
        withheld=tuple(said.withheld), reason=said.reason,
    )  # fmt: skip


def _shown_header(row: Any, said: HeaderSaid) -> Header:
    return Header(
        id=row["id"], at=row["at"], kind=row["kind"], actor=row["actor"], roles=tuple(row["roles"]),
        purpose=row["purpose"], recipient=row["recipient"], policy=row["policy"], subjects=row["subjects"],
        opened=row["opened"], withheld=row["withheld"], fields=tuple(said.fields),
        rules=tuple(said.rules), reason=said.reason,
    )  # fmt: skip
