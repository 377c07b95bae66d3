"""What the model refuses.

BadInput     a number is outside what the model can answer for; names the field and the limit
"""

from __future__ import annotations


class BadInput(Exception):
    """Nothing was calculated. `field` says of what, `limit` what it may be; the value is not repeated."""

    def __init__(self, field: str, limit: str) -> None:
        super().__init__(f"`{field}` {limit}")
        self.field = field
        self.limit = limit
