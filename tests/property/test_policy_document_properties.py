"""Whatever is taken out of a valid policy, misnamed in it or thrown at the loader: a policy or a refusal."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_policy import SMALL, plain, planted, walked

from policies.document import declared, load
from policies.document.tree import Path
from policies.errors import PolicyErrors

OPTIONAL = {
    "roles": {"recipient"},
    "facts": {"assigns"},
    "purposes": {"consent", "contract", "law", "balancing", "objection", "assigned_by", "reason", "while",
                 "despite_restriction"},
    "recipients": {"agreement", "abroad", "parent", "to"},
    "retention": {"from", "keep", "applies_after", "unless", "also_on", "with", "until", "first", "last"},
    "holds": {"from", "keep"},
    "fields": {"choices", "required_for"},
}  # fmt: skip
REFERENCES = {
    *("by", "purpose", "to", "record", "recipient", "parent", "after", "when", "while", "category", "required_for"),
    *("purposes", "consent", "contract", "from", "applies_after", "unless", "also_on", "until", "retention"),
    *("categories", "first", "last", "assigned_by"),
}
DOCUMENT = plain()


def judged(root: Any) -> None:
    declared(planted(root), digest=b"", name="policies.yaml")


def parent_of(root: Any, path: Path) -> Any:
    for step in path[:-1]:
        root = root[step]
    return root


def named_entry(path: Path) -> bool:
    """A name the policy gives, not a key of the grammar."""
    return (len(path) == 2 and path[0] != "controller") or (len(path) == 4 and path[2] == "roles")


def is_optional(path: Path) -> bool:
    return named_entry(path) or path[-1] in OPTIONAL.get(str(path[0]), ())


KEYS = [path for path, _ in walked(DOCUMENT) if path and isinstance(path[-1], str)]
REQUIRED = [path for path in KEYS if not is_optional(path)]


def test_the_small_policy_is_valid_as_plain_values_too() -> None:
    judged(DOCUMENT)


def test_without_any_one_of_the_keys_that_have_no_default_the_policy_is_refused() -> None:
    for path in REQUIRED:
        broken = copy.deepcopy(DOCUMENT)
        del parent_of(broken, path)[path[-1]]
        with pytest.raises(PolicyErrors) as caught:
            judged(broken)
        assert [p.message for p in caught.value.problems] == [f"add the key `{path[-1]}`"], path
    assert len(REQUIRED) > 380


def test_without_any_one_of_the_optional_keys_or_entries_the_policy_is_refused_or_loads() -> None:
    loaded = 0
    for path in [path for path in KEYS if is_optional(path)]:
        broken = copy.deepcopy(DOCUMENT)
        del parent_of(broken, path)[path[-1]]
        with suppress(PolicyErrors):
            judged(broken)
            loaded += 1
    assert loaded > 5


def misnamed(value: str) -> str:
    stem = value.removesuffix(".withdrawn")
    return f"{stem}qx{value[len(stem) :]}"


def references() -> list[Path]:
    return [
        path
        for path, value in walked(DOCUMENT)
        if isinstance(value, str)
        and value not in {"consent", "person"}
        and len(path) > 2
        and (path[-1] if isinstance(path[-1], str) else path[-2]) in REFERENCES
        and path[2:3] != ("valid",)
    ]


def test_a_misspelt_reference_is_refused_and_named_wherever_it_stands() -> None:
    for path in references():
        broken = copy.deepcopy(DOCUMENT)
        parent = parent_of(broken, path)
        parent[path[-1]] = misnamed(parent[path[-1]])
        name = parent[path[-1]].removesuffix(".withdrawn").removeprefix("not ")
        with pytest.raises(PolicyErrors) as caught:
            judged(broken)
        assert any(f"`{name}`" in p.message and "unknown" in p.message for p in caught.value.problems), path
    assert len(references()) > 140


JUNK: list[Any] = [None, True, 0, -1, "", "x", "Å b", [], [None], ["x", "x"], {}, {"x": None}, [[{}]]]


def test_a_value_of_any_other_sort_anywhere_is_refused_or_loads_and_never_fails() -> None:
    for number, (path, _) in enumerate(walked(DOCUMENT)):
        if path:
            broken = copy.deepcopy(DOCUMENT)
            parent_of(broken, path)[path[-1]] = JUNK[number % len(JUNK)]
            with suppress(PolicyErrors):
                judged(broken)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-?[]{},&*!|>%@`'\"#\n ~<", max_size=60).map(str.encode)))
def test_no_bytes_end_in_anything_but_a_policy_or_a_refusal(data: bytes) -> None:
    with pytest.raises(PolicyErrors) as caught:
        load(data)
    assert caught.value.problems


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.sampled_from(list("\"'[]{}:,-&*#!| \n")))
def test_a_stray_sign_anywhere_is_refused_or_harmless(place: int, sign: str) -> None:
    with suppress(PolicyErrors):
        load((SMALL[:place] + sign + SMALL[place:]).encode())
