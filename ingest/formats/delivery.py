"""What every reader takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Final, Protocol, TypeAlias

from ingest.problems import Problem
from ingest.readings import Batch, MeteringPoint, PeriodVolume, RegisterReading

CHUNK: Final = 1 << 19
"""Bytes asked of a stream at a time."""

LONGEST: Final = 1 << 20
"""Bytes of the longest line, XML token or EDIFACT segment that is read."""

Item: TypeAlias = Batch | PeriodVolume | RegisterReading | Problem


@unique
class Format(StrEnum):
    """The formats there are."""

    ELHUB_CSV = "elhub-csv"
    ELHUB_XML = "elhub-xml"
    MSCONS = "mscons"
    PARTNER_JSONL = "partner-jsonl"


class Readable(Protocol):
    """An open binary file, the body of a request: whatever gives at most `size` bytes, and none only at its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the sender says beside the bytes.

    `now` bounds what can have been measured. `point` and `file_name` tell the metering point where the format does not
    (Elhub's CSV); the option goes before the name, and both together must agree.
    """

    now: datetime
    point: MeteringPoint | None = None
    file_name: str | None = None
