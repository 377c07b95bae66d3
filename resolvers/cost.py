"""How much a document asks for, measured once, in time linear in its text, before anything else looks at it.

Every selection is visited once and every fragment measured once, however often it is spread; a document that is too
deep is given up where it is. What is bounded, and why:

    selections    nodes in the text: validation compares those of one set with each other
    repeats       fields or fragments named twice in one set: the comparing is quadratic in them, and recursive
    fragments     fragments are compared in pairs
    parts         arguments, values in them, directives, variables: each is validated against the schema
    aliases       an alias asks for the same once more, past every cache
    nesting       of selection sets, inline fragments included: every later pass recurses
    depth         of fields, fragments spread
    cost          of the answer: a field is 1, below a page times `first` (100 for a variable), below a list times 10
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    is_composite_type,
)

from resolvers.kinds import listed, named
from resolvers.parts import parts
from vault.request import MAX_PAGE

MAX_SELECTIONS: Final = 500
MAX_REPEATS: Final = 8
MAX_FRAGMENTS: Final = 16
MAX_PARTS: Final = 1_000
MAX_ALIASES: Final = 30
MAX_NESTING: Final = 24
MAX_DEPTH: Final = 16
MAX_COST: Final = 60_000
EDGES: Final = "edges"  # a list as long as its page says
LIST_ROWS: Final = 10
LONGEST_PAGE: Final = 4  # digits: a longer number is not a page, and takes long to read


class TooMuch(Exception):
    """Names the limit that was passed."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection: how deep its fields go, and what its answer costs."""

    depth: int
    cost: int


NOTHING: Final = Size(0, 0)


def measure(schema: GraphQLSchema, document: DocumentNode) -> Size:
    """The size of the largest operation.

    Raises:
        TooMuch: a limit is passed, or a fragment contains itself.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    if len(fragments) > MAX_FRAGMENTS or len(document.definitions) > 2 * MAX_FRAGMENTS:
        raise TooMuch("fragments")
    scale = _Scale(schema, fragments)
    for definition in document.definitions:
        scale.count_parts(definition)
    for name in fragments:
        scale.fragment(name)
    largest = NOTHING
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            root = schema.get_root_type(definition.operation)
            largest = _larger(largest, scale.within(root, definition.selection_set, 1))
    return largest


@dataclass(slots=True)
class _Scale:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    selections: int = 0
    repeats: int = 0
    aliases: int = 0
    parts: int = 0
    known: dict[str, Size | None] = field(default_factory=dict)  # `None` while it is being measured

    def fragment(self, name: str) -> Size:
        """A fragment, measured the first time it is met."""
        if name not in self.known:
            definition = self.fragments.get(name)
            if definition is None:
                return NOTHING  # validation says so
            self.known[name] = None
            on = self.schema.get_type(definition.type_condition.name.value)
            self.known[name] = self.within(on, definition.selection_set, 1)
        size = self.known[name]
        if size is None:
            raise TooMuch("fragments")
        return size

    def within(self, kind: GraphQLNamedType | None, chosen: SelectionSetNode, nesting: int) -> Size:
        """A selection set on a type; `None` where the schema knows no type, which validation will say."""
        depth, cost = 0, 0
        for node in self._counted(chosen.selections, nesting):
            size = self._one(kind, node, nesting)
            depth, cost = max(depth, size.depth), cost + size.cost
            if depth > MAX_DEPTH:
                raise TooMuch("depth")
            if cost > MAX_COST:
                raise TooMuch("cost")
        return Size(depth, cost)

    def _counted(self, nodes: Iterable[SelectionNode], nesting: int) -> Iterable[SelectionNode]:
        if nesting > MAX_NESTING:
            raise TooMuch("nesting")
        keys: set[str] = set()
        for node in nodes:
            self.selections += 1
            key = _key(node)
            if key is not None:
                self.aliases += isinstance(node, FieldNode) and node.alias is not None
                self.repeats += key in keys
                keys.add(key)
            self.count_parts(node)
            self._within_limits()
            yield node

    def count_parts(self, node: Node) -> None:
        """Arguments, directives, variables and what is in them."""
        self.parts += parts(node, most=MAX_PARTS)
        if self.parts > MAX_PARTS:
            raise TooMuch("parts")

    def _within_limits(self) -> None:
        if self.selections > MAX_SELECTIONS:
            raise TooMuch("selections")
        if self.aliases > MAX_ALIASES:
            raise TooMuch("aliases")
        if self.repeats > MAX_REPEATS:
            raise TooMuch("repeats")

    def _one(self, kind: GraphQLNamedType | None, node: SelectionNode, nesting: int) -> Size:
        match node:
            case FieldNode():
                return self._field(kind, node, nesting)
            case InlineFragmentNode():
                on = node.type_condition
                return self.within(self.schema.get_type(on.name.value) if on else kind, node.selection_set, nesting + 1)
            case FragmentSpreadNode():
                return self.fragment(node.name.value)
            case _:
                return NOTHING

    def _field(self, kind: GraphQLNamedType | None, node: FieldNode, nesting: int) -> Size:
        if node.selection_set is None:
            return Size(1, 1)
        found = self.schema.get_field(kind, node.name.value) if is_composite_type(kind) else None
        below = self.within(named(found) if found else None, node.selection_set, nesting + 1)
        return Size(1 + below.depth, 1 + _rows(found, node) * below.cost)


def _key(node: SelectionNode) -> str | None:
    """What a selection is called in its set: the key of a field, the name of a fragment."""
    match node:
        case FieldNode():
            return (node.alias or node.name).value
        case FragmentSpreadNode():
            return f"...{node.name.value}"
        case _:
            return None


def _rows(found: GraphQLField | None, node: FieldNode) -> int:
    """How many rows a field may answer with: as many as its page asks for, or a list's usual number."""
    if found is None or node.name.value == EDGES:
        return 1
    if "first" in found.args:
        literals = [a.value for a in node.arguments or () if a.name.value == "first"]
        match literals:
            case [IntValueNode(value=digits)] if len(digits) <= LONGEST_PAGE:
                return min(int(digits), MAX_PAGE)
            case _:
                return MAX_PAGE
    return LIST_ROWS if listed(found) else 1


def _larger(one: Size, other: Size) -> Size:
    return Size(max(one.depth, other.depth), max(one.cost, other.cost))
