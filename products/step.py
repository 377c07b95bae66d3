"""A step of any journey: its name, the purpose it writes for, and what its refusal is called."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Final

from policies.event import Fact
from policies.model import SELF, Access, PolicySet, Principal, RecordId, SubjectId
from products.errors import ContractRequires, NotACustomer, StepRefused
from vault.errors import Refused
from vault.request import Removed, Value

REQUIRED: Final = "required:"
"""How the vault names a fact refused for want of a field: `required:person.phone`."""

PERSON: Final = "person"


class JourneyStep(Enum):
    """The steps of one product derive from this: each a label and the purpose it writes for, a name of the policy."""

    def __init__(self, label: str, purpose: str) -> None:
        self.label = label
        self.purpose = purpose


def own_subject(who: Principal, step: JourneyStep) -> SubjectId:
    """The person concerned, taking the step in its own case.

    Raises:
        NotACustomer: the principal is bound to no subject.
    """
    if who.subject is None:
        raise NotACustomer(step.label)
    return who.subject


def own_access(step: JourneyStep) -> Access:
    """The person concerned writes for the step's purpose."""
    return Access(step.purpose, None, SELF)


def access(policy: PolicySet, who: Principal, step_purpose: str, reason: str | None) -> Access:
    """What a principal states for a step that several sorts of principals may take; the vault decides about it.

    A partner writes for the purpose of its token and as its recipient, the person concerned as itself, the house in
    that of its roles which the purpose lists, if one does.
    """
    if who.recipient is not None:
        return Access(who.purpose or step_purpose, reason, who.recipient)
    if who.subject is not None:
        return Access(step_purpose, reason, SELF)
    listed = policy.purposes[step_purpose].roles.keys() if step_purpose in policy.purposes else frozenset[str]()
    return Access(step_purpose, reason, min(who.roles & listed or who.roles, default=""))


def facts(subject: SubjectId, record: RecordId, at: datetime, *names: str) -> tuple[Fact, ...]:
    """Facts of one record that happen together, in this order."""
    return tuple(Fact(subject=subject, record=record, name=name, at=at) for name in names)


def given(values: Mapping[str, Value | None]) -> dict[str, Value | Removed]:
    """What the client really gave; what it left out is not written."""
    return {field: value for field, value in values.items() if value is not None}


@contextmanager
def taking(label: str) -> Generator[None]:
    """Names the step in a refusal of the vault, and tells a missing field from a step that may not be taken.

    Raises:
        ContractRequires: nothing else is wrong than that fields are missing.
        StepRefused: every other refusal.
    """
    try:
        yield
    except Refused as refused:
        missing = [w.rule.removeprefix(REQUIRED) for w in refused.rules if w.rule.startswith(REQUIRED)]
        if missing and len(missing) == len(refused.rules):
            raise ContractRequires(label, refused.rules, missing) from refused
        raise StepRefused(label, refused.rules) from refused
