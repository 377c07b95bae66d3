"""Hostile documents cost little, ordinary ones are read, and nothing of either comes back in an error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Final

import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped_policy import shipped

from resolvers.api import Api
from resolvers.documents import HINTS, KEPT, MAX_BYTES, Documents, Rejected

MAX_STEPS: Final = 1_000_000
"""Calls and returns of one reading. A machine that parses 1,000 tokens in 3 ms takes some 30 ms for as many; a count is
the same on every machine, however busy. `make bench ARGS=documents` says what it is in seconds."""
CANARY: Final = "kanarifugl"

HOSTILE: Final = {
    "10,000 aliases": "{" + " ".join(f"a{i}:me{{id}}" for i in range(10_000)) + "}",
    "aliases that just parse": "{" + " ".join(f"a{i}:me{{id}}" for i in range(800)) + "}",
    "one field 1,200 times": "{" + "me{id}" * 1_200 + "}",
    "one leaf 498 times": "{me{" + "id " * 498 + "}}",
    "nested 2,400 deep": "{" + "me{" * 2_400 + "id" + "}" * 2_400 + "}",
    "nested 40 deep": "{me{" + "projects{" * 40 + "id" + "}" * 40 + "}}",
    "inline fragments 1,200 deep": "{me{" + "...{" * 1_200 + "id" + "}" * 1_200 + "}}",
    "a fragment in itself": "{me{...A}} fragment A on Customer{projects{...A}}",
    "fragments in a ring": "{me{...A}} fragment A on Customer{...B} fragment B on Customer{...A}",
    "fragments that double": "{me{...F0}}"
    + "".join(f"fragment F{i} on Customer{{...F{i + 1} ...F{i + 1}}}" for i in range(15))
    + "fragment F15 on Customer{id}",
    "700 fragments": "{me{id}}" + " ".join(f"fragment F{i} on Customer{{id}}" for i in range(700)),
    "fragments that overlap": "{me{"
    + "".join(f"...F{i} " for i in range(16))
    + "}}"
    + "".join(f"fragment F{i} on Customer{{" + "email name id projects{id} " * 7 + "}" for i in range(16)),
    "32,000 comments": "#\n" * 32_000 + "{me{id}}",
    "lists 3,000 deep": "{customer(id:" + "[" * 3_000 + "1" + "]" * 3_000 + "){id}}",
    "a list of 4,900": "{customer(id:[" + "1 " * 4_900 + "]){id}}",
    "objects 1,500 deep": "{customer(id:" + "{a:" * 1_500 + "1" + "}" * 1_500 + "){id}}",
    "a name of 65,000": "{" + "a" * 65_000 + "}",
    "1,200 variables": "query(" + " ".join(f"$v{i}:Int" for i in range(1_200)) + "){me{id}}",
    "a default of 3,000": "query($a:Int=[" + "1 " * 3_000 + "]){me{id}}",
    "1,600 arguments": "{customer(" + " ".join(f"a{i}:1" for i in range(1_600)) + "){id}}",
    "700 directives": "{me{id " + "@skip(if:true)" * 700 + "}}",
    "700 purposes": "query " + "@access(purpose:OFFER)" * 700 + "{me{id}}",
    "700 operations": " ".join(f"query Q{i}{{me{{id}}}}" for i in range(700)),
    "480 unknown fields": "{me{" + " ".join(f"x{i}" for i in range(480)) + "}}",
    "240 unknown types": "{me{" + " ".join(f"...on X{i}{{id}}" for i in range(240)) + "}}",
    "a number of 65,000 digits": "{customers(first:" + "9" * 65_000 + "){pageInfo{hasNextPage}}}",
    "a string that never ends": '{me(a:"' + "a" * 60_000,
    "zeros": "\x00" * 65_000,
    "pages in pages": "{customers(first:100){edges{node{accesses(first:100){edges{node{kind reason purpose at}}}}}}}",
}

ORDINARY: Final = {
    "introspection": get_introspection_query(descriptions=True, input_value_deprecation=True),
    "100 customers with 10 fields": "query($n:Int!){customers(first:$n){edges{cursor node{id email name phone projects{"
    "id address offerAmountNok details roof{azimuthDeg tiltDeg areaDm2 heightCm}}}}pageInfo{endCursor}}}",
    "a whole customer": "{me{id email name phone consents{consent givenAt withdrawnAt notice} objections{purpose since}"
    "projects{id address offerAmountNok details journey{fact first last} roof{tiltDeg} loans{id nationalId applied"
    " result journey{fact}}} accesses(first:50){edges{node{at kind purpose reason withheld{field rule}}}}}}",
    "the policy": "{policy{version fields{name uses{purpose basis recipient} retention{name keep} clauses}}}",
}


@cache
def api() -> Api:
    return Api(shipped())


def refused(text: str) -> Rejected:
    with pytest.raises(Rejected) as caught:
        Documents(api().schema).read(text)
    return caught.value


def steps(work: Callable[[], object]) -> int:
    """Calls and returns, of Python and C functions, that some work takes."""
    count = 0

    def step(_frame: FrameType, _event: str, _what: object) -> None:
        nonlocal count
        count += 1

    outer = sys.getprofile()
    sys.setprofile(step)
    try:
        work()
    finally:
        sys.setprofile(outer)
    return count


def is_cheap(text: str) -> bool:
    """Whether one reading stays within the budget."""
    documents = Documents(api().schema)

    def read() -> None:
        with suppress(Rejected):
            documents.read(text)

    return steps(read) <= MAX_STEPS


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_before_it_costs_much(name: str) -> None:
    text = HOSTILE[name][:MAX_BYTES]
    assert is_cheap(text)
    assert refused(text).errors


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_document_is_read(name: str) -> None:
    Documents(api().schema).read(ORDINARY[name])


def within(head: str, body: str, times: int) -> str:
    return f"{head}{{{(body + ' ') * times}}}"


def ring(one: str, two: str, three: str, times: int) -> str:
    query = f"query($v:Boolean=true){{me{{{(one + ' ') * times}}}}}"
    return f"{query} fragment F on Customer{{{two} ...G}} fragment G on Customer{{{three} ...F}}"


def shapes() -> st.SearchStrategy[str]:
    """Documents made of what is dangerous: nesting, repeats, aliases, fragments, values."""
    leaf = st.sampled_from(["id", "email", "a:name", "zz", "...F", "...G", "accesses(first:9){edges{cursor}}"])
    heads = st.sampled_from(["projects", "me", "... on Customer", "b:projects", "loans", "...@include(if:$v)"])

    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.builds(within, heads, inner, st.integers(1, 60))

    grown = st.recursive(leaf, wider, max_leaves=12)
    return st.builds(ring, grown, grown, grown, st.integers(1, 200))


@settings(max_examples=40, deadline=None)
@given(shapes())
def test_no_document_of_64_kib_costs_more(text: str) -> None:
    assert is_cheap(text[:MAX_BYTES])


def texts() -> Iterator[str]:
    yield f"{{ {CANARY} }}"
    yield f"{{ me {{ {CANARY} }} }}"
    yield f'{{ customer(id: "{CANARY}") {{ email }} }}'
    yield f"{{ customers(first: {CANARY}) {{ pageInfo {{ endCursor }} }} }}"
    yield f"{{ me({CANARY}: 1) {{ email }} }}"
    yield f"query (${CANARY}: Int) {{ me {{ email }} }}"
    yield f"query ($a: {CANARY}) {{ me {{ email }} }}"
    yield f"{{ me {{ ...{CANARY} }} }}"
    yield f"{{ me {{ ... on {CANARY} {{ id }} }} }}"
    yield f"{{ me @{CANARY} {{ email }} }}"
    yield f"query @access(purpose: {CANARY}) {{ me {{ email }} }}"
    yield f'query @access(purpose: OFFER, reason: 1, {CANARY}: "x") {{ me {{ email }} }}'
    yield f'{{ me {{ email }} }} """{CANARY}"""'
    yield f"{{ a: me {{ x: email x: name }} {CANARY}"
    yield f'mutation {{ makeOffer(idempotencyKey: "x", amountNok: "{CANARY}") {{ record }} }}'


@pytest.mark.parametrize("text", list(texts()), ids=range(len(list(texts()))))
def test_no_error_repeats_what_was_sent(text: str) -> None:
    errors = refused(text).errors
    assert errors
    assert CANARY not in repr(errors)
    assert {e["extensions"]["code"] for e in errors} <= {"SYNTAX", "VALIDATION", "LIMIT"}


def test_a_document_with_text_of_its_own_is_not_kept() -> None:
    documents = Documents(api().schema)
    plain = "{ me { email } }"
    assert documents.read(plain) is documents.read(plain)
    personal = '{ customersByEmail(email: "kari@example.no") { email } }'
    assert documents.read(personal) is not documents.read(personal)


def test_no_more_documents_are_kept_than_there_is_room_for() -> None:
    documents = Documents(api().schema)
    for number in range(KEPT + 20):
        documents.read(f"query Q{number} {{ me {{ email }} }}")
    assert len(documents._kept) == KEPT  # pyright: ignore[reportPrivateUsage]  (nobody else asks)


def test_hints_are_a_closed_list_without_input() -> None:
    assert not [hint for _, hint in HINTS if any(mark in hint for mark in "{}%'\"")]
