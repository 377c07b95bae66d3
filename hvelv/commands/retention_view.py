"""What keeps a category of a record, in words and as plain values."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from policies.model import Sequel
from policies.oslo import oslo_date
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


def why(answer: Retention) -> str:  # noqa: C901, PLR0911  (the one match: a row per answer)
    """In words."""
    match answer:
        case Due(at=at, rule=rule, then=then):
            return f"over since {oslo_date(at)} by {rule}, then {then.value}"
        case KeptByClock(until=until, rule=rule):
            return f"kept until {oslo_date(until)} by {rule}"
        case KeptByState(state=state, rule=rule):
            return f"kept while {state} is in force ({rule})"
        case KeptUntil(fact=fact, rule=rule):
            return f"kept until {fact} ({rule})"
        case KeptByConsent(purposes=purposes, rule=rule):
            return f"kept by a consent, for {', '.join(sorted(purposes))} only ({rule})"
        case KeptByHold(hold=hold, law=law, until=until):
            end = "without a date" if until is None else f"until {oslo_date(until)}"
            return f"held by {hold}, {law}, {end}"
        case NoAnchor(rules=rules):
            return f"not due: nothing started the clock of {', '.join(rules) or 'any rule'}"


def line(verdict: Verdict) -> str:
    """One line."""
    return f"{verdict.subject}  {verdict.category:20}  {why(verdict.answer)}"


def plain(verdict: Verdict) -> dict[str, object]:
    """For scripts: `kind` and what belongs to it."""
    answer = verdict.answer
    said = {name: _plain(getattr(answer, name)) for name in answer.__dataclass_fields__}
    place = {"subject": str(verdict.subject), "record": str(verdict.record), "category": verdict.category}
    return {**place, "period": _plain(verdict.period), "kind": type(answer).__name__, **said}


def _plain(value: datetime | Collection[str] | Sequel | None) -> object:
    match value:
        case None | str():
            return value
        case datetime():
            return value.isoformat()
        case Sequel():
            return value.value
        case _:
            return sorted(value)
