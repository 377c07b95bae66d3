"""What to do about a token that may not be handed out: for each rule of `identity.specs` and `policies.persons`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from identity.errors import IdentityError

MENDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "roles.none": "name at least one role of the policy",
        "roles.unknown": "name roles of the policy: they stand under `roles:` in policies.yaml",
        "roles.mixed": "name roles of one kind only, and issue another token for the others",
        "subject.missing": "say whose data it opens: `--subject`",
        "subject.unexpected": "leave `--subject` out: only role `self` is bound to a person",
        "recipient.missing": "say for whom a partner speaks: `--recipient`",
        "recipient.foreign": "give as `--recipient` the one that the role speaks for in policies.yaml",
        "recipient.unexpected": "leave `--recipient` out: only a partner's token names one",
        "purpose.missing": "say for which one purpose a partner asks: `--purpose`",
        "purpose.unknown": "give as `--purpose` one of those under `purposes:` in policies.yaml",
        "purpose.foreign": "give as `--purpose` one that lists the role in policies.yaml",
        "purpose.unexpected": "leave `--purpose` out: these roles state it with each request",
        "second_factor.missing": "prove the bearer with a second factor and add `--second-factor`",
        "lifetime.not_positive": "give a `--lifetime` of a minute at least",
        "lifetime.too_long": "give a shorter `--lifetime`, or leave it out for the longest",
        "two_persons.same_account": "two different persons must give their tokens",
        "two_persons.first_office": "the first token is no officer's",
        "two_persons.second_office": "the second token is no officer's",
        "two_persons.same_office": "the two must hold different offices, such as `dpo` and `privacy_approver`",
        "two_persons.second_factor": "both officers must be proven with a second factor",
    }
)


def mending(error: IdentityError) -> str:
    """One line: what to do, and by which rule."""
    return f"{MENDING[error.rule]} (rule `{error.rule}`)"
