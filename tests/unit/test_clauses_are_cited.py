"""Each clause of the notice states a rule that the policy cites, or is accounted for in `docs/clauses.md`."""

from __future__ import annotations

import re

import pytest
from shipped_policy import ROOT, cited

GROUPS = {
    "GEN": 2,
    "SOL": 42,
    "NAB": 19,
    "HUB": 16,
    "COM": 8,
    "CKE": 19,
    "ERR": 4,
    "INF": 3,
    "MLG": 3,
    "SMS": 2,
    "INT": 4,
    "ACC": 4,
    "PWD": 4,
    "RGT": 7,
    "CHG": 2,
}
CLAUSES = [f"{group}-{number:02}" for group, count in GROUPS.items() for number in range(1, count + 1)]
ROW = re.compile(r"^\| ([A-Z]{3}-[0-9]{2}) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def accounted_for() -> dict[str, tuple[str, str]]:
    """The rows of the document: why the clause states no rule about data, and where it is enforced."""
    text = (ROOT / "docs" / "clauses.md").read_text(encoding="utf-8")
    rows: list[tuple[str, str, str]] = ROW.findall(text)
    assert len({clause for clause, _, _ in rows}) == len(rows)
    return {clause: (reason.strip(), where.strip()) for clause, reason, where in rows}


def test_the_notice_has_139_clauses() -> None:
    assert len(CLAUSES) == 139


@pytest.mark.parametrize("clause", CLAUSES)
def test_each_clause_is_cited_by_the_policy_or_explained_but_not_both(clause: str) -> None:
    assert (clause in cited()) is not (clause in accounted_for())


def test_nothing_is_cited_or_explained_that_the_notice_does_not_say() -> None:
    assert cited() | accounted_for().keys() == set(CLAUSES)


def test_each_explanation_gives_a_reason_and_a_place() -> None:
    assert all(len(reason) > 20 and where for reason, where in accounted_for().values())
