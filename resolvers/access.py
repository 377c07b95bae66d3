"""Who states which purpose: `query Case @access(purpose: OFFER, reason: "...") { ... }`.

A customer's token implies its own view of itself, a partner's carries one purpose and one recipient, everybody else
states one. Whether it may be is decided behind the door; here it is only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_directive_values

from policies.model import SELF, Access, PolicySet, Principal
from resolvers.documents import Rejected, placed
from resolvers.translation import Declined, Problem
from schema.errors import Code
from schema.names import PurposeName, RecipientName

DIRECTIVE: Final = "access"
SELF_SERVICE: Final = "self_service"
"""The purpose of a subject's own view. A test holds the name against the policy."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What `@access` says. Everything may be missing."""

    purpose: str | None = None
    reason: str | None = None
    recipient: str | None = None


def access(purpose: PurposeName, reason: str | None = None, recipient: RecipientName | None = None) -> None:
    """Why this operation opens data, the reason in the asker's own words, and in which role where it has several."""


def stated(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: VariableValues) -> Stated:
    """What the operation states."""
    directive = schema.get_directive(DIRECTIVE)
    if directive is None or not operation.directives:
        return Stated()
    try:
        values = get_directive_values(directive, operation, variables) or {}
    except GraphQLError as bad:  # a variable the directive needs was left out
        raise Rejected([placed(bad, Problem(Code.VARIABLES, {}))]) from bad
    purpose, recipient = values.get("purpose"), values.get("recipient")
    return Stated(
        purpose=purpose.text if isinstance(purpose, PurposeName) else None,
        reason=values.get("reason"),
        recipient=recipient.text if isinstance(recipient, RecipientName) else None,
    )


def access_of(said: Stated, who: Principal, policy: PolicySet) -> Access:
    """The access a request asks for.

    Raises:
        Declined: no purpose is stated, or several roles of the asker may ask for it.
    """
    if who.recipient is not None and who.purpose is not None:
        return Access(said.purpose or who.purpose, said.reason, said.recipient or who.recipient)
    if SELF in who.roles:
        return Access(said.purpose or SELF_SERVICE, said.reason, said.recipient or SELF)
    if said.purpose is None:
        raise Declined(Code.PURPOSE_REQUIRED)
    return Access(said.purpose, said.reason, said.recipient or _role(said.purpose, who, policy))


def _role(purpose: str, who: Principal, policy: PolicySet) -> str:
    """The asker's own role: the one the purpose lists, or the only one it has."""
    listed = who.roles & policy.purposes[purpose].roles.keys()
    match sorted(listed or who.roles):
        case [role]:
            return role
        case _:
            raise Declined(Code.RECIPIENT_REQUIRED)
