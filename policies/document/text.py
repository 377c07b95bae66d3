"""Bytes of the file -> `Tree`. Which YAML is read, and which is refused.

YAML 1.2, one document of at most 1 MB in UTF-8. Plain `true` and `false` are booleans, plain decimal digits integers,
plain `null`, `~` and nothing are null, and everything else is text: `NO` is Norway, `2018-05-28` is text until somebody
asks for a date. A key is always text.

Refused, because a reviewed file must say what it seems to say: duplicate keys, anchors, aliases and merge keys, tags,
directives, a second document, tabs, characters that do not print (byte order marks and text direction marks included),
backslashes (so no escape can bring such characters back), and anything nested deeper than `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NoReturn, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from policies.document.tree import Mark, Node, Path, Tree, path_text
from policies.errors import PolicyErrors, Problem

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 12

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)
_FILE: Final = path_text(())


def read(data: bytes, name: str) -> tuple[Tree, list[Problem]]:
    """The tree of `data` and the problems that did not keep it from being read.

    Raises:
        PolicyErrors: the text cannot be read to its end; says where reading stopped.
    """
    reader = _Reader(name, _decoded(data, name))
    tree = reader.document()
    return tree, reader.problems


def _decoded(data: bytes, name: str) -> str:
    """The text, if nothing in it can mislead the eye."""
    if len(data) > MAX_BYTES:
        raise PolicyErrors(name, [Problem(1, 1, _FILE, f"shorten the file to {MAX_BYTES} bytes, it has {len(data)}")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        column = len(data[data.rfind(b"\n", 0, broken.start) + 1 : broken.start].decode("utf-8")) + 1
        raise PolicyErrors(name, [Problem(line, column, _FILE, "save the file as UTF-8")]) from broken
    if problem := _misleading(text):
        raise PolicyErrors(name, [problem])
    return text


def _misleading(text: str) -> Problem | None:
    """The first character that may not stand in a policy."""
    lines = text.split("\n")
    for number, full in enumerate(lines, start=1):
        line = full.removesuffix("\r")
        if line.isprintable() and "\\" not in line:
            continue
        column, sign = next((i, c) for i, c in enumerate(line, start=1) if not c.isprintable() or c == "\\")
        return Problem(number, column, _FILE, _character_message(sign))
    if directive := _DIRECTIVE.search(text):
        return Problem(text.count("\n", 0, directive.start()) + 1, 1, _FILE, "remove the directive")
    return None


def _character_message(sign: str) -> str:
    """What to do about `sign`, named by its number if it cannot be seen."""
    if sign == "\t":
        return "replace the tab with spaces"
    if sign == "\\":
        return "remove the backslash, escapes are not read"
    return f"remove the character `U+{ord(sign):04X}`, it does not print"


class _Reader:
    """Builds one tree from the parser's events; collects what is wrong but readable in `problems`."""

    def __init__(self, name: str, text: str) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
        self._keys: dict[Path, Mark] = {}
        self._values: dict[Path, Mark] = {}

    def document(self) -> Tree:
        """The only document of the stream."""
        try:
            self._next()
            if not isinstance(first := self._next(), DocumentStartEvent):
                self._stop(first, (), "write the policy, the file is empty")
            root = self._node(self._next(), ())
            self._next()
            if isinstance(second := self._next(), DocumentStartEvent):
                self._stop(second, (), "remove the second document")
        except MarkedYAMLError as broken:
            place = _mark(cast("StreamMark", broken.problem_mark))
            problem = Problem(place.line, place.column, _FILE, _syntax_message(broken))
            raise PolicyErrors(self._name, [*self.problems, problem]) from broken
        return Tree(root, self._keys, self._values)

    def _next(self) -> Event:
        return next(self._events)

    def _node(self, event: Event, path: Path) -> Node:
        """The value that begins with `event`. Recursion ends at `MAX_DEPTH`."""
        if len(path) > MAX_DEPTH:
            self._stop(event, path[:3], f"nest at most {MAX_DEPTH} levels deep")
        self._values[path] = _mark(cast("StreamMark", event.start_mark))
        self._refuse_extras(event, path)
        match event:
            case MappingStartEvent():
                return self._mapping(path)
            case SequenceStartEvent():
                return self._sequence(path)
            case ScalarEvent():
                return _scalar(event)
            case _:  # an alias, already refused
                return None

    def _mapping(self, path: Path) -> Node:
        found: dict[str, Node] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self._stop(event, path, "write a name as the key")
            self._refuse_extras(event, path)
            key = cast("str", event.value)
            at = (*path, key)
            if problem := self._unusable(key, event, at):
                self._say(event, at, problem)
                self._skip(at)
            else:
                self._keys[at] = _mark(cast("StreamMark", event.start_mark))
                found[key] = self._node(self._next(), at)
        return found

    def _unusable(self, key: str, event: ScalarEvent, at: Path) -> str | None:
        """What to do about a key that cannot be taken."""
        if key == "<<" and event.style is None:
            return "write the keys out, merge keys are not read"
        if at in self._keys:
            return f"remove the second `{key}`, the first is on line {self._keys[at].line}"
        return None

    def _skip(self, at: Path) -> None:
        """Reads a value over. The marks stay those of the first value at this path."""
        kept, (self._keys, self._values) = (self._keys, self._values), ({}, {})
        self._node(self._next(), at)
        self._keys, self._values = kept

    def _sequence(self, path: Path) -> Node:
        found: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            found.append(self._node(event, (*path, len(found))))
        return found

    def _refuse_extras(self, event: Event, path: Path) -> None:
        """Anchors, aliases and tags: a policy is read as it is written."""
        if isinstance(event, AliasEvent):
            self._say(event, path, f"write the value out, the alias `*{event.anchor}` is not read")
        elif anchor := getattr(event, "anchor", None):
            self._say(event, path, f"remove the anchor `&{anchor}`")
        if getattr(event, "tag", None) is not None:
            self._say(event, path, "remove the tag")

    def _say(self, event: Event, path: Path, message: str) -> None:
        mark = _mark(cast("StreamMark", event.start_mark))
        self.problems.append(Problem(mark.line, mark.column, path_text(path), message))

    def _stop(self, event: Event, path: Path, message: str) -> NoReturn:
        self._say(event, path, message)
        raise PolicyErrors(self._name, self.problems)


def _mark(place: StreamMark) -> Mark:
    """The parser counts from 0."""
    return Mark(place.line + 1, place.column + 1)


def _scalar(event: ScalarEvent) -> str | int | bool | None:
    """A plain word may be a boolean, an integer or null; whatever is quoted is text."""
    value = cast("str", event.value)
    if event.style is not None:
        return value
    if value in _WORDS:
        return _WORDS[value]
    return int(value) if _INTEGER.fullmatch(value) else value


def _syntax_message(broken: MarkedYAMLError) -> str:
    """The parser's words in the grammar of our messages."""
    words = cast("str", broken.problem).splitlines()[0].replace("'", "`").replace('"', "`")
    return f"mend the YAML, {words[:1].lower()}{words[1:].rstrip('.')}"
