"""What is held of a person, and until when: a view of the standing and the heads, for the person's own eyes.

    [{"record": uuid, "kind": …, "parent": uuid | null,
      "categories": [{"category": …, "why": …, "rule": …, "law": … | null, "until": instant | null}]}]

Records in the order of the tree, parents first; a record without anything stored has no categories. `why` is `clock`
(until a date), `state`, `fact`, `consent`, `hold`, `no_anchor` (nothing started the clock: reported to the officer), or
`due` (over since `until`; the next sweep destroys it).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from policies.model import PolicySet, RecordId
from policies.retention import (
    Due,
    KeptByClock,
    KeptByConsent,
    KeptByHold,
    KeptByState,
    KeptUntil,
    NoAnchor,
    Retention,
    due,
)
from policies.standing import Standing
from vault.storage.rows import HeadRow

HOLDINGS: Final = "person.holdings"


class Reason(NamedTuple):
    """Why a category is still there."""

    why: str
    rule: str
    law: str | None
    until: datetime | None


def reason_of(found: Retention) -> Reason:
    """The answer of `policies.retention.due` in four words."""
    match found:
        case Due(at=at, rule=rule):
            return Reason("due", rule, None, at)
        case KeptByClock(until=until, rule=rule):
            return Reason("clock", rule, None, until)
        case KeptByHold(hold=name, law=law, until=until):
            return Reason("hold", name, law, until)
        case _:
            return Reason(*_endless(found), None, None)


def _endless(found: KeptByState | KeptUntil | KeptByConsent | NoAnchor) -> tuple[str, str]:
    match found:
        case KeptByState(state=state):
            return "state", state
        case KeptUntil(fact=fact):
            return "fact", fact
        case KeptByConsent(rule=rule):
            return "consent", rule
        case _:
            return "no_anchor", ", ".join(found.rules)


def holdings(policy: PolicySet, standing: Standing, heads: Sequence[HeadRow], now: datetime) -> str:
    """The view above as one canonical JSON text."""
    names = {category.number: category.name for category in policy.categories.values()}
    held: dict[RecordId, list[dict[str, str | None]]] = {}
    for head in heads:
        if head.category in names:
            category = names[head.category]
            found = reason_of(due(policy, category, head.record, standing, now))
            until = None if found.until is None else found.until.isoformat()
            entry = {"category": category, "why": found.why, "rule": found.rule, "law": found.law, "until": until}
            held.setdefault(head.record, []).append(entry)
    view = [
        {
            "record": str(record),
            "kind": node.kind,
            "parent": None if node.parent is None else str(node.parent),
            "categories": sorted(held.get(record, []), key=lambda each: str(each["category"])),
        }
        for record, node in standing.records.items()
    ]
    return json.dumps(view, sort_keys=True, separators=(",", ":"))
