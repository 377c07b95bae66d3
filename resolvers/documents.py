"""From the text of a request to a document that may be executed: parsed, measured, validated.

Documents are kept by the SHA-256 of their text, the most recently used ones; but a document with text of its own in it
(a name, an address, a reason as a literal) is read anew each time and never kept: values belong in variables.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from resolvers.cost import TooMuch, measure
from resolvers.roots import conditions, root_fields
from resolvers.selection import Masks
from resolvers.translation import Problem, shown
from schema.errors import Code

MAX_TOKENS: Final = 5_000
MAX_COMMENTS: Final = 500
MAX_BYTES: Final = 64 * 1024
MAX_ERRORS: Final = 10
KEPT: Final = 256
KEPT_LENGTH: Final = 16 * 1024

LIMITED: Final = re.compile(r"(contains more than|too deeply|exceeds)", re.IGNORECASE)

HINTS: Final[Sequence[tuple[str, str]]] = (
    ("Cannot query field", "unknown field"),
    ("Unknown argument", "unknown argument"),
    ("Unknown type", "unknown type"),
    ("Unknown directive", "unknown directive"),
    ("Unknown fragment", "unknown fragment"),
    ("Directive", "misplaced directive"),
    ("Argument", "missing argument"),
    ("Field", "wrong selection, or a missing or conflicting argument"),
    ("Fields", "conflicting fields"),
    ("Fragment", "wrong fragment"),
    ("Variable", "wrong variable"),
    ("Value", "wrong value"),
    ("Enum", "wrong value"),
    ("There can be only one", "named twice"),
)
"""By the first words of graphql-core's message. Its rest quotes the document, so it is never shown."""


class Rejected(Exception):
    """The document is not executed. Carries ready entries for `errors`."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__("the document was rejected")
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation: its node, the root fields it names, and the masks of its document."""

    document: DocumentNode
    node: OperationDefinitionNode
    roots: frozenset[str]
    masks: Masks


Document = Mapping[str | None, Operation]
"""The operations of a document by name."""


class Documents:
    """Reads documents for one schema. Keeps at most `KEPT` of them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[bytes, Document] = OrderedDict()

    def read(self, text: str) -> Document:
        """The document of this text.

        Raises:
            Rejected: it does not parse, asks for too much, or does not fit the schema.
        """
        key = sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known
        document = self._read(text)
        if '"' not in text and len(text) <= KEPT_LENGTH:
            self._kept[key] = document
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return document

    def _read(self, text: str) -> Document:
        parsed = _parsed(text)
        try:
            measure(self._schema, parsed)
        except TooMuch as limit:
            raise Rejected([shown(Problem(Code.LIMIT, {"limit": limit.limit}))]) from None
        errors = validate(self._schema, parsed, max_errors=MAX_ERRORS, hide_suggestions=True)
        if errors:
            raise Rejected([_invalid(error) for error in errors[:MAX_ERRORS]])
        return _operations(parsed)


def _operations(parsed: DocumentNode) -> Document:
    fragments = {d.name.value: d for d in parsed.definitions if isinstance(d, FragmentDefinitionNode)}
    masks = Masks(fragments, conditions(parsed))
    return {
        d.name.value if d.name else None: Operation(parsed, d, root_fields(d, fragments), masks)
        for d in parsed.definitions
        if isinstance(d, OperationDefinitionNode)
    }


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_COMMENTS, max_source_length=MAX_BYTES)
    except GraphQLError as bad:
        if LIMITED.search(bad.message):
            raise Rejected([shown(Problem(Code.LIMIT, {"limit": "tokens"}))]) from None
        raise Rejected([placed(bad, Problem(Code.SYNTAX, {}))]) from None


def _invalid(error: GraphQLError) -> dict[str, Any]:
    hint = next((hint for start, hint in HINTS if error.message.startswith(start + " ")), "see the schema")
    return placed(error, Problem(Code.VALIDATION, {"hint": hint}))


def placed(error: GraphQLError, problem: Problem) -> dict[str, Any]:
    """The problem with the lines and columns it was found at."""
    places = [{"line": at.line, "column": at.column} for at in error.locations or ()]
    return {**shown(problem), "locations": places} if places else shown(problem)
