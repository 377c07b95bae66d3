"""What an entry must say, given what else it says: the keys that come and go together, and values that exclude others.

Nothing here follows a reference further than to ask whether it is there; `references` reports those that are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.document.tree import Finding, Node, Path
from policies.model import (
    SELF,
    Basis,
    Objection,
    PolicySet,
    Purpose,
    Role,
    RoleKind,
)
from policies.recipients import Agreement, Recipient, RecipientKind

ROOT: Final = "person"
"""The record kind whose record is the subject itself."""

EEA: Final = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"},
)
NO_TRANSFER: Final = "none_needed"
BOUND: Final = frozenset({RecipientKind.PROCESSOR, RecipientKind.JOINT_CONTROLLER})
"""Kinds of recipients that work under an agreement with us."""

_ARTICLES: Final = {
    Basis.CONSENT: "6(1)(a)",
    Basis.CONTRACT: "6(1)(b)",
    Basis.LEGAL_OBLIGATION: "6(1)(c)",
    Basis.LEGITIMATE_INTEREST: "6(1)(f)",
}
_KEYS: Final = {
    "consent": Basis.CONSENT,
    "contract": Basis.CONTRACT,
    "law": Basis.LEGAL_OBLIGATION,
    "balancing": Basis.LEGITIMATE_INTEREST,
}


def findings(policy: PolicySet) -> Iterator[Finding]:
    """Roles, records, consents, purposes and recipients, each by itself."""
    for role in policy.roles.values():
        yield from _role(("roles", role.name), role, policy)
    if SELF not in policy.roles:
        yield Finding(("roles",), f"add the role `{SELF}` of kind `subject`", on_key=True)
    yield from _records(policy)
    yield from _consents(policy)
    for purpose in policy.purposes.values():
        yield from _basis(("purposes", purpose.name), purpose)
        yield from _roles_of(("purposes", purpose.name), purpose, policy)
    for recipient in policy.recipients.values():
        yield from _recipient(("recipients", recipient.name), recipient, policy)


def repeated(node: Node, path: Path = ()) -> Iterator[Finding]:
    """Lists here are sets: a repeated item is a mistake. Rows of `uses` are compared by `contents`."""
    children = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for step, child in children:
        yield from repeated(child, (*path, step))
    if isinstance(node, list) and path[-1:] != ("uses",):
        seen: set[str] = set()
        for number, item in enumerate(node):
            if repr(item) in seen:
                named = f"`{item}`" if isinstance(item, (str, int)) else "row"
                yield Finding((*path, number), f"remove the repeated {named}")
            seen.add(repr(item))


def _role(path: Path, role: Role, policy: PolicySet) -> Iterator[Finding]:
    if (role.kind is RoleKind.PARTNER) != (role.recipient is not None):
        told = "add the `recipient` the partner speaks for" if role.recipient is None else "remove `recipient`"
        at = path if role.recipient is None else (*path, "recipient")
        yield Finding(at, f"{told}, exactly the roles of kind `partner` have one", on_key=True)
    if (role.kind is RoleKind.SUBJECT) != (role.name == SELF):
        yield Finding((*path, "kind"), f"the role `{SELF}` and no other is of kind `subject`, change the kind")
    if role.kind is not RoleKind.PARTNER and role.name in policy.recipients.keys() - {SELF}:
        yield Finding(path, f"rename the role, `{role.name}` is a recipient too", on_key=True)


def _records(policy: PolicySet) -> Iterator[Finding]:
    """One tree, its root `person`."""
    for record in policy.records.values():
        path = ("records", record.name)
        if record.name == ROOT and record.parent is not None:
            yield Finding((*path, "parent"), f"write `null`, `{ROOT}` is the root")
        elif record.name != ROOT and record.parent is None:
            yield Finding((*path, "parent"), f"name the kind it hangs under, only `{ROOT}` is a root")
        elif record.name in _ancestry(policy, record.name)[1:]:
            yield Finding((*path, "parent"), f"hang `{record.name}` elsewhere, it is its own ancestor")
    if ROOT not in policy.records:
        yield Finding(("records",), f"add the record kind `{ROOT}`, the root of all others", on_key=True)


def _ancestry(policy: PolicySet, kind: str) -> list[str]:
    """The kind, its parent and so on, until the root, something unknown or a kind seen twice."""
    seen = [kind]
    while seen[-1] != ROOT and (record := policy.records.get(seen[-1])) is not None and record.parent is not None:
        seen.append(record.parent)
        if seen.count(record.parent) > 1:
            break
    return seen


def _consents(policy: PolicySet) -> Iterator[Finding]:
    """A consent and its purposes name each other."""
    for consent in policy.consents.values():
        for number, name in enumerate(consent.purposes):
            purpose = policy.purposes.get(name)
            if purpose is not None and purpose.consent in {None, *policy.consents} - {consent.name}:
                message = f"write `consent: {consent.name}` in purpose `{name}`, or remove it here"
                yield Finding(("consents", consent.name, "purposes", number), message)
    for purpose in policy.purposes.values():
        consented = policy.consents.get(purpose.consent or "")
        if consented is not None and purpose.name not in consented.purposes:
            message = f"list `{purpose.name}` in the purposes of consent `{consented.name}`, or name another consent"
            yield Finding(("purposes", purpose.name, "consent"), message)


def _basis(path: Path, purpose: Purpose) -> Iterator[Finding]:
    """Each basis has one key that substantiates it, and its own article."""
    for key, basis in _KEYS.items():
        if purpose.basis is basis and getattr(purpose, key) is None:
            yield Finding(path, f"add the key `{key}`, the basis is `{basis.value}`", on_key=True)
        if purpose.basis is not basis and getattr(purpose, key) is not None:
            yield Finding((*path, key), f"remove `{key}`, the basis is `{purpose.basis.value}`", on_key=True)
    if not purpose.article.startswith(_ARTICLES[purpose.basis]):
        message = f"begin with `{_ARTICLES[purpose.basis]}`, the basis is `{purpose.basis.value}`"
        yield Finding((*path, "article"), message)
    yield from _objection(path, purpose)


def _objection(path: Path, purpose: Purpose) -> Iterator[Finding]:
    match purpose.basis, purpose.objection:
        case Basis.LEGITIMATE_INTEREST, Objection.NOT_APPLICABLE:
            yield Finding(path, "add the key `objection`, the basis is `legitimate_interest`", on_key=True)
        case (Basis.LEGITIMATE_INTEREST, _) | (_, Objection.NOT_APPLICABLE) | (Basis.CONSENT, Objection.ABSOLUTE):
            return
        case Basis.CONSENT, _:
            yield Finding((*path, "objection"), "write `absolute` or remove it, consent is withdrawn instead")
        case _:
            told = f"remove `objection`, the basis is `{purpose.basis.value}`"
            yield Finding((*path, "objection"), told, on_key=True)


def _roles_of(path: Path, purpose: Purpose, policy: PolicySet) -> Iterator[Finding]:
    """Who reaches how far is decided with the use rows; here: only staff assigns."""
    for number, name in enumerate(purpose.assigned_by):
        role = policy.roles.get(name)
        if role is not None and role.kind is not RoleKind.STAFF:
            yield Finding((*path, "assigned_by", number), f"name a role of kind `staff`, `{name}` is another")


def _recipient(path: Path, recipient: Recipient, policy: PolicySet) -> Iterator[Finding]:
    if recipient.name == SELF:
        yield Finding(path, f"rename the recipient, `{SELF}` is the subject", on_key=True)
    if recipient.country not in EEA and recipient.transfer == NO_TRANSFER:
        message = f"name the transfer mechanism of chapter V, `{recipient.country}` is outside the EEA"
        yield Finding((*path, "transfer"), message)
    if recipient.valid_to is not None and recipient.valid_to <= recipient.valid_from:
        yield Finding((*path, "valid", "to"), "write a day after `from`")
    yield from _agreement(path, recipient)
    yield from _parents(path, recipient, policy)


def _agreement(path: Path, recipient: Recipient) -> Iterator[Finding]:
    """Who processes for us is bound by a contract that says where data lie and how requests get there."""
    bound, agreed = recipient.kind in BOUND, recipient.agreement
    if agreed is None:
        if bound:
            message = f"add the key `agreement`, a recipient of kind `{recipient.kind.value}` is bound by one"
            yield Finding(path, message, on_key=True)
    elif not bound:
        message = "remove `agreement`, only processors and joint controllers have one"
        yield Finding((*path, "agreement"), message, on_key=True)
    else:
        yield from _agreed((*path, "agreement"), recipient, agreed)


def _agreed(at: Path, recipient: Recipient, agreed: Agreement) -> Iterator[Finding]:
    if agreed.signed > recipient.valid_from:
        yield Finding((*at, "signed"), "write a day not after the first one in `valid`")
    outside = [region for region in agreed.regions if region not in EEA]
    if outside and recipient.transfer == NO_TRANSFER:
        message = f"name a transfer mechanism in `transfer`, `{outside[0]}` is outside the EEA"
        yield Finding((*at, "regions", agreed.regions.index(outside[0])), message)
    elif outside or recipient.country not in EEA:
        if agreed.abroad is None and recipient.transfer != NO_TRANSFER:  # without one it is refused for that first
            yield Finding(at, "add the key `abroad` and say why data leave the EEA", on_key=True)
    elif agreed.abroad is not None:
        yield Finding((*at, "abroad"), "remove `abroad`, nothing leaves the EEA", on_key=True)


def _parents(path: Path, recipient: Recipient, policy: PolicySet) -> Iterator[Finding]:
    """Processors and their sub-processors form chains."""
    seen = [recipient.name]
    while (found := policy.recipients.get(seen[-1])) is not None and found.parent is not None:
        if found.parent == recipient.name:
            yield Finding((*path, "parent"), f"name another parent, `{recipient.name}` is its own sub-processor")
            return
        if found.parent in seen:
            return  # a cycle further up, reported there
        seen.append(found.parent)
    parent = policy.recipients.get(recipient.parent or "")
    kinds = {recipient.kind, parent.kind} if parent is not None else set[RecipientKind]()
    if kinds - {RecipientKind.PROCESSOR}:
        yield Finding((*path, "parent"), "remove `parent`, it joins a processor to its sub-processor", on_key=True)
