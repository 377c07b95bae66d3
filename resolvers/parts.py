"""What hangs on a node besides its selections: arguments, directives, variables and everything in them."""

from __future__ import annotations

from typing import cast

from graphql import Node

HOLDERS = ("arguments", "directives", "variable_definitions")


def parts(node: Node, *, most: int) -> int:
    """How many nodes that is; gives up counting one past `most`."""
    stack = [part for holder in HOLDERS for part in _nodes(node, holder)]
    count = 0
    while stack and count <= most:
        count += 1
        part = stack.pop()
        stack.extend(child for key in part.keys for child in _nodes(part, key))
    return count


def _nodes(node: Node, key: str) -> list[Node]:
    held: object = getattr(node, key, None)
    if isinstance(held, Node):
        return [held]
    several = cast("tuple[object, ...]", held) if isinstance(held, tuple) else ()
    return [each for each in several if isinstance(each, Node)]
