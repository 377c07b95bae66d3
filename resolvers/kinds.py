"""What wraps a type of the schema, asked so that strict type checkers can follow.

graphql-core's own wrappers are generic over everything, and its tests lose what they wrap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from graphql import GraphQLField, GraphQLList, GraphQLNamedType, GraphQLNonNull, GraphQLObjectType


def named(field: GraphQLField) -> GraphQLNamedType:
    """The type of a field inside all wrappers."""
    inner = cast("Any", field).type
    while isinstance(inner, GraphQLList | GraphQLNonNull):
        inner = cast("Any", inner).of_type
    return cast("GraphQLNamedType", inner)


def object_in(field: GraphQLField) -> GraphQLObjectType | None:
    """The same, if it is an object type."""
    inner = named(field)
    return inner if isinstance(inner, GraphQLObjectType) else None


def listed(field: GraphQLField) -> bool:
    """Whether a value of this field is a list."""
    kind = cast("Any", field).type
    return items(required(kind) or kind) is not None


def required(kind: object) -> object | None:
    """What must not be `null`, if this is such a type."""
    return cast("Any", kind).of_type if isinstance(kind, GraphQLNonNull) else None


def items(kind: object) -> object | None:
    """What a list is of, if this is one."""
    return cast("Any", kind).of_type if isinstance(kind, GraphQLList) else None


def coercion(kind: object) -> Callable[[Any], Any] | None:
    """How a leaf is shown, if this is one."""
    return getattr(kind, "coerce_output_value", None)
