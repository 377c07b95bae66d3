"""The one way in: from a stream of bytes to what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Final, TypeAlias

from ingest.formats.delivery import Format, Item, Options, Readable
from ingest.formats.elhub_csv import read_elhub_csv
from ingest.formats.elhub_xml import read_elhub_xml
from ingest.formats.mscons import read_mscons
from ingest.formats.partner_jsonl import read_partner_jsonl
from ingest.formats.sniffing import ENOUGH, MOST_BLANKS, sniff
from ingest.problems import Problem

_Reader: TypeAlias = Callable[[Readable, Options], Iterator[Item]]
_READERS: Final[Mapping[Format, _Reader]] = {
    Format.ELHUB_CSV: read_elhub_csv,
    Format.ELHUB_XML: read_elhub_xml,
    Format.MSCONS: read_mscons,
    Format.PARTNER_JSONL: read_partner_jsonl,
}


class _Again:
    """A stream whose beginning was looked at."""

    def __init__(self, beginning: bytes, rest: Readable) -> None:
        self._beginning = beginning
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        """The next bytes, the beginning first."""
        if not self._beginning:
            return self._rest.read(size)
        part, self._beginning = self._beginning[:size], self._beginning[size:]
        return part


def read(stream: Readable, options: Options) -> Iterator[Item]:
    """Everything the stream holds, in its order, as it is read."""
    beginning = _beginning(stream)
    kind = sniff(beginning)
    if isinstance(kind, Problem):
        yield kind
        return
    yield from _READERS[kind](_Again(beginning, stream), options)


def read_bytes(data: bytes, options: Options) -> Iterator[Item]:
    """Everything these bytes hold."""
    return read(BytesIO(data), options)


def _beginning(stream: Readable) -> bytes:
    beginning = b""
    while len(beginning.lstrip()) < ENOUGH and len(beginning) < MOST_BLANKS:
        part = stream.read(ENOUGH)
        if not part:
            break
        beginning += part
    return beginning
