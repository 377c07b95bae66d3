"""How fields are read: governed ones from what the door opened, the rest as attributes. One reader each, no coroutine.

`install` replaces the default resolver of every field without one by a reader, and refuses a schema in which a field
says neither who governs it nor why nobody does, or in which a governed field resolves by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from resolvers.kinds import listed, object_in
from schema.directives import Governed, Ungoverned

if TYPE_CHECKING:
    from strawberry.types.field import StrawberryField

DEFINITION: Final = "strawberry-definition"

Governance = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By type and field: the policy fields that a plain field is read from, none if it is ungoverned."""


class Misbuilt(Exception):
    """The schema breaks a rule of this house; names type and field."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one field of a source, now. Also a resolver, so that ordinary execution does the same."""

    read: Callable[[Any], object]

    def __call__(self, source: Any, _info: object) -> object:
        """The same, for ordinary execution."""
        return self.read(source)


def install(schema: GraphQLSchema) -> Governance:
    """Give every plain field its reader.

    Raises:
        Misbuilt: a field carries neither directive or both, or is governed and resolves by itself.
    """
    governance: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            governance[name] = dict(_installed(name, kind))
    return governance


def _installed(kind: str, of: GraphQLObjectType) -> list[tuple[str, tuple[str, ...]]]:
    plain: list[tuple[str, tuple[str, ...]]] = []
    for name, field in of.fields.items():
        by = _governed_by(f"{kind}.{name}", field)
        definition = _definition(field)
        if definition.base_resolver is None:
            field.resolve = _reader(by, definition, field)
            plain.append((name, by))
        elif by:
            raise Misbuilt(f"`{kind}.{name}` is governed and has a resolver of its own")
    return plain


def _definition(field: GraphQLField) -> StrawberryField:
    return cast("StrawberryField", field.extensions[DEFINITION])


def _governed_by(place: str, field: GraphQLField) -> tuple[str, ...]:
    said = [d for d in _definition(field).directives if isinstance(d, Governed | Ungoverned)]
    match said:
        case [Governed(by=by)] if by:
            return tuple(by)
        case [Ungoverned()]:
            return ()
        case _:
            raise Misbuilt(f"`{place}` says not, or not once, who governs it")


def _reader(by: tuple[str, ...], definition: StrawberryField, field: GraphQLField) -> Reader:
    holder = cast("Any", definition).origin
    if not by or "opened" not in {f.name for f in fields(holder)}:
        return Reader(attrgetter(definition.python_name))
    target = object_in(field)
    match by:
        case (name,):
            return Reader(_opened(name) if target is None else _parted(name, target, several=listed(field)))
        case _:
            raise Misbuilt(f"`{definition.python_name}` derives from several fields: write its reader")


def _opened(name: str) -> Callable[[Any], object]:
    """The one reader of governed leaves: what the door gave, or nothing."""

    def read(source: Any) -> object:
        value = source.opened.get(name)
        return None if value is None else value.reveal()

    return read


def _parted(name: str, target: GraphQLObjectType, *, several: bool) -> Callable[[Any], object]:
    part = _parts_of(target)
    return _standing(name, part) if several else _whole(name, part)


def _whole(name: str, part: type[Any]) -> Callable[[Any], object]:
    """Of a sealed JSON object with parts of its own: what the schema knows of it, so that older ones are read too."""
    leaf, known = _opened(name), frozenset(cast("Any", part).__dataclass_fields__)

    def read(source: Any) -> object:
        text = leaf(source)
        if not isinstance(text, str):
            return None
        data: dict[str, Any] = json.loads(text)
        return part(**{key: value for key, value in data.items() if key in known})

    return read


def _standing(name: str, part: type[Any]) -> Callable[[Any], object]:
    """The same for a computed field: canonical JSON, a list of parts or a map from the part's first field."""
    leaf = _opened(name)
    key, value = list[str](cast("Any", part).__dataclass_fields__)[:2]

    def read(source: Any) -> object:
        text = leaf(source)
        if not isinstance(text, str):
            return None
        data: Any = json.loads(text)
        if isinstance(data, list):
            return [part(**item) for item in cast("list[dict[str, Any]]", data)]
        rows = [{key: k, **(v if isinstance(v, dict) else {value: v})} for k, v in data.items()]
        return [part(**row) for row in sorted(rows, key=lambda row: (str(row[value]), row[key]))]

    return read


def _parts_of(target: GraphQLObjectType) -> type[Any]:
    return cast("type[Any]", target.extensions[DEFINITION].origin)
