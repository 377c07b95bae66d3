"""The policy that is shipped, as loaded, and questions the tests about it share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from policies.document import load
from policies.model import FieldPolicy, PolicySet, Use

ROOT: Final = Path(__file__).parents[2]


class Citing(Protocol):
    """An entry of the policy."""

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses it serves."""
        ...


@cache
def shipped() -> PolicySet:
    """`policies.yaml`, read once a run."""
    return load((ROOT / "policies.yaml").read_bytes())


def cited() -> frozenset[str]:
    """Every clause some entry of the policy cites."""
    policy = shipped()
    sections: tuple[Mapping[str, Citing], ...] = (
        policy.roles,
        policy.records,
        policy.facts,
        policy.consents,
        policy.purposes,
        policy.recipients,
        policy.retention,
        policy.holds,
        policy.categories,
        policy.fields,
    )
    return frozenset(clause for section in sections for entry in section.values() for clause in entry.clauses)


def uses() -> Iterator[tuple[FieldPolicy, Use]]:
    """Every use row with its field."""
    return ((field, use) for field in shipped().fields.values() for use in field.uses)
