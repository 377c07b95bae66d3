"""DOOR in for readings: nothing is stored that the policy does not let this principal give.

 1. read the subjects, admit each arrival's field on its record; what is refused is reported and the rest goes on
 2. find the heads of the periods touched, open what counts there, and tell new versions from those that are there
 3. store the new versions as sealed segments in contents: durable, and invisible until a head lists them
 4. one control transaction: request key, ledger entry, heads. It compares the epoch, the token, the versions of
    subjects and heads with what was read, and writes nothing if one of them changed: then back to 1

A crash before 4 leaves segments that no head lists, for the sweeper; after 4 everything counts. What is acknowledged
was committed in 4. The subject's standing stays as it is, and so does its version: readers are not disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import cbor2

from policies.admission import Admission, admit
from policies.decision import Refusal
from policies.model import Access, Principal, SubjectId
from vault.errors import Contended, Invalid
from vault.house import ROUNDS, House, Loaded
from vault.ledger.book import Act, Kind, Outcome
from vault.once import Hashed, earlier_outcome, hashed
from vault.request import RequestKey, Withheld
from vault.series.checking import outlived, problem, touched
from vault.series.merging import Merged, merged
from vault.series.periods import Lane
from vault.series.request import Appended, Arrival, Taken
from vault.series.widening import widened
from vault.series.writing import Written, needed_widths, written
from vault.storage.engine import Collision, retrying
from vault.storage.epochs import hold_current_epoch
from vault.storage.recording import Entry, record
from vault.storage.series import insert_heads, insert_segments, update_heads
from vault.storage.writing import take_request

PAUSE_SECONDS: Final = 0.005
MAX_ARRIVALS: Final = 5_000
UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class Judged:
    """The arrivals of a call: the rule that refuses each or None, and the lane of each that passed."""

    arrivals: Sequence[Arrival]
    rules: list[str | None]
    personal: set[int] = field(default_factory=set)
    lanes: dict[tuple[object, ...], Lane] = field(default_factory=dict)
    lane_of: dict[int, int] = field(default_factory=dict)
    subjects: dict[SubjectId, Loaded] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything of one attempt, ready for the transaction."""

    written: Written
    entry: Entry
    appended: Appended


class Arriving:
    """Takes readings in, on record."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def append(
        self,
        who: Principal,
        access: Access,
        deliveries: Sequence[Arrival],
        idempotency: RequestKey | None = None,
    ) -> Appended:
        """Store what is new in these arrivals, all of those that the policy admits or none.

        Delivering is idempotent with or without a request key: what is there is counted as duplicate. The order of
        deliveries makes no difference to the series.

        Args:
            who: collects for one of the purposes of the field.
            access: what the ledger says it was for.
            deliveries: at most 5,000, of any subjects, records and fields. One with a month that is a sum by now is
                refused whole.
            idempotency: the same key with the same body gives the first answer.

        Raises:
            Invalid: too many arrivals.
            Conflict: the idempotency key was used for another request.
            TokenRefused: the principal's token is no longer live.
            BrokenSeal: what is stored in a period touched was damaged, moved or replaced; nothing is stored.
            Contended: the subjects kept changing; send again.
            Unavailable: a database or the key service does not answer; send again.
        """
        if len(deliveries) > MAX_ARRIVALS:
            raise Invalid("deliveries", f"are at most {MAX_ARRIVALS} at a time")
        request = hashed(self._house, who, idempotency)
        for attempt in range(ROUNDS):
            earlier = await earlier_outcome(self._house, request)
            if earlier is not None:
                await self._house.token_is_live(who)
                return _decoded(earlier)
            try:
                prepared = await self._prepare(who, access, deliveries)
                await self._store(prepared.written)
                if await self._commit(prepared, request):
                    return prepared.appended
            except Collision:
                await self._house.token_is_live(who)
                await retrying(PAUSE_SECONDS * attempt)
        msg = "the subjects kept changing; send the request again"
        raise Contended(msg)

    # -- 1: decide -----------------------------------------------------------------------------------------------------

    async def _judge(self, who: Principal, deliveries: Sequence[Arrival]) -> Judged:
        judged = Judged(deliveries, [problem(self._house.policy, each) for each in deliveries])
        subjects = list(dict.fromkeys(each.subject for each in deliveries))
        rows = await self._house.subjects(subjects)
        judged.subjects = {subject: self._house.standing(row) for subject, row in rows.items()}
        now, numbers = self._house.clock(), dict[tuple[object, ...], int]()
        answers: dict[tuple[object, ...], Admission | None] = {}
        for place, arrival in enumerate(deliveries):
            if judged.rules[place] is None:
                asked = arrival.subject, arrival.record, arrival.field
                if asked not in answers:  # the same of every arrival of a field of a record
                    answers[asked] = self._admission(who, judged, arrival, now)
                judged.rules[place] = self._rule(judged, place, answers[asked], now)
            if judged.rules[place] is None:
                key = (arrival.subject, arrival.record, arrival.field, arrival.readings.resolution)
                if key not in numbers:
                    numbers[key] = len(numbers)
                    judged.lanes[key] = self._lane(judged, arrival)
                judged.lane_of[place] = numbers[key]
        return judged

    def _admission(self, who: Principal, judged: Judged, arrival: Arrival, now: datetime) -> Admission | None:
        """None of a subject that is not there."""
        loaded = judged.subjects.get(arrival.subject)
        if loaded is None:
            return None
        return admit(self._house.policy, who, arrival.field, arrival.record, loaded.standing, now, born=False)

    def _rule(self, judged: Judged, place: int, answer: Admission | None, now: datetime) -> str | None:
        if answer is None:
            return UNKNOWN
        if not isinstance(answer, Refusal):
            return outlived(self._house.policy, judged.arrivals[place], now)
        if answer.personal:
            judged.personal.add(place)
        return answer.rule

    def _lane(self, judged: Judged, arrival: Arrival) -> Lane:
        policy = self._house.policy
        instance = policy.categories[policy.fields[arrival.field].category].instance
        loaded = judged.subjects[arrival.subject]
        return Lane.of(loaded, arrival.record, arrival.field, arrival.readings.resolution, instance)

    # -- 2: what is new ------------------------------------------------------------------------------------------------

    async def _prepare(self, who: Principal, access: Access, deliveries: Sequence[Arrival]) -> Prepared:
        judged = await self._judge(who, deliveries)
        lanes = list(judged.lanes.values())
        taken = [(judged.lane_of[place], touched(deliveries[place].readings)) for place in judged.lane_of]
        found: Merged = await merged(self._house, lanes, taken)
        await widened(self._house, lanes, needed_widths(lanes, found), found)
        counts = dict(zip(judged.lane_of, found.counts, strict=True))
        answers = tuple(counts.get(place, Taken(rule=judged.rules[place])) for place in range(len(deliveries)))
        entry = await self._house.book.entry(self._act(who, access, judged))
        made = written(self._house, lanes, found)
        return Prepared(made, entry, Appended(answers, entry.id, replayed=False))

    def _act(self, who: Principal, access: Access, judged: Judged) -> Act:
        stored: dict[SubjectId, set[str]] = {}
        withheld: dict[SubjectId, set[Withheld]] = {}
        for place, arrival in enumerate(judged.arrivals):
            rule = judged.rules[place]
            stored.setdefault(arrival.subject, set())
            if rule is None:
                stored[arrival.subject].add(arrival.field)
            else:
                refused = Withheld(arrival.field, rule, personal=place in judged.personal)
                withheld.setdefault(arrival.subject, set()).add(refused)
        outcomes = {
            subject: Outcome(frozenset(fields), frozenset(withheld.get(subject, ())))
            for subject, fields in stored.items()
        }
        versions = [(subject, loaded.row.version) for subject, loaded in judged.subjects.items()]
        kind = Kind.SEALED if judged.lane_of else Kind.REFUSED
        return Act(kind, who, access, outcomes, versions, frozenset())

    # -- 3 and 4: store and commit -----------------------------------------------------------------------------------

    async def _store(self, made: Written) -> None:
        if made.segments:
            async with self._house.contents.connection() as connection:
                await insert_segments(connection, made.segments)

    async def _commit(self, prepared: Prepared, request: Hashed | None) -> bool:
        """True: stored. False: somebody used the request key first; nothing was stored."""
        async with self._house.control.transaction() as connection:
            epoch = await hold_current_epoch(connection)
            if epoch is None or epoch != self._house.keys.current.number:
                await self._house.reload()
                msg = "the epoch changed"
                raise Collision(msg)
            now = self._house.clock()
            outcome = _encoded(prepared.appended)
            if request is not None and not await take_request(connection, request.key, request.body, outcome, now):
                return False
            if not await record(connection, [prepared.entry], now):
                msg = "the token is not live, or a subject changed"
                raise Collision(msg)
            await insert_heads(connection, prepared.written.new_heads)
            await update_heads(connection, prepared.written.changed_heads)
        return True


def _encoded(appended: Appended) -> bytes:
    taken = [[t.accepted, t.corrected, t.superseded, t.duplicate, t.rule] for t in appended.taken]
    return cbor2.dumps([appended.entry.bytes, taken], canonical=True)


def _decoded(outcome: bytes) -> Appended:
    entry, taken = cbor2.loads(outcome)
    return Appended(tuple(Taken(*each) for each in taken), UUID(bytes=entry), replayed=True)
