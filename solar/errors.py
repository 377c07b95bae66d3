"""What can go wrong around the model, whose own refusal of numbers is `solar.model.errors.BadInput`.

SolarError
└── AddressesFailed        the address register did not do what it promises; nothing was stored
    ├── AddressesAway      no answer in time, too many questions, or a fault of its own: ask again later
    └── AddressesMalformed it refuses us, or its answer is not what was agreed; nothing of it is used
"""

from __future__ import annotations


class SolarError(Exception):
    """Any failure around the model. No message quotes a value."""


class AddressesFailed(SolarError):
    """The register outside the house. `rule` says what it did, never what was asked or answered."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the address register {rule}")
        self.rule = rule


class AddressesAway(AddressesFailed):
    """Ask again later."""


class AddressesMalformed(AddressesFailed):
    """The same again will fail again."""
