"""The idempotency key of a request, bound to its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from products.request import keyed
from resolvers.translation import Declined
from schema.errors import Code
from vault.request import RequestKey

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SHORTEST: Final = 8
LONGEST: Final = 128


def request_key(text: str, given: DataclassInstance) -> RequestKey:
    """The key of this request, bound to its arguments."""
    return keyed(checked(text), given)


def checked(text: str) -> str:
    """The key as the client chose it.

    Raises:
        Declined: it is too short, too long, or not printable ASCII.
    """
    if not (SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isprintable()):
        raise Declined(
            Code.INVALID, field="idempotencyKey", rule=f"is {SHORTEST} to {LONGEST} printable ASCII characters"
        )
    return text
