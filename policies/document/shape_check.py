"""`Tree` -> `Policies`, or what is wrong with its shape, in our own words.

pydantic finds the mistakes; each kind of them has one sentence here that says what to do. Its own messages are never
shown: they speak of Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import NullableSchema, WithDefaultSchema

from policies.document import shape
from policies.document.tree import Finding, Node, Path, Tree

_PATTERNS: Final = {
    shape.NAME: "write a name of lower case words, such as `loan.submitted`",
    shape.FIELD_NAME: "name the field by its record and itself, such as `loan.national_id`",
    shape.CONDITION: "write a fact or `not` and a fact, such as `not loan.closed`",
    shape.CLAUSE: "cite a clause by its id, such as `SOL-21`",
    shape.PERIOD: "write a duration in years and months or in days, such as `P20Y`, `P24M` or `P90D`",
    shape.COUNTRY: "write the country as two capitals, such as `NO`",
    shape.WITHDRAWN: "write a consent and `.withdrawn`, such as `marketing.withdrawn`",
    shape.ARTICLE: "cite the article, such as `6(1)(a)`",
    shape.CHOICE: "write the choice as one word in lower case, such as `paid_out`",
    shape.WORDS: "write some words",
}
_SAYS: Final = {
    "bool_type": "write `true` or `false`",
    "dict_type": "write a mapping of names",
    "int_type": "write a whole number",
    "list_type": "write a list",
    "model_type": "write a mapping of keys",
    "string_type": "write text, in quotes if it looks like something else",
    "too_short": "name at least one",
    "union_tag_not_found": "write a fact, or `first` or `last` with a list of facts",
}


def parse(tree: Tree) -> shape.Policies | list[Finding]:
    """The shaped document, or everything that is wrong with its shape."""
    nulls = list(_nulls(tree.root, ()))
    try:
        shaped = shape.Policies.model_validate(tree.root)
    except ValidationError as broken:
        errors = broken.errors(include_url=False, include_input=False)
        return nulls + [finding for error in errors if (finding := _finding(error, tree)).path not in _paths(nulls)]
    return nulls or shaped


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors. It knows the shape, not the meaning."""
    generated = shape.Policies.model_json_schema(by_alias=True, schema_generator=_EditorSchema)
    return {"$schema": _EditorSchema.schema_dialect, **generated, "title": "policies.yaml"}


class _EditorSchema(GenerateJsonSchema):
    """A key that may be left out is not a key that may be null, and its absence has no default worth showing."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  (pydantic passes it)
        """Titles would repeat the keys."""
        return False


def _paths(findings: list[Finding]) -> set[Path]:
    return {finding.path for finding in findings}


def _nulls(node: Node, path: Path) -> Iterator[Finding]:
    """Every null but the parent of a root record."""
    if node is None and not (path[:1] == ("records",) and path[2:] == ("parent",)):
        yield Finding(path, "give the key a value, or remove it", on_key=True)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _nulls(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _nulls(value, (*path, number))


def _finding(error: ErrorDetails, tree: Tree) -> Finding:
    path = _path(error["loc"], tree)
    match error["type"]:
        case "missing":
            return Finding(path, f"add the key `{error['loc'][-1]}`", on_key=True)
        case "extra_forbidden":
            return Finding(path, f"remove the key `{path[-1]}`, it is unknown here", on_key=True)
        case kind:
            return Finding(path, _message(kind, error), on_key=error["loc"][-1:] == ("[key]",))


def _path(loc: Path, tree: Tree) -> Path:
    """Where pydantic points, without the steps that are in its types and not in the file."""
    path: Path = ()
    for step in loc:
        if (*path, step) in tree.values:
            path = (*path, step)
    return path


def _message(kind: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match kind:
        case "string_pattern_mismatch":
            return _PATTERNS[context["pattern"]]
        case "enum" | "literal_error":
            return f"write one of {context['expected'].replace(chr(39), '`')}"
        case "greater_than_equal":
            return f"write a number of at least {context['ge']}"
        case "less_than_equal":
            return f"write a number of at most {context['le']}"
        case "value_error":
            return str(context["error"])
        case _:
            return _SAYS[kind]
