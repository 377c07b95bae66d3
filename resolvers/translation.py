"""Every failure becomes a code, in one match. Messages are constants: nothing a client sent comes back in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from policies.model import SELF, PolicySet, Principal, RoleKind
from products.errors import ContractRequires, NotACustomer, RegisterFailed, StepRefused
from rights.errors import RequestRefused
from schema.errors import MESSAGES, Code
from solar.errors import AddressesFailed
from solar.model.errors import BadInput
from vault.errors import (
    BrokenSeal,
    ClockJumped,
    Conflict,
    Contended,
    Invalid,
    Refused,
    Tampered,
    TokenRefused,
    Unavailable,
    Unknown,
)
from vault.request import Secret, Withheld

REACH: Final = "reach"
SUBJECT_FREE: Final = frozenset({
    "policy.field", "policy.purpose", "token.purpose", "token.recipient", "use", "role", "second_factor", "recipient",
    "reason",
})  # fmt: skip
"""Rules that read nothing of any person: they refuse a subject that does not exist like one that does."""

_log = structlog.get_logger("hvelv.graphql")

Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """A code, and what a program may need with it."""

    code: Code
    details: Details


class Declined(Exception):
    """A resolver says no by itself: the request lacks something. Never decides about data."""

    def __init__(self, code: Code, **details: str | int) -> None:
        super().__init__(code.value)
        self.problem = Problem(code, details)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who will read an answer: decides which rules may be named to it."""

    roles: frozenset[str]
    kinds: frozenset[RoleKind]

    @staticmethod
    def of(who: Principal | None, policy: PolicySet) -> Reader:
        """The reader behind a principal; `None` reads as nobody."""
        roles = who.roles if who else frozenset[str]()
        return Reader(roles, frozenset(policy.roles[name].kind for name in roles if name in policy.roles))

    def told(self, withheld: Withheld) -> bool:
        """Whether the rule may be named.

        Policy rules to everybody. A rule about a person's standing to officers; to the person and to staff where it
        came after `reach` was passed, so it is about themselves or a case in their scope; to nobody else.
        """
        if not withheld.personal and withheld.rule != REACH:
            return True
        if RoleKind.OFFICER in self.kinds:
            return True
        return withheld.rule != REACH and (SELF in self.roles or RoleKind.STAFF in self.kinds)


NOBODY: Final = Reader(frozenset(), frozenset())


def translate(error: BaseException, reader: Reader) -> Problem:  # noqa: C901, PLR0911, PLR0912  (the one match: a row per failure)
    """The code of a failure. Whatever is not listed is our own fault and is logged without its message."""
    match error:
        case Declined():
            return error.problem
        case TokenRefused():
            return Problem(Code.UNAUTHENTICATED, {})
        case ContractRequires():
            return Problem(Code.REFUSED, {"rules": named(error.rules, reader), "required": list(error.fields)})
        case Refused() | StepRefused() | RequestRefused():
            return Problem(Code.REFUSED, {"rules": named(error.rules, reader)})
        case NotACustomer():
            return Problem(Code.REFUSED, {"rules": [{"rule": "role"}]})
        case Invalid():
            return Problem(Code.INVALID, {"field": error.field, "rule": error.rule})
        case Unknown():
            return Problem(Code.NOT_FOUND, {})
        case Conflict():
            return Problem(Code.CONFLICT, {})
        case BadInput():
            return Problem(Code.INVALID, {"field": error.field, "rule": error.limit})
        case RegisterFailed() | AddressesFailed():
            return Problem(Code.REGISTER, {"rule": error.rule})
        case Contended() | Unavailable() | ClockJumped():
            return Problem(Code.UNAVAILABLE, {})
        case BrokenSeal() | Tampered():
            _note(error, Code.DAMAGED)
            return Problem(Code.DAMAGED, {})
        case _:
            _note(error, Code.INTERNAL)
            return Problem(Code.INTERNAL, {})


def named(rules: Sequence[Withheld], reader: Reader) -> list[dict[str, str]]:
    """The rules of a refusal, those about a person's standing only to whom they may be named."""
    told = {(w.field, w.rule if reader.told(w) else "") for w in rules}
    return [{"field": field, "rule": rule} if rule else {"field": field} for field, rule in sorted(told)]


def shown(problem: Problem) -> dict[str, Any]:
    """A problem as an entry of `errors`."""
    return {"message": MESSAGES[problem.code], "extensions": {"code": problem.code.value, **problem.details}}


def _note(error: BaseException, code: Code) -> None:
    """Where it happened and its class, never its message or its locals."""
    _log.error("graphql.failed", code=code.value, fault=Secret(error))
