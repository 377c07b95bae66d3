"""From a request that was understood to its answer: read the document, check who may, execute, put errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final

from graphql import ExecutionResult, Executor, GraphQLError
from graphql.execution import execute  # pyright: ignore[reportUnknownVariableType]  (generic over its executor)
from graphql.execution.values import VariableValues, get_variable_values

from policies.model import Principal
from resolvers.access import stated
from resolvers.api import PUBLIC, Api
from resolvers.asking import Asking
from resolvers.documents import Documents, Operation, Rejected, placed
from resolvers.execution import ReadyExecutor
from resolvers.house import House
from resolvers.translation import Declined, Problem, Reader, shown, translate
from schema.errors import Code

INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """What a client sent. Without a `repr`: it holds what people typed."""

    query: str
    variables: Mapping[str, Any]
    operation: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What goes back. `executed` tells a partial answer from a request that was never executed."""

    body: dict[str, Any]
    executed: bool


@dataclass(frozen=True, slots=True)
class Openness:
    """Who may introspect: these roles; everybody in development."""

    introspectors: frozenset[str]
    development: bool


class Service:
    """Answers requests on one house. Safe to share between tasks."""

    def __init__(self, house: House, openness: Openness, *, executor: type[Executor[Any]] = ReadyExecutor) -> None:
        self.house = house
        self.api = Api(house.vault.policy)
        self.documents = Documents(self.api.schema)
        self._openness = openness
        self._executor = executor
        self._public = PUBLIC | INTROSPECTION if openness.development else PUBLIC

    async def answer(self, given: Given, who: Principal | None) -> Answer:
        """Answer one request.

        Raises:
            Declined: a token is needed (`UNAUTHENTICATED`), before anything is executed.
        """
        try:
            operation = self._operation(given)
            self._may_ask(operation, who)
            return await self._executed(operation, given, who)
        except Rejected as rejected:
            return Answer({"errors": list(rejected.errors)}, executed=False)

    def _operation(self, given: Given) -> Operation:
        document = self.documents.read(given.query)
        if given.operation is None and len(document) == 1:
            return next(iter(document.values()))
        found = document.get(given.operation) if given.operation is not None else None
        if found is None:
            raise _rejected(Code.OPERATION)
        return found

    def _may_ask(self, operation: Operation, who: Principal | None) -> None:
        if who is None and not operation.roots <= self._public:
            raise Declined(Code.UNAUTHENTICATED)
        roles = who.roles if who else frozenset[str]()
        if operation.roots & INTROSPECTION and not (self._openness.development or roles & self._openness.introspectors):
            raise _rejected(Code.INTROSPECTION)

    async def _executed(self, operation: Operation, given: Given, who: Principal | None) -> Answer:
        variables = dict(given.variables)
        definitions = operation.node.variable_definitions or ()
        coerced = get_variable_values(self.api.schema, definitions, variables, max_errors=1, hide_suggestions=True)
        if not isinstance(coerced, VariableValues):
            raise Rejected([placed(error, Problem(Code.VARIABLES, {})) for error in coerced[:1]])
        asking = Asking(
            house=self.house,
            caller=who,
            stated=stated(self.api.schema, operation.node, coerced),
            governance=self.api.governance,
            masks=operation.masks,
        )
        return self._worded(await self._result(operation, variables, asking), asking)

    async def _result(self, operation: Operation, variables: dict[str, Any], asking: Asking) -> ExecutionResult:
        result = execute(
            self.api.schema,
            operation.document,
            context_value=asking,
            variable_values=variables,
            operation_name=operation.node.name.value if operation.node.name else None,
            executor_class=self._executor,
            hide_suggestions=True,
            operation_extensions=None,
        )
        return await result if isawaitable(result) else result

    def _worded(self, result: ExecutionResult, asking: Asking) -> Answer:
        """The result with its errors put in words, and what was withheld behind them."""
        reader = asking.reader
        errors = [_error(error, reader) for error in result.errors or ()]
        for shortfall in asking.shortfalls:
            errors.extend(shortfall.errors(reader))
        return Answer({"data": result.data, **({"errors": errors} if errors else {})}, executed=True)


def _error(error: GraphQLError, reader: Reader) -> dict[str, Any]:
    """One error of the execution, with its place."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    problem = Problem(Code.VARIABLES, {}) if cause is None else translate(cause, reader)
    entry = placed(error, problem)
    return {**entry, "path": list(error.path)} if error.path else entry


def _rejected(code: Code) -> Rejected:
    return Rejected([shown(Problem(code, {}))])
