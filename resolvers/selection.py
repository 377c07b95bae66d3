"""What is selected below a customer: the mask of policy fields to open, and where each of them appears in the answer.

The walk follows plain fields only: it stops at a field with a resolver of its own, because that field has its own door,
and so at the next customer. `@skip`, `@include`, aliases, fragments and repeated fields are those of the execution.
A document keeps the masks made for it; two places never share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
)

from resolvers.kinds import listed as is_listed
from resolvers.kinds import object_in
from resolvers.reading import Governance
from vault.request import FieldMask

MASKS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Leaf:
    """A selected governed field: its path below the customer, down to the first list, and the fields it comes from."""

    path: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The mask, the leaves it serves, and whether something below has a door of its own."""

    mask: FieldMask
    leaves: tuple[Leaf, ...]
    doors: bool


@dataclass(slots=True)
class Masks:
    """The selections of one document, by place and by the booleans its conditions read. Bounded."""

    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: tuple[str, ...]
    kept: dict[tuple[object, ...], Selection] = field(default_factory=dict)

    def of(
        self,
        schema: GraphQLSchema,
        governance: Governance,
        parent: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        variables: Mapping[str, Any],
    ) -> Selection:
        """The selection below one field of the answer, given as the nodes that name it."""
        key = (tuple(id(node) for node in nodes), tuple(variables.get(name) for name in self.conditions))
        selection = self.kept.get(key)
        if selection is None:
            walk = _Walk(schema, governance, self.fragments, variables)
            for node in nodes:
                walk.field(parent, node, (), listed=is_listed(parent.fields[node.name.value]))
            selection = Selection(frozenset(n for leaf in walk.leaves for n in leaf.by), tuple(walk.leaves), walk.doors)
            if len(self.kept) < MASKS_KEPT:
                self.kept[key] = selection
        return selection


@dataclass(slots=True)
class _Walk:
    schema: GraphQLSchema
    governance: Governance
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    leaves: dict[Leaf, None] = field(default_factory=dict)
    doors: bool = False
    spread: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)

    def field(self, parent: GraphQLObjectType, node: FieldNode, path: tuple[str, ...], *, listed: bool) -> None:
        """Below a field. `listed`: inside a list already, where the path stays as it is."""
        defined = parent.fields.get(node.name.value)
        target = object_in(defined) if defined else None
        if node.selection_set is not None and target is not None:
            self.within(target, node.selection_set, path, listed=listed)

    def within(
        self, parent: GraphQLObjectType, chosen: SelectionSetNode, path: tuple[str, ...], *, listed: bool
    ) -> None:
        """Below a selection set on a type."""
        for node in chosen.selections:
            if not self._included(node):
                continue
            match node:
                case FieldNode():
                    self._selected(parent, node, path, listed=listed)
                case InlineFragmentNode():
                    self._applied(parent, node, path, listed=listed)
                case FragmentSpreadNode() if (node.name.value, path) not in self.spread:
                    self.spread.add((node.name.value, path))
                    self._applied(parent, self.fragments[node.name.value], path, listed=listed)
                case _:
                    pass

    def _applied(
        self,
        parent: GraphQLObjectType,
        fragment: InlineFragmentNode | FragmentDefinitionNode,
        path: tuple[str, ...],
        *,
        listed: bool,
    ) -> None:
        on = fragment.type_condition
        if on is None or on.name.value == parent.name:
            self.within(parent, fragment.selection_set, path, listed=listed)

    def _selected(self, parent: GraphQLObjectType, node: FieldNode, path: tuple[str, ...], *, listed: bool) -> None:
        name = node.name.value
        plain = self.governance.get(parent.name, {})
        if name not in plain:
            self.doors = self.doors or not name.startswith("__")
            return
        here = path if listed else (*path, node.alias.value if node.alias else name)
        if plain[name]:
            self.leaves[Leaf(here, plain[name])] = None
        below = is_listed(parent.fields[name])
        self.field(parent, node, here, listed=listed or below)

    def _included(self, node: object) -> bool:
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in {"skip", "include"}:
                given = directive.arguments[0].value
                held = self.variables.get(given.name.value) if isinstance(given, VariableNode) else given.value
                if bool(held) is (directive.name.value == "skip"):
                    return False
        return True
