"""Which tokens may exist at all: `check` is total over every `TokenSpec`, pure, and names the first rule broken.

`roles.none`, `roles.unknown`    at least one role, all of them the policy's
`roles.mixed`                    roles of one kind only: nobody is staff and partner, or officer too, by one token
`subject.missing`, `…unexpected` bound to a subject exactly when the kind is `subject`
`recipient.missing`, `…foreign`, `…unexpected`  a partner's token names the recipient all its roles speak for
`purpose.missing`, `…unknown`, `…foreign`, `…unexpected`  and exactly one purpose, which lists one of its roles;
                                 a subject's may be narrowed to one such purpose as well
`second_factor.missing`          a role that demands a second factor was proven with one
`lifetime.not_positive`, `…too_long`  short-lived, by kind
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from policies.model import PolicySet, Role, RoleKind
from vault.tokens import TokenSpec

LONGEST: Final[Mapping[RoleKind, timedelta]] = MappingProxyType(
    {
        RoleKind.SUBJECT: timedelta(days=30),
        RoleKind.VISITOR: timedelta(hours=24),
        RoleKind.STAFF: timedelta(hours=8),
        RoleKind.OFFICER: timedelta(hours=8),
        RoleKind.PARTNER: timedelta(minutes=10),
        RoleKind.SERVICE: timedelta(hours=24),
    }
)
"""How long a token of each kind may live. A partner's is for one exchange, a service's for one day."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Such a token may exist; all its roles are of this kind."""

    kind: RoleKind


@dataclass(frozen=True, slots=True)
class Faulty:
    """The first rule it breaks."""

    rule: str


def check(spec: TokenSpec, policy: PolicySet) -> Sound | Faulty:
    """Whether a token of this specification may exist under this policy."""
    if not spec.roles:
        return Faulty("roles.none")
    if not spec.roles <= policy.roles.keys():
        return Faulty("roles.unknown")
    roles = tuple(policy.roles[name] for name in sorted(spec.roles))
    kind = roles[0].kind
    if any(role.kind is not kind for role in roles):
        return Faulty("roles.mixed")
    for rule in _broken(spec, policy, roles):
        return Faulty(rule)
    return Sound(kind)


def _broken(spec: TokenSpec, policy: PolicySet, roles: tuple[Role, ...]) -> Iterator[str]:
    kind = roles[0].kind
    yield from _subject(spec, kind)
    yield from _partner(spec, policy, roles) if kind is RoleKind.PARTNER else _unbound(spec, policy, kind)
    if any(role.second_factor for role in roles) and not spec.second_factor:
        yield "second_factor.missing"
    yield from _lifetime(spec, kind)


def _subject(spec: TokenSpec, kind: RoleKind) -> Iterator[str]:
    if kind is RoleKind.SUBJECT and spec.subject is None:
        yield "subject.missing"
    if kind is not RoleKind.SUBJECT and spec.subject is not None:
        yield "subject.unexpected"


def _partner(spec: TokenSpec, policy: PolicySet, roles: tuple[Role, ...]) -> Iterator[str]:
    if spec.recipient is None:
        yield "recipient.missing"
    if any(role.recipient != spec.recipient for role in roles):
        yield "recipient.foreign"
    if spec.purpose is None:
        yield "purpose.missing"
    else:
        yield from _purpose(spec.purpose, spec, policy)


def _unbound(spec: TokenSpec, policy: PolicySet, kind: RoleKind) -> Iterator[str]:
    if spec.recipient is not None:
        yield "recipient.unexpected"
    if spec.purpose is not None:
        if kind is not RoleKind.SUBJECT:
            yield "purpose.unexpected"
        yield from _purpose(spec.purpose, spec, policy)


def _purpose(name: str, spec: TokenSpec, policy: PolicySet) -> Iterator[str]:
    if name not in policy.purposes:
        yield "purpose.unknown"
    elif not spec.roles & policy.purposes[name].roles.keys():
        yield "purpose.foreign"


def _lifetime(spec: TokenSpec, kind: RoleKind) -> Iterator[str]:
    if spec.lifetime <= timedelta(0):
        yield "lifetime.not_positive"
    if spec.lifetime > LONGEST[kind]:
        yield "lifetime.too_long"
