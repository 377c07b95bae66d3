"""What a document names at its root, and which variables its conditions read: known before anything is executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)


def root_fields(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> frozenset[str]:
    """The fields an operation selects at its root, conditions aside. The document is valid: no cycles."""
    return frozenset(_fields(operation.selection_set, dict(fragments)))


def _fields(chosen: SelectionSetNode, unseen: dict[str, FragmentDefinitionNode]) -> Iterator[str]:
    """Each fragment once: spreading them in each other twice doubles with every step."""
    for node in chosen.selections:
        match node:
            case FieldNode():
                yield node.name.value
            case InlineFragmentNode():
                yield from _fields(node.selection_set, unseen)
            case FragmentSpreadNode() if node.name.value in unseen:
                yield from _fields(unseen.pop(node.name.value).selection_set, unseen)
            case _:
                pass


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in {"skip", "include"}:
            self.names.update(a.value.name.value for a in node.arguments or () if isinstance(a.value, VariableNode))


def conditions(document: DocumentNode) -> tuple[str, ...]:
    """The variables that `@skip` and `@include` read."""
    found = _Conditions()
    visit(document, found)
    return tuple(sorted(found.names))
