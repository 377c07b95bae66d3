"""Bearer tokens: opaque, 256 bits, kept as a hash, short-lived, revocable at once.

A token is `hv_` and 32 random bytes in base64url without padding; the table `token` of the control database knows
only the SHA-256 of that text. This module is the facade over the table for the packages above the vault: it issues,
resolves, revokes and lists. It decides nothing about roles (`identity` does, before `issue`), and the doors do not
rely on it: they look at the row again in the statement that records an opening.

A bearer that is malformed, truncated, unknown, expired or revoked takes one path: one hash, one statement, no row,
`TokenRefused`. Nothing tells those cases apart, neither the answer nor the work done for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

from policies.model import Principal, SubjectId, TokenId
from vault.errors import TokenRefused, Unknown
from vault.request import MAX_PAGE, Secret

PREFIX: Final = "hv_"
SECRET_BYTES: Final = 32
ID_BYTES: Final = 16

INSERT: Final = """
INSERT INTO token (id, secret_hash, account, roles, subject, recipient, purpose, second_factor,
                   issued_at, expires_at, revoked_at, issued_by, approved_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, $11, $12)
"""
RESOLVE: Final = """
SELECT id, account, roles, subject, recipient, purpose, second_factor, expires_at
FROM token WHERE secret_hash = $1 AND revoked_at IS NULL AND expires_at > $2
"""
REVOKE: Final = "UPDATE token SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 RETURNING id"
# rows are locked in the order of their ids, as the doors lock them: two such statements never wait for each other
REVOKE_ACCOUNT: Final = """
WITH live AS (SELECT id FROM token WHERE account = $1 AND revoked_at IS NULL ORDER BY id FOR UPDATE)
UPDATE token SET revoked_at = $2 FROM live WHERE token.id = live.id AND revoked_at IS NULL RETURNING token.id
"""
REVOKE_SUBJECT: Final = """
WITH live AS (SELECT id FROM token WHERE subject = $1 AND revoked_at IS NULL ORDER BY id FOR UPDATE)
UPDATE token SET revoked_at = $2 FROM live WHERE token.id = live.id AND revoked_at IS NULL RETURNING token.id
"""
PAGE: Final = """
SELECT id, account, roles, subject, recipient, purpose, second_factor,
       issued_at, expires_at, revoked_at, issued_by, approved_by
FROM token
WHERE ($1::uuid IS NULL OR (issued_at, id) < (SELECT issued_at, id FROM token WHERE id = $1))
  AND ($2::uuid IS NULL OR account = $2)
  AND ($3::timestamptz IS NULL OR (revoked_at IS NULL AND expires_at > $3))
ORDER BY issued_at DESC, id DESC
LIMIT $4
"""


class Row(Protocol):
    """One row by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


class Database(Protocol):
    """The part of a connection pool this module needs.

    Each call is one transaction, durable when it returns. It raises `vault.errors.Unavailable` when the database does
    not answer, never a driver's error: those quote values.
    """

    async def execute(self, query: str, /, *args: object) -> object:
        """Run one statement."""
        ...

    async def fetchrow(self, query: str, /, *args: object) -> Row | None:
        """Its first row, if there is one."""
        ...

    async def fetch(self, query: str, /, *args: object) -> Sequence[Row]:
        """All its rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSpec:
    """What a token will stand for. `issued_by` and `approved_by` are the accounts that answer for it, where any do."""

    account: UUID
    roles: frozenset[str]
    lifetime: timedelta
    subject: SubjectId | None = None
    recipient: str | None = None
    purpose: str | None = None
    second_factor: bool = False
    issued_by: UUID | None = None
    approved_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is listed: everything but the secret, which nobody has but its bearer."""

    id: TokenId
    account: UUID
    roles: frozenset[str]
    subject: SubjectId | None
    recipient: str | None
    purpose: str | None
    second_factor: bool
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    issued_by: UUID | None
    approved_by: UUID | None


@dataclass(frozen=True, slots=True)
class TokenPage:
    """A page of tokens, newest first. `more`: another page follows the last row."""

    rows: tuple[TokenRow, ...]
    more: bool


class Tokens:
    """The token table. Safe to share between tasks: it keeps nothing in memory, so a revocation holds at once."""

    def __init__(self, database: Database, *, entropy: Callable[[int], bytes], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._entropy = entropy
        self._clock = clock

    async def issue(self, spec: TokenSpec) -> tuple[TokenId, Secret[str]]:
        """Store a new token and hand out its secret, the only time it exists outside its bearer.

        The row is durable when this returns. A crash before that leaves at most a row whose secret nobody has seen.
        """
        now = self._clock()
        token = TokenId(UUID(bytes=self._entropy(ID_BYTES), version=4))
        secret = Secret(PREFIX + urlsafe_b64encode(self._entropy(SECRET_BYTES)).decode("ascii").rstrip("="))
        await self._database.execute(
            INSERT,
            token,
            digest(secret),
            spec.account,
            sorted(spec.roles),
            spec.subject,
            spec.recipient,
            spec.purpose,
            spec.second_factor,
            now,
            now + spec.lifetime,
            spec.issued_by,
            spec.approved_by,
        )
        return token, secret

    async def resolve(self, secret: Secret[str]) -> Principal:
        """Who bears this token now.

        Raises:
            TokenRefused: whatever is wrong with it.
        """
        row = await self._database.fetchrow(RESOLVE, digest(secret), self._clock())
        if row is None:
            raise TokenRefused("the token is not accepted")
        return Principal(
            token=TokenId(row["id"]),
            account=row["account"],
            roles=frozenset(row["roles"]),
            subject=row["subject"],
            recipient=row["recipient"],
            purpose=row["purpose"],
            expires=row["expires_at"],
            second_factor=row["second_factor"],
        )

    async def revoke(self, token: TokenId) -> None:
        """Refuse this token from now on. Revoking twice keeps the first time.

        Raises:
            Unknown: there is no such token.
        """
        if await self._database.fetchrow(REVOKE, token, self._clock()) is None:
            raise Unknown("there is no token with this id")

    async def revoke_account(self, account: UUID) -> int:
        """Refuse every live token of an account; tells how many there were."""
        return len(await self._database.fetch(REVOKE_ACCOUNT, account, self._clock()))

    async def revoke_subject(self, subject: SubjectId) -> int:
        """Refuse every live token bound to a subject; tells how many there were."""
        return len(await self._database.fetch(REVOKE_SUBJECT, subject, self._clock()))

    async def list(
        self,
        *,
        first: int = MAX_PAGE,
        after: TokenId | None = None,
        account: UUID | None = None,
        live: bool = False,
    ) -> TokenPage:
        """A page of at most `MAX_PAGE` tokens, newest first, beginning behind `after`; without their secrets."""
        size = max(1, min(first, MAX_PAGE))
        rows = await self._database.fetch(PAGE, after, account, self._clock() if live else None, size + 1)
        return TokenPage(rows=tuple(map(_listed, rows[:size])), more=len(rows) > size)


def digest(secret: Secret[str]) -> bytes:
    """What the table knows of a secret: SHA-256 of its text. Total and injective over whatever a client may send."""
    return sha256(secret.reveal().encode("utf-8", "surrogatepass")).digest()


def _listed(row: Row) -> TokenRow:
    return TokenRow(
        id=TokenId(row["id"]),
        account=row["account"],
        roles=frozenset(row["roles"]),
        subject=row["subject"],
        recipient=row["recipient"],
        purpose=row["purpose"],
        second_factor=row["second_factor"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        issued_by=row["issued_by"],
        approved_by=row["approved_by"],
    )
