"""What can go wrong with a step of a journey. What can go wrong with its values is the vault's `Invalid`.

ProductError
├── NotACustomer          the step is a customer's own, and the principal is not bound to a subject
└── StepRefused           the policy does not allow the step now; carries the step and the rules
    └── ContractRequires  it would, but a field the contract needs is missing (SOL-16); carries the fields
"""

from __future__ import annotations

from collections.abc import Sequence

from vault.request import Withheld


class ProductError(Exception):
    """Any failure of a step. Nothing was stored. No message quotes a value."""


class NotACustomer(ProductError):
    """Only the person concerned takes this step."""

    def __init__(self, step: str) -> None:
        super().__init__(f"`{step}`: only the customer takes this step")
        self.step = step


class StepRefused(ProductError):
    """Out of order, without basis, or by somebody who may not take it. `rules` say which, in the vault's words."""

    def __init__(self, step: str, rules: Sequence[Withheld]) -> None:
        super().__init__(f"`{step}`: " + "; ".join(sorted({f"`{w.field}`: `{w.rule}`" for w in rules})))
        self.step = step
        self.rules = tuple(rules)


class ContractRequires(StepRefused):
    """Refusing these fields ends the journey here and changes nothing else: what was given before stays readable."""

    def __init__(self, step: str, rules: Sequence[Withheld], fields: Sequence[str]) -> None:
        super().__init__(step, rules)
        self.fields = tuple(fields)

    @property
    def field(self) -> str:
        """The first of them."""
        return self.fields[0]
