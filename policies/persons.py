"""The rule of two persons: what one officer may not do alone (erasing for somebody, exporting, handing out tokens).

Pure; the offices are the policy's roles of kind `officer`, so the file decides who counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.model import PolicySet, Principal, RoleKind


@dataclass(frozen=True, slots=True)
class Together:
    """Two different persons in two different offices, each proven with a second factor."""

    first: Principal
    second: Principal


@dataclass(frozen=True, slots=True)
class NotTogether:
    """The rule that is not met."""

    rule: str


def two_persons(first: Principal, second: Principal, policy: PolicySet) -> Together | NotTogether:
    """Whether these two may act as the two persons. Names the first rule that fails.

    `two_persons.same_account`, `two_persons.first_office`, `two_persons.second_office`, `two_persons.same_office`,
    `two_persons.second_factor`, in this order.
    """
    offices = frozenset(name for name, role in policy.roles.items() if role.kind is RoleKind.OFFICER)
    held = first.roles & offices, second.roles & offices
    rules = {
        "two_persons.same_account": first.account != second.account,
        "two_persons.first_office": bool(held[0]),
        "two_persons.second_office": bool(held[1]),
        "two_persons.same_office": len(held[0] | held[1]) > 1,
        "two_persons.second_factor": first.second_factor and second.second_factor,
    }
    for rule, holds in rules.items():
        if not holds:
            return NotTogether(rule)
    return Together(first, second)
