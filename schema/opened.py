"""What a record type holds and clients never see: the values the door gave, still closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Closed(Protocol):
    """An opened value that does not print until somebody asks for it by name."""

    def reveal(self) -> object:
        """The value itself."""
        ...


Values = Mapping[str, Closed]
"""By policy field. A field that is absent or withheld is not in it."""
