"""What holds for every history: folding, deciding, keeping, masking, encoding."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from policy_builder import ACCOUNT, DIGEST, LOAN, LOAN_2, PROJECT, ROOF, SUBJECT, Person, access, principal
from policy_of_values import POLICY

from policies.admission import Admit
from policies.codec import BadEncoding, decode, encode, from_bytes, to_bytes
from policies.decision import Permit, Refusal, decide, reach, screen, weigh
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, Restriction
from policies.event_admission import admit_event
from policies.masks import HIDDEN, Value, apply
from policies.model import FieldType, Mask, Period, RecordId
from policies.oslo import oslo_date, over
from policies.retention import (
    ARTICLE_18,
    RESTRICTION,
    Due,
    KeptByClock,
    KeptByHold,
    beneath_holds,
    due,
    hold,
    lapsed,
    next_due,
)
from policies.standing import BadEvent, Standing, fold, path

ROOT = RecordId(SUBJECT)
RECORDS = (ROOT, PROJECT, ROOF, LOAN, LOAN_2)

EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2018, 2060))

instants = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))
records = st.sampled_from(RECORDS)
parties = st.sampled_from([(ACCOUNT, None), (UUID(int=78), None), (None, "bank"), (None, "installer")])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    rule = draw(st.sampled_from(sorted(POLICY.facts)))
    kind = POLICY.facts[rule].record
    record = draw(st.sampled_from([at for at, node in Person().standing.records.items() if node.kind == kind]))
    return Fact(subject=SUBJECT, record=record, name=rule, at=draw(instants))


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    name, given_ = draw(st.sampled_from(sorted(POLICY.consents))), draw(st.booleans())
    return Consent(subject=SUBJECT, name=name, given=given_, policy_digest=DIGEST, at=draw(instants))


@st.composite
def assignments(draw: st.DrawFn) -> Assignment:
    account, recipient = draw(parties)
    return Assignment(
        subject=SUBJECT,
        record=draw(records),
        purpose=draw(st.sampled_from(["offer", "installation", "loan_application"])),
        account=account,
        recipient=recipient,
        ends=draw(st.booleans()),
        at=draw(instants),
    )


purposes = st.sampled_from(sorted(POLICY.purposes))
objections = st.builds(Objection, subject=st.just(SUBJECT), purpose=purposes, made=st.booleans(), at=instants)
restrictions = st.builds(Restriction, subject=st.just(SUBJECT), record=records, on=st.booleans(), at=instants)
claims = st.builds(
    Hold, subject=st.just(SUBJECT), record=records, hold=st.just("legal_claim"), on=st.booleans(), at=instants
)
events: st.SearchStrategy[Event] = st.one_of(
    facts(), facts(), consents(), assignments(), objections, restrictions, claims
)


def folded(history: Sequence[Event]) -> Standing:
    standing = Person().standing
    for event in history:
        try:
            standing = fold(standing, event)
        except BadEvent:
            continue
    return standing


standings = st.lists(events, max_size=14).map(folded)
PRINCIPALS = (
    principal("self", subject=SUBJECT),
    principal("visitor"),
    principal("advisor", second_factor=True),
    principal("sales_lead"),
    principal("customer_service"),
    principal("dpo", second_factor=True),
    principal("bank", recipient="bank", purpose="loan_application"),
    principal("installer", recipient="installer", purpose="installation"),
    principal("newsletter"),
    principal("disclosure"),
    principal("solar_engine"),
)
USES = [(field.name, access(use.purpose, use.to, "because")) for field in POLICY.fields.values() for use in field.uses]
QUESTIONS = [
    (who, what, field, record) for who, (field, what), record in product(PRINCIPALS, USES, RECORDS)
    if screen(POLICY, who, what, field, oslo_date(datetime(2024, 1, 15, tzinfo=UTC))) != Refusal("role", personal=False)
]  # fmt: skip


@given(standings)
def test_a_standing_survives_its_bytes(standing: Standing) -> None:
    data = to_bytes(standing)
    again = from_bytes(data)
    assert again == standing
    assert to_bytes(again) == data


@given(events)
def test_an_event_survives_its_bytes(event: Event) -> None:
    assert decode(encode(event)) == event


@given(standings, st.data())
def test_damaged_bytes_are_refused_or_of_another_standing_never_an_accident(
    standing: Standing, data: st.DataObject
) -> None:
    raw = bytearray(to_bytes(standing))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        assert isinstance(from_bytes(bytes(raw)), Standing)
    except BadEncoding:
        return


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_refused(raw: bytes) -> None:
    for read in (decode, from_bytes):
        with suppress(BadEncoding):
            read(b"\x01" + raw)


@given(facts(), consents(), objections, restrictions)
def test_events_of_different_things_fold_in_any_order(
    fact: Fact, consent: Consent, objection: Objection, restriction: Restriction
) -> None:
    person = Person()
    person.consent(consent.name).object(objection.purpose).restrict(restriction.record)
    one, other = person.standing, person.standing
    history: list[Event] = [fact, consent, objection, restriction]
    for event in history:
        one = fold(one, event)
    for event in reversed(history):
        other = fold(other, event)
    assert one == other


@given(st.lists(facts(), max_size=8), st.randoms(use_true_random=False))
def test_the_last_time_of_a_fact_does_not_depend_on_the_order(found: list[Fact], random: object) -> None:
    shuffled = sorted(found, key=lambda fact: (fact.name, -fact.at.timestamp()))
    one, other = folded(found), folded(shuffled)
    assert {(r, n): t.last for r, own in one.facts.items() for n, t in own.items()} == {
        (r, n): t.last for r, own in other.facts.items() for n, t in own.items()
    }


@given(standing=standings, now=instants, event=events, born=st.booleans())
def test_an_event_that_is_admitted_folds(*, standing: Standing, now: datetime, event: Event, born: bool) -> None:
    for one in PRINCIPALS:
        if isinstance(admit_event(POLICY, one, event, standing, now, born=born), Admit):
            fold(standing, event)


@given(standings, instants)
def test_deciding_is_total_and_is_screening_and_weighing(standing: Standing, now: datetime) -> None:
    for who, what, field, record in QUESTIONS:
        found = decide(POLICY, who, what, field, record, standing, now)
        screened = screen(POLICY, who, what, field, oslo_date(now))
        if isinstance(screened, Refusal):
            assert found == screened
        elif standing.records[record].kind != POLICY.fields[field].record:
            assert found == Refusal("record", personal=False)
        else:
            category = POLICY.fields[field].category
            reached = reach(who, screened, record, standing, now)
            refusal = weigh(POLICY, screened, category, record, standing, now, reached)
            assert found == (Permit(screened.use.sees) if refusal is None else refusal)


@given(standings, instants, st.sampled_from(sorted(POLICY.consents)))
def test_withdrawing_a_consent_never_opens_what_was_closed_to_its_purposes(
    standing: Standing, now: datetime, consent: str
) -> None:
    if consent not in standing.consents:
        return
    withdrawal = Consent(subject=SUBJECT, name=consent, given=False, policy_digest=DIGEST, at=now)
    after = fold(standing, withdrawal)
    for who, what, field, record in QUESTIONS:
        if isinstance(decide(POLICY, who, what, field, record, standing, now), Refusal):
            assert isinstance(decide(POLICY, who, what, field, record, after, now), Refusal)
        if what.purpose in POLICY.consents[consent].purposes:
            assert isinstance(decide(POLICY, who, what, field, record, after, now), Refusal)


@given(standings, instants, purposes, records)
def test_an_objection_and_a_restriction_never_open_what_was_closed(
    standing: Standing, now: datetime, purpose: str, record: RecordId
) -> None:
    after = fold(standing, Objection(subject=SUBJECT, purpose=purpose, made=True, at=now))
    after = fold(after, Restriction(subject=SUBJECT, record=record, on=True, at=now))
    for who, what, field, at in QUESTIONS:
        if isinstance(decide(POLICY, who, what, field, at, standing, now), Refusal):
            assert isinstance(decide(POLICY, who, what, field, at, after, now), Refusal)


@given(standings, instants)
def test_every_way_of_asking_for_the_retention_agrees(standing: Standing, now: datetime) -> None:
    for category, record in product(POLICY.categories, RECORDS):
        beneath = beneath_holds(POLICY, category, record, standing, now)
        held = hold(POLICY, category, record, standing, now)
        if any(at in standing.restricted for at in path(standing, record)):
            held = KeptByHold(RESTRICTION, ARTICLE_18, None)  # whoever restricts waits for a decision: nothing goes
        assert due(POLICY, category, record, standing, now) == (beneath if held is None else held)
        gone = lapsed(POLICY, category, record, standing, now)
        assert gone is None or gone == beneath
        if isinstance(beneath, Due):
            assert gone == beneath
            assert beneath.at <= now
        if isinstance(beneath, KeptByClock):
            assert beneath.until > now


@given(standings, instants)
def test_nothing_is_due_before_the_month_of_the_next_due(standing: Standing, now: datetime) -> None:
    first = next_due(POLICY, standing, now)
    for record, node in standing.records.items():
        for field in POLICY.fields.values():
            if field.record == node.kind:
                found = due(POLICY, field.category, record, standing, now)
                assert not isinstance(found, Due) or (first is not None and first <= oslo_date(found.at))


@given(
    instants, st.builds(Period, st.integers(0, 400), st.just(0)) | st.builds(Period, st.just(0), st.integers(0, 9000))
)
def test_no_duration_is_over_before_it_began(began: datetime, keep: Period) -> None:
    ends = over(began, keep)
    assert ends >= began
    assert over(began + timedelta(days=1), keep) >= ends


@given(standings, instants)
def test_no_clock_is_over_before_its_anchor(standing: Standing, now: datetime) -> None:
    lasting = replace(standing, consents={})
    for category, anchor in (("loan", "loan.closed"), ("mail", "message.sent"), ("hub", "hub.installed")):
        for record in RECORDS:
            found = beneath_holds(POLICY, category, record, lasting, now)
            if isinstance(found, Due):
                assert found.at >= min(own[anchor].first for own in lasting.facts.values() if anchor in own)


@given(st.sampled_from(FieldType), st.text(max_size=40) | st.integers() | st.booleans() | st.binary(max_size=20))
def test_a_mask_never_shows_what_it_hides(kind: FieldType, value: Value) -> None:
    hidden = apply(Mask.LAST_5_HIDDEN, kind, value)
    shown = apply(Mask.LAST_4_SHOWN, kind, value)
    year = apply(Mask.YEAR_ONLY, kind, value)
    assert apply(Mask.PRESENCE, kind, value) is True
    assert apply(Mask.PLAIN, kind, value) is value
    for part in (hidden, shown, year):
        assert isinstance(part, str)
    if isinstance(value, str):
        assert hidden in {HIDDEN, value[:-5] + HIDDEN}
        assert shown in {HIDDEN, HIDDEN + value[-4:]}
        assert year in {HIDDEN, value[:4]}
    else:
        assert {hidden, shown, year} == {HIDDEN}
