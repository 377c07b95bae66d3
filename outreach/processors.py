"""Everybody outside the company who may receive anything, from the policy: who, where, under which agreement.

Nothing is written here that the policy does not say. A processor whose data lie outside the EEA without a transfer
mechanism or a stated reason never gets this far: the policy is refused when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policies.model import PolicySet
from policies.recipients import Agreement, Recipient, RequestPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recipient. `agreement` and what follows from it exactly for processors and joint controllers.

    `sub_processors` are those it works on, nearest first (Heroku on Amazon); `fields` what the policy lets it see, its
    own and nothing that goes to others; `purposes` what for.
    """

    name: str
    title: str
    kind: str
    country: str
    transfer: str
    agreement: Agreement | None
    sub_processors: tuple[str, ...]
    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    clauses: tuple[str, ...]


def register(policy: PolicySet) -> list[Entry]:
    """Every recipient of the policy, in its order."""
    return [_entry(policy, recipient) for recipient in policy.recipients.values()]


def reached_by(policy: PolicySet, path: RequestPath) -> tuple[str, ...]:
    """The recipients that a request of a data subject reaches this way, in the order of the policy."""
    return tuple(
        name
        for name, recipient in policy.recipients.items()
        if recipient.agreement is not None and recipient.agreement.requests is path
    )


def _entry(policy: PolicySet, recipient: Recipient) -> Entry:
    uses = [(use.purpose, field.name) for field in policy.fields.values() for use in field.uses
            if use.to == recipient.name]  # fmt: skip
    return Entry(
        name=recipient.name,
        title=recipient.title,
        kind=recipient.kind.value,
        country=recipient.country,
        transfer=recipient.transfer,
        agreement=recipient.agreement,
        sub_processors=_below(policy, recipient),
        purposes=tuple(dict.fromkeys(purpose for purpose, _ in uses)),
        fields=tuple(dict.fromkeys(field for _, field in uses)),
        valid_from=recipient.valid_from,
        valid_to=recipient.valid_to,
        clauses=recipient.clauses,
    )


def _below(policy: PolicySet, recipient: Recipient) -> tuple[str, ...]:
    """The chain ends: the policy was refused if a processor were its own sub-processor."""
    chain: list[str] = []
    while recipient.parent is not None:
        recipient = policy.recipients[recipient.parent]
        chain.append(recipient.name)
    return tuple(chain)
