"""What can go wrong with a step of a journey. What can go wrong with its values is the vault's `Invalid`.

ProductError
├── NotACustomer          the step is a customer's own, and the principal is not bound to a subject
├── StepRefused           the policy does not allow the step now; carries the step and the rules
│   └── ContractRequires  it would, but a field the contract needs is missing (SOL-16); carries the fields
└── RegisterFailed        a register outside the house did not do what it promises; nothing was stored
    ├── RegisterAway      no answer in time, too many questions, or a fault of its own: ask again later
    ├── RegisterRefused   it refuses us or the question; the same again will fail again
    └── RegisterMalformed its answer is not what was agreed; nothing of it is used
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


class RegisterFailed(ProductError):
    """A register outside the house. Messages name the register and the rule, never what was asked or answered."""

    def __init__(self, register: str, rule: str) -> None:
        super().__init__(f"{register}: {rule}")
        self.register = register
        self.rule = rule


class RegisterAway(RegisterFailed):
    """Ask again, after `retry_after_seconds` where it said how long."""

    def __init__(self, register: str, rule: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(register, rule)
        self.retry_after_seconds = retry_after_seconds


class RegisterRefused(RegisterFailed):
    """It will not answer this question from us."""


class RegisterMalformed(RegisterFailed):
    """It answered something else than was agreed."""
