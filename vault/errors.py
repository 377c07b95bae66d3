"""What can go wrong at the doors. No message ever quotes a value.

VaultError
├── TokenRefused          the principal's token is unknown, expired or revoked
├── Refused               the policy refuses the whole call; carries the rules. Nothing was stored or opened
├── Invalid               a value does not parse as its field's type; carries (field, rule)
├── Unknown               no such subject, record or receipt (also: not for this principal to know of)
├── Conflict              the same idempotency key came with another body
├── Contended             others kept changing the subject; safe to send again
├── ClockJumped           the clock moved more than a day between two retention runs; an operator looks at it
├── BrokenSeal            stored bytes do not open under their address: damaged, moved or replaced
├── Tampered              the ledger is not what was signed, witnessed or proven: changed, cut off or forked
├── BackupRefused         this backup is not restored; says why and which one to take
├── Unavailable           database or key service cannot be reached now; safe to send again
└── Misconfigured         the installation cannot work as it is; names the setting to mend
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vault.request import Withheld


class VaultError(Exception):
    """Any failure at a door."""


class TokenRefused(VaultError):
    """Unknown, expired and revoked tokens answer alike."""


class Refused(VaultError):
    """The policy refuses the call as a whole."""

    def __init__(self, rules: Sequence[Withheld]) -> None:
        super().__init__("; ".join(sorted({f"`{w.field}`: `{w.rule}`" for w in rules})))
        self.rules = tuple(rules)


class Invalid(VaultError):
    """A value is not one of its field's type."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"`{field}`: {rule}")
        self.field = field
        self.rule = rule


class Unknown(VaultError):
    """There is nothing here for this principal."""


class Conflict(VaultError):
    """The idempotency key was used for another request."""


class Contended(VaultError):
    """Gave up after several rounds against concurrent changes."""


class ClockJumped(VaultError):
    """The retention run does not believe the clock; nothing was destroyed."""


class BrokenSeal(VaultError):
    """One class for every way a ciphertext can fail to open."""


class Tampered(VaultError):
    """The ledger, or a proof of it, is not what was signed or witnessed. Never a passing fault: look into it."""


class BackupRefused(VaultError):
    """Too old, of a destroyed root, of another schema, or changed since it was written."""


class Unavailable(VaultError):
    """Something the vault depends on does not answer."""


class Misconfigured(VaultError):
    """Says which setting is wrong and how to mend it."""
