"""Every failure has a code, one match gives it, and nothing of the failure's own words reaches a client."""

from __future__ import annotations

import itertools
from typing import Final

import pytest
from graphql_readers import DPO, PARTNER, SELF_READER, STAFF, VISITOR
from structlog.testing import capture_logs

from products.errors import ContractRequires, NotACustomer, StepRefused
from resolvers.selection import Leaf, Selection
from resolvers.shortfall import Shortfall, summed
from resolvers.translation import NOBODY, REACH, Declined, Reader, named, shown, translate
from schema.errors import Code
from vault.errors import (
    BrokenSeal,
    Conflict,
    Contended,
    Invalid,
    Misconfigured,
    Refused,
    TokenRefused,
    Unavailable,
    Unknown,
)
from vault.request import Withheld

CANARY: Final = "kanarifugl"
STATIC = Withheld("person.email", "reason", personal=False)
PERSONAL = Withheld("person.email", "restriction", personal=True)
FAR = Withheld("person.email", REACH, personal=False)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TokenRefused(CANARY), Code.UNAUTHENTICATED),
        (Refused([STATIC]), Code.REFUSED),
        (StepRefused(CANARY, [STATIC]), Code.REFUSED),
        (ContractRequires(CANARY, [STATIC], ["person.phone"]), Code.REFUSED),
        (NotACustomer(CANARY), Code.REFUSED),
        (Invalid("person.email", "is not one"), Code.INVALID),
        (Unknown(CANARY), Code.NOT_FOUND),
        (Conflict(CANARY), Code.CONFLICT),
        (Contended(CANARY), Code.UNAVAILABLE),
        (Unavailable(CANARY), Code.UNAVAILABLE),
        (BrokenSeal(CANARY), Code.DAMAGED),
        (Misconfigured(CANARY), Code.INTERNAL),
        (ValueError(CANARY), Code.INTERNAL),
        (Declined(Code.INVALID, field="first", rule="is a number"), Code.INVALID),
    ],
)
def test_a_failure_has_its_code_and_keeps_its_words(error: Exception, code: Code) -> None:
    with capture_logs() as logs:
        problem = translate(error, DPO)
    assert problem.code is code
    assert CANARY not in repr(shown(problem))
    assert CANARY not in repr(logs)
    assert bool(logs) is (code in {Code.INTERNAL, Code.DAMAGED})


def test_a_field_the_contract_needs_is_named() -> None:
    problem = translate(ContractRequires("proceed", [STATIC], ["person.phone"]), SELF_READER)
    assert problem.details["required"] == ["person.phone"]


@pytest.mark.parametrize(
    ("reader", "static", "personal", "far"),
    [
        (DPO, True, True, True),
        (SELF_READER, True, True, False),
        (STAFF, True, True, False),
        (PARTNER, True, False, False),
        (VISITOR, True, False, False),
        (NOBODY, True, False, False),
    ],
)
def test_rules_about_a_person_are_told_to_the_person_the_officer_and_staff_in_scope(
    reader: Reader, *, static: bool, personal: bool, far: bool
) -> None:
    assert (reader.told(STATIC), reader.told(PERSONAL), reader.told(FAR)) == (static, personal, far)


def test_a_refusal_names_each_rule_once_and_hides_what_may_not_be_told() -> None:
    assert named([STATIC, STATIC, PERSONAL, FAR], PARTNER) == [
        {"field": "person.email"},
        {"field": "person.email", "rule": "reason"},
    ]


def test_withheld_fields_are_one_error_per_selected_field_and_rule() -> None:
    selection = Selection(
        frozenset({"person.email", "person.name"}),
        (Leaf(("a",), ("person.email",)), Leaf(("b",), ("person.email",))),
        doors=False,
    )
    counts = summed([{STATIC: 2, PERSONAL: 1}, {STATIC: 3}])
    errors = Shortfall(("me",), selection, counts).errors(PARTNER)
    seen = [(tuple(e["path"]), e["extensions"].get("rule"), e["extensions"]["count"]) for e in errors]
    rules = [(None, 1), ("reason", 5)]
    assert seen == [(("me", key), rule, count) for key, (rule, count) in itertools.product("ab", rules)]
    assert {e["extensions"]["code"] for e in errors} == {"WITHHELD"}
