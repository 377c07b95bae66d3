"""`decide` and an evaluator written from the rules alone answer alike, question by question: mask, rule and `personal`.

The questions are enumerated over a small policy that has one of everything (`oracle_policy.py`). Rules 1 to 7 read the
policy, the principal, the access and the day; the rules after them read the history. No rule of the first group looks
at what the second group reads, so a question they refuse has one answer in every state: all questions are asked in a
few states, and those that pass on paper are asked of every record in every state.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, product
from uuid import UUID

import pytest
from oracle_comparison import Comparison, Question
from oracle_paper import on_paper
from oracle_policy import ACCESSES, CASE_A, CASE_B, LOAN_A, LOAN_B, PERSON, POLICY, PRINCIPALS
from oracle_states import BEGINNING, every_state

from policies.model import RecordId

NOWHERE = RecordId(UUID(int=99))
RECORDS = (PERSON, CASE_A, LOAN_A, CASE_B, LOAN_B, NOWHERE)
FIELDS = (*POLICY.fields, "person.shoe_size")
OF_KIND = {"person": (PERSON,), "case": (CASE_A, CASE_B), "loan": (LOAN_A, LOAN_B)}
REASON = "she called"
AT_MIDNIGHT = datetime(2018, 5, 27, 22, tzinfo=UTC)


@cache
def on_paper_admitted() -> tuple[Question, ...]:
    """Of every record of the field's kind. One reason stands for all: rule 7 alone reads it."""
    return tuple(
        (who, access, field, record)
        for who, access, field in product(PRINCIPALS.values(), ACCESSES, POLICY.fields)
        if access.reason == REASON and not isinstance(on_paper(POLICY, who, access, field, BEGINNING.date()), str)
        for record in OF_KIND[POLICY.fields[field].record]
    )


def test_every_question_that_reads_no_person_is_answered_as_the_rules_say(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(POLICY)
    questions = list(product(PRINCIPALS.values(), ACCESSES, FIELDS, (PERSON,)))
    for state in islice(every_state(), 0, None, 1277):
        comparison.ask(state, questions)
    comparison.report(capsys, "every principal, access and field of the small policy")
    assert set(comparison.outcomes) >= {
        "policy.field", "policy.purpose", "token.purpose", "token.recipient", "use", "role", "second_factor",
        "recipient", "reason", "record",
    }  # fmt: skip


def test_a_recipient_is_one_from_midnight_in_oslo_to_midnight_in_oslo(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(POLICY)
    state = replace(next(every_state()), instants=tuple(AT_MIDNIGHT + timedelta(microseconds=tick) for tick in (-1, 0)))
    comparison.ask(state, product(PRINCIPALS.values(), ACCESSES, ("loan.income",), (LOAN_A,)))
    comparison.report(capsys, "the last instant of one bank and the first of another")


def test_every_question_that_passes_on_paper_is_answered_as_the_rules_say_in_every_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparison = Comparison(POLICY)
    for state in every_state():
        comparison.ask(state, on_paper_admitted())
    comparison.report(capsys, "every state of the small policy")
    assert set(comparison.outcomes) >= {
        "permit", "reach", "while:case.asked", "while:case.signed", "while:not case.closed", "while:loan.submitted",
        "while:not loan.closed", "basis.consent", "basis.contract", "objection", "restriction", "retention:lead",
        "retention:customer", "retention:papers", "retention:loan", "retention:building", "retention:suppression",
    }  # fmt: skip


def test_a_record_of_another_kind_or_of_nobody_opens_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(POLICY)
    questions = [(*question[:3], record) for question in on_paper_admitted() for record in RECORDS]
    for state in islice(every_state(), 0, None, 61):
        comparison.ask(state, questions)
    comparison.report(capsys, "every record of the small policy")


@pytest.mark.slow
def test_no_state_changes_what_is_refused_on_paper(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison(POLICY)
    questions = list(product(PRINCIPALS.values(), ACCESSES, FIELDS, RECORDS))
    for state in islice(every_state(), 0, None, 947):
        comparison.ask(state, questions)
    comparison.report(capsys, "every question of the small policy about every record")
