"""A house for tests of identity: a policy of roles and one purpose, tokens in memory, a ledger in a list."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from policies.model import (
    Access,
    Basis,
    Controller,
    Objection,
    PolicySet,
    Principal,
    Purpose,
    Reach,
    Role,
    RoleKind,
    SubjectId,
    TokenId,
)
from vault.errors import TokenRefused, Unknown
from vault.request import Secret
from vault.tokens import TokenSpec

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def role(name: str, kind: RoleKind, *, recipient: str | None = None, second_factor: bool = False) -> Role:
    return Role(name=name, kind=kind, recipient=recipient, second_factor=second_factor, clauses=())


ROLES = {
    each.name: each
    for each in (
        role("self", RoleKind.SUBJECT),
        role("visitor", RoleKind.VISITOR),
        role("advisor", RoleKind.STAFF, second_factor=True),
        role("customer_service", RoleKind.STAFF),
        role("dpo", RoleKind.OFFICER, second_factor=True),
        role("privacy_approver", RoleKind.OFFICER, second_factor=True),
        role("bank", RoleKind.PARTNER, recipient="bank"),
        role("installer", RoleKind.PARTNER, recipient="installer"),
        role("solar_engine", RoleKind.SERVICE),
    )
}


def purpose(name: str, **roles: Reach) -> Purpose:
    return Purpose(
        name=name,
        basis=Basis.LEGAL_OBLIGATION,
        article="6(1)(c)",
        consent=None,
        contract=None,
        law="a law",
        balancing=None,
        objection=Objection.NOT_APPLICABLE,
        roles=roles,
        assigned_by=(),
        reason_required=False,
        conditions=(),
        despite_restriction=None,
        clauses=(),
    )


def policy_of_roles() -> PolicySet:
    purposes = (
        purpose("loan_application", bank=Reach.ASSIGNED),
        purpose("installation", installer=Reach.ASSIGNED),
    )
    return PolicySet(
        version=date(2018, 5, 28),
        digest=b"\x01" * 32,
        controller=Controller("a", "b", "c", "d"),
        roles=ROLES,
        records={},
        facts={},
        consents={},
        states={},
        purposes={each.name: each for each in purposes},
        recipients={},
        retention={},
        holds={},
        categories={},
        fields={},
    )


class MemoryTokens:
    """The contract of `vault.tokens.Tokens`, in memory. `tests/contract` runs one suite on both."""

    def __init__(self) -> None:
        self.now = NOON
        self._numbers = itertools.count(1)
        self._live: dict[str, Principal] = {}
        self.specs: dict[TokenId, TokenSpec] = {}

    async def issue(self, spec: TokenSpec) -> tuple[TokenId, Secret[str]]:
        number = next(self._numbers)
        token, text = TokenId(UUID(int=number)), f"hv_{number:043d}"
        self.specs[token] = spec
        self._live[text] = Principal(
            token=token,
            account=spec.account,
            roles=spec.roles,
            subject=spec.subject,
            recipient=spec.recipient,
            purpose=spec.purpose,
            expires=self.now + spec.lifetime,
            second_factor=spec.second_factor,
        )
        return token, Secret(text)

    async def resolve(self, secret: Secret[str]) -> Principal:
        principal = self._live.get(secret.reveal())
        if principal is None or principal.expires <= self.now:
            raise TokenRefused("the token is not accepted")
        return principal

    async def revoke(self, token: TokenId) -> None:
        if token not in self.specs:
            raise Unknown("there is no token with this id")
        self._live = {text: who for text, who in self._live.items() if who.token != token}

    async def revoke_account(self, account: UUID) -> int:
        gone = [who.token for who in self._live.values() if who.account == account and who.expires > self.now]
        for token in gone:
            await self.revoke(token)
        return len(gone)

    async def revoke_subject(self, subject: SubjectId) -> int:
        gone = [who.token for who in self._live.values() if who.subject == subject and who.expires > self.now]
        for token in gone:
            await self.revoke(token)
        return len(gone)


@dataclass
class House:
    """What `identity.issuing` needs of the vault."""

    policy: PolicySet = field(default_factory=policy_of_roles)
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    entries: list[tuple[UUID | None, Access]] = field(default_factory=list)

    async def record(self, who: Principal | None, access: Access) -> None:
        self.entries.append((who.account if who else None, access))

    async def bearer(self, name: str, *, account: int, second_factor: bool = True) -> Secret[str]:
        """Put a token into the table behind everybody's back."""
        _, secret = await self.tokens.issue(staff(name, account=account, second_factor=second_factor))
        return secret


def staff(name: str, *, account: int = 7, second_factor: bool = True) -> TokenSpec:
    return TokenSpec(
        account=UUID(int=account),
        roles=frozenset({name}),
        lifetime=timedelta(hours=1),
        second_factor=second_factor,
    )


def principal(*roles: str, account: int = 7, second_factor: bool = True, subject: SubjectId | None = None) -> Principal:
    return Principal(
        token=TokenId(UUID(int=900 + account)),
        account=UUID(int=account),
        roles=frozenset(roles),
        subject=subject,
        recipient=None,
        purpose=None,
        expires=NOON + timedelta(hours=1),
        second_factor=second_factor,
    )
