"""By when a request is answered (Article 12(3)): clamped months, the day of receipt in Oslo, the extension."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import RecordId, SubjectId
from rights.deadlines import due_on, may_be_extended
from rights.request import Kind, Notice, Request, State, notices_in, stored

DAYS = st.dates(min_value=date(2018, 5, 28), max_value=date(2200, 12, 31))


@pytest.mark.clause("RGT-06")
@pytest.mark.parametrize(
    ("received", "first", "extended"),
    [
        (date(2024, 1, 31), date(2024, 2, 29), date(2024, 4, 30)),
        (date(2023, 1, 31), date(2023, 2, 28), date(2023, 4, 30)),
        (date(2024, 2, 29), date(2024, 3, 29), date(2024, 5, 29)),
        (date(2024, 11, 30), date(2024, 12, 30), date(2025, 2, 28)),
        (date(2023, 11, 30), date(2023, 12, 30), date(2024, 2, 29)),
        (date(2024, 12, 31), date(2025, 1, 31), date(2025, 3, 31)),
        (date(2024, 3, 1), date(2024, 4, 1), date(2024, 6, 1)),
    ],
)
def test_a_month_that_is_shorter_ends_with_its_last_day(received: date, first: date, extended: date) -> None:
    assert due_on(received, extended=False) == first
    assert due_on(received, extended=True) == extended


@given(DAYS, st.booleans())
def test_the_answer_is_due_on_the_same_day_of_the_month_or_on_its_last(received: date, extended: bool) -> None:  # noqa: FBT001  (drawn)
    due = due_on(received, extended=extended)
    months = (due.year - received.year) * 12 + due.month - received.month
    assert months == (3 if extended else 1)
    assert due.day == min(received.day, monthrange(due.year, due.month)[1])


@given(DAYS, st.integers(min_value=0, max_value=120))
def test_it_can_be_extended_exactly_while_the_first_month_runs(received: date, later: int) -> None:
    today = received + timedelta(days=later)
    assert may_be_extended(received, today) is (today <= due_on(received, extended=False))


def request(*steps: tuple[str, datetime], **values: str) -> Request:
    return Request(subject=SubjectId(WHO), id=RecordId(WHO), steps=dict(steps), values=values)


WHO = UUID(int=1)
LATE = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)  # 1 February in Oslo


def test_the_day_of_receipt_is_the_day_it_was_in_oslo() -> None:
    found = request(("request.received", LATE))
    assert (found.received_on, found.due_on) == (date(2024, 2, 1), date(2024, 3, 1))


def test_a_request_is_late_from_the_day_after_the_last_until_it_is_answered() -> None:
    open_, answered = (
        request(("request.received", LATE)),
        request(("request.received", LATE), ("request.answered", LATE)),
    )
    assert not open_.overdue(date(2024, 3, 1))
    assert open_.overdue(date(2024, 3, 2))
    assert not answered.overdue(date(2024, 3, 2))
    assert (open_.state, answered.state) == (State.RECEIVED, State.ANSWERED)


def test_what_the_reader_may_not_know_is_nothing() -> None:
    assert request(("request.received", LATE)).kind is None
    assert request(("request.received", LATE), kind="copy").kind is Kind.COPY
    assert request(("request.received", LATE)).notices == ()


def test_a_recipient_and_field_is_put_down_once_with_the_later_word() -> None:
    early = Notice("bank", "person.name", LATE, LATE)
    later = Notice("bank", "person.name", LATE, LATE + timedelta(days=1))
    other = Notice("bank", "person.email", LATE, LATE)
    assert list(notices_in(stored([early, other, later]))) == [other, later]
