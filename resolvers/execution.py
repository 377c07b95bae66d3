"""Execution by graphql-core, with whole subtrees of opened data completed at once.

Below a customer almost everything is read by a `Reader`: no arguments, no coroutine, no failure but a value of the
wrong type. Such a subtree is compiled once per request into a function from source to answer and run over every row.
A subtree with anything else in it, or in which anything fails, goes the ordinary way, which is the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.kinds import coercion, items, required
from resolvers.reading import Reader

Complete = Callable[[Any], Any]


class NotReady(Exception):
    """A value that ordinary execution has to complete, or to refuse with its place."""


class ReadyExecutor(StrawberryGraphQLCoreExecutionContext):
    """Completes what is ready at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_awaitable = cast("Any", optimized_is_awaitable)
        # the list of nodes is kept with its plan, so that its id cannot be another's while this executor lives
        self._plans: dict[tuple[str, int], tuple[FieldDetailsList, Complete | None]] = {}

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        """An object: by its plan if it has one."""
        complete = self._planned(return_type, field_details_list)
        if complete is not None:
            try:
                return complete(result)
            except Exception:  # noqa: BLE001, S110  (completed again below, which refuses it with its place)
                pass
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

    def _planned(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        key = (kind.name, id(details))
        known = self._plans.get(key)
        if known is None:
            known = self._plans[key] = (details, self._plan(kind, details))
        return known[1]

    def _plan(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        """From a source to its part of the answer; `None` where something below is not ready."""
        steps: list[tuple[str, Callable[[Any], object], Complete]] = []
        for key, nodes in self.collect_subfields(kind, details).grouped_field_set.items():
            name = nodes[0].node.name.value
            if name == "__typename":
                steps.append((key, lambda _: kind.name, _as_is))
                continue
            field = kind.fields.get(name)
            complete = self._completed(field.type, nodes) if field and isinstance(field.resolve, Reader) else None
            if field is None or complete is None or not isinstance(field.resolve, Reader):
                return None
            steps.append((key, field.resolve.read, complete))

        def run(source: Any) -> dict[str, Any]:
            return {key: complete(read(source)) for key, read, complete in steps}

        return run

    def _completed(self, kind: object, nodes: FieldDetailsList) -> Complete | None:
        """From what a reader gives to its part of the answer; `None` for what is not ready."""
        inside, wrap = required(kind), _present
        if inside is None:
            inside, wrap = items(kind), _each
        if inside is not None:
            inner = self._completed(inside, nodes)
        elif isinstance(kind, GraphQLObjectType):
            inner, wrap = self._planned(kind, nodes), _maybe
        else:
            inner, wrap = coercion(kind), _maybe
        return None if inner is None else wrap(inner)


def _as_is(value: Any) -> Any:
    return value


def _maybe(inner: Complete) -> Complete:
    def complete(value: Any) -> Any:
        return None if value is None else inner(value)

    return complete


def _each(inner: Complete) -> Complete:
    def complete(value: list[Any] | None) -> Any:
        return None if value is None else [inner(item) for item in value]

    return complete


def _present(inner: Complete) -> Complete:
    def complete(value: Any) -> Any:
        completed = inner(value)
        if completed is None:
            raise NotReady
        return completed

    return complete
