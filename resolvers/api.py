"""The schema for one policy: types of `schema`, root fields of this package, enums made from the policy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, Final, get_args, get_type_hints

import strawberry
from graphql import GraphQLError, GraphQLSchema
from strawberry.directive import DirectiveLocation
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from policies.model import PolicySet
from resolvers import erasing, ledger, mutation, outreach, power, query, register, retention, rights, solar
from resolvers.access import DIRECTIVE, access
from resolvers.asking import Ask
from resolvers.reading import Governance, Misbuilt, install
from schema.directives import Ungoverned
from schema.names import Names
from schema.scalars import SCALARS

Resolve = Callable[..., Any]

GROUPING: Final = "a grouping; the fields in it say for themselves"
STEP: Final = "a step; its answer says for itself"

QUERIES: Final[Mapping[str, Resolve]] = {
    "me": query.me,
    "customer": query.customer,
    "customers_by_email": query.customers_by_email,
    "customers_by_phone": query.customers_by_phone,
    "customers": query.customers_page,
    "metering_point": query.metering_point,
    "policy": query.policy,
    "explain_access": query.explain_access,
    "ledger": query.ledger,
    "receipt": query.receipt,
    "processors": register.processors,
    "system_tasks": register.system_tasks,
    **rights.QUERIES,
    **erasing.QUERIES,
    **ledger.QUERIES,
    **retention.QUERIES,
    **solar.QUERIES,
}
MUTATIONS: Final[Mapping[str, Resolve]] = {
    "request_calculation": mutation.request_calculation,
    "record_roof": mutation.record_roof,
    "proceed": mutation.proceed,
    "make_offer": mutation.make_offer,
    "accept_offer": mutation.accept_offer,
    "decline_offer": mutation.decline_offer,
    "sign_contract": mutation.sign_contract,
    "choose_financing": mutation.choose_financing,
    "apply_for_loan": mutation.apply_for_loan,
    "close_loan": mutation.close_loan,
    "complete_design": mutation.complete_design,
    "give_consent": mutation.give_consent,
    "withdraw_consent": mutation.withdraw_consent,
    "assign": mutation.assign,
    "end_assignment": mutation.end_assignment,
    "erase": mutation.erase,
    "complete_system_task": register.complete_system_task,
    "subscribe_newsletter": outreach.subscribe_newsletter,
    "unsubscribe_newsletter": outreach.unsubscribe_newsletter,
    **power.STEPS,
    **rights.MUTATIONS,
    **erasing.MUTATIONS,
    **retention.MUTATIONS,
    **solar.MUTATIONS,
}
PUBLIC: Final = frozenset({"policy", "processors", "__typename"})
"""Root fields that need no token."""


class VaultSchema(strawberry.Schema):
    """Strawberry's schema with two of its habits off."""

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:  # noqa: FBT001, FBT002  (Strawberry's own signature)
        """None: the one it adds for operation directives turns every leaf into a coroutine."""
        del sync
        return []

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: it would log the text of the request, literals included."""


class Api:
    """The schema of one policy, ready to execute."""

    def __init__(self, policy: PolicySet) -> None:
        names = Names.of(policy)
        self.strawberry = VaultSchema(
            query=_root("Query", QUERIES, GROUPING, names),
            mutation=_root("Mutation", MUTATIONS, STEP, names),
            directives=[_access(names)],
            config=StrawberryConfig(disable_field_suggestions=True, info_class=Ask, scalar_map=dict(SCALARS)),
        )
        self.schema: GraphQLSchema = self.strawberry._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (it has no public name)
        self.governance: Governance = install(self.schema)

    def sdl(self) -> str:
        """The schema as text, as it is reviewed in `schema/schema.graphql`."""
        return self.strawberry.as_str() + "\n"


def _root(name: str, fields: Mapping[str, Resolve], because: str, names: Names) -> type[Any]:
    made = {
        field: strawberry.field(
            resolver=_named(resolve, names),
            description=_description(resolve),
            directives=[Ungoverned(because=because)],
        )
        for field, resolve in fields.items()
    }
    return strawberry.type(type(name, (), made))


def _access(names: Names) -> Any:
    places = [DirectiveLocation.QUERY, DirectiveLocation.MUTATION]
    directive = strawberry.directive(locations=places, name=DIRECTIVE, description=_description(access))
    return directive(_named(access, names))


def _named(function: Resolve, names: Names) -> Resolve:
    """The function with the enums of this policy in the place of the bases its signature names."""
    if not isinstance(function, FunctionType):
        raise Misbuilt("the tables of root fields hold plain functions")
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__module__, copy.__qualname__, copy.__kwdefaults__ = function.__module__, function.__qualname__, None
    hints = get_type_hints(function, include_extras=True)
    copy.__annotations__ = {name: _derived(hint, names) for name, hint in hints.items()}
    return copy


def _derived(hint: Any, names: Names) -> Any:
    """The hint with this policy's enum for a base, alone or optional."""
    if hint in names.enums:
        return names.enums[hint]
    inside = [each for each in get_args(hint) if each in names.enums]
    return names.enums[inside[0]] | None if inside else hint


def _description(function: Resolve) -> str:
    return " ".join((inspect.getdoc(function) or "").split())
