"""The bytes of events and standings: one encoding each, and nothing else decodes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import cbor2
import pytest
from policy_builder import DIGEST, LOAN, PROJECT, SUBJECT, Person

from policies.codec import BadEncoding, decode, encode, from_bytes, to_bytes
from policies.event import Assignment, Consent, Event, Fact, Hold, Objection, RecordAdded, Restriction
from policies.model import RecordId
from policies.standing import Standing, empty

AT = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
ROOT = RecordId(SUBJECT)

EVENTS: tuple[Event, ...] = (
    RecordAdded(subject=SUBJECT, record=ROOT, kind="person", parent=None, at=AT),
    RecordAdded(subject=SUBJECT, record=PROJECT, kind="project", parent=ROOT, at=AT),
    Fact(subject=SUBJECT, record=PROJECT, name="contract.signed", at=AT),
    Consent(subject=SUBJECT, name="marketing", given=True, policy_digest=DIGEST, at=AT),
    Assignment(subject=SUBJECT, record=LOAN, purpose="offer", account=UUID(int=7), recipient=None, ends=False, at=AT),
    Assignment(subject=SUBJECT, record=LOAN, purpose="offer", account=None, recipient="bank", ends=True, at=AT),
    Objection(subject=SUBJECT, purpose="marketing", made=True, at=AT),
    Restriction(subject=SUBJECT, record=PROJECT, on=False, at=AT),
    Hold(subject=SUBJECT, record=PROJECT, hold="legal_claim", on=True, at=AT),
)


def full() -> Standing:
    person = Person().facts("calculation.requested", "lead.active", "contract.signed").fact("loan.submitted", LOAN)
    person.consent("calculation").consent("marketing").consent("marketing", given=False)
    person.assign("offer", account=UUID(int=7)).assign("loan_application", LOAN, recipient="bank")
    person.assign("offer", account=UUID(int=7), ends=True)
    return person.object("marketing").restrict(PROJECT).hold("legal_claim", LOAN).standing


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)) == event


def test_a_standing_comes_back_as_it_was() -> None:
    assert from_bytes(to_bytes(full())) == full()
    assert list(from_bytes(to_bytes(full())).records) == list(full().records)
    assert from_bytes(to_bytes(empty(SUBJECT))) == empty(SUBJECT)


def test_the_bytes_of_an_event_are_pinned() -> None:
    version, array_of_5, tag = "01", "85", "02"
    subject, record = "50" + SUBJECT.hex, "50" + PROJECT.hex
    micros = "1b" + f"{1709209815123456:016x}"
    name = "6f" + b"contract.signed".hex()
    assert encode(EVENTS[2]).hex() == version + array_of_5 + tag + subject + micros + record + name


WHOSE = SUBJECT.bytes, 5
STRANGE_EVENTS: dict[str, object] = {
    "a map": {},
    "nothing": [],
    "no such tag": [8, *WHOSE, PROJECT.bytes, "x"],
    "a tag that is a truth": [True, *WHOSE, PROJECT.bytes, "x", None],
    "a short id": [2, b"x", 5, PROJECT.bytes, "x"],
    "an id that is text": [2, "x" * 16, 5, PROJECT.bytes, "x"],
    "a number that is a truth": [2, SUBJECT.bytes, True, PROJECT.bytes, "x"],
    "an instant beyond the calendar": [2, SUBJECT.bytes, 2**62, PROJECT.bytes, "x"],
    "one item too many": [2, *WHOSE, PROJECT.bytes, "x", None],
    "one item too few": [3, *WHOSE, "x", True],
    "a truth that is a number": [5, *WHOSE, "x", 1],
    "a record that is text": [6, *WHOSE, "x", True],
    "an assignment of nothing": [4, *WHOSE, PROJECT.bytes, 1, None, None, True],
}


@pytest.mark.parametrize("items", STRANGE_EVENTS.values(), ids=STRANGE_EVENTS.keys())
def test_bytes_of_no_event_are_refused(items: object) -> None:
    with pytest.raises(BadEncoding):
        decode(b"\x01" + cbor2.dumps(items))


ID = SUBJECT.bytes
SIMPLE: list[object] = [ID * 1 + PROJECT.bytes, [5, 6], [1, "person", 0, 2, "project", 1], [], [], [], [], [], []]


def test_the_simple_standing_decodes() -> None:
    assert list(from_bytes(b"\x01" + cbor2.dumps(SIMPLE)).records) == [ROOT, PROJECT]


STRANGE_TABLES: list[tuple[int, object]] = [
    (0, b""),
    (0, ID + b"x"),
    (0, [ID]),
    (1, [5, "x"]),
    (1, [5, True]),
    (1, b"\x05"),
    (1, [2**62]),
    (2, [1, "person", 0, 3, "project", 1]),
    (2, [1, "person", 0, 2, "project"]),
    (2, [2, "project", 1, 1, "person", 0]),
    (2, [1, "person", 0, 1, "person", 0]),
    (2, [True, "person", 0]),
    (2, {1: "person"}),
    (2, (1,)),
    (3, [1, ["lead.active", 1, 0]]),
    (3, [1, ["lead.active", 1, 1, "lead.active", 1, 2]]),
    (3, [1, [], 1, []]),
    (3, [-1, []]),
    (4, ["marketing", 1, 3, b""]),
    (4, ["marketing", 1, 0, b"", "marketing", 1, 0, b""]),
    (5, [1, "offer", 9, "", 1, 0]),
    (6, ["offer", 0]),
    (7, [1, 1, 1, 2]),
    (8, ["legal_claim", 1, 1]),
]


@pytest.mark.parametrize(("place", "strange"), STRANGE_TABLES)
def test_bytes_of_no_standing_are_refused(place: int, strange: object) -> None:
    items = [*SIMPLE]
    items[place] = strange
    with pytest.raises(BadEncoding):
        from_bytes(b"\x01" + cbor2.dumps(items))


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x02" + to_bytes(full())[1:], to_bytes(full())[:-1], to_bytes(full()) + b"\x00"]
)
def test_another_version_a_cut_and_a_trailing_byte_are_refused(data: bytes) -> None:
    with pytest.raises(BadEncoding):
        from_bytes(data)


def test_a_trailing_byte_and_a_longer_integer_are_refused_in_an_event() -> None:
    data = encode(EVENTS[2])
    assert data[1:3] == b"\x85\x02"
    for strange in (data + b"\x00", data[:2] + b"\x18\x02" + data[3:]):
        with pytest.raises(BadEncoding):
            decode(strange)


def test_an_array_without_end_and_a_table_more_are_refused() -> None:
    for strange in (b"\x9f" + b"".join(cbor2.dumps(item) for item in SIMPLE) + b"\xff", cbor2.dumps([*SIMPLE, None])):
        with pytest.raises(BadEncoding):
            from_bytes(b"\x01" + strange)
