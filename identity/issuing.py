"""Handing out tokens: by two persons, by a development installation, or to somebody who has just become a subject.

A token for staff, officers, partners and services is handed out by two persons (`policies.persons`), or by nobody but
an installation in development mode; either way it is on record before its secret leaves this module. A new subject's
first token is the exception: it goes out with the answer that made the subject, and opens nothing but that subject.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

from identity.bearer import Resolver, authenticate
from identity.errors import NotIssued, Unsound
from identity.specs import LONGEST, Faulty, check
from policies.model import SELF, Access, PolicySet, Principal, RoleKind, TokenId
from policies.persons import NotTogether, two_persons
from vault.request import Sealed, Secret
from vault.tokens import TokenSpec

PURPOSE: Final = "token_issue"
"""What the ledger names these entries after; not a purpose that opens anything."""


class TokenStore(Resolver, Protocol):
    """Stores a token. The row is durable when `issue` returns; the secret exists nowhere else."""

    async def issue(self, spec: TokenSpec, /) -> tuple[TokenId, Secret[str]]:
        """Store it; gives its id and its secret."""
        ...


class Recorder(Protocol):
    """Writes one entry to the ledger, durable when it returns. `who` is `None` for a development installation."""

    async def record(self, who: Principal | None, access: Access, /) -> object:
        """Append the entry."""
        ...


class Household(Protocol):
    """The policy in force and the tokens of one installation."""

    @property
    def policy(self) -> PolicySet:
        """The version in force."""
        ...

    @property
    def tokens(self) -> TokenStore:
        """Where tokens are kept."""
        ...


class House(Household, Recorder, Protocol):
    """The same with its ledger: what handing out on somebody's authority needs."""


@dataclass(frozen=True, slots=True)
class InsecureDevelopment:
    """Stands for a setting of the installation: tokens go to whoever sits at the terminal."""


@dataclass(frozen=True, slots=True)
class TwoPersons:
    """The bearers of two officers."""

    first: Secret[str]
    second: Secret[str]


Authority = InsecureDevelopment | TwoPersons


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and its secret. It is shown once."""

    token: TokenId
    secret: Secret[str]


async def issue_token(house: House, spec: TokenSpec, authority: Authority) -> Issued:
    """Hand out a token, on record.

    The entry is durable before this returns. A crash in between leaves a token whose secret nobody has.

    Raises:
        Unsound: the specification breaks a rule of `identity.specs`.
        NotIssued: the two are not two persons; that is on record too.
        TokenRefused: one of the two bearers is not accepted.
    """
    _sound(house.policy, spec)
    officers = await _answering(house, spec, authority)
    token, secret = await house.tokens.issue(_signed(spec, officers))
    await house.record(officers[0] if officers else None, _entry(spec, f"issued {token}"))
    return Issued(token, secret)


async def first_token(house: Household, sealed: Sealed, *, account: UUID) -> Secret[str] | None:
    """The token of the subject that this sealing brought to life, for the answer to the request that made it.

    `None` when nobody was born, and for a replay: its first answer carried the token. A client that lost that answer
    proves control of the address it gave, like everybody who joins later.

    Raises:
        Unsound: the policy knows no role `self`.
    """
    if sealed.replayed or not sealed.born:
        return None
    spec = TokenSpec(
        account=account,
        roles=frozenset({SELF}),
        lifetime=LONGEST[RoleKind.SUBJECT],
        subject=sealed.born[0],
    )
    _sound(house.policy, spec)
    _, secret = await house.tokens.issue(spec)
    return secret


def _sound(policy: PolicySet, spec: TokenSpec) -> None:
    checked = check(spec, policy)
    if isinstance(checked, Faulty):
        raise Unsound(checked.rule)


async def _answering(house: House, spec: TokenSpec, authority: Authority) -> tuple[Principal, Principal] | None:
    """The two officers who answer for it; nobody does in development."""
    match authority:
        case InsecureDevelopment():
            return None
        case TwoPersons(first, second):
            one = await authenticate(house.tokens, first)
            other = await authenticate(house.tokens, second)
            found = two_persons(one, other, house.policy)
            if isinstance(found, NotTogether):
                await house.record(one, _entry(spec, f"refused by {found.rule}"))
                raise NotIssued(found.rule)
            return one, other


def _entry(spec: TokenSpec, outcome: str) -> Access:
    """What the entry says: what became of it, and as its recipient the roles the token is for."""
    return Access(PURPOSE, outcome, " ".join(sorted(spec.roles)))


def _signed(spec: TokenSpec, officers: tuple[Principal, Principal] | None) -> TokenSpec:
    if officers is None:
        return replace(spec, issued_by=None, approved_by=None)
    return replace(spec, issued_by=officers[0].account, approved_by=officers[1].account)
