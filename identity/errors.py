"""What can go wrong with an identity. A refused bearer is the vault's `TokenRefused`: it means the same everywhere.

IdentityError
├── Unsound               the specification of a token breaks a rule; carries the rule
└── NotIssued             nobody with the right to stands behind the token; carries the rule
"""

from __future__ import annotations


class IdentityError(Exception):
    """Any failure here. `rule` names what was not met; no message quotes a value."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"`{rule}`")
        self.rule = rule


class Unsound(IdentityError):
    """Such a token may not exist."""


class NotIssued(IdentityError):
    """The token is sound, but whoever asks for it may not hand it out."""
