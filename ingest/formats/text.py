"""Whole lines out of a stream, a block of them at a time, however the bytes are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.formats.delivery import CHUNK, LONGEST, Readable
from ingest.problems import Problem, Rule


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that follow one another, each ended by a line feed but for the last line of the stream."""

    data: bytes
    first_line: int

    @property
    def is_cut(self) -> bool:
        """Whether the last line is not ended, so that the stream may have been longer once."""
        return not self.data.endswith(b"\n")


def blocks(stream: Readable) -> Iterator[Block | Problem]:
    """The lines of a stream in blocks of about `CHUNK` bytes; ends with a problem at a line longer than `LONGEST`."""
    line, rest = 1, b""
    while part := stream.read(CHUNK):
        whole, ended, after = part.rpartition(b"\n")
        if ended:
            yield (block := Block(rest + whole + ended, line))
            line, rest = line + block.data.count(b"\n"), after
        else:
            rest += part
        if len(rest) > LONGEST:
            yield Problem(Rule.LINE_TOO_LONG, line)
            return
    if rest:
        yield Block(rest, line)
