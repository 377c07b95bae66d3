"""All doors in memory, over `fake_doors`: look-ups, pages, erasure, a ledger besides. Really decided, never sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from determinism import SeededEntropy, SeededIds
from fake_proofs import FakeProofs
from fake_series import FakeSeries
from identity_house import MemoryTokens
from memory_erasures import MemoryErasures
from memory_retention import MemoryRetention
from memory_suppression import MemorySuppression
from memory_tasks import MemoryTasks

from policies.decision import Decision, Refusal, screen
from policies.event import Event
from policies.model import Access, FieldType, PolicySet, Principal, Reach, SubjectId
from policies.oslo import oslo_date
from policies.persons import NotTogether, two_persons
from policies.values import NationalIds, ValueRules, index_form, parse
from vault.audit import RECIPIENTS, AccessEntry, AccessPage, EntryPage, Header, Received
from vault.computed import computed
from vault.consents import ConsentHistory
from vault.errors import Invalid, Refused, Unknown
from vault.request import (
    ByValue,
    Cause,
    CauseKind,
    Change,
    Everyone,
    Fate,
    FieldFate,
    FieldMask,
    Lookup,
    Opened,
    OpenedRecord,
    Receipt,
    ReceiptStatus,
    RecordFilter,
    RequestKey,
    Scope,
    Sealed,
    Secret,
    Withheld,
)
from vault.slips import Slips


@dataclass
class FakeVault(FakeSeries, FakeProofs):
    """Satisfies `resolvers.house.Vault`."""

    ledger: list[tuple[Header, dict[SubjectId, AccessEntry]]] = field(default_factory=list)
    receipts: dict[UUID, Receipt] = field(default_factory=dict)
    numbers: SeededIds = field(default_factory=lambda: SeededIds("ledger"))
    tasks: MemoryTasks = field(init=False)
    cooling: MemoryErasures = field(default_factory=MemoryErasures)
    suppression: MemorySuppression = field(init=False)
    slips: Slips = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = MemoryTasks(self.doors.policy, self.doors.clock)
        self.suppression = MemorySuppression()
        self.retention = MemoryRetention(self.doors)
        self.slips = Slips(lambda: Secret(bytes(32)), SeededEntropy("slips"))

    @property
    def policy(self) -> PolicySet:
        return self.doors.policy

    @property
    def tokens(self) -> MemoryTokens:
        return self.doors.tokens

    async def seal(
        self,
        who: Principal,
        access: Access,
        changes: Sequence[Change],
        events: Sequence[Event] = (),
        idempotency: RequestKey | None = None,
    ) -> Sealed:
        return await self.doors.seal(who, access, changes, events, idempotency)

    async def open(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Lookup,
        fields: FieldMask,
        records: RecordFilter | None = None,
    ) -> Opened:
        """As a page where one is asked for; what the screen refuses is refused of unknown subjects too."""
        opened = await self.doors.open(who, access, self._named(subjects), fields, records)
        opened = replace(opened, records=[self._viewed(record, fields, opened) for record in opened.records])
        if isinstance(subjects, Everyone):
            opened = _page(opened, subjects)
        stopped = dict.fromkeys(self._stopped(who, access, fields), 1)
        by_subject = {subject: {**stopped, **counts} for subject, counts in opened.by_subject.items()}
        opened = replace(opened, withheld={**stopped, **opened.withheld}, by_subject=by_subject)
        self._put_down(who, access, opened, fields, "opened" if opened.found else "refused")
        return opened

    def _named(self, subjects: Sequence[SubjectId] | Lookup) -> Sequence[SubjectId]:
        match subjects:
            case Everyone(after=after):
                return [each for each in sorted(self.doors.people) if after is None or each > after]
            case ByValue(field=name, value=value):
                kind = self.policy.fields[name].type
                parsed = parse(kind, value.reveal(), ValueRules(NationalIds.SYNTHETIC, oslo_date(self.doors.clock())))
                if not isinstance(parsed, str):
                    raise Invalid(name, "is not one")
                wanted = index_form(kind, parsed)
                return [
                    subject
                    for subject, person in self.doors.people.items()
                    if any(n == name and index_form(kind, str(v)) == wanted for (_, n), v in person.values.items())
                ]
            case _:
                return subjects

    def _viewed(self, record: OpenedRecord, fields: FieldMask, opened: Opened) -> OpenedRecord:
        """With the views of the standing that the policy lets through."""
        refused = {w.field for w in opened.by_subject[record.subject]}
        names = sorted(
            name
            for name in fields - refused
            if name.startswith(f"{record.kind}.") and self.policy.fields[name].type is FieldType.STANDING
        )
        standing = self.doors.people[record.subject].standing
        return replace(record, values={**record.values, **computed(standing, record.record, names)})

    def _stopped(self, who: Principal, access: Access, fields: FieldMask) -> list[Withheld]:
        day = oslo_date(self.doors.clock())
        answers = {name: screen(self.policy, who, access, name, day) for name in sorted(fields)}
        return [Withheld(name, a.rule, personal=False) for name, a in answers.items() if isinstance(a, Refusal)]

    async def explain(
        self, who: Principal, access: Access, subject: SubjectId, fields: FieldMask
    ) -> Mapping[str, Decision]:
        if subject not in self.doors.people:
            raise Unknown("no such subject")
        return await self.doors.explain(who, access, subject, fields)

    async def consents(self, who: Principal, subject: SubjectId) -> ConsentHistory:
        """No events are kept here."""
        if who.subject != subject:
            raise Unknown("no such subject")
        return ConsentHistory((), "")

    async def received(self, who: Principal, access: Access, subject: SubjectId) -> Sequence[Received]:
        """Nobody outside gets anything here."""
        if who.subject != subject and not (await self.open(who, access, [subject], frozenset({RECIPIENTS}))).found:
            raise Unknown("no such subject")
        return []

    async def record(self, who: Principal | None, access: Access, /) -> UUID:
        """Nothing is kept of acts that open nothing."""
        del who, access
        return self.numbers()

    async def erase(self, who: Principal, cause: Cause, scopes: Sequence[Scope]) -> Receipt:
        (scope,) = scopes
        own = who.subject == scope.subject
        if cause.kind is CauseKind.OFFICER:
            second = None if cause.second is None else await self.tokens.resolve(cause.second)
            if second is None or isinstance(two_persons(who, second, self.policy), NotTogether):
                raise Refused([Withheld("erasure", "two_persons", personal=False)])
        elif not own:
            raise Refused([Withheld("erasure", "reach", personal=False)])
        if scope.subject not in self.doors.people:
            raise Unknown("no such subject")
        gone = self.doors.people.pop(scope.subject)
        fates = tuple(FieldFate(n, Fate.ERASED, None, None, None) for n in sorted({n for _, n in gone.values}))
        receipt = Receipt(
            self.numbers(), scope.subject, self.doors.clock(), fates, ReceiptStatus.PENDING, (scope,), cause.kind,
            self.policy.digest, self.numbers(), None,
        )  # fmt: skip
        self.receipts[receipt.id] = receipt
        return receipt

    async def receipt(self, who: Principal, number: UUID, /) -> Receipt:
        found = self.receipts.get(number)
        if found is None or not (self._audits(who) or who.subject == found.subject):
            raise Unknown("no such receipt")
        return found

    def _audits(self, who: Principal) -> bool:
        return any(self.policy.purposes["audit"].roles.get(role) is Reach.POPULATION for role in who.roles)

    async def accesses(
        self, who: Principal, subject: SubjectId, after: UUID | None, first: int, *, proofs: bool = False
    ) -> AccessPage:
        del proofs  # there is no tree here
        if not (self._audits(who) or who.subject == subject):
            raise Unknown("no such subject")
        rows = [parts[subject] for _, parts in reversed(self.ledger) if subject in parts]
        start = next((n + 1 for n, row in enumerate(rows) if row.id == after), 0)
        return AccessPage(rows[start : start + first], more=len(rows) > start + first)

    async def entries(self, who: Principal, after: UUID | None, first: int, *, proofs: bool = False) -> EntryPage:
        del proofs
        if not self._audits(who):
            raise Refused([Withheld("person.accesses", "role", personal=False)])
        rows = [header for header, _ in reversed(self.ledger)]
        start = next((n + 1 for n, row in enumerate(rows) if row.id == after), 0)
        return EntryPage(rows[start : start + first], more=len(rows) > start + first)

    def _put_down(self, who: Principal, access: Access, opened: Opened, fields: FieldMask, kind: str) -> None:
        header = Header(
            id=self.numbers(),
            at=self.doors.clock(),
            kind=kind,
            actor=who.account,
            roles=tuple(sorted(who.roles)),
            purpose=access.purpose,
            recipient=access.recipient,
            policy=self.policy.digest,
            subjects=len(opened.by_subject),
            opened=len(opened.found),
            withheld=len(opened.withheld),
            fields=tuple(sorted(fields)),
            rules=tuple((w.field, w.rule, n) for w, n in opened.withheld.items()),
            reason=access.reason or "",
        )
        parts = {
            subject: AccessEntry(
                id=header.id,
                at=header.at,
                kind=kind,
                actor=header.actor,
                roles=header.roles,
                purpose=header.purpose,
                recipient=header.recipient,
                fields=tuple(sorted(fields - {w.field for w in refused})),
                withheld=tuple((w.field, w.rule) for w in refused),
                reason=header.reason,
            )
            for subject, refused in opened.by_subject.items()
        }
        self.ledger.append((header, parts))


def _page(opened: Opened, asked: Everyone) -> Opened:
    kept = list(opened.found)[: asked.first]
    return replace(
        opened,
        records=[record for record in opened.records if record.subject in kept],
        by_subject={subject: opened.by_subject[subject] for subject in kept},
        withheld={},
        found=kept,
        more=len(opened.found) > len(kept),
    )
