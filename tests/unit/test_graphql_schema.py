"""What the schema promises of every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType
from shipped_policy import shipped
from strawberry.types.field import StrawberryField

from resolvers.access import SELF_SERVICE
from resolvers.api import Api, VaultSchema
from resolvers.reading import DEFINITION, Misbuilt, Reader, install
from schema.directives import Governed, Ungoverned, governed, ungoverned
from schema.errors import MESSAGES, Code

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(shipped())


def fields(api: Api) -> Iterator[tuple[str, GraphQLField]]:
    for name, kind in api.schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from ((f"{name}.{field}", defined) for field, defined in kind.fields.items())


def governing(field: GraphQLField) -> list[object]:
    definition = cast("StrawberryField", field.extensions[DEFINITION])
    return [each for each in definition.directives if isinstance(each, Governed | Ungoverned)]


def test_every_field_says_who_governs_it_or_why_nobody_does(api: Api) -> None:
    assert [place for place, field in fields(api) if len(governing(field)) != 1] == []


def test_every_governed_field_names_fields_of_the_policy(api: Api) -> None:
    named = {name for _, field in fields(api) for d in governing(field) if isinstance(d, Governed) for name in d.by}
    assert named
    assert named <= shipped().fields.keys()


def test_a_governed_field_may_be_null_and_has_no_resolver_of_its_own(api: Api) -> None:
    for place, field in fields(api):
        if isinstance(governing(field)[0], Governed):
            assert not isinstance(field.type, GraphQLNonNull), place
            assert isinstance(field.resolve, Reader), place


def test_reviewed_schema_is_what_the_code_prints(api: Api) -> None:
    assert (ROOT / "schema" / "schema.graphql").read_text("utf-8") == api.sdl()


def test_everything_a_client_sees_is_described(api: Api) -> None:
    bare = [place for place, field in fields(api) if not field.description]
    for name, kind in api.schema.type_map.items():
        if not name.startswith("__"):
            roots = {"Query", "Mutation"}
            bare += [name] if not kind.description and name not in roots else []
            if isinstance(kind, GraphQLInputObjectType):
                bare += [f"{name}.{field}" for field, defined in kind.fields.items() if not defined.description]
    assert bare == []


def test_enums_have_exactly_the_names_of_the_policy(api: Api) -> None:
    policy = shipped()
    wanted = {"Purpose": policy.purposes, "PolicyField": policy.fields, "Consent": policy.consents}
    for name, names in wanted.items():
        kind = api.schema.type_map[name]
        assert isinstance(kind, GraphQLEnumType)
        assert {value.value for value in kind.values.values()} == set(names)


def test_every_mutation_takes_an_idempotency_key(api: Api) -> None:
    mutation = api.schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert isinstance(field.args["idempotencyKey"].type, GraphQLNonNull), name


def test_purpose_implied_by_a_customers_token_is_one_of_the_policy() -> None:
    assert SELF_SERVICE in shipped().purposes


def test_every_code_has_one_message_and_no_message_has_a_place_for_input() -> None:
    assert set(MESSAGES) == set(Code)
    assert not [text for text in MESSAGES.values() if "{" in text.replace("{ ", "") or "%s" in text]


@strawberry.type
class Silent:
    email: str | None = strawberry.field(default=None)


def _resolved() -> str | None:
    return "x"


@strawberry.type
class Willful:
    email: str | None = strawberry.field(resolver=_resolved, directives=[Governed(by=["person.email"])])


@strawberry.type
class Twofold:
    email: str | None = strawberry.field(default=None, directives=[Governed(by=["a.b"]), Ungoverned(because="x")])


@strawberry.type
class Nameless:
    email: str | None = governed(description="by nobody")


@strawberry.type
class Derived:
    opened: strawberry.Private[object]
    email: str | None = governed("person.email", "person.name", description="of two")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Silent, "says not"),
        (Willful, "resolver of its own"),
        (Twofold, "not once"),
        (Nameless, "says not"),
        (Derived, "several fields"),
    ],
)
def test_a_field_that_breaks_a_rule_of_governance_is_not_served(kind: type[object], why: str) -> None:
    query = strawberry.type(
        type("Query", (), {"__annotations__": {"it": kind}, "it": ungoverned(because="x", description="x")})
    )
    with pytest.raises(Misbuilt, match=why):
        install(VaultSchema(query=query)._schema)  # pyright: ignore[reportPrivateUsage]  (it has no public name)


def test_nothing_wraps_leaves_into_coroutines(api: Api) -> None:
    assert api.strawberry.get_extensions() == []
