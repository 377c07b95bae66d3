"""The syntax of EDIFACT (ISO 9735): segments of a stream, each with its place. Knows no message.

`UNA` gives the service characters, else they are `:+.? '`. A release character takes the meaning from the character
after it. Line breaks between segments mean nothing and are counted only to say where something stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from ingest.formats.delivery import CHUNK, LONGEST, Readable
from ingest.problems import Problem, Rule

_UNA_LENGTH: Final = 9
_MASKS: Final = "\ue000\ue001\ue002\ue003"  # no byte is decoded to these
_BOM: Final = "\u00ef\u00bb\u00bf"


@dataclass(frozen=True, slots=True)
class Service:
    """The characters with a meaning."""

    component: str = ":"
    element: str = "+"
    mark: str = "."
    release: str = "?"
    terminator: str = "'"


class Segment(NamedTuple):
    """One segment: `elements[0][0]` is its tag. `line` counts from 1, `item` counts the segments of the interchange."""

    elements: list[list[str]]
    line: int
    item: int
    mark: str

    @property
    def tag(self) -> str:
        """Three letters."""
        return self.elements[0][0]

    def value(self, element: int, component: int = 0) -> str:
        """One component, or nothing where the segment is shorter."""
        if element >= len(self.elements) or component >= len(self.elements[element]):
            return ""
        return self.elements[element][component]


def segments(stream: Readable) -> Iterator[Segment | Problem]:
    """The segments of an interchange; ends with a problem at one that is too long or never ended."""
    text = _begun(stream)
    service, text = _service(text)
    line, item, rest, part = 1, 0, "", b"UNA"
    while part:
        masked, text = _masked(text, service)
        *whole, rest = (rest + masked).split(service.terminator)
        for raw in whole:
            line, item = line + raw.count("\n"), item + 1
            yield Segment(_elements(raw.strip("\r\n"), service), line, item, service.mark)
        if len(rest) > LONGEST:
            yield Problem(Rule.LINE_TOO_LONG, line, item + 1)
            return
        part = stream.read(CHUNK)
        text += part.decode("latin-1")  # of the characters that mean something here all are ASCII
    if (rest + text).strip():
        yield Problem(Rule.TRUNCATED, line, item + 1)


def _begun(stream: Readable) -> str:
    """The beginning, without the marks and blanks before it."""
    text, part = "", b"UNA"
    while part and len(text) < _UNA_LENGTH:
        part = stream.read(CHUNK)
        text = (text + part.decode("latin-1")).removeprefix(_BOM).lstrip()
    return text


def _service(text: str) -> tuple[Service, str]:
    """The service characters, and the text after them."""
    if not text.startswith("UNA") or len(text) < _UNA_LENGTH:
        return Service(), text
    component, element, mark, release, _, terminator = tuple(text[3:_UNA_LENGTH])
    unused = "\0" if release == " " else release
    return Service(component, element, mark, unused, terminator), text[_UNA_LENGTH:]


def _masked(text: str, service: Service) -> tuple[str, str]:
    """The text with characters that were released out of the way of splitting, and an end that may go on."""
    release = service.release
    if release not in text:
        return text, ""
    open_end = release if (len(text) - len(text.rstrip(release))) % 2 else ""
    text = text.removesuffix(open_end)
    for released, mask in zip((release, service.element, service.component, service.terminator), _MASKS, strict=True):
        text = text.replace(release + released, mask)
    return text.replace(release, ""), open_end


def _elements(bare: str, service: Service) -> list[list[str]]:
    elements = [element.split(service.component) for element in bare.split(service.element)]
    if bare.isascii():
        return elements
    table = str.maketrans(_MASKS, service.release + service.element + service.component + service.terminator)
    return [[component.translate(table) for component in element] for element in elements]
