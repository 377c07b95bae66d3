"""The doors of series in memory, for `fake_vault`: really decided, never sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from fake_doors import FakeDoors

from policies.admission import Admit, admit
from policies.decision import Refusal, decide, screen
from policies.model import Access, Principal, RecordId, SubjectId
from policies.oslo import oslo_date
from policies.standing import Node
from vault.request import Everyone, FieldMask, RecordFilter, RequestKey, Secret, Withheld
from vault.series.axis import Resolution, between
from vault.series.readings import Versions, counting, joined, versions_of
from vault.series.request import Appended, Arrival, Series, SeriesOpened, Taken

Lane = tuple[SubjectId, RecordId, str, Resolution]
ENTRY = UUID(int=1)


@dataclass
class FakeSeries:
    """Columns in a dictionary."""

    doors: FakeDoors
    kept: dict[Lane, Versions] = field(default_factory=dict)
    said: dict[str, Appended] = field(default_factory=dict)

    async def append(
        self,
        who: Principal,
        access: Access,
        deliveries: Sequence[Arrival],
        idempotency: RequestKey | None = None,
    ) -> Appended:
        assert access.purpose in self.doors.policy.purposes
        if idempotency is not None and idempotency.key in self.said:
            return Appended(self.said[idempotency.key].taken, ENTRY, replayed=True)
        done = Appended(tuple(self._take(who, each) for each in deliveries), ENTRY, replayed=False)
        if idempotency is not None:
            self.said[idempotency.key] = done
        return done

    def _take(self, who: Principal, arrival: Arrival) -> Taken:
        standing, now = self.doors.people[arrival.subject].standing, self.doors.clock()
        answer = admit(self.doors.policy, who, arrival.field, arrival.record, standing, now, born=False)
        if not isinstance(answer, Admit):
            return Taken(rule=answer.rule)
        lane = arrival.subject, arrival.record, arrival.field, arrival.readings.resolution
        versions = versions_of(arrival.readings)
        self.kept[lane] = joined([self.kept[lane], versions]) if lane in self.kept else versions
        return Taken(accepted=len(versions))

    async def series(
        self,
        who: Principal,
        access: Access,
        subjects: Sequence[SubjectId] | Everyone,
        fields: FieldMask,
        start: datetime,
        end: datetime,
        records: RecordFilter | None = None,
        *,
        history: bool = False,
    ) -> SeriesOpened:
        assert not history, "this fake keeps no history"
        assert not isinstance(subjects, Everyone), "this fake has no population"
        day = oslo_date(self.doors.clock())
        screened = {name: screen(self.doors.policy, who, access, name, day) for name in sorted(fields)}
        stopped = {
            Withheld(name, answer.rule, personal=False): 1
            for name, answer in screened.items()
            if isinstance(answer, Refusal)
        }
        by_subject = {name: self._withheld(who, access, name, fields, records, stopped) for name in subjects}
        permitted = {s: fields - {w.field for w in counts} for s, counts in by_subject.items()}
        found = [s for s in subjects if s in self.doors.people and permitted[s]]
        series = [
            Series(lane[0], lane[1], lane[2], Secret(counting(lane[3], between(lane[3], start, end), versions)), None)
            for lane, versions in self.kept.items()
            if lane[0] in found and lane[2] in permitted[lane[0]] and (not records or lane[1] in records.records)
        ]
        return SeriesOpened(series, stopped, by_subject, found, more=False, entry=ENTRY)

    def _withheld(
        self,
        who: Principal,
        access: Access,
        subject: SubjectId,
        fields: FieldMask,
        records: RecordFilter | None,
        stopped: Mapping[Withheld, int],
    ) -> Mapping[Withheld, int]:
        refused = dict(stopped)
        person = self.doors.people.get(subject)
        nodes: Mapping[RecordId, Node] = {} if person is None else person.standing.records
        for name in sorted(fields - {each.field for each in stopped}):
            kind = self.doors.policy.fields[name].record
            wanted = [r for r, node in nodes.items() if node.kind == kind and (not records or r in records.records)]
            if person is None or not wanted:
                refused[Withheld(name, "reach", personal=False)] = 1
            for record in wanted:
                assert person is not None
                answer = decide(self.doors.policy, who, access, name, record, person.standing, self.doors.clock())
                if isinstance(answer, Refusal):
                    refused[Withheld(name, answer.rule, answer.personal)] = 1
        return refused
