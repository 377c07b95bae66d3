"""What keeps something is said in words for people and in plain values for scripts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hvelv.commands.retention_view import line, plain, why
from policies.model import RecordId, Sequel, SubjectId
from policies.retention import (
    Due,
    KeptByClock,
    KeptByConsent,
    KeptByHold,
    KeptByState,
    KeptUntil,
    NoAnchor,
    Retention,
)
from vault.retention import Verdict

DAY = datetime(2044, 2, 28, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Due(DAY, "hub", Sequel.COARSEN), "over since 2044-02-29 by hub, then coarsen"),
        (KeptByClock(DAY, "hub"), "kept until 2044-02-29 by hub"),
        (KeptByState("contract.hub", "hub"), "kept while contract.hub is in force (hub)"),
        (KeptUntil("newsletter.opted_in", "suppression"), "kept until newsletter.opted_in (suppression)"),
        (KeptByConsent(frozenset({"b", "a"}), "hub"), "kept by a consent, for a, b only (hub)"),
        (KeptByHold("bookkeeping", "§ 13", DAY), "held by bookkeeping, § 13, until 2044-02-29"),
        (KeptByHold("claim", "Article 17", None), "held by claim, Article 17, without a date"),
        (NoAnchor(("loan",)), "not due: nothing started the clock of loan"),
        (NoAnchor(()), "not due: nothing started the clock of any rule"),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,  # a set has no order to be named by
)
def test_every_answer_has_words_and_plain_values(answer: Retention, words: str) -> None:
    assert why(answer) == words
    verdict = Verdict(SubjectId(UUID(int=1)), RecordId(UUID(int=2)), "hub", None, answer)
    assert words in line(verdict)
    assert json.loads(json.dumps(plain(verdict)))["kind"] == type(answer).__name__
