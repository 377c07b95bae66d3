"""From what is selected to the mask of fields to open."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from graphql import FieldNode
from shipped_policy import shipped

from resolvers.api import Api
from resolvers.documents import Documents
from resolvers.selection import MASKS_KEPT, Selection


@cache
def api() -> Api:
    return Api(shipped())


def selections(document: str, variables: Mapping[str, object] | None = None) -> dict[str, Selection]:
    """By response key at the root; a repeated key is one selection, as in execution."""
    (operation,) = Documents(api().schema).read(document).values()
    nodes: dict[str, list[FieldNode]] = {}
    for node in operation.node.selection_set.selections:
        assert isinstance(node, FieldNode)
        nodes.setdefault((node.alias or node.name).value, []).append(node)
    query = api().schema.query_type
    assert query is not None
    masks = operation.masks
    return {k: masks.of(api().schema, api().governance, query, v, variables or {}) for k, v in nodes.items()}


def mask(document: str, variables: Mapping[str, object] | None = None) -> set[str]:
    (selection,) = selections(document, variables).values()
    return set(selection.mask)


def test_mask_is_what_is_selected_and_nothing_else() -> None:
    assert mask("{ me { id email projects { id address loans { nationalId } } } }") == {
        "person.email",
        "project.address",
        "loan.national_id",
    }


def test_an_alias_a_fragment_and_an_inline_fragment_select_like_plain_fields() -> None:
    document = """
      query { me { a: email ... { name } ... on Customer { ...More } } }
      fragment More on Customer { phone projects { ...Deep } }
      fragment Deep on Project { roof { tiltDeg } }
    """
    assert mask(document) == {"person.email", "person.name", "person.phone", "roof.tilt_deg"}


def test_what_is_skipped_or_not_included_is_not_opened() -> None:
    document = """
      query ($yes: Boolean!, $no: Boolean!) {
        me { email @skip(if: $yes) name @include(if: $no) phone @skip(if: $no) @include(if: $yes)
             ... @skip(if: $yes) { consents { consent } } projects @include(if: true) { address } }
      }
    """
    assert mask(document, {"yes": True, "no": False}) == {"person.phone", "project.address"}
    assert mask(document, {"yes": False, "no": True}) == {
        "person.email",
        "person.name",
        "person.consents",
        "project.address",
    }


def test_masks_kept_for_a_document_follow_its_variables() -> None:
    document = "query ($with: Boolean!) { me { email name @include(if: $with) } }"
    (operation,) = Documents(api().schema).read(document).values()
    query, (node,) = api().schema.query_type, operation.node.selection_set.selections
    assert query is not None
    assert isinstance(node, FieldNode)
    for held in (True, False, True, False):
        made = operation.masks.of(api().schema, api().governance, query, [node], {"with": held})
        assert ("person.name" in made.mask) is held
    assert len(operation.masks.kept) == 2 <= MASKS_KEPT


def test_two_places_of_a_document_never_share_a_mask() -> None:
    found = selections(
        """query ($a: UUID!, $b: UUID!) { one: customer(id: $a) { email } other: customer(id: $b) { name } }"""
    )
    assert found["one"].mask == {"person.email"}
    assert found["other"].mask == {"person.name"}


def test_a_field_selected_twice_under_one_key_is_one_selection() -> None:
    assert mask("query ($a: UUID!) { customer(id: $a) { email } customer(id: $a) { name } }") == {
        "person.email",
        "person.name",
    }


def test_the_walk_stops_at_a_field_with_a_door_of_its_own() -> None:
    (found,) = selections("{ me { email accesses(first: 1) { edges { node { reason } } } } }").values()
    assert found.mask == {"person.email"}
    assert found.doors


def test_places_of_leaves_lead_to_the_first_list() -> None:
    (found,) = selections("{ me { mail: email consents { consent } projects { address } } }").values()
    assert {(leaf.path, leaf.by) for leaf in found.leaves} == {
        (("mail",), ("person.email",)),
        (("consents",), ("person.consents",)),
        (("projects",), ("project.address",)),
    }
    (page,) = selections("{ customers(first: 3) { edges { node { email } } } }").values()
    assert [leaf.path for leaf in page.leaves] == [("edges",)]
