"""The calendar in memory: really asked of the policy, over the people of `fake_doors`; nothing is put on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fake_doors import FakeDoors

from policies.ending import Ending, ending
from policies.model import Principal, Reach, RecordId, SubjectId
from policies.retention import NoAnchor, due
from policies.standing import Standing
from vault.errors import Refused
from vault.judging import Tally
from vault.request import Withheld
from vault.retention import Ends, EndsPage, Verdict, VerdictPage


class MemoryRetention:
    """Satisfies `resolvers.house.Calendar`."""

    def __init__(self, doors: FakeDoors) -> None:
        self._doors = doors

    async def forecast(self, who: Principal, at: datetime, after: SubjectId | None, first: int) -> EndsPage:
        self._may(who)
        page, more = self._page(after, first)
        found = [Ends(subject, tuple(self._endings(subject, at))) for subject in page]
        return EndsPage(tuple(each for each in found if each.endings), (), page[-1] if page else None, more=more)

    async def missing(self, who: Principal, at: datetime, after: SubjectId | None, first: int) -> VerdictPage:
        self._may(who)
        page, more = self._page(after, first)
        found = [
            Verdict(subject, record, category, None, answer)
            for subject in page
            for record, category in self._stored(subject)
            if isinstance(answer := due(self._doors.policy, category, record, self._of(subject), at), NoAnchor)
        ]
        return VerdictPage(tuple(found), (), page[-1] if page else None, more=more)

    async def run(self, who: Principal) -> Tally:
        self._may(who)
        tally = Tally()
        for subject in sorted(self._doors.people):
            dead = {(each.record, each.category) for each in self._endings(subject, self._doors.clock())}
            tally.subjects += 1
            if dead and dead == self._stored(subject):
                self._doors.people.pop(subject)
                tally.wholes += 1
            for _, category in dead:
                tally.dead[category] = tally.dead.get(category, 0) + 1
        return tally

    def _may(self, who: Principal) -> None:
        roles = self._doors.policy.purposes["erasure"].roles
        if Reach.POPULATION not in {roles.get(role) for role in who.roles}:
            raise Refused([Withheld("erasure", "role", personal=False)])

    def _page(self, after: SubjectId | None, first: int) -> tuple[list[SubjectId], bool]:
        rest = [each for each in sorted(self._doors.people) if after is None or each > after]
        return rest[:first], len(rest) > first

    def _of(self, subject: SubjectId) -> Standing:
        return self._doors.people[subject].standing

    def _stored(self, subject: SubjectId) -> set[tuple[RecordId, str]]:
        fields = self._doors.policy.fields
        return {(record, fields[name].category) for record, name in self._doors.people[subject].values}

    def _endings(self, subject: SubjectId, at: datetime) -> Iterator[Ending]:
        for record, category in sorted(self._stored(subject)):
            end = ending(self._doors.policy, category, record, self._of(subject), at)
            if end is not None:
                yield end
