"""Until when is a category of one record kept? `due` over a virtual clock.

For a category each of its rules is asked in every lane of the record (`standing.py`: the record and those below it) in
which the rule applies (`applies_after` recorded in that lane, or none demanded); the longest lawful rule keeps. Holds
come before states and consents a rule names in `unless`, those before the clock. A rule whose anchor is missing where
it applies keeps, and is reported: never due, never silently. No rule applies anywhere: `NoAnchor`.

* *Clock*: anchor + `keep` as `oslo.py` counts; `latest` takes the last time of any anchor on record, else the first.
  `also_on` ends it at the withdrawal of that consent, where that is earlier or nothing started the clock.
* *Consent* (`unless: [consent]`) keeps beyond the clock, for those of its purposes that some field of the category is
  used for: a consent to newsletters keeps the e-mail address and no roof (SOL-41).
* *Until* keeps until that fact; where `applies_after` is given, until that fact comes after it (a new opt-in lifts the
  suppression, the opt-in before it does not).
* *With the person*: over when the person's own categories are, that is those with a field on records of the root's
  kind, not computed, all their rules clocks. Only those of which some rule applies count; none of them: reported like
  a missing anchor. Their states and missing anchors keep, else the last of their clocks counts; their consents do not
  keep, being for purposes of their own.
* *Restriction* (Article 18), of the record or one above: storing goes on, so nothing is due until it is lifted. It
  keeps against the calendar only, not against an erasure somebody asks for (`vault/erasure.py`).
* *Holds*: a statutory hold runs from the last time of its anchor in any lane, or, not yet anchored, without end. An
  explicit one runs from its recording to its lifting, on its record, those above (it needs them to make sense) and
  those below. What follows the person is held with the person's own categories.

One call answers for the whole category of a record. Categories with an instance per month or year die one period at a
time: with `period`, the instant at which it ended, a rule that coarsens counts from there (G-06), whatever its anchors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from policies.model import HoldRule, PolicySet, RecordId, RetentionRule, Sequel, StateRule
from policies.oslo import LAST, oslo_date, over
from policies.plan import CONSENT, Plan, of_kind, plans
from policies.standing import Lane, Standing, ancestors, consented, in_force, known, lanes, path, views

RESTRICTION: Final = "restriction"
ARTICLE_18: Final = "GDPR Article 18"


@dataclass(frozen=True, slots=True)
class Due:
    """Over since `at` (UTC); `rule` is the one that kept longest."""

    at: datetime
    rule: str
    then: Sequel


@dataclass(frozen=True, slots=True)
class KeptByClock:
    """Not over yet: due `until` (UTC) if nothing else happens."""

    until: datetime
    rule: str


@dataclass(frozen=True, slots=True)
class KeptByState:
    """A contract state named in `unless` is in force."""

    state: str
    rule: str


@dataclass(frozen=True, slots=True)
class KeptUntil:
    """A rule with `until`: the fact that ends it is not on record."""

    fact: str
    rule: str


@dataclass(frozen=True, slots=True)
class KeptByConsent:
    """The clock is over, a consent in force keeps it, for the consent's own purposes only (SOL-41)."""

    purposes: frozenset[str]
    rule: str


@dataclass(frozen=True, slots=True)
class KeptByHold:
    """A hold overrides erasure: `law` says why, `until` when it ends (`None`: until lifted or not yet anchored)."""

    hold: str
    law: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NoAnchor:
    """Not due because nothing started the clock: reported, never silently kept. `rules` are those without anchor."""

    rules: tuple[str, ...]


Kept = KeptByClock | KeptByState | KeptUntil | KeptByConsent | KeptByHold
Retention = Due | Kept | NoAnchor


@dataclass(frozen=True, slots=True)
class _Ends:
    """A rule's clock in one lane: over at `at`."""

    at: datetime
    rule: RetentionRule


_Reading = KeptByState | KeptUntil | NoAnchor | _Ends
"""What one rule says in one lane. All but `_Ends` keep whatever the clock says."""


def due(
    policy: PolicySet,
    category: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
    *,
    period: datetime | None = None,
) -> Retention:
    """Whether the category of this record is over, and if not what keeps it. `category` is one of the policy's."""
    held = _restricted(record, standing) or hold(policy, category, record, standing, now)
    return held or beneath_holds(policy, category, record, standing, now, period=period)


def _restricted(record: RecordId, standing: Standing) -> KeptByHold | None:
    if any(at in standing.restricted for at in path(standing, record)):
        return KeptByHold(RESTRICTION, ARTICLE_18, None)
    return None


def beneath_holds(
    policy: PolicySet,
    category: str,
    record: RecordId,
    standing: Standing,
    now: datetime,
    *,
    period: datetime | None = None,
) -> Due | KeptByClock | KeptByState | KeptUntil | KeptByConsent | NoAnchor:
    """The same with holds left out. The strongest keeps: a state, no end in sight, the last clock, a consent."""
    plan = plans(policy)[category]
    readings = _readings(plan, record, standing, period)
    ends = [reading for reading in readings if isinstance(reading, _Ends)]
    if len(ends) < len(readings) or not ends:
        return _endless(readings)
    last = _last(ends)
    return KeptByClock(last.at, last.rule.name) if last.at > now else _over(plan, ends, standing)


def lapsed(
    policy: PolicySet, category: str, record: RecordId, standing: Standing, now: datetime
) -> Due | KeptByConsent | None:
    """The same for who opens: `None` as soon as one rule in one lane keeps for every purpose (or none applies)."""
    plan = plans(policy)[category]
    ends: list[_Ends] = []
    for reading in _readings(plan, record, standing):
        if not isinstance(reading, _Ends) or reading.at > now:
            return None
        ends.append(reading)
    return _over(plan, ends, standing) if ends else None


def hold(policy: PolicySet, category: str, record: RecordId, standing: Standing, now: datetime) -> KeptByHold | None:
    """The hold in force that lasts longest, if any."""
    plan = plans(policy)[category]
    found = list(_holds(plan, record, standing, now))
    for followed in plan.follows:
        found.extend(_holds(followed, RecordId(standing.subject), standing, now))
    return max(found, key=lambda held: held.until or LAST, default=None)


def next_change(
    policy: PolicySet, category: str, record: RecordId, standing: Standing, now: datetime
) -> datetime | None:
    """The earliest instant after `now` at which `due` or `lapsed` may answer otherwise although nothing happens.

    Until then an answer given now stands. Early is allowed, late is not.
    """
    plan = plans(policy)[category]
    root = RecordId(standing.subject)
    times: list[datetime] = []
    for each, at in ((plan, record), *((followed, root) for followed in plan.follows)):
        times += [reading.at for reading in _readings(each, at, standing) if isinstance(reading, _Ends)]
        times += [held.until for held in _holds(each, at, standing, now) if held.until is not None]
    for held in standing.held:
        times += [held.start, *([held.end] if held.end is not None else [])]
    return min((at for at in times if at > now), default=None)


def next_due(
    policy: PolicySet,
    standing: Standing,
    now: datetime,
    stored: Collection[tuple[RecordId, str]] | None = None,
) -> date | None:
    """The first day of the month (in Oslo) in which the first thing of this subject becomes due, if any has a date.

    A month early at most, never late: what a sweep finds there it asks `due`. `stored` names the (record, category)
    pairs that still exist; without it every category a record of that kind can have counts, erased ones too.
    """
    if stored is None:
        stored = [(record, name) for record, node in standing.records.items() for name in of_kind(policy, node.kind)]
    dates = (_date(policy, category, record, standing, now) for record, category in stored)
    first = min((at for at in dates if at is not None), default=None)
    return None if first is None else oslo_date(first).replace(day=1)


def _date(policy: PolicySet, category: str, record: RecordId, standing: Standing, now: datetime) -> datetime | None:
    held = _restricted(record, standing) or hold(policy, category, record, standing, now)
    match beneath_holds(policy, category, record, standing, now):
        case Due(at=at) | KeptByClock(until=at):
            return at if held is None else held.until and max(at, held.until)
        case _:
            return None


def free(policy: PolicySet, category: str, record: RecordId, standing: Standing, now: datetime) -> datetime | None:
    """When the last hold ended that ever kept this, as far as it is over `now`; `None` where there was none."""
    plan, root = plans(policy)[category], RecordId(standing.subject)
    ends: list[datetime | None] = []
    for each, at in ((plan, record), *((followed, root) for followed in plan.follows)):
        names, near = {rule.name for rule in each.holds}, _near(at, standing)
        ends += [end for _, end in _statutory(each, at, standing)]
        ends += [held.end for held in standing.held if held.hold in names and held.record in near]
    return max((end for end in ends if end is not None and end <= now), default=None)


def _readings(plan: Plan, record: RecordId, standing: Standing, period: datetime | None = None) -> Sequence[_Reading]:
    """What the rules say in each lane. No clock is asked, so what was read once of a standing stays."""
    kept: dict[object, tuple[_Reading, ...]] = known(standing)
    readings = kept.get((plan, record, period))
    if readings is None:
        readings = kept[plan, record, period] = tuple(_read_all(plan, record, standing, period))
    return readings


def _read_all(plan: Plan, record: RecordId, standing: Standing, period: datetime | None) -> Iterator[_Reading]:
    seen = views(standing, record)
    for rule, states in plan.rules:
        for lane in seen:
            if period is not None and rule.keep is not None and rule.then is Sequel.COARSEN:
                yield _Ends(over(period, rule.keep), rule)
            elif rule.applies_after is None or rule.applies_after in lane:
                yield _read(plan, rule, states, lane, standing)


def _read(plan: Plan, rule: RetentionRule, states: tuple[StateRule, ...], lane: Lane, standing: Standing) -> _Reading:
    for state in states:
        if in_force(state, lane):
            return KeptByState(state.name, rule.name)
    if rule.until is not None:
        return _read_until(rule, rule.until, lane)
    if rule.with_person:
        return _read_person(plan, rule, standing)
    end = _clock_end(rule, lane, standing)
    return NoAnchor((rule.name,)) if end is None else _Ends(end, rule)


def _read_until(rule: RetentionRule, fact: str, lane: Lane) -> _Reading:
    ended = lane.get(fact)
    began = None if rule.applies_after is None else lane.get(rule.applies_after)
    if ended is None or (began is not None and ended.last <= began.last):
        return KeptUntil(fact, rule.name)
    return _Ends(ended.last, rule)


def _read_person(plan: Plan, rule: RetentionRule, standing: Standing) -> _Reading:
    root = RecordId(standing.subject)
    ends: list[_Ends] = []
    for followed in plan.follows:
        for reading in _readings(followed, root, standing):
            if not isinstance(reading, _Ends):
                return reading
            ends.append(reading)
    return _Ends(_last(ends).at, rule) if ends else NoAnchor((rule.name,))


def _clock_end(rule: RetentionRule, lane: Lane, standing: Standing) -> datetime | None:
    times = [lane[fact] for fact in rule.anchor if fact in lane]
    end = None
    if times and rule.keep is not None:
        end = over(max([t.last for t in times]) if rule.latest else min([t.first for t in times]), rule.keep)
    for name in rule.also_on:
        consent = standing.consents.get(name)
        if consent is not None and consent.withdrawn_at is not None:
            end = consent.withdrawn_at if end is None else min(end, consent.withdrawn_at)
    return end


def _endless(readings: Sequence[_Reading]) -> KeptByState | KeptUntil | NoAnchor:
    for reading in readings:
        if isinstance(reading, KeptByState):
            return reading
    missing = tuple(dict.fromkeys(name for r in readings if isinstance(r, NoAnchor) for name in r.rules))
    waiting = next((reading for reading in readings if isinstance(reading, KeptUntil)), None)
    return NoAnchor(missing) if missing or waiting is None else waiting


def _last(ends: Sequence[_Ends]) -> _Ends:
    return max(ends, key=lambda end: end.at)


def _over(plan: Plan, ends: Sequence[_Ends], standing: Standing) -> Due | KeptByConsent:
    kept = [end for end in ends if CONSENT in end.rule.unless]
    if kept:
        given = (used for name, used in plan.consents.items() if consented(standing, name))
        purposes = frozenset[str]().union(*given)
        if purposes:
            return KeptByConsent(purposes, _last(kept).rule.name)
    last = _last(ends)
    return Due(last.at, last.rule.name, last.rule.then)


def _holds(plan: Plan, record: RecordId, standing: Standing, now: datetime) -> Iterator[KeptByHold]:
    for rule in plan.holds:
        if (rule.anchor is None or rule.keep is None) and _explicitly(rule, record, standing, now):
            yield KeptByHold(rule.name, rule.law, None)
    for rule, until in _statutory(plan, record, standing):
        if until is None or until > now:
            yield KeptByHold(rule.name, rule.law, until)


def _statutory(plan: Plan, record: RecordId, standing: Standing) -> Iterator[tuple[HoldRule, datetime | None]]:
    """The holds of the law, and when each is over (`None`: not yet anchored)."""
    for rule in plan.holds:
        if rule.anchor is not None and rule.keep is not None:
            times = [lane[rule.anchor].last for lane in views(standing, record) if rule.anchor in lane]
            yield rule, over(max(times), rule.keep) if times else None


def _explicitly(rule: HoldRule, record: RecordId, standing: Standing, now: datetime) -> bool:
    if not standing.held:
        return False
    near = _near(record, standing)
    return any(
        held.hold == rule.name and held.record in near and held.start <= now and (held.end is None or now < held.end)
        for held in standing.held
    )


def _near(record: RecordId, standing: Standing) -> AbstractSet[RecordId]:
    """The records whose explicit holds reach this one: itself, those below, and those above."""
    return {*lanes(standing, record), *ancestors(standing, record)}
