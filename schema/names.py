"""Enums made from the policy: purposes, recipients, fields, consents.

The classes below are bases without members. Signatures name them; building the schema derives the real enum from each,
whose values are the policy's own names: `OFFER` is `offer`, `PERSON_EMAIL` is `person.email`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING

import strawberry

from policies.model import SELF, RoleKind

if TYPE_CHECKING:
    from policies.model import PolicySet


class PurposeName(Enum):
    """A purpose of the policy."""

    @property
    def text(self) -> str:
        """The policy's own name."""
        return str(self.value)


class RecipientName(Enum):
    """To whom values go: `self`, a role inside the company, or an outside recipient."""

    @property
    def text(self) -> str:
        """The policy's own name."""
        return str(self.value)


class FieldName(Enum):
    """A field of the policy."""

    @property
    def text(self) -> str:
        """The policy's own name."""
        return str(self.value)


class ConsentName(Enum):
    """A consent of the policy."""

    @property
    def text(self) -> str:
        """The policy's own name."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Names:
    """The enums of one policy, by the base that signatures name."""

    enums: Mapping[type[Enum], type[Enum]]

    @staticmethod
    def of(policy: PolicySet) -> Names:
        """Derive the four enums."""
        inside = [
            r.name for r in policy.roles.values() if r.kind in {RoleKind.STAFF, RoleKind.OFFICER, RoleKind.SERVICE}
        ]
        return Names(
            {
                PurposeName: _enum(PurposeName, "Purpose", policy.purposes, "Why data is opened; one of the policy's."),
                RecipientName: _enum(
                    RecipientName, "Recipient", {SELF, *inside, *policy.recipients}, "To whom the values go."
                ),
                FieldName: _enum(FieldName, "PolicyField", policy.fields, "A field of the policy."),
                ConsentName: _enum(ConsentName, "Consent", policy.consents, "A consent a person can give (samtykke)."),
            }
        )


def _enum(base: type[Enum], name: str, members: Iterable[str], description: str) -> type[Enum]:
    named = {member.replace(".", "_").replace("-", "_").upper(): member for member in sorted(members)}
    made = EnumMeta.__call__(base, name, named)
    return strawberry.enum(made, name=name, description=description)
