"""Fields that are views of the standing: nothing is stored for them, the policy governs them like any other.

Each is one canonical JSON text: instants are ISO 8601 in UTC, keys are sorted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from policies.model import RecordId
from policies.standing import Standing
from vault.request import Secret, Value


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _consents(standing: Standing, _: RecordId) -> object:
    return [
        {
            "consent": name,
            "given_at": _instant(state.given_at),
            "withdrawn_at": _instant(state.withdrawn_at),
            "notice": state.policy_digest.hex(),
        }
        for name, state in sorted(standing.consents.items())
    ]


def _objections(standing: Standing, _: RecordId) -> object:
    return {purpose: _instant(since) for purpose, since in standing.objections.items()}


def _journey(standing: Standing, record: RecordId) -> object:
    times = standing.facts.get(record, {})
    return {name: {"first": _instant(at.first), "last": _instant(at.last)} for name, at in times.items()}


def _restriction(standing: Standing, record: RecordId) -> object:
    return _instant(standing.restricted.get(record))


VIEWS: Final[Mapping[str, Callable[[Standing, RecordId], object]]] = {
    "consents": _consents,
    "objections": _objections,
    "journey": _journey,
    "restriction": _restriction,
}


def computed(standing: Standing, record: RecordId, fields: Sequence[str]) -> dict[str, Secret[Value]]:
    """The computed fields of one record. A view that another door serves (such as `accesses`) is not here."""
    values: dict[str, Secret[Value]] = {}
    for field in fields:
        view = VIEWS.get(field.partition(".")[2])
        if view is not None:
            values[field] = Secret(json.dumps(view(standing, record), sort_keys=True, separators=(",", ":")))
    return values
