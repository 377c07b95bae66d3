"""What keeps a category is told to the person by one word, its rule, its law and its day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from policy_builder import SUBJECT, Person
from shipped_policy import shipped

from policies.model import RecordId, Sequel
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
from vault.holdings import Reason, holdings, reason_of
from vault.storage.rows import HeadRow

DAY = datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.mark.clause("RGT-01")
@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Due(DAY, "messages", Sequel.ERASE), Reason("due", "messages", None, DAY)),
        (KeptByClock(DAY, "messages"), Reason("clock", "messages", None, DAY)),
        (KeptByState("contract.hub", "hub_order"), Reason("state", "contract.hub", None, None)),
        (KeptUntil("newsletter.opted_in", "suppression"), Reason("fact", "newsletter.opted_in", None, None)),
        (KeptByConsent(frozenset({"newsletter"}), "power_customer"), Reason("consent", "power_customer", None, None)),
        (KeptByHold("bookkeeping", "bokføringsloven", DAY), Reason("hold", "bookkeeping", "bokføringsloven", DAY)),
        (NoAnchor(("invoice", "loan")), Reason("no_anchor", "invoice, loan", None, None)),
    ],
)
def test_each_way_of_being_kept_has_a_word(found: Retention, told: Reason) -> None:
    assert reason_of(found) == told


def test_a_category_this_policy_does_not_know_is_not_spoken_of() -> None:
    standing = Person().standing
    head = HeadRow(RecordId(SUBJECT), 999, 1, 1, UUID(int=1), UUID(int=2), b"")
    view = json.loads(holdings(shipped(), standing, [head], DAY))
    assert [each["categories"] for each in view] == [[]] * len(standing.records)
