"""What scalars take and show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLScalarType
from shipped_policy import shipped

from resolvers.api import Api


@cache
def scalar(name: str) -> GraphQLScalarType:
    kind = Api(shipped()).schema.type_map[name]
    assert isinstance(kind, GraphQLScalarType)
    return kind


@pytest.mark.parametrize(
    ("name", "shown", "value"),
    [
        ("Nok", 2**63 - 1, 2**63 - 1),
        ("Nok", -(2**63), -(2**63)),
        ("DateTime", "2018-05-28T10:00:00+00:00", datetime(2018, 5, 28, 10, tzinfo=UTC)),
        ("Date", "2018-05-28", date(2018, 5, 28)),
        ("Document", "JVBERi0=", b"%PDF-"),
        ("Document", "", b""),
        ("UUID", "00000000-0000-4000-8000-000000000001", UUID("00000000-0000-4000-8000-000000000001")),
    ],
)
def test_a_value_goes_out_and_comes_back_as_it_was(name: str, shown: object, value: object) -> None:
    assert scalar(name).coerce_output_value(value) == shown
    assert scalar(name).coerce_input_value(shown) == value


@pytest.mark.parametrize(("name", "text"), [("DateTime", "2018-05-28T10:00:00+02:00"), ("Date", "2018-05-28")])
def test_the_vaults_own_texts_of_times_are_shown(name: str, text: str) -> None:
    assert scalar(name).coerce_output_value(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Nok", 2**63),
        ("Nok", True),
        ("Nok", "1"),
        ("Nok", 1.5),
        ("DateTime", "2018-05-28T10:00:00"),
        ("DateTime", 7),
        ("DateTime", "yesterday"),
        ("Date", "28.05.2018"),
        ("Date", 7),
        ("Document", "%%%"),
        ("Document", 7),
        ("UUID", "kari"),
        ("UUID", 7),
    ],
)
def test_what_is_no_value_is_not_taken(name: str, value: Any) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  (graphql-core and the scalar raise different ones)
        scalar(name).coerce_input_value(value)
    assert isinstance(caught.value, ValueError | TypeError) or "value" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Nok", "1"),
        ("DateTime", datetime(2018, 5, 28, tzinfo=UTC).replace(tzinfo=None)),
        ("Date", datetime(2018, 5, 28, tzinfo=UTC)),
        ("Document", "x"),
    ],
)
def test_what_is_no_value_is_not_shown(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="not a value"):
        scalar(name).coerce_output_value(value)
