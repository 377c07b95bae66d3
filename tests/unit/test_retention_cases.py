"""The retention rules of the clause table, rule by rule: the shipped policy says the same, and ends on the same day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from shipped_policy import shipped

from policies.event import Fact, RecordAdded
from policies.model import Period, PolicySet, RecordId, RetentionRule, Sequel, SubjectId
from policies.oslo import midnight
from policies.retention import Due, KeptByClock, due
from policies.standing import Standing, empty, fold

TABLE: Final = json.loads((Path(__file__).parents[1] / "fixtures" / "retention" / "rules.json").read_text("utf-8"))
RULES: Final[Mapping[str, Mapping[str, Any]]] = {rule["id"]: rule for rule in TABLE["rules"]}
OURS: Final = {
    "R-SOL-LEAD": "solstrom_lead", "R-SOL-CUST": "solstrom_customer", "R-LOAN": "loan", "R-NAB": "power_customer",
    "R-HUB": "hub_customer", "R-HUBWIFI": "hub_wifi", "R-NEWS": "newsletter", "R-MSG": "messages", "R-CKE": "login",
    "R-ANA": "analytics", "R-SENTRY": "errors", "R-MAILGUN": "mail_metadata", "R-SMS": "sms_content",
    "R-SLACK": "slack", "R-AUDIT": "audit", "R-SMS-META": "sms_metadata",
}  # fmt: skip
"""The rule of `policies.yaml` that carries out each row of the table."""
ELSEWHERE: Final = {"R-BLD": "with the person", "R-BOOK": "a hold", "R-RIGHTS": "a deadline of an answer"}
SUBJECT: Final = SubjectId(UUID(int=1))
RECORD: Final = RecordId(UUID(int=2))


def period(text: str) -> Period:
    """An ISO 8601 duration of one unit."""
    number, unit = int(text[1:-1]), text[-1]
    return Period({"Y": 12 * number, "M": number}.get(unit, 0), number if unit == "D" else 0)


def test_every_row_of_the_table_is_carried_out_somewhere() -> None:
    assert {*OURS, *ELSEWHERE} == set(RULES)
    assert shipped().retention["building"].with_person
    assert shipped().holds["bookkeeping"].keep == period(RULES["R-BOOK"]["duration"])


@pytest.mark.clause("SOL-42")
@pytest.mark.clause("NAB-19")
@pytest.mark.clause("HUB-16")
@pytest.mark.parametrize("row", OURS)
def test_a_rule_keeps_as_long_and_is_stated_as_the_table_says(row: str) -> None:
    rule, said = shipped().retention[OURS[row]], RULES[row]
    assert rule.keep == period(said["duration"])
    assert rule.stated_in_notice is said["stated_in_notice"]
    contracts = {name.removesuffix(".active") for name in said["unless"] if name.startswith("contract.")}
    consent = {"consent"} if "consent.active" in said["unless"] else set[str]()
    assert {name.replace("contract.", "contract.") for name in rule.unless} == {*contracts, *consent}


def life(rule: RetentionRule, began: datetime) -> Standing:
    """A case in which the rule applies since the day before, and everything that starts its clock happened at once."""
    standing = empty(SUBJECT)
    before = began - timedelta(days=1)
    for record, kind, parent in ((RecordId(SUBJECT), "person", None), (RECORD, "project", RecordId(SUBJECT))):
        added = RecordAdded(subject=SUBJECT, record=record, kind=kind, parent=parent, at=before)
        standing = fold(standing, added)
    if rule.applies_after is not None and rule.applies_after not in rule.anchor:
        standing = fold(standing, Fact(subject=SUBJECT, record=RECORD, name=rule.applies_after, at=before))
    for name in rule.anchor:
        standing = fold(standing, Fact(subject=SUBJECT, record=RECORD, name=name, at=began))
    return standing


def with_this_rule_only(name: str) -> PolicySet:
    """The shipped policy, its category `project` kept by one rule."""
    policy = shipped()
    project = replace(policy.categories["project"], retention=(name,))
    return replace(policy, digest=name.encode(), categories={**policy.categories, "project": project}, holds={})


CASES: Final = [
    ("solstrom_customer", "2024-02-29T12:00:00Z", midnight(date(2044, 2, 29))),
    ("solstrom_customer", "2023-02-28T22:59:59Z", midnight(date(2043, 2, 28))),
    ("solstrom_customer", "2023-02-28T23:00:00Z", midnight(date(2043, 3, 1))),  # already March in Oslo
    ("power_customer", "2024-02-29T12:00:00Z", midnight(date(2029, 2, 28))),
    ("hub_customer", "2019-03-15T12:00:00Z", midnight(date(2039, 3, 15))),
    ("solstrom_lead", "2024-10-27T00:30:00Z", midnight(date(2026, 10, 27))),  # the hour that comes twice
    ("sms_metadata", "2024-03-31T01:30:00Z", midnight(date(2025, 3, 31))),  # the hour that is not there
    ("sms_metadata", "2024-12-31T23:00:00Z", midnight(date(2026, 1, 1))),  # already the new year in Oslo
    ("mail_metadata", "2024-03-30T12:00:00Z", datetime(2024, 4, 13, 12, tzinfo=UTC)),
    ("errors", "2024-01-01T12:34:56Z", datetime(2024, 3, 31, 12, 34, 56, tzinfo=UTC)),
    ("loan", "2024-05-05T05:05:05Z", datetime(2024, 5, 5, 5, 5, 5, tzinfo=UTC)),
]


@pytest.mark.clause("MLG-03")
@pytest.mark.clause("ERR-04")
@pytest.mark.clause("SOL-22")
@pytest.mark.parametrize(("name", "began", "ends"), CASES, ids=[f"{name} {began}" for name, began, _ in CASES])
def test_a_rule_alone_ends_at_this_very_instant(name: str, began: str, ends: datetime) -> None:
    policy, standing = with_this_rule_only(name), life(shipped().retention[name], datetime.fromisoformat(began))
    before = due(policy, "project", RECORD, standing, ends - timedelta(microseconds=1))
    assert before == KeptByClock(ends, name)
    assert due(policy, "project", RECORD, standing, ends) == Due(ends, name, Sequel.ERASE)
