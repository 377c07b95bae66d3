"""Every field says who governs it: a field of the policy, or nobody and why.

`@governed(by: [...])` names the policy fields a value comes from. Such a field has no resolver of its own: one reader
gives what the door opened, or `null`. `@ungoverned(because: ...)` is for ids, page counts and rules, which are nobody's
personal data. A test refuses a field with neither.
"""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="governed",
    description="The value comes from these fields of the policy. `null` when absent, or withheld (see `errors`).",
)
class Governed:
    """Names the policy fields a value comes from."""

    by: list[str]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="ungoverned",
    description="Not personal data of its own; says why.",
)
class Ungoverned:
    """Says why no policy field governs a value."""

    because: str


def governed(*by: str, description: str) -> Any:
    """A field read from what the door opened. It is never given to a constructor of a record type."""
    return strawberry.field(default=None, description=description, directives=[Governed(by=list(by))])


def ungoverned(*, because: str, description: str) -> Any:
    """A plain attribute that is nobody's personal data."""
    return strawberry.field(description=description, directives=[Ungoverned(because=because)])
